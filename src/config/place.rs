//! Where the issues of a mailbox or of a form are made: on a board of Jira's, or in a project of
//! Redmine's. Faults are noted with the section that names it.

use super::jira::Jira;
use super::reader::Faulted;
use super::redmine::Redmine;
use super::section::Section;

/// A place for issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a board of Jira's: its key in `jira.boards`.
    Jira(String),
    /// In a project of Redmine's: its identifier.
    Redmine(String),
}

/// A board as callers of the API name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBoard {
    /// What callers call it; unique over all trackers.
    pub key: String,
    /// What it is.
    pub place: Place,
}

/// The trackers, as far as their own sections are sound.
#[derive(Clone, Copy)]
pub(super) struct Trackers<'c> {
    pub(super) jira: &'c Result<Option<Jira>, Faulted>,
    pub(super) redmine: &'c Result<Redmine, Faulted>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Nowhere,
    Jira,
    Redmine,
}

impl Place {
    /// The place that `tracker`, `board` and `project` name; `unset` is what no tracker means.
    pub(super) fn read(
        section: &mut Section<'_>,
        trackers: Trackers<'_>,
        unset: Named,
    ) -> Result<Option<Self>, Faulted> {
        let words = [("jira", Named::Jira), ("redmine", Named::Redmine), ("none", Named::Nowhere)];
        let words = if unset == Named::Nowhere { &words[..] } else { &words[..2] };
        let named = section.chosen("tracker", words).map(|named| named.unwrap_or(unset));
        let jira = trackers.jira.as_ref().ok().and_then(Option::as_ref);
        let board = section.checked("board", |text| match jira {
            Some(jira) => jira.board(text),
            None => Ok(text.to_owned()),
        });
        let project = section.checked("project", project);
        let (board, project) = (board?, project?);
        let named = named?;
        if board.is_some() && named != Named::Jira {
            section.unset(
                "board",
                match named {
                    Named::Redmine => {
                        "set, but tracker is \"redmine\", which has projects; remove it"
                    }
                    _ => "set, but tracker is not; write tracker = \"jira\", or remove it",
                },
            );
        }
        if project.is_some() && named != Named::Redmine {
            section.unset(
                "project",
                match named {
                    Named::Jira => "set, but tracker is \"jira\", which has boards; remove it",
                    _ => "set, but tracker is not; write tracker = \"redmine\", or remove it",
                },
            );
        }
        match named {
            Named::Nowhere => Ok(None),
            Named::Jira => on_board(section, trackers.jira, board).map(Some),
            Named::Redmine => in_project(section, trackers.redmine, project).map(Some),
        }
    }
}

fn on_board(
    section: &mut Section<'_>,
    jira: &Result<Option<Jira>, Faulted>,
    board: Option<String>,
) -> Result<Place, Faulted> {
    let jira = jira.as_ref().map_err(|_| Faulted)?;
    let Some(jira) = jira else {
        let problem = "\"jira\", but there is no Jira; set url under [jira], with boards, or write \
                       \"redmine\" here";
        return Err(section.unset("tracker", problem));
    };
    if let Some(board) = board.or_else(|| jira.default_board.clone()) {
        return Ok(Place::Jira(board));
    }
    let problem = "not set, and neither is jira.default_board; set one of them to a key of \
                   jira.boards";
    Err(section.unset("board", problem))
}

fn in_project(
    section: &mut Section<'_>,
    redmine: &Result<Redmine, Faulted>,
    project: Option<String>,
) -> Result<Place, Faulted> {
    let redmine = redmine.as_ref().map_err(|_| Faulted)?;
    if redmine.filing.is_none() {
        let problem = "\"redmine\", but redmine.api_key is not set: the key of the account that \
                       makes the issues stands in Redmine under My account";
        return Err(section.unset("tracker", problem));
    }
    let missing = "not set; write the identifier of a project of Redmine, as its address shows it";
    project.map(Place::Redmine).ok_or_else(|| section.unset("project", missing))
}

/// Source: Redmine's `Project` model, `validates_format_of :identifier`.
pub(super) fn project(text: &str) -> Result<String, String> {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if (1..=100).contains(&text.len()) && text.bytes().all(letter) {
        return Ok(text.to_owned());
    }
    Err("write the project's identifier, as its address shows it: a-z, 0-9, - and _".to_owned())
}
