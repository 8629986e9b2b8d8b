//! Tokens of the API: who may do what, until when. A token is written `ticketd_<id>_<secret>`; what is
//! kept of its secret is a digest, from which nobody gets it back. Nothing here can fail.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What every token begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "ticketd_";
/// Hexadecimal digits of an id: 48 bits.
const ID_DIGITS: usize = 12;
/// The longest name, in characters.
pub const NAME_MAX: usize = 64;

/// A token by its id, which may stand in logs: 12 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenId(Box<str>);

impl TokenId {
    /// Takes `text` if it has the form of an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == ID_DIGITS && text.bytes().all(digit)).then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a token may do; the second may do what the first may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Find tickets and hear of them.
    Read,
    /// Make tickets and comments too, and read what became of them.
    Write,
}

impl Scope {
    /// All of them, from the least.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The scope by its word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == text)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Whether it covers `needed`.
    #[must_use]
    pub fn covers(self, needed: Self) -> bool {
        self >= needed
    }
}

/// A token, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// By which it is found.
    pub id: TokenId,
    /// What the operator calls it; no other token is called so.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is worth nothing.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
}

impl ApiToken {
    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// A token as it is written: its id and its secret. `None` if it has another form.
#[must_use]
pub fn split(token: &str) -> Option<(TokenId, &str)> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    Some((TokenId::parse(id)?, secret))
}

/// A token as it is written.
#[must_use]
pub fn join(id: &TokenId, secret: &str) -> String {
    format!("{PREFIX}{id}_{secret}")
}

/// A name on one line, without blanks at its ends; `None` if it is none, or too long.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    let name = text.trim();
    let sound =
        !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    sound.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_apart_as_it_was_put_together() {
        let id = TokenId::parse("0123456789ab").unwrap();
        let token = join(&id, "se_cret");
        assert_eq!(token, "ticketd_0123456789ab_se_cret");
        assert_eq!(split(&token), Some((id, "se_cret")));
        for odd in ["", "ticketd_", "ticketd_0123456789ab", "ticketd_0123456789AB_x", "x_y_z"] {
            assert_eq!(split(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_scope_covers_those_below_it() {
        for (scope, covered) in [(Scope::Read, [true, false]), (Scope::Write, [true, true])] {
            assert_eq!(Scope::ALL.map(|needed| scope.covers(needed)), covered, "{scope:?}");
            assert_eq!(Scope::parse(scope.word()), Some(scope));
        }
        assert_eq!(Scope::parse("admin"), None);
    }

    #[test]
    fn a_name_is_one_line() {
        for (text, kept) in [
            (" portal ", Some("portal")),
            ("포털", Some("포털")),
            ("", None),
            ("a\nb", None),
            (&"x".repeat(65), None),
        ] {
            assert_eq!(name(text).as_deref(), kept, "{text:?}");
        }
    }
}
