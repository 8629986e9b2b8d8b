//! Texts that are longer than a row, in parts. Bytes behind a version of one byte: as JSON they
//! would be half as long again.

use std::marker::PhantomData;

use zeroize::Zeroizing;

use super::super::error::{RowFault, StoreError};
use super::super::table::Schema;
use super::rows::joined;
use super::{Desk, DeskTx};

/// Bytes of the longest text.
pub(super) const TEXT_MAX: usize = 256 * 1024;
/// Bytes of it in one row.
const PART: usize = 3584;

const VERSION: u8 = 1;

/// A table of texts.
pub(in crate::store) trait TextTable {
    const TREE: &'static str;
}

/// The rows of such a table, by the text's key and the part's number of two bytes: `N` bytes.
pub(in crate::store) struct Parts<T, const N: usize>(PhantomData<T>);

impl<T: TextTable, const N: usize> Schema for Parts<T, N> {
    const TREE: &'static str = T::TREE;
    const SEALED: bool = true;
    type Key = [u8; N];
    type Value = Vec<u8>;

    fn key(key: &[u8; N]) -> &[u8] {
        key
    }

    fn read_key(bytes: &[u8]) -> Result<[u8; N], RowFault> {
        bytes.try_into().map_err(|_| RowFault::Undecodable)
    }

    fn write(part: &Vec<u8>) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        Ok(Zeroizing::new([&[VERSION], part.as_slice()].concat()))
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, RowFault> {
        match bytes.split_first() {
            Some((&VERSION, part)) => Ok(part.to_vec()),
            Some((newer, _)) => Err(RowFault::NewerVersion(u32::from(*newer))),
            None => Err(RowFault::Undecodable),
        }
    }
}

impl DeskTx<'_> {
    /// Keeps `text` in place of what was there.
    pub(super) fn keep_text<T: TextTable, const N: usize>(
        &mut self,
        key: &[u8],
        text: &[u8],
    ) -> Result<(), StoreError> {
        if text.len() > TEXT_MAX {
            return Err(StoreError::RowTooLong { tree: T::TREE, len: text.len(), max: TEXT_MAX });
        }
        self.remove_text::<T, N>(key)?;
        for (number, part) in (0_u16..).zip(text.chunks(PART)) {
            let row = joined(key, &number.to_be_bytes());
            self.view.0.put::<Parts<T, N>>(&row, &part.to_vec())?;
        }
        Ok(())
    }

    pub(super) fn remove_text<T: TextTable, const N: usize>(
        &mut self,
        key: &[u8],
    ) -> Result<(), StoreError> {
        let parts = self.view.0.keys::<Parts<T, N>>(key)?;
        parts.iter().try_for_each(|part| self.view.0.remove::<Parts<T, N>>(part))
    }
}

impl Desk {
    /// A text; empty if none is kept.
    pub(super) fn text<T: TextTable, const N: usize>(
        &self,
        key: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let mut text = Vec::new();
        for row in self.tables().scan::<Parts<T, N>>(key)? {
            text.extend(row?.1);
        }
        Ok(text)
    }

    /// Whether any part of a text is kept.
    pub(super) fn has_text<T: TextTable, const N: usize>(
        &self,
        key: &[u8],
    ) -> Result<bool, StoreError> {
        let mut parts = self.tables().keys::<Parts<T, N>>(key)?;
        Ok(parts.next().transpose()?.is_some())
    }
}
