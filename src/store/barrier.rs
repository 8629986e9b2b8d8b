//! The durability barrier: when it returns, everything written before the call is on disk.
//!
//! sled's own `flush` ends in `sync_file_range` on Linux, which survives a killed process but not
//! a power cut; so a round is that flush and then `sync_data` on a second handle of the same file.
//! One round at a time runs on a blocking thread, and all callers who wait when it starts share
//! it. After one failed round there is no other: a failed sync may have dropped the dirty pages,
//! and the next one would succeed without them.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::error::StoreError;
use super::mark::Mark;
use crate::clock;

/// How long a caller waits for the disk.
const LIMIT: Duration = Duration::from_secs(30);

/// What the barrier has done since the store was opened.
#[derive(Debug, Clone, Default)]
pub struct StoreStats {
    /// Rounds that ended well: one flush and one sync each.
    pub rounds: u64,
    /// Callers served by them; more than `rounds` where callers shared one.
    pub waiters: u64,
    /// When the last round ended well.
    pub last: Option<Timestamp>,
    /// Whether a round failed: nothing is acknowledged any more.
    pub failed: bool,
}

type Answer = Result<(), Arc<str>>;

pub(super) struct Barrier {
    db: sled::Db,
    /// Locked for a whole round: the kernel reports a failed write-back once a handle, so of two
    /// syncs at the same time one would be told that all is well.
    disk: Mutex<Disk>,
    state: Mutex<State>,
}

struct Disk {
    /// A handle of the engine's log of its own: sled keeps its to itself.
    log: File,
    mark: Mark,
}

#[derive(Default)]
struct State {
    waiting: Vec<oneshot::Sender<Answer>>,
    running: bool,
    failed: Option<Arc<str>>,
    stats: StoreStats,
}

impl Barrier {
    pub(super) fn new(db: sled::Db, log: File, mark: Mark) -> Self {
        Self { db, disk: Mutex::new(Disk { log, mark }), state: Mutex::default() }
    }

    pub(super) fn stats(&self) -> StoreStats {
        self.state().stats.clone()
    }

    /// Waits for the next round, which begins one if none is running.
    pub(super) async fn wait(self: &Arc<Self>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.state();
            state.waiting.push(answer);
            if !state.running {
                state.running = true;
                let barrier = Arc::clone(self);
                // On the runtime's blocking threads: a paused test clock stands still for these.
                drop(tokio::task::spawn_blocking(move || barrier.rounds()));
            }
        }
        match tokio::time::timeout(LIMIT, answered).await {
            Ok(Ok(answer)) => answer.map_err(refused),
            Ok(Err(_)) => Err(StoreError::Closing),
            Err(_) => Err(StoreError::SyncLate(LIMIT)),
        }
    }

    /// The same on the calling thread, which it blocks.
    pub(super) fn now(&self) -> Result<(), StoreError> {
        self.round(1).map_err(refused)
    }

    /// # Errors
    /// The first failure, if there was one.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.state().failed.clone().map_or(Ok(()), |reason| Err(refused(reason)))
    }

    /// From now on nothing is acknowledged: what is in the engine is in pieces.
    pub(super) fn give_up(&self, reason: &str) {
        let mut state = self.state();
        state.stats.failed = true;
        state.failed.get_or_insert_with(|| reason.into());
    }

    /// Runs rounds until nobody waits.
    fn rounds(&self) {
        loop {
            let waiting = {
                let mut state = self.state();
                if state.waiting.is_empty() {
                    state.running = false;
                    return;
                }
                std::mem::take(&mut state.waiting)
            };
            let answer = self.round(waiting.len() as u64);
            for waiter in waiting {
                // A waiter that gave up is no fault.
                let _gone = waiter.send(answer.clone());
            }
        }
    }

    fn round(&self, waiters: u64) -> Answer {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = &self.state().failed {
            return Err(Arc::clone(reason));
        }
        let synced = catch_unwind(AssertUnwindSafe(|| {
            disk.mark.begin()?;
            self.db.flush().map_err(|fault| fault.to_string())?;
            disk.log.sync_data().map_err(|fault| fault.to_string())?;
            disk.mark.end()
        }));
        let mut state = self.state();
        match synced.unwrap_or_else(|_| Err("the storage engine panicked".into())) {
            Ok(()) => {
                state.stats.rounds += 1;
                state.stats.waiters += waiters;
                state.stats.last = Some(clock::now());
                Ok(())
            }
            Err(reason) => {
                let reason: Arc<str> = reason.into();
                state.stats.failed = true;
                state.failed = Some(Arc::clone(&reason));
                Err(reason)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn refused(reason: Arc<str>) -> StoreError {
    StoreError::SyncFailed { reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn barrier(file: impl FnOnce(&std::path::Path) -> File) -> (tempfile::TempDir, Arc<Barrier>) {
        let dir = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
        let file = file(&dir.path().join("db"));
        let mark = Mark::open(&db, dir.path()).unwrap();
        (dir, Arc::new(Barrier::new(db, file, mark)))
    }

    #[tokio::test]
    async fn callers_who_wait_together_share_a_round() {
        let (_dir, barrier) = barrier(|db| File::open(db).unwrap());
        let all = (0..64).map(|n: u8| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.db.insert([n], "row").unwrap();
                barrier.wait().await
            })
        });
        for one in futures_util::future::join_all(all).await {
            one.unwrap().unwrap();
        }
        let stats = barrier.stats();
        assert_eq!(stats.waiters, 64);
        assert!(stats.rounds < 32, "{} rounds for 64 callers", stats.rounds);
        assert!(stats.last.is_some() && !stats.failed);
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_acknowledged_any_more() {
        // A pipe cannot be synced: `fdatasync` answers EINVAL.
        let (reader, _writer) = std::io::pipe().unwrap();
        let (dir, barrier) = barrier(|_| File::from(std::os::fd::OwnedFd::from(reader)));
        let first = barrier.wait().await.unwrap_err();
        assert!(matches!(first, StoreError::SyncFailed { .. }), "{first}");
        barrier.disk.lock().unwrap().log = File::open(dir.path().join("db")).unwrap();
        let second = barrier.wait().await.unwrap_err();
        assert_eq!(second.to_string(), first.to_string());
        assert!(barrier.now().is_err());
        assert!(barrier.stats().failed && barrier.stats().last.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_does_not_run_into_the_limit() {
        let (_dir, barrier) = barrier(|db| File::open(db).unwrap());
        barrier.wait().await.unwrap();
    }
}
