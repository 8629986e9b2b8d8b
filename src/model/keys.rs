//! What the desk calls its things by: mailboxes, mails, cases, effects, Jira's issues and comments.

use std::{fmt, num::NonZeroU64};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::IssueId;

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

/// One of a case's two queues. What stands still in one holds up nothing in the other.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// What goes to the tracker and by mail.
    #[default]
    Desk,
    /// What goes to the chat.
    Chat,
}

impl Lane {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Desk, Self::Chat];

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_desk(&self) -> bool {
        *self == Self::Desk
    }
}

/// One effect: the case, and which step of which of its queues. Written `17.3`, or `17.c3` for what
/// goes to the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EffectId {
    /// The case.
    pub case: CaseId,
    /// The queue.
    #[serde(default, skip_serializing_if = "Lane::is_desk")]
    pub lane: Lane,
    /// The step, counted up from 0.
    pub step: u32,
}

impl EffectId {
    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (case, step) = text.split_once('.')?;
        let (lane, step) = match step.strip_prefix('c') {
            Some(step) => (Lane::Chat, step),
            None => (Lane::Desk, step),
        };
        Some(Self { case: CaseId::new(case.parse().ok()?)?, lane, step: step.parse().ok()? })
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = if self.lane == Lane::Chat { "c" } else { "" };
        write!(f, "{}.{lane}{}", self.case, self.step)
    }
}

/// What issues live in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracker {
    /// Jira.
    Jira,
    /// Redmine.
    Redmine,
}

impl Tracker {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Jira, Self::Redmine];

    /// Its word in the configuration, in metrics and in logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Redmine => "redmine",
        }
    }
}

/// The key of an issue: Jira's `SUP-12`, Redmine's `#12`.
///
/// Source: Jira's default project key pattern `([A-Z][A-Z]+)`, which administrators may widen to
/// digits and underscores; Redmine's numbers count over all projects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IssueKey(Box<str>);

impl IssueKey {
    /// Takes `text` if it has the form of a key; nothing else ever reaches a URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(number) = text.strip_prefix('#') {
            return (!number.starts_with(['0', '#']))
                .then(|| IssueId::parse(number).map(Self::redmine))?;
        }
        let (project, number) = text.split_once('-')?;
        let letter = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let well_formed = (1..=32).contains(&project.len())
            && project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.bytes().all(letter)
            && (1..=10).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit());
        well_formed.then(|| Self(text.into()))
    }

    /// The key of this issue of Redmine's.
    #[must_use]
    pub fn redmine(id: IssueId) -> Self {
        Self(format!("#{id}").into())
    }

    /// What it lives in.
    #[must_use]
    pub fn tracker(&self) -> Tracker {
        if self.0.starts_with('#') { Tracker::Redmine } else { Tracker::Jira }
    }

    /// Redmine's number of it; `None` if it lives in Jira.
    #[must_use]
    pub fn redmine_id(&self) -> Option<IssueId> {
        IssueId::parse(self.0.strip_prefix('#')?)
    }

    /// The key of this number in a project of Jira's.
    #[must_use]
    pub fn numbered(project: &str, number: u64) -> Option<Self> {
        Self::parse(&format!("{project}-{number}"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of its project in Jira: `SUP`.
    #[must_use]
    pub fn project(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(project, _)| project)
    }

    /// The number in the project, or in Redmine: 12.
    #[must_use]
    pub fn number(&self) -> u64 {
        let number = self.0.rsplit(['-', '#']).next();
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl fmt::Display for IssueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tracker's id of a comment: digits.
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
            ("#12", Some(("#12", 12))),
            ("#012", None),
            ("#0", None),
            ("#", None),
            ("#12-3", None),
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
        for (lane, text) in [(Lane::Desk, "2.3"), (Lane::Chat, "2.c3")] {
            let effect = EffectId { case: CaseId::first().next(), lane, step: 3 };
            assert_eq!(effect.to_string(), text);
            assert_eq!(EffectId::parse(text), Some(effect));
        }
        for wrong in ["", "2", "0.1", "2.3.4", "a.b"] {
            assert_eq!(EffectId::parse(wrong), None, "{wrong}");
        }
        assert!(MailboxName::parse("Support").is_none());
        assert!(CommentId::parse("10a").is_none());
    }
}
