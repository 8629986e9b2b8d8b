//! A mail in the chat: who wrote and about what in the ticket's post, its words in the thread. The
//! words are fetched when they are said; of a mail that is gone the subject is left.

use super::PosterTools;
use crate::{
    actors::{desk::Task, mailboxes::Letter},
    clients::ApiError,
    model::{
        case::{Case, Conversation},
        effect::MailRef,
        mail::{Address, Attachment, Content},
        mail_text, quote, render,
    },
    store::StoreError,
};

/// Characters of a mail that the thread shows; the rest is in the issue.
const SHOWN: usize = 4_000;
/// Characters of a subject that a post shows.
const SUBJECT_SHOWN: usize = 200;
/// Files that are named, and characters of each name.
const FILES_NAMED: usize = 10;
const FILE_NAME: usize = 100;
/// Bytes below which an image that the mail shows itself passes for part of a signature.
const SIGNATURE_IMAGE: u64 = 4 * 1024;

impl PosterTools {
    /// Who wrote to which mailbox, and about what.
    pub(super) fn mailed(&self, case: &Case, conversation: &Conversation) -> String {
        let author = self.author(conversation.reporter.as_ref());
        let mailbox = conversation.mailbox.to_string();
        let args = [("author", author.into()), ("mailbox", mailbox.into())];
        let subject = render::line(&render::cut(&case.subject, SUBJECT_SHOWN));
        let subject = if subject.is_empty() { self.say("mail-no-subject", &[]) } else { subject };
        format!("{}\n\n**{subject}**\n", self.say("ticket-mailed-by", &args))
    }

    /// Fetches a mail. What was taken out of the configuration cannot be asked: it is gone.
    pub(super) async fn letter(&self, task: &Task, mail: &MailRef) -> Result<Letter, ApiError> {
        match task.case.mailbox().and_then(|name| self.mailboxes.of(name)) {
            Some(mailbox) => mailbox.letter(mail, task.effect.failures).await,
            None => Ok(Letter::Gone),
        }
    }

    /// What the thread says of a mail.
    pub(super) async fn line_of_mail(
        &self,
        task: &Task,
        mail: &MailRef,
        letter: &Letter,
    ) -> Result<String, StoreError> {
        // The first mail follows right behind the post; only what answers quotes what was shown.
        let answer = task.effect.origin().step > 1;
        let (author, words) = match letter {
            Letter::Here { mail, content } => {
                (self.author(mail.from.as_ref()), self.words(content, answer))
            }
            // Its subject stands in the post.
            Letter::Gone | Letter::Unreadable if !answer => {
                (self.author(task.case.reporter()), self.say("ticket-mail-gone", &[]))
            }
            Letter::Gone | Letter::Unreadable => {
                let known = self.desk.mail(mail.key).await?;
                let (from, subject) =
                    known.map_or((None, String::new()), |known| (known.from, known.subject));
                let from = from.map(|email| Address { name: None, email });
                let args = [("subject", render::line(&subject).into())];
                (self.author(from.as_ref()), self.say("ticket-mail-subject", &args))
            }
        };
        let head = self.say("ticket-line-mail", &[("author", author.into())]);
        // Short lines and escapes can double it.
        Ok(render::cut(&format!("{head}\n{words}"), render::POST_MAX))
    }

    fn words(&self, content: &Content, answer: bool) -> String {
        let text = text(content, answer);
        let mut words = vec![if text.is_empty() {
            self.say("ticket-mail-no-text", &[])
        } else {
            render::quote(&text, SHOWN)
        }];
        if content.cut || text.chars().nth(SHOWN).is_some() {
            words.push(self.say("ticket-mail-goes-on", &[]));
        }
        let files: Vec<_> = content.attachments.iter().filter(|file| is_file(file)).collect();
        if !files.is_empty() {
            let name = |file: &&Attachment| {
                format!("`{}`", render::code(&render::cut(file.name.trim(), FILE_NAME)))
            };
            let mut named: Vec<_> = files.iter().take(FILES_NAMED).map(name).collect();
            named.extend((files.len() > FILES_NAMED).then(|| "…".to_owned()));
            let args = [("count", files.len().into()), ("files", named.join(", ").into())];
            words.push(self.say("ticket-mail-files", &args));
        }
        words.join("\n\n")
    }

    /// A name and an address, which mention nobody.
    fn author(&self, from: Option<&Address>) -> String {
        let Some(Address { name, email }) = from else {
            return self.say("ticket-mail-somebody", &[]);
        };
        let address = format!("`{}`", render::code(email.as_str()));
        match name.as_deref().map(render::line).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({address})"),
            None => address,
        }
    }
}

/// A mail's own words: without what it quotes if it is an answer.
fn text(content: &Content, answer: bool) -> String {
    let plain = content.text.as_deref().filter(|text| !text.trim().is_empty());
    let text = match (plain, &content.html) {
        (Some(text), _) if answer => quote::without_quote(text).0.to_owned(),
        (Some(text), _) => text.to_owned(),
        (None, Some(html)) if answer => {
            mail_text::text_from_html(&quote::without_quote_html(html).0)
        }
        (None, Some(html)) => mail_text::text_from_html(html),
        (None, None) => String::new(),
    };
    // Empty lines in a row only take room.
    let mut lines = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last: &&str| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Whether it is more than a picture in a signature.
fn is_file(file: &Attachment) -> bool {
    let shown = file.content_id.is_some() && file.media_type.starts_with("image/");
    !shown || file.size >= SIGNATURE_IMAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: Option<&str>, html: Option<&str>) -> Content {
        Content {
            text: text.map(str::to_owned),
            html: html.map(str::to_owned),
            cut: false,
            unquoted: false,
            attachments: Vec::new(),
            raw: String::new(),
            size: 0,
        }
    }

    #[test]
    fn a_mails_own_words_are_plain_text() {
        let quoting = "Yes.\r\n\r\n\r\n\r\nNow. \r\n\r\n> old\r\n";
        let page = "<p>Yes.</p><script>x()</script><p>Now.</p>\
                    <blockquote type='cite'>old</blockquote>";
        for (plain, html, answer, words) in [
            (Some(quoting), None, true, "Yes.\n\nNow."),
            (Some(quoting), None, false, "Yes.\n\nNow.\n\n> old"),
            (Some(quoting), Some("<p>other</p>"), true, "Yes.\n\nNow."),
            (Some(" \n"), Some(page), false, "Yes.\n\nNow.\n\n> old"),
            (None, Some(page), true, "Yes.\n\nNow."),
            (None, None, true, ""),
            (Some("> only this"), None, true, "> only this"),
        ] {
            assert_eq!(text(&content(plain, html), answer), words, "{plain:?} {html:?} {answer}");
        }
    }

    #[test]
    fn a_small_picture_in_a_signature_is_no_file() {
        for (id, media_type, size, is) in [
            (None, "image/png", 10, true),
            (Some("a@x"), "image/png", 10, false),
            (Some("a@x"), "image/png", SIGNATURE_IMAGE, true),
            (Some("a@x"), "application/pdf", 10, true),
        ] {
            let file = Attachment {
                blob: String::new(),
                name: "a".to_owned(),
                media_type: media_type.to_owned(),
                size,
                content_id: id.map(str::to_owned),
            };
            assert_eq!(is_file(&file), is, "{id:?} {media_type} {size}");
        }
    }
}
