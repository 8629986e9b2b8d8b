//! The audit's eye on tickets: every one has its number, its fields and its place among the open
//! ones, no day has a gap, and all that leads to a ticket finds one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::super::error::{RowFault, StoreError};
use super::super::super::table::fault;
use super::super::Desk;
use super::super::rows::{case_of, split};
use super::super::tickets::{
    Days, Fields, Numbers, OpenTickets, Posts, Spent, day_of, is_open, number_of,
};
use super::{Found, Problem};
use crate::model::case::Case;
use crate::model::keys::CaseId;
use crate::model::ticket::TicketNumber;

/// The tickets as their cases show them.
#[derive(Default)]
pub(super) struct Tickets {
    numbers: HashMap<CaseId, TicketNumber>,
    open: BTreeSet<CaseId>,
}

/// A day's count, and the numbers that are there.
#[derive(Default)]
struct Counted {
    last: u32,
    purged: u32,
    found: u32,
    beyond: u32,
}

impl Desk {
    /// Holds the rows of a case's ticket against it.
    pub(super) fn audit_ticket(&self, case: &Case, found: &mut Found) -> Result<(), StoreError> {
        let Some(ticket) = &case.ticket else { return Ok(()) };
        let (id, number) = (case.id, ticket.number);
        found.tickets.numbers.insert(id, number);
        found.audit.tickets += 1;
        if is_open(case) {
            found.tickets.open.insert(id);
        }
        if self.case_of_ticket(number)? != Some(id) {
            found.say(Problem::NumberMissing { case: id, number });
        }
        if !self.fields_are_whole(id)? {
            found.say(Problem::NoFields { case: id });
        }
        if let Some(post) = &ticket.post
            && self.case_of_post(post)? != Some(id)
        {
            found.say(Problem::PostMissing { case: id });
        }
        Ok(())
    }

    /// Holds whatever leads to a ticket against the tickets that were found.
    pub(super) fn audit_tickets(&self, found: &mut Found) -> Result<(), StoreError> {
        self.audit_numbers(found)?;
        for key in self.tables().keys::<OpenTickets>(&[])? {
            let case = case_of(key?).map_err(fault::<OpenTickets>)?;
            if !found.tickets.open.remove(&case) {
                found.say(Problem::NotOpen { case });
            }
        }
        for case in std::mem::take(&mut found.tickets.open) {
            found.say(Problem::NotAmongOpen { case });
        }
        let mut lost = BTreeSet::new();
        for key in self.tables().keys::<Fields>(&[])? {
            let (case, _) = split::<8, 2>(&key?).map_err(fault::<Fields>)?;
            let case = case_of(case).map_err(fault::<Fields>)?;
            if !found.tickets.numbers.contains_key(&case) && lost.insert(case) {
                found.say(Problem::FieldsLink { case });
            }
        }
        for row in self.tables().scan::<Posts>(&[])? {
            let case = row?.1.case;
            if !found.tickets.numbers.contains_key(&case) {
                found.say(Problem::PostLink { case });
            }
        }
        for row in self.tables().scan::<Spent>(&[])? {
            let case = row?.1.case;
            if !found.tickets.numbers.contains_key(&case) {
                found.say(Problem::StateLink { case });
            }
        }
        Ok(())
    }

    fn audit_numbers(&self, found: &mut Found) -> Result<(), StoreError> {
        let mut days = BTreeMap::new();
        for row in self.tables().scan::<Days>(&[])? {
            let (key, day) = row?;
            let counted = Counted { last: day.last, purged: day.purged, ..Counted::default() };
            days.insert(day_of(key).map_err(fault::<Days>)?, counted);
        }
        for row in self.tables().scan::<Numbers>(&[])? {
            let (key, link) = row?;
            let number = number_of(key)?;
            if found.tickets.numbers.get(&link.case) != Some(&number) {
                found.say(Problem::NumberLink { number, case: link.case });
            }
            let counted = days.entry(number.day).or_default();
            if (1..=counted.last).contains(&number.count) {
                counted.found += 1;
            } else {
                counted.beyond += 1;
            }
        }
        for (day, Counted { last, purged, found: numbers, beyond }) in days {
            if beyond > 0 || numbers.checked_add(purged) != Some(last) {
                found.say(Problem::Numbers { day, last, purged, found: numbers, beyond });
            }
        }
        Ok(())
    }

    fn fields_are_whole(&self, case: CaseId) -> Result<bool, StoreError> {
        match self.fields_of(case) {
            // Even of a form without fields, two brackets are kept.
            Ok(fields) => Ok(!fields.is_empty() || self.has_fields(case)?),
            Err(StoreError::Row { fault: RowFault::Undecodable, .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}
