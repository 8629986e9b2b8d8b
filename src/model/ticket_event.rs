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
    // How an issue stood before it was adopted nobody knows.
    if before.is_adopted() && before.stands.is_none() {
        return None;
    }
    let closed = |case: &Case| case.stands.is_some_and(|stands| stands.closed);
    (closed(before) != closed(after)).then(|| EventKind::StatusChanged { closed: closed(after) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        case::Standing,
        desk::{adopt, open_request, samples::at, stands},
        keys::CaseId,
    };

    #[test]
    fn the_first_standing_of_an_adopted_issue_is_no_news() {
        let issue = IssueKey::parse("#7").unwrap();
        let (asked_for, _) =
            open_request(CaseId::first(), "a", (Tracker::Redmine, "p".to_owned()), at(0));
        let adopted = adopt(CaseId::first(), issue, at(0));
        let changed = |closed| Some(EventKind::StatusChanged { closed });
        for (case, standings) in [
            (&adopted, [(true, None), (false, changed(false)), (true, changed(true))]),
            (&adopted, [(false, None), (true, changed(true)), (false, changed(false))]),
            (&asked_for, [(false, None), (true, changed(true)), (false, changed(false))]),
        ] {
            let mut case = case.clone();
            for (second, (closed, expected)) in (1..).zip(standings) {
                let before = case.clone();
                stands(&mut case, Standing { closed, at: at(second) }, at(second));
                assert_eq!(told(&before, &case, None), expected, "{closed}");
            }
        }
    }
}
