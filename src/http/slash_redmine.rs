//! `/slash/redmine`: what users type about Redmine.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    context::Context,
    error::HttpError,
    reply::{self, Reply},
    slash::{self, Asker, PATIENCE},
};
use crate::{
    actors::Order,
    locale::Locale,
    model::{
        command::{CommandFault, NOTE_MAX, RedmineCommand, SUBJECT_MAX},
        ids::{ResponseHook, UserId},
        render,
    },
};

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    request_id: &str,
) -> Result<Reply, HttpError> {
    let form = slash::read(context, request, &context.door.slash_tokens).await?;
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
