//! Reads tickets of both trackers for callers of the API. Only what is on a board that the operator
//! named is there, in Jira also only what has the label of a configured category: everything else is
//! as unknown as what does not exist.
//!
//! It keeps nothing but short memories, so it needs no actor: clones share them. Every question has
//! a time limit; a tracker that does not answer fails it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;

use self::{cursor::Cursor, jira::JiraHalf, redmine::RedmineHalf};
use super::jira_creator::Boards;
use crate::{
    clients::{ApiError, JiraClient, RedmineDesk},
    model::{
        ids::ProjectRef,
        keys::{IssueKey, Tracker},
        mail::Email,
        ticket_query::{Field, TicketQuery},
        ticket_view::TicketView,
    },
};

mod cursor;
mod jira;
mod redmine;

/// The most tickets of a page.
const LIMIT_MAX: u8 = 100;
/// The longest that a question may take, whatever it needs of the trackers.
const PATIENCE: Duration = Duration::from_mins(1);
/// Issues of which more is read at once.
const AT_ONCE: usize = 4;

/// A board that callers may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderBoard {
    /// What callers call it.
    pub key: String,
    /// What it is.
    pub place: ReaderPlace,
}

/// What a board is in its tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderPlace {
    /// A board of Jira's, by the name that Jira knows it by.
    Jira(String),
    /// A project of Redmine's.
    Redmine(ProjectRef),
}

/// Jira, to read in.
pub struct JiraReading {
    /// Jira.
    pub client: JiraClient,
    /// The projects of boards, among them all that callers may see.
    pub boards: Boards,
    /// The configured categories; with none, labels do not matter.
    pub categories: Vec<String>,
    /// Accounts by address, where Jira does not find them itself.
    pub users: BTreeMap<Email, String>,
}

/// Redmine, to read in.
pub struct RedmineReading {
    /// Redmine.
    pub client: RedmineDesk,
    /// Users by address, where Redmine does not find them itself.
    pub users: BTreeMap<Email, u64>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// The cursor is none that this question was answered with.
    #[error("the cursor does not belong to this question; ask for the first page again")]
    BadCursor,
    /// The question names something that is not there.
    #[error("there is no such {what}; ask for one that there is")]
    Unknown {
        /// What: `board`, `category` or `status`.
        what: &'static str,
    },
    /// The tracker cannot look for the words that are asked for.
    #[error("the tracker cannot look for these words; ask for others")]
    Words,
    /// The tracker did not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl ReadFault {
    /// Everything else in a search is ours or was looked up: one that a tracker cannot read has
    /// words of the caller's in it, or is our fault.
    fn of(error: ApiError, query: &TicketQuery) -> Self {
        match error {
            ApiError::Rejected { status: 400 | 422, .. } if query.text.is_some() => Self::Words,
            error => Self::Api(error),
        }
    }
}

/// A page of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPage {
    /// The tickets: those of Jira's boards, then those of Redmine's, board after board.
    pub tickets: Vec<TicketView>,
    /// What [`TicketQuery::cursor`] is to be for the next page; `None` after the last.
    pub next: Option<String>,
}

/// Reads tickets; cheap to clone.
#[derive(Clone)]
pub struct TicketReader {
    shared: Arc<Shared>,
}

struct Shared {
    boards: Vec<ReaderBoard>,
    jira: Option<JiraHalf>,
    redmine: Option<RedmineHalf>,
}

/// One after the other, these are read.
enum Stage<'s> {
    /// All boards of Jira's that are asked for, by their names, at once.
    Jira(&'s JiraHalf, Vec<&'s str>),
    /// One board of Redmine's, by its key.
    Redmine(&'s RedmineHalf, &'s str, &'s ProjectRef),
}

impl Stage<'_> {
    fn board(&self) -> Option<&str> {
        match self {
            Self::Jira(..) => None,
            Self::Redmine(_, key, _) => Some(key),
        }
    }
}

