//! Files come to hang on the issue: each is brought to Redmine, streamed, and then one call hangs all of them on it, or none. A file that was brought and hangs nowhere is
//! seen by nobody, and Redmine drops it after a day.
//!
//! So an unclear call is known by its files: ours, of these names, with numbers above any that hung
//! there before. What Redmine does not take is left out, and the rest goes on.

use super::{RedmineCreator, fault_of, write_failed};
use crate::{
    actors::{creators::Goods, effects::plainly, issue_words::Parcel},
    clients::ApiError,
    failpoint,
    model::{
        desk::Outcome,
        effect::{Effect, Trace},
        ids::IssueId,
        redmine_desk::{RedmineThread, Upload, file_name},
    },
    store::StoreError,
};

/// Tries after which it is no accident that there is no such file to be had, or one of another
/// length than it says.
const BROKEN_AFTER: u32 = 5;

impl RedmineCreator {
    pub(super) async fn hang(
        &self,
        effect: &Effect,
        goods: &Goods<'_>,
        parcels: &[Parcel],
        issue: IssueId,
    ) -> Result<Outcome, StoreError> {
        let read = async { Ok((self.thread(effect, issue).await?, self.us(effect).await?)) };
        let (thread, us) = match read.await {
            Ok(read) => read,
            Err(outcome) => return Ok(outcome),
        };
        if effect.is_unclear() {
            let hung = hang(&thread, us, effect.trace.above, parcels);
            return Ok(if hung { plainly() } else { Outcome::NotFound });
        }
        let mut uploads = Vec::new();
        for parcel in parcels {
            match self.bring_file(effect, goods, parcel).await {
                Ok(Some(upload)) => uploads.push(upload),
                Ok(None) => tracing::error!(
                    issue.key = %issue,
                    "a file does not get to redmine; the issue goes without it"
                ),
                Err(outcome) => return Ok(outcome),
            }
        }
        if uploads.is_empty() {
            let fault = "none of the files gets to redmine".to_owned();
            return Ok(if parcels.is_empty() { plainly() } else { Outcome::Refused { fault } });
        }
        let above = thread.attachments.iter().map(|file| file.id).max().unwrap_or_default();
        let count = |files: usize| u32::try_from(files).unwrap_or(u32::MAX);
        let trace = Trace {
            parts: count(parcels.len()),
            lost: count(parcels.len() - uploads.len()),
            ..effect.trace.clone()
        };
        let effect = Effect { trace, ..effect.clone() };
        let effect = self.tools.desk.begin(&effect, Some(above)).await?;
        failpoint::hit("redmine_creator.begun").await;
        let hung = self.tools.redmine.attach(issue, &uploads).await;
        failpoint::hit("redmine_creator.attached").await;
        Ok(match hung {
            Ok(()) => self.files_are_kept(&effect, issue, us, parcels).await,
            Err(ApiError::NotFound { .. }) => Outcome::IssueGone,
            Err(error) => write_failed(&effect, &error),
        })
    }

    /// Brings a file to Redmine; `None` for one that it does not take or that is not to be had.
    async fn bring_file(
        &self,
        effect: &Effect,
        goods: &Goods<'_>,
        parcel: &Parcel,
    ) -> Result<Option<Upload>, Outcome> {
        let Parcel { name, media_type, .. } = parcel;
        let again = |error: &ApiError| Outcome::Retry { after: None, fault: fault_of(error) };
        let (bytes, length) = match goods.bytes(parcel).await {
            Ok(measured) => measured,
            Err(error) if error.is_of_one_thing() && effect.failures >= BROKEN_AFTER => {
                return Ok(None);
            }
            Err(error) => return Err(again(&error)),
        };
        match self.tools.redmine.upload(name, length, media_type, bytes).await {
            Ok(upload) => Ok(Some(upload)),
            // Too large, or of a kind that this Redmine does not take.
            Err(ApiError::Rejected { .. }) => Ok(None),
            Err(ApiError::Malformed { .. }) if effect.failures >= BROKEN_AFTER => Ok(None),
            // Nothing of it is to be seen: it may be brought again.
            Err(error @ (ApiError::Malformed { .. } | ApiError::Ambiguous { .. })) => {
                Err(again(&error))
            }
            Err(error) => Err(write_failed(effect, &error)),
        }
    }

    /// Redmine answers 204 also where the account may not attach anything.
    async fn files_are_kept(
        &self,
        effect: &Effect,
        issue: IssueId,
        us: u64,
        parcels: &[Parcel],
    ) -> Outcome {
        match self.tools.redmine.thread(issue).await {
            Ok(thread) if hang(&thread, us, effect.trace.above, parcels) => plainly(),
            Ok(_) => {
                let fault = "redmine hangs no files of ours on the issue; let the account edit it";
                Outcome::Refused { fault: fault.to_owned() }
            }
            Err(ApiError::NotFound { .. }) => Outcome::IssueGone,
            Err(error) => Outcome::Unclear { fault: fault_of(&error) },
        }
    }
}

/// Whether files of ours with these names came to hang on the issue since none hung above that one.
fn hang(thread: &RedmineThread, us: u64, above: Option<u64>, parcels: &[Parcel]) -> bool {
    let above = above.unwrap_or_default();
    let mut ours = thread.attachments.iter().filter(|file| file.author_id == us && file.id > above);
    ours.any(|file| parcels.iter().any(|parcel| file_name(&parcel.name) == file.filename))
}
