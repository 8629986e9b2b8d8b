//! `/hooks/graph/{mailbox}`: what Microsoft Graph tells of a mailbox. Notices only wake the one who
//! reads it, and whoever reads it looks anyway when the process starts: there is nothing to be
//! recorded before they are acknowledged. Each must repeat the mailbox's secret; others are counted,
//! and no more is said, so that nobody learns from the answer.
//!
//! Source: "Receive change notifications through webhooks": the validation token goes back as plain
//! text within 10 seconds, and notices are acknowledged within 3.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::X_CONTENT_TYPE_OPTIONS};
use hyper::body::Incoming;
use url::form_urlencoded;

use super::{
    body,
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::{Hook, Mailbox},
    model::{
        graph_hook::{self, NoticeKind},
        keys::MailboxName,
    },
    secret,
};

/// A notice is about 700 bytes, and they come in batches.
const BODY_MAX: usize = 1 << 20;
/// How long a request waits until its body is read. Graph tells again what was turned away.
const WAIT: Duration = Duration::from_secs(1);
/// How long the body may take.
const BODY_LIMIT: Duration = Duration::from_millis(1_500);
/// Characters of the longest validation token.
const TOKEN_MAX: usize = 4_096;

pub(super) async fn answer(
    context: &Context,
    request: Request<Incoming>,
    mailbox: &str,
) -> Result<Reply, HttpError> {
    let mailbox = MailboxName::parse(mailbox).and_then(|name| context.mail.of(&name));
    let Some((mailbox, hook)) = mailbox.as_ref().and_then(hooked) else {
        return Err(context.door.stranger(HttpError::NotFound));
    };
    if let Some(token) = validation_token(request.uri().query().unwrap_or_default()) {
        let mut reply = reply::typed(StatusCode::OK, "text/plain", token.into());
        // A browser shall not take for a page what somebody put into the address.
        let plainly = HeaderValue::from_static("nosniff");
        reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, plainly);
        return Ok(reply);
    }
    let body = {
        // Until the secret is compared, anybody may be speaking.
        let slot = tokio::time::timeout(WAIT, context.door.unproven.acquire()).await;
        let _slot = slot.ok().and_then(Result::ok).ok_or(HttpError::Overloaded)?;
        let reading = body::read(request.into_body(), BODY_MAX);
        let read = tokio::time::timeout(BODY_LIMIT, reading).await;
        read.unwrap_or(Err(HttpError::BodyTimeout))?
    };
    let Some(notices) = graph_hook::parse(&body) else { return Err(HttpError::BadRequest("json")) };
    for notice in notices {
        if !secret::matches(&hook.client_state, &notice.client_state) {
            foreign(context);
            continue;
        }
        match notice.kind {
            NoticeKind::Changed => mailbox.bell.ring(),
            NoticeKind::Lifecycle(word) => mailbox.bell.tell(notice.subscription, word),
        }
    }
    Ok(reply::typed(StatusCode::ACCEPTED, "text/plain", Bytes::new()))
}

fn hooked(mailbox: &Arc<Mailbox>) -> Option<(&Arc<Mailbox>, &Hook)> {
    Some((mailbox, mailbox.hook.as_ref()?))
}

fn foreign(context: &Context) {
    context.metrics.shed("foreign notices");
    if context.door.complaints.check_key(&"foreign notices").is_ok() {
        tracing::warn!("a notice came to /hooks/graph without the secret of its mailbox");
    }
}

/// The token that is to be sent back, decoded.
fn validation_token(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let token = pairs.find(|(key, _)| key == "validationToken")?.1;
    (token.len() <= TOKEN_MAX).then(|| token.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validation_token_comes_back_decoded() {
        for (query, expected) in [
            ("validationToken=a%20b%2Bc", Some("a b+c")),
            ("validationToken=Validation%3A+Testing%22", Some("Validation: Testing\"")),
            ("x=1&validationToken=t", Some("t")),
            ("validationtoken=t", None),
            ("", None),
        ] {
            assert_eq!(validation_token(query).as_deref(), expected, "{query}");
        }
    }
}
