//! `[jira]`: the tracker that mails become issues of. It is there when its `url` is set.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::forms::{self, base_url, mail_address};
use super::reader::Faulted;
use super::section::Section;

/// The fewest characters of the webhook's secret: whoever guesses it can put words into mails.
const MIN_SECRET_CHARS: usize = 16;

/// The tracker of mails.
#[derive(Debug, Clone)]
pub struct Jira {
    /// The server, ending in `/`.
    pub url: Url,
    /// Which Jira it is.
    pub flavour: Flavour,
    /// The user of `api_token` with basic authentication (Cloud); without one the token goes as
    /// a bearer (Data Center).
    pub user: Option<String>,
    /// Who ticketd is: visible ASCII, never empty.
    pub api_token: SecretString,
    /// The type of new issues, by its name.
    pub issue_type: String,
    /// What new issues are labelled with; no label holds a blank.
    pub labels: Vec<String>,
    /// What a mailbox may file its issues under.
    pub categories: Vec<String>,
    /// The one of `categories` that is taken when a mailbox names none.
    pub default_category: Option<String>,
    /// The boards that issues can be put on; keys are unique.
    pub boards: Vec<Board>,
    /// The key of the board that is taken when a mailbox names none; the only one if there is one.
    pub default_board: Option<String>,
    /// The secret that signs Jira's webhooks, 16 or more characters; without it comments are
    /// polled.
    pub webhook_secret: Option<SecretString>,
    /// How often comments are polled: 1 second to 1 hour.
    pub poll: Duration,
    /// The account id (Cloud) or name (Data Center) by mail address.
    pub users: BTreeMap<String, String>,
    /// How long a search may not see a new issue: 1 second to 1 hour.
    pub index_lag: Duration,
    /// How much ticketd writes, in requests a second: at most 1000.
    pub writes_per_second: NonZeroU32,
    /// The name of the transition that a follow-up to a closed issue triggers; without it such a
    /// mail becomes a comment only.
    pub reopen: Option<String>,
    /// The name of the transition that closes the issue of a ticket that is resolved in the chat;
    /// without it the first one that leads to a closed issue is taken.
    pub resolve: Option<String>,
}

/// A Jira is hosted by Atlassian or runs with its owner, and the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Jira is asked.
    Auto,
    /// Hosted by Atlassian.
    Cloud,
    /// Run by its owner.
    DataCenter,
}

/// A board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// What the configuration calls it.
    pub key: String,
    /// What Jira calls it.
    pub name: String,
}

impl Jira {
    /// None if there is no Jira.
    pub(super) fn read(mut section: Section<'_>) -> Result<Option<Self>, Faulted> {
        let s = &mut section;
        let url = s.checked("url", base_url);
        let flavours = [
            ("auto", Flavour::Auto),
            ("cloud", Flavour::Cloud),
            ("datacenter", Flavour::DataCenter),
        ];
        let flavour = s.choice("flavour", &flavours).unwrap_or(Flavour::Auto);
        let user = s.parsed("user", forms::user);
        let api_token = api_token(s);
        let issue_type = s.parsed("issue_type", forms::line).unwrap_or_else(|| "Task".to_owned());
        let labels = Some(s.list("labels", label)).filter(|labels| !labels.is_empty());
        let categories = s.list("categories", forms::line);
        let default_category =
            s.parsed("default_category", |text| member(text, &categories, "jira.categories"));
        let boards = boards(s);
        let default_board = default_board(s, &boards);
        let webhook_secret = webhook_secret(s);
        let poll = s.duration("poll", 1..=3600, 60);
        let users = users(s);
        let index_lag = s.duration("index_lag", 1..=3600, 300);
        let one = NonZeroU32::MIN;
        let writes = one..=one.saturating_add(999);
        let writes_per_second = s.number("writes_per_second", writes, one.saturating_add(19));
        let reopen = s.parsed("reopen", forms::line);
        let resolve = s.parsed("resolve", forms::line);
        let (url, api_token) = match (url?, api_token?) {
            (Some(url), Some(token)) => (url, token),
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(s.unset("url", "not set, but jira.api_token is; set both or none"));
            }
            (Some(_), None) => {
                let what = "Jira makes a token under the profile of ticketd's user: Security > \
                            API tokens (Cloud) or Personal Access Tokens (Data Center)";
                return Err(s.missing("api_token", what));
            }
        };
        Ok(Some(Self {
            url,
            flavour,
            user,
            api_token,
            issue_type,
            labels: labels.unwrap_or_else(|| vec!["ticketd".to_owned()]),
            categories,
            default_category,
            boards: boards?,
            default_board,
            webhook_secret: webhook_secret?,
            poll,
            users: users?,
            index_lag,
            writes_per_second,
            reopen,
            resolve,
        }))
    }

    /// `text` if it is the key of a board.
    pub(super) fn board(&self, text: &str) -> Result<String, String> {
        board(text, &self.boards)
    }

    /// `text` if it is a category.
    pub(super) fn category(&self, text: &str) -> Result<String, String> {
        member(text, &self.categories, "jira.categories")
    }
}

