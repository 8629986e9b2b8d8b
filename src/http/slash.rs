//! Slash commands as Mattermost sends them, by POST or GET, and how they are answered in time.
//!
//! Mattermost shows an answer only if it is a 200, and waits for 30 s. A user should not: after
//! 2.5 s the command is acknowledged, and its answer follows through the response hook.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method, Request, header::AUTHORIZATION};
use hyper::body::Incoming;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{sync::oneshot, time::Instant};
use tracing::Instrument;

use super::{body, context::Context, error::HttpError};
use crate::{
    locale::Locale,
    model::{ids::ResponseHook, render},
    secret,
};

const FORM: &str = "application/x-www-form-urlencoded";
/// When a command is acknowledged without its answer.
pub(super) const PATIENCE: Duration = Duration::from_millis(2_500);
/// The longest that an answer is waited for after that.
const LATE_LIMIT: Duration = Duration::from_secs(90);
/// Without a hook there is no later. Mattermost itself gives up after 30 s.
const ONLY_CHANCE: Duration = Duration::from_secs(25);

/// What we read of Mattermost's form; it sends more. The text may hold a key: no `Debug`.
#[derive(Deserialize)]
pub(super) struct SlashForm {
    #[serde(default)]
    token: SecretString,
    pub(super) user_id: String,
    #[serde(default)]
    pub(super) user_name: String,
    #[serde(default)]
    pub(super) team_id: String,
    #[serde(default)]
    pub(super) channel_id: String,
    #[serde(default)]
    pub(super) channel_name: String,
    #[serde(default)]
    pub(super) text: String,
    pub(super) response_url: Option<String>,
    pub(super) trigger_id: Option<String>,
    #[serde(default)]
    pub(super) user_mentions: Vec<String>,
    #[serde(default)]
    pub(super) user_mentions_ids: Vec<String>,
}

/// Reads a command that comes with one of `tokens`.
pub(super) async fn read(
    context: &Context,
    request: Request<Incoming>,
    tokens: &[SecretString],
) -> Result<SlashForm, HttpError> {
    let (head, incoming) = request.into_parts();
    let form: SlashForm = if head.method == Method::GET {
        body::form(head.uri.query().unwrap_or_default().as_bytes())
    } else {
        body::expect_type(&head.headers, FORM)?;
        body::form(&body::read(incoming, context.door.body_bytes).await?)
    }
    .map_err(|error| without_token(context, &head.headers, tokens, error))?;
    if !may_pass(tokens, &head.headers, &form.token) {
        return Err(context.door.stranger(HttpError::Unauthorized));
    }
    Ok(form)
}

/// A form that cannot be read is told so only to whoever holds a token.
fn without_token(
    context: &Context,
    headers: &HeaderMap,
    tokens: &[SecretString],
    error: HttpError,
) -> HttpError {
    let stranger = matches!(error, HttpError::BadRequest(_))
        && !may_pass(tokens, headers, &SecretString::default());
    if stranger { context.door.stranger(HttpError::Unauthorized) } else { error }
}

/// Mattermost sends its command's token in the header and in the form; either will do.
fn may_pass(tokens: &[SecretString], headers: &HeaderMap, in_form: &SecretString) -> bool {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|value| value.strip_prefix("Token ")).unwrap_or_default();
    let by_header = secret::any_matches(tokens, in_header);
    let by_form = secret::any_matches(tokens, in_form.expose_secret());
    by_header | by_form
}

/// Who waits for an answer.
pub(super) struct Asker<'a> {
    pub(super) context: &'a Arc<Context>,
    pub(super) locale: Locale,
    pub(super) request_id: &'a str,
}

impl Asker<'_> {
    /// The answer, or that it follows.
    pub(super) async fn in_time_or_later(
        &self,
        mut answer: oneshot::Receiver<String>,
        deadline: Instant,
        hook: Option<ResponseHook>,
    ) -> String {
        let deadline = if hook.is_some() { deadline } else { Instant::now() + ONLY_CHANCE };
        match (tokio::time::timeout_at(deadline, &mut answer).await, hook) {
            (Ok(Ok(text)), _) => text,
            (Err(_), Some(hook)) => {
                self.deliver_later(answer, hook);
                self.context.texts.say(self.locale, "answer-follows", &[])
            }
            (Ok(Err(_)) | Err(_), _) => self.failed(),
        }
    }

    fn deliver_later(&self, answer: oneshot::Receiver<String>, hook: ResponseHook) {
        let (context, failed) = (self.context.clone(), self.failed());
        let work = async move {
            let text = match tokio::time::timeout(LATE_LIMIT, answer).await {
                Ok(Ok(text)) => text,
                Ok(Err(_)) | Err(_) => failed,
            };
            // A form that opened late says enough.
            if text.is_empty() {
                return;
            }
            if !context.late.deliver(hook, render::cut(&text, render::POST_MAX)).await {
                tracing::warn!("nobody takes a late answer");
            }
        };
        self.context.door.late.spawn(work.in_current_span());
    }

    fn failed(&self) -> String {
        self.context.texts.say(self.locale, "went-wrong", &[("request", self.request_id.into())])
    }
}
