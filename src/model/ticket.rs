//! A ticket: a case's side in the chat. Its number, its post, and how it stands.

use std::fmt;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    discreet::discreet,
    ids::{ChannelId, PostId, UserId},
};

/// Characters of a user's name. Source: Mattermost's `USER_NAME_MAX_LENGTH`.
const NAME_MAX: usize = 64;

/// The number of a ticket: the day, and which of that day's. Counted up from 1 every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TicketNumber {
    /// The day in the configured time zone.
    pub day: Date,
    /// Which of that day's.
    pub count: u32,
}

impl TicketNumber {
    /// Reads `20261122-0001`, also behind a prefix, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (before, count) = text.rsplit_once('-')?;
        let day = before.rsplit_once('-').map_or(before, |(_, day)| day);
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let well_formed = day.len() == 8 && (4..=9).contains(&count.len());
        if !well_formed || !digits(day) || !digits(count) {
            return None;
        }
        let day =
            Date::new(day[..4].parse().ok()?, day[4..6].parse().ok()?, day[6..].parse().ok()?);
        let count = count.parse().ok().filter(|count| *count > 0)?;
        Some(Self { day: day.ok()?, count })
    }
}

/// `20261122-0001`; five digits from 10,000 on.
impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, count } = self;
        write!(f, "{:04}{:02}{:02}-{count:04}", day.year(), day.month(), day.day())
    }
}

/// Somebody in the chat.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: UserId,
    /// Their name when they were last seen, without `@`: it may change, so it is only shown.
    pub name: String,
}

discreet!(Person { id });

impl Person {
    /// Somebody of this id. Of the name only what a name can hold is kept, so that it mentions its
    /// owner and does nothing else.
    #[must_use]
    pub fn new(id: UserId, name: &str) -> Self {
        let letter = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        Self { id, name: name.chars().filter(letter).take(NAME_MAX).collect() }
    }

    /// As it stands in a post: its owner is told.
    #[must_use]
    pub fn mention(&self) -> String {
        format!("@{}", self.name)
    }
}

/// How a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    /// Nobody has it yet.
    Open,
    /// Somebody works on it.
    Taken,
    /// It is done.
    Resolved,
}

impl TicketState {
    /// A word for lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Taken => "taken",
            Self::Resolved => "resolved",
        }
    }
}

/// How much a ticket matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Less than most.
    Low,
    /// As most.
    Normal,
    /// More than most.
    High,
    /// At once.
    Urgent,
}

impl Priority {
    /// All of them, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// Its word in menus and rows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// What somebody does to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Takes it over.
    Take,
    /// Gives it to somebody.
    Assign {
        /// Whom.
        to: Person,
    },
    /// Says that it is done.
    Resolve,
    /// Says that it is not done after all.
    Reopen,
    /// Says how much it matters.
    Prioritise {
        /// How much.
        to: Priority,
    },
}

/// Why a ticket stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// The case has none.
    NoTicket,
    /// They have it already.
    Theirs,
    /// It is resolved; it must be reopened first, or is as it should be.
    Resolved,
    /// It is not resolved.
    NotResolved,
    /// It matters so much already.
    SamePriority,
}

/// Where the post stands that a ticket is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its channel.
    pub channel: ChannelId,
    /// The post that begins its thread; itself, if it answers none.
    pub root: PostId,
}

/// A case's side in the chat.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number.
    pub number: TicketNumber,
    /// What stands before the number, as it was configured when the ticket was made.
    pub prefix: String,
    /// The form that it came through; empty for the one without a name.
    pub form: String,
    /// The channel of its post.
    pub channel: ChannelId,
    /// Who asked; nobody of the chat where it came by mail.
    pub asker: Option<Person>,
    /// Where in the tracker its issue is made: a board of Jira's, a project of Redmine's. What came
    /// by mail goes where its mailbox says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its post, once it is there.
    pub post: Option<PostId>,
    /// How it stands.
    pub state: TicketState,
    /// Who has it.
    pub owner: Option<Person>,
    /// How much it matters.
    pub priority: Priority,
    /// When it was first taken.
    pub taken: Option<Timestamp>,
    /// When it was last resolved, while it is.
    pub resolved: Option<Timestamp>,
}

discreet!(Ticket { number, form, channel, post, state, priority });

impl Ticket {
    /// A new one, which nobody has yet.
    #[must_use]
    pub fn new(number: TicketNumber, prefix: String, channel: ChannelId) -> Self {
        Self {
            number,
            prefix,
            form: String::new(),
            channel,
            asker: None,
            place: None,
            post: None,
            state: TicketState::Open,
            owner: None,
            priority: Priority::Normal,
            taken: None,
            resolved: None,
        }
    }

