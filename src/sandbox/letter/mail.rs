//! Reading a mail with `mail-parser`. A mail that it cannot read, or panics over, is one text part
//! without headers: the stand-in stands.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    ContentType, Encoding, Header, Message, MessageParser, MessagePart, MimeHeaders as _, PartType,
};

static PARSER: LazyLock<MessageParser> = LazyLock::new(MessageParser::default);

/// Letters in a preview (RFC 8621, 4.1.4, sets the limit).
const PREVIEW: usize = 256;

pub(in crate::sandbox) fn parse(raw: &[u8]) -> Message<'_> {
    let parsed = catch_unwind(AssertUnwindSafe(|| PARSER.parse(raw))).ok().flatten();
    parsed.filter(|message| !message.parts.is_empty()).unwrap_or_else(|| Message {
        html_body: vec![0],
        text_body: vec![0],
        attachments: Vec::new(),
        parts: vec![MessagePart {
            is_encoding_problem: true,
            body: PartType::Text(String::from_utf8_lossy(raw)),
            offset_end: u32::try_from(raw.len()).unwrap_or(u32::MAX),
            ..MessagePart::default()
        }],
        raw_message: Cow::Borrowed(raw),
    })
}

/// The headers by which mails are threaded, as they stand there.
#[derive(Default)]
pub(in crate::sandbox) struct Headers {
    pub(in crate::sandbox) message_id: Option<String>,
    pub(in crate::sandbox) in_reply_to: Option<String>,
    pub(in crate::sandbox) references: Option<String>,
}

/// Only the threading headers: every delivery needs them, and nothing else of the mail.
pub(in crate::sandbox) fn headers(raw: &[u8]) -> Headers {
    let mut found = Headers::default();
    let mut current: Option<(usize, String)> = None;
    let mut keep = |entry: Option<(usize, String)>| match entry {
        Some((0, value)) => found.message_id = Some(value),
        Some((1, value)) => found.in_reply_to = Some(value),
        Some((_, value)) => found.references = Some(value),
        None => {}
    };
    for line in raw.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = &mut current {
                value.push_str(&String::from_utf8_lossy(line));
            }
            continue;
        }
        keep(current.take());
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
        let wanted: [&[u8]; 3] = [b"message-id", b"in-reply-to", b"references"];
        current = wanted
            .iter()
            .position(|wanted| name.eq_ignore_ascii_case(wanted))
            .map(|at| (at, String::from_utf8_lossy(value).into_owned()));
    }
    keep(current);
    found
}

/// The name of a header as its sender wrote it.
pub(in crate::sandbox) fn header_name(raw: &[u8], header: &Header<'_>) -> String {
    let field = raw.get(header.offset_field as usize..header.offset_start as usize);
    let name = String::from_utf8_lossy(field.unwrap_or_default()).into_owned();
    name.trim_end_matches(':').trim().to_owned()
}

/// The value of a header as it stands there, without the line end that closes it.
pub(in crate::sandbox) fn header_value(raw: &[u8], header: &Header<'_>) -> String {
    let value = raw.get(header.offset_start as usize..header.offset_end as usize);
    String::from_utf8_lossy(value.unwrap_or_default()).trim_end_matches(['\r', '\n']).to_owned()
}

/// The content of a part without its transfer encoding, its charset untouched.
pub(in crate::sandbox) fn octets<'a>(raw: &'a [u8], part: &'a MessagePart<'_>) -> Cow<'a, [u8]> {
    let span = || raw.get(part.offset_body as usize..part.offset_end as usize);
    match (&part.body, part.encoding) {
        (PartType::Multipart(_), _) => Cow::Borrowed(&[]),
        (PartType::Binary(bytes) | PartType::InlineBinary(bytes), _) => Cow::Borrowed(bytes),
        (PartType::Message(message), encoding) if encoding != Encoding::None => {
            Cow::Borrowed(message.raw_message())
        }
        (_, Encoding::None) => Cow::Borrowed(span().unwrap_or_default()),
        (_, Encoding::Base64) => span()
            .and_then(base64_decode)
            .map_or_else(|| Cow::Borrowed(part.contents()), Cow::Owned),
        (_, Encoding::QuotedPrintable) => span()
            .and_then(quoted_printable_decode)
            .map_or_else(|| Cow::Borrowed(part.contents()), Cow::Owned),
    }
}

/// The media type in small letters; what a part is when it does not say.
pub(in crate::sandbox) fn kind(part: &MessagePart<'_>) -> String {
    match (part.content_type(), &part.body) {
        (Some(ContentType { c_type, c_subtype: Some(subtype), .. }), _) => {
            format!("{c_type}/{subtype}").to_lowercase()
        }
        (_, PartType::Message(_)) => "message/rfc822".to_owned(),
        _ => "text/plain".to_owned(),
    }
}

/// The text of a text part, its lines ended as JMAP wants them.
pub(in crate::sandbox) fn text(part: &MessagePart<'_>) -> Option<String> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Some(text.replace("\r\n", "\n")),
        _ => None,
    }
}

/// The beginning of what a reader would see, blanks drawn together (recorded: one at the end too).
pub(in crate::sandbox) fn preview(message: &Message<'_>) -> String {
    let texts = || message.text_body.iter().filter_map(|at| message.parts.get(*at as usize));
    let text = texts().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.to_string()),
        PartType::Html(html) => Some(html_to_text(html)),
        _ => None,
    });
    let mut preview = String::new();
    for letter in text.unwrap_or_default().chars() {
        if !letter.is_whitespace() {
            preview.push(letter);
        } else if !preview.is_empty() && !preview.ends_with(' ') {
            preview.push(' ');
        }
        if preview.len() >= PREVIEW {
            break;
        }
    }
    preview.chars().take(PREVIEW).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_a_mail_too() {
        let cases: [&[u8]; 6] = [
            b"",
            b"\0\xff\xfe",
            b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n--\r\n",
            b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\n",
            b"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\n\n--x--",
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n?",
        ];
        for raw in cases {
            let message = parse(raw);
            assert!(!message.parts.is_empty());
            for part in &message.parts {
                let _ = (octets(raw, part), text(part), preview(&message));
            }
            let _ = headers(raw);
        }
    }
}
