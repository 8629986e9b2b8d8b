//! Closes and opens issues: as a ticket of the chat stands, or because a follow-up came.
//!
//! Each try begins with a look at the issue, so to try twice changes nothing, and a try of which
//! nobody knows what it did is simply made again.

use super::{JiraCreator, read_failed, write_failed};
use crate::{
    actors::{desk::Task, effects::plainly},
    clients::ApiError,
    failpoint,
    model::{
        desk::{Done, Outcome},
        effect::Effect,
        jira::IssueStatus,
        keys::IssueKey,
        ticket::TicketState,
    },
};

impl JiraCreator {
    /// Makes the issue stand as the case's ticket does, and tells how it stands then.
    pub(super) async fn follow(&self, task: &Task, issue: &IssueKey) -> Outcome {
        let Some(ticket) = &task.case.ticket else { return plainly() };
        let closed = ticket.state == TicketState::Resolved;
        let settings = &self.tools.settings;
        let name = if closed { &settings.resolve } else { &settings.reopen };
        let brought = async {
            self.bring(&task.effect, issue, closed, name.as_deref()).await?;
            failpoint::hit("jira_creator.moved").await;
            // The move may have led elsewhere, and somebody may have been faster since.
            self.look(&task.effect, issue).await
        };
        match brought.await {
            Ok(status) => Outcome::Done(Done::Stands(status.standing())),
            Err(outcome) => outcome,
        }
    }

    /// Reopens the issue if it is closed, where that is wanted.
    pub(super) async fn open_again(&self, effect: &Effect, issue: &IssueKey) -> Outcome {
        let Some(name) = &self.tools.settings.reopen else { return plainly() };
        match self.bring(effect, issue, false, Some(name)).await {
            Ok(()) => plainly(),
            Err(outcome) => outcome,
        }
    }

    /// Closes the issue, or opens it, unless it stands so.
    async fn bring(
        &self,
        effect: &Effect,
        issue: &IssueKey,
        closed: bool,
        name: Option<&str>,
    ) -> Result<(), Outcome> {
        if self.look(effect, issue).await?.done == closed {
            return Ok(());
        }
        match self.tools.jira.transition(issue, closed, name).await {
            Ok(false) => {
                let fault = match name {
                    Some(_) => "jira offers no transition of that name that leads there",
                    None => "jira offers no transition that leads there",
                };
                Err(Outcome::Refused { fault: fault.to_owned() })
            }
            Err(error @ ApiError::Ambiguous { .. }) => {
                Err(Outcome::Retry { after: None, fault: error.kind().to_owned() })
            }
            // Jira says so too if somebody has moved it in between.
            Err(error @ ApiError::Rejected { .. })
                if self.look(effect, issue).await?.done != closed =>
            {
                Err(write_failed(effect, &error))
            }
            Ok(true) | Err(ApiError::Rejected { .. }) => Ok(()),
            Err(error) => Err(write_failed(effect, &error)),
        }
    }

    async fn look(&self, effect: &Effect, issue: &IssueKey) -> Result<IssueStatus, Outcome> {
        match self.tools.jira.issue_status(issue).await {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err(Outcome::IssueGone),
            Err(error) => Err(read_failed(effect, &error)),
        }
    }
}
