//! `[mattermost]`: who ticketd is in the chat.

use secrecy::SecretString;
use url::Url;

use super::reader::Faulted;
use super::section::Section;
use crate::locale::Locale;

/// The chat.
#[derive(Debug, Clone)]
pub struct Mattermost {
    /// The server, ending in `/`.
    pub url: Url,
    /// The token of ticketd's bot, which looks up the users' languages; without it everybody reads
    /// `locale`.
    pub bot_token: Option<SecretString>,
    /// The language of answers while the user's own is not known.
    pub locale: Locale,
}

impl Mattermost {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, Faulted> {
        let url = section.url_or("url", "http://127.0.0.1:8065");
        let locale = section.locale("locale");
        let bot_token = section.secret("bot_token")?;
        if let Some(token) = &bot_token {
            let what = "copy the token again from Integrations > Bot Accounts in Mattermost";
            section.for_header(token, what)?;
        }
        Ok(Self {
            url: url?,
            bot_token: bot_token.map(|token| token.text),
            locale: locale.unwrap_or(Locale::En),
        })
    }
}
