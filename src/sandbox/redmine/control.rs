//! What a test does with the issues beyond the common controls: reads them, and lets people work
//! on them as they do in a browser, by the same rules: the answers say whether it came to pass.

use bytes::Bytes;
use serde_json::{Value, json};

use super::data::{Data, Issue, STATUSES, TRACKERS, is_closed, name_of, project_by_id};
use super::{Redmine, access, write};
use crate::sandbox::wire::lock;

/// An issue as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedmineIssue {
    /// Its number.
    pub id: u32,
    /// The project's identifier.
    pub project: &'static str,
    /// The tracker's name.
    pub tracker: &'static str,
    /// The status' name.
    pub status: &'static str,
    /// Whether it counts as closed.
    pub closed: bool,
    /// The priority's number.
    pub priority: u32,
    /// The author's login.
    pub author: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its description, with CRLF at the ends of lines; empty where there is none.
    pub description: String,
}

/// What was said on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedmineNote {
    /// The number of the journal entry.
    pub id: u32,
    /// The author's login.
    pub author: &'static str,
    /// The text as it was sent.
    pub text: String,
    /// Whether it is a private note.
    pub private: bool,
}

impl Redmine {
    /// All issues by their numbers; the first eight are the seed's.
    #[must_use]
    pub fn issues(&self) -> Vec<RedmineIssue> {
        let data = lock(&self.0.service().data);
        data.issues.values().map(|issue| snapshot(&data, issue)).collect()
    }

    /// The notes of an issue, oldest first; none of an issue that is not there.
    #[must_use]
    pub fn notes(&self, id: u32) -> Vec<RedmineNote> {
        let data = lock(&self.0.service().data);
        let journals = data.issues.get(&id).into_iter().flat_map(|issue| &issue.journals);
        journals
            .filter_map(|journal| {
                let text = journal.notes.clone().filter(|text| !text.trim().is_empty())?;
                let (author, private) = (login(&data, journal.user), journal.private);
                Some(RedmineNote { id: journal.id, author, text, private })
            })
            .collect()
    }

    /// The names and bytes of what hangs on an issue, oldest first.
    #[must_use]
    pub fn attachments(&self, id: u32) -> Vec<(String, Bytes)> {
        let data = lock(&self.0.service().data);
        let files = data.files.values().filter(|file| file.issue == Some(id));
        files.map(|file| (file.filename.clone(), file.bytes.clone())).collect()
    }

    /// The logins of those who watch an issue.
    #[must_use]
    pub fn watchers(&self, id: u32) -> Vec<&'static str> {
        let data = lock(&self.0.service().data);
        let watchers = data.issues.get(&id).into_iter().flat_map(|issue| &issue.watchers);
        watchers.map(|user| login(&data, *user)).collect()
    }

    /// Somebody adds a note. The number of the journal entry; none where they may not.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn comment_as(&self, login: &str, id: u32, text: &str) -> Option<u32> {
        self.amend(login, id, json!({ "notes": browsed(text) }))
    }

    /// The same for a note that only members with the right for it may read.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn private_note_as(&self, login: &str, id: u32, text: &str) -> Option<u32> {
        self.amend(login, id, json!({ "notes": browsed(text), "private_notes": true }))
    }

    /// Somebody makes an issue private; whether it then is.
    #[must_use]
    pub fn make_private_as(&self, login: &str, id: u32) -> bool {
        self.amend(login, id, json!({ "is_private": true }));
        let data = lock(&self.0.service().data);
        data.issues.get(&id).is_some_and(|issue| issue.is_private)
    }

    /// Somebody puts an issue into the state of this name; whether it then is in it.
    #[must_use]
    pub fn set_status_as(&self, login: &str, id: u32, status: &str) -> bool {
        let known = STATUSES.iter().find(|(_, name, _)| *name == status);
        self.amend(login, id, json!({ "status_id": known.map(|(id, ..)| id) }));
        self.issues().iter().any(|issue| issue.id == id && issue.status == status)
    }

    /// Somebody closes an issue; whether it then is closed.
    #[must_use]
    pub fn close_as(&self, login: &str, id: u32) -> bool {
        self.set_status_as(login, id, "Closed")
    }

    /// An issue goes for good, with all that hangs on it; its number is not used again. Whether
    /// it was there.
    #[must_use]
    pub fn delete(&self, id: u32) -> bool {
        let mut data = lock(&self.0.service().data);
        data.files.retain(|_, file| file.issue != Some(id));
        data.issues.remove(&id).is_some()
    }

    /// The number of the entry that it made in the journal.
    fn amend(&self, login: &str, id: u32, fields: Value) -> Option<u32> {
        let Value::Object(fields) = fields else { return None };
        let mut data = lock(&self.0.service().data);
        let me = data.users.iter().find(|user| user.login == login).copied()?;
        let before = data.issues.get(&id).filter(|issue| access::sees(Some(&me), issue))?;
        let before = before.journals.len();
        write::amend(&mut data, &me, id, &fields).ok()?;
        data.issues.get(&id)?.journals.get(before..)?.last().map(|journal| journal.id)
    }
}

fn snapshot(data: &Data, issue: &Issue) -> RedmineIssue {
    let status = STATUSES.iter().find(|(id, ..)| *id == issue.status);
    RedmineIssue {
        id: issue.id,
        project: project_by_id(issue.project).identifier,
        tracker: name_of(&TRACKERS, issue.tracker),
        status: status.map_or("", |(_, name, _)| name),
        closed: is_closed(issue.status),
        priority: issue.priority,
        author: login(data, issue.author),
        subject: issue.subject.clone(),
        description: issue.description.clone().unwrap_or_default(),
    }
}

fn login(data: &Data, id: u32) -> &'static str {
    data.user(id).map_or("", |user| user.login)
}

/// Browsers send CRLF.
fn browsed(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}
