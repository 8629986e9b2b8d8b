//! A mail as it goes to a tracker, read once a try: its words in the tracker's notation, and what
//! of its files is worth keeping. It takes time in proportion to the mail, whatever the mail holds.

use std::collections::{HashMap, HashSet};

use super::Style;
use crate::{
    actors::mailboxes::{Letter, Mailbox},
    clients::ApiError,
    model::{
        effect::{Effect, MailRef},
        mail::{Attachment, Content, Mail},
        markup, quote,
    },
};

/// Bytes below which an image inside an answer passes for part of a signature.
const SIGNATURE_IMAGE: u64 = 4 * 1024;
/// Files of one mail that are hung on the issue; the others go along in the whole mail.
const FILES_MAX: usize = 100;
/// Files that are named for being too large.
const NAMED_MAX: usize = 10;
/// The name of the whole mail, where it is attached because something of it is left out.
pub(super) const WHOLE_MAIL: &str = "mail.eml";

/// One file to hang on the issue.
pub(in crate::actors) struct Parcel {
    pub(in crate::actors) blob: String,
    pub(in crate::actors) name: String,
    pub(in crate::actors) media_type: String,
    pub(in crate::actors) size: u64,
}

/// A mail's text in a tracker's notation.
#[derive(Default)]
pub(super) struct Body {
    pub(super) text: String,
    /// Whether the mail that it answers was quoted, and is left out.
    pub(super) left_out: bool,
    /// Whether the mailbox gave only its start.
    pub(super) cut: bool,
}

/// A mail and what was made of it.
pub(in crate::actors) struct Reading {
    pub(in crate::actors) letter: Letter,
    /// What hangs on the mail and is worth keeping.
    files: Vec<Attachment>,
    pub(super) body: Body,
    /// The largest file that the tracker takes, in bytes; any, until it is set.
    pub(in crate::actors) limit: u64,
    /// The longest text that the tracker takes.
    text_max: usize,
}

impl Reading {
    /// Fetches and reads a mail that starts a case, or answers in one.
    ///
    /// # Errors
    /// Any outage of the mailbox.
    pub(in crate::actors) async fn fetch(
        effect: &Effect,
        mailbox: &Mailbox,
        mail: &MailRef,
        answer: bool,
        style: Style,
    ) -> Result<Self, ApiError> {
        let letter = mailbox.letter(mail, effect.failures).await?;
        Ok(Self::of(letter, answer, style))
    }

    /// Reads a mail that starts a case, or answers in one.
    fn of(letter: Letter, answer: bool, style: Style) -> Self {
        let (files, body) = match &letter {
            Letter::Here { mail, content } => {
                let files = kept(mail, content);
                let body = body(content, &files, answer, style);
                (files, body)
            }
            _ => (Vec::new(), Body::default()),
        };
        Self { letter, files, body, limit: u64::MAX, text_max: style.text_max }
    }

    /// Whether something may come to hang on the issue, so that the limit matters.
    pub(in crate::actors) fn may_have_parcels(&self) -> bool {
        !self.files.is_empty() || self.is_cut()
    }

    /// What is hung on the issue: the mail's files, and all of the mail where something of it is
    /// left out.
    pub(in crate::actors) fn parcels(&self) -> Vec<Parcel> {
        let Letter::Here { content, .. } = &self.letter else { return Vec::new() };
        let mut parcels: Vec<_> = self
            .fitting()
            .take(FILES_MAX)
            .map(|file| Parcel {
                blob: file.blob.clone(),
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                size: file.size,
            })
            .collect();
        if self.whole_goes_along() {
            parcels.push(Parcel {
                blob: content.raw.clone(),
                name: WHOLE_MAIL.to_owned(),
                media_type: "message/rfc822".to_owned(),
                size: content.size,
            });
        }
        parcels
    }

    /// The files that are too large for the tracker and are named.
    pub(super) fn too_large(&self) -> impl Iterator<Item = &Attachment> {
        let large = self.files.iter().filter(|file| file.size > self.limit);
        large.take(NAMED_MAX)
    }

