//! Mails as they come out of a mailbox, and what becomes of them, counted.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::mail::Mail;

/// A mail as it comes out of the mailbox.
#[derive(Clone)]
pub enum Arrival {
    /// Its head could be read.
    Mail(Mail),
    /// It could not.
    Unreadable {
        /// The mailbox's own id.
        remote: String,
        /// When the mailbox got it.
        received: Timestamp,
        /// Why, in a few words.
        reason: String,
        /// The beginning of its raw text.
        raw: Vec<u8>,
    },
}

/// A raw text belongs in no log.
impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(mail) => mail.fmt(f),
            Self::Unreadable { remote, reason, raw, .. } => f
                .debug_struct("Unreadable")
                .field("remote", remote)
                .field("reason", reason)
                .field("raw_bytes", &raw.len())
                .finish_non_exhaustive(),
        }
    }
}

impl Arrival {
    /// When the mailbox got it.
    #[must_use]
    pub fn received(&self) -> Timestamp {
        match self {
            Self::Mail(mail) => mail.received,
            Self::Unreadable { received, .. } => *received,
        }
    }
}

/// What became of one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Known,
    Ticket,
    Comment,
    Ignored,
    Quarantined,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Ticket => "ticket",
            Self::Comment => "comment",
            Self::Ignored => "ignored",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Mails that were known before.
    pub known: usize,
    /// Mails that opened a case.
    pub tickets: usize,
    /// Mails that joined one.
    pub comments: usize,
    /// Mails that a rule keeps out.
    pub ignored: usize,
    /// Mails that cannot be read.
    pub quarantined: usize,
}

impl std::ops::AddAssign for Recorded {
    fn add_assign(&mut self, other: Self) {
        self.known += other.known;
        self.tickets += other.tickets;
        self.comments += other.comments;
        self.ignored += other.ignored;
        self.quarantined += other.quarantined;
    }
}

impl Recorded {
    pub(super) fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Known => &mut self.known,
            Verdict::Ticket => &mut self.tickets,
            Verdict::Comment => &mut self.comments,
            Verdict::Ignored => &mut self.ignored,
            Verdict::Quarantined => &mut self.quarantined,
        } += 1;
    }
}
