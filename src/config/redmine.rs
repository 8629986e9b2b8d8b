//! `[redmine]`: the tracker whose commands people type, and in which mails and tickets are filed.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::forms::{self, mail_address};
use super::jira::Board;
use super::place;
use super::reader::Faulted;
use super::section::Section;

/// The largest file that Redmine takes unless its administrator says otherwise.
/// Source: `attachment_max_size` in Redmine's `config/settings.yml`, 5,120 KiB.
const ATTACHMENT_BYTES: u64 = 5 << 20;

/// The tracker.
#[derive(Debug, Clone)]
pub struct Redmine {
    /// Its address; ends in `/`.
    pub url: Url,
    /// The tokens of the slash commands, one for each team.
    pub slash_tokens: Vec<SecretString>,
    /// The name of the status that closes an issue, by command or with its ticket; without it the
    /// first closed one that the workflow allows.
    pub close_status: Option<String>,
    /// How mails and tickets are filed; without it none is.
    pub filing: Option<Filing>,
    /// The projects that callers of the API see; without `filing` there is none.
    pub boards: Vec<ProjectBoard>,
}

/// A project that callers of the API see as a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectBoard {
    /// What they call it; no board of Jira's has this key.
    pub key: String,
    /// The project's identifier.
    pub project: String,
}

/// How mails and tickets are filed.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The key of the account that makes the issues.
    pub api_key: SecretString,
    /// The name of the issues' tracker; without it the project's first.
    pub issue_type: Option<String>,
    /// What Redmine's text formatting is set to.
    pub text_formatting: TextFormatting,
    /// How often news are asked for: 1 second to 1 hour.
    pub poll: Duration,
    /// User numbers by mail address, for watchers that Redmine does not show us.
    pub users: BTreeMap<String, u64>,
    /// The largest file, in bytes.
    pub attachment_bytes: u64,
    /// The status that opens a closed issue, for a follow-up or with its ticket; without it a
    /// follow-up leaves it closed.
    pub reopen_status: Option<String>,
}

/// Redmine's text formatting, which its API does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormatting {
    /// Textile.
    Textile,
    /// `CommonMark` Markdown, or the older Markdown.
    CommonMark,
}

impl Redmine {
    /// `taken` are the keys of Jira's boards.
    pub(super) fn read(mut section: Section<'_>, taken: &[Board]) -> Result<Self, Faulted> {
        let s = &mut section;
        let url = s.url_or("url", "http://127.0.0.1:3000");
        let close_status = s.parsed("close_status", |text| Ok(text.to_owned()));
        let filing = Filing::read(s);
        let boards = boards(s, taken);
        let slash_tokens = s.slash_tokens()?;
        let (filing, boards) = (filing?, boards?);
        if filing.is_none() && !boards.is_empty() {
            let missing = "Redmine shows it under My account to the account that makes the issues \
                           of redmine.boards: copy it";
            return Err(s.missing("api_key", missing));
        }
        Ok(Self { slash_tokens, url: url?, close_status, filing, boards })
    }

    /// Without slash tokens there must be something else to do.
    pub(super) fn needs_tokens(&self, mut section: Section<'_>, busy: bool) -> Result<(), Faulted> {
        if !self.slash_tokens.is_empty() || busy {
            return Ok(());
        }
        let missing = "Mattermost shows a token under Integrations > Slash Commands, one for \
                       each team (a [[mailbox]], [ticket] or jira.boards will do instead): copy it";
        Err(section.missing("slash_tokens", missing))
    }
}

impl Filing {
    /// None without a key.
    fn read(s: &mut Section<'_>) -> Result<Option<Self>, Faulted> {
        let api_key = s.secret("api_key");
        let issue_type = s.parsed("issue_type", forms::line);
        let formats =
            [("textile", TextFormatting::Textile), ("common_mark", TextFormatting::CommonMark)];
        let text_formatting = s.choice("text_formatting", &formats);
        let poll = s.duration("poll", 1..=3600, 30);
        let users = users(s);
        let attachment_bytes = s.number("attachment_bytes", 0..=u64::MAX >> 1, ATTACHMENT_BYTES);
        let reopen_status = s.parsed("reopen_status", forms::line);
        let Some(api_key) = api_key? else { return Ok(None) };
        s.for_header(&api_key, "copy the key again from Redmine")?;
        Ok(Some(Self {
            api_key: api_key.text,
            issue_type,
            text_formatting: text_formatting.unwrap_or(TextFormatting::Textile),
            poll,
            users: users?,
            attachment_bytes,
            reopen_status,
        }))
    }
}

fn boards(section: &mut Section<'_>, taken: &[Board]) -> Result<Vec<ProjectBoard>, Faulted> {
    let mut boards: Vec<ProjectBoard> = Vec::new();
    let Some((pairs, origin)) = section.tables("boards", ["key", "project"])? else {
        return Ok(boards);
    };
    for (index, (key, project)) in pairs.into_iter().enumerate() {
        let problem = match (forms::line(key.trim()), place::project(project.trim())) {
            (Ok(key), _) if boards.iter().any(|board| board.key == key) => {
                "another board has this key".to_owned()
            }
            (Ok(key), _) if taken.iter().any(|board| board.key == key) => {
                "a board of jira.boards has this key".to_owned()
            }
            (Ok(_), Ok(project)) if boards.iter().any(|board| board.project == project) => {
                "another board has this project".to_owned()
            }
            (Ok(key), Ok(project)) => {
                boards.push(ProjectBoard { key, project });
                continue;
            }
            (Err(problem), _) | (_, Err(problem)) => problem,
        };
        section.fault(&origin, format!("board {}: {problem}", index + 1));
    }
    Ok(boards)
}

fn users(section: &mut Section<'_>) -> Result<BTreeMap<String, u64>, Faulted> {
    let mut users = BTreeMap::new();
    let Some((pairs, origin)) = section.table("users")? else { return Ok(users) };
    for (index, (address, number)) in pairs.into_iter().enumerate() {
        let number = number.trim().parse().ok().filter(|number| *number > 0);
        let problem = match (mail_address(address.trim()), number) {
            (Ok(address), Some(number)) => match users.insert(address, number) {
                None => continue,
                Some(_) => "another entry has this address; remove one".to_owned(),
            },
            (Err(problem), _) => problem,
            (_, None) => {
                "write the user's number, as the address of their page shows it".to_owned()
            }
        };
        section.fault(&origin, format!("entry {}: {problem}", index + 1));
    }
    Ok(users)
}
