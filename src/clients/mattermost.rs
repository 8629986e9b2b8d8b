//! Mattermost's REST interface (v4) and its response hooks, as recorded from 5.37 to 7.6.
//!
//! Dialogs and response hooks need no token; everything else is asked with the bot's.

use std::time::Duration;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{ApiError, Transport};
use crate::{
    health::Part,
    model::ids::{ResponseHook, UserId},
    telemetry::Metrics,
};

/// The longest that any call may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Shorter than the 3 s that a dialog's trigger lives: a late dialog is none.
const DIALOG_LIMIT: Duration = Duration::from_millis(2_800);

/// The Mattermost that sends us commands.
#[derive(Clone)]
pub struct MattermostClient {
    transport: Transport,
    bot_token: Option<SecretString>,
}

impl MattermostClient {
    /// A client for the Mattermost at `base`. Without a token it can open dialogs and deliver late
    /// answers, but looks up nobody.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn new(
        base: Url,
        bot_token: Option<SecretString>,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { transport: Transport::new("mattermost", base, LIMIT, metrics)?, bot_token })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.transport.part()
    }

    /// Whether there is a bot token to ask with.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.bot_token.is_some()
    }

    /// The language that a user set, as Mattermost writes it (`en`, `fr`, `pt-BR` …). It is not in
    /// the slash request.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] without or with a wrong token.
    pub async fn user_locale(&self, user: &UserId) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct User {
            #[serde(default)]
            locale: String,
        }
        let user: User = self.get(&format!("api/v4/users/{user}")).await?;
        Ok(user.locale)
    }

    /// The name of the bot whose token we hold.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] without or with a wrong token.
    pub async fn bot_name(&self) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct User {
            username: String,
        }
        let user: User = self.get("api/v4/users/me").await?;
        Ok(user.username)
    }

    /// Whether the server answers at all; needs no token.
    ///
    /// # Errors
    /// Any outage.
    pub async fn ping(&self) -> Result<(), ApiError> {
        let request = self.transport.request(Method::GET, "api/v4/system/ping");
        self.transport.send(request).await?.json::<Value>().map(drop)
    }

    /// Opens a dialog for whoever caused the trigger; its answers will be posted to `submit_url`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a trigger that is older than 3 s or a dialog it does not like.
    pub async fn open_dialog(
        &self,
        trigger_id: &str,
        submit_url: &Url,
        dialog: &Value,
    ) -> Result<(), ApiError> {
        let body = json!({"trigger_id": trigger_id, "url": submit_url, "dialog": dialog});
        let request = self.transport.request(Method::POST, "api/v4/actions/dialogs/open");
        self.transport.send(request.json(&body).timeout(DIALOG_LIMIT)).await.map(drop)
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
        self.transport.send(self.transport.request(Method::POST, &path).json(&body)).await.map(drop)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let mut request = self.transport.request(Method::GET, path);
        if let Some(token) = &self.bot_token {
            request = request.bearer_auth(token.expose_secret());
        }
        self.transport.send(request).await?.json()
    }
}
