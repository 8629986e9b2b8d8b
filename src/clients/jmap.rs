//! A mailbox behind JMAP (RFC 8620, RFC 8621), as recorded from Cyrus 3.6: what changed, mails and
//! their parts, and mails of ours as drafts and on their way. Every call has a time limit; a call
//! that may have changed something and gave no clear answer fails as [`ApiError::Ambiguous`].

mod auth;
mod blobs;
mod call;
mod content;
mod drafts;
mod events;
mod folders;
mod heads;
mod news;
mod session;
mod submission;
#[cfg(test)]
mod tests;
mod wire;

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::RwLock;
use url::Url;

pub use self::{
    auth::JmapAuth,
    events::{EventStream, JmapEvent},
    folders::Folders,
};
use self::{
    auth::Keeper,
    call::{Fault, Kind},
    session::Session,
};
use super::{ApiError, Transport, mailbox::ChangesFault};
use crate::{health::Part, model::mail::Folder, telemetry::Metrics};

const SERVICE: &str = "jmap";

/// Where a mailbox is, and how ticketd gets in.
#[derive(Clone)]
pub struct JmapSettings {
    /// The address of the session resource, such as `https://mail.example.org/jmap/`.
    pub session_url: Url,
    /// How ticketd proves who it is.
    pub auth: JmapAuth,
    /// The longest that one call may take. Uploads and whole mails have a limit of their own.
    pub limit: Duration,
}

/// One mailbox. Clones share the connections and what the server said about itself.
#[derive(Clone)]
pub struct JmapClient {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    session_url: Url,
    limit: Duration,
    keeper: Keeper,
    session: RwLock<Option<Arc<Session>>>,
    folders: RwLock<Option<Arc<Folders>>>,
}

/// What happened in the mailbox since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The state to ask from next time.
    pub state: String,
    /// Whether there is more to ask for at once.
    pub more: bool,
    /// The mails that came, then those that changed, each once.
    pub ids: Vec<String>,
    /// How many mails are gone.
    pub destroyed: usize,
}

impl Changes {
    /// Nothing has changed.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.ids.is_empty() && self.destroyed == 0
    }
}

impl JmapClient {
    /// A client for one mailbox. Nothing is asked yet.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn new(settings: JmapSettings, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let JmapSettings { session_url, auth, limit } = settings;
        let transport = Transport::new(SERVICE, session_url.clone(), limit, metrics)?;
        let (session, folders) = (RwLock::default(), RwLock::default());
        let keeper = Keeper::new(auth);
        let shared = Shared { transport, session_url, limit, keeper, session, folders };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.shared.transport.part()
    }

    /// The state of all mails now, from which [`JmapClient::changes`] can be asked later.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn state(&self) -> Result<String, ApiError> {
        let asked = json!({"ids": [], "properties": ["id"]});
        let got: wire::Got = self.call(Kind::Read, "Email/get", asked).await?;
        Ok(got.state)
    }

    /// What came and changed since a state, at most `max` mails. A mail can be told although
    /// nothing of it changed that ticketd looks at, or although it is gone by now.
    ///
    /// # Errors
    /// [`ChangesFault::Forgotten`] for a state that the server does not know; it may also say
    /// "no changes" to a state that has never been (measured: Cyrus, for one of the future).
    pub async fn changes(&self, since: &str, max: usize) -> Result<Changes, ChangesFault> {
        let asked = json!({"sinceState": since, "maxChanges": max});
        let changed = self.call(Kind::Read, "Email/changes", asked).await;
        let changed: wire::Changed = changed.map_err(|fault| match fault {
            Fault::Method(_, error) if is_forgotten(&error) => ChangesFault::Forgotten,
            fault => ChangesFault::Api(fault.into()),
        })?;
        if changed.has_more_changes && changed.new_state == since {
            return Err(malformed("more changes from a state that does not move").into());
        }
        let mut seen = HashSet::new();
        let mut ids = [changed.created, changed.updated].concat();
        ids.retain(|id| seen.insert(id.clone()));
        let destroyed = changed.destroyed.len();
        Ok(Changes { state: changed.new_state, more: changed.has_more_changes, ids, destroyed })
    }

    /// The ids of a folder's mails, the oldest first: from the `from`th on, at most `limit`, and
    /// only those received at or after a time.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn query(
        &self,
        folder: Folder,
        after: Option<Timestamp>,
        from: usize,
        limit: usize,
    ) -> Result<Vec<String>, ApiError> {
        let folders = self.folders().await?;
        let mut filter = json!({"inMailbox": folders.id_of(folder)});
        if let Some(after) = after {
            // Whole seconds: fractions are a stumbling block in RFC 8620's UTCDate.
            filter["after"] = json!(format!("{after:.0}"));
        }
        let asked = json!({
            "filter": filter,
            "sort": [{"property": "receivedAt", "isAscending": true}],
            "position": from,
            "limit": limit,
        });
        let queried: wire::Queried = self.call(Kind::Read, "Email/query", asked).await?;
        Ok(queried.ids)
    }
}

/// Cyrus calls a state that is no number of its own an invalid argument (recorded).
fn is_forgotten(error: &wire::MethodError) -> bool {
    let named = |names: &Vec<String>| names.iter().any(|name| name == "sinceState");
    match error.kind.as_str() {
        "cannotCalculateChanges" => true,
        "invalidArguments" => error.arguments.as_ref().is_none_or(named),
        _ => false,
    }
}

fn malformed(cause: &str) -> ApiError {
    ApiError::Malformed { service: SERVICE, cause: cause.to_owned() }
}

fn unavailable(cause: &str) -> ApiError {
    ApiError::Unavailable { service: SERVICE, cause: cause.to_owned() }
}
