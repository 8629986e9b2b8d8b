//! Redmine under one key, for a desk that files mails and tickets there.
//!
//! Redmine knows no idempotency key: a write that gave no clear answer is [`ApiError::Ambiguous`],
//! and whoever made it looks before it is repeated. It also says 204 to updates that it did not
//! carry out: whoever must know reads the issue again.

mod files;
mod issues;
#[cfg(test)]
mod tests;
mod tickets;
mod wire;
mod wire_ticket;

use std::{sync::Arc, time::Duration};

use http::Method;
use moka::future::Cache;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use url::Url;

use super::{RedmineClient, with_key};
use crate::{
    clients::{ApiError, transport::Answer},
    health::Part,
    model::{
        ids::{IssueId, ProjectRef},
        mail::Email,
        redmine::{Account, Status},
        redmine_desk::{DeskProject, Named},
    },
};

const SERVICE: &str = "redmine";
/// Calls that run at once. Redmine limits nobody, and a small one has a single process.
const CALLS_MAX: usize = 4;
/// The longest that a call waits for its place: an upload or two may be before it.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long holds what seldom changes: whose key it is, and the states.
const KNOWN: Duration = Duration::from_hours(1);

/// One Redmine under one key. Clones share connections, places and what is known.
#[derive(Clone)]
pub struct RedmineDesk {
    shared: Arc<Shared>,
}

struct Shared {
    client: RedmineClient,
    key: SecretString,
    places: Semaphore,
    myself: Cache<(), Account>,
    statuses: Cache<(), Vec<Status>>,
}

impl RedmineDesk {
    /// The Redmine of this client under this key. Nothing is asked yet.
    #[must_use]
    pub fn new(client: &RedmineClient, key: SecretString) -> Self {
        let shared = Shared {
            client: client.clone(),
            key,
            places: Semaphore::new(CALLS_MAX),
            myself: Cache::builder().time_to_live(KNOWN).build(),
            statuses: Cache::builder().time_to_live(KNOWN).build(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The record for `/ready`, which is the client's.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.shared.client.part()
    }

    /// Where a browser finds the issue.
    #[must_use]
    pub fn issue_url(&self, id: IssueId) -> Url {
        self.shared.client.issue_url(id)
    }

    /// Whose key this is; known for an hour.
    ///
    /// Source: `GET /users/current.json`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a wrong key, [`ApiError::Forbidden`] where REST is off.
    pub async fn myself(&self) -> Result<Account, ApiError> {
        let known = self.shared.myself.try_get_with((), self.ask_myself()).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }

    /// A project that the account sees, with its trackers.
    ///
    /// Source: `GET /projects/{id}.json`, `include=trackers`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`] if it sees none.
    pub async fn project(&self, project: &ProjectRef) -> Result<DeskProject, ApiError> {
        let path = format!("projects/{}.json", project.as_str());
        let answer: wire::ProjectAnswer = self.read(&path, &[("include", "trackers")]).await?;
        Ok(answer.project.into())
    }

    /// All trackers; a project has some of them.
    ///
    /// Source: `GET /trackers.json`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn trackers(&self) -> Result<Vec<Named>, ApiError> {
        let answer: wire::TrackersAnswer = self.read("trackers.json", &[]).await?;
        Ok(answer.trackers.into_iter().map(Named::from).collect())
    }

    /// The priorities that issues may have, the least urgent first as Redmine lists them.
    ///
    /// Source: `GET /enumerations/issue_priorities.json`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn priorities(&self) -> Result<Vec<Named>, ApiError> {
        let answer: wire::PrioritiesAnswer =
            self.read("enumerations/issue_priorities.json", &[]).await?;
        let active = answer.issue_priorities.into_iter().filter(|one| one.active != Some(false));
        Ok(active.map(|one| Named { id: one.id, name: one.name }).collect())
    }

    /// All states, in Redmine's order; known for an hour.
    ///
    /// Source: `GET /issue_statuses.json`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn statuses(&self) -> Result<Vec<Status>, ApiError> {
        let ask = async {
            let answer: wire::StatusesAnswer = self.read("issue_statuses.json", &[]).await?;
            Ok(answer.issue_statuses.into_iter().map(|one| one.known_by(&[])).collect())
        };
        let known = self.shared.statuses.try_get_with((), ask).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }

    /// The active user with exactly this address, where we may look: only administrators may, and
    /// for others there is none. Redmine shows, and this finds, a user's first address only.
    ///
    /// Source: `GET /users.json?name=`, which looks for parts of logins, names and addresses.
    ///
    /// # Errors
    /// Any outage.
    pub async fn find_user(&self, email: &Email) -> Result<Option<u64>, ApiError> {
        let asked = [("name", email.as_str()), ("limit", "100")];
        let answer: wire::UsersAnswer = match self.read("users.json", &asked).await {
            Err(ApiError::Forbidden { .. }) => return Ok(None),
            outcome => outcome?,
        };
        let same = |user: &&wire::FoundUser| {
            user.mail.as_deref().and_then(Email::parse).as_ref() == Some(email)
        };
        Ok(answer.users.iter().find(same).map(|user| user.id))
    }

    /// Fails if Redmine no longer knows the key. It then treats us as nobody in particular, to
    /// whom lists are shorter or empty (200): asked *after* such an answer, this keeps "not there"
    /// from meaning "not for you any more" (measured on 5.0).
    async fn still_known(&self) -> Result<(), ApiError> {
        self.ask_myself().await.map(drop)
    }

    async fn ask_myself(&self) -> Result<Account, ApiError> {
        let _place = self.place().await?;
        self.shared.client.current_user(&self.shared.key).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        with_key(self.shared.client.transport.request(method, path), &self.shared.key)
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let _place = self.place().await?;
        let request = self.request(Method::GET, path).query(query);
        self.shared.client.transport.send(request).await?.json()
    }

    async fn write(&self, method: Method, path: &str, body: &Value) -> Result<Answer, ApiError> {
        let _place = self.place().await?;
        let request = self.request(method, path).json(body);
        self.shared.client.transport.send(request).await
    }

    /// A write whose success has no words: a page for browsers is no success.
    async fn tell(&self, method: Method, path: &str, body: &Value) -> Result<(), ApiError> {
        let answer = self.write(method, path, body).await?;
        let page = answer.header("content-type").is_some_and(|kind| kind.contains("html"));
        if page { Err(malformed("not JSON").after_write()) } else { Ok(()) }
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        match timeout(PATIENCE, self.shared.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(unavailable("too many calls at once")),
        }
    }
}

fn malformed(cause: &str) -> ApiError {
    ApiError::Malformed { service: SERVICE, cause: cause.to_owned() }
}

fn unavailable(cause: &str) -> ApiError {
    ApiError::Unavailable { service: SERVICE, cause: cause.to_owned() }
}
