//! Typed tables over the engine's trees: the only generic of the store.
//!
//! A table turns keys and values into bytes and, where its schema says so, seals them. A write is
//! seen by every reader at once but outlives a power cut only after the next barrier.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use zeroize::Zeroizing;

use super::error::{RowFault, StoreError};
use super::keyring::Keyring;
use super::seal;

/// Bytes of the longest row, sealed. A leaf of the engine holds up to 26 rows before it splits;
/// above 128 KiB it would move to a file of its own, which no barrier covers.
pub(super) const ROW_MAX: usize = 4096;

/// What a table keeps and how it is written.
pub(super) trait Schema {
    /// The tree's name on disk; also bound into each seal.
    const TREE: &'static str;
    /// Whether values are sealed under the master key.
    const SEALED: bool;
    type Key;
    type Value;

    fn key(key: &Self::Key) -> &[u8];
    fn read_key(bytes: &[u8]) -> Result<Self::Key, RowFault>;
    /// Writes a value with its version.
    fn write(value: &Self::Value) -> Result<Zeroizing<Vec<u8>>, RowFault>;
    /// Reads any version written so far.
    fn read(bytes: &[u8]) -> Result<Self::Value, RowFault>;
}

/// What the tables of one store share: the keyring in use and a count of changes.
#[derive(Clone)]
pub(super) struct Shared {
    keys: Arc<RwLock<Keyring>>,
    changes: Arc<AtomicU64>,
}

impl Shared {
    pub(super) fn new(keys: Keyring) -> Self {
        Self { keys: Arc::new(RwLock::new(keys)), changes: Arc::default() }
    }

    /// The keyring in use. Writers hold it until their row is in the tree, so that once a new
    /// keyring is in, no row under the old one can follow.
    pub(super) fn keys(&self) -> RwLockReadGuard<'_, Keyring> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keys_mut(&self) -> RwLockWriteGuard<'_, Keyring> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How many rows were written or removed since the store was opened.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

/// One table.
pub(super) struct Table<S> {
    tree: sled::Tree,
    shared: Shared,
    schema: PhantomData<fn() -> S>,
}

impl<S: Schema> Table<S> {
    pub(super) fn open(db: &sled::Db, shared: Shared) -> Result<Self, StoreError> {
        let tree = db.open_tree(S::TREE).map_err(StoreError::engine)?;
        Ok(Self { tree, shared, schema: PhantomData })
    }

    pub(super) fn get(&self, key: &S::Key) -> Result<Option<S::Value>, StoreError> {
        let bytes = S::key(key);
        let keys = self.shared.keys();
        let Some(row) = self.tree.get(bytes).map_err(StoreError::engine)? else {
            return Ok(None);
        };
        read::<S>(&keys, bytes, &row).map(Some).map_err(fault::<S>)
    }

    /// As `get`, for rows that must be there.
    pub(super) fn load(&self, key: &S::Key) -> Result<S::Value, StoreError> {
        self.get(key)?.ok_or_else(|| fault::<S>(RowFault::Missing))
    }

    pub(super) fn put(&self, key: &S::Key, value: &S::Value) -> Result<(), StoreError> {
        let bytes = S::key(key);
        let plain = S::write(value).map_err(fault::<S>)?;
        let keys = self.shared.keys();
        let row = if S::SEALED {
            seal::seal(&keys, S::TREE, bytes, &plain).map_err(|found| fault::<S>(found.into()))?
        } else {
            plain.to_vec()
        };
        let len = bytes.len() + row.len();
        if len > ROW_MAX {
            return Err(StoreError::RowTooLong { tree: S::TREE, len, max: ROW_MAX });
        }
        self.tree.insert(bytes, row).map_err(StoreError::engine)?;
        self.shared.changed();
        Ok(())
    }

    /// Removes a row; says whether it was there.
    pub(super) fn remove(&self, key: &S::Key) -> Result<bool, StoreError> {
        let was_there = self.tree.remove(S::key(key)).map_err(StoreError::engine)?.is_some();
        self.shared.changed();
        Ok(was_there)
    }