fn api_token(section: &mut Section<'_>) -> Result<Option<SecretString>, Faulted> {
    let Some(token) = section.secret("api_token")? else { return Ok(None) };
    section.for_header(&token, "copy the token again from Jira")?;
    Ok(Some(token.text))
}

fn webhook_secret(section: &mut Section<'_>) -> Result<Option<SecretString>, Faulted> {
    let Some(secret) = section.secret("webhook_secret")? else { return Ok(None) };
    if secret.text.expose_secret().chars().count() < MIN_SECRET_CHARS {
        let problem = format!(
            "shorter than {MIN_SECRET_CHARS} characters; write a longer one, here and in Jira"
        );
        return Err(section.fault(&secret.origin, problem));
    }
    Ok(Some(secret.text))
}

fn label(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a label of Jira holds no blank; write a word".to_owned());
    }
    Ok(text.to_owned())
}

/// `text` if it is one of `all`, which stand under the key `list`.
fn member(text: &str, all: &[String], list: &str) -> Result<String, String> {
    if all.iter().any(|one| one == text) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not in {list}; write one of these: {}", all.join(", ")))
}

fn board(text: &str, boards: &[Board]) -> Result<String, String> {
    let keys: Vec<_> = boards.iter().map(|board| board.key.clone()).collect();
    member(text, &keys, "jira.boards")
}

fn boards(section: &mut Section<'_>) -> Result<Vec<Board>, Faulted> {
    let mut boards: Vec<Board> = Vec::new();
    let Some((pairs, origin)) = section.tables("boards", ["key", "name"])? else {
        return Ok(boards);
    };
    for (index, (key, name)) in pairs.into_iter().enumerate() {
        let [key, name] = [key, name].map(|text| forms::line(text.trim()));
        let problem = match (key, name) {
            (Ok(key), Ok(_)) if boards.iter().any(|board| board.key == key) => {
                "another board has this key"
            }
            (Ok(key), Ok(name)) => {
                boards.push(Board { key, name });
                continue;
            }
            _ => "write key and name as texts of one line",
        };
        section.fault(&origin, format!("board {}: {problem}", index + 1));
    }
    Ok(boards)
}

fn default_board(
    section: &mut Section<'_>,
    boards: &Result<Vec<Board>, Faulted>,
) -> Option<String> {
    let known = boards.as_deref().unwrap_or_default();
    // Faulty boards are told already: which keys there are is not known.
    let check = |text: &str| match boards {
        Ok(boards) => board(text, boards),
        Err(Faulted) => Ok(text.to_owned()),
    };
    match (section.checked("default_board", check), known) {
        (Ok(None), [only]) => Some(only.key.clone()),
        (found, _) => found.ok().flatten(),
    }
}

fn users(section: &mut Section<'_>) -> Result<BTreeMap<String, String>, Faulted> {
    let mut users = BTreeMap::new();
    let Some((pairs, origin)) = section.table("users")? else { return Ok(users) };
    for (index, (address, account)) in pairs.into_iter().enumerate() {
        let problem = match (mail_address(address.trim()), forms::line(account.trim())) {
            (Ok(address), Ok(account)) => match users.insert(address, account) {
                None => continue,
                Some(_) => "another entry has this address; remove one".to_owned(),
            },
            (Err(problem), _) => problem,
            (_, Err(_)) => "write the account id (Cloud) or name (Data Center)".to_owned(),
        };
        section.fault(&origin, format!("entry {}: {problem}", index + 1));
    }
    Ok(users)
}

#[cfg(test)]
mod tests;
