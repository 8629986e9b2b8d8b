//! Everything that the stand-in of Jira knows at a moment, and what more than one request asks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::data::{self, Attachment, Comment, Issue, Store};
use super::error::Refusal;
use super::index::Index;
use super::limits::Gate;
use super::people::{self, Person};
use super::webhooks::{self, Webhooks};
use super::{Deployment, JiraSetup};
use crate::sandbox::wire::Request;

pub(super) struct State {
    pub(super) flavour: Deployment,
    /// The base address, with a slash at its end.
    pub(super) base: String,
    pub(super) attachment_limit: u64,
    pub(super) store: Store,
    pub(super) index: Index,
    pub(super) gate: Gate,
    pub(super) hooks: Webhooks,
    /// Permissions that the bot lacks.
    pub(super) denied: BTreeSet<String>,
    /// Fields that are on no screen.
    pub(super) rejected: BTreeSet<String>,
    /// Steps that no workflow offers any more, by name.
    pub(super) withheld: BTreeSet<String>,
    /// People who may not watch.
    pub(super) unwatchable: Vec<&'static Person>,
    /// The most comments that a search tells of an issue.
    pub(super) told_comments: Option<usize>,
    pub(super) expired: bool,
    /// Refused logins since the last good one.
    pub(super) failures: u32,
}

impl State {
    pub(super) fn new(setup: &JiraSetup, base: String, runtime: Handle) -> Self {
        Self {
            flavour: setup.flavour,
            base,
            attachment_limit: setup.attachment_limit,
            store: Store::new(),
            index: Index::new(setup.index_lag),
            gate: Gate::new(setup.writes_per_second),
            hooks: Webhooks::new(runtime),
            denied: BTreeSet::new(),
            rejected: BTreeSet::new(),
            withheld: BTreeSet::new(),
            unwatchable: Vec::new(),
            told_comments: None,
            expired: false,
            failures: 0,
        }
    }

    pub(super) fn cloud(&self) -> bool {
        self.flavour == Deployment::Cloud
    }

    pub(super) fn caller(&self, request: &Request) -> people::Caller {
        match people::caller(self.flavour, request) {
            people::Caller::Bot if self.expired => people::Caller::Refused,
            caller => caller,
        }
    }

    /// Whether the bot has this permission.
    pub(super) fn may(&self, permission: &str) -> bool {
        !self.denied.contains(permission)
    }

    /// The issue that this key means, for the bot.
    pub(super) fn issue(&self, key: &str) -> Result<&Issue, Refusal> {
        let found = self.store.live(key).filter(|_| self.may("BROWSE_PROJECTS"));
        found.ok_or_else(|| self.no_issue())
    }

    pub(super) fn no_issue(&self) -> Refusal {
        Refusal::missing(match self.flavour {
            Deployment::Cloud => "Issue does not exist or you do not have permission to see it.",
            Deployment::DataCenter => "Issue Does Not Exist",
        })
    }

    /// The next issue of a project, empty and the bot's; it is not there yet.
    pub(super) fn new_issue(&mut self, project: &'static data::Project) -> Issue {
        let now = data::now();
        Issue {
            id: self.store.next_id(),
            project,
            number: self.store.next_number(project),
            kind: 0,
            summary: String::new(),
            description: String::new(),
            labels: Vec::new(),
            properties: BTreeMap::new(),
            priority: data::DEFAULT_PRIORITY,
            reporter: people::BOT,
            creator: people::BOT,
            assignee: None,
            status: data::OPEN,
            watchers: BTreeSet::new(),
            comments: Vec::new(),
            attachments: Vec::new(),
            created: now,
            updated: now,
            deleted: false,
        }
    }

    /// Changes an issue as this person, with all that follows from it.
    pub(super) fn change(&mut self, id: u64, by: &Person, change: impl FnOnce(&mut Issue)) {
        let Some(issue) = self.store.issues.get_mut(&id) else { return };
        let before = issue.clone();
        change(issue);
        issue.updated = data::now();
        let items = webhooks::items(&before, issue);
        self.index.note(issue);
        webhooks::issue_updated(self, id, by, &items);
    }

