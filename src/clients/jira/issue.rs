//! Issues: making one, recognising it, watching it, moving it on.

use http::Method;
use serde_json::{Map, Value, json};

use super::{JiraClient, if_there, wire};
use crate::{
    clients::ApiError,
    model::{
        jira::{Deployment, IssueStatus, Marks, NewIssue, PROPERTY},
        keys::IssueKey,
    },
};

impl JiraClient {
    /// Makes an issue, its mark in the same call.
    ///
    /// Source: `POST /issue`, `IssueUpdateDetails`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`], where [`super::rejected_fields`] may help; [`ApiError::Ambiguous`]
    /// if the issue may exist.
    pub async fn create(&self, issue: &NewIssue<'_>) -> Result<IssueKey, ApiError> {
        // The name of an account is its id on Cloud.
        let name = match (issue.reporter, self.about().await?) {
            (_, Deployment::Cloud) => "id",
            (_, Deployment::DataCenter) => "name",
        };
        let mut fields = Map::new();
        let mut set = |field: &str, value: Value| fields.insert(field.to_owned(), value);
        set("project", json!({ "key": issue.project }));
        set("issuetype", json!({ "name": issue.issue_type }));
        set("summary", json!(issue.summary));
        set("description", json!(issue.description));
        set("labels", json!(issue.labels));
        if let Some(priority) = issue.priority {
            set("priority", json!({ "name": priority }));
        }
        if let Some(reporter) = issue.reporter {
            set("reporter", json!({ name: reporter }));
        }
        let body = json!({ "fields": fields, "properties": marked(issue.mark) });
        let answer = self.post("rest/api/2/issue", &body).await?;
        let made: wire::Created = answer.json().map_err(ApiError::after_write)?;
        Ok(made.key)
    }

    /// What tells whether this issue is the one that we meant to make: a direct read, no index.
    /// `None` if there is no such issue, or none for us.
    ///
    /// Source: `GET /issue/{key}`, `properties`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn marks(&self, issue: &IssueKey) -> Result<Option<Marks>, ApiError> {
        let asked = [("fields", "labels"), ("properties", PROPERTY)];
        let Some(answer) = if_there(self.read(&path(issue, ""), &asked).await)? else {
            return Ok(None);
        };
        Ok(Some(answer.json::<wire::Issue<wire::Labels>>()?.into()))
    }

    /// How far the issue is; `None` if there is no such issue.
    ///
    /// Source: `GET /issue/{key}`, `status.statusCategory.key`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn issue_status(&self, issue: &IssueKey) -> Result<Option<IssueStatus>, ApiError> {
        let asked = [("fields", "status,updated")];
        let Some(answer) = if_there(self.read(&path(issue, ""), &asked).await)? else {
            return Ok(None);
        };
        Ok(Some(answer.json::<wire::Issue<wire::Progress>>()?.into()))
    }

    /// Adds a watcher, by [`crate::model::jira::Account::id`]. Adding one twice does nothing.
    ///
    /// Source: `POST /issue/{key}/watchers`; the body is a bare JSON string.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] or [`ApiError::Rejected`] where that person may not watch.
    pub async fn watch(&self, issue: &IssueKey, account: &str) -> Result<(), ApiError> {
        let request = self.request(Method::POST, &path(issue, "/watchers")).json(account);
        self.shared.pace.turn_to_write().await?;
        let proof = self.shared.login.enter().await?;
        let sent = self.shared.transport.send_within(self.shared.limit, request).await;
        drop(proof);
        match self.shared.pace.heed(sent) {
            // Data Center says so of a person who may not see the issue: is it about us?
            Err(ApiError::Unauthorized { service }) => {
                self.still_known().await?;
                Err(ApiError::Forbidden { service })
            }
            sent => self.sure(sent).await.map(drop),
        }
    }

    /// Closes the issue, or opens it: by the transition of this name, its case ignored, or by the
    /// first offered one that leads there, rather without a screen to fill in. `false` if the
    /// issue's status has none.
    ///
    /// Source: `GET` and `POST /issue/{key}/transitions`; ids differ from workflow to workflow, and
    /// `to.statusCategory` tells where one leads.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] where the workflow demands more; [`ApiError::Ambiguous`] if it may
    /// have happened.
    pub async fn transition(
        &self,
        issue: &IssueKey,
        closed: bool,
        name: Option<&str>,
    ) -> Result<bool, ApiError> {
        let path = path(issue, "/transitions");
        let offered: wire::Transitions = self.read(&path, &[]).await?.json()?;
        let name = name.map(str::to_lowercase);
        let fits = |one: &wire::Transition| match &name {
            Some(name) => one.name.to_lowercase() == *name && one.closes() != Some(!closed),
            None => one.closes() == Some(closed),
        };
        let fitting = offered.transitions.into_iter().filter(fits);
        let Some(meant) = fitting.min_by_key(|one| one.has_screen) else {
            return Ok(false);
        };
        self.post(&path, &json!({ "transition": { "id": meant.id } })).await?;
        Ok(true)
    }
}

/// Our entity property, as a write carries it.
pub(super) fn marked(mark: &str) -> Value {
    json!([{ "key": PROPERTY, "value": { "mark": mark } }])
}

pub(super) fn path(issue: &IssueKey, below: &str) -> String {
    format!("rest/api/2/issue/{issue}{below}")
}
