//! Graph and Entra out of the scripted server: tokens are given unless a test wants otherwise.

use std::{collections::VecDeque, ops::Deref, sync::Mutex, time::Duration};

use serde_json::{Value, json};

use super::super::{GraphAuth, GraphClient, GraphSettings, Way};
pub(super) use crate::clients::stand::{Asked, Say};
use crate::{clients::stand, model::mail::Email, telemetry::Metrics};

pub(super) const LIMIT: Duration = Duration::from_secs(5);

impl Say {
    /// A refusal by Graph.
    pub(super) fn refusal(status: u16, code: &str) -> Self {
        let error = json!({"code": code, "message": "so it is", "innerError": {"date": "2026"}});
        let head = "Content-Type: application/json\r\n";
        Self::status(status, head, &json!({"error": error}).to_string())
    }

    /// A refusal by Entra.
    pub(super) fn refused(word: &str, code: u64) -> Self {
        let told = json!({
            "error": word,
            "error_description": format!("AADSTS{code}: so it is. Trace ID: x"),
            "error_codes": [code],
        });
        Self::status(400, "Content-Type: application/json\r\n", &told.to_string())
    }

    pub(super) fn token(token: &str, lifetime: u64) -> Self {
        Self::json(&json!({"token_type": "Bearer", "expires_in": lifetime, "access_token": token}))
    }

    pub(super) fn folder(name: &str) -> Self {
        Self::json(&json!({"id": format!("id-of-{name}")}))
    }
}

impl Asked {
    pub(super) fn is_sign_in(&self) -> bool {
        self.line.contains("/oauth2/")
    }

    /// What a form field or an option of the query says.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let query = self.line.split(' ').nth(1)?.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = url::form_urlencoded::parse(query.as_bytes())
            .chain(url::form_urlencoded::parse(&self.body));
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The method and the path within the mailbox.
    pub(super) fn what(&self) -> String {
        let path = self.line.trim_end_matches(" HTTP/1.1").split('?').next().unwrap_or_default();
        path.replace("/v1.0/users/support@example.test/", "")
    }
}

pub(super) struct Stand {
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
        Self { stand: stand::Stand::by(answers).await }
    }

    /// Gives tokens and the ids of folders, and answers the rest in this order.
    pub(super) async fn saying(answers: impl IntoIterator<Item = Say>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::by(move |asked| {
            usual(asked).unwrap_or_else(|| {
                answers.lock().unwrap().pop_front().unwrap_or(Say::status(418, "", ""))
            })
        })
        .await
    }

    /// All that was asked but tokens and the ids of folders.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.all().into_iter().filter(|asked| usual(asked).is_none()).collect()
    }

    pub(super) fn sign_ins(&self) -> Vec<Asked> {
        self.all().into_iter().filter(Asked::is_sign_in).collect()
    }

    pub(super) fn auth(&self, way: Way) -> GraphAuth {
        let (tenant, client_id) = ("tenant".to_owned(), "app".to_owned());
        GraphAuth { authority: self.url.clone(), tenant, client_id, way }
    }

    pub(super) fn client(&self) -> GraphClient {
        self.client_by(Way::Secret("secret".into()))
    }

    pub(super) fn client_by(&self, way: Way) -> GraphClient {
        let mailbox = Email::parse("support@example.test").unwrap();
        let auth = self.auth(way);
        let settings = GraphSettings { base: self.url.clone(), mailbox, auth, limit: LIMIT };
        GraphClient::new(settings, Metrics::new()).unwrap()
    }
}

pub(super) fn usual(asked: &Asked) -> Option<Say> {
    if asked.is_sign_in() {
        return Some(Say::token("token", 3_600));
    }
    let name = asked.what();
    let name = name.strip_prefix("GET mailFolders/").filter(|name| !name.contains('/'))?;
    Some(Say::folder(name))
}

/// A page of a collection.
pub(super) fn page(items: &[Value], link: Option<(&str, &str)>) -> Value {
    let mut page = json!({"value": items});
    if let Some((kind, link)) = link {
        page[format!("@odata.{kind}Link")] = json!(link);
    }
    page
}

/// A mail's head as Graph gives it.
pub(super) fn head(id: &str, folder: &str) -> Value {
    let person =
        |name: &str, address: &str| json!({"emailAddress": {"name": name, "address": address}});
    json!({
        "@odata.etag": "W/\"CQAAABYAAAB\"",
        "id": id,
        "receivedDateTime": "2026-11-20T10:00:00Z",
        "conversationId": "conversation",
        "internetMessageId": format!("<{id}@customer.example>"),
        "isDraft": false,
        "parentFolderId": folder,
        "subject": "Printer on fire",
        "importance": "high",
        "from": person("Bob", "Bob@customer.example"),
        "sender": person("Bob", "bob@customer.example"),
        "replyTo": [],
        "toRecipients": [person("Support", "support@example.test")],
        "ccRecipients": [person("", "carol@customer.example")],
        "bccRecipients": [],
        "internetMessageHeaders": [
            {"name": "In-Reply-To", "value": "<two@x>"},
            {"name": "References", "value": "<one@x>\r\n <two@x>"},
        ],
    })
}
