//! What the stand-in of Jira keeps: two projects with a small workflow each, and the issues, found
//! by id or key without a walk over all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::people::Person;
use super::snapshot::{AttachmentSnapshot, CommentSnapshot, IssueSnapshot};
use crate::clock;

pub(super) struct Project {
    pub(super) id: &'static str,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    /// Of the board and of its filter.
    pub(super) board: (u32, &'static str),
    pub(super) filter: &'static str,
    /// Id and name of the step that leads to each of `STATUSES`: no two workflows agree on them.
    pub(super) steps: [(&'static str, &'static str); 3],
}

pub(super) static PROJECTS: [Project; 2] = [
    Project {
        id: "10000",
        key: "SUP",
        name: "Support",
        board: (1, "Support"),
        filter: "10100",
        steps: [("11", "Back to the pile"), ("21", "Start work"), ("31", "Done")],
    },
    Project {
        id: "10001",
        key: "OPS",
        name: "Operations",
        board: (2, "Operations"),
        filter: "10101",
        steps: [("711", "Reopen"), ("721", "Take"), ("731", "Resolve")],
    },
];

/// Id, name, and id, key, name and colour of the category.
pub(super) struct Status {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) category: (u32, &'static str, &'static str, &'static str),
}

pub(super) const OPEN: usize = 0;
pub(super) const DONE: usize = 2;
pub(super) static STATUSES: [Status; 3] = [
    Status { id: "10000", name: "To Do", category: (2, "new", "To Do", "blue-gray") },
    Status {
        id: "3",
        name: "In Progress",
        category: (4, "indeterminate", "In Progress", "yellow"),
    },
    Status { id: "10001", name: "Done", category: (3, "done", "Done", "green") },
];
pub(super) const ISSUE_TYPES: [(&str, &str); 2] = [("10002", "Task"), ("10004", "Bug")];
pub(super) const PRIORITIES: [(&str, &str); 5] =
    [("1", "Highest"), ("2", "High"), ("3", "Medium"), ("4", "Low"), ("5", "Lowest")];
/// Medium.
pub(super) const DEFAULT_PRIORITY: usize = 2;
/// The comment property by which Service Management hides a comment from customers.
pub(super) const PUBLIC: &str = "sd.public.comment";

#[derive(Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) project: &'static Project,
    pub(super) number: u32,
    pub(super) kind: usize,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) labels: Vec<String>,
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) priority: usize,
    pub(super) reporter: &'static Person,
    pub(super) creator: &'static Person,
    pub(super) assignee: Option<&'static Person>,
    pub(super) status: usize,
    pub(super) watchers: BTreeSet<&'static str>,
    pub(super) comments: Vec<Comment>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) deleted: bool,
}

#[derive(Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: &'static Person,
    pub(super) body: String,
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) visibility: Option<Value>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

#[derive(Clone)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) author: &'static Person,
    pub(super) filename: String,
    pub(super) mime: String,
    pub(super) created: Timestamp,
    pub(super) bytes: Bytes,
    /// Made when first asked for.
    pub(super) sha256: OnceLock<String>,
    /// What opens it at the media server without a login.
    pub(super) ticket: String,
}

/// All issues.
pub(super) struct Store {
    pub(super) issues: BTreeMap<u64, Issue>,
    keys: HashMap<String, u64>,
    /// The issue that an attachment belongs to.
    pub(super) attached: HashMap<u64, u64>,
    numbers: [u32; 2],
    last_id: u64,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            issues: BTreeMap::new(),
            keys: HashMap::new(),
            attached: HashMap::new(),
            numbers: [0; 2],
            last_id: 10_000,
        }
    }

    /// A new id, of anything.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The next number of a project; it is used up, whatever becomes of it.
    pub(super) fn next_number(&mut self, project: &Project) -> u32 {
        let at = usize::from(project.key != PROJECTS[0].key);
        self.numbers[at] += 1;
        self.numbers[at]
    }

    pub(super) fn skip_numbers(&mut self, by: u32) {
        self.numbers.iter_mut().for_each(|number| *number += by);
    }

    pub(super) fn insert(&mut self, issue: Issue) {
        self.keys.insert(issue.key(), issue.id);
        self.issues.insert(issue.id, issue);
    }

    /// The id of an issue by its key, in whatever case, or by the id itself; deleted or not.
    pub(super) fn id_of(&self, key: &str) -> Option<u64> {
        let id = self.keys.get(key).or_else(|| self.keys.get(&key.to_ascii_uppercase())).copied();
        id.or_else(|| key.parse().ok().filter(|id| self.issues.contains_key(id)))
    }

    pub(super) fn find(&self, key: &str) -> Option<&Issue> {
        self.id_of(key).and_then(|id| self.issues.get(&id))
    }

    /// An issue that the API still knows.
    pub(super) fn live(&self, key: &str) -> Option<&Issue> {
        self.find(key).filter(|issue| !issue.deleted)
    }
}

impl Issue {
    pub(super) fn key(&self) -> String {
        format!("{}-{}", self.project.key, self.number)
    }

    pub(super) fn snapshot(&self) -> IssueSnapshot {
        let attachments = self.attachments.iter().map(|file| AttachmentSnapshot {
            id: file.id.to_string(),
            filename: file.filename.clone(),
            size: file.bytes.len() as u64,
            sha256: file.sha256().to_owned(),
        });
        let comments = self.comments.iter().map(|comment| CommentSnapshot {
            id: comment.id.to_string(),
            author: comment.author.name.to_owned(),
            body: comment.body.clone(),
            properties: comment.properties.clone(),
            internal: comment.internal(),
        });
        IssueSnapshot {
            key: self.key(),
            id: self.id.to_string(),
            project: self.project.key.to_owned(),
            issue_type: ISSUE_TYPES[self.kind].1.to_owned(),
            summary: self.summary.clone(),
            description: self.description.clone(),
            labels: self.labels.clone(),
            properties: self.properties.clone(),
            priority: PRIORITIES[self.priority].1.to_owned(),
            reporter: self.reporter.name.to_owned(),
            status: STATUSES[self.status].name.to_owned(),
            watchers: self.watchers.iter().map(|name| (*name).to_owned()).collect(),
            comments: comments.collect(),
            attachments: attachments.collect(),
            deleted: self.deleted,
        }
    }
}

impl Attachment {
    fn sha256(&self) -> &str {
        let digest = || base16ct::lower::encode_string(&Sha256::digest(&self.bytes));
        self.sha256.get_or_init(digest)
    }
}

impl Comment {
    /// Whether customers of a service project do not see it.
    pub(super) fn internal(&self) -> bool {
        self.properties.get(PUBLIC).is_some_and(|value| value["internal"] == json!(true))
    }
}

/// A project by its key or id.
pub(super) fn project(text: &str) -> Option<&'static Project> {
    PROJECTS.iter().find(|project| project.key == text || project.id == text)
}

/// Now, in whole milliseconds, as Jira stores time.
pub(super) fn now() -> Timestamp {
    let now = clock::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The id that a changelog names with a value: of statuses and resolutions here.
pub(super) fn id_of(field: &str, name: &str) -> Option<&'static str> {
    match field {
        "status" => STATUSES.iter().find(|status| status.name == name).map(|status| status.id),
        "resolution" => (name == "Done").then_some("10000"),
        _ => None,
    }
}

/// The length of a text as Jira counts it, in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
