//! Tickets as callers of the API read them: found by a search, or one by its key, with comments,
//! files and HTML in the same answer. HTML is not cleaned here.

use std::collections::BTreeSet;

use super::{JiraClient, if_there, issue::path, jql::Condition, jql::Jql, people, wire_ticket};
use crate::{
    clients::ApiError,
    model::{
        jira::Deployment,
        keys::IssueKey,
        ticket_query::{Field, Sort},
        ticket_view::{CommentView, UserView},
        tracker_read::{Found, JiraSearch, JiraTicket},
    },
};

/// What is always told.
const FIELDS: &str =
    "summary,description,created,assignee,reporter,status,labels,issuetype,project";
/// Comments in a page of an issue's own list, and pages of it: 5,000 is the most on Cloud.
const PAGE: usize = 100;
const PAGES_MAX: usize = 50;

impl JiraClient {
    /// A page of tickets, at most so many; `from` is what the page before said. Without a project to
    /// look in there are none.
    ///
    /// Source: `GET /search/jql` on Cloud, `GET /search` on Data Center; `expand=renderedFields`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with Jira's words for a status or an account that it does not know, and
    /// for a wrong `from`.
    pub async fn tickets(
        &self,
        search: &JiraSearch,
        fields: &BTreeSet<Field>,
        most: u8,
        from: Option<&str>,
    ) -> Result<Found<JiraTicket>, ApiError> {
        let none = Found { tickets: Vec::new(), next: None };
        let Some(jql) = jql(search).filter(|_| !search.projects.is_empty()) else {
            return Ok(none);
        };
        let cloud = self.about().await? == Deployment::Cloud;
        let (path, going_on) = if cloud {
            ("rest/api/2/search/jql", "nextPageToken")
        } else {
            ("rest/api/2/search", "startAt")
        };
        let (size, names) = (most.to_string(), names(fields));
        let mut asked = vec![("jql", jql.as_str()), ("fields", &names), ("maxResults", &size)];
        asked.extend(expand(fields));
        asked.extend(from.map(|from| (going_on, from)));
        let page: wire_ticket::Page = self.read(path, &asked).await?.json()?;
        let read = page.issues.len();
        if read == 0 {
            self.still_known().await?;
        }
        let next = match page.total {
            _ if cloud => page.next_page_token,
            Some(total) => {
                let start: usize = from.and_then(|from| from.parse().ok()).unwrap_or_default();
                (read > 0 && start + read < total).then(|| (start + read).to_string())
            }
            None => None,
        };
        let tickets = page.issues.into_iter().map(|issue| self.ticket_of(issue, fields, cloud));
        Ok(Found { tickets: tickets.collect(), next })
    }

    /// One ticket; `None` if there is none, or none for us.
    ///
    /// Source: `GET /issue/{key}`, `expand=renderedFields`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn ticket(
        &self,
        issue: &IssueKey,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<JiraTicket>, ApiError> {
        let cloud = self.about().await? == Deployment::Cloud;
        let names = names(fields);
        let mut asked = vec![("fields", names.as_str())];
        asked.extend(expand(fields));
        let Some(answer) = if_there(self.read(&path(issue, ""), &asked).await)? else {
            return Ok(None);
        };
        Ok(Some(self.ticket_of(answer.json()?, fields, cloud)))
    }

    /// All comments of an issue that are for people outside, oldest first, as HTML too if it is
    /// asked for: at most 5,000.
    ///
    /// Source: `GET /issue/{key}/comment`; as [`JiraClient::comments`].
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for the issue.
    pub async fn said(
        &self,
        issue: &IssueKey,
        rendered: bool,
    ) -> Result<Vec<CommentView>, ApiError> {
        let cloud = self.about().await? == Deployment::Cloud;
        let path = path(issue, "/comment");
        let expand = if rendered { "properties,renderedBody" } else { "properties" };
        let (mut said, mut read): (Vec<CommentView>, usize) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let (start, size) = (read.to_string(), PAGE.to_string());
            let asked = [
                ("orderBy", "created"),
                ("expand", expand),
                ("startAt", &start),
                ("maxResults", &size),
            ];
            let page: wire_ticket::Comments = self.read(&path, &asked).await?.json()?;
            let last = page.comments.is_empty() || read + page.comments.len() >= page.total;
            read += page.comments.len();
            let public = page.comments.into_iter().filter(|one| one.is_public(cloud));
            for comment in public.map(|one| one.view(rendered)) {
                // One that was deleted meanwhile moves the others.
                if said.iter().all(|other| other.id != comment.id) {
                    said.push(comment);
                }
            }
            if last {
                break;
            }
        }
        Ok(said)
    }

    /// Who watches an issue, as far as we may see them.
    ///
    /// Source: `GET /issue/{key}/watchers`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for the issue.
    pub async fn watchers(&self, issue: &IssueKey) -> Result<Vec<UserView>, ApiError> {
        let answer = self.read(&path(issue, "/watchers"), &[]).await?;
        let told: wire_ticket::Watchers = answer.json()?;
        Ok(told.watchers.into_iter().map(UserView::from).collect())
    }

    /// Whose credentials these are, as callers see them.
    ///
    /// Source: `GET /myself`.
    ///
    /// # Errors
    /// As [`JiraClient::myself`].
    pub async fn my_view(&self) -> Result<UserView, ApiError> {
        let told: wire_ticket::Person = self.read(people::MYSELF, &[]).await?.json()?;
        Ok(told.into())
    }

    fn ticket_of(
        &self,
        issue: wire_ticket::Issue,
        fields: &BTreeSet<Field>,
        cloud: bool,
    ) -> JiraTicket {
        let url = self.browse_url(&issue.key).into();
        issue.ticket(fields, cloud, url)
    }
}

fn jql(search: &JiraSearch) -> Option<Jql> {
    let mut conditions = vec![Condition::Projects(&search.projects)];
    conditions.extend((!search.labels.is_empty()).then_some(Condition::Labels(&search.labels)));
    conditions.extend(search.reporter.as_deref().map(Condition::Reporter));
    conditions.extend(search.assignee.as_deref().map(Condition::Assignee));
    conditions.extend(search.watcher.as_deref().map(Condition::Watcher));
    conditions.extend(search.status.as_deref().map(Condition::Status));
    conditions.extend(search.text.as_deref().map(Condition::Text));
    Some(Jql::all(conditions)?.by_creation(search.sort == Sort::NewestFirst))
}

fn names(fields: &BTreeSet<Field>) -> String {
    let mut names = FIELDS.to_owned();
    for field in fields {
        names.push_str(match field {
            Field::Watchers => ",watches",
            Field::Comments => ",comment",
            Field::Attachments => ",attachment",
            Field::Rendered => "",
        });
    }
    names
}

fn expand(fields: &BTreeSet<Field>) -> Option<(&'static str, &'static str)> {
    fields.contains(&Field::Rendered).then_some(("expand", "renderedFields"))
}