    /// How many files are neither hung on the issue nor named.
    pub(super) fn more_files(&self) -> usize {
        let hung = self.fitting().take(FILES_MAX).count();
        self.files.len() - hung - self.too_large().count()
    }

    /// Whether the whole mail hangs on the issue too.
    pub(super) fn whole_goes_along(&self) -> bool {
        let Letter::Here { content, .. } = &self.letter else { return false };
        (self.is_cut() || self.more_files() > 0) && content.size <= self.limit
    }

    fn fitting(&self) -> impl Iterator<Item = &Attachment> {
        self.files.iter().filter(|file| file.size <= self.limit)
    }

    /// Whether the issue or comment does not hold the whole text.
    fn is_cut(&self) -> bool {
        let Body { text, left_out, cut } = &self.body;
        // The head takes room as well, and what is nearly too long is better kept whole.
        *cut || *left_out || markup::length(text) > self.text_max / 4 * 3
    }
}

fn body(content: &Content, files: &[Attachment], answer: bool, style: Style) -> Body {
    let mut names: HashMap<&str, &str> = HashMap::new();
    for file in files {
        if let Some(id) = &file.content_id {
            names.entry(id).or_insert(&file.name);
        }
    }
    let images = |id: &str| names.get(id).map(|name| (style.file_name)(name));
    let (text, left_out) = match (&content.html, &content.text) {
        (Some(html), _) if !html.trim().is_empty() => {
            let (html, left_out) =
                if answer { quote::without_quote_html(html) } else { (html.clone(), false) };
            (style.markup.from_html(&html, &images), left_out)
        }
        (_, Some(text)) => {
            let (text, left_out) =
                if answer { quote::without_quote(text) } else { (text.as_str(), false) };
            (style.markup.from_text(text), left_out)
        }
        (_, None) => (String::new(), false),
    };
    Body { text, left_out: left_out || content.unquoted, cut: content.cut }
}

/// What hangs on the mail, without the images that nothing refers to, and without the small ones
/// of signatures that each answer brings again.
fn kept(mail: &Mail, content: &Content) -> Vec<Attachment> {
    let html = content.html.as_deref().unwrap_or_default();
    let named = named(html);
    let wanted = |file: &&Attachment| match &file.content_id {
        Some(id) if file.media_type.starts_with("image/") && !html.is_empty() => {
            let signature = !mail.answers.is_empty() && file.size < SIGNATURE_IMAGE;
            named.contains(id) && !signature
        }
        _ => true,
    };
    content.attachments.iter().filter(wanted).cloned().collect()
}

