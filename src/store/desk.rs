//! The desk's tables: mails, cases, tickets, effects, and what leads from one to the other.
//!
//! Everything is written in transactions, one at a time: what is read in one still holds when it
//! is committed, and a crash leaves all of it or nothing. A transaction blocks, on other writers
//! and on the engine, and is durable only after the next [`Store::barrier`](super::Store::barrier).
//! After a commit that failed half way, nothing is written or acknowledged any more.

mod audit;
mod cases;
mod effects;
mod events;
mod fixed;
mod links;
mod mails;
mod parts;
mod purge;
mod requests;
mod rows;
mod seen;
mod tickets;
mod uploads;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::barrier::Barrier;
use super::changes::{Changes, Tables};
use super::error::StoreError;
use super::table::{Schema, Shared};
use crate::model::keys::MailboxName;
use crate::model::thread::ThreadSecret;

pub use audit::{Audit, Problem};
pub use mails::RAW_MAX;
pub use purge::Purged;
pub use seen::{Cursor, SenderCount};
pub(super) use uploads::UploadRow;

/// The desk's tables.
pub(super) const TREES: [&str; 24] = [
    <fixed::Fixed as Schema>::TREE,
    <mails::Mails as Schema>::TREE,
    <mails::Raw as Schema>::TREE,
    <cases::Cases as Schema>::TREE,
    <cases::Schedule as Schema>::TREE,
    <effects::Effects as Schema>::TREE,
    <effects::Dead as Schema>::TREE,
    <links::Messages as Schema>::TREE,
    <links::Conversations as Schema>::TREE,
    <links::Issues as Schema>::TREE,
    <links::Subjects as Schema>::TREE,
    <seen::Senders as Schema>::TREE,
    <seen::Comments as Schema>::TREE,
    <seen::Cursors as Schema>::TREE,
    <tickets::Numbers as Schema>::TREE,
    <tickets::Days as Schema>::TREE,
    <tickets::Posts as Schema>::TREE,
    <tickets::OpenTickets as Schema>::TREE,
    <tickets::Fields as Schema>::TREE,
    <tickets::Spent as Schema>::TREE,
    <requests::Requests as Schema>::TREE,
    <requests::AskedBefore as Schema>::TREE,
    <events::Events as Schema>::TREE,
    <uploads::UploadRows as Schema>::TREE,
];

/// Mails by mailbox and state.
type Counts = BTreeMap<(MailboxName, &'static str), u64>;

/// The desk's tables; cheap to clone. Reads through it see what is committed.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    view: DeskView,
    barrier: Arc<Barrier>,
    writer: Mutex<()>,
    /// `None` until somebody asks.
    counts: Mutex<Option<Counts>>,
    secret: OnceLock<ThreadSecret>,
}

/// Reads that hold in a transaction and outside of one.
pub struct DeskView(Changes);

/// One transaction: reads see its own writes.
pub struct DeskTx<'d> {
    desk: &'d Desk,
    view: DeskView,
    /// What its mails add to the counts.
    counted: Vec<((MailboxName, &'static str), i64)>,
}

impl Deref for Desk {
    type Target = DeskView;

    fn deref(&self) -> &DeskView {
        &self.0.view
    }
}

impl Deref for DeskTx<'_> {
    type Target = DeskView;

    fn deref(&self) -> &DeskView {
        &self.view
    }
}

impl Desk {
    pub(super) fn open(
        db: &sled::Db,
        shared: Shared,
        barrier: Arc<Barrier>,
    ) -> Result<Self, StoreError> {
        let view = DeskView(Changes::new(Tables::open(db, shared, &TREES)?));
        let (writer, counts, secret) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Ok(Self(Arc::new(Inner { view, barrier, writer, counts, secret })))
    }

    /// Reads the secret, or makes it in a store that has none. Durable when it returns.
    pub(super) fn take_up_secret(&self) -> Result<(), StoreError> {
        let (secret, known) = self.write(|tx| fixed::secret(&mut tx.view.0))?;
        if !known {
            self.0.barrier.now()?;
        }
        // There is one opening, so nobody was before us.
        let _first = self.0.secret.set(secret);
        Ok(())
    }

    /// The key behind our Message-IDs and the digests of addresses: made once for each store.
    #[must_use]
    pub fn secret(&self) -> &ThreadSecret {
        // Set since the store was opened; a stranger's secret would only match nothing.
        self.0.secret.get_or_init(fixed::fresh_secret)
    }

    /// Runs `f` as one transaction: what it wrote is committed in one step if it ends well, and
    /// dropped if not. Blocks; at most one runs at a time. Durable only once a
    /// [`Store::barrier`](super::Store::barrier) called after it has returned.
    ///
    /// # Errors
    /// What `f` says, with nothing written; [`StoreError::Engine`] if the commit failed, and
    /// [`StoreError::SyncFailed`] from then on.
    pub fn write<T>(
        &self,
        f: impl FnOnce(&mut DeskTx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _turn = self.hold();
        self.0.barrier.check()?;
        let changes = Changes::new(self.0.view.0.tables().clone());
        let mut tx = DeskTx { desk: self, view: DeskView(changes), counted: Vec::new() };
        let done = f(&mut tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Keeps writers out, so that the tables are of one moment.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        // Whoever panicked with it had not committed, or `HalfWay` has spoken.
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> &Tables {
        self.0.view.0.tables()
    }

    fn counted(&self) -> MutexGuard<'_, Option<Counts>> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeskTx<'_> {
    fn commit(self) -> Result<(), StoreError> {
        let half_way = HalfWay(&self.desk.0.barrier);
        self.view.0.commit()?;
        std::mem::forget(half_way);
        if let Some(counts) = &mut *self.desk.counted() {
            for (of, by) in self.counted {
                let count = counts.entry(of).or_default();
                *count = count.saturating_add_signed(by);
            }
            counts.retain(|_, count| *count > 0);
        }
        Ok(())
    }
}

/// Dropped when a commit fails or panics: parts of it may be in the trees.
struct HalfWay<'b>(&'b Barrier);

impl Drop for HalfWay<'_> {
    fn drop(&mut self) {
        self.0.give_up("a commit failed half way");
    }
}

#[cfg(test)]
mod tests;
