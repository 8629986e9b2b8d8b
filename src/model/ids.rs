//! Identifiers that come from outside, checked once where they enter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An id of Mattermost's: 26 characters of `[a-z0-9]`.
///
/// Source: <https://developers.mattermost.com/api-documentation/> (ids are 26 characters).
macro_rules! mattermost_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes `text` if it has the form of an id.
            ///
            /// # Errors
            /// [`BadId`] if it is not 26 characters of `[a-z0-9]`.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                is_id(text).then(|| Self(text.into())).ok_or(BadId)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }
    };
}

mattermost_id! {
    /// A user of Mattermost.
    ///
    /// Logins hang on this and never on the user's *name*, which may pass to somebody else.
    UserId
}
mattermost_id! {
    /// A channel of Mattermost.
    ChannelId
}
mattermost_id! {
    /// A team of Mattermost.
    TeamId
}
mattermost_id! {
    /// A post of Mattermost.
    PostId
}
mattermost_id! {
    /// A file of Mattermost.
    FileId
}

fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// A text that is no Mattermost id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Mattermost id (26 characters of a-z and 0-9)")]
pub struct BadId;

/// The number of a Redmine issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssueId(u32);

impl IssueId {
    /// Reads `12` or `#12`; nothing else ever reaches a URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // Redmine keeps ids in a signed 32-bit column; a larger one is a 500 on some databases.
        let number = digits.parse().ok().filter(|n| (1..=0x7fff_ffff).contains(n));
        number.filter(|_| plain).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl From<u32> for IssueId {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Redmine project's identifier, or its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRef(Box<str>);

impl ProjectRef {
    /// Takes 1 to 100 characters of `a-z 0-9 _ -`, in either case.
    /// Source: Redmine's `Project` model (`validates_format_of :identifier`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=100).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        well_formed.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a late answer to a slash command goes: the id in Mattermost's `response_url`.
///
/// Only the id is taken from the request. The host is the configured Mattermost, so a forged
/// `response_url` cannot send an answer anywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHook(Box<str>);

impl ResponseHook {
    /// Takes the id off the end of `…/hooks/commands/<id>`.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (before, id) = url.rsplit_once('/')?;
        (is_id(id) && before.ends_with("/hooks/commands")).then(|| Self(id.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_26_lower_case_letters_and_digits_are_an_id() {
        assert_eq!(
            UserId::parse("x57qoutf8pg8mgx1q1ysq5mzty").map(|id| id.to_string()).as_deref(),
            Ok("x57qoutf8pg8mgx1q1ysq5mzty")
        );
        for bad in ["", "short", "X57qoutf8pg8mgx1q1ysq5mzty", "x57qoutf8pg8mgx1q1ysq5mzt/", "é"] {
            assert_eq!(UserId::parse(bad), Err(BadId), "{bad:?}");
        }
    }

    #[test]
    fn an_issue_id_is_digits_and_nothing_else() {
        for (text, id) in [
            ("12", Some(12)),
            ("#12", Some(12)),
            ("2147483647", Some(0x7fff_ffff)),
            ("2147483648", None),
            ("0", None),
            ("", None),
            ("#", None),
            ("+1", None),
            ("-1", None),
            ("1/../../projects/1", None),
            ("1.json?x=", None),
            ("１２", None),
        ] {
            assert_eq!(IssueId::parse(text), id.map(IssueId), "{text:?}");
        }
    }

    #[test]
    fn a_project_is_named_by_its_identifier() {
        for (text, identifier) in [
            ("helpdesk", Some("helpdesk")),
            ("Help-Desk_2", Some("help-desk_2")),
            ("help desk", None),
            ("../admin", None),
            ("", None),
        ] {
            assert_eq!(ProjectRef::parse(text).as_ref().map(ProjectRef::as_str), identifier);
        }
    }

    #[test]
    fn only_the_id_of_a_response_url_is_believed() {
        let id = "xz4ss77qpirj9embs17iy3bmae";
        for (url, taken) in [
            (format!("http://127.0.0.1:8065/hooks/commands/{id}"), true),
            (format!("https://chat.example.org/sub/hooks/commands/{id}"), true),
            (format!("http://127.0.0.1:8065/hooks/{id}"), false),
            ("http://127.0.0.1:8065/hooks/commands/../x".to_owned(), false),
            (format!("http://127.0.0.1:8065/hooks/commands/{id}?x=1"), false),
        ] {
            assert_eq!(ResponseHook::parse(&url).is_some(), taken, "{url}");
        }
    }
}
