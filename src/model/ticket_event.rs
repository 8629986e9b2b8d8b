//! What callers of the API are told of tickets: each event once, numbered in the order in which they
//! were recorded. Nothing of what was written stands in one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    case::Case,
    desk::Done,
    keys::{IssueKey, Tracker},
};

/// Something that happened to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEvent {
    /// Its number, counted up from 1; none is given twice.
    pub number: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The issue.
    pub issue: IssueKey,
    /// Where the issue was made: the name of a board of Jira's, a project of Redmine's. Unknown of an
    /// issue that ticketd did not make itself.
    pub place: Option<String>,
}

impl TicketEvent {
    /// What the issue lives in.
    #[must_use]
    pub fn tracker(&self) -> Tracker {
        self.issue.tracker()
    }
}

/// What happened to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It was made.
    Created,
    /// Something was said in it.
    Commented,
    /// It was closed or opened.
    StatusChanged {
        /// Whether it is closed now.
        closed: bool,
    },
}

/// What callers are told of a case that was as `before` and is as `after`; `done` is what has just
/// happened to it outside.
#[must_use]
pub fn told(before: &Case, after: &Case, done: Option<&Done>) -> Option<EventKind> {
    match done {
        Some(Done::Created { .. }) => return Some(EventKind::Created),
        Some(Done::Commented { .. }) => return Some(EventKind::Commented),
        _ => {}
    }
    let closed = |case: &Case| case.stands.is_some_and(|stands| stands.closed);
    (closed(before) != closed(after)).then(|| EventKind::StatusChanged { closed: closed(after) })
}
