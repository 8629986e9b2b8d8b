//! Jira's JSON of a ticket that is read, as both deployments write it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use super::wire::{issue_key, number};
use crate::model::{
    jira::{self, CommentFlags},
    keys::IssueKey,
    ticket_query::Field,
    ticket_view::{
        AttachmentView, CommentView, KindView, ProjectView, RenderedView, StatusView, TicketView,
        UserView,
    },
    tracker_read::JiraTicket,
};

/// The size of people's pictures that is told, of those that Jira has.
const AVATAR: &str = "48x48";

/// A page of a search: Cloud goes on by token, Data Center by counting.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) issues: Vec<Issue>,
    pub(super) next_page_token: Option<String>,
    pub(super) total: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    id: String,
    #[serde(deserialize_with = "issue_key")]
    pub(super) key: IssueKey,
    fields: Fields,
    #[serde(default)]
    rendered_fields: Option<Rendered>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    summary: String,
    description: Option<String>,
    #[serde(deserialize_with = "jira::time")]
    created: Timestamp,
    assignee: Option<Person>,
    reporter: Option<Person>,
    status: Status,
    #[serde(default)]
    labels: Vec<String>,
    issuetype: Kind,
    project: Project,
    watches: Option<Watches>,
    comment: Option<Comments>,
    #[serde(default)]
    attachment: Vec<Attachment>,
}

/// Only what is asked of the rendered fields: the others are times in words.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Rendered {
    description: Option<String>,
    comment: Option<RenderedComments>,
}

#[derive(Deserialize)]
struct RenderedComments {
    #[serde(default)]
    comments: Vec<RenderedComment>,
}

#[derive(Deserialize)]
struct RenderedComment {
    id: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Person {
    account_id: Option<String>,
    name: Option<String>,
    display_name: String,
    // Hidden by most people on Cloud.
    email_address: Option<String>,
    avatar_urls: BTreeMap<String, String>,
}

impl From<Person> for UserView {
    fn from(mut person: Person) -> Self {
        Self {
            account: person.account_id.or(person.name).unwrap_or_default(),
            avatar: person.avatar_urls.remove(AVATAR),
            name: person.display_name,
            email: person.email_address.filter(|email| !email.is_empty()),
            created: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    name: String,
    status_category: Option<Category>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    key: String,
    #[serde(default)]
    color_name: String,
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        // Jira's own word for a status without a category.
        let unsorted =
            || Category { key: "undefined".to_owned(), color_name: "medium-gray".to_owned() };
        let category = status.status_category.unwrap_or_else(unsorted);
        Self { name: status.name, key: category.key, color_name: category.color_name }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    name: String,
    icon_url: Option<String>,
}

#[derive(Deserialize)]
struct Project {
    key: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "projectTypeKey")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watches {
    #[serde(default)]
    watch_count: u64,
    #[serde(default)]
    is_watching: bool,
}

#[derive(Deserialize)]
pub(super) struct Watchers {
    // Left out where we may not see them.
    #[serde(default)]
    pub(super) watchers: Vec<Person>,
}

#[derive(Deserialize)]
pub(super) struct Comments {
    #[serde(default)]
    pub(super) comments: Vec<Comment>,
    #[serde(default)]
    pub(super) total: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    id: String,
    author: Option<Person>,
    #[serde(default)]
    body: String,
    #[serde(deserialize_with = "jira::time")]
    created: Timestamp,
    rendered_body: Option<String>,
    #[serde(flatten)]
    flags: CommentFlags,
}

impl Comment {
    /// Whether it may go to people outside, where the properties were asked for: on Data Center an
    /// answer without them says nothing.
    pub(super) fn is_public(&self, cloud: bool) -> bool {
        (cloud || self.flags.tell_properties()) && self.flags.is_public()
    }

    pub(super) fn view(self, rendered: bool) -> CommentView {
        CommentView {
            id: self.id,
            author: self.author.map(UserView::from),
            body: self.body,
            created: self.created,
            rendered: rendered.then(|| self.rendered_body.unwrap_or_default()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    #[serde(deserialize_with = "number")]
    id: u64,
    #[serde(default)]
    filename: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    mime_type: String,
    #[serde(deserialize_with = "jira::time")]
    created: Timestamp,
    #[serde(default)]
    content: String,
}

impl From<Attachment> for AttachmentView {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id.to_string(),
            filename: file.filename,
            size: file.size,
            media_type: file.mime_type,
            created: file.created,
            url: file.content,
        }
    }
}

impl Issue {
    pub(super) fn ticket(self, asked: &BTreeSet<Field>, cloud: bool, url: String) -> JiraTicket {
        let Self { id, key, fields, rendered_fields } = self;
        let rendered = rendered_fields.unwrap_or_default();
        let wants = |field: Field| asked.contains(&field);
        // What is internal to a service project, only its comments' properties tell on Data Center,
        // and an issue does not show them.
        let service = fields.project.kind.as_deref().is_none_or(|key| key == "service_desk");
        let told = fields.comment.unwrap_or(Comments { comments: Vec::new(), total: 0 });
        let unclear = !cloud && service && !told.comments.is_empty();
        let left_out = told.total > told.comments.len() || unclear;
        let html = rendered.comment.map(|comment| comment.comments).unwrap_or_default();
        let mut html: BTreeMap<_, _> = html.into_iter().map(|one| (one.id, one.body)).collect();
        let public = told.comments.into_iter().filter(|one| !unclear && one.flags.is_public());
        let comments = public.map(|mut one| {
            one.rendered_body = html.remove(&one.id).or(one.rendered_body);
            one.view(wants(Field::Rendered))
        });
        let body = fields.description.unwrap_or_default();
        let view = TicketView {
            id,
            key,
            title: fields.summary,
            created: fields.created,
            assignee: fields.assignee.map(UserView::from),
            reporter: fields.reporter.map(UserView::from),
            status: fields.status.into(),
            labels: fields.labels,
            url,
            kind: KindView { name: fields.issuetype.name, icon: fields.issuetype.icon_url },
            project: ProjectView { key: fields.project.key, name: fields.project.name },
            comments: wants(Field::Comments).then(|| comments.collect()),
            attachments: wants(Field::Attachments)
                .then(|| fields.attachment.into_iter().map(AttachmentView::from).collect()),
            watchers: None,
            rendered: wants(Field::Rendered)
                .then(|| RenderedView { body: rendered.description.unwrap_or_default() }),
            body,
        };
        let watches = fields.watches.unwrap_or(Watches { watch_count: 0, is_watching: false });
        JiraTicket {
            view,
            watch_count: watches.watch_count,
            watched_by_us: watches.is_watching,
            comments_left_out: wants(Field::Comments) && left_out,
        }
    }
}
