//! The store: everything that ticketd must not forget, in one directory.
//!
//! Rows are sealed under a master key before they reach the storage engine (sled), and no type of
//! the engine leaves this room. A write is seen at once and durable after [`Store::barrier`]:
//! nothing is acknowledged to the outside before it. The store keeps a logical export of itself
//! beside the engine's files, the way back if these are ever damaged.
//!
//! Read in this order: `logins`, `grants`, `tokens` (tables as others see them), `table`, `seal`, `keyring`,
//! `changes` (several tables at once), `desk`, `barrier`, `mark`, `engine` (opening) and the rest.

mod barrier;
mod changes;
mod desk;
mod engine;
mod error;
mod export;
mod grants;
mod keyring;
mod logins;
mod mark;
mod meta;
mod place;
mod rotate;
mod seal;
mod table;
mod tokens;
mod uploads;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use barrier::StoreStats;
pub use desk::{Audit, Cursor, Desk, DeskTx, DeskView, Problem, Purged, RAW_MAX, SenderCount};
pub use error::{RowFault, StoreError};
pub use grants::{Grants, KeptGrant};
pub use keyring::{KeyFault, KeyId, Keyring};
pub use logins::Logins;
pub use rotate::Resealed;
pub use seal::SealFault;
pub use tokens::{TokenFault, Tokens};
pub use uploads::{UploadWriter, Uploads};

use engine::Engine;
use grants::GrantSchema;
use logins::LoginSchema;
use meta::{Meta, MetaSchema};
use table::{Schema, Shared, Table};
use tokens::TokenSchema;

/// The tables that are sealed, exported and re-sealed.
fn sealed_trees() -> impl Iterator<Item = &'static str> {
    [LoginSchema::TREE, GrantSchema::TREE, TokenSchema::TREE].into_iter().chain(desk::TREES)
}

/// The open store; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    shared: Shared,
    record: Table<MetaSchema>,
    logins: Logins,
    grants: Grants,
    tokens: Tokens,
    desk: Desk,
    uploads: Uploads,
    /// Held by an export or a re-sealing, which exclude each other: an export under way must not
    /// see its keys go out of use. Holds the count of changes that the store's own export has.
    upkeep: Mutex<Option<u64>>,
}

impl Store {
    /// Opens the store in the directory `path`, which is made (0700) if it is not there. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`NotWritable`](StoreError::NotWritable),
    /// [`WrongKey`](StoreError::WrongKey), [`NewerSchema`](StoreError::NewerSchema), and
    /// [`Damaged`](StoreError::Damaged) with the way back.
    pub fn open(path: &Path, keys: Keyring) -> Result<Self, StoreError> {
        engine::guarded(path, || {
            let store = Self::assemble(path, keys)?;
            store.take_up_record()?;
            store.0.uploads.sweep(true)?;
            Ok(store)
        })
    }

    /// The logins to Redmine.
    #[must_use]
    pub fn logins(&self) -> &Logins {
        &self.0.logins
    }

