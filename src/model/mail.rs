//! A mail as the desk knows it: who wrote to whom, about what, in answer to what. Its text and
//! attachments stay in the mailbox until they are needed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{automatic::Sign, discreet::discreet};

/// The longest Message-ID that is kept, in bytes. Source: RFC 5322, 2.1.1: a line has 998.
const MESSAGE_ID_MAX: usize = 998;
/// References that are looked at: the first, and the last ones.
pub const REFERENCES_MAX: usize = 50;

/// A mail address, its case folded for comparing. (RFC 5321 lets the part before the `@` differ
/// by case; no provider of ours does.)
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Email(Box<str>);

impl Email {
    /// Takes `text` if mail could be sent to it: one `@` with something on both sides, no blank,
    /// control character, bracket, quote or comma, at most 254 bytes (RFC 5321, 4.5.3.1.3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\",;:\\@".contains(c);
        let well_formed = text.len() <= 254
            && !local.is_empty()
            && !domain.is_empty()
            && !local.contains(odd)
            && !domain.contains(odd)
            && !domain.starts_with('.')
            && !domain.ends_with('.');
        well_formed.then(|| Self(text.to_lowercase().into()))
    }

    /// The address as text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses belong in no log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// An address with the name that its header gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The name, where there is one; as long as the writer pleased.
    pub name: Option<String>,
    /// The address.
    pub email: Email,
}

discreet!(Address {});

/// A Message-ID without its angle brackets. What stands in it is the writer's choice.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Takes any text without line ends that is neither empty nor too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('<').unwrap_or(text);
        let text = text.strip_suffix('>').unwrap_or(text).trim();
        let well_formed = !text.is_empty()
            && text.len() <= MESSAGE_ID_MAX
            && !text.contains(|c: char| c.is_control());
        well_formed.then(|| Self(text.into()))
    }

    /// An id that we made, of letters, digits, dots and a domain.
    pub(super) fn made(text: String) -> Self {
        Self(text.into())
    }

    /// The id as text, without brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id may hold an address, which belongs in no log.
impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageId(…)")
    }
}

/// Which of the mailbox's folders a mail lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// The inbox.
    Inbox,
    /// The sent items.
    Sent,
}

/// How urgent the writer finds it.
/// Source: `Importance` (RFC 2156), `X-Priority` and `Priority` as mail programs write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// It can wait.
    Low,
    /// Nothing said.
    #[default]
    Normal,
    /// It is urgent.
    High,
}

impl Importance {
    /// From the values of the headers `Importance`, `X-Priority` and `Priority`.
    #[must_use]
    pub fn from_headers(
        importance: Option<&str>,
        x_priority: Option<&str>,
        priority: Option<&str>,
    ) -> Self {
        let word = |text: Option<&str>| match text.map(|t| t.trim().to_ascii_lowercase())?.as_str()
        {
            "high" | "urgent" => Some(Self::High),
            "low" | "non-urgent" => Some(Self::Low),
            "normal" => Some(Self::Normal),
            _ => None,
        };
        // `1 (Highest)` to `5 (Lowest)`.
        let number = x_priority.and_then(|text| match text.trim().chars().next()? {
            '1' | '2' => Some(Self::High),
            '3' => Some(Self::Normal),
            '4' | '5' => Some(Self::Low),
            _ => None,
        });
        word(importance).or(number).or_else(|| word(priority)).unwrap_or_default()
    }
}

/// A mail's head.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The mailbox's own id, by which text and attachments are fetched.
    pub remote: String,
    /// Where it lies.
    pub folder: Folder,
    /// The mailbox's own idea of the conversation. It can join what does not belong together.
    pub conversation: Option<String>,
    /// Its Message-ID; `None` where the writer gave none that can be used.
    pub message_id: Option<MessageId>,
    /// Whom it answers: `In-Reply-To`, then `References` from the last to the first, each once,
    /// at most [`REFERENCES_MAX`].
    pub answers: Vec<MessageId>,
    /// Who wrote it.
    pub from: Option<Address>,
    /// Where answers shall go, if elsewhere.
    pub reply_to: Option<Address>,
    /// `To`, `Cc` and `Bcc` in this order.
    pub recipients: Vec<Address>,
    /// The subject, as written.
    pub subject: String,
    /// How urgent.
    pub importance: Importance,
    /// When the mailbox got it.
    pub received: Timestamp,
    /// Why it passes for automatic mail, if it does.
    pub automatic: Option<Sign>,
}

