//! The filter of `Email/query`: conditions and operators (RFC 8621, 4.4.1).

use jiff::Timestamp;
use mail_parser::Message;
use serde_json::{Map, Value};

use super::args::{MethodError, time};
use super::header::Wanted;
use super::store::Email;
use super::{folder, mail, text};

pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    None(Vec<Test>),
    Within(u8),
    Before(Timestamp),
    After(Timestamp),
    /// A header, and in small letters what it must contain.
    Header(Wanted, Option<String>),
    /// A whole Message-ID, for which there is an index.
    MessageId(String),
    /// Anywhere in these headers, or in the body too.
    Text(&'static [&'static str], bool, String),
    Keyword(String, bool),
    Size(usize, bool),
    Attachment(bool),
}

impl Test {
    pub(super) fn parse(filter: &Value) -> Result<Self, MethodError> {
        let refused = || MethodError::arguments(&["filter"]);
        let map = filter.as_object().ok_or_else(refused)?;
        let Some(operator) = map.get("operator") else {
            return Ok(Self::All(map.iter().map(condition).collect::<Result<_, _>>()?));
        };
        let list = map.get("conditions").and_then(Value::as_array).ok_or_else(refused)?;
        let list = list.iter().map(Self::parse).collect::<Result<_, _>>()?;
        match operator.as_str() {
            Some("AND") => Ok(Self::All(list)),
            Some("OR") => Ok(Self::Any(list)),
            Some("NOT") => Ok(Self::None(list)),
            _ => Err(refused()),
        }
    }

    pub(super) fn holds(&self, email: &Email) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(email)),
            Self::Any(tests) => tests.iter().any(|test| test.holds(email)),
            Self::None(tests) => !tests.iter().any(|test| test.holds(email)),
            Self::Within(folders) => email.folders & folders != 0,
            Self::Before(time) => email.received < *time,
            Self::After(time) => email.received >= *time,
            Self::Header(wanted, needle) => {
                let value = wanted.of(&email.raw, &mail::parse(&email.raw));
                contained(&value, needle.as_deref())
            }
            Self::MessageId(id) => {
                text::ids(mail::headers(&email.raw).message_id.as_deref()).contains(id)
            }
            Self::Text(headers, body, needle) => {
                let message = mail::parse(&email.raw);
                headers
                    .iter()
                    .filter_map(|name| Wanted::parse(name))
                    .any(|wanted| contained(&wanted.of(&email.raw, &message), Some(needle)))
                    || (*body && in_body(&message, needle))
            }
            Self::Keyword(word, has) => email.keywords.contains(word) == *has,
            Self::Size(size, least) => (email.raw.len() >= *size) == *least,
            Self::Attachment(has) => mail::parse(&email.raw).attachments.is_empty() != *has,
        }
    }

    /// The conditions that all must hold, for the choice of an index.
    pub(super) fn flat(&self) -> Vec<&Self> {
        match self {
            Self::All(tests) => tests.iter().flat_map(Self::flat).collect(),
            one => vec![one],
        }
    }
}

fn condition((name, value): (&String, &Value)) -> Result<Test, MethodError> {
    let refused = || MethodError::arguments(&["filter"]);
    let needle = || value.as_str().map(str::to_lowercase).ok_or_else(refused);
    let folder = |id: &Value| id.as_str().and_then(folder::by_id).ok_or_else(refused);
    let size = || value.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or_else(refused);
    Ok(match name.as_str() {
        "inMailbox" => Test::Within(folder(value)?),
        "inMailboxOtherThan" => {
            let named = value.as_array().ok_or_else(refused)?.iter().map(folder);
            let named = named.collect::<Result<Vec<u8>, _>>()?;
            Test::Within(!named.iter().fold(0, |all, one| all | one))
        }
        "before" => Test::Before(time(value).ok_or_else(refused)?),
        "after" => Test::After(time(value).ok_or_else(refused)?),
        "hasKeyword" => Test::Keyword(needle()?, true),
        "notKeyword" => Test::Keyword(needle()?, false),
        "minSize" => Test::Size(size()?, true),
        "maxSize" => Test::Size(size()?, false),
        "hasAttachment" => Test::Attachment(value.as_bool().ok_or_else(refused)?),
        "header" => header(value).ok_or_else(refused)?,
        "text" => Test::Text(&["from", "to", "cc", "bcc", "subject"], true, needle()?),
        "from" => Test::Text(&["from"], false, needle()?),
        "to" => Test::Text(&["to"], false, needle()?),
        "cc" => Test::Text(&["cc"], false, needle()?),
        "bcc" => Test::Text(&["bcc"], false, needle()?),
        "subject" => Test::Text(&["subject"], false, needle()?),
        "body" => Test::Text(&[], true, needle()?),
        _ => return Err(MethodError(unsupported(name))),
    })
}

fn unsupported(name: &str) -> Value {
    let mut error = Map::new();
    error.insert("type".to_owned(), Value::from("unsupportedFilter"));
    error.insert("description".to_owned(), Value::from(format!("no condition {name}")));
    Value::Object(error)
}

/// `["Message-ID", "<a@b>"]`: the name of the header and, if wanted, what it contains.
fn header(value: &Value) -> Option<Test> {
    let list = super::args::strings(value)?;
    let (name, needle) = match list.as_slice() {
        [name] => (name, None),
        [name, needle] => (name, Some(needle)),
        _ => return None,
    };
    if let Some(needle) = needle.filter(|_| name.eq_ignore_ascii_case("message-id")) {
        let id = needle.trim().trim_start_matches('<').trim_end_matches('>');
        // With both of its sides and no blank it is a whole one.
        let whole = id.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
        if whole && !id.contains(char::is_whitespace) {
            return Some(Test::MessageId(id.to_owned()));
        }
    }
    let wanted = Wanted::parse(&format!("header:{name}:asText:all"))?;
    Some(Test::Header(wanted, needle.map(|needle| needle.to_lowercase())))
}

/// Whether any text in this value contains the needle; without a needle, whether there is one.
fn contained(value: &Value, needle: Option<&str>) -> bool {
    match (value, needle) {
        (Value::Array(list), None) => !list.is_empty(),
        (Value::Array(list), _) => list.iter().any(|value| contained(value, needle)),
        (Value::Object(map), _) => map.values().any(|value| contained(value, needle)),
        (Value::String(text), Some(needle)) => text.to_lowercase().contains(needle),
        _ => false,
    }
}

fn in_body(message: &Message<'_>, needle: &str) -> bool {
    let parts = message.text_body.iter().chain(&message.html_body);
    parts
        .filter_map(|at| message.parts.get(*at as usize))
        .filter_map(mail::text)
        .any(|text| text.to_lowercase().contains(needle))
}