/// The content ids that a page names, as written and as meant: `cid:` in an attribute or a style.
fn named(html: &str) -> HashSet<String> {
    let mut named = HashSet::new();
    let mut left = html;
    while let Some(colon) = left.find(':') {
        let (before, id) = (&left[..colon], &left[colon + 1..]);
        left = id;
        let Some(start) = before.len().checked_sub(3) else { continue };
        let bytes = before.as_bytes();
        if !bytes[start..].eq_ignore_ascii_case(b"cid") {
            continue;
        }
        let quote = start.checked_sub(1).map(|at| char::from(bytes[at]));
        let quote = quote.filter(|quote| matches!(quote, '"' | '\''));
        let ends = |c: char| match quote {
            Some(quote) => c == quote || matches!(c, '<' | '>'),
            None => c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | '&'),
        };
        let end = id.find(ends).unwrap_or(id.len());
        let id = id[..end].trim();
        left = &left[end..];
        named.insert(percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned());
        named.insert(id.to_owned());
    }
    named
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use jiff::Timestamp;

    use super::*;
    use crate::model::{
        issue_text::TEXT_MAX,
        mail::{Folder, Importance},
        markup::Markup,
    };

    const JIRA: Style = Style {
        tracker: "Jira",
        markup: Markup::Wiki,
        text_max: TEXT_MAX,
        file_name: str::to_owned,
    };

    fn letter(html: &str, attachments: Vec<Attachment>) -> Letter {
        let mail = Mail {
            remote: "M1".to_owned(),
            folder: Folder::Inbox,
            conversation: None,
            message_id: None,
            answers: Vec::new(),
            from: None,
            reply_to: None,
            recipients: Vec::new(),
            subject: String::new(),
            importance: Importance::Normal,
            received: Timestamp::UNIX_EPOCH,
            automatic: None,
        };
        let content = Content {
            text: None,
            html: Some(html.to_owned()),
            cut: false,
            unquoted: false,
            attachments,
            raw: "R".to_owned(),
            size: 9_000,
        };
        Letter::Here { mail: Box::new(mail), content }
    }

    fn image(name: &str, id: &str) -> Attachment {
        Attachment {
            blob: "B".to_owned(),
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            size: 5,
            content_id: Some(id.to_owned()),
        }
    }

    #[test]
    fn an_image_stays_if_the_page_names_it() {
        for (html, id, stays) in [
            ("<img src='cid:a@x'>", "a@x", true),
            ("<img src=\"CID:a@x\">", "a@x", true),
            ("<img src=cid:a@x>", "a@x", true),
            ("<img src=cid:a%40x>", "a@x", true),
            ("<img src='cid:a%40x'>", "a%40x", true),
            ("<img src='cid:a 1@x'>", "a 1@x", true),
            ("<p style='background:url(cid:a@x)'>", "a@x", true),
            ("<p>\"cid:no <img src=\"cid:a@x\">", "a@x", true),
            ("<p>cid:</p>:<img src='cid:a@x", "a@x", true),
            ("<img src='cid:aa@x'>", "a@x", false),
            ("a@x", "a@x", false),
            ("é:cid", "a@x", false),
        ] {
            let letter = letter(html, vec![image("a.png", id)]);
            assert_eq!(!Reading::of(letter, false, JIRA).files.is_empty(), stays, "{html}");
        }
    }

    #[test]
    fn of_very_many_files_some_hang_and_the_whole_mail() {
        let file = |number: u64, size| Attachment {
            size,
            media_type: "text/plain".to_owned(),
            ..image(&format!("{number}.txt"), "")
        };
        // How many fit and do not, the limit; then how many hang, are named, and are neither.
        for (fit, large, limit, hung, named, more) in [
            (100, 0, 9_000, 100, 0, 0),
            (101, 0, 9_000, 101, 0, 1),
            (101, 0, 8_999, 100, 0, 1),
            (3, 10, 9_000, 3, 10, 0),
            (3, 11, 9_000, 4, 10, 1),
        ] {
            let small = (0..fit).map(|number| file(number, 5));
            let files = small.chain((0..large).map(|number| file(number, 10_000))).collect();
            let letter = letter("<p>x", files);
            let reading = Reading { limit, ..Reading::of(letter, false, JIRA) };
            let parcels = reading.parcels();
            let whole = parcels.last().is_some_and(|last| last.name == WHOLE_MAIL);
            assert_eq!(whole, reading.whole_goes_along());
            assert_eq!(whole, more > 0 && limit >= 9_000);
            let told = (parcels.len(), reading.too_large().count(), reading.more_files());
            assert_eq!(told, (hung, named, more), "{fit} {large}");
        }
    }

    #[test]
    fn many_images_are_read_in_no_time() {
        let mut html = String::new();
        for number in 0..5_000 {
            html.extend(["<img src=cid:", &(number % 400).to_string(), "@x> "]);
        }
        html.push_str(&"\"cid:".repeat(20_000));
        let files: Vec<_> = (0..300)
            .map(|number| image(&format!("{number}.png"), &format!("{number}@x")))
            .collect();
        let letter = letter(&html, files);
        let start = Instant::now();
        let reading = Reading::of(letter, true, JIRA);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        assert_eq!(reading.files.len(), 300);
        assert!(reading.body.text.starts_with("!0.png! !1.png! "));
    }
}
