//! Whoever got a copy of the mail watches the issue, if Jira knows them. To add a watcher twice
//! changes nothing, so an unclear try is simply repeated. One who may not watch stops nobody else.

use super::{JiraCreator, plainly, read_failed, write_failed};
use crate::{
    actors::{
        desk::Task,
        mailboxes::{Letter, Mailbox},
    },
    clients::ApiError,
    model::{desk::Outcome, effect::MailRef, keys::IssueKey},
    store::StoreError,
};

/// People that one mail makes watchers.
const WATCHERS_MAX: usize = 25;

impl JiraCreator {
    pub(super) async fn watch(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        mail: &MailRef,
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let letter = match mailbox.letter(mail, effect.failures).await {
            Ok(letter) => letter,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let Letter::Here { mail, .. } = letter else { return Ok(plainly()) };
        let jira = &self.tools.jira;
        let mut refused = 0;
        for person in mail.recipients.iter().take(WATCHERS_MAX) {
            if person.email == mailbox.address {
                continue;
            }
            let account = match self.account(&person.email).await {
                Ok(Some(account)) => account,
                Ok(None) => continue,
                Err(error) => return Ok(read_failed(effect, &error)),
            };
            match jira.watch(issue, &account).await {
                Ok(()) => {}
                Err(
                    ApiError::Forbidden { .. }
                    | ApiError::NotFound { .. }
                    | ApiError::Rejected { .. },
                ) => refused += 1,
                Err(error) => return Ok(write_failed(effect, &error)),
            }
        }
        if refused > 0 {
            tracing::warn!(
                issue.key = %issue,
                watchers.refused = refused,
                "jira does not let everybody watch who got a copy"
            );
        }
        Ok(plainly())
    }
}
