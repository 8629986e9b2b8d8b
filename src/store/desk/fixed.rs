//! What there is one of: the secret behind our Message-IDs, the number of the last case and that of
//! the last event.

use chacha20poly1305::Key;
use chacha20poly1305::aead::Generate;
use serde::{Deserialize, Serialize};

use super::super::changes::Changes;
use super::super::error::{RowFault, StoreError};
use super::super::table::fault;
use super::rows::DeskTable;
use super::{DeskTx, DeskView};
use crate::model::keys::CaseId;
use crate::model::thread::{SECRET_LEN, ThreadSecret};

pub(super) struct Fixed;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::store) enum FixedRow {
    /// Hexadecimal.
    Secret(String),
    LastCase(CaseId),
    LastEvent(u64),
}

impl DeskTable for Fixed {
    const TREE: &'static str = "desk";
    type Key = [u8; 1];
    type Row = FixedRow;
}

const SECRET: [u8; 1] = *b"s";
const LAST_CASE: [u8; 1] = *b"c";
const LAST_EVENT: [u8; 1] = *b"e";

/// A secret from the system's random source.
pub(super) fn fresh_secret() -> ThreadSecret {
    const { assert!(size_of::<Key>() == SECRET_LEN) };
    let mut bytes = [0; SECRET_LEN];
    bytes.copy_from_slice(&Key::generate());
    ThreadSecret::new(bytes)
}

/// The store's secret; says whether it was there already, or has been put into `changes`.
pub(super) fn secret(changes: &mut Changes) -> Result<(ThreadSecret, bool), StoreError> {
    let undecodable = || fault::<Fixed>(RowFault::Undecodable);
    match changes.get::<Fixed>(&SECRET)? {
        Some(FixedRow::Secret(hex)) => {
            let mut bytes = [0; SECRET_LEN];
            let decoded = base16ct::lower::decode(&hex, &mut bytes).map_err(|_| undecodable())?;
            let whole = decoded.len() == SECRET_LEN;
            if whole { Ok((ThreadSecret::new(bytes), true)) } else { Err(undecodable()) }
        }
        Some(_) => Err(undecodable()),
        None => {
            let secret = fresh_secret();
            let hex = base16ct::lower::encode_string(secret.expose());
            changes.put::<Fixed>(&SECRET, &FixedRow::Secret(hex))?;
            Ok((secret, false))
        }
    }
}

impl DeskView {
    /// The number given last.
    fn last_case(&self) -> Result<Option<CaseId>, StoreError> {
        match self.0.get::<Fixed>(&LAST_CASE)? {
            Some(FixedRow::LastCase(case)) => Ok(Some(case)),
            None => Ok(None),
            Some(_) => Err(fault::<Fixed>(RowFault::Undecodable)),
        }
    }

    /// The number of the last event; 0 before the first.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn last_event(&self) -> Result<u64, StoreError> {
        match self.0.get::<Fixed>(&LAST_EVENT)? {
            Some(FixedRow::LastEvent(number)) => Ok(number),
            None => Ok(0),
            Some(_) => Err(fault::<Fixed>(RowFault::Undecodable)),
        }
    }
}

impl DeskTx<'_> {
    /// Takes the number of a new case: one more than the last, and never one twice. A number
    /// taken in a transaction that comes to nothing is free again.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn next_case(&mut self) -> Result<CaseId, StoreError> {
        let case = self.last_case()?.map_or(CaseId::first(), CaseId::next);
        self.view.0.put::<Fixed>(&LAST_CASE, &FixedRow::LastCase(case))?;
        Ok(case)
    }

    /// Takes the number of a new event: one more than the last, and never one twice.
    pub(super) fn next_event(&mut self) -> Result<u64, StoreError> {
        let number = self.last_event()?.saturating_add(1);
        self.view.0.put::<Fixed>(&LAST_EVENT, &FixedRow::LastEvent(number))?;
        Ok(number)
    }
}