    /// Adds a comment; its id.
    pub(super) fn add_comment(
        &mut self,
        issue: u64,
        author: &'static Person,
        body: &str,
        properties: BTreeMap<String, Value>,
        visibility: Option<Value>,
    ) -> u64 {
        let (id, now) = (self.store.next_id(), data::now());
        let body = body.to_owned();
        let comment =
            Comment { id, author, body, properties, visibility, created: now, updated: now };
        if let Some(issue) = self.store.issues.get_mut(&issue) {
            issue.comments.push(comment.clone());
            issue.updated = now;
            self.index.note(issue);
        }
        webhooks::comment(self, webhooks::Told::Created, issue, &comment);
        id
    }

    /// Changes the text of a comment; whether there is one.
    pub(super) fn edit_comment(&mut self, issue: u64, comment: u64, body: &str) -> bool {
        let now = data::now();
        let Some(issue) = self.store.issues.get_mut(&issue) else { return false };
        let Some(found) = issue.comments.iter_mut().find(|found| found.id == comment) else {
            return false;
        };
        body.clone_into(&mut found.body);
        found.updated = now;
        issue.updated = now;
        let (id, told) = (issue.id, found.clone());
        self.index.note(issue);
        webhooks::comment(self, webhooks::Told::Edited, id, &told);
        true
    }

    /// Adds a file; its id.
    pub(super) fn attach(
        &mut self,
        issue: u64,
        author: &'static Person,
        filename: &str,
        mime: &str,
        bytes: Bytes,
    ) -> u64 {
        let (id, created) = (self.store.next_id(), data::now());
        let (filename, mime) = (filename.to_owned(), mime.to_owned());
        let ticket = Uuid::new_v4().simple().to_string();
        let told = ("Attachment", String::new(), filename.clone());
        if let Some(found) = self.store.issues.get_mut(&issue) {
            found.attachments.push(Attachment {
                id,
                author,
                filename,
                mime,
                created,
                bytes,
                sha256: OnceLock::new(),
                ticket,
            });
            found.updated = created;
            self.store.attached.insert(id, issue);
            self.index.note(found);
        }
        webhooks::issue_updated(self, issue, author, &[told]);
        id
    }
}

/// The JSON of a request's body.
///
/// # Errors
/// 415 when it does not say that it is JSON, 400 when it is none.
pub(super) fn json_of(request: &Request) -> Result<Value, Refusal> {
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"));
    }
    serde_json::from_slice(&request.body).map_err(|_| {
        Refusal::bad("There was an error parsing JSON. Check that your request body is valid.")
    })
}

/// Properties of a new issue or comment, `[{"key": …, "value": …}]`.
///
/// # Errors
/// 400 when they are of another form, or too large.
pub(super) fn properties_of(list: &Value) -> Result<BTreeMap<String, Value>, Refusal> {
    if list.is_null() {
        return Ok(BTreeMap::new());
    }
    let wrong = || Refusal::bad("Entity properties must be a list of keys and values.");
    let entries = list.as_array().ok_or_else(wrong)?;
    entries
        .iter()
        .map(|entry| {
            let key = entry["key"].as_str().ok_or_else(wrong)?;
            let value = entry.get("value").ok_or_else(wrong)?;
            check_property(key, value)?;
            Ok((key.to_owned(), value.clone()))
        })
        .collect()
}

/// Keys up to 255 characters, values up to 32,768, as the API's description says.
///
/// # Errors
/// 400 beyond that, and for no key.
pub(super) fn check_property(key: &str, value: &Value) -> Result<(), Refusal> {
    if key.is_empty() || data::length(key) > 255 {
        return Err(Refusal::bad("The property key length must be between 1 and 255 characters."));
    }
    if data::length(&value.to_string()) > 32_768 {
        return Err(Refusal::bad("The property value length must not exceed 32768 characters."));
    }
    Ok(())
}
