//! Tickets: their numbers without gaps, what was filled in, their posts, which of them are open, and
//! the dialogs that were sent in already.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::super::error::{RowFault, StoreError};
use super::super::table::fault;
use super::links::Link;
use super::parts::{Parts, TextTable};
use super::rows::{DeskTable, Nothing, case_key, case_of, digest, joined, split};
use super::{Desk, DeskTx, DeskView};
use crate::model::case::Case;
use crate::model::form::Filled;
use crate::model::ids::PostId;
use crate::model::keys::CaseId;
use crate::model::ticket::{Ticket, TicketNumber, TicketState};

/// Cases by number: the day and the count.
pub(super) struct Numbers;

impl DeskTable for Numbers {
    const TREE: &'static str = "tickets";
    type Key = [u8; 8];
    type Row = Link;
}

/// What is counted of a day.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::store) struct Day {
    /// The count given last.
    pub(super) last: u32,
    /// How many of that day's tickets have been purged.
    pub(super) purged: u32,
}

pub(super) struct Days;

impl DeskTable for Days {
    const TREE: &'static str = "ticket_days";
    type Key = [u8; 4];
    type Row = Day;
}

pub(super) struct Posts;

impl DeskTable for Posts {
    const TREE: &'static str = "posts";
    type Key = [u8; 16];
    type Row = Link;
}

/// The cases whose tickets are not resolved.
pub(super) struct OpenTickets;

impl DeskTable for OpenTickets {
    const TREE: &'static str = "open_tickets";
    type Key = [u8; 8];
    type Row = Nothing;
}

/// What was filled in, by case: JSON in parts.
pub(super) struct FieldTexts;

impl TextTable for FieldTexts {
    const TREE: &'static str = "ticket_fields";
}

/// Bytes of a case's key and of a part's number.
pub(super) const FIELDS_KEY: usize = 10;

pub(super) type Fields = Parts<FieldTexts, FIELDS_KEY>;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SpentState {
    pub(super) case: CaseId,
    /// Nobody takes the state after this.
    pub(super) expires: Timestamp,
}

/// Dialog states that made a ticket, by their nonces.
pub(super) struct Spent;

impl DeskTable for Spent {
    const TREE: &'static str = "spent_states";
    type Key = [u8; 16];
    type Row = SpentState;
}

/// `yyyymmdd`.
pub(super) fn day_key(day: Date) -> [u8; 4] {
    let part = |part: i8| u32::from(part.unsigned_abs());
    let year = u32::from(day.year().unsigned_abs());
    (year * 10_000 + part(day.month()) * 100 + part(day.day())).to_be_bytes()
}

pub(super) fn day_of(key: [u8; 4]) -> Result<Date, RowFault> {
    let number = u32::from_be_bytes(key);
    let year = i16::try_from(number / 10_000).map_err(|_| RowFault::Undecodable)?;
    let part = |part: u32| i8::try_from(part % 100).map_err(|_| RowFault::Undecodable);
    Date::new(year, part(number / 100)?, part(number)?).map_err(|_| RowFault::Undecodable)
}

pub(super) fn number_key(number: TicketNumber) -> [u8; 8] {
    joined(&day_key(number.day), &number.count.to_be_bytes())
}

pub(super) fn number_of(key: [u8; 8]) -> Result<TicketNumber, StoreError> {
    let read = || {
        let (day, count) = split::<4, 4>(&key)?;
        Ok(TicketNumber { day: day_of(day)?, count: u32::from_be_bytes(count) })
    };
    read().map_err(fault::<Numbers>)
}

pub(super) fn post_key(post: &PostId) -> [u8; 16] {
    digest(&[post.as_str()])
}

/// Whether the case has a ticket that is not resolved.
pub(super) fn is_open(case: &Case) -> bool {
    case.ticket.as_ref().is_some_and(|ticket| ticket.state != TicketState::Resolved)
}

impl DeskView {
    /// The case of the ticket of this number.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_ticket(&self, number: TicketNumber) -> Result<Option<CaseId>, StoreError> {
        Ok(self.0.get::<Numbers>(&number_key(number))?.map(|link| link.case))
    }

    /// The case that a post of the chat belongs to.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_post(&self, post: &PostId) -> Result<Option<CaseId>, StoreError> {
        Ok(self.0.get::<Posts>(&post_key(post))?.map(|link| link.case))
    }

    /// The case that was made of the dialog whose state has this nonce.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn case_of_state(&self, nonce: &[u8; 16]) -> Result<Option<CaseId>, StoreError> {
        Ok(self.0.get::<Spent>(nonce)?.map(|spent| spent.case))
    }
}

