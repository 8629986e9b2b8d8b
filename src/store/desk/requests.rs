//! What callers of the API ask for: their words, kept until the tracker has them, and by which key
//! they asked, so that a request that is repeated is known.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::error::{RowFault, StoreError};
use super::super::table::fault;
use super::parts::{Parts, TextTable};
use super::rows::{DeskTable, effect_key, effect_of, split};
use super::{Desk, DeskTx, DeskView};
use crate::model::keys::{CaseId, EffectId};
use crate::model::request::{RequestId, Wanted};

/// How long a key stands for what was asked under it.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The words of requests, by their number: JSON in parts.
pub(super) struct RequestTexts;

impl TextTable for RequestTexts {
    const TREE: &'static str = "request_texts";
}

/// Bytes of an effect's key and of a part's number.
pub(super) const REQUEST_KEY: usize = 14;

pub(super) type Requests = Parts<RequestTexts, REQUEST_KEY>;

/// What was asked under a key.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AskedRow {
    /// A digest of what was asked.
    pub(super) print: [u8; 16],
    /// The request that it became.
    pub(super) request: RequestId,
    pub(super) at: Timestamp,
}

impl AskedRow {
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= KEYS_KEPT
    }
}

/// By the key that a caller gave.
pub(super) struct AskedBefore;

impl DeskTable for AskedBefore {
    const TREE: &'static str = "requests_asked";
    type Key = [u8; 16];
    type Row = AskedRow;
}

/// The request that the row of a part belongs to.
pub(super) fn request_of(key: [u8; REQUEST_KEY]) -> Result<EffectId, StoreError> {
    let read = || effect_of(split::<12, 2>(&key)?.0);
    read().map_err(fault::<Requests>)
}

impl DeskView {
    /// What was asked under this key within the last 24 h: its print, and the request that it became.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn asked_before(
        &self,
        key: &[u8; 16],
        now: Timestamp,
    ) -> Result<Option<([u8; 16], RequestId)>, StoreError> {
        let row = self.0.get::<AskedBefore>(key)?.filter(|row| !row.is_old(now));
        Ok(row.map(|row| (row.print, row.request)))
    }
}

impl DeskTx<'_> {
    /// Remembers what was asked under a key, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn note_asked(
        &mut self,
        key: &[u8; 16],
        (print, request): ([u8; 16], RequestId),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.view.0.put::<AskedBefore>(key, &AskedRow { print, request, at })
    }

    /// Keeps the words of a request.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for more than 256 KiB as JSON; [`StoreError::Engine`].
    pub fn keep_request(&mut self, id: RequestId, wanted: &Wanted) -> Result<(), StoreError> {
        let text = serde_json::to_vec(wanted).map_err(|_| undecodable())?;
        self.keep_text::<RequestTexts, REQUEST_KEY>(&effect_key(id), &text)
    }

    /// Forgets the words of a request: the tracker has them.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn forget_request(&mut self, id: RequestId) -> Result<(), StoreError> {
        self.remove_text::<RequestTexts, REQUEST_KEY>(&effect_key(id))
    }

    /// Forgets the words of all requests of a case.
    pub(super) fn remove_requests(&mut self, case: CaseId) -> Result<(), StoreError> {
        self.remove_text::<RequestTexts, REQUEST_KEY>(&super::rows::case_key(case))
    }
}

impl Desk {
    /// The words of a request; `None` once the tracker has all of it.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn wanted(&self, id: RequestId) -> Result<Option<Wanted>, StoreError> {
        let text = self.text::<RequestTexts, REQUEST_KEY>(&effect_key(id))?;
        if text.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(|_| undecodable())
    }
}

fn undecodable() -> StoreError {
    fault::<Requests>(RowFault::Undecodable)
}
