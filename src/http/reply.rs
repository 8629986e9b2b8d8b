//! Answers, in the few forms that there are.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Full, combinators::UnsyncBoxBody};
use hyper::body::Body;
use serde::Serialize;
use serde_json::Value;

use crate::model::render;

pub(super) type Reply = Response<Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>>;

/// JSON.
pub(super) fn json(status: StatusCode, body: &Value) -> Reply {
    typed(status, "application/json", body.to_string().into())
}

/// Text of another type.
pub(super) fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Reply {
    let mut reply = empty(status);
    *reply.body_mut() = Either::Left(Full::new(body));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Either::Left(Full::default()));
    *reply.status_mut() = status;
    reply
}

/// What comes piece by piece.
pub(super) fn streamed(
    kind: &'static str,
    body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Reply {
    let mut reply = Response::new(Either::Right(body.boxed_unsync()));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// The answer to a slash command, which only the asker sees.
///
/// Mattermost takes 200 alone, and parses JSON only if the type says so (recorded).
pub(super) fn ephemeral(text: &str) -> Reply {
    #[derive(Serialize)]
    struct Ephemeral<'a> {
        response_type: &'static str,
        text: &'a str,
        // Slack's `<url|text>` would make links of foreign text.
        skip_slack_parsing: bool,
    }
    let text = &render::cut(text, render::POST_MAX);
    let answer = Ephemeral { response_type: "ephemeral", text, skip_slack_parsing: true };
    // A struct of two texts and a flag always becomes JSON.
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    typed(StatusCode::OK, "application/json", body.into())
}
