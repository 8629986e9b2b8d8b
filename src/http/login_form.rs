//! Filled login forms, as Mattermost posts them.
//!
//! Nothing in such a post is signed, and any logged-in user can send one with any content; only
//! `user_id` comes from their session. So the path holds a secret, and the state that the form was
//! opened with must be the one that this user's session waits for.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::{FormAnswer, FormSubmission},
    model::ids::UserId,
    secret,
};

/// Mattermost waits for 30 s, and shows its own text after that.
const LIMIT: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct WireSubmission {
    user_id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cancelled: bool,
    /// Null or missing when cancelled.
    #[serde(default)]
    submission: Option<Fields>,
}

#[derive(Deserialize, Default)]
struct Fields {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    api_key: Option<SecretString>,
}

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    path_secret: &str,
    request_id: &str,
) -> Result<Reply, HttpError> {
    // A guess, or a form that was opened before the last start: neither is worth a look inside.
    if !secret::matches(&context.door.form_secret, path_secret) {
        let texts = &context.texts;
        let expired = texts.say(context.door.default_locale, "redmine-form-expired", &[]);
        return Ok(shown(FormAnswer::Refused(expired)));
    }
    let wire: WireSubmission = body::json(request, context.door.body_bytes).await?;
    let _place = context.door.enter()?;
    let user = UserId::parse(&wire.user_id).map_err(|_| HttpError::BadRequest("user"))?;
    let locale = context.locales.of(&user).await;
    let say = |key: &str| context.texts.say(locale, key, &[]);
    if context.door.is_too_fast(&user) {
        context.metrics.shed("pace");
        return Ok(shown(FormAnswer::Refused(say("too-fast"))));
    }
    let fields = wire.submission.unwrap_or_default();
    let form = FormSubmission {
        state: wire.state,
        cancelled: wire.cancelled,
        id: fields.login.unwrap_or_default(),
        api_key: fields.api_key.unwrap_or_default(),
        locale,
    };
    let Ok(answer) = context.sessions.submit(&user, form).await else {
        return Ok(shown(FormAnswer::Refused(say("overloaded"))));
    };
    let went_wrong = || context.texts.say(locale, "went-wrong", &[("request", request_id.into())]);
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(answer)) => Ok(shown(answer)),
        Ok(Err(_)) | Err(_) => Ok(shown(FormAnswer::Refused(went_wrong()))),
    }
}

/// `{}` closes the form; errors keep it open with what was typed (recorded).
fn shown(answer: FormAnswer) -> Reply {
    let body: Value = match answer {
        FormAnswer::Close => json!({}),
        FormAnswer::Field(name, text) => json!({"errors": {name: text}}),
        FormAnswer::Refused(text) => json!({"error": text}),
    };
    reply::json(StatusCode::OK, &body)
}
