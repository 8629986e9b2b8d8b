//! Redmine's REST interface, as much as a chat needs. Measured on 5.0; each call is made with the
//! asking user's own key, so Redmine decides what they may see and do.
//!
//! The key travels in a header: as `key=` in the query Redmine would write it to its log.

mod desk;
mod wire;

use std::time::Duration;

use http::{HeaderValue, Method};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

pub use self::desk::RedmineDesk;
use super::{ApiError, Transport, transport::Answer};
use crate::{
    health::Part,
    model::{
        ids::{IssueId, ProjectRef},
        redmine::{
            Account, Hit, Issue, IssueLine, ListQuery, PAGE_SIZE, Page, Project, SearchQuery,
            State, Status,
        },
    },
    telemetry::Metrics,
};

const KEY_HEADER: &str = "X-Redmine-API-Key";
/// A user waits for the answer, and a command may take up to five calls.
const LIMIT: Duration = Duration::from_secs(10);

/// Redmine, without a user yet: every call takes a key.
#[derive(Clone)]
pub struct RedmineClient {
    transport: Transport,
}

impl RedmineClient {
    /// A client for the Redmine whose pages start at `base`.
    ///
    /// # Errors
    /// As [`Transport::new`].
    pub fn new(base: Url, metrics: Metrics) -> Result<Self, reqwest::Error> {
        Ok(Self { transport: Transport::new("redmine", base, LIMIT, metrics)? })
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        self.transport.part()
    }

    /// Whose key this is. The only call that tells a wrong key: others answer as anonymous.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a wrong key, [`ApiError::Forbidden`] where REST is off.
    pub async fn current_user(&self, key: &SecretString) -> Result<Account, ApiError> {
        let answer: wire::UserAnswer = self.get(key, "users/current.json", &[]).await?.json()?;
        Ok(answer.user.into())
    }

    /// A page of issues, the latest change first.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`] for the project.
    pub async fn issues(
        &self,
        key: &SecretString,
        query: &ListQuery,
    ) -> Result<Page<IssueLine>, ApiError> {
        let status = match query.state {
            State::Open => "open",
            State::All => "*",
            State::Closed => "closed",
        };
        let mut asked = vec![("status_id", status.to_owned())];
        asked.push(("sort", "updated_on:desc,id:desc".to_owned()));
        asked.extend(page_of(query.page));
        asked.extend((query.mine).then(|| ("assigned_to_id", "me".to_owned())));
        asked.extend(query.project.as_ref().map(|p| ("project_id", p.as_str().to_owned())));
        let answer: wire::IssuesAnswer = self.get(key, "issues.json", &asked).await?.json()?;
        Ok(Page {
            total: answer.total_count,
            items: answer.issues.into_iter().map(wire::WireIssue::line).collect(),
        })
    }

    /// The newest issues of the key's user in a project, made since then: what a write that gave no
    /// clear answer may have left.
    ///
    /// # Errors
    /// As [`RedmineClient::issues`].
    pub async fn own_newest(
        &self,
        key: &SecretString,
        project: &ProjectRef,
        since: Timestamp,
    ) -> Result<Vec<IssueLine>, ApiError> {
        let asked = [("author_id", "me"), ("status_id", "*"), ("sort", "id:desc"), ("limit", "5")]
            .map(|(name, value)| (name, value.to_owned()));
        let asked = [&asked[..], &[("project_id", project.as_str().to_owned())]].concat();
        let answer: wire::IssuesAnswer = self.get(key, "issues.json", &asked).await?.json()?;
        Ok(answer
            .issues
            .into_iter()
            .filter(|issue| issue.created_on.is_none_or(|at| at >= since))
            .map(wire::WireIssue::line)
            .collect())
    }

    /// One issue with its comments and the states that the user may choose.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Forbidden`].
    pub async fn issue(&self, key: &SecretString, id: IssueId) -> Result<Issue, ApiError> {
        let include = [("include", "journals,allowed_statuses".to_owned())];
        let path = format!("issues/{id}.json");
        let answer: wire::IssueAnswer = self.get(key, &path, &include).await?.json()?;
        Ok(answer.issue.into())
    }

    /// Creates an issue and says which.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with Redmine's reasons; [`ApiError::Ambiguous`] if it may exist.
    pub async fn create_issue(
        &self,
        key: &SecretString,
        project: &ProjectRef,
        subject: &str,
    ) -> Result<Issue, ApiError> {
        let body = json!({"issue": {"project_id": project.as_str(), "subject": subject}});
        let answer = self.write(Method::POST, key, "issues.json", &body).await?;
        let made = answer.json::<wire::IssueAnswer>().map_err(ApiError::after_write)?;
        Ok(made.issue.into())
    }

