//! A message as a mailbox keeps it: read from its MIME text when it comes in, built up as a draft
//! otherwise. What cannot be read is kept as text.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use mail_parser::{Message, MimeHeaders as _, PartType};
use serde_json::Value;

use crate::sandbox::letter::header::Wanted;
use crate::sandbox::letter::{mail, text};

/// `emailAddress`: a name and an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
}

#[derive(Clone)]
pub(super) enum Content {
    File {
        kind: String,
        cid: Option<String>,
        bytes: Bytes,
    },
    /// A mail inside of the mail.
    Item(Bytes),
    /// A link to a file somewhere else.
    Reference(String),
}

#[derive(Clone)]
pub(super) struct Attachment {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) inline: bool,
    pub(super) content: Content,
}

impl Attachment {
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::File { bytes, .. } | Content::Item(bytes) => bytes.len(),
            Content::Reference(url) => url.len(),
        }
    }
}

#[derive(Clone, Default)]
pub(super) struct Body {
    pub(super) html: bool,
    pub(super) content: String,
}

#[derive(Clone, Default)]
pub(super) struct Item {
    /// The whole mail; a draft has none.
    pub(super) raw: Option<Bytes>,
    pub(super) subject: String,
    pub(super) from: Option<Person>,
    pub(super) sender: Option<Person>,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) bcc: Vec<Person>,
    pub(super) reply_to: Vec<Person>,
    /// With its brackets.
    pub(super) message_id: String,
    /// `internetMessageHeaders`; of a draft those that were set.
    pub(super) headers: Vec<(String, String)>,
    /// What an answer refers to, with brackets: the mail answered, and its thread before.
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) body: Body,
    pub(super) attachments: Vec<Attachment>,
    pub(super) importance: String,
    pub(super) categories: Vec<String>,
    pub(super) flag: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) is_read: bool,
    pub(super) is_draft: bool,
    pub(super) conversation: String,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) received: Timestamp,
    pub(super) sent: Timestamp,
    pub(super) folder: usize,
    /// When it came into its folder, and when it was last changed, in the mailbox' count of changes.
    pub(super) entered: u64,
    pub(super) changed: u64,
    /// Sent, but not yet among the sent ones.
    pub(super) hidden: bool,
    /// How often it was moved: part of the id that is not immutable.
    pub(super) moves: u32,
}

impl Item {
    pub(super) fn has_attachments(&self) -> bool {
        self.attachments.iter().any(|attachment| !attachment.inline)
    }

    /// A new number for an attachment.
    pub(super) fn next_attachment(&self) -> u32 {
        self.attachments.iter().map(|attachment| attachment.number + 1).max().unwrap_or(0)
    }
}

/// A mail that came in.
pub(super) fn read(raw: &Bytes, received: Timestamp) -> Item {
    let message = mail::parse(raw);
    let value = |property: &str| {
        Wanted::parse(property).map_or(Value::Null, |wanted| wanted.of(raw, &message))
    };
    let people = |property: &str| -> Vec<Person> {
        let list = value(property);
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(person).collect()
    };
    let ids = |name: &str| -> Vec<String> {
        let raw = value(&format!("header:{name}"));
        let ids = text::ids(raw.as_str()).into_iter().filter(|id| !id.is_empty());
        ids.map(|id| format!("<{id}>")).collect()
    };
    let message_id = ids("Message-ID").into_iter().next().unwrap_or_else(new_message_id);
    let sent = value("sentAt").as_str().and_then(|at| at.parse().ok()).unwrap_or(received);
    let from = people("from").into_iter().next();
    let headers = message.headers().iter().map(|header| {
        let value = mail::header_value(raw, header);
        let value: Vec<&str> = value.lines().map(str::trim).collect();
        (mail::header_name(raw, header), value.join(" ").trim().to_owned())
    });
    let word = |name: &str| value(&format!("header:{name}:asText")).as_str().map(str::to_lowercase);
    let importance = match (word("Importance").as_deref(), word("X-Priority").as_deref()) {
        (Some("high"), _) => "high",
        (Some("low"), _) => "low",
        (None, Some(priority)) if priority.starts_with(['1', '2']) => "high",
        (None, Some(priority)) if priority.starts_with(['4', '5']) => "low",
        _ => "normal",
    };
    Item {
        subject: value("subject").as_str().unwrap_or_default().to_owned(),
        sender: people("sender").into_iter().next().or_else(|| from.clone()),
        from,
        to: people("to"),
        cc: people("cc"),
        bcc: people("bcc"),
        reply_to: people("replyTo"),
        message_id,
        headers: headers.collect(),
        in_reply_to: ids("In-Reply-To").into_iter().next(),
        references: ids("References"),
        body: body(&message),
        attachments: attachments(raw, &message),
        importance: importance.to_owned(),
        flag: "notFlagged".to_owned(),
        created: received,
        modified: received,
        received,
        sent,
        raw: Some(raw.clone()),
        ..Item::default()
    }
}

pub(super) fn new_message_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    format!("<{id}@SANDBOX01.prod.exchangelabs.com>")
}

fn person(value: &Value) -> Person {
    let address = value["email"].as_str().unwrap_or_default().to_owned();
    // Graph shows the address where there is no name.
    let name = value["name"].as_str().map_or_else(|| address.clone(), str::to_owned);
    Person { name, address }
}

fn body(message: &Message<'_>) -> Body {
    let part = |at: &u32| message.parts.get(*at as usize);
    let html = message.html_body.iter().filter_map(part).find_map(|part| match &part.body {
        PartType::Html(_) => mail::text(part),
        _ => None,
    });
    let plain = message.text_body.iter().filter_map(part).find_map(|part| match &part.body {
        PartType::Text(_) => mail::text(part),
        _ => None,
    });
    match (html, plain) {
        (Some(content), _) => Body { html: true, content },
        (None, content) => Body { html: false, content: content.unwrap_or_default() },
    }
}

fn attachments(raw: &[u8], message: &Message<'_>) -> Vec<Attachment> {
    let parts = message.attachments.iter().filter_map(|at| message.parts.get(*at as usize));
    let attachments = (0..).zip(parts).map(|(number, part)| {
        let cid = part.content_id().map(|cid| cid.trim_matches(['<', '>']).to_owned());
        let disposition = part.content_disposition().map(|said| said.ctype().to_lowercase());
        let inline = disposition.as_deref() == Some("inline")
            || (cid.is_some() && disposition.as_deref() != Some("attachment"));
        let bytes = Bytes::from(mail::octets(raw, part).into_owned());
        let kind = mail::kind(part);
        let named = part.attachment_name().map(str::to_owned);
        if kind == "message/rfc822" {
            let inner = mail::parse(&bytes);
            let name = named.or_else(|| inner.subject().map(str::to_owned)).unwrap_or_default();
            return Attachment {
                number,
                name,
                inline: false,
                content: Content::Item(bytes.clone()),
            };
        }
        let name = named.unwrap_or_else(|| format!("ATT{:05}.bin", number + 1));
        Attachment { number, name, inline, content: Content::File { kind, cid, bytes } }
    });
    attachments.collect()
}
