//! What ticketd knows of Redmine's things, free of how they travel.

use super::ids::{IssueId, ProjectRef};

/// Who a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user's number.
    pub id: u64,
    /// The login name.
    pub login: String,
    /// First and last name.
    pub name: String,
    /// The mail address, where Redmine shows it.
    pub mail: Option<String>,
}

impl Account {
    /// Whether a person who says "I am `name`" means this account: by login, mail or number.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        let same = |other: &str| other.to_lowercase() == name.to_lowercase();
        same(&self.login) || self.mail.as_deref().is_some_and(same) || self.id.to_string() == name
    }
}

/// A status as a workflow knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The status' number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether issues in it count as closed.
    pub closed: bool,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueLine {
    /// The issue's number.
    pub id: IssueId,
    /// Its tracker's name (Bug, Support …).
    pub tracker: String,
    /// Its status' name.
    pub status: String,
    /// Its subject, raw.
    pub subject: String,
    /// The assignee's name.
    pub assignee: Option<String>,
}

/// One issue, as much as a chat can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What a list shows of it.
    pub line: IssueLine,
    /// The project's name.
    pub project: String,
    /// The status.
    pub status: Status,
    /// The priority's name.
    pub priority: String,
    /// The author's name.
    pub author: String,
    /// The description, raw.
    pub description: String,
    /// Its comments (journals with notes), oldest first.
    pub comments: Vec<Comment>,
    /// The states that the reader's role may put it in, where Redmine says so (5.0 and later).
    pub allowed_statuses: Option<Vec<Status>>,
}

impl Issue {
    /// Whether the issue is closed. Releases before 5.0 say so only in the list of all states.
    #[must_use]
    pub fn is_closed(&self, statuses: &[Status]) -> bool {
        self.status.closed || statuses.iter().any(|s| s.id == self.status.id && s.closed)
    }

    /// The state that closes it: `preferred` by name if there is a wish, else the first closed
    /// one, and in any case one that the workflow allows.
    #[must_use]
    pub fn closing_status<'a>(
        &self,
        statuses: &'a [Status],
        preferred: Option<&str>,
    ) -> Option<&'a Status> {
        let allowed = |status: &Status| {
            let allowed = self.allowed_statuses.as_ref();
            allowed.is_none_or(|allowed| allowed.iter().any(|other| other.id == status.id))
        };
        let wished = |status: &Status| {
            preferred.is_none_or(|name| name.to_lowercase() == status.name.to_lowercase())
        };
        statuses.iter().find(|status| status.closed && allowed(status) && wished(status))
    }

    /// Whether `user` has commented since `before` was read.
    #[must_use]
    pub fn has_new_comment_by(&self, user: u64, before: &Self) -> bool {
        let known = before.comments.iter().map(|comment| comment.id).max().unwrap_or(0);
        self.comments.iter().any(|comment| comment.id > known && comment.author_id == user)
    }
}

/// A journal entry with a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The journal's number.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// The author's number.
    pub author_id: u64,
    /// The day it was written, in UTC, as `2026-01-31`.
    pub date: String,
    /// The text, raw.
    pub text: String,
}

/// A project that the reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// What commands take.
    pub identifier: String,
    /// What people call it.
    pub name: String,
}

/// A hit of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The issue's number.
    pub id: IssueId,
    /// Redmine's own line for it, e.g. `Bug #9 (New): Printer on fire`.
    pub title: String,
}

/// Part of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u32,
}

/// Rows on one page of a list in the chat.
pub const PAGE_SIZE: u32 = 10;

/// The states of the issues that a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Open ones.
    #[default]
    Open,
    /// Open and closed ones.
    All,
    /// Closed ones.
    Closed,
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Only this project.
    pub project: Option<ProjectRef>,
    /// Only what is assigned to the asker.
    pub mine: bool,
    /// Which states.
    pub state: State,
    /// The page, from 1.
    pub page: u32,
}

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// The text, on one line.
    pub text: String,
    /// The page, from 1.
    pub page: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(id: u64, name: &str, closed: bool) -> Status {
        Status { id, name: name.into(), closed }
    }

    fn issue(allowed_statuses: Option<Vec<Status>>) -> Issue {
        let line = IssueLine {
            id: IssueId::from(1),
            tracker: "Bug".into(),
            status: "New".into(),
            subject: "x".into(),
            assignee: None,
        };
        Issue {
            line,
            project: "Help Desk".into(),
            status: status(1, "New", false),
            priority: "Normal".into(),
            author: "Alice".into(),
            description: String::new(),
            comments: vec![],
            allowed_statuses,
        }
    }

    #[test]
    fn it_closes_only_as_the_workflow_and_the_operator_want() {
        let all = [status(1, "New", false), status(5, "Closed", true), status(6, "Rejected", true)];
        let rejected_only = Some(vec![all[0].clone(), all[2].clone()]);
        for (allowed, preferred, chosen) in [
            (None, None, Some(5)),
            (Some(all.to_vec()), None, Some(5)),
            (Some(all.to_vec()), Some("rejected"), Some(6)),
            (rejected_only.clone(), None, Some(6)),
            (rejected_only, Some("Closed"), None),
            (Some(vec![all[0].clone()]), None, None),
            (Some(all.to_vec()), Some("New"), None),
        ] {
            let chosen_id = issue(allowed).closing_status(&all, preferred).map(|s| s.id);
            assert_eq!(chosen_id, chosen, "{preferred:?}");
        }
    }

    #[test]
    fn only_a_newer_comment_of_ones_own_counts() {
        let comment = |id, author_id| Comment {
            id,
            author: String::new(),
            author_id,
            date: String::new(),
            text: "x".into(),
        };
        let (mut before, mut after) = (issue(None), issue(None));
        before.comments = vec![comment(3, 6)];
        after.comments = vec![comment(3, 6), comment(4, 7)];
        assert!(!after.has_new_comment_by(6, &before));
        after.comments.push(comment(5, 6));
        assert!(after.has_new_comment_by(6, &before));
    }

    #[test]
    fn an_account_answers_to_its_login_mail_and_number_only() {
        let alice = Account {
            id: 6,
            login: "alice".into(),
            name: "Alice Archer".into(),
            mail: Some("alice@example.test".into()),
        };
        for (name, answers) in [
            ("alice", true),
            ("ALICE", true),
            ("Alice@Example.Test", true),
            ("6", true),
            ("bob", false),
            ("Alice Archer", false),
            ("", false),
        ] {
            assert_eq!(alice.answers_to(name), answers, "{name}");
        }
    }
}
