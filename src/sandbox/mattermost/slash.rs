//! The request of a slash command, byte for byte as the server sends it.

use std::io;

use url::Url;

use super::channels;
use super::teams::{TEAM, TEAM_NAME};
use super::users;
use crate::sandbox::wire::{Answer, post};

/// A command and its token.
const TOKENS: [(&str, &str); 2] =
    [("/redmine", "5fmfd8owhp8bprrjx3k477xhcy"), ("/ticket", "9dkz1w4yebnu7cjmoxrf5t8qsh")];

pub(super) fn token(command: &str) -> &'static str {
    let command = command.trim_start_matches('/');
    TOKENS.iter().find(|(known, _)| &known[1..] == command).map_or("", |(_, token)| token)
}

/// One slash command, ready to be sent. Tests may change it to forge one.
#[derive(Clone, Debug)]
pub struct SlashForm {
    /// The form's fields, in alphabetical order as Go encodes them.
    pub fields: Vec<(String, String)>,
}

impl SlashForm {
    pub(super) fn new(
        user: &str,
        (channel_id, channel_name): (&str, &str),
        typed: &str,
        response_url: &str,
        trigger_id: &str,
    ) -> Self {
        let (command, text) = split(typed);
        let mut fields: Vec<(String, String)> = [
            ("channel_id", channel_id),
            ("channel_name", channel_name),
            ("command", &command),
            ("response_url", response_url),
            ("team_domain", TEAM_NAME),
            ("team_id", TEAM),
            ("text", text),
            ("token", token(&command)),
            ("trigger_id", trigger_id),
            ("user_id", users::id_of(user)),
            ("user_name", user),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for name in mentioned(text, '@').filter(|name| !users::id_of(name).is_empty()) {
            fields.push(("user_mentions".to_owned(), name.to_owned()));
            fields.push(("user_mentions_ids".to_owned(), users::id_of(name).to_owned()));
        }
        for name in mentioned(text, '~').filter(|name| !channels::id_of(name).is_empty()) {
            fields.push(("channel_mentions".to_owned(), name.to_owned()));
            fields.push(("channel_mentions_ids".to_owned(), channels::id_of(name).to_owned()));
        }
        // Stable: the values of one name stay in their order.
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { fields }
    }

    /// The first value of a field; empty when there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body, encoded as Go does it.
    #[must_use]
    pub fn body(&self) -> String {
        let pairs: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{}={}", go_escape(name), go_escape(value)))
            .collect();
        pairs.join("&")
    }

    /// All headers in the order of the wire, for a command whose URL is `url`.
    #[must_use]
    pub fn headers(&self, url: &Url) -> Vec<(String, String)> {
        let mut headers = outgoing(url, &self.body(), "application/x-www-form-urlencoded");
        headers.insert(4, ("Authorization".to_owned(), format!("Token {}", self.field("token"))));
        headers
    }

    /// Sends it to the URL of the command.
    ///
    /// # Errors
    /// When there is no connection, no complete answer, or none within 30 s; the user then reads
    /// that the command failed, as for every status but 200.
    pub async fn send(&self, url: &Url) -> io::Result<Answer> {
        post(url, &self.headers(url), self.body()).await
    }
}

/// The headers of every request of Mattermost to an integration, in the order of the wire.
pub(super) fn outgoing(url: &Url, body: &str, content_type: &str) -> Vec<(String, String)> {
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    [
        ("Host", host),
        ("User-Agent", "Mattermost-Bot/1.1"),
        ("Content-Length", &body.len().to_string()),
        ("Accept", "application/json"),
        ("Content-Type", content_type),
        ("Accept-Encoding", "gzip"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The command, in small letters, ends at the first blank; one blank goes, the rest is the text.
fn split(typed: &str) -> (String, &str) {
    if !typed.starts_with('/') {
        return ("/redmine".to_owned(), typed);
    }
    let (command, text) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    (command.to_lowercase(), text)
}

fn mentioned(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter_map(move |word| word.strip_prefix(sign))
}

/// Go's `url.QueryEscape`: as the form encoding of browsers, but for `~` and `*`.
fn go_escape(text: &str) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    escaped.replace("%7E", "~").replace('*', "%2A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_what_follows_the_command() {
        let cases = [
            ("/redmine", "/redmine", ""),
            ("/REDMINE x", "/redmine", "x"),
            ("/redmine    a   b  ", "/redmine", "   a   b  "),
            ("/redmine\nfoo", "/redmine", "foo"),
            ("list", "/redmine", "list"),
        ];
        for (typed, command, text) in cases {
            assert_eq!(split(typed), (command.to_owned(), text), "{typed:?}");
        }
    }
}
