//! What callers of the API are told of tickets, from the log that the store keeps.

use tokio::sync::watch;

use super::{Desk, Inner};
use crate::{
    model::{
        case::Case,
        ticket_event::{EventKind, TicketEvent},
    },
    store::{DeskTx, StoreError},
};
use jiff::Timestamp;

impl Desk {
    /// At most `limit` events with a higher number than this, the lowest first. The last 10,000 are
    /// there; none before it is durable, or its number would be given to another after a crash.
    ///
    /// # Errors
    /// The store's.
    pub async fn events_after(
        &self,
        number: u64,
        limit: usize,
    ) -> Result<Vec<TicketEvent>, StoreError> {
        let durable = *self.0.words.events().borrow();
        let mut events = self.read(move |tables| tables.events_after(number, limit)).await?;
        events.retain(|event| event.number <= durable);
        Ok(events)
    }

    /// The number of the last event that is durable; 0 before the first.
    ///
    /// # Errors
    /// The store's.
    pub async fn last_event(&self) -> Result<u64, StoreError> {
        let last = self.read(|tables| tables.last_event()).await?;
        Ok(last.min(*self.0.words.events().borrow()))
    }

    /// Word of new events: changes when there may be more than were read before. To be had before
    /// they are read, so that nothing comes in between.
    #[must_use]
    pub fn event_word(&self) -> watch::Receiver<u64> {
        self.0.words.events()
    }

    /// There is an event of this number.
    pub(super) fn tell_event(&self, number: Option<u64>) {
        if let Some(number) = number {
            self.0.words.tell_event(number);
        }
    }
}

impl Inner {
    /// Records what happened to a case's issue; the event's number.
    pub(super) fn record_event(
        &self,
        rows: &mut DeskTx<'_>,
        kind: Option<EventKind>,
        case: &Case,
        at: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let (Some(kind), Some(issue)) = (kind, &case.issue) else { return Ok(None) };
        let site = case.mailbox().and_then(|of| self.sites.get(of));
        let place = case.place().or(site.map(|site| site.place.as_str())).map(str::to_owned);
        rows.tell_event(kind, issue, place, at).map(Some)
    }
}
