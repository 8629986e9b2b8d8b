//! The log of what happened to tickets: the last events, each under a number that no other gets.

use super::super::error::StoreError;
use super::rows::DeskTable;
use super::{Desk, DeskTx};
use crate::model::keys::IssueKey;
use crate::model::ticket_event::{EventKind, TicketEvent};
use jiff::Timestamp;

/// Events that are kept.
const KEPT: u64 = 10_000;

/// By number.
pub(super) struct Events;

impl DeskTable for Events {
    const TREE: &'static str = "ticket_events";
    type Key = [u8; 8];
    type Row = TicketEvent;
}

impl DeskTx<'_> {
    /// Records what happened to an issue, under the next number, which it gives. The oldest event beyond the
    /// 10,000 that are kept goes.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn tell_event(
        &mut self,
        kind: EventKind,
        issue: &IssueKey,
        place: Option<String>,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let number = self.next_event()?;
        let event = TicketEvent { number, at, kind, issue: issue.clone(), place };
        self.view.0.put::<Events>(&number.to_be_bytes(), &event)?;
        if let Some(old) = number.checked_sub(KEPT) {
            self.view.0.remove::<Events>(&old.to_be_bytes())?;
        }
        Ok(number)
    }
}

impl Desk {
    /// At most `limit` events with a higher number, the lowest first.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn events_after(&self, number: u64, limit: usize) -> Result<Vec<TicketEvent>, StoreError> {
        let rows = self.tables().from::<Events>(&number.saturating_add(1).to_be_bytes())?;
        rows.take(limit).map(|row| row.map(|(_, event)| event)).collect()
    }
}
