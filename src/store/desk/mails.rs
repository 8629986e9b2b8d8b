//! The register of mails, and the raw text of those that could not be read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::super::error::{RowFault, StoreError};
use super::super::table::Schema;
use super::rows::{DeskTable, joined};
use super::{Counts, Desk, DeskTx, DeskView};
use crate::model::case::MailRecord;
use crate::model::keys::{MailKey, MailboxName};

/// Bytes of the longest raw text that is kept.
pub const RAW_MAX: usize = 256 * 1024;
/// Bytes of it in one row.
const PART: usize = 3584;

pub(super) struct Mails;

impl DeskTable for Mails {
    const TREE: &'static str = "mails";
    type Key = [u8; 16];
    type Row = MailRecord;
}

/// A raw text in parts, by mail and number. Bytes behind a version of one byte: as JSON they would
/// be half as long again.
pub(super) struct Raw;

const RAW_VERSION: u8 = 1;

impl Schema for Raw {
    const TREE: &'static str = "raw";
    const SEALED: bool = true;
    type Key = [u8; 18];
    type Value = Vec<u8>;

    fn key(key: &[u8; 18]) -> &[u8] {
        key
    }

    fn read_key(bytes: &[u8]) -> Result<[u8; 18], RowFault> {
        bytes.try_into().map_err(|_| RowFault::Undecodable)
    }

    fn write(part: &Vec<u8>) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        Ok(Zeroizing::new([&[RAW_VERSION], part.as_slice()].concat()))
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, RowFault> {
        match bytes.split_first() {
            Some((&RAW_VERSION, part)) => Ok(part.to_vec()),
            Some((newer, _)) => Err(RowFault::NewerVersion(u32::from(*newer))),
            None => Err(RowFault::Undecodable),
        }
    }
}

impl DeskView {
    /// The register's row of a mail.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn mail(&self, key: &MailKey) -> Result<Option<MailRecord>, StoreError> {
        self.0.get::<Mails>(key.as_bytes())
    }
}

impl DeskTx<'_> {
    /// Keeps `mail` in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`]; [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn put_mail(&mut self, mail: &MailRecord) -> Result<(), StoreError> {
        if let Some(before) = self.mail(&mail.key)? {
            self.count(&before, -1);
        }
        self.count(mail, 1);
        self.view.0.put::<Mails>(mail.key.as_bytes(), mail)
    }

    /// Keeps `raw` as the raw text of a mail in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for more than [`RAW_MAX`] bytes; [`StoreError::Engine`].
    pub fn keep_raw(&mut self, key: &MailKey, raw: &[u8]) -> Result<(), StoreError> {
        if raw.len() > RAW_MAX {
            let (tree, len) = (Raw::TREE, raw.len());
            return Err(StoreError::RowTooLong { tree, len, max: RAW_MAX });
        }
        self.remove_raw(key)?;
        for (number, part) in (0_u16..).zip(raw.chunks(PART)) {
            let row = joined(key.as_bytes(), &number.to_be_bytes());
            self.view.0.put::<Raw>(&row, &part.to_vec())?;
        }
        Ok(())
    }

    /// Removes a mail and its raw text; whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn forget_mail(&mut self, key: &MailKey) -> Result<bool, StoreError> {
        let Some(mail) = self.mail(key)? else { return Ok(false) };
        self.count(&mail, -1);
        self.remove_raw(key)?;
        self.view.0.remove::<Mails>(key.as_bytes())?;
        Ok(true)
    }

    fn remove_raw(&mut self, key: &MailKey) -> Result<(), StoreError> {
        let parts = self.view.0.keys::<Raw>(key.as_bytes())?;
        parts.iter().try_for_each(|part| self.view.0.remove::<Raw>(part))
    }

    fn count(&mut self, mail: &MailRecord, by: i64) {
        self.counted.push(((mail.mailbox.clone(), mail.state.word()), by));
    }
}

/// A mail in the order of its recording.
#[derive(PartialEq, Eq)]
struct ByTime(Timestamp, MailKey, Box<MailRecord>);

impl Ord for ByTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for ByTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Desk {
    /// The raw text of a mail; empty if none is kept.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn raw(&self, key: &MailKey) -> Result<Vec<u8>, StoreError> {
        let mut raw = Vec::new();
        for row in self.tables().scan::<Raw>(key.as_bytes())? {
            raw.extend(row?.1);
        }
        Ok(raw)
    }

    /// At most `limit` mails in one state, by its word, the last recorded first. Reads the whole
    /// register, so it is for people, not for loops.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn mails(&self, state: &str, limit: usize) -> Result<Vec<MailRecord>, StoreError> {
        let mut newest = BinaryHeap::new();
        for row in self.tables().scan::<Mails>(&[])? {
            let (_, mail) = row?;
            if mail.state.word() == state {
                newest.push(Reverse(ByTime(mail.recorded, mail.key, Box::new(mail))));
                if newest.len() > limit {
                    newest.pop();
                }
            }
        }
        // Sorted by the reverse order: the newest are the first.
        Ok(newest.into_sorted_vec().into_iter().map(|Reverse(mail)| *mail.2).collect())
    }

    /// How many mails of each mailbox are in each state. The first call reads the register, later
    /// ones only what the transactions since have counted.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn counts(&self) -> Result<BTreeMap<(MailboxName, &'static str), u64>, StoreError> {
        if let Some(counts) = &*self.counted() {
            return Ok(counts.clone());
        }
        let _moment = self.hold();
        let counts = self.count_mails()?;
        *self.counted() = Some(counts.clone());
        Ok(counts)
    }

    pub(super) fn count_mails(&self) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for row in self.tables().scan::<Mails>(&[])? {
            let (_, mail) = row?;
            *counts.entry((mail.mailbox, mail.state.word())).or_default() += 1;
        }
        Ok(counts)
    }

    /// Whether any raw text of a mail is kept.
    pub(super) fn has_raw(&self, key: &MailKey) -> Result<bool, StoreError> {
        let mut parts = self.tables().keys::<Raw>(key.as_bytes())?;
        Ok(parts.next().transpose()?.is_some())
    }
}
