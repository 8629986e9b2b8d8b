//! Identifiers that come from outside, checked once where they enter.

use std::fmt;

/// A Mattermost user id: 26 characters of `[a-z0-9]`.
///
/// Logins hang on this and never on the user's *name*, which may pass to somebody else.
/// Source: <https://developers.mattermost.com/api-documentation/> (ids are 26 characters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Box<str>);

impl UserId {
    /// Takes `text` if it has the form of an id.
    ///
    /// # Errors
    /// [`BadId`] if it is not 26 characters of `[a-z0-9]`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let well_formed = text.len() == 26
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if well_formed { Ok(Self(text.into())) } else { Err(BadId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no Mattermost id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Mattermost id (26 characters of a-z and 0-9)")]
pub struct BadId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_26_lower_case_letters_and_digits_are_an_id() {
        assert_eq!(
            UserId::parse("x57qoutf8pg8mgx1q1ysq5mzty").map(|id| id.to_string()).as_deref(),
            Ok("x57qoutf8pg8mgx1q1ysq5mzty")
        );
        for bad in ["", "short", "X57qoutf8pg8mgx1q1ysq5mzty", "x57qoutf8pg8mgx1q1ysq5mzt/", "é"]
        {
            assert_eq!(UserId::parse(bad), Err(BadId), "{bad:?}");
        }
    }
}
