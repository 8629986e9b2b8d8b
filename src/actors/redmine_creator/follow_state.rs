//! Closes and opens issues: as a ticket of the chat stands, or because a follow-up came.
//!
//! Each try begins with a look at the issue, so to try twice changes nothing, and a try of which
//! nobody knows what it did is simply made again. Redmine answers 204 also to what the workflow
//! forbids: what came of it is read.

use super::{RedmineCreator, write_failed};
use crate::{
    actors::{desk::Task, effects::plainly},
    clients::ApiError,
    failpoint,
    model::{
        desk::{Done, Outcome},
        effect::Effect,
        ids::IssueId,
        redmine::Status,
        redmine_desk::RedmineThread,
        ticket::TicketState,
    },
};

impl RedmineCreator {
    /// Makes the issue stand as the case's ticket does, and tells how it stands then.
    pub(super) async fn follow(&self, task: &Task, issue: IssueId) -> Outcome {
        let Some(ticket) = &task.case.ticket else { return plainly() };
        let closed = ticket.state == TicketState::Resolved;
        match self.bring(&task.effect, issue, closed).await {
            Ok(thread) => Outcome::Done(Done::Stands(thread.standing())),
            Err(outcome) => outcome,
        }
    }

    /// Reopens the issue if it is closed. How it stands then is news to its ticket.
    pub(super) async fn open_again(&self, effect: &Effect, issue: IssueId) -> Outcome {
        self.bring(effect, issue, false).await.map_or_else(|outcome| outcome, |_| plainly())
    }

    /// Closes the issue, or opens it, unless it stands so; the issue as it is then.
    async fn bring(
        &self,
        effect: &Effect,
        issue: IssueId,
        closed: bool,
    ) -> Result<RedmineThread, Outcome> {
        let thread = self.thread(effect, issue).await?;
        if thread.status.closed == closed {
            return Ok(thread);
        }
        let allowed = match thread.allowed {
            Some(allowed) => allowed,
            None => match self.tools.redmine.statuses().await {
                Ok(all) => all,
                Err(error) => return Err(super::read_failed(effect, &error)),
            },
        };
        let settings = &self.tools.settings;
        let name = if closed { &settings.close_status } else { &settings.reopen };
        let Some(to) = towards(&allowed, closed, name.as_deref()) else {
            return Err(refused(match name {
                Some(_) => "redmine's workflow offers no status of that name that leads there",
                None => "redmine's workflow offers no status that leads there",
            }));
        };
        match self.tools.redmine.set_status(issue, to, None).await {
            Ok(()) => {}
            Err(ApiError::NotFound { .. }) => return Err(Outcome::IssueGone),
            Err(error @ ApiError::Ambiguous { .. }) => {
                return Err(Outcome::Retry { after: None, fault: error.to_string() });
            }
            Err(error) => return Err(write_failed(effect, &error)),
        }
        failpoint::hit("redmine_creator.moved").await;
        let thread = self.thread(effect, issue).await?;
        if thread.status.closed != closed {
            return Err(refused(
                "redmine took the change of the status and did not make it; the account's role \
                  may not, or somebody was faster",
            ));
        }
        Ok(thread)
    }
}

/// The status to go to: the one of this name, or the first that leads there. Closing and opening
/// both want a status that counts so.
fn towards(allowed: &[Status], closed: bool, name: Option<&str>) -> Option<u64> {
    let named = |status: &&Status| {
        name.is_none_or(|name| status.name.to_lowercase() == name.to_lowercase())
    };
    let mut leading = allowed.iter().filter(|status| status.closed == closed);
    leading.find(named).map(|status| status.id)
}

fn refused(fault: &str) -> Outcome {
    Outcome::Refused { fault: fault.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_status_that_leads_there_or_the_named_one() {
        let status = |id, name: &str, closed| Status { id, name: name.to_owned(), closed };
        let allowed = [
            status(1, "New", false),
            status(4, "Feedback", false),
            status(5, "Closed", true),
            status(6, "Rejected", true),
        ];
        for (closed, name, to) in [
            (true, None, Some(5)),
            (true, Some("rejected"), Some(6)),
            (true, Some("Feedback"), None),
            (true, Some("Gone"), None),
            (false, None, Some(1)),
            (false, Some("FEEDBACK"), Some(4)),
        ] {
            assert_eq!(towards(&allowed, closed, name), to, "{closed} {name:?}");
        }
        assert_eq!(towards(&allowed[..2], true, None), None);
    }
}
