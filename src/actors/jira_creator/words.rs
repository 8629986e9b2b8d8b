//! What stands in an issue or a comment: who wrote, the mail's own words, and what ticketd has to
//! say about it. The same mail always makes the same words.

use super::{JiraCreator, attach::Parcel};
use crate::{
    actors::mailboxes::{Letter, Mailbox},
    model::{
        case::Case,
        issue_text,
        keys::IssueKey,
        mail::{Address, Attachment, Content, Mail},
        quote, wiki,
    },
};

/// The longest text that Jira takes. Source: "The entered text is too long. It exceeds the allowed
/// limit of 32,767 characters."
const TEXT_MAX: usize = 32_767;
/// Bytes below which an image inside an answer passes for part of a signature.
const SIGNATURE_IMAGE: u64 = 4 * 1024;
/// The name of the whole mail, where it is attached because its text was cut.
const WHOLE_MAIL: &str = "mail.eml";

/// What a new issue says.
pub(super) struct IssueWords {
    pub(super) summary: String,
    pub(super) body: String,
}

/// A mail's text in Jira's notation.
struct Body {
    text: String,
    left_out: bool,
    cut: bool,
}

impl JiraCreator {
    pub(super) fn issue_words(
        &self,
        mailbox: &Mailbox,
        case: &Case,
        letter: &Letter,
        limit: u64,
        known: bool,
        replaces: Option<&IssueKey>,
    ) -> IssueWords {
        let say = |key: &str| self.say(mailbox, key, &[]);
        let subject = match letter {
            Letter::Here { mail, .. } => &mail.subject,
            _ => &case.subject,
        };
        let summary = issue_text::summary(subject).unwrap_or_else(|| say("mail-no-subject"));
        let mut head = self.head(mailbox, case, letter);
        let from = match letter {
            Letter::Here { mail, .. } => mail.from.as_ref(),
            _ => case.reporter.as_ref(),
        };
        if let Some(from) = from.filter(|_| !known) {
            let name = wiki::escape(from.name.as_deref().unwrap_or(from.email.as_str()));
            head.push('\n');
            head += &self.say(mailbox, "issue-reporter-unknown", &[("name", name.into())]);
        }
        if let Some(replaces) = replaces {
            head.push('\n');
            let key = replaces.as_str().to_owned();
            head += &self.say(mailbox, "issue-replaces", &[("key", key.into())]);
        }
        IssueWords { summary, body: self.with_body(mailbox, &head, letter, limit, false) }
    }

    pub(super) fn comment_words(
        &self,
        mailbox: &Mailbox,
        case: &Case,
        letter: &Letter,
        limit: u64,
    ) -> String {
        let head = self.head(mailbox, case, letter);
        self.with_body(mailbox, &head, letter, limit, true)
    }

    fn head(&self, mailbox: &Mailbox, case: &Case, letter: &Letter) -> String {
        let (from, others): (Vec<&Address>, Vec<&Address>) = match letter {
            Letter::Here { mail, .. } => {
                let others = mail.recipients.iter();
                let others = others.filter(|person| person.email != mailbox.address);
                (mail.from.iter().collect(), others.collect())
            }
            _ => (case.reporter.iter().collect(), Vec::new()),
        };
        let (from_label, cc_label) =
            (self.say(mailbox, "issue-from", &[]), self.say(mailbox, "issue-cc", &[]));
        issue_text::head(&[(&from_label, &from), (&cc_label, &others)])
    }

    fn with_body(
        &self,
        mailbox: &Mailbox,
        head: &str,
        letter: &Letter,
        limit: u64,
        answer: bool,
    ) -> String {
        let say = |key: &str| self.say(mailbox, key, &[]);
        let (mail, content) = match letter {
            Letter::Here { mail, content } => (mail, content),
            Letter::Gone => {
                return issue_text::description(head, &say("issue-mail-gone"), TEXT_MAX).0;
            }
            Letter::Unreadable => {
                return issue_text::description(head, &say("issue-mail-unreadable"), TEXT_MAX).0;
            }
        };
        let body = body(mail, content, answer);
        let mut notes = Vec::new();
        if body.left_out {
            notes.push(say("issue-quote-left-out"));
        }
        for file in kept(mail, content).filter(|file| file.size > limit) {
            let args = [
                ("name", wiki::escape(&file.name).into()),
                ("size", said(file.size, u64::div_ceil).into()),
                ("limit", said(limit, |bytes, by| bytes / by).into()),
            ];
            notes.push(self.say(mailbox, "issue-attachment-too-large", &args));
        }
        let mut text = body.text;
        if text.trim().is_empty() {
            text = say("issue-no-text");
        }
        let foot = told(&notes);
        let (whole, cut) = issue_text::description(head, &format!("{text}{foot}"), TEXT_MAX);
        if !cut && !body.cut {
            return whole;
        }
        let name = WHOLE_MAIL.to_owned();
        notes.push(self.say(mailbox, "issue-text-cut", &[("name", name.into())]));
        let foot = told(&notes);
        let room = TEXT_MAX.saturating_sub(wiki::length(&foot));
        let (text, _) = issue_text::description(head, &text, room);
        format!("{text}{foot}")
    }
}

