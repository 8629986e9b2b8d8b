//! Jira's JSON, as both deployments write it. Keys, ids and times are checked while they are read:
//! an answer with something else is malformed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error};

use crate::model::{
    jira::{self, CommentFlags, PROPERTY},
    keys::{CommentId, IssueKey},
    mail::Email,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerInfo {
    // Left out by Servers before 7.0.
    deployment_type: Option<String>,
}

impl From<ServerInfo> for jira::Deployment {
    fn from(info: ServerInfo) -> Self {
        let cloud = info.deployment_type.is_some_and(|kind| kind.eq_ignore_ascii_case("cloud"));
        if cloud { Self::Cloud } else { Self::DataCenter }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    account_id: Option<String>,
    name: Option<String>,
    display_name: String,
    // Hidden by most people on Cloud.
    email_address: Option<String>,
    pub(super) active: Option<bool>,
}

impl From<User> for jira::Account {
    fn from(user: User) -> Self {
        Self {
            id: user.account_id.or(user.name).unwrap_or_default(),
            display_name: user.display_name,
            email: user.email_address.as_deref().and_then(Email::parse),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Created {
    #[serde(deserialize_with = "issue_key")]
    pub(super) key: IssueKey,
}

#[derive(Deserialize)]
pub(super) struct Issue<F> {
    #[serde(deserialize_with = "issue_key")]
    pub(super) key: IssueKey,
    pub(super) fields: F,
    #[serde(default)]
    properties: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Labels {
    #[serde(default)]
    labels: Vec<String>,
}

impl From<Issue<Labels>> for jira::Marks {
    fn from(issue: Issue<Labels>) -> Self {
        let property = issue.properties.get(PROPERTY);
        let mark = property.and_then(|value| value["mark"].as_str()).map(str::to_owned);
        Self { key: issue.key, mark, labels: issue.fields.labels }
    }
}

#[derive(Deserialize)]
pub(super) struct Progress {
    status: jira::Status,
    #[serde(deserialize_with = "jira::time")]
    updated: Timestamp,
}

impl From<Issue<Progress>> for jira::IssueStatus {
    fn from(issue: Issue<Progress>) -> Self {
        let done = issue.fields.status.done().unwrap_or_default();
        Self { key: issue.key, done, updated: issue.fields.updated }
    }
}

/// A page of a search: Cloud goes on by token, Data Center by counting.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found<F> {
    pub(super) issues: Vec<Issue<F>>,
    pub(super) next_page_token: Option<String>,
    pub(super) total: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    #[serde(deserialize_with = "comment_id")]
    pub(super) id: CommentId,
    pub(super) author: Option<User>,
    #[serde(deserialize_with = "jira::time")]
    created: Timestamp,
    #[serde(default)]
    pub(super) rendered_body: String,
    #[serde(flatten)]
    pub(super) flags: CommentFlags,
}

impl From<Comment> for jira::Comment {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            author: comment.author.unwrap_or_default().into(),
            created: comment.created,
            mark: comment.flags.mark(),
            public: comment.flags.is_public(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CommentMade {
    #[serde(deserialize_with = "comment_id")]
    pub(super) id: CommentId,
}

#[derive(Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<Comment>,
    pub(super) total: usize,
}

#[derive(Deserialize)]
pub(super) struct Attachments {
    #[serde(default)]
    pub(super) attachment: Vec<Attachment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    #[serde(deserialize_with = "number")]
    pub(super) id: u64,
    #[serde(default)]
    filename: String,
    author: Option<User>,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    mime_type: String,
}

impl Attachment {
    pub(super) fn info(self, us: &jira::Account) -> jira::AttachmentInfo {
        let author = jira::Account::from(self.author.unwrap_or_default());
        jira::AttachmentInfo {
            id: self.id,
            filename: self.filename,
            size: self.size,
            media_type: self.mime_type,
            mine: !author.id.is_empty() && author.id == us.id,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct FileName {
    pub(super) filename: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttachmentMeta {
    pub(super) enabled: bool,
    pub(super) upload_limit: u64,
}

#[derive(Deserialize)]
pub(super) struct Transitions {
    pub(super) transitions: Vec<Transition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transition {
    pub(super) id: String,
    pub(super) name: String,
    // Where it leads.
    to: Option<jira::Status>,
    // Somebody is to fill in something on the way, or may.
    #[serde(default)]
    pub(super) has_screen: bool,
}

impl Transition {
    /// Whether it leads to a closed issue, or to an open one; none where that is not told.
    pub(super) fn closes(&self) -> Option<bool> {
        self.to.as_ref().and_then(jira::Status::done)
    }
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    pub(super) permissions: BTreeMap<String, Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Permission {
    pub(super) have_permission: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Boards {
    pub(super) values: Vec<Board>,
    #[serde(default)]
    pub(super) is_last: bool,
}

#[derive(Deserialize)]
pub(super) struct Board {
    #[serde(deserialize_with = "number")]
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) project_key: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct BoardConfiguration {
    pub(super) filter: FilterId,
}

#[derive(Deserialize)]
pub(super) struct FilterId {
    #[serde(deserialize_with = "number")]
    pub(super) id: u64,
}

#[derive(Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    pub(super) jql: String,
}

pub(super) fn issue_key<'de, D: Deserializer<'de>>(from: D) -> Result<IssueKey, D::Error> {
    let text = String::deserialize(from)?;
    IssueKey::parse(&text).ok_or_else(|| D::Error::custom("not the key of an issue"))
}

fn comment_id<'de, D: Deserializer<'de>>(from: D) -> Result<CommentId, D::Error> {
    let text = String::deserialize(from)?;
    CommentId::parse(&text).ok_or_else(|| D::Error::custom("not the id of a comment"))
}

/// Jira writes some ids as numbers and the same ones elsewhere as texts.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(from)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(|_| D::Error::custom("not a number")),
    }
}
