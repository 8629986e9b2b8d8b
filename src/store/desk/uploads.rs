//! What the desk knows of files that callers have sent: the key of each, sealed, and the case that it
//! belongs to. The files themselves lie beside the store.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::error::StoreError;
use super::rows::DeskTable;
use super::{Desk, DeskTx};
use crate::clock;
use crate::model::keys::CaseId;

/// How long a file waits for its request.
const UNCLAIMED: SignedDuration = SignedDuration::from_hours(1);

#[derive(Clone, Serialize, Deserialize)]
pub(in crate::store) struct UploadRow {
    /// The file's own key, hexadecimal.
    pub(in crate::store) key: String,
    /// Bytes, as they were sent.
    pub(in crate::store) size: u64,
    /// None while nobody has asked for anything to be done with it.
    pub(in crate::store) case: Option<CaseId>,
    /// When it was here.
    pub(in crate::store) at: Timestamp,
}

pub(super) struct UploadRows;

impl DeskTable for UploadRows {
    const TREE: &'static str = "uploads";
    type Key = [u8; 16];
    type Row = UploadRow;
}

impl Desk {
    pub(in crate::store) fn upload(&self, id: &[u8; 16]) -> Result<Option<UploadRow>, StoreError> {
        self.0.view.0.get::<UploadRows>(id)
    }

    pub(in crate::store) fn put_upload(
        &self,
        id: &[u8; 16],
        row: &UploadRow,
    ) -> Result<(), StoreError> {
        self.write(|tx| tx.view.0.put::<UploadRows>(id, row))
    }

    /// Forgets files that no case has taken; `all` of them, or those that have waited for an hour.
    pub(in crate::store) fn forget_unclaimed(&self, all: bool) -> Result<(), StoreError> {
        let now = clock::now();
        let is_left = |row: &UploadRow| {
            row.case.is_none() && (all || now.duration_since(row.at) >= UNCLAIMED)
        };
        let mut left = Vec::new();
        for row in self.tables().scan::<UploadRows>(&[])? {
            let (id, row) = row?;
            if is_left(&row) {
                left.push(id);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            for id in &left {
                // Somebody may have taken it since.
                if tx.view.0.get::<UploadRows>(id)?.is_some_and(|row| is_left(&row)) {
                    tx.view.0.remove::<UploadRows>(id)?;
                }
            }
            Ok(())
        })
    }
}

impl DeskTx<'_> {
    /// These files belong to `case` now; one that is not there any more is left out.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn claim_upload(&mut self, id: &[u8; 16], case: CaseId) -> Result<(), StoreError> {
        match self.view.0.get::<UploadRows>(id)? {
            Some(row) => self.view.0.put::<UploadRows>(id, &UploadRow { case: Some(case), ..row }),
            None => Ok(()),
        }
    }

    /// Forgets a file and its key.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn forget_upload(&mut self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.view.0.remove::<UploadRows>(id)
    }
}
