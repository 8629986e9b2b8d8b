//! A write set over several tables: read, decide, write, and all of it or nothing.
//!
//! Nothing reaches the trees before [`Changes::commit`], which is one transaction of the engine:
//! it writes the number of the batch's last record in front of the batch, and a log that ends
//! before that record is read as if the batch had never begun. Until then, reads through the set
//! see its own writes first. A commit that fails half way leaves the engine in pieces: its caller
//! must see to it that nothing is acknowledged any more.

use std::collections::{BTreeMap, BTreeSet};

use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::seal;
use super::table::{ROW_MAX, Schema, Shared, fault, read};

/// Several sealed tables of one engine; cheap to clone.
#[derive(Clone)]
pub(super) struct Tables {
    trees: BTreeMap<&'static str, sled::Tree>,
    shared: Shared,
}

impl Tables {
    pub(super) fn open(
        db: &sled::Db,
        shared: Shared,
        names: &[&'static str],
    ) -> Result<Self, StoreError> {
        let tree = |name: &&'static str| Ok((*name, db.open_tree(name)?));
        let trees: Result<_, _> = names.iter().map(tree).collect();
        Ok(Self { trees: trees.map_err(StoreError::engine)?, shared })
    }

    fn tree(&self, name: &'static str) -> Result<&sled::Tree, StoreError> {
        let missing = || StoreError::Engine(format!("the table {name} was not opened"));
        self.trees.get(name).ok_or_else(missing)
    }

    /// The rows whose keys begin with `prefix`, in the order of the keys; not one moment's picture
    /// while others write.
    pub(super) fn scan<'t, S: Schema>(
        &'t self,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Entry<S>> + use<'t, S>, StoreError> {
        let entries = self.tree(S::TREE)?.scan_prefix(prefix);
        Ok(entries.map(|entry| self.entry::<S>(entry)))
    }

    /// The rows before `end`, the last first.
    pub(super) fn before<S: Schema>(
        &self,
        end: &[u8],
    ) -> Result<impl Iterator<Item = Entry<S>>, StoreError> {
        let entries = self.tree(S::TREE)?.range(..end).rev();
        Ok(entries.map(|entry| self.entry::<S>(entry)))
    }

    /// The rows from `start` on, in the order of the keys.
    pub(super) fn from<S: Schema>(
        &self,
        start: &[u8],
    ) -> Result<impl Iterator<Item = Entry<S>> + use<'_, S>, StoreError> {
        let entries = self.tree(S::TREE)?.range(start..);
        Ok(entries.map(|entry| self.entry::<S>(entry)))
    }

    /// The keys that begin with `prefix`; no row is opened.
    pub(super) fn keys<S: Schema>(
        &self,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Result<S::Key, StoreError>> + use<S>, StoreError> {
        let entries = self.tree(S::TREE)?.scan_prefix(prefix).keys();
        Ok(entries.map(|key| S::read_key(&key.map_err(StoreError::engine)?).map_err(fault::<S>)))
    }

    fn entry<S: Schema>(&self, entry: sled::Result<(sled::IVec, sled::IVec)>) -> Entry<S> {
        let (key, row) = entry.map_err(StoreError::engine)?;
        let value = read::<S>(&self.shared.keys(), &key, &row).map_err(fault::<S>)?;
        Ok((S::read_key(&key).map_err(fault::<S>)?, value))
    }
}

/// A row that was read.
type Entry<S> = Result<(<S as Schema>::Key, <S as Schema>::Value), StoreError>;

/// Rows by their keys; `None` where a row is to go.
type Pending = BTreeMap<Vec<u8>, Option<Zeroizing<Vec<u8>>>>;

/// A write set.
pub(super) struct Changes {
    tables: Tables,
    pending: BTreeMap<&'static str, Pending>,
}

impl Changes {
    pub(super) fn new(tables: Tables) -> Self {
        Self { tables, pending: BTreeMap::new() }
    }

    /// The tables as they are without this set.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The rows that a commit would write or remove.
    pub(super) fn len(&self) -> usize {
        self.pending.values().map(BTreeMap::len).sum()
    }

