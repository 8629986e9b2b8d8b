//! `$filter` of messages: clauses joined by `and`. What ticketd does not ask is refused.

use jiff::Timestamp;

use super::error::Refusal;
use super::item::Item;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Received(Compare, Timestamp),
    MessageId(String),
    Conversation(String),
    Read(bool),
    Draft(bool),
    /// An extended property of this id with this value.
    Property(String, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Ge,
    Gt,
    Le,
    Lt,
    Eq,
}

impl Clause {
    pub(super) fn fits(&self, item: &Item) -> bool {
        match self {
            Self::Received(compare, at) => match compare {
                Compare::Ge => item.received >= *at,
                Compare::Gt => item.received > *at,
                Compare::Le => item.received <= *at,
                Compare::Lt => item.received < *at,
                Compare::Eq => item.received == *at,
            },
            Self::MessageId(id) => item.message_id == *id,
            Self::Conversation(id) => item.conversation == *id,
            Self::Read(read) => item.is_read == *read,
            Self::Draft(draft) => item.is_draft == *draft,
            Self::Property(id, value) => item.properties.get(id) == Some(value),
        }
    }

    pub(super) fn is_received(&self) -> bool {
        matches!(self, Self::Received(..))
    }

    pub(super) fn message_id(&self) -> Option<&str> {
        match self {
            Self::MessageId(id) => Some(id),
            _ => None,
        }
    }
}

/// # Errors
/// 400 for what is no filter, or none that the stand-in knows.
pub(super) fn parse(text: &str) -> Result<Vec<Clause>, Refusal> {
    let wrong = || Refusal::bad(format!("Invalid filter clause: '{text}'."));
    let mut rest = text.trim();
    let mut clauses = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = split(rest);
        clauses.push(clause(piece.trim()).ok_or_else(wrong)?);
        rest = after.trim();
    }
    if clauses.is_empty() { Err(wrong()) } else { Ok(clauses) }
}

/// The first clause, and what follows its `and`; one in brackets or quotes does not count.
fn split(text: &str) -> (&str, &str) {
    let (mut depth, mut quoted) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ' ' if !quoted && depth == 0 && text[at..].starts_with(" and ") => {
                return (&text[..at], &text[at + " and ".len()..]);
            }
            _ => {}
        }
    }
    (text, "")
}

fn clause(text: &str) -> Option<Clause> {
    if let Some(inner) = text.strip_prefix("singleValueExtendedProperties/") {
        let inner = inner.strip_prefix("Any(").or_else(|| inner.strip_prefix("any("))?;
        let inner = inner.strip_suffix(')')?;
        let (name, condition) = inner.split_once(':')?;
        let id = quoted(condition, &format!("{}/id eq '", name.trim()))?;
        let value = quoted(condition, &format!("{}/value eq '", name.trim()))?;
        return Some(Clause::Property(id, value));
    }
    let mut words = text.splitn(3, ' ');
    let (property, compare, value) = (words.next()?, words.next()?, words.next()?.trim());
    let word = || Some(value.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"));
    match (property, compare) {
        ("receivedDateTime", compare) => {
            let compare = match compare {
                "ge" => Compare::Ge,
                "gt" => Compare::Gt,
                "le" => Compare::Le,
                "lt" => Compare::Lt,
                "eq" => Compare::Eq,
                _ => return None,
            };
            Some(Clause::Received(compare, value.parse().ok()?))
        }
        ("internetMessageId", "eq") => Some(Clause::MessageId(word()?)),
        ("conversationId", "eq") => Some(Clause::Conversation(word()?)),
        ("isRead", "eq") => Some(Clause::Read(value.parse().ok()?)),
        ("isDraft", "eq") => Some(Clause::Draft(value.parse().ok()?)),
        _ => None,
    }
}

/// The quoted text after this beginning; a quote in it is doubled.
pub(super) fn quoted(text: &str, beginning: &str) -> Option<String> {
    let (_, rest) = text.split_once(beginning)?;
    let mut found = String::new();
    let mut letters = rest.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' && letters.next_if_eq(&'\'').is_none() {
            return Some(found);
        }
        found.push(letter);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        let cases = [
            ("receivedDateTime ge 2026-11-22T10:00:00Z", vec![Clause::Received(Compare::Ge, at)]),
            (
                "isRead eq false and internetMessageId eq '<a''b and c@d>'",
                vec![Clause::Read(false), Clause::MessageId("<a'b and c@d>".to_owned())],
            ),
            (
                "singleValueExtendedProperties/Any(ep: ep/id eq 'String {1} Name x' and ep/value eq 'v')",
                vec![Clause::Property("String {1} Name x".to_owned(), "v".to_owned())],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for wrong in ["", "subject eq 'x'", "isRead eq maybe", "receivedDateTime ge yesterday"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
