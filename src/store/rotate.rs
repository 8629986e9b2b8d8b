//! Re-sealing: bringing every row under the current key while the store is in use.
//!
//! The order makes it safe to stop anywhere. First the record of keys in use names the new key,
//! durably; then the keyring is exchanged, after which no writer uses the old key; then each row
//! is exchanged only if it is still the row that was read; last, durably, the record forgets the
//! old keys. Stopped half way, the store opens with both keys and can be re-sealed again.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::error::StoreError;
use super::keyring::Keyring;
use super::meta::{Meta, MetaSchema};
use super::table::{Shared, Table};
use super::{seal, sealed_trees};

/// What a re-sealing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows that are under the current key since now.
    pub resealed: u64,
    /// Rows that were under it already.
    pub current: u64,
    /// Rows that do not open. While there is one, the older keys stay in use.
    pub unreadable: u64,
}

pub(super) fn reseal(
    engine: &Engine,
    shared: &Shared,
    record: &Table<MetaSchema>,
    keys: &Keyring,
) -> Result<Resealed, StoreError> {
    let before = record.load(&())?;
    before.check(keys)?;
    let mut in_use: BTreeSet<_> = before.key_ids().collect();
    in_use.insert(keys.current_id());
    record.put(&(), &Meta::new(keys, in_use)?)?;
    engine.barrier.now()?;

    *shared.keys_mut() = keys.clone();
    let mut done = Resealed::default();
    for tree in sealed_trees() {
        reseal_tree(engine, shared, keys, tree, &mut done)?;
    }
    engine.barrier.now()?;

    if done.unreadable == 0 {
        record.put(&(), &Meta::new(keys, [keys.current_id()])?)?;
        engine.barrier.now()?;
    }
    Ok(done)
}

fn reseal_tree(
    engine: &Engine,
    shared: &Shared,
    keys: &Keyring,
    name: &str,
    done: &mut Resealed,
) -> Result<(), StoreError> {
    let tree = engine.db.open_tree(name).map_err(StoreError::engine)?;
    for entry in &tree {
        let (key, old) = entry.map_err(StoreError::engine)?;
        if seal::key_id(&old) == Some(keys.current_id()) {
            done.current += 1;
            continue;
        }
        let Ok(plain) = seal::open(keys, name, &key, &old) else {
            done.unreadable += 1;
            continue;
        };
        let Ok(new) = seal::seal(keys, name, &key, &plain) else {
            done.unreadable += 1;
            continue;
        };
        let swapped = tree.compare_and_swap(&key, Some(&old), Some(new));
        // Lost against a writer: then the row is gone, or under the current key through them.
        match swapped.map_err(StoreError::engine)? {
            Ok(()) => done.resealed += 1,
            Err(_) => done.current += 1,
        }
        shared.changed();
    }
    Ok(())
}
