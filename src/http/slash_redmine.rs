//! `/slash/redmine`: a slash command as Mattermost sends it, by POST or GET.
//!
//! Mattermost shows an answer only if it is a 200, and waits for 30 s. A user should not: after
//! 2.5 s the command is acknowledged, and its answer follows through the response hook.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method, Request, header::AUTHORIZATION};
use hyper::body::Incoming;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::{sync::oneshot, time::Instant};
use tracing::Instrument;

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::Order,
    locale::Locale,
    model::{
        command::{CommandFault, NOTE_MAX, RedmineCommand, SUBJECT_MAX},
        ids::{ResponseHook, UserId},
        render,
    },
    secret,
};

const FORM: &str = "application/x-www-form-urlencoded";
/// When a command is acknowledged without its answer.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The longest that an answer is waited for after that.
const LATE_LIMIT: Duration = Duration::from_secs(90);
/// Without a hook there is no later. Mattermost itself gives up after 30 s.
const ONLY_CHANCE: Duration = Duration::from_secs(25);

/// What we read of Mattermost's form; it sends more. The text may hold a key: no `Debug`.
#[derive(Deserialize)]
struct SlashForm {
    #[serde(default)]
    token: SecretString,
    user_id: String,
    #[serde(default)]
    text: String,
    response_url: Option<String>,
    trigger_id: Option<String>,
}

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    request_id: &str,
) -> Result<Reply, HttpError> {
    let (head, incoming) = request.into_parts();
    let form: SlashForm = if head.method == Method::GET {
        body::form(head.uri.query().unwrap_or_default().as_bytes())
    } else {
        body::expect_type(&head.headers, FORM)?;
        body::form(&body::read(incoming, context.door.body_bytes).await?)
    }
    .map_err(|error| without_token(context, &head.headers, error))?;
    if !may_pass(context, &head.headers, &form.token) {
        return Err(context.door.stranger(HttpError::Unauthorized));
    }
    let _place = context.door.enter()?;
    let deadline = Instant::now() + PATIENCE;
    let user = UserId::parse(&form.user_id).map_err(|_| HttpError::BadRequest("user"))?;
    let locale = context.locales.of(&user).await;
    if context.door.is_too_fast(&user) {
        context.metrics.shed("pace");
        return Ok(reply::ephemeral(&context.texts.say(locale, "too-fast", &[])));
    }
    let command = match RedmineCommand::parse(&form.text) {
        Ok(RedmineCommand::Help) => {
            context.metrics.command("help", "ok");
            return Ok(reply::ephemeral(&context.texts.say(locale, "redmine-help", &[])));
        }
        Ok(command) => command,
        Err(fault) => {
            context.metrics.command("unclear", "mistyped");
            return Ok(reply::ephemeral(&explain(context, locale, &fault)));
        }
    };
    let hook = form.response_url.as_deref().and_then(ResponseHook::parse);
    let order = Order { command, locale, hook: hook.clone(), trigger_id: form.trigger_id };
    let Ok(answer) = context.sessions.run(&user, order).await.inspect_err(|error| {
        tracing::warn!(%error, "a command finds no session");
    }) else {
        return Ok(reply::ephemeral(&context.texts.say(locale, "overloaded", &[])));
    };
    let asker = Asker { context, locale, request_id };
    Ok(reply::ephemeral(&asker.in_time_or_later(answer, deadline, hook).await))
}

/// A form that cannot be read is told so only to whoever holds a token.
fn without_token(context: &Context, headers: &HeaderMap, error: HttpError) -> HttpError {
    let stranger = matches!(error, HttpError::BadRequest(_))
        && !may_pass(context, headers, &SecretString::default());
    if stranger { context.door.stranger(HttpError::Unauthorized) } else { error }
}

/// Mattermost sends its command's token in the header and in the form; either will do.
fn may_pass(context: &Context, headers: &HeaderMap, in_form: &SecretString) -> bool {
    use secrecy::ExposeSecret as _;
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|value| value.strip_prefix("Token ")).unwrap_or_default();
    let tokens = &context.door.slash_tokens;
    let by_header = secret::any_matches(tokens, in_header);
    let by_form = secret::any_matches(tokens, in_form.expose_secret());
    by_header | by_form
}

struct Asker<'a> {
    context: &'a Arc<Context>,
    locale: Locale,
    request_id: &'a str,
}

impl Asker<'_> {
    async fn in_time_or_later(
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
            if !context.poster.deliver(hook, render::cut(&text, render::POST_MAX)).await {
                tracing::warn!("nobody takes a late answer");
            }
        };
        self.context.door.late.spawn(work.in_current_span());
    }

    fn failed(&self) -> String {
        self.context.texts.say(self.locale, "went-wrong", &[("request", self.request_id.into())])
    }
}

/// What to type instead.
fn explain(context: &Context, locale: Locale, fault: &CommandFault) -> String {
    let texts = &context.texts;
    let word = |word: &str| render::line(&render::cut(word, 60));
    match fault {
        CommandFault::Unknown(name) => {
            let name = render::code(&render::cut(name, 60));
            texts.say(locale, "redmine-unknown", &[("command", name.into())])
        }
        CommandFault::Missing(command) | CommandFault::TooMuch(command) => {
            texts.say(locale, "redmine-usage", &[("command", (*command).into())])
        }
        CommandFault::NotAnIssue(given) => {
            texts.say(locale, "redmine-bad-issue", &[("word", word(given).into())])
        }
        CommandFault::NotAProject(given) => {
            texts.say(locale, "redmine-bad-project", &[("word", word(given).into())])
        }
        CommandFault::SubjectTooLong(count) => {
            let args = [("count", (*count).into()), ("max", SUBJECT_MAX.into())];
            texts.say(locale, "redmine-subject-too-long", &args)
        }
        CommandFault::NoteTooLong(count) => {
            let args = [("count", (*count).into()), ("max", NOTE_MAX.into())];
            texts.say(locale, "redmine-note-too-long", &args)
        }
        CommandFault::SearchTooShort => texts.say(locale, "redmine-search-too-short", &[]),
        CommandFault::BadLoginId => texts.say(locale, "redmine-bad-login", &[]),
        CommandFault::BadKey => texts.say(locale, "redmine-bad-key", &[]),
    }
}
