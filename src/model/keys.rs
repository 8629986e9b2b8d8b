//! What the desk calls its things by: mailboxes, mails, cases, effects, Jira's issues and comments.

use std::{fmt, num::NonZeroU64};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A mailbox by its name in the configuration: 1 to 32 characters of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailboxName(Box<str>);

impl MailboxName {
    /// Takes `text` if it has the form of a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        ((1..=32).contains(&text.len()) && text.bytes().all(letter)).then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One mail in one mailbox, told apart by its Message-ID: the key against duplicates. It is a
/// digest, so it may stand in logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MailKey([u8; 16]);

impl MailKey {
    /// The key of the mail that `mailbox` knows by `message_id`.
    #[must_use]
    pub fn of(mailbox: &MailboxName, message_id: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(mailbox.as_str())
            .chain_update([0])
            .chain_update(message_id)
            .finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }

    /// Reads what [`fmt::Display`] writes: 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base16ct::lower::decode_vec(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, as the store orders them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for MailKey {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl From<MailKey> for String {
    fn from(key: MailKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for MailKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the key of a mail")
    }
}

impl fmt::Display for MailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl fmt::Debug for MailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of a case, counted up from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CaseId(NonZeroU64);

impl CaseId {
    /// Takes any number but 0.
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The first case of a store.
    #[must_use]
    pub fn first() -> Self {
        Self(NonZeroU64::MIN)
    }

    /// The case after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One effect: the case, and which step of it. Written `17.3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EffectId {
    /// The case.
    pub case: CaseId,
    /// The step, counted up from 0.
    pub step: u32,
}

impl EffectId {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (case, step) = text.split_once('.')?;
        Some(Self { case: CaseId::new(case.parse().ok()?)?, step: step.parse().ok()? })
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.case, self.step)
    }
}

/// The key of a Jira issue: `SUP-12`.
///
/// Source: Jira's default project key pattern `([A-Z][A-Z]+)`, which administrators may widen to
/// digits and underscores.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IssueKey(Box<str>);

impl IssueKey {
    /// Takes `text` if it has the form of a key; nothing else ever reaches a URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (project, number) = text.split_once('-')?;
        let letter = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let well_formed = (1..=32).contains(&project.len())
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.bytes().all(letter)
            && (1..=10).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| Self(text.into()))
    }

    /// The key of this number in a project.
    #[must_use]
    pub fn numbered(project: &str, number: u64) -> Option<Self> {
        Self::parse(&format!("{project}-{number}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project's key: `SUP`.
    #[must_use]
    pub fn project(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(project, _)| project)
    }

    /// The number in the project: 12.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.split_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for IssueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Jira's id of a comment: digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommentId(Box<str>);

impl CommentId {
    /// Takes 1 to 20 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_key_is_a_project_and_a_number() {
        for (text, expected) in [
            ("SUP-12", Some(("SUP", 12))),
            ("A_1-7", Some(("A_1", 7))),
            ("sup-12", None),
            ("SUP", None),
            ("SUP-", None),
            ("SUP-1/../x", None),
            ("1SUP-1", None),
            ("SUP-1-2", None),
            ("SUP-12345678901", None),
        ] {
            let key = IssueKey::parse(text);
            assert_eq!(key.as_ref().map(|key| (key.project(), key.number())), expected, "{text}");
        }
    }

    #[test]
    fn keys_read_back_as_they_are_written() {
        let mailbox = MailboxName::parse("support").unwrap();
        let mail = MailKey::of(&mailbox, "1@example.org");
        assert_eq!(MailKey::parse(&mail.to_string()), Some(mail));
        assert_ne!(mail, MailKey::of(&MailboxName::parse("sales").unwrap(), "1@example.org"));
        let effect = EffectId { case: CaseId::first().next(), step: 3 };
        assert_eq!(effect.to_string(), "2.3");
        assert_eq!(EffectId::parse("2.3"), Some(effect));
        for wrong in ["", "2", "0.1", "2.3.4", "a.b"] {
            assert_eq!(EffectId::parse(wrong), None, "{wrong}");
        }
        assert!(MailboxName::parse("Support").is_none());
        assert!(CommentId::parse("10a").is_none());
    }
}
