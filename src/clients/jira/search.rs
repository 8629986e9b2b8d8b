//! Searches, which see Jira's index: on Cloud it lags behind what was just written, so an empty
//! answer is no proof.

use serde::de::{DeserializeOwned, IgnoredAny};

use super::{JiraClient, jql::Jql, malformed, wire};
use crate::{
    clients::ApiError,
    model::{
        jira::{Deployment, IssueStatus},
        keys::IssueKey,
    },
};

/// Issues in a page.
const PAGE: usize = 100;
/// Pages after which a search is taken for endless.
const PAGES_MAX: usize = 200;

impl JiraClient {
    /// The issues with this label in all projects, the first made first: a label of ours is a
    /// digest, and an issue that was moved keeps it.
    ///
    /// # Errors
    /// Any outage.
    pub async fn find_by_label(&self, label: &str) -> Result<Vec<IssueKey>, ApiError> {
        let found = self.known(&Jql::label(label).oldest_first(), usize::MAX).await?;
        Ok(found)
    }

    /// The highest number in a project that the index knows: only a hint of where to look.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for an unknown project.
    pub async fn newest_number(&self, project: &str) -> Result<Option<u64>, ApiError> {
        let found = self.known(&Jql::project(project).highest_first(), 1).await?;
        Ok(found.first().map(IssueKey::number))
    }

    /// The issues with this label that changed within the last minutes, the latest last, as the
    /// index knows them. One that
    /// changes while pages are read may be missing: let the spans of two calls overlap.
    ///
    /// # Errors
    /// Any outage.
    pub async fn updated_since(
        &self,
        minutes: u32,
        label: &str,
    ) -> Result<Vec<IssueStatus>, ApiError> {
        let jql = Jql::label(label).updated_within(minutes).by_change();
        let found = self.search::<wire::Progress>(&jql, "updated,status", usize::MAX).await?;
        Ok(found.into_iter().map(IssueStatus::from).collect())
    }

    /// The keys of what is found.
    async fn known(&self, jql: &Jql, most: usize) -> Result<Vec<IssueKey>, ApiError> {
        let found = self.search::<IgnoredAny>(jql, "updated", most).await?;
        Ok(found.into_iter().map(|issue| issue.key).collect())
    }

    /// Source: `GET /search/jql` on Cloud, which took `/search` away; that on Data Center.
    async fn search<F: DeserializeOwned>(
        &self,
        jql: &Jql,
        fields: &str,
        most: usize,
    ) -> Result<Vec<wire::Issue<F>>, ApiError> {
        let cloud = self.about().await? == Deployment::Cloud;
        let path = if cloud { "rest/api/2/search/jql" } else { "rest/api/2/search" };
        let size = most.min(PAGE).to_string();
        let asked = [("jql", jql.as_str()), ("fields", fields), ("maxResults", &size)];
        let mut found = Vec::new();
        let mut from: Option<(&str, String)> = None;
        for _ in 0..PAGES_MAX {
            let from_there = from.as_ref().map(|(name, value)| (*name, value.as_str()));
            let query: Vec<_> = asked.into_iter().chain(from_there).collect();
            let page: wire::Found<F> = self.read(path, &query).await?.json()?;
            let empty = page.issues.is_empty();
            found.extend(page.issues);
            from = if cloud {
                page.next_page_token.map(|token| ("nextPageToken", token))
            } else {
                let more = !empty && page.total.is_some_and(|total| found.len() < total);
                more.then(|| ("startAt", found.len().to_string()))
            };
            if from.is_none() || found.len() >= most {
                if found.is_empty() {
                    self.still_known().await?;
                }
                return Ok(found);
            }
        }
        Err(malformed("a search without an end"))
    }
}
