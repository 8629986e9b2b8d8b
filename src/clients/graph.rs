//! A mailbox behind Microsoft Graph (v1.0), signed in through Entra: what changed, mails and what
//! hangs on them, and mails of ours as drafts and on their way. Every call has a time limit, and at
//! most four run at once; a call that may have changed something and gave no clear answer fails as
//! [`ApiError::Ambiguous`].

mod auth;
mod blobs;
mod call;
mod content;
mod drafts;
mod fault;
mod heads;
mod images;
mod list;
mod mark;
mod news;
mod pace;
mod permissions;
mod places;
mod sending;
mod state;
mod subscriptions;
#[cfg(test)]
mod tests;
mod wire;

use std::{sync::Arc, time::Duration};

use tokio::sync::RwLock;
use url::Url;

pub use self::auth::{
    Certificate, CertificateFault, CodeRequest, DeviceCode, Grant, Grants, GraphAuth, Polled,
    SignIn, SignInError, SignInFault, Way,
};
use self::{auth::Keeper, news::Strikes, pace::Pace, permissions::Rights, places::Places};
pub use self::{
    mark::Mark,
    permissions::{Granted, Reach},
    subscriptions::Subscription,
};
use super::{ApiError, Transport};
use crate::{health::Part, model::mail::Email, telemetry::Metrics};

const SERVICE: &str = "graph";

/// Which mailbox, and how ticketd gets in.
#[derive(Clone)]
pub struct GraphSettings {
    /// Such as `https://graph.microsoft.com`; national clouds have their own.
    pub base: Url,
    /// The mailbox's address.
    pub mailbox: Email,
    /// How ticketd proves who it is.
    pub auth: GraphAuth,
    /// The longest that one call may take. Uploads and whole mails have a limit of their own.
    pub limit: Duration,
}

/// One mailbox. Clones share the connections, the token and the pace.
#[derive(Clone)]
pub struct GraphClient {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    base: Url,
    mailbox: Email,
    limit: Duration,
    keeper: Keeper,
    pace: Pace,
    rights: Rights,
    places: RwLock<Option<Arc<Places>>>,
    strikes: Strikes,
    /// The folder to which mails are moved, by its name.
    target: RwLock<Option<(String, String)>>,
}

impl GraphClient {
    /// A client for one mailbox. Nothing is asked yet.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn new(settings: GraphSettings, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let GraphSettings { base, mailbox, auth, limit } = settings;
        let transport = Transport::new(SERVICE, base.clone(), limit, metrics.clone())?;
        let keeper = Keeper::new(&auth, &base, limit, metrics)?;
        let pace = Pace::new();
        let (rights, places, strikes, target) = Default::default();
        let shared = Shared {
            transport,
            base,
            mailbox,
            limit,
            keeper,
            pace,
            rights,
            places,
            strikes,
            target,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.shared.transport.part()
    }

    /// Why nothing is sent any more, if a person must mend the sign-in first.
    #[must_use]
    pub fn sign_in_needed(&self) -> Option<SignInFault> {
        self.shared.keeper.fault()
    }

    /// Somebody has signed in, or mended what hindered it: calls are sent again. What was `given`
    /// is kept in place of the sign-in before.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if it cannot be kept; all is then as before.
    pub async fn signed_in(&self, given: Option<Grant>) -> Result<(), ApiError> {
        self.shared.keeper.signed_in(given).await?;
        self.shared.rights.forget();
        Ok(())
    }

    /// Whether it signs in as this application of this tenant, and in the same way: in a person's
    /// name, or as the application itself.
    #[must_use]
    pub fn is_of(&self, tenant: &str, client_id: &str, by_a_person: bool) -> bool {
        self.shared.keeper.is_of(tenant, client_id, by_a_person)
    }
}

fn malformed(cause: &str) -> ApiError {
    ApiError::Malformed { service: SERVICE, cause: cause.to_owned() }
}

fn unavailable(cause: &str) -> ApiError {
    ApiError::Unavailable { service: SERVICE, cause: cause.to_owned() }
}
