//! A mail that left a stand-in, read back for a test. What cannot be read is empty.

use std::collections::HashMap;

use bytes::Bytes;
use mail_parser::{MimeHeaders as _, PartType};
use serde_json::Value;

use super::header::Wanted;
use super::mail;

/// A mail that has left, as its recipients got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The id of the mail that was submitted.
    pub email_id: String,
    /// Without its brackets.
    pub message_id: Option<String>,
    /// The envelope's sender; empty for the null sender of a bounce.
    pub mail_from: String,
    /// The envelope's recipients, in their order.
    pub rcpt_to: Vec<String>,
    /// Decoded; empty where there is none.
    pub subject: String,
    /// The plain text; empty where there is none.
    pub text: String,
    /// The HTML; `None` for a mail of plain text alone.
    pub html: Option<String>,
    /// Message-IDs without their brackets.
    pub in_reply_to: Vec<String>,
    /// Message-IDs without their brackets.
    pub references: Vec<String>,
    /// Every header but Bcc, decoded, in order.
    pub headers: Vec<(String, String)>,
    /// Everything that is not the text, pictures inside of it included.
    pub attachments: Vec<SentAttachment>,
}

/// A file in a mail that has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAttachment {
    /// The name of the file.
    pub name: Option<String>,
    /// The media type, in small letters.
    pub kind: String,
    /// The Content-ID without its brackets, by which the HTML shows it.
    pub cid: Option<String>,
    /// The content, decoded.
    pub bytes: Bytes,
}

/// The mail as its recipients got it.
pub(in crate::sandbox) fn read(
    email_id: &str,
    mail_from: &str,
    rcpt_to: &[String],
    raw: &[u8],
) -> Submission {
    let message = mail::parse(raw);
    let value = |property: &str| {
        Wanted::parse(property).map_or(Value::Null, |wanted| wanted.of(raw, &message))
    };
    let ids = |property: &str| strings(&value(property));
    let part = |at: &u32| message.parts.get(*at as usize);
    let text = message.text_body.iter().filter_map(part).find_map(|part| match &part.body {
        PartType::Text(_) => mail::text(part),
        _ => None,
    });
    let html = message.html_body.iter().filter_map(part).find_map(|part| match &part.body {
        PartType::Html(_) => mail::text(part),
        _ => None,
    });
    let names = message.headers().iter().map(|header| mail::header_name(raw, header));
    let mut seen = HashMap::new();
    let headers = names.filter(|name| !name.eq_ignore_ascii_case("bcc")).map(|name| {
        let all = value(&format!("header:{name}:asText:all"));
        let nth = seen.entry(name.to_lowercase()).or_insert(0_usize);
        let text = all[*nth].as_str().unwrap_or_default().to_owned();
        *nth += 1;
        (name, text)
    });
    let attachments = message.attachments.iter().filter_map(part).map(|part| SentAttachment {
        name: part.attachment_name().map(str::to_owned),
        kind: mail::kind(part),
        cid: part.content_id().map(|cid| cid.trim_matches(['<', '>']).to_owned()),
        bytes: Bytes::from(mail::octets(raw, part).into_owned()),
    });
    Submission {
        email_id: email_id.to_owned(),
        message_id: ids("messageId").pop(),
        mail_from: mail_from.to_owned(),
        rcpt_to: rcpt_to.to_vec(),
        subject: value("subject").as_str().unwrap_or_default().to_owned(),
        text: text.unwrap_or_default(),
        html,
        in_reply_to: ids("inReplyTo"),
        references: ids("references"),
        headers: headers.collect(),
        attachments: attachments.collect(),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
