//! Opening the storage engine: every way in which it fails becomes a sentence of ours.
//!
//! sled meets damage with an error or with a panic, at open or at the first read; so the whole
//! opening, including one walk over every row, runs under a guard that catches both.

use std::cell::Cell;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use super::barrier::Barrier;
use super::error::{self, StoreError};
use super::mark::Mark;

/// Bytes of the engine's page cache. It counts pages as they lie on disk and in memory they take
/// several times as much; what it lacks comes from the kernel's cache of the file.
const CACHE: u64 = 1 << 20;

/// The engine's log; the files beside it can be rebuilt from it.
pub(super) const LOG: &str = "db";

/// An open engine.
pub(super) struct Engine {
    pub(super) path: PathBuf,
    pub(super) db: sled::Db,
    pub(super) barrier: Arc<Barrier>,
}

impl Engine {
    /// Opens the engine in `path`, made (0700) if it is not there. To be called under [`guarded`].
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let log = path.join(LOG);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|fault| StoreError::file("create", path, fault))?;
        if log.exists() {
            tidy(path, &log)?;
        }
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE)
            .mode(sled::Mode::LowSpace)
            // The barrier is the one who flushes.
            .flush_every_ms(None);
        let db = config.open().map_err(|fault| sort(path, fault))?;
        walk(&db).map_err(|fault| sort(path, fault))?;
        let mark = Mark::open(&db, path)?;
        let file = File::open(&log).map_err(|fault| StoreError::file("open", &log, fault))?;
        let barrier = Arc::new(Barrier::new(db.clone(), file, mark));
        let engine = Self { path: path.into(), db, barrier };
        engine.settle()?;
        Ok(engine)
    }

    /// Puts the engine's files on disk, names included; each time, as the run that created them
    /// may have been cut short.
    fn settle(&self) -> Result<(), StoreError> {
        self.barrier.now()?;
        sync(&self.path.join("conf"))?;
        sync(&self.path)?;
        self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)
    }
}

/// What a power cut during an earlier opening can leave, and sled then stumbles over. It takes a
/// snapshot that was still being written for the newest one, torn as it may be; and a snapshot
/// that is on disk before the log that it was made of passes for damage of the log.
fn tidy(path: &Path, log: &Path) -> Result<(), StoreError> {
    let held = refuse_if_locked(path, log)?;
    held.sync_data().map_err(|fault| StoreError::file("sync", log, fault))?;
    let files = path.read_dir().map_err(|fault| StoreError::file("read", path, fault))?;
    for file in files {
        let file = file.map_err(|fault| StoreError::file("read", path, fault))?;
        if is_unfinished(&file.file_name().to_string_lossy()) {
            let file = file.path();
            std::fs::remove_file(&file)
                .map_err(|fault| StoreError::file("remove", &file, fault))?;
        }
    }
    // Closing it frees the lock only once no child in the making holds a copy of it.
    held.unlock().map_err(|fault| StoreError::file("unlock", log, fault))
}

fn is_unfinished(name: &str) -> bool {
    name.starts_with("snap.") && name.ends_with(".generating")
}

/// Syncs a file or a directory.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|fault| StoreError::file("sync", path, fault))
}

/// sled takes the same lock, but reports its failure as an error of no kind. The file returned
/// holds it.
pub(super) fn refuse_if_locked(path: &Path, log: &Path) -> Result<File, StoreError> {
    let file = File::options()
        .read(true)
        .write(true)
        .open(log)
        .map_err(|fault| StoreError::file("open", log, fault))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.into() }),
        Err(TryLockError::Error(fault)) => Err(StoreError::file("lock", log, fault)),
    }
}

/// Reads every row once: damage in a page shows here and not in the middle of the work.
fn walk(db: &sled::Db) -> sled::Result<()> {
    for name in db.tree_names() {
        for row in &db.open_tree(name)? {
            row?;
        }
    }
    Ok(())
}

fn sort(path: &Path, fault: sled::Error) -> StoreError {
    match fault {
        sled::Error::Io(fault) if fault.to_string().contains("could not acquire lock") => {
            StoreError::Locked { path: path.into() }
        }
        sled::Error::Io(fault)
            if matches!(
                fault.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::NotFound
                    | io::ErrorKind::Other
            ) =>
        {
            tracing::debug!(error = %fault, "the storage engine met damage");
            StoreError::damaged(
                path,
                match fault.kind() {
                    io::ErrorKind::UnexpectedEof => "a file ends too early",
                    io::ErrorKind::NotFound => "a file is missing",
                    _ => "a file does not hold what it should",
                },
            )
        }
        sled::Error::Io(fault) => StoreError::file("open", path, fault),
        fault => StoreError::damaged(path, error::words(&fault)),
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `open`; a panic in it, which sled's code meets damage with, becomes
/// [`StoreError::Damaged`] without the usual message on stderr.
pub(super) fn guarded<T>(
    path: &Path,
    open: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let opened = catch_unwind(AssertUnwindSafe(open));
    QUIET.set(false);
    opened.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .and_then(|text| text.lines().next())
            .unwrap_or("no reason given");
        // Its words are about its own code: for a developer, not for the operator.
        tracing::debug!(panic = said, "the storage engine met damage");
        Err(StoreError::damaged(path, "the storage engine cannot make sense of its files"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_that_was_cut_short_costs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let open = || guarded(dir.path(), || Engine::open(dir.path()));
        let engine = open().unwrap();
        engine.db.insert("key", "row").unwrap();
        engine.barrier.now().unwrap();
        drop(engine);
        let torn = dir.path().join("snap.7FFFFFFFFFFFFFFF.generating");
        std::fs::write(&torn, [0; 1536]).unwrap();
        assert_eq!(open().unwrap().db.get("key").unwrap().unwrap(), "row");
        assert!(!torn.exists());
    }
}
