//! A follow-up, or what somebody says in a ticket's thread, becomes a note, once.
//!
//! A note carries no mark. An unclear one is known by its author and its number: ours, and higher than
//! any that was there before the try. That is exact, for all that we say in one issue is said one after
//! the other, and Redmine's thread comes from its database. Its text tells nothing: what it is made of
//! may have been corrected meanwhile.
//!
//! Redmine answers 204 also where the account may not add notes: each is looked for after it.

use super::{RedmineCreator, fault_of, write_failed};
use crate::{
    actors::creators::LOCKED_OUT,
    clients::ApiError,
    failpoint,
    model::{desk::Outcome, effect::Effect, ids::IssueId, redmine_desk::RedmineThread},
    store::StoreError,
};

impl RedmineCreator {
    /// Whether an unclear try has added its note.
    pub(super) async fn has_noted(&self, effect: &Effect, issue: IssueId) -> Result<bool, Outcome> {
        let (thread, us) = (self.thread(effect, issue).await?, self.us(effect).await?);
        Ok(was_said(&thread, us, effect.trace.above))
    }

    /// Adds the note.
    pub(super) async fn note(
        &self,
        effect: &Effect,
        issue: IssueId,
        text: &str,
    ) -> Result<Result<(), Outcome>, StoreError> {
        let read = async { Ok((self.thread(effect, issue).await?, self.us(effect).await?)) };
        let (thread, us) = match read.await {
            Ok(read) => read,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let above = thread.journals.iter().map(|journal| journal.id).max().unwrap_or_default();
        let effect = self.tools.desk.begin(effect, Some(above)).await?;
        failpoint::hit("redmine_creator.begun").await;
        let said = self.tools.redmine.note(thread.id, text).await;
        failpoint::hit("redmine_creator.noted").await;
        Ok(match said {
            Ok(()) => self.is_kept(&effect, thread.id, us).await,
            Err(ApiError::NotFound { .. }) => Err(Outcome::IssueGone),
            Err(error) => Err(write_failed(&effect, &error)),
        })
    }

    async fn is_kept(&self, effect: &Effect, issue: IssueId, us: u64) -> Result<(), Outcome> {
        match self.tools.redmine.thread(issue).await {
            Ok(thread) if was_said(&thread, us, effect.trace.above) => Ok(()),
            Ok(_) => {
                let fault = "redmine keeps no note of ours; let the account add notes there";
                Err(Outcome::Retry { after: Some(LOCKED_OUT), fault: fault.to_owned() })
            }
            Err(ApiError::NotFound { .. }) => Err(Outcome::IssueGone),
            Err(error) => Err(Outcome::Unclear { fault: fault_of(&error) }),
        }
    }
}

/// Whether we said anything since there were no notes above that one.
fn was_said(thread: &RedmineThread, us: u64, above: Option<u64>) -> bool {
    let above = above.unwrap_or_default();
    thread.journals.iter().any(|one| one.author_id == us && one.id > above)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{
        redmine::Status,
        redmine_desk::{Journal, Named},
    };

    #[test]
    fn a_note_is_known_by_its_author_and_its_number() {
        let journal = |id, author_id| Journal {
            id,
            author_id,
            author: String::new(),
            text: "ok".to_owned(),
            private: false,
            created: Timestamp::UNIX_EPOCH,
        };
        let thread = RedmineThread {
            id: IssueId::from(1),
            project: Named { id: 1, name: String::new() },
            status: Status { id: 1, name: String::new(), closed: false },
            updated: Timestamp::UNIX_EPOCH,
            last_entry: 7,
            journals: vec![journal(3, 5), journal(4, 6), journal(7, 5), journal(8, 6)],
            allowed: None,
            attachments: Vec::new(),
            watchers: None,
        };
        for (above, said) in [(None, true), (Some(2), true), (Some(6), true), (Some(7), false)] {
            assert_eq!(was_said(&thread, 5, above), said, "{above:?}");
        }
    }
}
