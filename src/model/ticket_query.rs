//! Which tickets a caller of the API asks for. Every part is typed: what a caller writes never becomes
//! a piece of a tracker's query language.

use std::{collections::BTreeSet, num::NonZeroU8};

use super::mail::Email;

/// A question for tickets; each part that is given must fit.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketQuery {
    /// Keys of configured boards; empty for all.
    pub boards: Vec<String>,
    /// Configured categories; empty for all.
    pub categories: Vec<String>,
    /// Who asked.
    pub reporter: Option<Email>,
    /// Who works on it.
    pub assignee: Option<Email>,
    /// Who watches it.
    pub watcher: Option<Email>,
    /// The name of its status.
    pub status: Option<String>,
    /// Words that it holds.
    pub text: Option<String>,
    /// What to tell of each beside the usual.
    pub fields: BTreeSet<Field>,
    /// How many a page: at most 100.
    pub limit: NonZeroU8,
    /// In which order.
    pub sort: Sort,
    /// Where the page before ended, as the answer to it said.
    pub cursor: Option<String>,
}

/// What can be told of a ticket beside the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Who watches it.
    Watchers,
    /// What was said.
    Comments,
    /// What hangs on it.
    Attachments,
    /// Texts as HTML too.
    Rendered,
}

/// The order of tickets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}