impl TicketReader {
    /// Reads on these boards. One whose tracker is not there shows nothing.
    #[must_use]
    pub fn new(
        boards: Vec<ReaderBoard>,
        jira: Option<JiraReading>,
        redmine: Option<RedmineReading>,
    ) -> Self {
        let shared = Shared {
            boards,
            jira: jira.map(JiraHalf::new),
            redmine: redmine.map(RedmineHalf::new),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The key that a caller means by `SUP-12`, `#12` or `12`, which is Redmine's; `None` if it has
    /// another form.
    #[must_use]
    pub fn key(text: &str) -> Option<IssueKey> {
        IssueKey::parse(text).or_else(|| IssueKey::parse(&format!("#{text}")))
    }

    /// A page of tickets. A category is of Jira's tickets only; somebody whom no tracker knows has
    /// none.
    ///
    /// # Errors
    /// [`ReadFault`]. A status is unknown if no tracker that is asked has it.
    pub async fn list(&self, query: &TicketQuery) -> Result<TicketPage, ReadFault> {
        within(self.page(query)).await
    }

    /// One ticket; `None` if it is not there, or not to be seen here.
    ///
    /// # Errors
    /// [`ReadFault::Api`].
    pub async fn get(
        &self,
        key: &IssueKey,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ReadFault> {
        within(self.one(key, fields)).await
    }

    /// Whether there is such a ticket to be seen here.
    ///
    /// # Errors
    /// [`ReadFault::Api`].
    pub async fn sees(&self, key: &IssueKey) -> Result<bool, ReadFault> {
        Ok(self.get(key, &BTreeSet::new()).await?.is_some())
    }

    async fn page(&self, query: &TicketQuery) -> Result<TicketPage, ReadFault> {
        let stages = self.stages(query)?;
        let limit = query.limit.get().min(LIMIT_MAX);
        let (mut at, mut from) = (0, None);
        if let Some(cursor) = Cursor::of(query)? {
            let place = stages.iter().position(|stage| stage.board() == cursor.board.as_deref());
            (at, from) = (place.ok_or(ReadFault::BadCursor)?, cursor.from);
        }
        // Signs alone are in no index: a tracker would call them a fault, or find everything.
        if query.text.as_ref().is_some_and(|text| !text.chars().any(char::is_alphanumeric)) {
            return Ok(TicketPage { tickets: Vec::new(), next: None });
        }
        let mut tickets = Vec::new();
        while let Some(stage) = stages.get(at) {
            let room = u8::try_from(tickets.len()).map_or(0, |full| limit.saturating_sub(full));
            if room == 0 {
                break;
            }
            let from_there = from.take();
            let found = match stage {
                Stage::Jira(half, boards) => {
                    let elsewhere = self.redmine_knows(&stages, query).await?;
                    half.page(boards, query, room, from_there.as_deref(), elsewhere).await?
                }
                Stage::Redmine(half, key, project) => {
                    let elsewhere = matches!(stages.first(), Some(Stage::Jira(..)));
                    let place = (*key, *project);
                    half.page(place, query, room, from_there.as_deref(), elsewhere).await?
                }
            };
            tickets.extend(found.tickets);
            if found.next.is_some() {
                from = found.next;
                break;
            }
            at += 1;
        }
        let cursor = stages.get(at).map(|stage| Cursor::new(query, stage.board(), from));
        Ok(TicketPage { tickets, next: cursor.map(|cursor| cursor.text()) })
    }

    /// Whether a board of Redmine's that is asked for can have the status.
    async fn redmine_knows(
        &self,
        stages: &[Stage<'_>],
        query: &TicketQuery,
    ) -> Result<bool, ReadFault> {
        let half = stages.iter().find_map(|stage| match stage {
            Stage::Redmine(half, ..) => Some(half),
            Stage::Jira(..) => None,
        });
        match (half, &query.status) {
            (Some(half), Some(status)) => Ok(half.status(status).await?.is_some()),
            _ => Ok(false),
        }
    }

    async fn one(
        &self,
        key: &IssueKey,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ReadFault> {
        match key.tracker() {
            Tracker::Jira => match &self.shared.jira {
                Some(half) => half.one(&self.jira_boards(&[]), key, fields).await,
                None => Ok(None),
            },
            Tracker::Redmine => match (&self.shared.redmine, key.redmine_id()) {
                (Some(half), Some(id)) => half.one(&self.redmine_boards(&[]), id, fields).await,
                _ => Ok(None),
            },
        }
    }

    /// What is to be read for a question, in order.
    fn stages<'s>(&'s self, query: &'s TicketQuery) -> Result<Vec<Stage<'s>>, ReadFault> {
        let known = |key: &String| self.shared.boards.iter().any(|board| board.key == *key);
        if !query.boards.iter().all(known) {
            return Err(ReadFault::Unknown { what: "board" });
        }
        let categories = self.shared.jira.as_ref().map_or(&[][..], JiraHalf::categories);
        if !query.categories.iter().all(|category| categories.contains(category)) {
            return Err(ReadFault::Unknown { what: "category" });
        }
        let mut stages = Vec::new();
        let names = self.jira_boards(&query.boards);
        if let Some(half) = self.shared.jira.as_ref().filter(|_| !names.is_empty()) {
            stages.push(Stage::Jira(half, names));
        }
        if let Some(half) = self.shared.redmine.as_ref().filter(|_| query.categories.is_empty()) {
            let boards = self.redmine_boards(&query.boards).into_iter();
            stages.extend(boards.map(|(key, project)| Stage::Redmine(half, key, project)));
        }
        Ok(stages)
    }

    fn jira_boards<'s>(&'s self, asked: &'s [String]) -> Vec<&'s str> {
        let boards = self.boards(asked).filter_map(|board| match &board.place {
            ReaderPlace::Jira(name) => Some(name.as_str()),
            ReaderPlace::Redmine(_) => None,
        });
        boards.collect()
    }

    fn redmine_boards<'s>(&'s self, asked: &'s [String]) -> Vec<(&'s str, &'s ProjectRef)> {
        let boards = self.boards(asked).filter_map(|board| match &board.place {
            ReaderPlace::Redmine(project) => Some((board.key.as_str(), project)),
            ReaderPlace::Jira(_) => None,
        });
        boards.collect()
    }

    fn boards<'s>(&'s self, asked: &'s [String]) -> impl Iterator<Item = &'s ReaderBoard> {
        let wanted = |board: &&ReaderBoard| asked.is_empty() || asked.contains(&board.key);
        self.shared.boards.iter().filter(wanted)
    }
}

async fn within<T>(work: impl Future<Output = Result<T, ReadFault>>) -> Result<T, ReadFault> {
    timeout(PATIENCE, Box::pin(work)).await.unwrap_or_else(|_| {
        let cause = "no answer to all that a question needs in time".to_owned();
        Err(ApiError::Unavailable { service: "tracker", cause }.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_in_three_forms() {
        for (text, expected) in [
            ("SUP-42", Some("SUP-42")),
            ("#12", Some("#12")),
            ("12", Some("#12")),
            ("##12", None),
            ("sup-42", None),
            ("012", None),
            ("0", None),
            ("", None),
            ("12 OR 1=1", None),
            ("../12", None),
        ] {
            assert_eq!(TicketReader::key(text), expected.and_then(IssueKey::parse), "{text}");
        }
    }
}