discreet!(Mail { remote, folder, received, automatic });

impl Mail {
    /// What tells it apart in its mailbox: the Message-ID, or one made from the mailbox's own id.
    /// Sender and subject belong to it: some devices use one Message-ID for ever.
    #[must_use]
    pub fn identity(&self) -> String {
        let from = self.from.as_ref().map_or("", |from| from.email.as_str());
        match &self.message_id {
            Some(id) => format!("{}\0{from}\0{}", id.as_str(), self.subject),
            None => format!("{}\0no Message-ID", self.remote),
        }
    }

    /// Where an answer goes: `Reply-To`, else `From`.
    #[must_use]
    pub fn answer_to(&self) -> Option<&Address> {
        self.reply_to.as_ref().or(self.from.as_ref())
    }
}

/// What a mail answers, from its two headers.
#[must_use]
pub fn answers(in_reply_to: &[MessageId], references: &[MessageId]) -> Vec<MessageId> {
    let mut answers: Vec<MessageId> = Vec::new();
    for id in in_reply_to.iter().chain(references.iter().rev()) {
        if !answers.contains(id) {
            answers.push(id.clone());
        }
    }
    if answers.len() > REFERENCES_MAX {
        // The first reference is the conversation's own start: it stays.
        let first = answers.pop();
        answers.truncate(REFERENCES_MAX - 1);
        answers.extend(first);
    }
    answers
}

/// A mail's text and what hangs on it, fetched when it is needed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The plain text, where the mail has one.
    pub text: Option<String>,
    /// The HTML, where the mail has one.
    pub html: Option<String>,
    /// Whether one of the two was longer than ticketd reads.
    pub cut: bool,
    /// Whether the mailbox has left out what the mail quotes.
    pub unquoted: bool,
    /// What hangs on it, inline images included.
    pub attachments: Vec<Attachment>,
    /// The blob of the whole mail.
    pub raw: String,
    /// The length of the whole mail, in bytes.
    pub size: u64,
}

discreet!(Content { cut, unquoted, attachments, raw, size });

/// What hangs on a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The mailbox's id of its bytes.
    pub blob: String,
    /// The file's name; ours where the mail has none.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The id by which the HTML refers to it, if it is shown inside the text.
    pub content_id: Option<String>,
}

discreet!(Attachment { blob, size });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_something_that_mail_can_go_to() {
        for (text, expected) in [
            ("Alice@Example.ORG", Some("alice@example.org")),
            (" a+b.c@x.example ", Some("a+b.c@x.example")),
            ("alice", None),
            ("@example.org", None),
            ("alice@", None),
            ("a@b@c", None),
            ("a b@c", None),
            ("a@b\r\nBcc: c@d", None),
            ("a@.b", None),
            ("", None),
        ] {
            assert_eq!(Email::parse(text).as_ref().map(Email::as_str), expected, "{text:?}");
        }
        let debug = format!("{:?}", Email::parse("alice@example.org"));
        assert!(!debug.contains("alice"), "{debug}");
    }

    #[test]
    fn importance_is_read_from_what_programs_write() {
        use Importance::{High, Low, Normal};
        for (importance, x_priority, priority, expected) in [
            (None, None, None, Normal),
            (Some("High"), None, None, High),
            (Some("low"), Some("1"), None, Low),
            (None, Some("1 (Highest)"), None, High),
            (None, Some("5"), None, Low),
            (None, Some("urgent"), Some("urgent"), High),
            (Some("nonsense"), None, Some("non-urgent"), Low),
        ] {
            assert_eq!(Importance::from_headers(importance, x_priority, priority), expected);
        }
    }

    #[test]
    fn the_nearest_answered_mail_comes_first_and_the_first_is_kept() {
        let id = |n: usize| MessageId::parse(&format!("<{n}@x>")).unwrap();
        let references: Vec<_> = (0..200).map(id).collect();
        let answered = answers(&[id(199)], &references);
        assert_eq!(answered.len(), REFERENCES_MAX);
        assert_eq!((&answered[0], &answered[1]), (&id(199), &id(198)));
        assert_eq!(answered.last(), Some(&id(0)));
        assert_eq!(answers(&[], &[]), []);
    }

    #[test]
    fn a_message_id_loses_its_brackets() {
        for (text, expected) in
            [(" <a@b> ", Some("a@b")), ("a@b", Some("a@b")), ("<>", None), ("a\nb", None)]
        {
            assert_eq!(MessageId::parse(text).as_ref().map(MessageId::as_str), expected);
        }
    }
}
