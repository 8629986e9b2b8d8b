//! A ticket as the callers of the API see it: one shape for both trackers. The field names are those
//! that portals already read; the words of tickets show in no `Debug`.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{discreet::discreet, keys::IssueKey};

/// A ticket.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TicketView {
    /// The tracker's own id.
    #[schema(example = "10042")]
    pub id: String,
    /// The issue's key.
    #[schema(value_type = String, example = "SUP-42")]
    pub key: IssueKey,
    /// What it is called.
    pub title: String,
    /// What it says, in the tracker's notation.
    pub body: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Who works on it.
    pub assignee: Option<UserView>,
    /// Who asked.
    pub reporter: Option<UserView>,
    /// How it stands.
    pub status: StatusView,
    /// Its labels.
    pub labels: Vec<String>,
    /// Where people read it.
    pub url: String,
    /// What kind of issue it is.
    #[serde(rename = "type")]
    pub kind: KindView,
    /// The project that it is in.
    pub project: ProjectView,
    /// What was said, oldest first; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<Vec<CommentView>>,
    /// What hangs on it; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<AttachmentView>>,
    /// Who watches it; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watchers: Option<Vec<UserView>>,
    /// Its text as HTML, cleaned; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<RenderedView>,
}

discreet!(TicketView { key });

/// Somebody whom the tracker knows.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UserView {
    /// The tracker's id of them.
    pub account: String,
    /// The address of their picture, if there is one.
    pub avatar: Option<String>,
    /// The name that people read.
    pub name: String,
    /// Their mail address, where the tracker shows it.
    pub email: Option<String>,
    /// When their account was made, where the tracker says.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created: Option<Timestamp>,
}

discreet!(UserView {});

/// How a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusView {
    /// The status, by its name in the tracker.
    #[schema(example = "In Progress")]
    pub name: String,
    /// What it amounts to: `new`, `indeterminate` or `done`.
    #[schema(example = "indeterminate")]
    pub key: String,
    /// The colour in which the tracker shows it.
    #[serde(rename = "color-name")]
    #[schema(example = "yellow")]
    pub color_name: String,
}

/// A kind of issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KindView {
    /// Its name.
    #[schema(example = "Task")]
    pub name: String,
    /// The address of its picture, if there is one.
    pub icon: Option<String>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProjectView {
    /// Its key.
    #[schema(example = "SUP")]
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A comment.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CommentView {
    /// The tracker's id of it.
    pub id: String,
    /// Who wrote it.
    pub author: Option<UserView>,
    /// What it says, in the tracker's notation.
    pub body: String,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// The same as HTML, cleaned; only where `rendered` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
}

discreet!(CommentView { id });

/// A file that hangs on a ticket.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttachmentView {
    /// The tracker's id of it.
    pub id: String,
    /// Its name.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// Its media type, as far as it is known.
    #[serde(rename = "type")]
    pub media_type: String,
    /// When it was attached.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Where the tracker hands it out.
    pub url: String,
}

discreet!(AttachmentView { id, size });

/// A ticket's text as HTML.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RenderedView {
    /// What it says.
    pub body: String,
}

discreet!(RenderedView {});
