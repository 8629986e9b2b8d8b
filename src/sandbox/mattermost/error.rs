//! How Mattermost says no.

use http::StatusCode;
use serde::Serialize;

use super::ids::new_id;
use crate::sandbox::wire::Reply;

/// Mattermost's error body; it carries its status again, and the id of the request.
#[derive(Serialize)]
pub(super) struct Refusal {
    id: &'static str,
    message: String,
    detailed_error: String,
    request_id: String,
    status_code: u16,
}

impl Refusal {
    pub(super) fn new(
        status_code: u16,
        id: &'static str,
        message: &str,
        detailed_error: impl Into<String>,
    ) -> Self {
        Self {
            id,
            message: message.to_owned(),
            detailed_error: detailed_error.into(),
            request_id: new_id(),
            status_code,
        }
    }

    /// A part of the request body that is missing or unreadable.
    pub(super) fn body_param(name: &str) -> Self {
        let message = format!("Invalid or missing {name} in request body.");
        Self::new(400, "api.context.invalid_body_param.app_error", &message, "")
    }

    /// What the bot, or whoever it is, may not do or see.
    pub(super) fn no_permission() -> Self {
        let text = "You do not have the appropriate permissions.";
        Self::new(403, "api.context.permissions.app_error", text, "")
    }

    pub(super) fn into_reply(self) -> Reply {
        let status = StatusCode::from_u16(self.status_code).unwrap_or(StatusCode::BAD_REQUEST);
        Reply::json(status, "application/json", &self)
    }
}
