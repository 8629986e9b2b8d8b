//! Writing a MIME body: `multipart/mixed` around `related` around `alternative`, each only where
//! it is needed.

use super::text::{base64_lines, parameter};

pub(in crate::sandbox) struct Leaf {
    pub(in crate::sandbox) kind: String,
    pub(in crate::sandbox) name: Option<String>,
    pub(in crate::sandbox) disposition: Option<String>,
    pub(in crate::sandbox) cid: Option<String>,
    pub(in crate::sandbox) content: Vec<u8>,
}

/// The body with its own headers, the blank line between them included.
pub(in crate::sandbox) fn compose(
    text: Option<Leaf>,
    html: Option<Leaf>,
    attached: Vec<Leaf>,
) -> Vec<u8> {
    let has_html = html.is_some();
    let bodies: Vec<Vec<u8>> = text.into_iter().chain(html).map(|leaf| leaf.write()).collect();
    let mut body = wrap("alternative", bodies).unwrap_or_else(|| {
        let content = Vec::new();
        Leaf { kind: "text/plain".to_owned(), name: None, disposition: None, cid: None, content }
            .write()
    });
    let inline = |leaf: &Leaf| has_html && leaf.cid.is_some();
    let (shown, attached): (Vec<Leaf>, Vec<Leaf>) = attached.into_iter().partition(inline);
    for (kind, leaves) in [("related", shown), ("mixed", attached)] {
        let parts: Vec<Vec<u8>> =
            [std::mem::take(&mut body)].into_iter().chain(leaves.iter().map(Leaf::write)).collect();
        body = wrap(kind, parts).unwrap_or_default();
    }
    body
}

/// One part stays as it is; `None` for none.
fn wrap(kind: &str, mut parts: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let boundary = format!("=_{}", uuid::Uuid::new_v4().simple());
    let mut body =
        format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n").into_bytes();
    for part in parts {
        body.extend(format!("--{boundary}\r\n").into_bytes());
        body.extend(part);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    Some(body)
}

impl Leaf {
    fn write(&self) -> Vec<u8> {
        let text = self.kind.starts_with("text/");
        let mut head = format!("Content-Type: {}", self.kind);
        if text {
            head.push_str(";\r\n charset=\"utf-8\"");
        }
        if let Some(name) = &self.name {
            head.push_str(&parameter("name", name));
        }
        head.push_str("\r\n");
        if let Some(cid) = &self.cid {
            head = head + "Content-ID: <" + cid + ">\r\n";
        }
        let named = self.name.as_deref().map(|name| parameter("filename", name));
        let disposition = self.disposition.as_deref().or(named.is_some().then_some("attachment"));
        if let Some(disposition) = disposition {
            head =
                head + "Content-Disposition: " + disposition + &named.unwrap_or_default() + "\r\n";
        }
        let plain = text
            && self.content.is_ascii()
            && self.content.split(|byte| *byte == b'\n').all(|line| line.len() < 990)
            && !self.content.contains(&0);
        let body = if plain {
            head.push_str("Content-Transfer-Encoding: 7bit\r\n\r\n");
            let text = String::from_utf8_lossy(&self.content).replace("\r\n", "\n");
            text.replace('\r', "\n").replace('\n', "\r\n")
        } else {
            head.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
            base64_lines(&self.content)
        };
        (head + &body).into_bytes()
    }
}
