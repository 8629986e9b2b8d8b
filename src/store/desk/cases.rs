//! Cases, and the schedule: which case wants whose attention when. The schedule follows from the
//! cases' rows and is written with them, as is the list of open tickets.

use jiff::Timestamp;

use super::super::error::{RowFault, StoreError};
use super::super::table::fault;
use super::rows::{DeskTable, Nothing, case_key, case_of, split, time_key, time_of};
use super::{Desk, DeskTx, DeskView};
use crate::model::case::{Case, Next};
use crate::model::effect::Worker;
use crate::model::keys::{CaseId, Lane};

pub(super) struct Cases;

impl DeskTable for Cases {
    const TREE: &'static str = "cases";
    type Key = [u8; 8];
    type Row = Case;
}

/// By worker, time and case.
pub(super) struct Schedule;

impl DeskTable for Schedule {
    const TREE: &'static str = "schedule";
    type Key = [u8; 25];
    type Row = Nothing;
}

/// Fixed for ever: it stands in keys.
fn worker_key(worker: Worker) -> u8 {
    match worker {
        Worker::Jira => 0,
        Worker::Mail => 1,
        Worker::Chat => 2,
        Worker::Redmine => 3,
    }
}

fn schedule_key(next: Next, case: CaseId) -> [u8; 25] {
    let mut key = [worker_key(next.worker); 25];
    key[1..17].copy_from_slice(&time_key(next.at));
    key[17..].copy_from_slice(&case_key(case));
    key
}

/// What an entry of the schedule says.
pub(super) fn scheduled(key: [u8; 25]) -> Result<(Next, CaseId), StoreError> {
    let read = || {
        let ([worker], rest) = split::<1, 24>(&key)?;
        let (at, case) = split::<16, 8>(&rest)?;
        let worker = Worker::ALL.into_iter().find(|known| worker_key(*known) == worker);
        let worker = worker.ok_or(RowFault::Undecodable)?;
        Ok((Next { worker, at: time_of(at)? }, case_of(case)?))
    };
    read().map_err(fault::<Schedule>)
}

impl DeskView {
    /// The case of this number.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.0.get::<Cases>(&case_key(id))
    }
}

impl DeskTx<'_> {
    /// Keeps `case` in place of what was there, and its places in the schedule and among the open
    /// tickets.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`]; [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn put_case(&mut self, case: &Case) -> Result<(), StoreError> {
        let before = self.case(case.id)?;
        self.list_open(before.as_ref(), case)?;
        for lane in Lane::ALL {
            let (now, before) = (case.queue(lane).next, before.as_ref());
            let before = before.and_then(|before| before.queue(lane).next);
            if before != now {
                if let Some(next) = before {
                    self.view.0.remove::<Schedule>(&schedule_key(next, case.id))?;
                }
                if let Some(next) = now {
                    self.view.0.put::<Schedule>(&schedule_key(next, case.id), &Nothing {})?;
                }
            }
        }
        self.view.0.put::<Cases>(&case_key(case.id), case)
    }

    /// Removes an idle case.
    pub(super) fn remove_case(&mut self, id: CaseId) -> Result<(), StoreError> {
        self.view.0.remove::<Cases>(&case_key(id))
    }
}

impl Desk {
    /// At most `limit` cases that want this worker's attention by `now`, the longest due first,
    /// without those that `skip` names.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn due(
        &self,
        worker: Worker,
        now: Timestamp,
        limit: usize,
        skip: &dyn Fn(CaseId) -> bool,
    ) -> Result<Vec<CaseId>, StoreError> {
        let mut due = Vec::new();
        for entry in self.schedule(worker)? {
            let (next, case) = entry?;
            if next.at > now || due.len() == limit {
                break;
            }
            if !skip(case) {
                due.push(case);
            }
        }
        Ok(due)
    }

    /// When this worker's next case is due, without those that `skip` names.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn next_due(
        &self,
        worker: Worker,
        skip: &dyn Fn(CaseId) -> bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        for entry in self.schedule(worker)? {
            let (next, case) = entry?;
            if !skip(case) {
                return Ok(Some(next.at));
            }
        }
        Ok(None)
    }

    /// How many cases want this worker's attention, now or later.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn waiting(&self, worker: Worker) -> Result<usize, StoreError> {
        self.schedule(worker)?.try_fold(0, |count, entry| entry.map(|_| count + 1))
    }

    /// At most `limit` cases, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn cases(&self, limit: usize) -> Result<Vec<Case>, StoreError> {
        let rows = self.tables().before::<Cases>(&[u8::MAX; 8])?;
        rows.take(limit).map(|row| row.map(|(_, case)| case)).collect()
    }

    fn schedule(
        &self,
        worker: Worker,
    ) -> Result<impl Iterator<Item = Result<(Next, CaseId), StoreError>>, StoreError> {
        let keys = self.tables().keys::<Schedule>(&[worker_key(worker)])?;
        Ok(keys.map(|key| scheduled(key?)))
    }
}
