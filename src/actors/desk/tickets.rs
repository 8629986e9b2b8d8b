//! The desk's tickets: a filled form becomes a case with the day's next number, once for each
//! dialog; what somebody does to a ticket; and which there are.

use std::{collections::BTreeMap, sync::PoisonError};

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{Desk, Inner};
use crate::{
    clock,
    model::{
        case::Case,
        desk as rules,
        discreet::discreet,
        effect::Worker,
        form::Filled,
        ids::{ChannelId, PostId, UserId},
        keys::{CaseId, Tracker},
        ticket::{Change, Person, Source, Ticket, TicketNumber, TicketState, Unchanged},
    },
    store::{self, DeskTx, StoreError},
};

/// A filled form, checked, or a post that somebody put the form's emoji under.
#[derive(Clone)]
pub struct NewTicket {
    /// The nonce of the dialog's state, or of the post: it makes one ticket, however often it is
    /// sent in.
    pub nonce: [u8; 16],
    /// When the state expires: nobody takes it after this. A post's never does.
    pub expires: Timestamp,
    /// The day in the configured time zone.
    pub day: Date,
    /// What stands before the number.
    pub prefix: String,
    /// The form; empty for the one without a name.
    pub form: String,
    /// The channel of the post.
    pub channel: ChannelId,
    /// Who asked.
    pub asker: Person,
    /// Where its issue is made, and where in there: a board of Jira's, a project of Redmine's.
    /// Without one it has no issue.
    pub tracker: Option<(Tracker, String)>,
    /// What stands in lists.
    pub subject: String,
    /// What was filled in.
    pub fields: Vec<Filled>,
    /// The post that it is made of, if it is of one.
    pub source: Option<Source>,
}

discreet!(NewTicket { day, form, channel, asker });

/// What became of a filled form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A ticket of its own.
    New(Case),
    /// Nothing: the same dialog made this one before.
    Spent(Case),
}

/// Which tickets; each that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Those whose post is in this channel.
    pub channel: Option<ChannelId>,
    /// Those that they have.
    pub owner: Option<UserId>,
    /// Those that they asked for.
    pub asker: Option<UserId>,
}

impl TicketFilter {
    fn takes(&self, ticket: &Ticket) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        fits(self.channel.as_ref(), Some(&ticket.channel))
            && fits(self.owner.as_ref(), ticket.owner.as_ref().map(|owner| &owner.id))
            && fits(self.asker.as_ref(), ticket.asker.as_ref().map(|asker| &asker.id))
    }
}

impl Inner {
    /// The channel of a ticket that was just resolved is to be read once more: its last words may
    /// be unread.
    pub(super) fn last_words(&self, case: &Case) {
        let (Some(ticket), Some(_)) = (&case.ticket, case.tracker) else { return };
        if ticket.state == TicketState::Resolved {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.insert(ticket.channel.clone(), case.opened);
        }
    }
}

impl Desk {
    /// Makes a filled form a ticket with the day's next number, to be posted. A dialog that made one
    /// before gives that one, and nothing is written.
    ///
    /// # Errors
    /// The store's; then there is no ticket, and the form can be given again.
    /// [`StoreError::RowTooLong`] if the fields are longer than 256 KiB.
    pub async fn open_ticket(&self, new: NewTicket) -> Result<Opened, StoreError> {
        let opened =
            self.write(move |_, tables| tables.write(|rows| open(rows, new, clock::now()))).await?;
        self.wake(&[Worker::Chat]);
        Ok(opened)
    }

    /// The case that was made of this nonce.
    ///
    /// # Errors
    /// The store's.
    pub async fn ticket_by_nonce(&self, nonce: [u8; 16]) -> Result<Option<Case>, StoreError> {
        self.read(move |tables| case(tables, tables.case_of_state(&nonce)?)).await
    }

    /// Takes up what somebody does to a case's ticket; its post and its thread will say so. Gives
    /// the case as it stands then, or why it stays as it was.
    ///
    /// # Errors
    /// The store's; then nothing has changed.
    pub async fn change_ticket(
        &self,
        case: CaseId,
        by: Person,
        change: Change,
    ) -> Result<Result<Case, Unchanged>, StoreError> {
        let resolved = change == Change::Resolve;
        let changed = self
            .write(move |_, tables| {
                tables.write(|rows| {
                    let Some(mut case) = rows.case(case)? else {
                        return Ok(Err(Unchanged::NoTicket));
                    };
                    match rules::change(&mut case, &by, &change, clock::now()) {
                        Ok(effects) => {
                            effects.iter().try_for_each(|effect| rows.put_effect(effect))?;
                            rows.put_case(&case)?;
                            Ok(Ok(case))
                        }
                        Err(unchanged) => Ok(Err(unchanged)),
                    }
                })
            })
            .await?;
        if let (true, Ok(case)) = (resolved, &changed) {
            self.0.last_words(case);
        }
        self.wake(&Worker::ALL);
        Ok(changed)
    }

