//! Answers, in the few forms that there are.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::Serialize;
use serde_json::Value;

use crate::model::render;

pub(super) type Reply = Response<Full<Bytes>>;

/// JSON.
pub(super) fn json(status: StatusCode, body: &Value) -> Reply {
    typed(status, "application/json", body.to_string().into())
}

/// Text of another type.
pub(super) fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
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
