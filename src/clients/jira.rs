//! Jira's REST interface (v2, where texts are wiki text) on Cloud and Data Center, as much as a
//! desk needs. Every call is made with one account's credentials.
//!
//! Jira knows no idempotency key: a write that gave no clear answer is [`ApiError::Ambiguous`], and
//! whoever made it looks for its mark before it is repeated.

mod attachment;
mod board;
mod comment;
mod issue;
mod jql;
mod login;
mod pace;
mod people;
mod search;
mod ticket;
mod wire;
mod wire_ticket;

#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use http::Method;
use moka::future::Cache;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::{login::Login, pace::Pace};
use super::{ApiError, Transport, transport::Answer};
use crate::{
    health::Part,
    model::{
        jira::{Account, Deployment},
        keys::IssueKey,
    },
    telemetry::Metrics,
};

const SERVICE: &str = "jira";
/// How long the size limit of attachments holds.
const META_KNOWN: Duration = Duration::from_hours(1);

/// Which Jira, as whom, how fast. No `Debug`: it holds an address.
#[derive(Clone)]
pub struct JiraSettings {
    /// Where its pages start, with the context path if there is one.
    pub url: Url,
    /// As whom.
    pub auth: JiraAuth,
    /// Whether it is Cloud; `None` asks Jira.
    pub cloud: Option<bool>,
    /// The most writes that leave in a second.
    pub writes_per_second: NonZeroU32,
    /// The longest that a call may take; uploads get more, by their length.
    pub limit: Duration,
}

/// The two ways of saying who we are.
#[derive(Clone)]
pub enum JiraAuth {
    /// Cloud: the account's mail address and an API token. Data Center: name and password.
    Basic {
        /// The address or name.
        user: String,
        /// The token or password.
        token: SecretString,
    },
    /// Data Center: a personal access token.
    Bearer(SecretString),
}

/// One Jira. Clones share connections, pace and what is known.
#[derive(Clone)]
pub struct JiraClient {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    auth: JiraAuth,
    limit: Duration,
    login: Login,
    pace: Pace,
    deployment: OnceCell<Deployment>,
    myself: OnceCell<Account>,
    upload_limit: Cache<(), u64>,
}

impl JiraClient {
    /// A client for this Jira. Nothing is asked yet.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn new(settings: JiraSettings, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let JiraSettings { url, auth, cloud, writes_per_second, limit } = settings;
        let known = |cloud| if cloud { Deployment::Cloud } else { Deployment::DataCenter };
        let transport = Transport::new(SERVICE, url, limit, metrics)?;
        let login = Login::new(transport.part().clone());
        let shared = Shared {
            transport,
            auth,
            limit,
            login,
            pace: Pace::new(writes_per_second),
            deployment: OnceCell::new_with(cloud.map(known)),
            myself: OnceCell::new(),
            upload_limit: Cache::builder().time_to_live(META_KNOWN).build(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.shared.transport.part()
    }

    /// How long nothing will be asked of Jira, after it refused our sign-in.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        self.shared.login.rest()
    }

    /// Where a browser finds the issue.
    #[must_use]
    pub fn browse_url(&self, issue: &IssueKey) -> Url {
        self.shared.transport.at(&format!("browse/{issue}"))
    }

    /// Where its pages start.
    #[must_use]
    pub fn base(&self) -> Url {
        self.shared.transport.at("")
    }

    /// Which of the two Jiras it is; asked once, and of no account.
    ///
    /// Source: `GET /serverInfo`, `deploymentType`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn about(&self) -> Result<Deployment, ApiError> {
        let ask = async {
            let info: wire::ServerInfo = self.get("rest/api/2/serverInfo", &[]).await?.json()?;
            Ok(info.into())
        };
        self.shared.deployment.get_or_try_init(|| ask).await.copied()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.shared.transport.request(method, path);
        match &self.shared.auth {
            JiraAuth::Basic { user, token } => {
                request.basic_auth(user, Some(token.expose_secret()))
            }
            JiraAuth::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    async fn read(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let outcome = self.get(path, query).await;
        self.sure(outcome).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let _place = self.shared.pace.place_to_read().await?;
        let proof = self.shared.login.enter().await?;
        let request = self.request(Method::GET, path).query(query);
        let outcome = proof.heed(self.shared.transport.send(request).await);
        self.shared.pace.heed(outcome)
    }

    /// The outcome, with a 404 that is the truth.
    async fn sure<T>(&self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        if matches!(outcome, Err(ApiError::NotFound { .. })) {
            self.still_known().await?;
        }
        outcome
    }

    /// Fails if Jira no longer knows our credentials. Cloud then treats us as nobody in
    /// particular, to whom issues are not there (404) and searches are empty (200): asked
    /// *after* such an answer, this keeps "not there" from meaning "not for you any more".
    ///
    /// Source: Atlassian's note that the search answers 200 without a token, and reports of the
    /// same for expired ones.
    async fn still_known(&self) -> Result<(), ApiError> {
        self.get(people::MYSELF, &[]).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        let request = self.request(Method::POST, path).json(body);
        self.write(self.shared.limit, request).await
    }

    async fn write(&self, limit: Duration, request: RequestBuilder) -> Result<Answer, ApiError> {
        self.shared.pace.turn_to_write().await?;
        let proof = self.shared.login.enter().await?;
        let sent = self.shared.transport.send_within(limit, request).await;
        self.sure(self.shared.pace.heed(proof.heed(sent))).await
    }
}

/// The fields that Jira refuses, if that is all it says: with any other reason beside them, or any
/// other failure, there are none.
#[must_use]
pub fn rejected_fields(error: &ApiError) -> Vec<&str> {
    let ApiError::Rejected { reasons, .. } = error else {
        return Vec::new();
    };
    let field = |reason: &String| -> Option<usize> {
        let end = reason.find(": ")?;
        let name = &reason[..end];
        let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (letters && name.starts_with(|c: char| c.is_ascii_lowercase())).then_some(end)
    };
    let fields = reasons.iter().map(|reason| field(reason).map(|end| &reason[..end]));
    fields.collect::<Option<_>>().unwrap_or_default()
}

/// What is not there is an answer, not a failure.
fn if_there<T>(outcome: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match outcome {
        Ok(there) => Ok(Some(there)),
        Err(ApiError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn malformed(cause: &str) -> ApiError {
    ApiError::Malformed { service: SERVICE, cause: cause.to_owned() }
}
