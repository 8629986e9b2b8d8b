//! The end of what is over: cases that nobody has touched for long, and what belongs to them.
//!
//! What leads to a case is found by reading the tables of links once for a whole purge: a row that
//! leads back would cost every mail its share. The removal itself goes in transactions of a
//! bounded size, each of which looks again whether its case is still at rest. Where one is cut
//! short, the case is still there, and the next purge goes on.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::super::changes::Tables;
use super::super::error::StoreError;
use super::super::table::Schema;
use super::cases::Cases;
use super::links::{Conversations, Issues, Messages, Subjects};
use super::mails::Mails;
use super::requests::AskedBefore;
use super::seen::{SenderCount, Senders};
use super::tickets::{Day, Days, Posts, Spent, day_key, is_open};
use super::uploads::UploadRows;
use super::{Desk, DeskTx};
use crate::clock;
use crate::model::case::{Case, MailState};
use crate::model::keys::{CaseId, MailKey};

/// Rows of one transaction, more or less a few.
const ROWS: usize = 500;
/// How long a dialog's state is remembered after it expired: who took it just before may be slow.
const STATES_KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How long the count of a day is kept at least: no clock of the world and no mistaken one calls it
/// today after that.
const DAYS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a purge removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Cases, with all that belongs to them.
    pub cases: u64,
    /// Mails: those of the cases, and ignored ones.
    pub mails: u64,
    /// Rows about senders who have been quiet.
    pub senders: u64,
}

/// What belongs to a case by more than its number.
#[derive(Default)]
struct Belongings {
    mails: Vec<MailKey>,
    messages: Vec<[u8; 16]>,
    conversations: Vec<[u8; 16]>,
    issues: Vec<[u8; 16]>,
    subjects: Vec<[u8; 8]>,
    posts: Vec<[u8; 16]>,
    states: Vec<[u8; 16]>,
    asked: Vec<[u8; 16]>,
    uploads: Vec<[u8; 16]>,
}

impl Desk {
    /// Removes at most `limit` cases that are idle, have no dead effect and did not change since
    /// `before`, but none that began in the chat and has an open ticket, the oldest first, with
    /// their mails, effects and links; at most
    /// `limit` ignored mails that were recorded before it; the counts of senders who wrote nothing
    /// for two days; expired dialog states; keys under which callers asked more than a day ago; and
    /// the counts of days whose tickets are all gone.
    /// Quarantined mails stay. It reads all mails and links, so a large limit is the cheap
    /// one. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`]. What was removed by then stays removed.
    pub fn purge(&self, before: Timestamp, limit: usize) -> Result<Purged, StoreError> {
        let mut purged = Purged::default();
        let mut over = HashMap::new();
        for row in self.tables().scan::<Cases>(&[])? {
            let (_, case) = row?;
            if is_over(&case, before) && over.len() < limit {
                over.insert(case.id, Belongings::default());
            }
        }
        let ignored = self.belongings(&mut over, before, limit)?;
        for (case, belongings) in over {
            self.remove_whole(case, belongings, before, &mut purged)?;
        }
        for mails in ignored.chunks(ROWS) {
            purged.mails += self.write(|tx| tx.remove_ignored(mails))?;
        }
        purged.senders = self.purge_senders()?;
        self.purge_states()?;
        self.purge_asked()?;
        self.purge_days()?;
        Ok(purged)
    }