    /// Asks for another status and adds a note, either optional.
    ///
    /// Redmine answers 204 also when it did nothing: read the issue again to know.
    ///
    /// # Errors
    /// [`ApiError::Ambiguous`] if it may have happened.
    pub async fn update_issue(
        &self,
        key: &SecretString,
        id: IssueId,
        status: Option<u64>,
        note: Option<&str>,
    ) -> Result<(), ApiError> {
        let mut issue = serde_json::Map::new();
        issue.extend(status.map(|id| ("status_id".to_owned(), json!(id))));
        issue.extend(note.map(|text| ("notes".to_owned(), json!(text))));
        let body = json!({ "issue": issue });
        self.write(Method::PUT, key, &format!("issues/{id}.json"), &body).await.map(drop)
    }

    /// Whether the user may see the project at all.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`] if not.
    pub async fn project_is_visible(
        &self,
        key: &SecretString,
        project: &ProjectRef,
    ) -> Result<(), ApiError> {
        self.get(key, &format!("projects/{}.json", project.as_str()), &[]).await.map(drop)
    }

    /// All states, in the tracker's order.
    ///
    /// # Errors
    /// Any outage.
    pub async fn statuses(&self, key: &SecretString) -> Result<Vec<Status>, ApiError> {
        let answer: wire::StatusesAnswer =
            self.get(key, "issue_statuses.json", &[]).await?.json()?;
        Ok(answer.issue_statuses.into_iter().map(Status::from).collect())
    }

    /// A page of the projects that the user sees.
    ///
    /// # Errors
    /// Any outage.
    pub async fn projects(&self, key: &SecretString, page: u32) -> Result<Page<Project>, ApiError> {
        let answer: wire::ProjectsAnswer =
            self.get(key, "projects.json", &page_of(page)).await?.json()?;
        let items = answer.projects.into_iter().map(Project::from).collect();
        Ok(Page { items, total: answer.total_count })
    }

    /// A page of the hits among issues, closed ones too.
    ///
    /// # Errors
    /// Any outage.
    pub async fn search(
        &self,
        key: &SecretString,
        query: &SearchQuery,
    ) -> Result<Page<Hit>, ApiError> {
        let asked = [("q", query.text.clone()), ("issues", "1".to_owned())];
        let asked = [&asked[..], &page_of(query.page)].concat();
        let answer: wire::SearchAnswer = self.get(key, "search.json", &asked).await?.json()?;
        let items = answer.results.into_iter().filter_map(wire::Result::hit).collect();
        Ok(Page { items, total: answer.total_count.unwrap_or(0) })
    }

    /// Whether a Redmine with REST switched on answers at all: without a key it says 401.
    ///
    /// # Errors
    /// Any failure but that 401; [`ApiError::Malformed`] for a success, as of a login page.
    pub async fn reach(&self) -> Result<(), ApiError> {
        let request = self.transport.request(Method::GET, "users/current.json");
        match self.transport.send(request).await {
            Err(ApiError::Unauthorized { .. }) => Ok(()),
            Ok(_) => Err(ApiError::Malformed {
                service: "redmine",
                cause: "a user without a key".to_owned(),
            }),
            Err(error) => Err(error),
        }
    }

    /// Where a browser finds the issue.
    #[must_use]
    pub fn issue_url(&self, id: IssueId) -> Url {
        self.transport.at(&format!("issues/{id}"))
    }

    /// Where a browser finds the project.
    #[must_use]
    pub fn project_url(&self, identifier: &str) -> Url {
        self.transport.at(&format!("projects/{identifier}"))
    }

    async fn get(
        &self,
        key: &SecretString,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, ApiError> {
        let request = self.transport.request(Method::GET, path).query(query);
        self.transport.send(with_key(request, key)).await
    }

    async fn write(
        &self,
        method: Method,
        key: &SecretString,
        path: &str,
        body: &Value,
    ) -> Result<Answer, ApiError> {
        let request = self.transport.request(method, path).json(body);
        self.transport.send(with_key(request, key)).await
    }
}

fn with_key(request: RequestBuilder, key: &SecretString) -> RequestBuilder {
    match HeaderValue::from_str(key.expose_secret()) {
        Ok(mut value) => {
            value.set_sensitive(true);
            request.header(KEY_HEADER, value)
        }
        // The builder keeps the fault, and the request is not sent.
        Err(_) => request.header(KEY_HEADER, key.expose_secret()),
    }
}

fn page_of(page: u32) -> [(&'static str, String); 2] {
    let offset = u64::from(page.saturating_sub(1)) * u64::from(PAGE_SIZE);
    [("limit", PAGE_SIZE.to_string()), ("offset", offset.to_string())]
}
