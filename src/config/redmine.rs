//! `[redmine]`: the tracker, and the slash commands that lead to it.

use secrecy::SecretString;
use url::Url;

use super::forms::is_visible_ascii;
use super::reader::Faulted;
use super::section::Section;

/// The fewest characters of a slash token. Mattermost makes 26; a short one could be guessed.
const MIN_TOKEN_CHARS: usize = 16;

/// The tracker.
#[derive(Debug, Clone)]
pub struct Redmine {
    /// The server, ending in `/`.
    pub url: Url,
    /// The tokens of the slash command, one for each team, each at least 16 characters of visible
    /// ASCII. None only beside a mailbox: the command is then refused to everybody.
    pub slash_tokens: Vec<SecretString>,
    /// The name of the status that `close` sets; without it the first closed one that the
    /// workflow allows.
    pub close_status: Option<String>,
}

impl Redmine {
    /// There may be no slash tokens if a mailbox is something else to do.
    pub(super) fn read(mut section: Section<'_>, has_mailbox: bool) -> Result<Self, Faulted> {
        let url = section.url_or("url", "http://127.0.0.1:3000");
        let close_status = section.parsed("close_status", |text| Ok(text.to_owned()));
        let slash_tokens = tokens(&mut section, has_mailbox)?;
        Ok(Self { url: url?, slash_tokens, close_status })
    }
}

fn tokens(section: &mut Section<'_>, has_mailbox: bool) -> Result<Vec<SecretString>, Faulted> {
    const KEY: &str = "slash_tokens";
    let missing = "Mattermost shows a token under Integrations > Slash Commands, one for each \
                   team: copy it";
    let found = section.secrets(KEY)?.filter(|(tokens, _)| !tokens.is_empty());
    let (tokens, origin) = match found {
        Some(found) => found,
        None if has_mailbox => return Ok(Vec::new()),
        None => return Err(section.missing(KEY, missing)),
    };
    let mut result = Ok(());
    for (index, token) in tokens.iter().enumerate() {
        if token.len() < MIN_TOKEN_CHARS || !is_visible_ascii(token) {
            let problem = format!(
                "token {} is not {MIN_TOKEN_CHARS} or more characters of visible ASCII; copy it \
                 again from Integrations > Slash Commands in Mattermost",
                index + 1
            );
            result = Err(section.fault(&origin, problem));
        }
    }
    result.map(|()| tokens.into_iter().map(SecretString::from).collect())
}
