//! What has been seen so far: how much of each sender, which comments, how far of each mailbox.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::error::StoreError;
use super::rows::{DeskTable, case_key, digest, joined};
use super::{DeskTx, DeskView};
use crate::model::keys::{CaseId, CommentId, MailboxName};

/// How many mails a sender has sent in an hour, and got from ticketd in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderCount {
    /// The hour of `mails`, in hours since 1970.
    pub hour: i64,
    /// Mails in that hour.
    pub mails: u32,
    /// The day of `answers`, in days since 1970.
    pub day: i64,
    /// Answers on that day.
    pub answers: u32,
}

pub(super) struct Senders;

impl DeskTable for Senders {
    const TREE: &'static str = "senders";
    type Key = [u8; 8];
    type Row = SenderCount;
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Known {
    at: Timestamp,
}

/// By case and comment: an issue may get another key.
pub(super) struct Comments;

impl DeskTable for Comments {
    const TREE: &'static str = "comments";
    type Key = [u8; 24];
    type Row = Known;
}

/// How far a mailbox has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The mailbox's own word for it, up to 1 KiB.
    pub state: String,
    /// When it was reached.
    pub synced: Timestamp,
    /// What the mailbox got before this is not ours, whatever happens to it.
    pub since: Timestamp,
}

pub(super) struct Cursors;

impl DeskTable for Cursors {
    const TREE: &'static str = "cursors";
    type Key = [u8; 16];
    type Row = Cursor;
}

/// Bytes of the longest state: the links of two folders of Graph, with room in the row.
const STATE_MAX: usize = 3_584;

fn comment_key(case: CaseId, comment: &CommentId) -> [u8; 24] {
    joined(&case_key(case), &digest(&[comment.as_str()]))
}

fn cursor_key(mailbox: &MailboxName) -> [u8; 16] {
    digest(&[mailbox.as_str()])
}

impl DeskView {
    /// What is counted of the sender of this digest; zeros if nothing is.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn sender(&self, who: u64) -> Result<SenderCount, StoreError> {
        Ok(self.0.get::<Senders>(&who.to_be_bytes())?.unwrap_or_default())
    }

    /// Whether this comment was seen.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn comment_is_known(&self, case: CaseId, comment: &CommentId) -> Result<bool, StoreError> {
        self.0.contains::<Comments>(&comment_key(case, comment))
    }

    /// How far this mailbox has been read.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn cursor(&self, mailbox: &MailboxName) -> Result<Option<Cursor>, StoreError> {
        self.0.get::<Cursors>(&cursor_key(mailbox))
    }
}

impl DeskTx<'_> {
    /// Keeps what is counted of a sender.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn put_sender(&mut self, who: u64, count: SenderCount) -> Result<(), StoreError> {
        self.view.0.put::<Senders>(&who.to_be_bytes(), &count)
    }

    /// Remembers that this comment was seen, and when.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn know_comment(
        &mut self,
        case: CaseId,
        comment: &CommentId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.view.0.put::<Comments>(&comment_key(case, comment), &Known { at })
    }

    /// Keeps how far a mailbox has been read.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for a state of more than 3.5 KiB; [`StoreError::Engine`].
    pub fn put_cursor(&mut self, mailbox: &MailboxName, cursor: &Cursor) -> Result<(), StoreError> {
        let len = cursor.state.len();
        if len > STATE_MAX {
            let tree = Cursors::TREE;
            return Err(StoreError::RowTooLong { tree, len, max: STATE_MAX });
        }
        self.view.0.put::<Cursors>(&cursor_key(mailbox), cursor)
    }

    /// Removes what is known of the comments of a case.
    pub(super) fn remove_comments(&mut self, case: CaseId) -> Result<(), StoreError> {
        let keys = self.view.0.keys::<Comments>(&case_key(case))?;
        keys.iter().try_for_each(|key| self.view.0.remove::<Comments>(key))
    }
}
