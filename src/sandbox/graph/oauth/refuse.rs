//! How the token endpoint refuses: `error`, `error_description` with an AADSTS code, `error_codes`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::super::JSON;
use crate::sandbox::wire::{Reply, Request};

/// No token.
#[derive(Debug)]
pub(in super::super) struct No {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: String,
    sub: Option<&'static str>,
}

impl No {
    /// 400, but 401 for `invalid_client`.
    pub(in super::super) fn new(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error, code, text: text.into(), sub: None }
    }

    pub(super) fn missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900_144, text)
    }

    pub(super) fn sub(mut self, sub: &'static str) -> Self {
        self.sub = Some(sub);
        self
    }

    pub(super) fn error(&self) -> &'static str {
        self.error
    }

    /// What a browser is shown, or sent on with.
    pub(super) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    pub(in super::super) fn into_reply(self, request: &Request, now: Timestamp) -> Reply {
        let trace = Uuid::new_v4().to_string();
        let correlation = request
            .header("client-request-id")
            .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let at = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let host = request.header("host").unwrap_or_default();
        let mut body = json!({
            "error": self.error,
            "error_description": format!(
                "{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}",
                self.description()
            ),
            "error_codes": [self.code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("http://{host}/error?code={}", self.code),
        });
        if let Some(sub) = self.sub {
            body["suberror"] = json!(sub);
        }
        Reply::json(self.status, JSON, &body)
    }
}
