//! The register of mails, and the raw text of those that could not be read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::Timestamp;

use super::super::error::StoreError;
use super::parts::{Parts, TEXT_MAX, TextTable};
use super::rows::DeskTable;
use super::{Counts, Desk, DeskTx, DeskView};
use crate::model::case::MailRecord;
use crate::model::keys::{MailKey, MailboxName};

/// Bytes of the longest raw text that is kept.
pub const RAW_MAX: usize = TEXT_MAX;

pub(super) struct Mails;

impl DeskTable for Mails {
    const TREE: &'static str = "mails";
    type Key = [u8; 16];
    type Row = MailRecord;
}

/// The raw texts, by mail.
pub(super) struct RawTexts;

impl TextTable for RawTexts {
    const TREE: &'static str = "raw";
}

/// Bytes of a mail's key and of a part's number.
const RAW_KEY: usize = 18;

pub(super) type Raw = Parts<RawTexts, RAW_KEY>;

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
        self.keep_text::<RawTexts, RAW_KEY>(key.as_bytes(), raw)
    }

    /// Removes a mail and its raw text; whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn forget_mail(&mut self, key: &MailKey) -> Result<bool, StoreError> {
        let Some(mail) = self.mail(key)? else { return Ok(false) };
        self.count(&mail, -1);
        self.remove_text::<RawTexts, RAW_KEY>(key.as_bytes())?;
        self.view.0.remove::<Mails>(key.as_bytes())?;
        Ok(true)
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
        self.text::<RawTexts, RAW_KEY>(key.as_bytes())
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
        self.has_text::<RawTexts, RAW_KEY>(key.as_bytes())
    }
}
