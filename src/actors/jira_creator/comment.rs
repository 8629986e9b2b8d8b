//! A follow-up becomes a comment, once.

use super::{JiraCreator, read_failed, write_failed};
use crate::{
    actors::{desk::Task, mailboxes::Mailbox},
    clients::ApiError,
    failpoint,
    model::{
        desk::{Done, Outcome},
        effect::MailRef,
        keys::IssueKey,
    },
    store::StoreError,
};

/// Comments that are looked through for our own, the newest first.
const LOOK_THROUGH: usize = 200;

impl JiraCreator {
    pub(super) async fn comment(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        mail: &MailRef,
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let mark = effect.mark();
        let unclear = effect.is_unclear();
        if unclear {
            match self.tools.jira.comments(issue, LOOK_THROUGH).await {
                Ok(comments) => {
                    let ours = |mark_of: Option<&str>| mark_of == Some(mark.as_str());
                    if !comments.iter().any(|comment| ours(comment.mark.as_deref())) {
                        return Ok(Outcome::NotFound);
                    }
                }
                Err(ApiError::NotFound { .. }) => return Ok(Outcome::IssueGone),
                Err(error) => return Ok(read_failed(effect, &error)),
            }
        }
        let reading = match self.read(effect, mailbox, mail, true).await {
            Ok(read) => read,
            Err(error) => return Ok(read_failed(effect, &error)),
        };
        let attach = !reading.parcels().is_empty();
        if !unclear {
            let body = self.writer(mailbox.locale).comment(mailbox, &task.case, &reading);
            let _begun = self.tools.desk.begin(effect, None).await?;
            failpoint::hit("jira_creator.begun").await;
            let made = self.tools.jira.comment(issue, &body, &mark).await;
            failpoint::hit("jira_creator.commented").await;
            match made {
                Ok(_) => {}
                Err(ApiError::NotFound { .. }) => return Ok(Outcome::IssueGone),
                Err(error) => return Ok(write_failed(effect, &error)),
            }
            tracing::info!(issue.key = %issue, case.id = %task.case.id, "a mail became a comment");
        }
        Ok(Outcome::Done(Done::Commented { attach, watch: false }))
    }
}
