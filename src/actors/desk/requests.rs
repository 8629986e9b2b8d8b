//! What callers of the API ask for: taken once for each key, carried out like everything else, and
//! told when it is done.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;

use super::Desk;
use crate::{
    actors::effects::ours,
    clock,
    model::{
        case::Case,
        desk as rules,
        effect::{Effect, Stage, Work, Worker},
        keys::IssueKey,
        request::{Accepted, Asked, NewRemark, NewRequest, Progress, RequestId, UploadId, Wanted},
    },
    store::{self, DeskTx, StoreError, Uploads},
};

impl Desk {
    /// Takes a ticket that a caller asks for: it will be made once, whatever happens. The files of a
    /// request that was known already are removed.
    ///
    /// # Errors
    /// The store's; then there is no request, and it can be asked again.
    /// [`StoreError::RowTooLong`] for words of more than 256 KiB.
    pub async fn request(&self, asked: Asked, new: NewRequest) -> Result<Accepted, StoreError> {
        self.take(asked, Wanted::Ticket(new), None).await
    }

    /// Takes a comment that a caller makes in an issue, which need be none of ours.
    ///
    /// # Errors
    /// As [`Desk::request`].
    pub async fn remark(
        &self,
        asked: Asked,
        issue: IssueKey,
        new: NewRemark,
    ) -> Result<Accepted, StoreError> {
        self.take(asked, Wanted::Remark(new), Some(issue)).await
    }

    async fn take(
        &self,
        asked: Asked,
        wanted: Wanted,
        issue: Option<IssueKey>,
    ) -> Result<Accepted, StoreError> {
        let files: Vec<_> = wanted.files().iter().map(|file| file.upload.clone()).collect();
        let accepted = self
            .write(move |_, tables| {
                tables.write(|rows| take(rows, &asked, &wanted, issue, clock::now()))
            })
            .await?;
        if !matches!(accepted, Accepted::New(_)) {
            for file in &files {
                // The answer is known; who sweeps comes to the file.
                if let Err(error) = self.uploads().remove(file).await {
                    tracing::warn!(%error, "a file of a request that was known is still here");
                }
            }
        }
        self.wake(&[Worker::Jira, Worker::Redmine]);
        Ok(accepted)
    }

    /// What has become of a request; `None` if there is none of that number, or not any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn progress(&self, id: RequestId) -> Result<Option<Progress>, StoreError> {
        self.read(move |tables| progress(tables, id)).await
    }

    /// As [`Desk::progress`], as soon as it is done, refused or delayed, or when `patience` is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn outcome_of(
        &self,
        id: RequestId,
        patience: Duration,
    ) -> Result<Option<Progress>, StoreError> {
        let mut settled = self.0.words.settled();
        let wait = async {
            loop {
                let progress = self.progress(id).await?;
                if !matches!(progress, Some(Progress::Pending { delayed: false })) {
                    return Ok(progress);
                }
                // Who has missed a word looks.
                while let Ok(case) = settled.recv().await.or_else(|error| match error {
                    RecvError::Lagged(_) => Ok(id.case),
                    RecvError::Closed => Err(error),
                }) {
                    if case == id.case {
                        break;
                    }
                }
            }
        };
        match tokio::time::timeout(patience, wait).await {
            Ok(outcome) => outcome,
            Err(_) => self.progress(id).await,
        }
    }

    /// The words of a request; `None` once the tracker has all of it.
    pub(in crate::actors) async fn wanted(
        &self,
        id: RequestId,
    ) -> Result<Option<Wanted>, StoreError> {
        self.read(move |tables| tables.wanted(id)).await
    }

    /// Where the files of requests are kept.
    #[must_use]
    pub fn uploads(&self) -> &Uploads {
        self.0.store.uploads()
    }
}

