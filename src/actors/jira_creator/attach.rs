//! What hangs on a mail comes to hang on the issue: streamed from the mailbox to Jira, one after
//! the other, each once.

use std::time::Duration;

use super::{JiraCreator, is_unclear, plainly, reading::Reading};
use crate::{
    actors::{desk::Task, effects::fault_of, mailboxes::Mailbox},
    clients::ApiError,
    failpoint,
    model::{
        desk::Outcome,
        effect::{Effect, MailRef, Trace},
        keys::IssueKey,
    },
    store::StoreError,
};

/// Tries after which a file of another length than the mailbox says is not there by accident.
const BROKEN_AFTER: u32 = 5;

/// One file to hang on the issue.
pub(super) struct Parcel {
    pub(super) blob: String,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size: u64,
}

impl JiraCreator {
    pub(super) async fn attach(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        mail: &MailRef,
        answer: bool,
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        let mut effect = task.effect.clone();
        let letter = match mailbox.letter(mail, effect.failures).await {
            Ok(letter) => letter,
            Err(error) => return Ok(self.read_failed(&effect, &error)),
        };
        let reading = Reading::of(&letter, answer);
        let limit = match self.attachment_limit(&reading).await {
            Ok(limit) => limit,
            Err(error) => return Ok(self.read_failed(&effect, &error)),
        };
        let parcels = reading.parcels(limit);
        let there = match self.tools.jira.attachments(issue).await {
            Ok(there) => there,
            Err(ApiError::NotFound { .. }) => return Ok(Outcome::IssueGone),
            Err(error) => return Ok(self.read_failed(&effect, &error)),
        };
        if is_unclear(&effect) {
            // Nobody else hangs files on this issue in our name: their number tells.
            let above = effect.trace.above.unwrap_or_default();
            let ours = there.iter().filter(|file| file.mine && file.id > above).count();
            if u32::try_from(ours).unwrap_or(u32::MAX) <= effect.trace.parts {
                return Ok(Outcome::NotFound);
            }
            let parts = effect.trace.parts + 1;
            let trace = Trace { parts, ..effect.trace.clone() };
            self.tools.desk.trace(&effect, trace).await?;
            let fault = "the rest is still to be attached".to_owned();
            return Ok(Outcome::Retry { after: Some(Duration::ZERO), fault });
        }
        let above = match effect.trace.above {
            Some(above) => above,
            None => there.iter().map(|file| file.id).max().unwrap_or_default(),
        };
        let done = usize::try_from(effect.trace.parts).unwrap_or(usize::MAX);
        for parcel in parcels.iter().skip(done) {
            effect = self.tools.desk.begin(&effect, Some(above)).await?;
            failpoint::hit("jira_creator.begun").await;
            let Parcel { blob, name, media_type, size, .. } = parcel;
            let (bytes, length) = match mailbox.source.measured(blob, name, media_type, *size).await
            {
                Ok((bytes, length)) => (bytes.into_stream(), length),
                Err(error) => {
                    let fault = error.to_string();
                    return Ok(Outcome::Retry { after: None, fault });
                }
            };
            let hung = self.tools.jira.attach(issue, name, media_type, length, bytes).await;
            failpoint::hit("jira_creator.attached").await;
            match hung {
                Ok(_) => {}
                Err(error) => return Ok(self.attach_failed(&task.effect, issue, &error).await),
            }
            let parts = effect.trace.parts + 1;
            let trace = Trace { parts, ..effect.trace.clone() };
            effect = self.tools.desk.trace(&effect, trace).await?;
        }
        Ok(plainly())
    }

    /// A file does not hang on the issue: what that means for its effect.
    async fn attach_failed(&self, before: &Effect, issue: &IssueKey, error: &ApiError) -> Outcome {
        let fault = fault_of(error);
        match error {
            // Jira has all of a file or nothing of it, and a download may break once.
            ApiError::Malformed { .. } if before.failures < BROKEN_AFTER => {
                Outcome::Retry { after: None, fault }
            }
            ApiError::Malformed { .. } => Outcome::Refused { fault },
            // Jira says that too where we may not attach anything.
            ApiError::NotFound { .. } => match self.tools.jira.issue_status(issue).await {
                Ok(None) => Outcome::IssueGone,
                Ok(Some(_)) => Outcome::Refused { fault },
                Err(error) => self.read_failed(before, &error),
            },
            error => self.write_failed(error),
        }
    }

    /// The largest file that Jira takes, in bytes; asked only where there is something to attach.
    pub(super) async fn attachment_limit(&self, reading: &Reading<'_>) -> Result<u64, ApiError> {
        if reading.files.is_empty() && !reading.is_cut() {
            return Ok(u64::MAX);
        }
        self.tools.jira.attachment_limit().await
    }
}
