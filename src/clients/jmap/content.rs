//! A mail's text and what hangs on it. Of each text part 256 KiB are read; the bytes of the
//! attachments stay with the server until they are asked for.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
};

use serde_json::{Value, json};

use super::{
    JmapClient,
    call::{Fault, Kind, decoded, is_too_large},
    heads::{head, properties},
    wire,
};
use crate::{
    clients::{
        ApiError,
        mailbox::{Head, Whole},
        names::{Names, as_mail_file},
    },
    model::mail::{Attachment, Content},
};

/// Bytes of one text part that are read.
const TEXT_MAX: usize = 256 * 1024;
/// The same for a mail of so many parts that they are too much together.
const TEXT_OF_MANY: usize = 4 * 1024;

impl JmapClient {
    /// The text and the attachments of a mail; `None` if it is gone.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`]. [`ApiError::Malformed`] is for good: the mail cannot be
    /// read this way.
    pub async fn content(&self, remote: &str) -> Result<Option<Content>, ApiError> {
        let mut got = match self.whole_mail(remote, TEXT_MAX).await {
            Err(fault) if is_too_large(&fault) => self.whole_mail(remote, TEXT_OF_MANY).await?,
            outcome => outcome?,
        };
        if got.list.is_empty() && got.not_found.iter().any(|id| id == remote) {
            return Ok(None);
        }
        let body: wire::WholeMail = decoded(Kind::Read, "Email/get", got.list.pop())?;
        Ok(Some(self.content_of(&body).await))
    }

    async fn whole_mail(&self, remote: &str, text_max: usize) -> Result<wire::Got, Fault> {
        self.call(Kind::Read, "Email/get", asked(remote, text_max)).await
    }

    /// A mail with its text: both at once, and where that fails one after the other, so that it
    /// shows which of them cannot be read.
    ///
    /// # Errors
    /// Any outage of the mailbox; never [`ApiError::Ambiguous`].
    pub async fn whole(&self, remote: &str) -> Result<Whole, ApiError> {
        let head = json!({"ids": [remote], "properties": properties()});
        let calls = [("Email/get", head), ("Email/get", asked(remote, TEXT_MAX))];
        if let Ok(answers) = self.calls(Kind::Read, &calls).await
            && let Some(whole) = self.read_whole(remote, answers).await?
        {
            return Ok(whole);
        }
        let mail = match self.heads(&[remote.to_owned()]).await?.pop() {
            Some(Head::Mail(mail) | Head::Elsewhere(Some(mail))) => mail,
            Some(Head::Unreadable { reason, .. }) => return Ok(Whole::Unreadable { reason }),
            Some(Head::Gone | Head::Elsewhere(None)) | None => return Ok(Whole::Gone),
        };
        match self.content(remote).await {
            Ok(Some(content)) => Ok(Whole::Here(mail, content)),
            Ok(None) => Ok(Whole::Gone),
            Err(error @ (ApiError::Malformed { .. } | ApiError::Rejected { .. })) => {
                Ok(Whole::Unreadable { reason: error.to_string() })
            }
            Err(error) => Err(error),
        }
    }

    /// `None` for answers that are not whole.
    async fn read_whole(
        &self,
        remote: &str,
        answers: Vec<Value>,
    ) -> Result<Option<Whole>, ApiError> {
        let mut got = answers.into_iter().map(serde_json::from_value::<wire::Got>);
        let (Some(Ok(heads)), Some(Ok(mut bodies))) = (got.next(), got.next()) else {
            return Ok(None);
        };
        let folders = self.folders().await?;
        let read = heads.list.first().map(|item| head(&folders, remote, item));
        let body = bodies.list.pop().map(serde_json::from_value::<wire::WholeMail>);
        let (Some(Head::Mail(mail) | Head::Elsewhere(Some(mail))), Some(Ok(body))) = (read, body)
        else {
            return Ok(None);
        };
        Ok(Some(Whole::Here(mail, self.content_of(&body).await)))
    }

    async fn content_of(&self, body: &wire::WholeMail) -> Content {
        let hanging = hanging(body);
        let subjects = self.subjects_of(&hanging).await;
        content(body, hanging, &subjects)
    }

    /// The subjects of attached mails, which only lend names: without them it is done too.
    async fn subjects_of(&self, parts: &[wire::BodyPart]) -> BTreeMap<String, String> {
        let nameless = parts.iter().filter(|part| is_mail(part) && part.name.is_none());
        let blobs: Vec<_> = nameless.filter_map(|part| part.blob_id.as_ref()).collect();
        if blobs.is_empty() {
            return BTreeMap::new();
        }
        let asked = json!({"blobIds": blobs, "properties": ["subject"]});
        let parsed = self.call::<wire::Parsed>(Kind::Read, "Email/parse", asked).await;
        let parsed = parsed.ok().and_then(|answer| answer.parsed).unwrap_or_default();
        parsed.into_iter().filter_map(|(blob, mail)| Some((blob, mail.subject?))).collect()
    }
}

fn asked(remote: &str, text_max: usize) -> Value {
    json!({
        "ids": [remote],
        "properties":
            ["id", "blobId", "size", "textBody", "htmlBody", "attachments", "bodyValues"],
        "bodyProperties": ["partId", "blobId", "size", "name", "type", "cid"],
        "fetchTextBodyValues": true,
        "fetchHTMLBodyValues": true,
        "maxBodyValueBytes": text_max,
    })
}

fn kind(part: &wire::BodyPart) -> String {
    part.kind.as_deref().unwrap_or("application/octet-stream").to_ascii_lowercase()
}

fn is_mail(part: &wire::BodyPart) -> bool {
    kind(part) == "message/rfc822"
}

