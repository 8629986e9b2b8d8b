//! Reads `multipart/form-data`, whole and without copying what is in it.

use std::io::BufRead as _;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) filename: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) bytes: Bytes,
}

/// The parts, or `None` for what is no complete form.
pub(super) fn parse(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let first = format!("--{boundary}");
    let between = format!("\r\n{first}");
    if !body.starts_with(first.as_bytes()) {
        return None;
    }
    let mut parts = Vec::new();
    let mut at = first.len();
    loop {
        match body.get(at..at + 2)? {
            b"--" => return Some(parts),
            b"\r\n" => at += 2,
            _ => return None,
        }
        let start = find(body, at, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&body[at..start]).ok()?;
        let end = find(body, start + 4, between.as_bytes())?;
        parts.push(part(head, body.slice(start + 4..end))?);
        at = end + between.len();
    }
}

fn part(head: &str, bytes: Bytes) -> Option<Part> {
    let line = |name: &str| {
        head.split("\r\n").filter_map(|line| line.split_once(':')).find_map(|(key, value)| {
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = line("content-disposition")?;
    let filename = parameter(&disposition, "filename*")
        .and_then(|value| {
            let encoded = value.rsplit('\'').next()?.to_owned();
            Some(percent_decode_str(&encoded).decode_utf8_lossy().into_owned())
        })
        .or_else(|| parameter(&disposition, "filename"));
    Some(Part {
        name: parameter(&disposition, "name")?,
        filename,
        content_type: line("content-type"),
        bytes,
    })
}

/// The value of `name=value` or `name="value"` in a header.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        let end = rest.find(['=', ';'])?;
        let key = rest[..end].trim();
        if rest[end..].starts_with(';') {
            rest = &rest[end..];
            continue;
        }
        let value = &rest[end + 1..];
        let (text, after) = if let Some(inside) = value.strip_prefix('"') {
            unquoted(inside)?
        } else {
            let end = value.find(';').unwrap_or(value.len());
            (value[..end].trim().to_owned(), &value[end..])
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after;
    }
}

/// The text up to the closing quote, and what follows.
fn unquoted(inside: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = inside.char_indices();
    loop {
        match letters.next()? {
            (at, '"') => return Some((text, &inside[at + 1..])),
            (_, '\\') => text.push(letters.next()?.1),
            (_, letter) => text.push(letter),
        }
    }
}

/// Where `wanted`, which begins with a carriage return, stands at or after `from`. Goes from one
/// carriage return to the next, which is fast without optimisation too.
fn find(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        let mut rest = body.get(at..)?;
        let skipped = rest.skip_until(b'\r').ok()?;
        let here = (at + skipped).checked_sub(1)?;
        if skipped == 0 || body[here] != b'\r' {
            return None;
        }
        if body[here..].starts_with(wanted) {
            return Some(here);
        }
        at = here + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_out_as_they_went_in() {
        let body = Bytes::from_static(
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\n\
              content-type: text/plain\r\n\r\none\r\n--\r\ntwo\r\n\r\n--x\r\n\
              Content-Disposition: form-data; name=\"file\"; filename*=utf-8''%C3%A9t%C3%A9.png\r\n\
              \r\n\r\n--x--\r\n",
        );
        let parts = parse("multipart/form-data; boundary=x", &body).expect("a form");
        let seen: Vec<_> = parts
            .iter()
            .map(|part| (part.filename.as_deref(), part.content_type.as_deref(), &part.bytes[..]))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("a \"b\".txt"), Some("text/plain"), &b"one\r\n--\r\ntwo\r\n"[..]),
                (Some("été.png"), None, &b""[..]),
            ]
        );
    }

    #[test]
    fn what_breaks_off_is_no_form() {
        let whole = Bytes::from_static(
            b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\none\r\n--x--",
        );
        assert!(parse("multipart/form-data; boundary=\"x\"", &whole).is_some());
        for cut in 0..whole.len() {
            assert_eq!(
                parse("multipart/form-data; boundary=x", &whole.slice(..cut)),
                None,
                "{cut}"
            );
        }
        assert_eq!(parse("application/json", &whole), None);
        assert_eq!(parse("multipart/form-data; boundary=y", &whole), None);
    }
}
