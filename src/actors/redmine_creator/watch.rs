//! Whoever got a copy of the mail watches the issue, if Redmine knows them. To add a watcher twice
//! changes nothing, so an unclear try is simply repeated. One who may not watch stops nobody else.

use super::{RedmineCreator, plainly, read_failed, write_failed};
use crate::{
    actors::mailboxes::{Letter, Mailbox},
    clients::ApiError,
    model::{
        desk::Outcome,
        effect::{Effect, MailRef},
        ids::IssueId,
    },
};

/// People that one mail makes watchers.
const WATCHERS_MAX: usize = 25;

impl RedmineCreator {
    pub(super) async fn watch(
        &self,
        effect: &Effect,
        mailbox: &Mailbox,
        mail: &MailRef,
        issue: IssueId,
    ) -> Outcome {
        let letter = match mailbox.letter(mail, effect.failures).await {
            Ok(letter) => letter,
            Err(error) => return read_failed(effect, &error),
        };
        let Letter::Here { mail, .. } = letter else { return plainly() };
        let redmine = &self.tools.redmine;
        let mut refused = 0;
        for person in mail.recipients.iter().take(WATCHERS_MAX) {
            if person.email == mailbox.address {
                continue;
            }
            let found = self.people.account(&person.email, redmine.find_user(&person.email));
            let user = match found.await {
                Ok(Some(user)) => user,
                Ok(None) => continue,
                Err(error) => return read_failed(effect, &error),
            };
            match redmine.watch(issue, user).await {
                Ok(()) => {}
                Err(
                    ApiError::Forbidden { .. }
                    | ApiError::NotFound { .. }
                    | ApiError::Rejected { .. },
                ) => refused += 1,
                Err(error @ ApiError::Ambiguous { .. }) => {
                    return Outcome::Retry { after: None, fault: error.to_string() };
                }
                Err(error) => return write_failed(effect, &error),
            }
        }
        if refused > 0 {
            tracing::warn!(
                issue.key = %issue,
                watchers.refused = refused,
                "redmine does not let everybody watch who got a copy"
            );
        }
        plainly()
    }
}
