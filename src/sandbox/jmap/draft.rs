//! `Email/set` create: from the properties of a draft to the mail that leaves (RFC 8621, 4.6).
//! `bodyStructure` and `headers` are refused; a server adds Message-ID, Date and MIME-Version.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_parser::HeaderForm;
use serde_json::{Map, Value, json};

use super::args::{strings, time};
use super::header::Wanted;
use super::mime::{self, Leaf};
use super::set::{Refusal, invalid};
use super::store::Store;
use super::text::{self, is_clean};
use crate::clock;

type Draft = Map<String, Value>;

/// The bytes of the mail.
pub(super) fn build(store: &Store, draft: &Draft) -> Result<Vec<u8>, Refusal> {
    let mut head = String::new();
    let mut there = HashSet::new();
    for (property, value) in draft.iter().filter(|(_, value)| !value.is_null()) {
        let known = [
            "mailboxIds",
            "keywords",
            "receivedAt",
            "bodyValues",
            "textBody",
            "htmlBody",
            "attachments",
        ];
        if known.contains(&property.as_str()) {
            continue;
        }
        let wanted = Wanted::parse(property).ok_or_else(|| invalid(&[property]))?;
        let lower = wanted.name.to_lowercase();
        // One header twice, or one that the body's shape decides.
        if lower.starts_with("content-") || !there.insert(lower) {
            return Err(invalid(&[property]));
        }
        let shown = header(&wanted.name, wanted.form, value).ok_or_else(|| invalid(&[property]))?;
        head = head + &wanted.name + ":" + &shown + "\r\n";
    }
    if !there.contains("message-id") {
        head =
            head + "Message-ID: <" + &uuid::Uuid::new_v4().to_string() + "@mail.example.test>\r\n";
    }
    if !there.contains("date") {
        head = head + "Date: " + &date(clock::now()) + "\r\n";
    }
    if !there.contains("mime-version") {
        head.push_str("MIME-Version: 1.0\r\n");
    }
    let mut mail = head.into_bytes();
    mail.extend(body(store, draft)?);
    Ok(mail)
}

/// The value of a header with the blank before it; `None` when it is not of its form.
fn header(name: &str, form: HeaderForm, value: &Value) -> Option<String> {
    let clean = |value: &Value| value.as_str().filter(|text| is_clean(text)).map(str::to_owned);
    Some(match form {
        HeaderForm::Raw => clean(value)?,
        HeaderForm::Text => " ".to_owned() + &text::unstructured(name, &clean(value)?),
        HeaderForm::MessageIds => {
            let ids = strings(value)?;
            let bracketed: Vec<String> = ids.iter().map(|id| format!("<{id}>")).collect();
            if !ids.iter().all(|id| is_clean(id) && !id.contains(['<', '>', ' '])) {
                return None;
            }
            " ".to_owned() + &text::fold(name, bracketed.iter().map(String::as_str))
        }
        HeaderForm::Addresses => {
            let people = value.as_array()?.iter().map(|person| {
                let email = clean(&person["email"])?;
                let name =
                    if person["name"].is_null() { None } else { Some(clean(&person["name"])?) };
                Some(text::address(name.as_deref(), &email))
            });
            " ".to_owned() + &people.collect::<Option<Vec<_>>>()?.join(",\r\n ")
        }
        HeaderForm::Date => " ".to_owned() + &date(time(value)?),
        _ => return None,
    })
}

fn date(time: Timestamp) -> String {
    // Years of five digits have no such form; a draft of such a year has the first one.
    jiff::fmt::rfc2822::to_string(&time.to_zoned(TimeZone::UTC)).unwrap_or_default()
}

fn body(store: &Store, draft: &Draft) -> Result<Vec<u8>, Refusal> {
    let list = |property: &str| match draft.get(property).filter(|value| !value.is_null()) {
        Some(value) => value.as_array().cloned().ok_or_else(|| invalid(&[property])),
        None => Ok(Vec::new()),
    };
    let one = |property: &'static str, kind: &str| match list(property)?.as_slice() {
        [] => Ok(None),
        [part] if part["type"].as_str().unwrap_or(kind) == kind => {
            leaf(store, draft, part, kind).map(Some)
        }
        _ => Err(invalid(&[property])),
    };
    let text = one("textBody", "text/plain")?;
    let html = one("htmlBody", "text/html")?;
    let attached = list("attachments")?
        .iter()
        .map(|part| leaf(store, draft, part, "application/octet-stream"))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(mime::compose(text, html, attached))
}

fn leaf(store: &Store, draft: &Draft, part: &Value, kind: &str) -> Result<Leaf, Refusal> {
    let word = |name: &str| match &part[name] {
        Value::Null => Ok(None),
        Value::String(word) if is_clean(word) => Ok(Some(word.clone())),
        _ => Err(invalid(&[name])),
    };
    let content = match (word("partId")?, word("blobId")?) {
        (Some(id), None) => {
            let value = draft.get("bodyValues").map_or(&Value::Null, |values| &values[&id]);
            let wrong = ["isTruncated", "isEncodingProblem"].iter().any(|flag| value[flag] == true);
            let text = value["value"].as_str().filter(|_| !wrong && part["charset"].is_null());
            text.ok_or_else(|| invalid(&["bodyValues"]))?.as_bytes().to_vec()
        }
        (None, Some(id)) => super::blob::find(store, &id)
            .ok_or_else(|| json!({ "type": "blobNotFound", "notFound": [id] }))?
            .to_vec(),
        _ => return Err(invalid(&["partId", "blobId"])),
    };
    Ok(Leaf {
        kind: word("type")?.unwrap_or_else(|| kind.to_owned()),
        name: word("name")?,
        disposition: word("disposition")?,
        cid: word("cid")?,
        content,
    })
}
