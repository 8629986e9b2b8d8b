//! A JMAP server out of the scripted one. The session and the folders are answered from the
//! recordings unless a test wants otherwise.

use std::{collections::VecDeque, ops::Deref, sync::Mutex, time::Duration};

use serde_json::{Value, json};
use url::Url;

use super::{
    super::{JmapAuth, JmapClient, JmapSettings},
    recorded,
};
pub(super) use crate::clients::stand::{Asked, Say};
use crate::{clients::stand, telemetry::Metrics};

pub(super) const INBOX: &str = "8l4ughnyraa1s3qzxswae4p6";
pub(super) const SENT: &str = "r0ukj1zh9b7nvw9df7tqwtq6";
pub(super) const DRAFTS: &str = "d2zsj83qbe3krir0pn9ftmz7";
pub(super) const ARCHIVE: &str = "su3e9g1eihc63lvoqe7wi1mq";

impl Say {
    /// The answers of methods, tagged in their order.
    pub(super) fn methods(answers: &[(&str, Value)]) -> Self {
        let tagged =
            answers.iter().zip(["a", "b"]).map(|((name, body), tag)| json!([name, body, tag]));
        Self::json(&json!({"methodResponses": tagged.collect::<Vec<_>>(), "sessionState": "0"}))
    }

    pub(super) fn method(name: &str, body: Value) -> Self {
        Self::methods(&[(name, body)])
    }

    pub(super) fn error(kind: &str) -> Self {
        Self::method("error", json!({"type": kind, "description": "so it is"}))
    }
}

impl Asked {
    /// The first method call: its name and its arguments.
    pub(super) fn call(&self) -> (String, Value) {
        let body = self.json();
        let call = &body["methodCalls"][0];
        (call[0].as_str().unwrap_or_default().to_owned(), call[1].clone())
    }
}

pub(super) struct Stand {
    pub(super) url: Url,
    stand: stand::Stand,
}

impl Deref for Stand {
    type Target = stand::Stand;

    fn deref(&self) -> &stand::Stand {
        &self.stand
    }
}

impl Stand {
    /// Answers everything by this rule.
    pub(super) async fn by(answers: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let stand = stand::Stand::by(answers).await;
        Self { url: stand.url.join("jmap/").unwrap(), stand }
    }

    /// Answers the session and the folders as recorded, and the rest in this order.
    pub(super) async fn saying(answers: impl IntoIterator<Item = Say>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::by(move |asked| {
            usual(asked).unwrap_or_else(|| {
                answers.lock().unwrap().pop_front().unwrap_or(Say::status(418, "", ""))
            })
        })
        .await
    }

    /// All that was asked but the session and the folders.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.all().into_iter().filter(|asked| usual(asked).is_none()).collect()
    }

    pub(super) fn client(&self) -> JmapClient {
        let (user, password) = ("support".to_owned(), "secret".into());
        self.client_with(JmapAuth::Basic { user, password })
    }

    pub(super) fn client_with(&self, auth: JmapAuth) -> JmapClient {
        let limit = Duration::from_millis(1_500);
        let settings = JmapSettings { session_url: self.url.clone(), auth, limit };
        JmapClient::new(settings, Metrics::new()).unwrap()
    }
}

pub(super) fn usual(asked: &Asked) -> Option<Say> {
    if asked.line.starts_with("GET /jmap/ ") {
        Some(Say::raw(recorded!("03-session.response")))
    } else if asked.call().0 == "Mailbox/get" {
        Some(Say::raw(recorded!("06-mailbox-get.response")))
    } else {
        None
    }
}
