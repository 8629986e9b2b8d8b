//! The store's word about itself: its schema, and the master keys that its rows are sealed with.
//!
//! Each key in use has a check: a known text sealed under it. The whole record is one row, so it
//! changes in one step.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{RowFault, StoreError};
use super::keyring::{KeyId, Keyring};
use super::seal;
use super::table::Schema;

/// The only schema so far.
pub(super) const SCHEMA: u32 = 1;
const CHECK: &[u8] = b"ticketd";
const CHECK_TREE: &str = "meta/key";

pub(super) struct MetaSchema;

/// The one row's value.
#[derive(Clone)]
pub(super) struct Meta {
    keys: Vec<KeyCheck>,
}

#[derive(Clone)]
struct KeyCheck {
    id: KeyId,
    sealed: Vec<u8>,
}

impl Meta {
    /// The record of a store whose rows are sealed with the keys named `ids`, all in `keys`.
    pub(super) fn new(
        keys: &Keyring,
        ids: impl IntoIterator<Item = KeyId>,
    ) -> Result<Self, StoreError> {
        let check = |id: KeyId| {
            let sealed = seal::seal_with(keys, id, CHECK_TREE, id.as_bytes(), CHECK)?;
            Ok(KeyCheck { id, sealed })
        };
        let checks: Result<Vec<_>, RowFault> = ids.into_iter().map(check).collect();
        checks
            .map(|keys| Self { keys })
            .map_err(|fault| StoreError::Row { tree: MetaSchema::TREE, fault })
    }

    /// Holds `keys` against the checks.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] naming the first key in use that `keys` lacks.
    pub(super) fn check(&self, keys: &Keyring) -> Result<(), StoreError> {
        for KeyCheck { id, sealed } in &self.keys {
            let opened = seal::open(keys, CHECK_TREE, id.as_bytes(), sealed);
            if opened.is_ok_and(|text| *text == CHECK) {
                continue;
            }
            let current = keys.current_id();
            return Err(StoreError::WrongKey { sealed_with: *id, current });
        }
        Ok(())
    }

    pub(super) fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(|key| key.id)
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    schema: u32,
    #[serde(default)]
    keys: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
struct WrittenKey {
    id: String,
    check: String,
}

impl Schema for MetaSchema {
    const TREE: &'static str = "meta";
    const SEALED: bool = false;
    type Key = ();
    type Value = Meta;

    fn key((): &()) -> &[u8] {
        b"store"
    }

    fn read_key(bytes: &[u8]) -> Result<(), RowFault> {
        if bytes == Self::key(&()) { Ok(()) } else { Err(RowFault::Undecodable) }
    }

    fn write(value: &Meta) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        let keys = value.keys.iter().map(|key| WrittenKey {
            id: key.id.to_string(),
            check: base16ct::lower::encode_string(&key.sealed),
        });
        let written = Written { schema: SCHEMA, keys: keys.collect() };
        serde_json::to_vec(&written).map(Zeroizing::new).map_err(|_| RowFault::Undecodable)
    }

    fn read(bytes: &[u8]) -> Result<Meta, RowFault> {
        let written: Written = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        if written.schema != SCHEMA {
            return Err(RowFault::NewerVersion(written.schema));
        }
        let key = |key: WrittenKey| {
            let sealed = base16ct::lower::decode_vec(&key.check).ok()?;
            Some(KeyCheck { id: KeyId::parse(&key.id)?, sealed })
        };
        let keys: Option<Vec<_>> = written.keys.into_iter().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(|keys| Meta { keys }).ok_or(RowFault::Undecodable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_reads_back_and_tells_keys_apart() {
        let old = Keyring::generate();
        let new = old.with_new_current();
        let bytes =
            MetaSchema::write(&Meta::new(&new, [new.current_id(), old.current_id()]).unwrap())
                .unwrap();
        let meta = MetaSchema::read(&bytes).unwrap();
        assert_eq!(meta.key_ids().collect::<Vec<_>>(), [new.current_id(), old.current_id()]);
        assert!(meta.check(&new).is_ok());
        assert!(matches!(
            meta.check(&old),
            Err(StoreError::WrongKey { sealed_with, current })
                if sealed_with == new.current_id() && current == old.current_id()
        ));
    }

    #[test]
    fn only_this_schema_is_read() {
        for (row, fault) in [
            (r#"{"schema":2,"rooms":7}"#, RowFault::NewerVersion(2)),
            (r#"{"schema":1,"keys":[]}"#, RowFault::Undecodable),
            (r#"{"schema":1,"keys":[{"id":"0","check":"00"}]}"#, RowFault::Undecodable),
            ("", RowFault::Undecodable),
        ] {
            assert_eq!(MetaSchema::read(row.as_bytes()).err(), Some(fault), "{row}");
        }
    }
}
