//! `/ticket/submit/…`: filled ticket forms, as Mattermost posts them.
//!
//! Nothing in such a post is signed by Mattermost, and any logged-in user can send one with any
//! content; only `user_id` comes from their session. So the path holds a secret, and the broker
//! believes nothing but the state that it signed itself.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::{FilledForm, FormSays},
    model::ids::{ChannelId, UserId},
    secret,
};

/// Mattermost waits for 30 s, and shows its own text after that.
const LIMIT: Duration = Duration::from_secs(25);

#[derive(Deserialize)]
struct WireSubmission {
    user_id: String,
    #[serde(default)]
    channel_id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cancelled: bool,
    /// Null or missing when cancelled.
    #[serde(default)]
    submission: Option<Map<String, Value>>,
}

pub(super) async fn answer(
    context: &Arc<Context>,
    request: Request<Incoming>,
    path_secret: &str,
    request_id: &str,
) -> Result<Reply, HttpError> {
    let tickets = context.tickets.as_ref();
    let tickets = tickets.filter(|tickets| secret::matches(&tickets.form_secret, path_secret));
    let Some(tickets) = tickets else {
        return Err(context.door.stranger(HttpError::NotFound));
    };
    let wire: WireSubmission = body::json(request, context.door.body_bytes).await?;
    let _place = context.door.enter()?;
    let user = UserId::parse(&wire.user_id).map_err(|_| HttpError::BadRequest("user"))?;
    let channel = ChannelId::parse(&wire.channel_id).map_err(|_| HttpError::BadRequest("ids"))?;
    let locale = context.locales.of(&user).await;
    let say = |key: &str| context.texts.say(locale, key, &[]);
    if context.door.is_too_fast(&user) {
        context.metrics.shed("pace");
        return Ok(shown(FormSays::Refused(say("too-fast"))));
    }
    let form = FilledForm {
        state: wire.state,
        user,
        channel,
        cancelled: wire.cancelled,
        fields: wire.submission.unwrap_or_default(),
        locale,
    };
    let Ok(answer) = tickets.broker.submit(form) else {
        return Ok(shown(FormSays::Refused(say("overloaded"))));
    };
    let went_wrong = || context.texts.say(locale, "went-wrong", &[("request", request_id.into())]);
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(answer)) => Ok(shown(answer)),
        Ok(Err(_)) | Err(_) => Ok(shown(FormSays::Refused(went_wrong()))),
    }
}

/// `{}` closes the form; errors keep it open with what was typed (recorded).
fn shown(says: FormSays) -> Reply {
    let body: Value = match says {
        FormSays::Closed => json!({}),
        FormSays::Faults(faults) => json!({"errors": faults}),
        FormSays::Refused(text) => json!({"error": text}),
    };
    reply::json(StatusCode::OK, &body)
}
