//! What a test does in the stand-in of Jira besides calling its API: what people do there, what an
//! administrator changes, and what became of it all.

use std::collections::BTreeMap;
use std::sync::MutexGuard;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::data::{DONE, OPEN, PUBLIC};
use super::limits::JiraWrite;
use super::snapshot::IssueSnapshot;
use super::state::State;
use super::{Jira, comments, data, people};
use crate::sandbox::wire::lock;

#[allow(clippy::must_use_candidate, reason = "what people do is done, whoever asks for its id")]
impl Jira {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.service().state)
    }

    /// Every issue, the deleted ones too, oldest first.
    #[must_use]
    pub fn issues(&self) -> Vec<IssueSnapshot> {
        self.state().store.issues.values().map(super::data::Issue::snapshot).collect()
    }

    /// An issue by its key, deleted or not.
    #[must_use]
    pub fn issue(&self, key: &str) -> Option<IssueSnapshot> {
        self.state().store.find(key).map(super::data::Issue::snapshot)
    }

    /// Somebody, by name, comments on an issue; the comment's id, empty when there is no such
    /// person or issue.
    pub fn comment_as(&self, user: &str, key: &str, body: &str) -> String {
        self.add_comment(user, key, body, BTreeMap::new(), None)
    }

    /// As `comment_as`, but not for customers: with `sd.public.comment` `{"internal": true}`.
    pub fn internal_comment_as(&self, user: &str, key: &str, body: &str) -> String {
        let internal = BTreeMap::from([(PUBLIC.to_owned(), json!({ "internal": true }))]);
        self.add_comment(user, key, body, internal, None)
    }

    /// As `comment_as`, but only for the role `Administrators`.
    pub fn restricted_comment_as(&self, user: &str, key: &str, body: &str) -> String {
        let role = comments::restricted("role", "Administrators");
        self.add_comment(user, key, body, BTreeMap::new(), Some(role))
    }

    fn add_comment(
        &self,
        user: &str,
        key: &str,
        body: &str,
        properties: BTreeMap<String, Value>,
        visibility: Option<Value>,
    ) -> String {
        let mut state = self.state();
        let issue = state.store.live(key).map(|issue| issue.id);
        let (Some(author), Some(issue)) = (people::whoever(user), issue) else {
            return String::new();
        };
        state.add_comment(issue, author, body, properties, visibility).to_string()
    }

    /// The text of a comment changes; whether there is such a comment.
    pub fn edit_comment(&self, key: &str, id: &str, body: &str) -> bool {
        let mut state = self.state();
        let issue = state.store.live(key).map(|issue| issue.id);
        match (issue, id.parse()) {
            (Some(issue), Ok(id)) => state.edit_comment(issue, id, body),
            _ => false,
        }
    }

    /// A comment is deleted; whether there was one.
    pub fn delete_comment(&self, key: &str, id: &str) -> bool {
        let mut state = self.state();
        let issue = state.store.live(key).map(|issue| issue.id);
        let (Some(issue), Ok(id)) = (issue, id.parse::<u64>()) else { return false };
        let Some(issue) = state.store.issues.get_mut(&issue) else { return false };
        let before = issue.comments.len();
        issue.comments.retain(|comment| comment.id != id);
        issue.comments.len() < before
    }

    /// Somebody, by name, puts a file on an issue; its id, empty when there is no such person or
    /// issue.
    pub fn attach_as(&self, user: &str, key: &str, name: &str, bytes: impl Into<Bytes>) -> String {
        let mut state = self.state();
        let issue = state.store.live(key).map(|issue| issue.id);
        let (Some(author), Some(issue)) = (people::whoever(user), issue) else {
            return String::new();
        };
        state.attach(issue, author, name, "application/octet-stream", bytes.into()).to_string()
    }

    /// Somebody, by name, files an issue with these labels in a project; its key, empty when there is
    /// no such person or project.
    pub fn file_as(&self, user: &str, place: &str, summary: &str, labels: &[&str]) -> String {
        let mut state = self.state();
        let (Some(author), Some(project)) = (people::whoever(user), data::project(place)) else {
            return String::new();
        };
        let mut issue = state.new_issue(project);
        (issue.reporter, issue.creator) = (author, author);
        summary.clone_into(&mut issue.summary);
        issue.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let key = issue.key();
        state.index.note(&issue);
        state.store.insert(issue);
        key
    }

    /// An issue says this; whether there is such an issue.
    pub fn describe(&self, key: &str, text: &str) -> bool {
        self.edit(key, |issue| text.clone_into(&mut issue.description))
    }

    /// Somebody, by name, works on an issue; whether there is such a person and issue.
    pub fn assign(&self, key: &str, who: &str) -> bool {
        let who = people::whoever(who);
        who.is_some() && self.edit(key, |issue| issue.assignee = who)
    }

    /// Somebody, by name, watches an issue; whether there is such a person and issue.
    pub fn watch_as(&self, who: &str, key: &str) -> bool {
        let Some(who) = people::whoever(who) else { return false };
        self.edit(key, |issue| {
            issue.watchers.insert(who.name);
        })
    }

    fn edit(&self, key: &str, change: impl FnOnce(&mut data::Issue)) -> bool {
        let mut state = self.state();
        let Some(id) = state.store.live(key).map(|issue| issue.id) else { return false };
        state.change(id, people::BOT, change);
        true
    }

    /// A search tells at most so many comments of an issue, its total in any case. Jira's description
    /// promises no number.
    pub fn tell_comments(&self, most: usize) {
        self.state().told_comments = Some(most);
    }

    /// Alice sets an issue to `Done`.
    pub fn close(&self, key: &str) {
        self.set_status(key, DONE);
    }

    /// Alice sets an issue to `To Do`.
    pub fn reopen(&self, key: &str) {
        self.set_status(key, OPEN);
    }

    fn set_status(&self, key: &str, status: usize) {
        let mut state = self.state();
        let issue = state.store.live(key).map(|issue| issue.id);
        if let (Some(issue), Some(alice)) = (issue, people::whoever("alice")) {
            state.change(issue, alice, |issue| issue.status = status);
        }
    }

    /// Somebody deletes an issue.
    pub fn delete(&self, key: &str) {
        let mut state = self.state();
        if let Some(id) = state.store.live(key).map(|issue| issue.id) {
            state.change(id, people::BOT, |issue| issue.deleted = true);
        }
    }

    /// Somebody moves an issue to another project. Returns its new key; the old one leads to it.
    ///
    /// Source: Atlassian's manual, "Move an issue": links with the old key are redirected.
    #[must_use]
    pub fn move_to_project(&self, key: &str, project: &str) -> Option<String> {
        let mut state = self.state();
        let id = state.store.live(key)?.id;
        let project = data::project(project)?;
        let number = state.store.next_number(project);
        state.change(id, people::BOT, |issue| (issue.project, issue.number) = (project, number));
        let moved = state.store.find(key)?.clone();
        let key = moved.key();
        state.store.insert(moved);
        Some(key)
    }

    /// The next issue of either project gets a number higher by `n` than it would.
    pub fn move_numbers_on(&self, n: u32) {
        self.state().store.skip_numbers(n);
    }

    /// From now on the search is this much behind, also for what was written already.
    pub fn set_index_lag(&self, lag: Duration) {
        self.state().index.set_lag(lag);
    }

    /// This person, by name, address or account id, may not be put on a watch list.
    pub fn forbid_watching(&self, who: &str) {
        self.state().unwatchable.extend(people::whoever(who));
    }

    /// The bot loses a permission, such as `CREATE_ISSUES`, `ADD_COMMENTS`, `MANAGE_WATCHERS`.
    pub fn forbid(&self, permission: &str) {
        self.state().denied.insert(permission.to_owned());
    }

    /// The workflows no longer offer the steps of this name.
    pub fn withhold_step(&self, name: &str) {
        self.state().withheld.insert(name.to_owned());
    }

    /// This field is taken off the screens.
    pub fn reject_field(&self, name: &str) {
        self.state().rejected.insert(name.to_owned());
    }

    /// Tells this URL, and no other, of comments and changes, signed with this secret. Events on
    /// their way to another one still arrive there.
    pub fn webhook_to(&self, url: Url, secret: &str) {
        self.state().hooks.aim(url, secret);
    }

    /// From now on the bot's token is refused.
    pub fn expire_token(&self) {
        self.state().expired = true;
    }

    /// The bot's token is good again.
    pub fn renew_token(&self) {
        self.state().expired = false;
    }

    /// The POST and PUT requests that wrote something, whether or not their answer arrived.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.state().gate.accepted()
    }

    /// The same, of one kind.
    #[must_use]
    pub fn writes_of(&self, kind: JiraWrite) -> u64 {
        self.state().gate.accepted_of(kind)
    }

    /// The writes that were answered with 429.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state().gate.refused()
    }

    /// The most writes, of any outcome but 429, within any one second.
    #[must_use]
    pub fn busiest_second(&self) -> usize {
        self.state().gate.busiest()
    }
}