impl DeskTx<'_> {
    /// Gives `case` the next number of `day`, from 1 up, without a gap and never one twice. A number
    /// given in a transaction that comes to nothing is free again.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn number_ticket(&mut self, day: Date, case: CaseId) -> Result<TicketNumber, StoreError> {
        let key = day_key(day);
        let mut counted = self.view.0.get::<Days>(&key)?.unwrap_or_default();
        counted.last = counted.last.saturating_add(1);
        self.view.0.put::<Days>(&key, &counted)?;
        let number = TicketNumber { day, count: counted.last };
        self.view.0.put::<Numbers>(&number_key(number), &Link { case })?;
        Ok(number)
    }

    /// Keeps what was filled into the form of a case's ticket in place of what was there. Every
    /// ticket has this, if nothing was filled in an empty list.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for more than 256 KiB as JSON; [`StoreError::Engine`].
    pub fn keep_fields(&mut self, case: CaseId, fields: &[Filled]) -> Result<(), StoreError> {
        let text = serde_json::to_vec(fields).map_err(|_| undecodable())?;
        self.keep_text::<FieldTexts, FIELDS_KEY>(&case_key(case), &text)
    }

    /// What happens to `post` and in its thread belongs to `case`.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn link_post(&mut self, post: &PostId, case: CaseId) -> Result<(), StoreError> {
        self.view.0.put::<Posts>(&post_key(post), &Link { case })
    }

    /// The dialog whose state has this nonce has become `case`. Remembered until after `expires`, or
    /// as long as the case.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn spend_state(
        &mut self,
        nonce: &[u8; 16],
        case: CaseId,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.view.0.put::<Spent>(nonce, &SpentState { case, expires })
    }

    /// Keeps the case in the list of open tickets, or out of it.
    pub(super) fn list_open(
        &mut self,
        before: Option<&Case>,
        case: &Case,
    ) -> Result<(), StoreError> {
        let open = is_open(case);
        if before.is_some_and(is_open) == open {
            return Ok(());
        }
        let key = case_key(case.id);
        if open {
            self.view.0.put::<OpenTickets>(&key, &Nothing {})
        } else {
            self.view.0.remove::<OpenTickets>(&key)
        }
    }

    /// Removes what belongs to a ticket by its number and its case.
    pub(super) fn remove_ticket(&mut self, id: CaseId, ticket: &Ticket) -> Result<(), StoreError> {
        let number = number_key(ticket.number);
        if self.view.0.contains::<Numbers>(&number)? {
            self.view.0.remove::<Numbers>(&number)?;
            let day = day_key(ticket.number.day);
            let mut counted = self.view.0.get::<Days>(&day)?.unwrap_or_default();
            counted.purged = counted.purged.saturating_add(1);
            self.view.0.put::<Days>(&day, &counted)?;
        }
        self.view.0.remove::<OpenTickets>(&case_key(id))?;
        self.remove_text::<FieldTexts, FIELDS_KEY>(&case_key(id))
    }
}

impl Desk {
    /// What was filled into the form of a case's ticket; empty if it has none.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`].
    pub fn fields_of(&self, case: CaseId) -> Result<Vec<Filled>, StoreError> {
        let text = self.text::<FieldTexts, FIELDS_KEY>(&case_key(case))?;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        serde_json::from_slice(&text).map_err(|_| undecodable())
    }

    /// Whether any part of a ticket's fields is kept.
    pub(super) fn has_fields(&self, case: CaseId) -> Result<bool, StoreError> {
        self.has_text::<FieldTexts, FIELDS_KEY>(&case_key(case))
    }

    /// The cases whose tickets are not resolved, the newest first. Each is read only when it is
    /// asked for; one that was resolved meanwhile is left out.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; with each case, [`StoreError::Row`] as well.
    pub fn open_tickets(
        &self,
    ) -> Result<impl Iterator<Item = Result<Case, StoreError>>, StoreError> {
        let rows = self.tables().before::<OpenTickets>(&[u8::MAX; 8])?;
        let read = |row: Result<([u8; 8], Nothing), StoreError>| {
            self.case(case_of(row?.0).map_err(fault::<OpenTickets>)?)
        };
        Ok(rows.filter_map(move |row| read(row).map(|case| case.filter(is_open)).transpose()))
    }

    /// How many tickets are not resolved.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn count_open_tickets(&self) -> Result<usize, StoreError> {
        let mut keys = self.tables().keys::<OpenTickets>(&[])?;
        keys.try_fold(0, |count, key| key.map(|_| count + 1))
    }
}

fn undecodable() -> StoreError {
    fault::<Fields>(RowFault::Undecodable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_numbers_keep_their_order_as_keys() {
        let numbers = ["20261122-0001", "20261122-9999", "20261122-10000", "20261123-0001"]
            .map(|text| TicketNumber::parse(text).unwrap());
        assert!(numbers.map(number_key).is_sorted());
        for number in numbers {
            assert_eq!(number_of(number_key(number)).unwrap(), number);
        }
        assert_eq!(number_key(numbers[0]), [1, 53, 41, 2, 0, 0, 0, 1]);
        for bad in [0_u32, 20_261_322, 20_261_100, u32::MAX] {
            assert_eq!(day_of(bad.to_be_bytes()), Err(RowFault::Undecodable), "{bad}");
        }
    }
}
