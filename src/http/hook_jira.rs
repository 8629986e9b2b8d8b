//! `/hooks/jira`: what Jira tells by webhook. Only signed words count, and until the signature was
//! checked a request waits apart from all others; what it tells is durable before it is acknowledged,
//! and the same may be told any number of times.

use std::time::Duration;

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
use crate::{model::jira_hook, store::StoreError};

/// Source: `X-Hub-Signature: sha256=<hex>` over the raw body (Atlassian's "Webhooks").
const SIGNATURE: &str = "X-Hub-Signature";
/// Jira sends whole issues along: far more than anything else that comes in.
const BODY_MAX: usize = 4 << 20;
/// How long a webhook waits until its body is read. Jira tells again what was turned away.
const WAIT: Duration = Duration::from_secs(5);

pub(super) async fn answer(
    context: &Context,
    request: Request<Incoming>,
) -> Result<Reply, HttpError> {
    let Some(hook) = &context.jira_hook else { return Err(HttpError::NotFound) };
    let unsigned = || context.door.stranger(HttpError::Unsigned);
    let signature = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.filter(|given| could_be_one(given)).ok_or_else(unsigned)?.to_owned();
    let body = {
        // Anybody can make up digits: whoever does must not keep a place from the commands.
        let slot = tokio::time::timeout(WAIT, hook.unproven.acquire()).await;
        let _slot = slot.ok().and_then(Result::ok).ok_or(HttpError::Overloaded)?;
        let body = body::read(request.into_body(), BODY_MAX).await?;
        let secret = hook.secret.expose_secret().as_bytes();
        if !jira_hook::signature_holds(secret, &signature, &body) {
            return Err(unsigned());
        }
        body
    };
    let _place = context.door.enter()?;
    let Some(news) = jira_hook::parse(&body) else { return Err(HttpError::BadRequest("json")) };
    if let Some(said) = news.comment.filter(|said| said.public && !hook.is_us(&said.author)) {
        hook.desk
            .commented(said.issue, said.comment)
            .await
            .map_err(|error| not_recorded(&error))?;
    }
    if let Some(status) = news.status {
        let standing = status.standing();
        hook.desk.stands(status.key, standing).await.map_err(|error| not_recorded(&error))?;
    }
    Ok(reply::typed(StatusCode::OK, "text/plain", Bytes::new()))
}

fn not_recorded(error: &StoreError) -> HttpError {
    tracing::error!(%error, "what jira tells could not be recorded; it will tell it again");
    HttpError::Internal
}

/// Whether it looks like a signature: `sha256=` and 64 hexadecimal digits.
fn could_be_one(signature: &str) -> bool {
    let digits = signature.trim().strip_prefix("sha256=").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_signature_is_refused_unread() {
        let digits = "0aF".repeat(21);
        for (signature, fine) in [
            (format!("sha256={digits}0"), true),
            (format!(" sha256={digits}0 "), true),
            (format!("sha256={digits}"), false),
            (format!("sha256={digits}00"), false),
            (format!("sha256={digits}g"), false),
            (format!("sha1={digits}0"), false),
            (format!("{digits}0"), false),
            (String::new(), false),
        ] {
            assert_eq!(could_be_one(&signature), fine, "{signature}");
        }
    }
}
