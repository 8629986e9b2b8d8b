//! `[redmine]`: the tracker, and the slash commands that lead to it.

use secrecy::SecretString;
use url::Url;

use super::reader::Faulted;
use super::section::Section;

/// The tracker.
#[derive(Debug, Clone)]
pub struct Redmine {
    /// The server, ending in `/`.
    pub url: Url,
    /// The tokens of the slash command, one for each team, each at least 16 characters of visible
    /// ASCII. None only beside a mailbox or `/ticket`: the command is then refused to everybody.
    pub slash_tokens: Vec<SecretString>,
    /// The name of the status that `close` sets; without it the first closed one that the
    /// workflow allows.
    pub close_status: Option<String>,
}

impl Redmine {
    /// There may be no slash tokens if there is something else to do.
    pub(super) fn read(mut section: Section<'_>, busy: bool) -> Result<Self, Faulted> {
        let url = section.url_or("url", "http://127.0.0.1:3000");
        let close_status = section.parsed("close_status", |text| Ok(text.to_owned()));
        let slash_tokens = section.slash_tokens()?;
        if slash_tokens.is_empty() && !busy {
            let missing = "Mattermost shows a token under Integrations > Slash Commands, one for \
                           each team: copy it";
            return Err(section.missing("slash_tokens", missing));
        }
        Ok(Self { url: url?, slash_tokens, close_status })
    }
}