    /// Takes up what somebody says in the thread of a ticket. A post is taken once; one of another
    /// thread is none of ours.
    ///
    /// # Errors
    /// The store's; then it can be given again.
    pub async fn replied(
        &self,
        root: PostId,
        post: PostId,
        created: Timestamp,
    ) -> Result<(), StoreError> {
        // Most posts of a channel are of no ticket, or known: they cost no barrier.
        let (asked, seen) = (root.clone(), post.clone());
        let known = self.read(move |tables| {
            Ok(tables.case_of_post(&asked)?.is_none() || tables.case_of_post(&seen)?.is_some())
        });
        if known.await? {
            return Ok(());
        }
        self.write(move |_, tables| {
            tables.write(|rows| {
                let (Some(id), None) = (rows.case_of_post(&root)?, rows.case_of_post(&post)?)
                else {
                    return Ok(());
                };
                let Some(mut case) = rows.case(id)? else { return Ok(()) };
                let effects = rules::replied(&mut case, post.clone(), created, clock::now());
                if effects.is_empty() {
                    return Ok(());
                }
                rows.link_post(&post, id)?;
                effects.iter().try_for_each(|effect| rows.put_effect(effect))?;
                rows.put_case(&case)
            })
        })
        .await?;
        self.wake(&Worker::ALL);
        Ok(())
    }

    /// The channels with open tickets that have an issue or will, each with when the oldest was
    /// opened; and, once, those in which one was just resolved: its last words may be unread.
    ///
    /// # Errors
    /// The store's.
    pub async fn filed_channels(&self) -> Result<BTreeMap<ChannelId, Timestamp>, StoreError> {
        let mut channels = {
            let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *left)
        };
        self.read(move |tables| {
            for case in tables.open_tickets()? {
                let case = case?;
                let (Some(ticket), Some(_)) = (case.ticket, case.tracker) else { continue };
                let oldest = channels.entry(ticket.channel).or_insert(case.opened);
                *oldest = case.opened.min(*oldest);
            }
            Ok(channels)
        })
        .await
    }

    /// When the oldest open ticket of the channel was opened that goes to a tracker and whose post is
    /// not known yet. One that was not posted within a day counts no more.
    ///
    /// # Errors
    /// The store's.
    pub async fn oldest_unposted(
        &self,
        channel: ChannelId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let yesterday = clock::now() - SignedDuration::from_hours(24);
        self.read(move |tables| {
            let mut oldest = None;
            for case in tables.open_tickets()? {
                let case = case?;
                let waits = case.tracker.is_some() && case.opened > yesterday;
                let here = |ticket: &Ticket| ticket.channel == channel && ticket.post.is_none();
                if waits && case.ticket.as_ref().is_some_and(here) {
                    oldest = Some(oldest.map_or(case.opened, |known| case.opened.min(known)));
                }
            }
            Ok(oldest)
        })
        .await
    }

    /// A case as it stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn case(&self, id: CaseId) -> Result<Option<Case>, StoreError> {
        self.read(move |tables| tables.case(id)).await
    }

    /// The case of the ticket of this number.
    ///
    /// # Errors
    /// The store's.
    pub async fn ticket_by_number(&self, number: TicketNumber) -> Result<Option<Case>, StoreError> {
        self.read(move |tables| case(tables, tables.case_of_ticket(number)?)).await
    }

    /// The case that a post belongs to.
    ///
    /// # Errors
    /// The store's.
    pub async fn ticket_by_post(&self, post: PostId) -> Result<Option<Case>, StoreError> {
        self.read(move |tables| case(tables, tables.case_of_post(&post)?)).await
    }

    /// What was filled into the form of a case's ticket; empty if it has none.
    ///
    /// # Errors
    /// The store's.
    pub async fn fields_of(&self, case: CaseId) -> Result<Vec<Filled>, StoreError> {
        self.read(move |tables| tables.fields_of(case)).await
    }

    /// The tickets that are not resolved and that the filter takes, at most `limit`, the newest
    /// first; and how many there are in all.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_tickets(
        &self,
        filter: TicketFilter,
        limit: usize,
    ) -> Result<(Vec<Case>, usize), StoreError> {
        self.read(move |tables| {
            let (mut found, mut total) = (Vec::new(), 0);
            for case in tables.open_tickets()? {
                let case = case?;
                if case.ticket.as_ref().is_some_and(|ticket| filter.takes(ticket)) {
                    total += 1;
                    if found.len() < limit {
                        found.push(case);
                    }
                }
            }
            Ok((found, total))
        })
        .await
    }
}

fn case(tables: &store::Desk, id: Option<CaseId>) -> Result<Option<Case>, StoreError> {
    id.map_or(Ok(None), |id| tables.case(id))
}

fn open(rows: &mut DeskTx<'_>, new: NewTicket, now: Timestamp) -> Result<Opened, StoreError> {
    if let Some(id) = rows.case_of_state(&new.nonce)?
        && let Some(case) = rows.case(id)?
    {
        return Ok(Opened::Spent(case));
    }
    let id = rows.next_case()?;
    let number = rows.number_ticket(new.day, id)?;
    let (tracker, place) = new.tracker.unzip();
    let ticket = Ticket {
        form: new.form,
        asker: Some(new.asker),
        place,
        ..Ticket::new(number, new.prefix, new.channel)
    };
    let (case, effects) = rules::open_ticket(id, &new.subject, tracker, ticket, new.source, now);
    rows.put_case(&case)?;
    effects.iter().try_for_each(|effect| rows.put_effect(effect))?;
    rows.keep_fields(id, &new.fields)?;
    rows.spend_state(&new.nonce, id, new.expires)?;
    Ok(Opened::New(case))
}

#[cfg(test)]
mod tests;
