//! Dialogs and late answers to slash commands: what needs no token.

use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::MattermostClient;
use crate::{clients::ApiError, model::ids::ResponseHook};

/// Shorter than the 3 s that a dialog's trigger lives: a late dialog is none.
const DIALOG_LIMIT: Duration = Duration::from_millis(2_800);

/// Borrows what a `Value` would copy, for the whole dialog stands in it.
#[derive(Serialize)]
struct WireOpen<'a, D> {
    trigger_id: &'a str,
    url: &'a Url,
    dialog: &'a D,
}

impl MattermostClient {
    /// Opens a dialog for whoever caused the trigger; its answers will be posted to `submit_url`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a trigger that is older than 3 s or a dialog it does not like;
    /// [`ApiError::RateLimited`] at once while the server asks for a rest.
    pub async fn open_dialog(
        &self,
        trigger_id: &str,
        submit_url: &Url,
        dialog: &impl Serialize,
    ) -> Result<(), ApiError> {
        let body = WireOpen { trigger_id, url: submit_url, dialog };
        let request = self.shared.transport.request(Method::POST, "api/v4/actions/dialogs/open");
        self.send(Duration::ZERO, DIALOG_LIMIT, request.json(&body)).await.map(drop)
    }

    /// Delivers a late answer that only the asker sees. A hook lives 30 minutes and takes five.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for an expired hook, [`ApiError::Rejected`] after the fifth.
    pub async fn deliver(&self, hook: &ResponseHook, text: &str) -> Result<(), ApiError> {
        let path = format!("hooks/commands/{}", hook.as_str());
        // Slack's `<url|text>` would make links of foreign text.
        let body = json!({
            "response_type": "ephemeral", "text": text, "skip_slack_parsing": true,
        });
        let request = self.shared.transport.request(Method::POST, &path).json(&body);
        self.call(request).await.map(drop)
    }
}
