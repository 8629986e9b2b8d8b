//! Redmine's JSON, as recorded from 5.0. Fields that older or newer releases leave out are
//! optional here.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{
    ids::IssueId,
    redmine::{Account, Comment, Hit, Issue, IssueLine, Project, Status},
};

#[derive(Deserialize)]
pub(super) struct UserAnswer {
    pub(super) user: User,
}

// The answer also holds `api_key`: not read, so it cannot be logged.
#[derive(Deserialize)]
pub(super) struct User {
    id: u64,
    login: String,
    #[serde(default)]
    firstname: String,
    #[serde(default)]
    lastname: String,
    mail: Option<String>,
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        let name = format!("{} {}", user.firstname, user.lastname).trim().to_owned();
        Self { id: user.id, login: user.login, name, mail: user.mail }
    }
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub(super) struct IssueStatus {
    id: u64,
    name: String,
    // Left out by releases before 5.0 where it stands inside an issue.
    #[serde(default)]
    is_closed: bool,
}

impl From<IssueStatus> for Status {
    fn from(status: IssueStatus) -> Self {
        Self { id: status.id, name: status.name, closed: status.is_closed }
    }
}

#[derive(Deserialize)]
pub(super) struct IssuesAnswer {
    pub(super) issues: Vec<WireIssue>,
    pub(super) total_count: u32,
}

#[derive(Deserialize)]
pub(super) struct IssueAnswer {
    pub(super) issue: WireIssue,
}

#[derive(Deserialize)]
pub(super) struct WireIssue {
    id: u32,
    project: Named,
    tracker: Named,
    status: IssueStatus,
    priority: Named,
    author: Named,
    assigned_to: Option<Named>,
    subject: String,
    description: Option<String>,
    pub(super) created_on: Option<Timestamp>,
    #[serde(default)]
    journals: Vec<Journal>,
    allowed_statuses: Option<Vec<IssueStatus>>,
}

#[derive(Deserialize)]
struct Journal {
    id: u64,
    user: Option<Named>,
    notes: Option<String>,
    // A time in UTC, such as `2026-01-31T12:00:00Z`.
    created_on: String,
}

impl WireIssue {
    pub(super) fn line(self) -> IssueLine {
        Issue::from(self).line
    }
}

impl From<WireIssue> for Issue {
    fn from(issue: WireIssue) -> Self {
        let line = IssueLine {
            id: IssueId::from(issue.id),
            tracker: issue.tracker.name,
            status: issue.status.name.clone(),
            subject: issue.subject,
            assignee: issue.assigned_to.map(|who| who.name),
        };
        Self {
            line,
            project: issue.project.name,
            status: issue.status.into(),
            priority: issue.priority.name,
            author: issue.author.name,
            description: issue.description.unwrap_or_default(),
            comments: issue.journals.into_iter().filter_map(comment).collect(),
            allowed_statuses: issue
                .allowed_statuses
                .map(|all| all.into_iter().map(Status::from).collect()),
        }
    }
}

fn comment(journal: Journal) -> Option<Comment> {
    let text = journal.notes.filter(|notes| !notes.trim().is_empty())?;
    let who = journal.user.unwrap_or(Named { id: 0, name: String::new() });
    let date = journal.created_on.chars().take_while(|c| *c != 'T').collect();
    Some(Comment { id: journal.id, author: who.name, author_id: who.id, date, text })
}

#[derive(Deserialize)]
pub(super) struct StatusesAnswer {
    pub(super) issue_statuses: Vec<IssueStatus>,
}

#[derive(Deserialize)]
pub(super) struct ProjectsAnswer {
    pub(super) projects: Vec<WireProject>,
    pub(super) total_count: u32,
}

#[derive(Deserialize)]
pub(super) struct WireProject {
    identifier: String,
    name: String,
}

impl From<WireProject> for Project {
    fn from(project: WireProject) -> Self {
        Self { identifier: project.identifier, name: project.name }
    }
}

#[derive(Deserialize)]
pub(super) struct SearchAnswer {
    pub(super) results: Vec<Result>,
    // Null if every word has one character: Redmine drops such words (measured).
    pub(super) total_count: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct Result {
    id: u32,
    title: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Result {
    /// Issues only; a closed one is of type `issue-closed`.
    pub(super) fn hit(self) -> Option<Hit> {
        let issue = self.kind.starts_with("issue");
        issue.then(|| Hit { id: IssueId::from(self.id), title: self.title })
    }
}