    pub(super) fn get<S: Schema>(&self, key: &S::Key) -> Result<Option<S::Value>, StoreError> {
        let bytes = S::key(key);
        if let Some(row) = self.pending.get(S::TREE).and_then(|rows| rows.get(bytes)) {
            return row.as_ref().map(|row| S::read(row)).transpose().map_err(fault::<S>);
        }
        let keys = self.tables.shared.keys();
        let row = self.tables.tree(S::TREE)?.get(bytes).map_err(StoreError::engine)?;
        row.map(|row| read::<S>(&keys, bytes, &row)).transpose().map_err(fault::<S>)
    }

    pub(super) fn contains<S: Schema>(&self, key: &S::Key) -> Result<bool, StoreError> {
        let bytes = S::key(key);
        match self.pending.get(S::TREE).and_then(|rows| rows.get(bytes)) {
            Some(row) => Ok(row.is_some()),
            None => self.tables.tree(S::TREE)?.contains_key(bytes).map_err(StoreError::engine),
        }
    }

    /// The keys that begin with `prefix`, in order.
    pub(super) fn keys<S: Schema>(&self, prefix: &[u8]) -> Result<Vec<S::Key>, StoreError> {
        let mut found = BTreeSet::new();
        for key in self.tables.tree(S::TREE)?.scan_prefix(prefix).keys() {
            found.insert(key.map_err(StoreError::engine)?.to_vec());
        }
        let pending = self.pending.get(S::TREE).into_iter().flatten();
        for (key, row) in pending.filter(|(key, _)| key.starts_with(prefix)) {
            if row.is_some() {
                found.insert(key.clone());
            } else {
                found.remove(key);
            }
        }
        found.iter().map(|key| S::read_key(key).map_err(fault::<S>)).collect()
    }

    /// # Errors
    /// [`StoreError::RowTooLong`], here and not at the commit.
    pub(super) fn put<S: Schema>(
        &mut self,
        key: &S::Key,
        value: &S::Value,
    ) -> Result<(), StoreError> {
        const { assert!(S::SEALED) };
        let bytes = S::key(key);
        let plain = S::write(value).map_err(fault::<S>)?;
        let len = bytes.len() + plain.len() + seal::OVERHEAD;
        if len > ROW_MAX {
            return Err(StoreError::RowTooLong { tree: S::TREE, len, max: ROW_MAX });
        }
        self.pending.entry(S::TREE).or_default().insert(bytes.to_vec(), Some(plain));
        Ok(())
    }

    /// Removes a row, if it is there.
    pub(super) fn remove<S: Schema>(&mut self, key: &S::Key) -> Result<(), StoreError> {
        // A removal of nothing would still be written to the log.
        if self.contains::<S>(key)? {
            self.pending.entry(S::TREE).or_default().insert(S::key(key).to_vec(), None);
        }
        Ok(())
    }

