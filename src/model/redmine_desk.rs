//! Redmine's things as a desk needs them, which files mails and tickets under one account. Nothing
//! that holds what people wrote has a `Debug` that shows it.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    case::Standing,
    discreet::discreet,
    effect::later,
    ids::{IssueId, ProjectRef},
    redmine::Status,
};

/// The most characters of a subject; more is refused.
/// Source: Redmine's `Issue` model (`validates_length_of :subject`).
pub const SUBJECT_MAX: usize = 255;
/// The longest name that a file gets, in bytes: Redmine's column takes 255 characters.
const NAME_MAX: usize = 240;

/// A thing that Redmine numbers and an operator names: a tracker, a priority, a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its number.
    pub id: u64,
    /// What people call it.
    pub name: String,
}

/// A project that issues go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskProject {
    /// Its number, by which lists and issues name it.
    pub id: u64,
    /// What configuration and commands take.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// The trackers that its issues may have.
    pub trackers: Vec<Named>,
}

/// An issue to be made.
#[derive(Clone, Copy)]
pub struct NewRedmineIssue<'a> {
    /// The project.
    pub project: &'a ProjectRef,
    /// The tracker's number; `None` is the project's first. Redmine takes the first too, without a
    /// word, for one that the project does not have (measured on 5.0).
    pub tracker: Option<u64>,
    /// The priority's number; `None` leaves it to Redmine.
    pub priority: Option<u64>,
    /// At most [`SUBJECT_MAX`] characters, not blank.
    pub subject: &'a str,
    /// The text, in the markup that this Redmine is set to.
    pub description: &'a str,
}

/// An issue that the account made.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnIssue {
    /// Its number.
    pub id: IssueId,
    /// Its description, with `\n` at the ends of lines.
    pub description: String,
}

discreet!(OwnIssue { id });

/// An issue with what was said and hung on it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedmineThread {
    /// Its number.
    pub id: IssueId,
    /// The project that it is in now.
    pub project: Named,
    /// Its status.
    pub status: Status,
    /// The last change, in whole seconds.
    pub updated: Timestamp,
    /// What was said, oldest first.
    pub journals: Vec<Journal>,
    /// The number of the last entry of its history, also of one without a word; 0 for none.
    pub last_entry: u64,
    /// The states that the account may put it in by the workflow, its own included; `None` where
    /// Redmine does not say (before 5.0).
    pub allowed: Option<Vec<Status>>,
    /// What hangs on it.
    pub attachments: Vec<RedmineFile>,
    /// The users who watch it; `None` where the account may not see them.
    pub watchers: Option<Vec<u64>>,
}

discreet!(RedmineThread { id, status, updated });

impl RedmineThread {
    /// How it stands. Redmine's time has whole seconds: of two changes within one, the entry's number
    /// tells the later.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let within = Duration::from_nanos(self.last_entry % 1_000_000_000);
        Standing { closed: self.status.closed, at: later(self.updated, within) }
    }
}

/// A note on an issue. Changes of fields without a word are none.
#[derive(Clone, PartialEq, Eq)]
pub struct Journal {
    /// The entry's number, growing.
    pub id: u64,
    /// Who wrote it; 0 where Redmine does not say.
    pub author_id: u64,
    /// The author's name.
    pub author: String,
    /// The text, with `\n` at the ends of lines.
    pub text: String,
    /// Whether only members with the right for it may read it.
    pub private: bool,
    /// When it was written, in whole seconds.
    pub created: Timestamp,
}

discreet!(Journal { id, author_id, private });

/// A file on an issue.
#[derive(Clone, PartialEq, Eq)]
pub struct RedmineFile {
    /// Its number.
    pub id: u64,
    /// Its name, as [`file_name`] makes it.
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// The media type, as told or guessed; may be empty.
    pub media_type: String,
    /// Who attached it; 0 where Redmine does not say.
    pub author_id: u64,
}

discreet!(RedmineFile { id, size, author_id });

/// A file that lies at Redmine and hangs on nothing yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// By what Redmine knows it; good for one issue, once.
    pub token: String,
    /// The file's name.
    pub name: String,
    /// The media type.
    pub media_type: String,
}

discreet!(Upload {});

/// An issue that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its number.
    pub id: IssueId,
    /// The last change, in whole seconds.
    pub updated: Timestamp,
}

/// The name under which a file hangs on an issue: what follows the last slash, without what
/// Redmine replaces, at most 240 bytes, never empty. Look for an attachment by this one.
///
/// Source: Redmine's `Attachment#sanitize_filename`.
#[must_use]
pub fn file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        let odd = c.is_control() || "?%*:|\"'<>".contains(c);
        // Redmine makes one underscore of several in a row.
        match c {
            c if !odd => clean.push(c),
            _ if clean.ends_with('_') => {}
            _ => clean.push('_'),
        }
    }
    if clean.is_empty() {
        return "attachment".to_owned();
    }
    if clean.len() <= NAME_MAX {
        return clean;
    }
    // The end tells the kind of file.
    let ending = clean.rfind('.').map_or("", |dot| &clean[dot..]);
    let ending = if ending.len() <= 10 { ending } else { "" };
    let stem = &clean[..clean.floor_char_boundary(NAME_MAX - ending.len())];
    format!("{stem}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_redmine_takes_of_its_name() {
        let long = format!("{}.pdf", "한".repeat(300));
        let cut = format!("{}.pdf", "한".repeat(78));
        for (name, expected) in [
            ("report.pdf", "report.pdf"),
            (" 보고서 é.pdf ", "보고서 é.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\docs\\a.txt", "a.txt"),
            ("50 % of $5?*.txt", "50 _ of $5_.txt"),
            ("a\"\r\nX-Evil: 1", "a_X-Evil_ 1"),
            ("dir/", "attachment"),
            ("", "attachment"),
            (&long, &cut),
        ] {
            assert_eq!(file_name(name), expected);
            assert_eq!(file_name(expected), expected);
        }
        assert_eq!(file_name(&"x".repeat(1_000)).len(), NAME_MAX);
    }

    #[test]
    fn what_people_wrote_is_not_shown() {
        let text = || "planted".to_owned();
        let own = OwnIssue { id: IssueId::from(1), description: text() };
        let file =
            RedmineFile { id: 1, filename: text(), size: 1, media_type: text(), author_id: 1 };
        let upload = Upload { token: text(), name: text(), media_type: text() };
        for shown in [format!("{own:?}"), format!("{file:?}"), format!("{upload:?}")] {
            assert!(!shown.contains("planted"), "{shown}");
        }
    }
}
