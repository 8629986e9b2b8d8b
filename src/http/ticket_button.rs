//! `/actions/…`: buttons and menus of tickets' posts, as Mattermost posts them.
//!
//! It vouches for nobody but the user, so the path holds a secret, and each button carries a
//! signature.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::Press,
    model::{
        ids::{PostId, UserId},
        ticket::Person,
    },
    secret,
};

/// Mattermost waits for 30 s, and shows its own text after that.
const LIMIT: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct WireAction {
    user_id: String,
    #[serde(default)]
    user_name: String,
    #[serde(default)]
    post_id: String,
    #[serde(default)]
    context: Value,
}

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    path_secret: &str,
    request_id: &str,
) -> Result<Reply, HttpError> {
    let tickets = context.tickets.as_ref();
    let tickets = tickets.filter(|tickets| secret::matches(&tickets.button_secret, path_secret));
    let Some(tickets) = tickets else {
        return Err(context.door.stranger(HttpError::NotFound));
    };
    let wire: WireAction = body::json(request, context.door.body_bytes).await?;
    let _place = context.door.enter()?;
    let user = UserId::parse(&wire.user_id).map_err(|_| HttpError::BadRequest("user"))?;
    let post = PostId::parse(&wire.post_id).map_err(|_| HttpError::BadRequest("ids"))?;
    let locale = context.locales.of(&user).await;
    let say = |key: &str| context.texts.say(locale, key, &[]);
    if context.door.is_too_fast(&user) {
        context.metrics.shed("pace");
        return Ok(shown(&say("too-fast")));
    }
    let chosen = wire.context.get("selected_option").and_then(Value::as_str).map(str::to_owned);
    let user = Person::new(user, &wire.user_name);
    let press = Press { context: wire.context, user, post, chosen, locale };
    let Ok(answer) = tickets.broker.press(press) else {
        return Ok(shown(&say("overloaded")));
    };
    let went_wrong = || context.texts.say(locale, "went-wrong", &[("request", request_id.into())]);
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(text)) => Ok(shown(&text)),
        Ok(Err(_)) | Err(_) => Ok(shown(&went_wrong())),
    }
}

/// Always an object: an empty body is an error to Mattermost.
fn shown(text: &str) -> Reply {
    // Slack's `<url|text>` would make links of foreign text.
    let told = || json!({"ephemeral_text": text, "skip_slack_parsing": true});
    let body = if text.is_empty() { json!({}) } else { told() };
    reply::json(StatusCode::OK, &body)
}
