//! The MIME tree of a mail as JMAP shows it: body structure, the flat lists, body values
//! (RFC 8621, 4.1.4).

use mail_parser::{HeaderValue, Message, MessagePart, MimeHeaders as _, PartType};
use serde_json::{Map, Value, json};

use super::header::{self, Wanted};
use super::ids::Ids;
use super::mail;

pub(super) struct Tree<'a> {
    raw: &'a [u8],
    message: &'a Message<'a>,
    /// The part id of each part: "1.2"; none for a multipart.
    part_ids: Vec<Option<String>>,
    ids: &'a Ids,
    email: u32,
}

impl<'a> Tree<'a> {
    pub(super) fn new(raw: &'a [u8], message: &'a Message<'a>, ids: &'a Ids, email: u32) -> Self {
        let mut part_ids = vec![None; message.parts.len()];
        let mut open = vec![(0, String::new())];
        while let Some((at, id)) = open.pop() {
            match message.parts.get(at).map(|part| &part.body) {
                Some(PartType::Multipart(children)) => {
                    open.extend((1..).zip(children).map(|(nth, child)| {
                        let dot = if id.is_empty() { "" } else { "." };
                        (*child as usize, format!("{id}{dot}{nth}"))
                    }));
                }
                Some(_) => part_ids[at] = Some(if id.is_empty() { "1".to_owned() } else { id }),
                None => {}
            }
        }
        Self { raw, message, part_ids, ids, email }
    }

    pub(super) fn structure(&self, properties: &[String]) -> Value {
        self.below(0, properties)
    }

    fn below(&self, at: usize, properties: &[String]) -> Value {
        let mut shown = self.part(at, properties);
        if let Some(PartType::Multipart(children)) = self.message.parts.get(at).map(|p| &p.body) {
            let children = children.iter().map(|child| self.below(*child as usize, properties));
            shown.insert("subParts".to_owned(), children.collect());
        }
        Value::Object(shown)
    }

    pub(super) fn list(&self, which: &[u32], properties: &[String]) -> Value {
        which.iter().map(|at| Value::Object(self.part(*at as usize, properties))).collect()
    }

    fn part(&self, at: usize, properties: &[String]) -> Map<String, Value> {
        let Some(part) = self.message.parts.get(at) else { return Map::new() };
        properties.iter().map(|name| (name.clone(), self.property(at, part, name))).collect()
    }

    fn property(&self, at: usize, part: &MessagePart<'_>, name: &str) -> Value {
        let multipart = matches!(part.body, PartType::Multipart(_));
        match name {
            "partId" => json!(self.part_ids.get(at).cloned().flatten()),
            "blobId" if multipart => Value::Null,
            "blobId" => json!(self.ids.blob(self.email, at + 1)),
            "size" => json!(mail::octets(self.raw, part).len()),
            "name" => json!(part.attachment_name()),
            "type" => json!(mail::kind(part)),
            "charset" => json!(charset(part)),
            "disposition" => json!(disposition(part)),
            "cid" => json!(part.content_id().map(|cid| cid.trim_matches(['<', '>']))),
            "language" => match part.content_language() {
                HeaderValue::Text(language) => json!([language]),
                HeaderValue::TextList(languages) => json!(languages),
                _ => Value::Null,
            },
            "location" => json!(part.content_location()),
            "headers" => header::all(self.raw, part),
            _ => Value::Null,
        }
    }

    /// The text of these parts by part id, cut to so many bytes where that is above 0.
    pub(super) fn values(&self, which: impl IntoIterator<Item = u32>, most: usize) -> Value {
        let values = which.into_iter().filter_map(|at| {
            let part = self.message.parts.get(at as usize)?;
            let id = self.part_ids.get(at as usize)?.clone()?;
            let mut value = mail::text(part)?;
            let whole = value.len();
            if most > 0 && whole > most {
                value.truncate(value.floor_char_boundary(most));
            }
            let shown = json!({
                "isEncodingProblem": part.is_encoding_problem,
                "isTruncated": value.len() < whole,
                "value": value,
            });
            Some((id, shown))
        });
        Value::Object(values.collect())
    }

    /// Every text part, for `fetchAllBodyValues`.
    pub(super) fn texts(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.part_ids).filter(|(_, id)| id.is_some()).map(|(at, _)| at)
    }

    pub(super) fn has_attachment(&self) -> bool {
        let mut parts =
            self.message.attachments.iter().filter_map(|at| self.message.parts.get(*at as usize));
        parts.any(|part| disposition(part).as_deref() != Some("inline"))
    }
}

/// Whether a body part can be asked for this property.
pub(super) fn is_property(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "partId",
        "blobId",
        "size",
        "name",
        "type",
        "charset",
        "disposition",
        "cid",
        "language",
        "location",
        "headers",
        "subParts",
    ];
    NAMES.contains(&name) || Wanted::parse(name).is_some()
}

fn charset(part: &MessagePart<'_>) -> Option<String> {
    let said = part.content_type().and_then(|kind| kind.attribute("charset"));
    let text = mail::kind(part).starts_with("text/");
    said.filter(|_| text).or(text.then_some("us-ascii")).map(str::to_lowercase)
}

fn disposition(part: &MessagePart<'_>) -> Option<String> {
    part.content_disposition().map(|disposition| disposition.ctype().to_lowercase())
}