    /// Writes the whole set in one step.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // Held until the rows are in the trees: a rotation that takes up another key meets them.
        let keys = self.tables.shared.keys();
        let mut trees = Vec::with_capacity(self.pending.len());
        let mut batches = Vec::with_capacity(self.pending.len());
        for (name, rows) in &self.pending {
            let mut batch = sled::Batch::default();
            for (key, row) in rows {
                match row {
                    Some(plain) => {
                        let sealed = seal::seal(&keys, name, key, plain)
                            .map_err(|found| StoreError::Row { tree: name, fault: found.into() })?;
                        batch.insert(key.as_slice(), sealed);
                    }
                    None => batch.remove(key.as_slice()),
                }
            }
            trees.push(self.tables.tree(name)?);
            batches.push(batch);
        }
        let done: Result<(), TransactionError<()>> = trees.as_slice().transaction(|views| {
            for (view, batch) in views.iter().zip(&batches) {
                view.apply_batch(batch)?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        for _ in 0..self.len() {
            self.tables.shared.changed();
        }
        done.map_err(|fault| match fault {
            TransactionError::Storage(fault) => StoreError::engine(fault),
            TransactionError::Abort(()) => StoreError::Engine("a commit was called off".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::RowFault;
    use crate::store::keyring::Keyring;

    struct Letters;
    struct Digits;

    macro_rules! bytes {
        ($table:ty, $name:literal) => {
            impl Schema for $table {
                const TREE: &'static str = $name;
                const SEALED: bool = true;
                type Key = Vec<u8>;
                type Value = Vec<u8>;

                fn key(key: &Vec<u8>) -> &[u8] {
                    key
                }

                fn read_key(bytes: &[u8]) -> Result<Vec<u8>, RowFault> {
                    Ok(bytes.to_vec())
                }

                fn write(value: &Vec<u8>) -> Result<Zeroizing<Vec<u8>>, RowFault> {
                    Ok(Zeroizing::new(value.clone()))
                }

                fn read(bytes: &[u8]) -> Result<Vec<u8>, RowFault> {
                    Ok(bytes.to_vec())
                }
            }
        };
    }

    bytes!(Letters, "letters");
    bytes!(Digits, "digits");

    fn tables() -> (tempfile::TempDir, Tables) {
        let dir = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
        let shared = Shared::new(Keyring::generate());
        (dir, Tables::open(&db, shared, &["letters", "digits"]).unwrap())
    }

    fn row(text: &str) -> Vec<u8> {
        text.into()
    }

    #[test]
    fn a_set_reads_its_own_writes_before_anybody_else_does() {
        let (_dir, tables) = tables();
        let mut first = Changes::new(tables.clone());
        for key in ["aa", "ab", "b"] {
            first.put::<Letters>(&row(key), &row("first")).unwrap();
        }
        first.put::<Digits>(&row("aa"), &row("1")).unwrap();
        assert_eq!(Changes::new(tables.clone()).get::<Letters>(&row("aa")).unwrap(), None);
        first.commit().unwrap();

        let mut second = Changes::new(tables.clone());
        second.remove::<Letters>(&row("aa")).unwrap();
        second.remove::<Letters>(&row("nothing")).unwrap();
        second.put::<Letters>(&row("ac"), &row("second")).unwrap();
        second.put::<Letters>(&row("ab"), &row("second")).unwrap();
        assert_eq!(second.len(), 3, "what is not there is not removed");
        assert_eq!(second.keys::<Letters>(b"a").unwrap(), [row("ab"), row("ac")]);
        assert_eq!(second.get::<Letters>(&row("ab")).unwrap(), Some(row("second")));
        assert!(!second.contains::<Letters>(&row("aa")).unwrap());
        assert!(second.contains::<Digits>(&row("aa")).unwrap());
        let other = Changes::new(tables.clone());
        assert_eq!(other.keys::<Letters>(b"a").unwrap(), [row("aa"), row("ab")]);
        second.commit().unwrap();
        assert_eq!(other.keys::<Letters>(b"").unwrap(), [row("ab"), row("ac"), row("b")]);
        let before: Result<Vec<_>, _> = tables.before::<Letters>(b"b").unwrap().collect();
        assert_eq!(before.unwrap(), [(row("ac"), row("second")), (row("ab"), row("second"))]);
    }

    #[test]
    fn rows_are_bound_to_their_table_and_of_bounded_length() {
        let (_dir, tables) = tables();
        let mut changes = Changes::new(tables.clone());
        let longest = ROW_MAX - seal::OVERHEAD - 1;
        changes.put::<Letters>(&row("a"), &vec![0; longest]).unwrap();
        let fault = changes.put::<Letters>(&row("a"), &vec![0; longest + 1]).unwrap_err();
        assert!(matches!(fault, StoreError::RowTooLong { len, .. } if len == ROW_MAX + 1));
        changes.commit().unwrap();
        let stolen = tables.trees["letters"].get("a").unwrap().unwrap();
        assert_eq!(stolen.len() + 1, ROW_MAX);
        tables.trees["digits"].insert("a", stolen).unwrap();
        let fault = Changes::new(tables).get::<Digits>(&row("a")).unwrap_err();
        assert!(matches!(fault, StoreError::Row { tree: "digits", .. }), "{fault}");
    }
}
