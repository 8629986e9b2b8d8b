//! Mattermost's REST interface (v4) and its response hooks, as recorded from 5.37 to 7.6.
//!
//! Dialogs and response hooks need no token; what a [`Person`] does is asked with their own, and
//! everything else with the bot's. While the server asks for a rest, nothing is sent for anybody.

mod channels;
mod dialogs;
mod events;
mod pace;
mod person;
mod posts;
mod reactions;
mod users;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::pace::Rest;
pub use self::{
    events::{Event, Events, EventsFault, PersonEvent, PersonEvents, Resume},
    person::Person,
    reactions::Reaction,
};
use super::{ApiError, Transport, transport::Answer};
use crate::{health::Part, model::ticket, telemetry::Metrics};

const SERVICE: &str = "mattermost";
/// The longest that any call may take, and before it that it may wait for the end of a rest.
const LIMIT: Duration = Duration::from_secs(10);

/// The Mattermost that sends us commands. Clones share connections, the rest and what is known.
#[derive(Clone)]
pub struct MattermostClient {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    bot_token: Option<SecretString>,
    limit: Duration,
    rest: Rest,
    me: OnceCell<ticket::Person>,
    /// As the last answer said it: a server is upgraded while we run.
    version: Mutex<Option<(u32, u32)>>,
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
        Self::with_limit(base, bot_token, metrics, LIMIT)
    }

    fn with_limit(
        base: Url,
        bot_token: Option<SecretString>,
        metrics: Metrics,
        limit: Duration,
    ) -> Result<Self, reqwest::Error> {
        let shared = Shared {
            transport: Transport::new(SERVICE, base, limit, metrics)?,
            bot_token,
            limit,
            rest: Rest::default(),
            me: OnceCell::new(),
            version: Mutex::new(None),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.shared.transport.part()
    }

    /// Whether there is a bot token to ask with.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.shared.bot_token.is_some()
    }

    /// Whether the server answers at all; needs no token.
    ///
    /// # Errors
    /// Any outage.
    pub async fn ping(&self) -> Result<(), ApiError> {
        let request = self.shared.transport.request(Method::GET, "api/v4/system/ping");
        self.call(request).await?.json::<Value>().map(drop)
    }

    /// The server's version, major and minor, such as `(7, 6)`. Each answer tells it; it is asked
    /// for only before the first. Needs no token.
    ///
    /// # Errors
    /// Any outage; [`ApiError::Malformed`] if the server does not tell.
    pub async fn server_version(&self) -> Result<(u32, u32), ApiError> {
        if self.version().is_none() {
            self.ping().await?;
        }
        if let Some(version) = self.version() {
            return Ok(version);
        }
        // A proxy may take unknown headers away.
        let request = self.shared.transport.request(Method::GET, "api/v4/config/client");
        let answer = self.call(request.query(&[("format", "old")])).await?;
        let config: wire::ClientConfig = answer.json()?;
        wire::version(&config.version).ok_or_else(|| malformed("no version"))
    }

    fn version(&self) -> Option<(u32, u32)> {
        *self.shared.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a request with the bot's token.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.shared.transport.request(method, path);
        match &self.shared.bot_token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.call(self.request(Method::GET, path)).await?.json()
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, ApiError> {
        self.send(self.shared.limit, self.shared.limit, request).await
    }

    /// Sends what may wait for the end of a rest this long and then take that long.
    async fn send(
        &self,
        patience: Duration,
        limit: Duration,
        request: RequestBuilder,
    ) -> Result<Answer, ApiError> {
        self.shared.rest.over(patience).await?;
        let outcome = self.shared.transport.send_within(limit, request).await;
        let answer = self.shared.rest.heed(outcome)?;
        if let Some(version) = answer.header("x-version-id").and_then(wire::version) {
            let mut known = self.shared.version.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(version);
        }
        Ok(answer)
    }
}

/// A name that may stand in a path; any other is nobody's. Names come from people and settings.
///
/// Source: Mattermost's rules for the names of users and channels: letters, digits, `.`, `-` and
/// `_`.
fn name_in_path(name: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let taken = !name.is_empty() && name.bytes().all(plain) && !name.bytes().all(|b| b == b'.');
    taken.then_some(name)
}

fn malformed(cause: &str) -> ApiError {
    ApiError::Malformed { service: SERVICE, cause: cause.to_owned() }
}

fn unavailable(cause: &str) -> ApiError {
    ApiError::Unavailable { service: SERVICE, cause: cause.to_owned() }
}
