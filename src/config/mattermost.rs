//! `[mattermost]`: who ticketd is in the chat.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::reader::{Faulted, Section};
use super::redmine::is_visible_ascii;
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
        let locale = section.parsed("locale", |text| {
            Locale::ALL.into_iter().find(|locale| locale.code() == text).ok_or_else(|| {
                format!(
                    "{text:?} is no language of ticketd; write {}",
                    Locale::ALL.map(Locale::code).join(", ")
                )
            })
        });
        let bot_token = section.secret("bot_token")?;
        if let Some(token) = &bot_token
            && !is_visible_ascii(token.text.expose_secret())
        {
            let problem = "holds blanks or characters beyond ASCII; copy the token again from \
                           Integrations > Bot Accounts in Mattermost";
            return Err(section.fault(&token.origin, problem));
        }
        Ok(Self {
            url: url?,
            bot_token: bot_token.map(|token| token.text),
            locale: locale.unwrap_or(Locale::En),
        })
    }
}