/// What is hung on the issue: the mail's files, and all of the mail where its text was cut.
pub(super) fn parcels(letter: &Letter, limit: u64, answer: bool) -> Vec<Parcel> {
    let Letter::Here { mail, content } = letter else { return Vec::new() };
    let mut parcels: Vec<_> = kept(mail, content)
        .filter(|file| file.size <= limit)
        .map(|file| Parcel {
            blob: file.blob.clone(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size: file.size,
        })
        .collect();
    if is_cut(mail, content, answer) && content.size <= limit {
        parcels.push(Parcel {
            blob: content.raw.clone(),
            name: WHOLE_MAIL.to_owned(),
            media_type: "message/rfc822".to_owned(),
            size: content.size,
        });
    }
    parcels
}

/// Whether the issue or comment does not hold the whole text.
fn is_cut(mail: &Mail, content: &Content, answer: bool) -> bool {
    // The head takes room as well, and what is nearly too long is better kept whole.
    let body = body(mail, content, answer);
    body.cut || body.left_out || wiki::length(&body.text) > TEXT_MAX / 4 * 3
}

fn body(mail: &Mail, content: &Content, answer: bool) -> Body {
    let images = |id: &str| {
        kept(mail, content)
            .find(|file| file.content_id.as_deref() == Some(id))
            .map(|file| file.name.clone())
    };
    let (text, left_out) = match (&content.html, &content.text) {
        (Some(html), _) if !html.trim().is_empty() => {
            let (html, left_out) =
                if answer { quote::without_quote_html(html) } else { (html.clone(), false) };
            (wiki::from_html(&html, &images), left_out)
        }
        (_, Some(text)) => {
            let (text, left_out) =
                if answer { quote::without_quote(text) } else { (text.as_str(), false) };
            (wiki::from_text(text), left_out)
        }
        (_, None) => (String::new(), false),
    };
    Body { text, left_out, cut: content.cut }
}

/// What hangs on the mail, without the images that nothing refers to, and without the small ones
/// of signatures that each answer brings again.
fn kept<'m>(mail: &'m Mail, content: &'m Content) -> impl Iterator<Item = &'m Attachment> {
    let html = content.html.as_deref().unwrap_or_default();
    content.attachments.iter().filter(move |file| match &file.content_id {
        Some(id) if file.media_type.starts_with("image/") && !html.is_empty() => {
            let signature = !mail.answers.is_empty() && file.size < SIGNATURE_IMAGE;
            html.contains(id.as_str()) && !signature
        }
        _ => true,
    })
}

/// Each note in a paragraph of its own.
fn told(notes: &[String]) -> String {
    notes.iter().flat_map(|note| ["\n\n", note]).collect()
}

/// A size with one decimal, rounded up or down so that what is too large never looks as if it fitted.
fn said(bytes: u64, rounded: impl Fn(u64, u64) -> u64) -> String {
    let (unit, word) = if bytes < 1 << 20 { (1 << 10, "KiB") } else { (1 << 20, "MiB") };
    let tenths = rounded(bytes.saturating_mul(10), unit);
    format!("{}.{} {word}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_what_is_too_large_looks_larger() {
        for (bytes, up, down) in [
            (0, "0.0 KiB", "0.0 KiB"),
            (1_000, "1.0 KiB", "0.9 KiB"),
            (1 << 20, "1.0 MiB", "1.0 MiB"),
            ((1 << 20) + 1, "1.1 MiB", "1.0 MiB"),
            (52_428_800, "50.0 MiB", "50.0 MiB"),
        ] {
            assert_eq!(said(bytes, u64::div_ceil), up);
            assert_eq!(said(bytes, |bytes, by| bytes / by), down);
        }
    }
}