/// The attachments, and the images that stand between the texts, each once.
fn hanging(body: &wire::WholeMail) -> Vec<wire::BodyPart> {
    let shown = body.html_body.iter().chain(&body.text_body);
    let shown = shown.filter(|part| !kind(part).starts_with("text/"));
    let mut seen = HashSet::new();
    let mut once = |part: &&wire::BodyPart| {
        part.blob_id.is_some() && seen.insert(part.part_id.clone().or(part.blob_id.clone()))
    };
    body.attachments.iter().chain(shown).filter(|part| once(part)).cloned().collect()
}

fn content(
    body: &wire::WholeMail,
    hanging: Vec<wire::BodyPart>,
    subjects: &BTreeMap<String, String>,
) -> Content {
    let mut names = Names::default();
    let attachments = hanging.into_iter().filter_map(|part| {
        let blob = part.blob_id.clone()?;
        let wanted = if is_mail(&part) {
            let subject = part.name.as_ref().or_else(|| subjects.get(&blob));
            subject.map(|subject| as_mail_file(subject))
        } else {
            part.name.clone()
        };
        let media_type = kind(&part);
        let name = names.give(wanted.as_deref(), &media_type);
        Some(Attachment { blob, name, media_type, size: part.size, content_id: part.cid })
    });
    Content {
        attachments: attachments.collect(),
        text: text(body),
        html: html(body),
        unquoted: false,
        cut: body.body_values.values().any(|value| value.is_truncated),
        raw: body.blob_id.clone(),
        size: body.size,
    }
}

fn value_of<'b>(body: &'b wire::WholeMail, part: &wire::BodyPart) -> Option<&'b str> {
    Some(body.body_values.get(part.part_id.as_ref()?)?.value.as_str())
}

/// The plain text. Where a part of it is HTML, the plain rest, a list's footer perhaps, would
/// pass for the whole: then there is none.
fn text(body: &wire::WholeMail) -> Option<String> {
    if body.text_body.iter().any(|part| kind(part) == "text/html") {
        return None;
    }
    let plain = body.text_body.iter().filter(|part| kind(part) == "text/plain");
    let texts: Vec<_> = plain.filter_map(|part| value_of(body, part)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The HTML, with the plain parts that some programs put between its parts.
fn html(body: &wire::WholeMail) -> Option<String> {
    if !body.html_body.iter().any(|part| kind(part) == "text/html") {
        return None;
    }
    let mut html = String::new();
    for part in &body.html_body {
        match (kind(part).as_str(), value_of(body, part)) {
            ("text/html", Some(value)) => html.push_str(value),
            ("text/plain", Some(value)) => {
                let escaped = value.replace('&', "&amp;").replace('<', "&lt;");
                // Writing to a String cannot fail.
                let _ = write!(html, "<pre>{escaped}</pre>");
            }
            _ => (),
        }
    }
    Some(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Value, subjects: &[(&str, &str)]) -> Content {
        let body: wire::WholeMail = serde_json::from_value(body).unwrap();
        let subjects = subjects.iter().map(|(b, s)| ((*b).to_owned(), (*s).to_owned())).collect();
        content(&body, hanging(&body), &subjects)
    }

    fn part(id: &str, kind: &str, name: Option<&str>) -> Value {
        json!({"partId": id, "blobId": format!("G{id}"), "size": 5, "type": kind, "name": name,
               "cid": null})
    }

    #[test]
    fn texts_are_joined_and_a_footer_does_not_pass_for_the_whole() {
        let values = json!({
            "1": {"value": "one", "isTruncated": false},
            "2": {"value": "<b>two</b>", "isTruncated": true},
            "3": {"value": "a<b & c"},
        });
        let [plain, html, footer, image] = [
            part("1", "text/plain", None),
            part("2", "Text/HTML", None),
            part("3", "text/plain", None),
            part("4", "image/png", None),
        ];
        for (text_body, html_body, text, markup) in [
            (json!([plain, footer]), json!([html]), Some("one\na<b & c"), Some("<b>two</b>")),
            (json!([plain]), json!([plain]), Some("one"), None),
            (
                json!([html, footer]),
                json!([html, footer]),
                None,
                Some("<b>two</b><pre>a&lt;b &amp; c</pre>"),
            ),
            (json!([image]), json!([image]), None, None),
        ] {
            let read = read(
                json!({"blobId": "G", "size": 9, "textBody": text_body, "htmlBody": html_body,
                       "bodyValues": values}),
                &[],
            );
            assert_eq!((read.text.as_deref(), read.html.as_deref()), (text, markup));
            assert_eq!((read.cut, read.raw.as_str(), read.size), (true, "G", 9));
        }
    }

    #[test]
    fn whatever_hangs_on_a_mail_is_told_once_under_a_name_of_its_own() {
        let shown = part("4", "image/png", None);
        let read = read(
            json!({"blobId": "G", "textBody": [shown], "htmlBody": [shown], "attachments": [
                part("5", "image/png", Some("image.png")),
                part("6", "message/rfc822", None),
                part("7", "message/rfc822", None),
                part("8", "message/rfc822", Some("Fwd: 1/2")),
                part("9", "application/ms-tnef", Some("winmail.dat")),
                part("10", "text/calendar", None),
                {"partId": "11", "blobId": null, "type": "multipart/mixed"},
            ]}),
            &[("G6", "Printer\r\n on fire")],
        );
        let names: Vec<_> = read.attachments.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "image.png",
                "Printer   on fire.eml",
                "message.eml",
                "Fwd: 1_2.eml",
                "winmail.dat",
                "invite.ics",
                "image (2).png",
            ]
        );
    }
}
