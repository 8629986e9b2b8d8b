//! `/hooks/jira`: what Jira tells by webhook. Only signed words count; a comment is durable
//! before it is acknowledged, and the same one may be told any number of times.

use bytes::Bytes;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use secrecy::ExposeSecret;

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::model::jira_hook::{self, HookEvent};

/// Source: `X-Hub-Signature: sha256=<hex>` over the raw body (Atlassian's "Webhooks").
const SIGNATURE: &str = "X-Hub-Signature";
/// Jira sends whole issues along: far more than anything else that comes in.
const BODY_MAX: usize = 4 << 20;

pub(super) async fn answer(
    context: &Context,
    request: Request<Incoming>,
) -> Result<Reply, HttpError> {
    let Some(hook) = &context.jira_hook else { return Err(HttpError::NotFound) };
    let _place = context.door.enter()?;
    let signature = request.headers().get(SIGNATURE).cloned();
    let Some(signature) = signature.as_ref().and_then(|value| value.to_str().ok()) else {
        return Err(context.door.stranger(HttpError::Unsigned));
    };
    let signature = signature.to_owned();
    let body = body::read(request.into_body(), BODY_MAX).await?;
    let secret = hook.secret.expose_secret().as_bytes();
    if !jira_hook::signature_holds(secret, &signature, &body) {
        return Err(context.door.stranger(HttpError::Unsigned));
    }
    let Some(event) = jira_hook::parse(&body) else { return Err(HttpError::BadRequest("json")) };
    if let HookEvent::CommentCreated { issue, comment, author, public } = event
        && public
        && !hook.is_us(&author).await
    {
        let outcome = hook.desk.commented(issue, comment).await;
        outcome.map_err(|error| {
            tracing::error!(%error, "a comment could not be recorded; jira will tell it again");
            HttpError::Internal
        })?;
    }
    Ok(reply::typed(StatusCode::OK, "text/plain", Bytes::new()))
}
