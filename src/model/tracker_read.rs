//! Tickets as a tracker hands them out for callers of the API, and the questions for them. Nothing
//! that holds what people wrote has a `Debug` that shows it.

use super::{
    discreet::discreet,
    ids::ProjectRef,
    keys::IssueKey,
    ticket_query::Sort,
    ticket_view::{TicketView, UserView},
};

/// A question for issues of Jira's; each part that is given must fit.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JiraSearch {
    /// Keys of projects; one of them.
    pub projects: Vec<String>,
    /// Labels, one of them; empty for any.
    pub labels: Vec<String>,
    /// The account that asked.
    pub reporter: Option<String>,
    /// The account that works on it.
    pub assignee: Option<String>,
    /// The account that watches it.
    pub watcher: Option<String>,
    /// The name of its status.
    pub status: Option<String>,
    /// Words that its texts hold.
    pub text: Option<String>,
    /// In which order.
    pub sort: Sort,
}

/// A question for issues of one project of Redmine's; each part that is given must fit.
#[derive(Clone, PartialEq, Eq)]
pub struct RedmineSearch {
    /// The project, without those below it.
    pub project: ProjectRef,
    /// The user who made it.
    pub reporter: Option<u64>,
    /// The user who works on it.
    pub assignee: Option<u64>,
    /// The user who watches it.
    pub watcher: Option<u64>,
    /// The number of its status.
    pub status: Option<u64>,
    /// Words that its subject holds.
    pub text: Option<String>,
    /// In which order.
    pub sort: Sort,
}

/// A page of an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The tickets, in their order.
    pub tickets: Vec<T>,
    /// Where the next page begins; `None` for the last one.
    pub next: Option<String>,
}

/// A ticket as Jira tells it in one answer, and what that answer lacks.
#[derive(Clone, PartialEq, Eq)]
pub struct JiraTicket {
    /// The ticket. Its watchers are not told.
    pub view: TicketView,
    /// How many watch it.
    pub watch_count: u64,
    /// Whether we do.
    pub watched_by_us: bool,
    /// Whether there are comments that the answer does not hold, or of which it does not tell
    /// whether they are for people outside.
    pub comments_left_out: bool,
}

discreet!(JiraTicket { watch_count, comments_left_out });

impl JiraTicket {
    /// The issue's key.
    #[must_use]
    pub fn key(&self) -> &IssueKey {
        &self.view.key
    }
}

/// Somebody in Redmine's list of users.
#[derive(Clone, PartialEq, Eq)]
pub struct RedmineUser {
    /// The user's number.
    pub id: u64,
    /// What the list tells.
    pub view: UserView,
}

discreet!(RedmineUser { id });