    /// Gathers what belongs to the cases; returns the ignored mails that are to go.
    fn belongings(
        &self,
        over: &mut HashMap<CaseId, Belongings>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<MailKey>, StoreError> {
        let mut ignored = Vec::new();
        for row in self.tables().scan::<Mails>(&[])? {
            let (_, mail) = row?;
            if let Some(case) = mail.state.case().and_then(|case| over.get_mut(&case)) {
                case.mails.push(mail.key);
            } else if matches!(mail.state, MailState::Ignored { .. })
                && mail.recorded < before
                && ignored.len() < limit
            {
                ignored.push(mail.key);
            }
        }
        if !over.is_empty() {
            let tables = self.tables();
            gather::<Messages>(tables, over, |link| link.case, |of| &mut of.messages)?;
            gather::<Conversations>(tables, over, |link| link.case, |of| &mut of.conversations)?;
            gather::<Issues>(tables, over, |link| link.case, |of| &mut of.issues)?;
            gather::<Subjects>(tables, over, |link| link.case, |of| &mut of.subjects)?;
            gather::<Posts>(tables, over, |link| link.case, |of| &mut of.posts)?;
            gather::<Spent>(tables, over, |spent| spent.case, |of| &mut of.states)?;
            gather::<AskedBefore>(tables, over, |row| row.request.case, |of| &mut of.asked)?;
            for row in tables.scan::<UploadRows>(&[])? {
                let (id, upload) = row?;
                if let Some(of) = upload.case.and_then(|case| over.get_mut(&case)) {
                    of.uploads.push(id);
                }
            }
        }
        Ok(ignored)
    }

    fn remove_whole(
        &self,
        id: CaseId,
        mut of: Belongings,
        before: Timestamp,
        purged: &mut Purged,
    ) -> Result<(), StoreError> {
        loop {
            let done = self.write(|tx| {
                let case = tx.case(id)?;
                if !case.is_some_and(|case| is_over(&case, before)) || tx.has_dead(id)? {
                    return Ok(None);
                }
                tx.remove_some(id, &mut of).map(Some)
            })?;
            let Some((mails, gone)) = done else { return Ok(()) };
            purged.mails += mails;
            if gone {
                purged.cases += 1;
                return Ok(());
            }
        }
    }

    /// Forgets dialog states that nobody takes any more.
    fn purge_states(&self) -> Result<(), StoreError> {
        let expired = earlier(STATES_KEPT);
        let mut old = Vec::new();
        for row in self.tables().scan::<Spent>(&[])? {
            let (nonce, spent) = row?;
            if spent.expires < expired {
                old.push(nonce);
            }
        }
        for some in old.chunks(ROWS) {
            self.write(|tx| some.iter().try_for_each(|nonce| tx.view.0.remove::<Spent>(nonce)))?;
        }
        Ok(())
    }

    /// Forgets keys that stand for nothing any more.
    fn purge_asked(&self) -> Result<(), StoreError> {
        let now = clock::now();
        let mut old = Vec::new();
        for row in self.tables().scan::<AskedBefore>(&[])? {
            let (key, row) = row?;
            if row.is_old(now) {
                old.push(key);
            }
        }
        for some in old.chunks(ROWS) {
            self.write(|tx| {
                for key in some {
                    // Somebody may have asked under it since.
                    if tx.view.0.get::<AskedBefore>(key)?.is_some_and(|row| row.is_old(now)) {
                        tx.view.0.remove::<AskedBefore>(key)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Forgets the counts of days whose tickets are all purged, once no clock can call them today.
    fn purge_days(&self) -> Result<(), StoreError> {
        let first = day_key(earlier(DAYS_KEPT).to_zoned(TimeZone::UTC).date());
        let all_purged = |day: &Day| day.purged >= day.last;
        let mut old = Vec::new();
        for row in self.tables().before::<Days>(&first)? {
            let (key, day) = row?;
            if all_purged(&day) {
                old.push(key);
            }
        }
        for some in old.chunks(ROWS) {
            self.write(|tx| {
                for key in some {
                    // The clock may have been set back, and a ticket made since.
                    if tx.view.0.get::<Days>(key)?.is_some_and(|day| all_purged(&day)) {
                        tx.view.0.remove::<Days>(key)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn purge_senders(&self) -> Result<u64, StoreError> {
        let now = clock::now().as_second();
        let today = now.div_euclid(24 * 3600);
        let is_old =
            |count: SenderCount| count.day < today - 2 && count.hour.div_euclid(24) < today - 2;
        let mut old = Vec::new();
        for row in self.tables().scan::<Senders>(&[])? {
            let (who, count) = row?;
            if is_old(count) {
                old.push(who);
            }
        }
        for some in old.chunks(ROWS) {
            self.write(|tx| {
                for who in some {
                    // They may have written since.
                    if tx.view.0.get::<Senders>(who)?.is_some_and(is_old) {
                        tx.view.0.remove::<Senders>(who)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(old.len() as u64)
    }
}

fn earlier(by: SignedDuration) -> Timestamp {
    clock::now().saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn is_over(case: &Case, before: Timestamp) -> bool {
    // Of what began with a mail the tracker keeps the record: nobody need resolve it in the chat.
    let recorded = case.mail.is_some() || !is_open(case);
    case.is_idle() && case.changed < before && recorded
}

/// Files the keys of a table under the cases that its rows name.
fn gather<S: Schema>(
    tables: &Tables,
    over: &mut HashMap<CaseId, Belongings>,
    case: fn(&S::Value) -> CaseId,
    keys: fn(&mut Belongings) -> &mut Vec<S::Key>,
) -> Result<(), StoreError> {
    for row in tables.scan::<S>(&[])? {
        let (key, value) = row?;
        if let Some(of) = over.get_mut(&case(&value)) {
            keys(of).push(key);
        }
    }
    Ok(())
}

impl DeskTx<'_> {
    /// Removes a part of a case, its own row last; the count of mails, and whether it is gone.
    fn remove_some(&mut self, id: CaseId, of: &mut Belongings) -> Result<(u64, bool), StoreError> {
        let mut mails = 0;
        while let Some(key) = of.mails.pop() {
            mails += u64::from(self.forget_mail(&key)?);
            if self.view.0.len() >= ROWS {
                return Ok((mails, false));
            }
        }
        if !self.remove_links(of)? || !self.remove_effects(id, ROWS)? {
            return Ok((mails, false));
        }
        self.remove_comments(id)?;
        self.remove_requests(id)?;
        if let Some(ticket) = self.case(id)?.and_then(|case| case.ticket) {
            self.remove_ticket(id, &ticket)?;
        }
        self.remove_case(id)?;
        Ok((mails, true))
    }

    /// Whether all are removed.
    fn remove_links(&mut self, of: &mut Belongings) -> Result<bool, StoreError> {
        while self.view.0.len() < ROWS {
            if let Some(key) = of.messages.pop() {
                self.view.0.remove::<Messages>(&key)?;
            } else if let Some(key) = of.conversations.pop() {
                self.view.0.remove::<Conversations>(&key)?;
            } else if let Some(key) = of.subjects.pop() {
                self.view.0.remove::<Subjects>(&key)?;
            } else if let Some(key) = of.issues.pop() {
                self.view.0.remove::<Issues>(&key)?;
            } else if let Some(key) = of.posts.pop() {
                self.view.0.remove::<Posts>(&key)?;
            } else if let Some(key) = of.states.pop() {
                self.view.0.remove::<Spent>(&key)?;
            } else if let Some(key) = of.asked.pop() {
                self.view.0.remove::<AskedBefore>(&key)?;
            } else if let Some(key) = of.uploads.pop() {
                self.view.0.remove::<UploadRows>(&key)?;
            } else {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn remove_ignored(&mut self, mails: &[MailKey]) -> Result<u64, StoreError> {
        let mut removed = 0;
        for key in mails {
            // The operator may have had it taken up since.
            let ignored = |state: &MailState| matches!(state, MailState::Ignored { .. });
            if self.mail(key)?.is_some_and(|mail| ignored(&mail.state)) {
                removed += u64::from(self.forget_mail(key)?);
            }
        }
        Ok(removed)
    }
}
