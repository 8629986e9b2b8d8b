//! Headers as JMAP shows them: the properties of a mail that stand for one, and
//! `header:Name:asForm:all` (RFC 8621, 4.1.2).

use mail_parser::{Addr, Address, HeaderForm, HeaderName, HeaderValue, Message, MessagePart};
use serde_json::{Value, json};

use super::{mail, text};

/// The properties that are a header in a form of its own.
const CONVENIENT: [(&str, &str, HeaderForm); 11] = [
    ("messageId", "Message-ID", HeaderForm::MessageIds),
    ("inReplyTo", "In-Reply-To", HeaderForm::MessageIds),
    ("references", "References", HeaderForm::MessageIds),
    ("sender", "Sender", HeaderForm::Addresses),
    ("from", "From", HeaderForm::Addresses),
    ("to", "To", HeaderForm::Addresses),
    ("cc", "Cc", HeaderForm::Addresses),
    ("bcc", "Bcc", HeaderForm::Addresses),
    ("replyTo", "Reply-To", HeaderForm::Addresses),
    ("subject", "Subject", HeaderForm::Text),
    ("sentAt", "Date", HeaderForm::Date),
];

/// `header:Name:asForm:all`, taken apart.
pub(in crate::sandbox) struct Wanted {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) form: HeaderForm,
    all: bool,
}

impl Wanted {
    /// `None` for a property that is no header, or in a form that is none.
    pub(in crate::sandbox) fn parse(property: &str) -> Option<Self> {
        if let Some((_, name, form)) = CONVENIENT.iter().find(|known| known.0 == property) {
            return Some(Self { name: (*name).to_owned(), form: *form, all: false });
        }
        let mut pieces = property.strip_prefix("header:")?.split(':');
        let name = pieces.next().filter(|name| is_name(name))?.to_owned();
        let mut wanted = Self { name, form: HeaderForm::Raw, all: false };
        for piece in pieces {
            match piece {
                "asRaw" => wanted.form = HeaderForm::Raw,
                "asText" => wanted.form = HeaderForm::Text,
                "asAddresses" => wanted.form = HeaderForm::Addresses,
                "asGroupedAddresses" => wanted.form = HeaderForm::GroupedAddresses,
                "asMessageIds" => wanted.form = HeaderForm::MessageIds,
                "asDate" => wanted.form = HeaderForm::Date,
                "asURLs" => wanted.form = HeaderForm::URLs,
                "all" => wanted.all = true,
                _ => return None,
            }
        }
        Some(wanted)
    }

    /// Its value: of the last such header, or of all of them.
    pub(in crate::sandbox) fn of(&self, raw: &[u8], message: &Message<'_>) -> Value {
        let same = |header: &&mail_parser::Header<'_>| {
            mail::header_name(raw, header).eq_ignore_ascii_case(&self.name)
        };
        let raws = || message.headers().iter().filter(same).map(|h| mail::header_value(raw, h));
        let mut values: Vec<Value> = match self.form {
            HeaderForm::Raw => raws().map(Value::from).collect(),
            HeaderForm::MessageIds => raws().map(|raw| list(text::ids(Some(&raw)))).collect(),
            form => message
                .header_as(HeaderName::from(self.name.as_str()), form)
                .into_iter()
                .map(|value| shown(value, form))
                .collect(),
        };
        if self.all { Value::Array(values) } else { values.pop().unwrap_or(Value::Null) }
    }
}

/// RFC 5322: printable ASCII without the colon.
pub(in crate::sandbox) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// All headers of a part, in their order, as they stand there.
pub(in crate::sandbox) fn all(raw: &[u8], part: &MessagePart<'_>) -> Value {
    let headers = part.headers.iter();
    let list = headers
        .map(|h| json!({ "name": mail::header_name(raw, h), "value": mail::header_value(raw, h) }));
    Value::Array(list.collect())
}

fn shown(value: HeaderValue<'_>, form: HeaderForm) -> Value {
    match (value, form) {
        (HeaderValue::Text(text), HeaderForm::Text) => Value::from(text.trim()),
        (HeaderValue::TextList(texts), HeaderForm::Text) => Value::from(texts.join(" ").trim()),
        (HeaderValue::Empty, HeaderForm::Text) => Value::from(""),
        (HeaderValue::Address(found), HeaderForm::GroupedAddresses) => grouped(found),
        (HeaderValue::Address(found), HeaderForm::URLs) => {
            list(found.iter().filter_map(|one| one.address().map(str::to_owned)).collect())
        }
        (HeaderValue::Address(found), _) => Value::Array(found.iter().map(person).collect()),
        (HeaderValue::DateTime(date), _) if date.is_valid() => Value::from(date.to_rfc3339()),
        (_, HeaderForm::Addresses | HeaderForm::GroupedAddresses) => json!([]),
        _ => Value::Null,
    }
}

fn grouped(found: Address<'_>) -> Value {
    let groups = match found {
        Address::List(list) => vec![(None, list)],
        Address::Group(groups) => {
            groups.into_iter().map(|group| (group.name, group.addresses)).collect()
        }
    };
    let groups = groups.into_iter().map(|(name, addresses)| {
        json!({ "name": name, "addresses": addresses.iter().map(person).collect::<Vec<_>>() })
    });
    Value::Array(groups.collect())
}

fn person(one: &Addr<'_>) -> Value {
    json!({ "name": one.name(), "email": one.address().unwrap_or_default() })
}

/// What holds no id or URL at all is null, not an empty list.
fn list(found: Vec<String>) -> Value {
    if found.is_empty() { Value::Null } else { Value::from(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_header() {
        let raw = b"To: =?utf-8?q?M=C3=BCller?= <a@example.org>,\r\n b@example.org\r\n\
            X-Odd:  one\r\nx-odd: two\r\nReferences: <a@b>\r\n <c@d>\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\
            Date: Sun, 22 Nov 2026 14:01:31 +0900\r\nList-Unsubscribe: <https://x.example/>\r\n\
            \r\nbody\r\n";
        let message = mail::parse(raw);
        let cases = [
            ("header:X-Odd", json!(" two")),
            ("header:x-odd:asText:all", json!(["one", "two"])),
            ("header:X-None:asText", Value::Null),
            ("header:X-None:all", json!([])),
            ("subject", json!("ü")),
            ("references", json!(["a@b", "c@d"])),
            ("sentAt", json!("2026-11-22T14:01:31+09:00")),
            ("header:List-Unsubscribe:asURLs", json!(["https://x.example/"])),
            (
                "to",
                json!([
                    { "name": "Müller", "email": "a@example.org" },
                    { "name": null, "email": "b@example.org" },
                ]),
            ),
        ];
        for (property, expected) in cases {
            let wanted = Wanted::parse(property).expect(property);
            assert_eq!(wanted.of(raw, &message), expected, "{property}");
        }
        for wrong in ["headers", "header:", "header:A:asNothing", "header:Ä"] {
            assert!(Wanted::parse(wrong).is_none(), "{wrong}");
        }
    }
}
