//! Header text: lists of message ids in, folded and encoded header lines out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The ids of a Message-ID, In-Reply-To or References header, without their brackets.
pub(in crate::sandbox) fn ids(header: Option<&str>) -> Vec<String> {
    let header = header.unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((id, after)) = after.split_once('>') else { break };
        found.push(id.split_whitespace().collect());
        rest = after;
    }
    if found.is_empty() && !header.contains('<') {
        found.extend(header.split_whitespace().map(str::to_owned));
    }
    found
}

/// Whether a text may stand in a header: no line end can smuggle in another one.
pub(in crate::sandbox) fn is_clean(text: &str) -> bool {
    !text.contains(['\r', '\n', '\0'])
}

/// Unstructured text as a header value: encoded words for what is not ASCII, folded at blanks.
pub(in crate::sandbox) fn unstructured(name: &str, text: &str) -> String {
    if text.is_ascii() { fold(name, text.split(' ')) } else { words(text) }
}

/// Words with a blank between them, a new line where the old one would grow beyond 76.
pub(in crate::sandbox) fn fold<'a>(name: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    let mut width = name.len() + 1;
    for (at, word) in words.into_iter().enumerate() {
        if at > 0 {
            let full = width + word.len() > 76 && !word.is_empty();
            folded.push_str(if full { "\r\n " } else { " " });
            width = if full { 0 } else { width };
        }
        width += word.len() + 1;
        folded.push_str(word);
    }
    folded
}

fn words(text: &str) -> String {
    let mut encoded = Vec::new();
    let mut chunk = String::new();
    for letter in text.chars() {
        // 45 bytes make 60 letters, which with the frame stay below the 75 of RFC 2047.
        if chunk.len() + letter.len_utf8() > 45 {
            encoded.push(word(&chunk));
            chunk.clear();
        }
        chunk.push(letter);
    }
    encoded.push(word(&chunk));
    encoded.join("\r\n ")
}

fn word(chunk: &str) -> String {
    format!("=?utf-8?B?{}?=", STANDARD.encode(chunk))
}

/// A mailbox: `Bob <bob@example.org>`.
pub(in crate::sandbox) fn address(name: Option<&str>, email: &str) -> String {
    match name.filter(|name| !name.is_empty()) {
        None => email.to_owned(),
        Some(name) if !name.is_ascii() => format!("{} <{email}>", words(name)),
        Some(name) if name.chars().all(|c| c.is_ascii_alphanumeric() || " -_'".contains(c)) => {
            format!("{name} <{email}>")
        }
        Some(name) => {
            format!("\"{}\" <{email}>", name.replace('\\', "\\\\").replace('"', "\\\""))
        }
    }
}

/// A parameter of Content-Type or Content-Disposition, after its semicolon.
pub(in crate::sandbox) fn parameter(name: &str, value: &str) -> String {
    if value.is_ascii() {
        return format!(";\r\n {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let set = percent_encoding::NON_ALPHANUMERIC;
    format!(";\r\n {name}*=utf-8''{}", percent_encoding::utf8_percent_encode(value, set))
}

/// Base64 in lines of 76.
pub(in crate::sandbox) fn base64_lines(bytes: &[u8]) -> String {
    let mut lines = String::new();
    for line in bytes.chunks(57) {
        lines.push_str(&STANDARD.encode(line));
        lines.push_str("\r\n");
    }
    lines
}

#[test]
fn message_ids_are_found_however_they_are_written() {
    let cases: [(&str, &[&str]); 5] = [
        ("\r\n <a@b>", &["a@b"]),
        ("<a@b> (said Bob)\r\n\t<c@d>", &["a@b", "c@d"]),
        ("a@b", &["a@b"]),
        ("<a@\r\n b>", &["a@b"]),
        ("<broken", &[]),
    ];
    for (header, expected) in cases {
        assert_eq!(ids(Some(header)), expected, "{header}");
    }
    assert!(ids(None).is_empty());
}
