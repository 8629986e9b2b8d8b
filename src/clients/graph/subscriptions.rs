//! Subscriptions: Graph then tells a door of ours that something changed in a folder. They end by
//! themselves unless they are renewed.
//!
//! Source: "subscription resource type"; for mails they last 4,230 minutes at most without the
//! mails' contents.

use http::Method;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{GraphClient, fault::Fault, malformed, places::well_known, wire};
use crate::{clients::ApiError, model::mail::Folder};

/// Pages of subscriptions that are read, at most: an application shares them among its mailboxes.
const PAGES: usize = 50;

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// What it watches.
    pub resource: String,
    /// When it ends.
    #[serde(rename = "expirationDateTime")]
    pub ends: Timestamp,
    /// Whom it tells.
    #[serde(default)]
    pub notification_url: String,
}

impl GraphClient {
    /// Subscribes to a folder. Before it answers, Graph asks both doors to prove themselves: they
    /// must be open by now. `client_state` comes back with every notice.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with Graph's words, if a door did not prove itself for one;
    /// [`ApiError::Ambiguous`] if there may be a subscription: see [`GraphClient::subscriptions`].
    pub async fn subscribe(
        &self,
        folder: Folder,
        notices: &Url,
        lifecycle: &Url,
        client_state: &SecretString,
        until: Timestamp,
    ) -> Result<Subscription, ApiError> {
        let asked = json!({
            "changeType": "created",
            "resource": self.watched(folder),
            "notificationUrl": notices.as_str(),
            "lifecycleNotificationUrl": lifecycle.as_str(),
            "clientState": client_state.expose_secret(),
            "expirationDateTime": format!("{until:.0}"),
        });
        let url = self.root(&["subscriptions"]);
        Ok(self.written(Method::POST, url, Some(&asked)).await?)
    }

    /// What a subscription to this folder watches.
    #[must_use]
    pub fn watched(&self, folder: Folder) -> String {
        let mailbox = self.shared.mailbox.as_str();
        format!("users/{mailbox}/mailFolders('{}')/messages", well_known(folder))
    }

    /// Lets a subscription go on until then; this also answers `reauthorizationRequired`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if there is no such subscription any more: make another.
    pub async fn renew(&self, id: &str, until: Timestamp) -> Result<Subscription, ApiError> {
        let asked = json!({"expirationDateTime": format!("{until:.0}")});
        let url = self.root(&["subscriptions", id]);
        match self.written(Method::PATCH, url, Some(&asked)).await {
            Err(Fault { status: 410, .. }) => Err(ApiError::NotFound { service: super::SERVICE }),
            outcome => Ok(outcome?),
        }
    }

    /// Ends a subscription; that it is gone already is fine.
    ///
    /// # Errors
    /// [`ApiError::Ambiguous`] if it may have happened; it can be repeated.
    pub async fn unsubscribe(&self, id: &str) -> Result<(), ApiError> {
        let url = self.root(&["subscriptions", id]);
        match self.write(Method::DELETE, url, None).await {
            Ok(_) | Err(Fault { error: ApiError::NotFound { .. }, .. }) => Ok(()),
            Err(fault) => Err(fault.error),
        }
    }

    /// All subscriptions of the application, of other mailboxes too.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, ApiError> {
        let mut all = Vec::new();
        let mut url = self.root(&["subscriptions"]);
        for _ in 0..PAGES {
            let page: wire::Page<Subscription> = self.read(url, None).await?;
            all.extend(page.value);
            let Some(next) = page.next else { break };
            let next = self.shortened(&next).ok_or_else(|| malformed("a link elsewhere"))?;
            url = self.lengthened(next)?;
        }
        Ok(all)
    }
}
