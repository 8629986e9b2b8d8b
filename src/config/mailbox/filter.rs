//! `[mailbox.filter]`: which mails become issues.

use std::num::NonZeroU32;

use crate::config::forms;
use crate::config::section::Section;

/// What a mail must pass.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The domains whose mails are taken, in lower case; all if empty.
    pub allowed_domains: Vec<String>,
    /// Who is not listened to: addresses, or `@` and a domain, the domain in lower case.
    pub blocked_senders: Vec<String>,
    /// What becomes of mails that no person wrote.
    pub automatic: Automatic,
    /// How many mails of one sender are taken in an hour: at most 10,000.
    pub per_sender_per_hour: NonZeroU32,
}

/// What becomes of a mail that no person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// It is left in the mailbox.
    Ignore,
    /// It becomes an issue like any other; nobody is answered.
    Ticket,
}

impl Filter {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let one = NonZeroU32::MIN;
        let choices = [("ignore", Automatic::Ignore), ("ticket", Automatic::Ticket)];
        Self {
            allowed_domains: section.list("allowed_domains", forms::domain),
            blocked_senders: section.list("blocked_senders", forms::sender),
            automatic: section.choice("automatic", &choices).unwrap_or(Automatic::Ignore),
            per_sender_per_hour: section.number(
                "per_sender_per_hour",
                one..=one.saturating_add(9_999),
                one.saturating_add(29),
            ),
        }
    }
}
