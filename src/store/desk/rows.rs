//! How the desk's rows are written: keys of fixed length, values as JSON under a version.
//!
//! What the outside chose (Message-IDs, conversations) stands in keys only as a digest: short, of
//! one length, and nothing to be read from a key. serde's words may quote a row, so they go no
//! further.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::error::RowFault;
use super::super::table::Schema;
use crate::model::keys::{CaseId, EffectId, Lane};

/// A table of the desk.
pub(in crate::store) trait DeskTable {
    const TREE: &'static str;
    type Key: AsRef<[u8]> + for<'b> TryFrom<&'b [u8]>;
    type Row: Serialize + DeserializeOwned;
}

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'r, R> {
    v: u32,
    row: &'r R,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct Known<R> {
    v: u32,
    row: R,
}

impl<T: DeskTable> Schema for T {
    const TREE: &'static str = <T as DeskTable>::TREE;
    const SEALED: bool = true;
    type Key = <T as DeskTable>::Key;
    type Value = T::Row;

    fn key(key: &Self::Key) -> &[u8] {
        key.as_ref()
    }

    fn read_key(bytes: &[u8]) -> Result<Self::Key, RowFault> {
        Self::Key::try_from(bytes).map_err(|_| RowFault::Undecodable)
    }

    fn write(row: &T::Row) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1024));
        serde_json::to_writer(&mut *bytes, &Written { v: VERSION, row })
            .map_err(|_| RowFault::Undecodable)?;
        Ok(bytes)
    }

    fn read(bytes: &[u8]) -> Result<T::Row, RowFault> {
        let fault = match serde_json::from_slice::<Known<T::Row>>(bytes) {
            Ok(known) if known.v == VERSION => return Ok(known.row),
            Ok(known) => RowFault::NewerVersion(known.v),
            Err(_) => RowFault::Undecodable,
        };
        match serde_json::from_slice::<Version>(bytes) {
            Ok(version) if version.v != VERSION => Err(RowFault::NewerVersion(version.v)),
            _ => Err(fault),
        }
    }
}

/// A row whose key says it all.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Nothing {}

/// 16 bytes of the SHA-256 of `parts`, which hold no zero byte.
pub(super) fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}

/// A case as a key, in the order of the numbers.
pub(super) fn case_key(case: CaseId) -> [u8; 8] {
    case.get().to_be_bytes()
}

pub(super) fn case_of(key: [u8; 8]) -> Result<CaseId, RowFault> {
    CaseId::new(u64::from_be_bytes(key)).ok_or(RowFault::Undecodable)
}

/// Stands in the keys of steps that go to the chat. No case has so many steps.
const CHAT: u32 = 1 << 31;

/// An effect as a key, in the order of cases and steps, those that go to the chat last.
pub(super) fn effect_key(id: EffectId) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&case_key(id.case));
    let chat = if id.lane == Lane::Chat { CHAT } else { 0 };
    key[8..].copy_from_slice(&(id.step & !CHAT | chat).to_be_bytes());
    key
}

pub(super) fn effect_of(key: [u8; 12]) -> Result<EffectId, RowFault> {
    let (case, step) = split::<8, 4>(&key)?;
    let step = u32::from_be_bytes(step);
    let lane = if step & CHAT == 0 { Lane::Desk } else { Lane::Chat };
    Ok(EffectId { case: case_of(case)?, lane, step: step & !CHAT })
}

/// Two keys in one.
pub(super) fn joined<const N: usize>(first: &[u8], second: &[u8]) -> [u8; N] {
    let mut key = [0; N];
    key[..first.len()].copy_from_slice(first);
    key[first.len()..].copy_from_slice(second);
    key
}

/// The first `A` bytes, and the `B` after them.
pub(super) fn split<const A: usize, const B: usize>(
    key: &[u8],
) -> Result<([u8; A], [u8; B]), RowFault> {
    let (first, rest) = key.split_first_chunk::<A>().ok_or(RowFault::Undecodable)?;
    Ok((*first, rest.try_into().map_err(|_| RowFault::Undecodable)?))
}

const SIGN: u128 = 1 << 127;

/// A time as a key, in the order of time, before 1970 as well.
pub(super) fn time_key(at: Timestamp) -> [u8; 16] {
    (at.as_nanosecond().cast_unsigned() ^ SIGN).to_be_bytes()
}

pub(super) fn time_of(key: [u8; 16]) -> Result<Timestamp, RowFault> {
    Timestamp::from_nanosecond((u128::from_be_bytes(key) ^ SIGN).cast_signed())
        .map_err(|_| RowFault::Undecodable)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Notes;

    #[derive(Debug, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl DeskTable for Notes {
        const TREE: &'static str = "notes";
        type Key = [u8; 8];
        type Row = Note;
    }

    #[test]
    fn other_rows_are_refused_without_quoting_them() {
        for (row, fault) in [
            (r#"{"v":2,"row":{"text":"s3cret"}}"#, RowFault::NewerVersion(2)),
            (r#"{"v":7,"other":"s3cret"}"#, RowFault::NewerVersion(7)),
            (r#"{"v":1,"row":{"txt":"s3cret"}}"#, RowFault::Undecodable),
            (r#"{"v":"s3cret"}"#, RowFault::Undecodable),
            ("", RowFault::Undecodable),
        ] {
            let found = Notes::read(row.as_bytes()).unwrap_err();
            assert_eq!(found, fault, "{row}");
            assert!(!found.to_string().contains("s3cret"));
        }
        let row = Notes::write(&Note { text: "hello".into() }).unwrap();
        assert_eq!(row.as_slice(), br#"{"v":1,"row":{"text":"hello"}}"#);
        assert_eq!(Notes::read(&row).unwrap().text, "hello");
        assert!(Notes::read_key(b"short").is_err());
    }

    #[test]
    fn keys_keep_the_order_of_what_they_stand_for() {
        let times = [
            Timestamp::MIN,
            Timestamp::from_nanosecond(-1).unwrap(),
            Timestamp::UNIX_EPOCH,
            Timestamp::from_nanosecond(1).unwrap(),
            Timestamp::MAX,
        ];
        assert!(times.map(time_key).is_sorted());
        for time in times {
            assert_eq!(time_of(time_key(time)).unwrap(), time);
        }
        let ids = ["1.0", "1.9", "1.10", "2.0", "300.1"].map(|id| EffectId::parse(id).unwrap());
        assert!(ids.map(effect_key).is_sorted());
        for id in ids {
            assert_eq!(effect_of(effect_key(id)).unwrap(), id);
        }
        assert!(case_of([0; 8]).is_err());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
    }
}
