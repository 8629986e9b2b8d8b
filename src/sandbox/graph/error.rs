//! How Graph refuses: `{"error":{"code","message","innerError":{"date","request-id"}}}`, as its
//! page "Microsoft Graph error responses and resource types" has it.

use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::JSON;
use crate::sandbox::wire::{Reply, Request};

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    message: String,
    headers: Vec<(HeaderName, String)>,
}

pub(super) type Outcome = Result<Reply, Refusal>;

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn no_item() -> Self {
        Self::new(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    }

    pub(super) fn denied() -> Self {
        let message = "Access is denied. Check credentials and try again.";
        Self::new(403, "ErrorAccessDenied", message)
    }

    /// What is over one of the limits of "Microsoft Graph service-specific throttling limits".
    pub(super) fn throttled(limit: &str, seconds: u64) -> Self {
        let message = format!("Application is over its {limit} limit.");
        Self::new(429, "ApplicationThrottled", message).with(RETRY_AFTER, &seconds.to_string())
    }

    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn into_reply(self, now: Timestamp, ids: &Ids) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({ "error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": ids.request,
                "client-request-id": ids.client,
            },
        }});
        let reply = Reply::json(status, JSON, &body);
        self.headers.into_iter().fold(reply, |reply, (name, value)| reply.with(name, &value))
    }
}

/// What Graph calls a request, and what its client calls it.
pub(super) struct Ids {
    request: String,
    client: String,
}

impl Ids {
    pub(super) fn of(request: &Request) -> Self {
        let own = uuid::Uuid::new_v4().to_string();
        let client = request.header("client-request-id").unwrap_or(&own).to_owned();
        Self { request: own, client }
    }

    /// The headers of every answer; its date is that of the stand-in's clock.
    pub(super) fn onto(&self, reply: Reply, now: Timestamp) -> Reply {
        let date = now.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        reply
            .with(HeaderName::from_static("request-id"), &self.request)
            .with(HeaderName::from_static("client-request-id"), &self.client)
            .with(http::header::DATE, &date)
    }
}
