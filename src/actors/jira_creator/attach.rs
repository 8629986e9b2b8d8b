//! Files come to hang on the issue: streamed from where they are to Jira, one after the other, each
//! once. What Jira does not take is left out, and the rest goes on.

use std::time::Duration;

use super::{JiraCreator, read_failed, write_failed};
use crate::{
    actors::{
        creators::Goods,
        effects::{fault_of, plainly},
        issue_words::Parcel,
    },
    clients::ApiError,
    failpoint,
    model::{
        desk::Outcome,
        effect::{Effect, Trace},
        keys::IssueKey,
    },
    store::StoreError,
};

/// Tries after which it is no accident that there is no such file to be had, or one of another
/// length than it says.
const BROKEN_AFTER: u32 = 5;

impl JiraCreator {
    pub(super) async fn hang(
        &self,
        before: &Effect,
        goods: &Goods<'_>,
        parcels: &[Parcel],
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        let mut effect = before.clone();
        let there = match self.tools.jira.attachments(issue).await {
            Ok(there) => there,
            Err(ApiError::NotFound { .. }) => return Ok(Outcome::IssueGone),
            Err(error) => return Ok(read_failed(&effect, &error)),
        };
        if effect.is_unclear() {
            // Nobody else hangs files on this issue in our name: their number tells.
            let above = effect.trace.above.unwrap_or_default();
            let ours = there.iter().filter(|file| file.mine && file.id > above).count();
            if u32::try_from(ours).unwrap_or(u32::MAX) <= effect.trace.parts - effect.trace.lost {
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
        let mut rejected = None;
        let done = usize::try_from(effect.trace.parts).unwrap_or(usize::MAX);
        for parcel in parcels.iter().skip(done) {
            effect = self.tools.desk.begin(&effect, Some(above)).await?;
            failpoint::hit("jira_creator.begun").await;
            let (bytes, length) = match goods.bytes(parcel).await {
                Ok(measured) => measured,
                Err(error) if error.is_of_one_thing() && effect.failures >= BROKEN_AFTER => {
                    tracing::error!(
                        issue.key = %issue,
                        cause = error.kind(),
                        "a file is not to be had; the issue goes without it"
                    );
                    effect = self.leave_out(&effect).await?;
                    continue;
                }
                Err(error) => {
                    let fault = error.to_string();
                    return Ok(Outcome::Retry { after: None, fault });
                }
            };
            let Parcel { name, media_type, .. } = parcel;
            let hung = self.tools.jira.attach(issue, name, media_type, length, bytes).await;
            failpoint::hit("jira_creator.attached").await;
            match hung {
                Ok(_) => {}
                // Too large, or of a kind that this Jira does not take.
                Err(error @ ApiError::Rejected { .. }) => {
                    effect = self.leave_out(&effect).await?;
                    tracing::warn!(
                        issue.key = %issue,
                        files.lost = effect.trace.lost,
                        "jira rejects a file; the issue goes without it"
                    );
                    rejected = Some(fault_of(&error));
                    continue;
                }
                Err(error) => return Ok(self.attach_failed(before, issue, &error).await),
            }
            let parts = effect.trace.parts + 1;
            let trace = Trace { parts, ..effect.trace.clone() };
            effect = self.tools.desk.trace(&effect, trace).await?;
        }
        if effect.trace.lost == 0 || effect.trace.lost < effect.trace.parts {
            return Ok(plainly());
        }
        // A retry, by the operator's word, asks for all of them again.
        let trace = Trace { parts: 0, lost: 0, ..effect.trace.clone() };
        self.tools.desk.trace(&effect, trace).await?;
        let fault = rejected.unwrap_or_else(|| "none of the files is to be had".to_owned());
        Ok(Outcome::Refused { fault })
    }

    /// Goes on without the next file.
    async fn leave_out(&self, effect: &Effect) -> Result<Effect, StoreError> {
        let (parts, lost) = (effect.trace.parts + 1, effect.trace.lost + 1);
        self.tools.desk.trace(effect, Trace { parts, lost, ..effect.trace.clone() }).await
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
                Err(error) => read_failed(before, &error),
            },
            error => write_failed(before, error),
        }
    }
}
