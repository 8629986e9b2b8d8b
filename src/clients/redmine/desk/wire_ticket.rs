//! Redmine's JSON of an issue that callers of the API read.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use super::wire::{IssueStatus, plain};
use crate::model::{
    ids::IssueId,
    keys::IssueKey,
    redmine::Status,
    ticket_query::Field,
    ticket_view::{
        AttachmentView, CommentView, KindView, ProjectView, StatusView, TicketView, UserView,
    },
    tracker_read::RedmineUser,
};

#[derive(Deserialize)]
pub(super) struct Issues {
    pub(super) issues: Vec<Issue>,
    pub(super) total_count: u32,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) issue: Issue,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
    #[serde(default)]
    name: String,
}

impl From<Named> for UserView {
    fn from(user: Named) -> Self {
        let account = user.id.to_string();
        Self { account, avatar: None, name: user.name, email: None, created: None }
    }
}

#[derive(Deserialize)]
pub(super) struct Issue {
    id: u32,
    project: Named,
    tracker: Named,
    status: IssueStatus,
    author: Option<Named>,
    assigned_to: Option<Named>,
    #[serde(default)]
    subject: String,
    description: Option<String>,
    created_on: Timestamp,
    #[serde(default)]
    journals: Vec<Said>,
    #[serde(default)]
    attachments: Vec<File>,
    // Left out where the account may not see them.
    #[serde(default)]
    watchers: Vec<Named>,
    // Not told by every version.
    #[serde(default)]
    is_private: bool,
}

#[derive(Deserialize)]
struct Said {
    id: u64,
    user: Option<Named>,
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
    #[serde(default)]
    filesize: u64,
    content_type: Option<String>,
    #[serde(default)]
    content_url: String,
    created_on: Timestamp,
}

impl Issue {
    pub(super) fn id(&self) -> IssueId {
        self.id.into()
    }

    /// Whether it is for some members of its project alone.
    pub(super) fn is_private(&self) -> bool {
        self.is_private
    }

    /// Its project has the number for a key: only the number and the name are told.
    pub(super) fn view(self, asked: &BTreeSet<Field>, known: &[Status], url: String) -> TicketView {
        let wants = |field: Field| asked.contains(&field);
        TicketView {
            id: self.id.to_string(),
            key: IssueKey::redmine(self.id.into()),
            title: self.subject,
            body: plain(&self.description.unwrap_or_default()),
            created: self.created_on,
            assignee: self.assigned_to.map(UserView::from),
            reporter: self.author.map(UserView::from),
            status: status(self.status.known_by(known), known),
            labels: Vec::new(),
            url,
            kind: KindView { name: self.tracker.name, icon: None },
            project: ProjectView { key: self.project.id.to_string(), name: self.project.name },
            comments: wants(Field::Comments)
                .then(|| self.journals.into_iter().filter_map(Said::view).collect()),
            attachments: wants(Field::Attachments)
                .then(|| self.attachments.into_iter().map(AttachmentView::from).collect()),
            watchers: wants(Field::Watchers)
                .then(|| self.watchers.into_iter().map(UserView::from).collect()),
            rendered: None,
        }
    }
}

/// A status in the words that Jira has for its categories: `done` counts as closed, `new` is the
/// first of Redmine's list, everything else is on its way.
fn status(status: Status, known: &[Status]) -> StatusView {
    let first = known.first().is_some_and(|first| first.id == status.id);
    let (key, color) = match (status.closed, first) {
        (true, _) => ("done", "green"),
        (false, true) => ("new", "blue-gray"),
        (false, false) => ("indeterminate", "yellow"),
    };
    StatusView { name: status.name, key: key.to_owned(), color_name: color.to_owned() }
}

impl Said {
    /// A note for everybody, in words.
    fn view(self) -> Option<CommentView> {
        let text = self.notes.filter(|notes| !notes.trim().is_empty() && !self.private_notes)?;
        Some(CommentView {
            id: self.id.to_string(),
            author: self.user.map(UserView::from),
            body: plain(&text),
            created: self.created_on,
            rendered: None,
        })
    }
}

impl From<File> for AttachmentView {
    fn from(file: File) -> Self {
        Self {
            id: file.id.to_string(),
            filename: file.filename,
            size: file.filesize,
            media_type: file.content_type.unwrap_or_default(),
            created: file.created_on,
            url: file.content_url,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
}

#[derive(Deserialize)]
pub(super) struct User {
    id: u64,
    #[serde(default)]
    firstname: String,
    #[serde(default)]
    lastname: String,
    mail: Option<String>,
    created_on: Option<Timestamp>,
    // Since 5.0, where it is switched on.
    avatar_url: Option<String>,
}

impl From<User> for RedmineUser {
    fn from(user: User) -> Self {
        let view = UserView {
            account: user.id.to_string(),
            avatar: user.avatar_url.filter(|url| !url.is_empty()),
            name: format!("{} {}", user.firstname, user.lastname).trim().to_owned(),
            email: user.mail.filter(|mail| !mail.is_empty()),
            created: user.created_on,
        };
        Self { id: user.id, view }
    }
}
