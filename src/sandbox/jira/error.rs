//! How Jira refuses: an `ErrorCollection`, with what is wrong with a field under its name.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::json;

use super::JSON;
use crate::sandbox::wire::Reply;

/// A refusal, not yet written.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    status: StatusCode,
    messages: Vec<String>,
    errors: BTreeMap<String, String>,
}

impl Refusal {
    /// A sentence about the whole request.
    pub(super) fn message(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, messages: vec![text.into()], errors: BTreeMap::new() }
    }

    /// 400 with a sentence about the whole request.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::message(StatusCode::BAD_REQUEST, text)
    }

    /// 403 with a sentence.
    pub(super) fn forbidden(text: impl Into<String>) -> Self {
        Self::message(StatusCode::FORBIDDEN, text)
    }

    /// 404 with a sentence.
    pub(super) fn missing(text: impl Into<String>) -> Self {
        Self::message(StatusCode::NOT_FOUND, text)
    }

    /// 400 about one field.
    pub(super) fn field(name: &str, text: impl Into<String>) -> Self {
        Self::fields(BTreeMap::from([(name.to_owned(), text.into())]))
    }

    /// 400 about these fields.
    pub(super) fn fields(errors: BTreeMap<String, String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, messages: Vec::new(), errors }
    }

    /// The same with another status.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn into_reply(self) -> Reply {
        let body = json!({ "errorMessages": self.messages, "errors": self.errors });
        Reply::json(self.status, JSON, &body)
    }
}