    /// All rows in the order of their keys; not one moment's picture while others write.
    pub(super) fn scan(&self) -> impl Iterator<Item = Result<(S::Key, S::Value), StoreError>> {
        self.tree.iter().map(|entry| {
            let (key, row) = entry.map_err(StoreError::engine)?;
            // A rotation may have re-sealed the row since: any key that was in use will do.
            let value = read::<S>(&self.shared.keys(), &key, &row).map_err(fault::<S>)?;
            Ok((S::read_key(&key).map_err(fault::<S>)?, value))
        })
    }
}

pub(super) fn read<S: Schema>(
    keys: &Keyring,
    key: &[u8],
    row: &[u8],
) -> Result<S::Value, RowFault> {
    if S::SEALED { S::read(&seal::open(keys, S::TREE, key, row)?) } else { S::read(row) }
}

pub(super) fn fault<S: Schema>(fault: RowFault) -> StoreError {
    StoreError::Row { tree: S::TREE, fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::seal::SealFault;

    /// A sealed table of bytes.
    struct Notes;

    impl Schema for Notes {
        const TREE: &'static str = "notes";
        const SEALED: bool = true;
        type Key = String;
        type Value = Vec<u8>;

        fn key(key: &String) -> &[u8] {
            key.as_bytes()
        }

        fn read_key(bytes: &[u8]) -> Result<String, RowFault> {
            String::from_utf8(bytes.to_vec()).map_err(|_| RowFault::Undecodable)
        }

        fn write(value: &Vec<u8>) -> Result<Zeroizing<Vec<u8>>, RowFault> {
            Ok(Zeroizing::new(value.clone()))
        }

        fn read(bytes: &[u8]) -> Result<Vec<u8>, RowFault> {
            Ok(bytes.to_vec())
        }
    }

    fn table() -> (tempfile::TempDir, Table<Notes>) {
        let dir = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
        (dir, Table::open(&db, Shared::new(Keyring::generate())).unwrap())
    }

    #[test]
    fn rows_are_put_read_scanned_and_removed() {
        let (_dir, notes) = table();
        let (a, b) = ("a".to_owned(), "b".to_owned());
        notes.put(&b, &vec![2]).unwrap();
        notes.put(&a, &vec![1]).unwrap();
        assert_eq!(notes.get(&a).unwrap(), Some(vec![1]));
        let all: Result<Vec<_>, _> = notes.scan().collect();
        assert_eq!(all.unwrap(), [(a.clone(), vec![1]), (b, vec![2])]);
        assert!(notes.remove(&a).unwrap());
        assert!(!notes.remove(&a).unwrap());
        assert_eq!(notes.get(&a).unwrap(), None);
        let missing = notes.load(&a).unwrap_err().to_string();
        assert_eq!(missing, "a row of notes cannot be read: it is missing");
    }

    #[test]
    fn a_row_copied_to_another_key_does_not_open() {
        let (_dir, notes) = table();
        let (alice, mallory) = ("alice".to_owned(), "mallory".to_owned());
        notes.put(&alice, &b"key of alice".to_vec()).unwrap();
        let stolen = notes.tree.get("alice").unwrap().unwrap();
        notes.tree.insert("mallory", stolen).unwrap();
        assert!(matches!(
            notes.get(&mallory),
            Err(StoreError::Row { fault: RowFault::Seal(SealFault::Broken), .. })
        ));
        assert!(notes.get(&alice).unwrap().is_some());
    }

    #[test]
    fn a_row_too_long_for_the_log_is_refused() {
        let (_dir, notes) = table();
        let key = "k".to_owned();
        assert!(matches!(
            notes.put(&key, &vec![0; ROW_MAX]),
            Err(StoreError::RowTooLong { max: ROW_MAX, .. })
        ));
        assert_eq!(notes.get(&key).unwrap(), None);
    }
}