fn take(
    rows: &mut DeskTx<'_>,
    asked: &Asked,
    wanted: &Wanted,
    issue: Option<IssueKey>,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    if let Some(key) = &asked.key
        && let Some((print, request)) = rows.asked_before(key, now)?
        && rows.effect(request)?.is_some()
    {
        let same = print == asked.print;
        return Ok(if same { Accepted::Again(request) } else { Accepted::OtherRequest });
    }
    let (case, effects) = match (wanted, issue) {
        (Wanted::Ticket(new), _) => {
            let place = (new.tracker, new.place.clone());
            rules::open_request(rows.next_case()?, &new.title, place, now)
        }
        (Wanted::Remark(_), issue) => {
            let mut case = case_of(rows, issue, now)?;
            let effects = rules::remark(&mut case, now);
            (case, effects)
        }
    };
    let Some(id) = effects.first().map(|effect| effect.id) else {
        return Err(StoreError::Engine("a request asks for nothing".to_owned()));
    };
    effects.iter().try_for_each(|effect| rows.put_effect(effect))?;
    rows.put_case(&case)?;
    rows.keep_request(id, wanted)?;
    for upload in wanted.files().iter().filter_map(|file| file.upload.bytes()) {
        rows.claim_upload(&upload, id.case)?;
    }
    if let Some(key) = &asked.key {
        rows.note_asked(key, (asked.print, id), now)?;
    }
    Ok(Accepted::New(id))
}

/// The case of an issue; one that adopts it where there is none.
fn case_of(
    rows: &mut DeskTx<'_>,
    issue: Option<IssueKey>,
    now: Timestamp,
) -> Result<Case, StoreError> {
    let issue = issue.ok_or_else(|| StoreError::Engine("a comment has no issue".to_owned()))?;
    if let Some(id) = rows.case_of_issue(&issue)?
        && let Some(case) = rows.case(id)?
    {
        return Ok(case);
    }
    let case = rules::adopt(rows.next_case()?, issue.clone(), now);
    rows.link_issue(&issue, case.id)?;
    Ok(case)
}

fn progress(tables: &store::Desk, id: RequestId) -> Result<Option<Progress>, StoreError> {
    let (Some(case), Some(mut effect)) = (tables.case(id.case)?, tables.effect(id)?) else {
        return Ok(None);
    };
    if !matches!(effect.work, Work::FileRequest | Work::AddRemark) {
        return Ok(None);
    }
    if effect.stage == Stage::Requeued {
        let mut later = tables.effects_of(id.case)?.into_iter();
        let stands_for = |one: &Effect| one.request() == Some(id) && one.work == effect.work;
        effect = later.rfind(stands_for).unwrap_or(effect);
    }
    Ok(Some(match (effect.stage, case.issue) {
        (Stage::Done, Some(issue)) => Progress::Done(issue),
        (Stage::Done | Stage::Dead, _) => {
            let fault = effect.fault.as_deref().map_or("", ours);
            Progress::Refused { fault: fault.to_owned() }
        }
        _ => Progress::Pending { delayed: effect.due > clock::now() },
    }))
}

/// Forgets the words and files of a request of which nothing is left to be done. The files that can
/// be removed once that is durable.
pub(super) fn tidy(
    rows: &mut DeskTx<'_>,
    tables: &store::Desk,
    (case, effect): (&Case, &Effect),
) -> Result<Vec<UploadId>, StoreError> {
    let Some(of) = effect.request().filter(|_| effect.stage == Stage::Done) else {
        return Ok(Vec::new());
    };
    for step in of.step..case.queue(of.lane).tail {
        let other = rows.effect(RequestId { step, ..of })?;
        let left = |other: Effect| {
            other.request() == Some(of) && !matches!(other.stage, Stage::Done | Stage::Requeued)
        };
        if other.is_some_and(left) {
            return Ok(Vec::new());
        }
    }
    let wanted = tables.wanted(of)?;
    let files = wanted.iter().flat_map(Wanted::files).map(|file| file.upload.clone());
    let files: Vec<_> = files.collect();
    files.iter().filter_map(UploadId::bytes).try_for_each(|id| rows.forget_upload(&id))?;
    rows.forget_request(of)?;
    Ok(files)
}

#[cfg(test)]
mod tests;
