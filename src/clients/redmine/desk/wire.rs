//! Redmine's JSON as a desk reads it. Fields that older or newer releases leave out are optional.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::{
    redmine::Status,
    redmine_desk::{Changed, DeskProject, Journal, Named, OwnIssue, RedmineFile, RedmineThread},
};

#[derive(Deserialize)]
pub(super) struct Entry {
    id: u64,
    #[serde(default)]
    name: String,
}

impl From<Entry> for Named {
    fn from(entry: Entry) -> Self {
        Self { id: entry.id, name: entry.name }
    }
}

#[derive(Deserialize)]
pub(super) struct ProjectAnswer {
    pub(super) project: Project,
}

#[derive(Deserialize)]
pub(super) struct Project {
    id: u64,
    identifier: String,
    name: String,
    #[serde(default)]
    trackers: Vec<Entry>,
}

impl From<Project> for DeskProject {
    fn from(project: Project) -> Self {
        let trackers = project.trackers.into_iter().map(Named::from).collect();
        Self { id: project.id, identifier: project.identifier, name: project.name, trackers }
    }
}

#[derive(Deserialize)]
pub(super) struct TrackersAnswer {
    pub(super) trackers: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct PrioritiesAnswer {
    pub(super) issue_priorities: Vec<Priority>,
}

#[derive(Deserialize)]
pub(super) struct Priority {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) active: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct StatusesAnswer {
    pub(super) issue_statuses: Vec<IssueStatus>,
}

#[derive(Deserialize)]
pub(super) struct IssueStatus {
    id: u64,
    name: String,
    // Left out by releases before 5.0 where it stands inside an issue.
    pub(super) is_closed: Option<bool>,
}

impl IssueStatus {
    /// The status, which is closed if it says so, or is among the known ones that are.
    pub(super) fn known_by(self, all: &[Status]) -> Status {
        let by_list = || all.iter().any(|other| other.id == self.id && other.closed);
        let closed = self.is_closed.unwrap_or_else(by_list);
        Status { id: self.id, name: self.name, closed }
    }
}

#[derive(Deserialize)]
pub(super) struct UsersAnswer {
    pub(super) users: Vec<FoundUser>,
}

#[derive(Deserialize)]
pub(super) struct FoundUser {
    pub(super) id: u64,
    pub(super) mail: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct UploadAnswer {
    pub(super) upload: Token,
}

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
}

#[derive(Deserialize)]
pub(super) struct MadeAnswer {
    pub(super) issue: Made,
}

#[derive(Deserialize)]
pub(super) struct Made {
    pub(super) id: u32,
}

#[derive(Deserialize)]
pub(super) struct OwnAnswer {
    pub(super) issues: Vec<Own>,
}

#[derive(Deserialize)]
pub(super) struct Own {
    pub(super) id: u32,
    description: Option<String>,
}

impl From<Own> for OwnIssue {
    fn from(own: Own) -> Self {
        Self { id: own.id.into(), description: plain(&own.description.unwrap_or_default()) }
    }
}

#[derive(Deserialize)]
pub(super) struct ChangedAnswer {
    pub(super) issues: Vec<ChangedIssue>,
    pub(super) total_count: u32,
}

#[derive(Deserialize)]
pub(super) struct ChangedIssue {
    id: u32,
    updated_on: Timestamp,
}

impl From<ChangedIssue> for Changed {
    fn from(issue: ChangedIssue) -> Self {
        Self { id: issue.id.into(), updated: issue.updated_on }
    }
}

#[derive(Deserialize)]
pub(super) struct ThreadAnswer {
    pub(super) issue: Thread,
}

#[derive(Deserialize)]
pub(super) struct Thread {
    id: u32,
    project: Entry,
    pub(super) status: IssueStatus,
    updated_on: Timestamp,
    #[serde(default)]
    journals: Vec<Said>,
    allowed_statuses: Option<Vec<IssueStatus>>,
    #[serde(default)]
    attachments: Vec<File>,
    watchers: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Said {
    id: u64,
    user: Option<Entry>,
    // Null or empty where only fields were changed.
    notes: Option<String>,
    #[serde(default)]
    private_notes: bool,
    created_on: Timestamp,
}

#[derive(Deserialize)]
struct File {
    id: u64,
    filename: String,
    filesize: u64,
    content_type: Option<String>,
    author: Option<Entry>,
}

impl Thread {
    pub(super) fn thread(self, known: &[Status]) -> RedmineThread {
        let allowed = self
            .allowed_statuses
            .map(|all| all.into_iter().map(|status| status.known_by(known)).collect());
        RedmineThread {
            id: self.id.into(),
            project: self.project.into(),
            status: self.status.known_by(known),
            updated: self.updated_on,
            last_entry: self.journals.iter().map(|entry| entry.id).max().unwrap_or_default(),
            journals: self.journals.into_iter().filter_map(Said::journal).collect(),
            allowed,
            attachments: self.attachments.into_iter().map(RedmineFile::from).collect(),
            watchers: self.watchers.map(|all| all.into_iter().map(|user| user.id).collect()),
        }
    }
}

impl Said {
    fn journal(self) -> Option<Journal> {
        let text = self.notes.filter(|notes| !notes.trim().is_empty())?;
        let (author_id, author) = self.user.map_or((0, String::new()), |user| (user.id, user.name));
        Some(Journal {
            id: self.id,
            author_id,
            author,
            text: plain(&text),
            private: self.private_notes,
            created: self.created_on,
        })
    }
}

impl From<File> for RedmineFile {
    fn from(file: File) -> Self {
        Self {
            id: file.id,
            filename: file.filename,
            size: file.filesize,
            media_type: file.content_type.unwrap_or_default(),
            author_id: file.author.map_or(0, |author| author.id),
        }
    }
}

/// Redmine keeps what a browser sends: the ends of lines are CRLF.
pub(super) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}