    /// Who signed in for which mailbox.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.0.grants
    }

    /// Who may call the API.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// The desk's tables.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.0.desk
    }

    /// The files that callers have sent.
    #[must_use]
    pub fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    /// Returns once everything written before the call is on disk. Callers who wait at the same
    /// moment share one sync. A caller may give up at any time. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::SyncFailed`] from the first failed sync on, for good;
    /// [`StoreError::SyncLate`] after 30 s.
    pub async fn barrier(&self) -> Result<(), StoreError> {
        self.0.engine.barrier.wait().await
    }

    /// What the barrier has done so far.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        self.0.engine.barrier.stats()
    }

    /// Takes up `keys` and re-seals every row under its current key, while reads and writes go
    /// on. When it returns without unreadable rows, the older keys are no longer needed: not for
    /// the store and not for its own export. (Freed space of the engine's log may hold old
    /// ciphertext until it is written over.)
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] if `keys` lacks a key in use, before anything is changed; else as
    /// [`Store::barrier`]. The store stays usable with both keys and the call can be repeated.
    pub async fn reseal(&self, keys: Keyring) -> Result<Resealed, StoreError> {
        let store = self.clone();
        blocking(move || {
            let mut exported = store.upkeep();
            let inner = &store.0;
            let done = rotate::reseal(&inner.engine, &inner.shared, &inner.record, &keys)?;
            store.export_own(&mut exported)?;
            Ok(done)
        })
        .await
    }

    /// Writes every row, sealed as it is, to the file `to`, in place of what was there. The desk's
    /// tables are in it as they are at one moment, so its writers wait: about 0.5 s for 100,000 rows. A login that changes
    /// meanwhile is in it as before or after. Returns the count of rows. Blocks.
    ///
    /// # Errors
    /// [`StoreError::File`] or [`NotWritable`](StoreError::NotWritable) for `to`;
    /// [`StoreError::Engine`].
    pub fn export(&self, to: &Path) -> Result<u64, StoreError> {
        let _upkeep = self.upkeep();
        self.write_export(to)
    }

    /// Brings the store's own export, `export.jsonl` in its directory, up to date; says whether
    /// there was anything to do. To be called now and then. Blocks.
    ///
    /// # Errors
    /// As [`Store::export`].
    pub fn export_if_changed(&self) -> Result<bool, StoreError> {
        let mut exported = self.upkeep();
        if *exported == Some(self.0.shared.changes()) {
            return Ok(false);
        }
        self.export_own(&mut exported)?;
        Ok(true)
    }

    /// Whether `path` holds a store, whole or not. Blocks.
    ///
    /// # Errors
    /// If that cannot be seen, or no directory can be there.
    pub fn is_in(path: &Path) -> Result<bool, StoreError> {
        place::holds_a_store(path)
    }

    /// Whether the store in `path` is whole and opens with `keys`. Its rows, its record and its
    /// keys in use stay as they are. Blocks.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn probe(path: &Path, keys: Keyring) -> Result<(), StoreError> {
        engine::guarded(path, || {
            let store = Self::assemble(path, keys)?;
            let keys = store.0.shared.keys();
            store.read_record()?.map_or(Ok(()), |record| record.check(&keys))
        })
    }

    /// Gives every file of the store in `path` to the owner of that directory: root's commands
    /// leave files that the daemon could not write. Blocks.
    ///
    /// # Errors
    /// [`StoreError::File`] or [`NotWritable`](StoreError::NotWritable).
    pub fn give_to_owner(path: &Path) -> Result<(), StoreError> {
        place::give_to_owner(path)
    }

    /// Makes a store in `path` from the export `from`, which is read to its end before the first
    /// row is written. Returns the count of rows. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] if `path` holds a store; [`StoreError::Export`] and
    /// [`StoreError::WrongKey`] for an export that is not whole or not ours; else as
    /// [`Store::open`].
    pub fn restore(path: &Path, from: &Path, keys: Keyring) -> Result<u64, StoreError> {
        if place::holds_a_store(path)? {
            return Err(StoreError::NotEmpty { path: path.into() });
        }
        let export = export::check(from, &keys)?;
        Self::take_up(path, from, &export, keys)
    }

    /// As [`Store::restore`], in place of the store in `path`: once the export is found whole, the
    /// files there are moved into a new directory in it, which is returned. `from` may be the
    /// store's own export. Blocks.
    ///
    /// # Errors
    /// As [`Store::restore`], and [`StoreError::Locked`]. Cut short, it can be repeated.
    pub fn replace(
        path: &Path,
        from: &Path,
        keys: Keyring,
    ) -> Result<(u64, Option<PathBuf>), StoreError> {
        let export = export::check(from, &keys)?;
        let aside = place::set_aside(path)?;
        Ok((Self::take_up(path, from, &export, keys)?, aside))
    }

    fn take_up(
        path: &Path,
        from: &Path,
        export: &export::Checked,
        keys: Keyring,
    ) -> Result<u64, StoreError> {
        engine::guarded(path, || {
            let mut in_use = export.keys.clone();
            in_use.insert(keys.current_id());
            let record = Meta::new(&keys, in_use)?;
            let store = Self::assemble(path, keys)?;
            let rows = export::take_up(&store.0.engine, from, export)?;
            store.0.engine.barrier.now()?;
            // Last, so that a restore cut short does not pass for a store.
            store.0.record.put(&(), &record)?;
            store.0.engine.barrier.now()?;
            store.export_own(&mut store.upkeep())?;
            Ok(rows)
        })
    }

    /// The end of the store: one last barrier, then its own export. The directory is free for the
    /// next process once every other clone is dropped.
    ///
    /// # Errors
    /// As [`Store::barrier`] and [`Store::export`]; the store is released all the same.
    pub async fn close(self) -> Result<(), StoreError> {
        self.barrier().await?;
        blocking(move || self.export_if_changed().map(drop)).await
    }

    fn assemble(path: &Path, keys: Keyring) -> Result<Self, StoreError> {
        let engine = Engine::open(path)?;
        let shared = Shared::new(keys);
        let record = Table::open(&engine.db, shared.clone())?;
        let logins = Logins::open(&engine.db, shared.clone())?;
        let grants = Grants::open(&engine.db, shared.clone())?;
        let tokens = Tokens::open(&engine.db, shared.clone())?;
        let desk = Desk::open(&engine.db, shared.clone(), Arc::clone(&engine.barrier))?;
        let uploads = Uploads::new(path, desk.clone());
        let upkeep = Mutex::new(None);
        let inner = Inner { engine, shared, record, logins, grants, tokens, desk, uploads, upkeep };
        Ok(Self(Arc::new(inner)))
    }

    /// The store's record of itself; a new store has none.
    fn read_record(&self) -> Result<Option<Meta>, StoreError> {
        let Inner { engine, record, .. } = &*self.0;
        let found = record.get(&()).map_err(|fault| match fault {
            StoreError::Row { fault: RowFault::NewerVersion(found), .. } => {
                StoreError::NewerSchema { found, known: meta::SCHEMA }
            }
            fault => StoreError::damaged(&engine.path, fault.to_string()),
        })?;
        // A store that lost its log looks new to the engine; the export gives it away.
        if found.is_none() && (self.has_rows()? || engine.path.join(export::FILE).exists()) {
            return Err(StoreError::damaged(&engine.path, "its own record is missing"));
        }
        Ok(found)
    }

    /// Takes up the store's record of itself, or makes it in a new store.
    fn take_up_record(&self) -> Result<(), StoreError> {
        let Inner { engine, shared, record, desk, .. } = &*self.0;
        let keys = shared.keys().clone();
        let Some(meta) = self.read_record()? else {
            record.put(&(), &Meta::new(&keys, [keys.current_id()])?)?;
            engine.barrier.now()?;
            desk.take_up_secret()?;
            return self.export_own(&mut self.upkeep());
        };
        meta.check(&keys)?;
        if meta.key_ids().all(|id| id != keys.current_id()) {
            // The first row under a new key must not be durable before its name is.
            let in_use = meta.key_ids().chain([keys.current_id()]);
            record.put(&(), &Meta::new(&keys, in_use)?)?;
            engine.barrier.now()?;
        }
        desk.take_up_secret()
    }

    fn has_rows(&self) -> Result<bool, StoreError> {
        for tree in sealed_trees() {
            let tree = self.0.engine.db.open_tree(tree).map_err(StoreError::engine)?;
            if !tree.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn upkeep(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.0.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn export_own(&self, exported: &mut Option<u64>) -> Result<(), StoreError> {
        // Before the first row is read: a later change makes the next export due.
        let changes = self.0.shared.changes();
        self.write_export(&self.0.engine.path.join(export::FILE))?;
        *exported = Some(changes);
        Ok(())
    }

    fn write_export(&self, to: &Path) -> Result<u64, StoreError> {
        let keys: Vec<_> = self.0.record.load(&())?.key_ids().collect();
        export::write(&self.0.engine, &keys, to, || self.0.desk.hold())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|fault| Err(StoreError::Engine(fault.to_string())))
}

#[cfg(test)]
mod tests;
