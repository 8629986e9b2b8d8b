//! What a test sees of the issues in the stand-in of Jira.

use std::collections::BTreeMap;

use serde_json::Value;

/// An issue as it is now, or as it was when it was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct IssueSnapshot {
    /// Such as `SUP-12`.
    pub key: String,
    /// The number that stays when an issue moves, as text.
    pub id: String,
    /// The project's key.
    pub project: String,
    /// `Task` or `Bug`.
    pub issue_type: String,
    /// The title.
    pub summary: String,
    /// In wiki text; empty for none.
    pub description: String,
    /// In the order given.
    pub labels: Vec<String>,
    /// The issue's properties by key.
    pub properties: BTreeMap<String, Value>,
    /// `Highest` … `Lowest`.
    pub priority: String,
    /// The name of the person, such as `alice`.
    pub reporter: String,
    /// `To Do`, `In Progress` or `Done`.
    pub status: String,
    /// The names of those who watch, sorted.
    pub watchers: Vec<String>,
    /// Oldest first.
    pub comments: Vec<CommentSnapshot>,
    /// Oldest first.
    pub attachments: Vec<AttachmentSnapshot>,
    /// Whether it is gone for the API.
    pub deleted: bool,
}

/// A comment as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct CommentSnapshot {
    /// Unique over all issues.
    pub id: String,
    /// The name of the person, such as `bot`.
    pub author: String,
    /// In wiki text.
    pub body: String,
    /// The comment's properties by key.
    pub properties: BTreeMap<String, Value>,
    /// Whether the property `sd.public.comment` keeps it from customers.
    pub internal: bool,
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentSnapshot {
    /// Unique over all issues.
    pub id: String,
    /// As sent.
    pub filename: String,
    /// In bytes.
    pub size: u64,
    /// Of the bytes, in small hex digits.
    pub sha256: String,
}