    /// Its whole name: `Ticket-20261122-0001`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.prefix, self.number)
    }

    /// Somebody does something to it.
    pub(super) fn change(
        &mut self,
        by: &Person,
        change: &Change,
        now: Timestamp,
    ) -> Result<(), Unchanged> {
        match (change, self.state) {
            (Change::Take | Change::Assign { .. } | Change::Resolve, TicketState::Resolved) => {
                return Err(Unchanged::Resolved);
            }
            (Change::Take, _) => self.give(by, now)?,
            (Change::Assign { to }, _) => self.give(to, now)?,
            (Change::Resolve, _) => self.resolve(now),
            (Change::Reopen, TicketState::Resolved) => self.reopen(),
            (Change::Reopen, _) => return Err(Unchanged::NotResolved),
            (Change::Prioritise { to }, _) if *to == self.priority => {
                return Err(Unchanged::SamePriority);
            }
            (Change::Prioritise { to }, _) => self.priority = *to,
        }
        Ok(())
    }

    /// Its issue is closed now, or open; what that changes in the ticket.
    pub(super) fn follow(&mut self, closed: bool, now: Timestamp) -> Option<Change> {
        match (closed, self.state) {
            (true, TicketState::Open | TicketState::Taken) => {
                self.resolve(now);
                Some(Change::Resolve)
            }
            (false, TicketState::Resolved) => {
                self.reopen();
                Some(Change::Reopen)
            }
            _ => None,
        }
    }

    fn resolve(&mut self, now: Timestamp) {
        self.state = TicketState::Resolved;
        self.resolved = Some(now);
    }

    fn reopen(&mut self) {
        self.state = if self.owner.is_some() { TicketState::Taken } else { TicketState::Open };
        self.resolved = None;
    }

    fn give(&mut self, to: &Person, now: Timestamp) -> Result<(), Unchanged> {
        if self.owner.as_ref().is_some_and(|owner| owner.id == to.id) {
            return Err(Unchanged::Theirs);
        }
        self.owner = Some(to.clone());
        self.state = TicketState::Taken;
        self.taken.get_or_insert(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_day_and_a_count() {
        for (text, read) in [
            ("20261122-0001", Some("20261122-0001")),
            ("Ticket-20261122-0042", Some("20261122-0042")),
            ("net-work-20261122-10000", Some("20261122-10000")),
            ("20261122-1", None),
            ("20261122-0000", None),
            ("20261322-0001", None),
            ("2026-11-22-0001", None),
            ("Ticket-20261122", None),
            ("", None),
            ("２０２６１１２２-0001", None),
        ] {
            let number = TicketNumber::parse(text).map(|number| number.to_string());
            assert_eq!(number.as_deref(), read, "{text}");
        }
    }

    #[test]
    fn what_is_done_to_a_ticket_follows_from_how_it_stands() {
        let person = |letter: &str| Person {
            id: UserId::parse(&letter.repeat(26)).unwrap(),
            name: letter.to_owned(),
        };
        let (ann, bob) = (person("a"), person("b"));
        let at = |second| Timestamp::from_second(second).unwrap();
        let number = TicketNumber::parse("20261122-0001").unwrap();
        let channel = ChannelId::parse(&"c".repeat(26)).unwrap();
        let mut ticket = Ticket::new(number, "Ticket".into(), channel);
        assert_eq!(ticket.name(), "Ticket-20261122-0001");
        let assign = Change::Assign { to: ann.clone() };
        let urgent = Change::Prioritise { to: Priority::Urgent };
        for (second, by, change, expected, state) in [
            (1, &bob, &Change::Reopen, Err(Unchanged::NotResolved), TicketState::Open),
            (2, &bob, &Change::Take, Ok(()), TicketState::Taken),
            (3, &bob, &Change::Take, Err(Unchanged::Theirs), TicketState::Taken),
            (4, &bob, &assign, Ok(()), TicketState::Taken),
            (5, &bob, &urgent, Ok(()), TicketState::Taken),
            (6, &bob, &urgent, Err(Unchanged::SamePriority), TicketState::Taken),
            (7, &ann, &Change::Resolve, Ok(()), TicketState::Resolved),
            (8, &bob, &Change::Take, Err(Unchanged::Resolved), TicketState::Resolved),
            (9, &bob, &Change::Reopen, Ok(()), TicketState::Taken),
        ] {
            assert_eq!(ticket.change(by, change, at(second)), expected, "at {second}");
            assert_eq!(ticket.state, state, "at {second}");
        }
        assert_eq!((ticket.taken, ticket.resolved), (Some(at(2)), None));
        assert_eq!(ticket.owner, Some(ann));
    }
}
