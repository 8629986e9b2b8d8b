//! What stands in an issue or a comment of any tracker: who wrote, the mail's own words, and what
//! ticketd has to say about it. The same mail always makes the same words. Only fetching them can
//! fail, as the mailbox or the chat fails.

use fluent_bundle::FluentValue;

use super::mailboxes::{Letter, Mailbox};
use crate::{
    locale::{Locale, Texts},
    model::{
        case::Case,
        issue_text,
        keys::IssueKey,
        mail::Address,
        markup::{self, Markup},
        request::RequestPriority,
    },
};

mod reading;
mod request;
mod ticket;

use reading::WHOLE_MAIL;
pub(super) use reading::{Parcel, Reading};
pub(super) use request::WHOLE_TEXT;
pub(super) use ticket::Reply;

/// How a tracker wants to be written to.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Its name.
    pub(super) tracker: &'static str,
    /// Its notation.
    pub(super) markup: Markup,
    /// Characters of its longest text, as [`markup::length`] counts.
    pub(super) text_max: usize,
    /// The name that it gives to a file of this name.
    pub(super) file_name: fn(&str) -> String,
}

/// Writes for one tracker in one language.
pub(super) struct Writer<'w> {
    pub(super) texts: &'w Texts,
    pub(super) locale: Locale,
    pub(super) style: Style,
}

/// What a new issue says.
pub(super) struct IssueWords {
    pub(super) subject: String,
    pub(super) body: String,
}

impl Writer<'_> {
    /// What the issue of a mail says. `told` are lines below who wrote; `mark` is by what the issue
    /// is known again, where it must stand in the text.
    pub(super) fn issue(
        &self,
        mailbox: &Mailbox,
        case: &Case,
        reading: &Reading,
        told: &[String],
        mark: Option<&str>,
    ) -> IssueWords {
        let subject = match &reading.letter {
            Letter::Here { mail, .. } => &mail.subject,
            _ => &case.subject,
        };
        let subject =
            issue_text::summary(subject).unwrap_or_else(|| self.say("mail-no-subject", &[]));
        let mut head = self.head(mailbox, case, &reading.letter);
        for line in told {
            head.extend([self.style.markup.line_end(), line]);
        }
        let foot = self.reference(mark);
        let body = self.with_body(&head, reading, self.room_beside(&foot));
        IssueWords { subject, body: body + &foot }
    }

    /// What the comment of a mail says.
    pub(super) fn comment(&self, mailbox: &Mailbox, case: &Case, reading: &Reading) -> String {
        let head = self.head(mailbox, case, &reading.letter);
        self.with_body(&head, reading, self.style.text_max)
    }

    /// That the issue was made in ticketd's name and not in the writer's.
    pub(super) fn unknown(&self, writer: &Address) -> String {
        let name = writer.name.as_deref().unwrap_or(writer.email.as_str());
        let name = self.style.markup.escape(name);
        self.say("issue-reporter-unknown", &[("name", name.into())])
    }

    /// That the issue stands for one that is gone.
    pub(super) fn replaces(&self, gone: &IssueKey) -> String {
        let key = gone.as_str().to_owned();
        self.say("issue-replaces", &[("key", key.into())])
    }

    /// How much the issue matters to who asked, where the tracker has no such priority.
    pub(super) fn priority(&self, priority: RequestPriority) -> String {
        let word = match priority {
            RequestPriority::Low => "low",
            RequestPriority::High => "high",
        };
        self.say("issue-priority", &[("priority", word.into())])
    }

    /// The last line, by which an issue is known again.
    fn reference(&self, mark: Option<&str>) -> String {
        let said = |mark: &str| self.say("issue-reference", &[("mark", mark.to_owned().into())]);
        mark.map(|mark| format!("\n\n{}", said(mark))).unwrap_or_default()
    }

    fn room_beside(&self, foot: &str) -> usize {
        self.style.text_max.saturating_sub(markup::length(foot))
    }

    /// What parts a label from the text below it.
    fn below(&self) -> &'static str {
        // Elsewhere a quote or a list begins after an empty line.
        if self.style.markup == Markup::Wiki { "\n" } else { "\n\n" }
    }

    fn head(&self, mailbox: &Mailbox, case: &Case, letter: &Letter) -> String {
        let (from, others): (Vec<&Address>, Vec<&Address>) = match letter {
            Letter::Here { mail, .. } => {
                let others = mail.recipients.iter();
                let others = others.filter(|person| person.email != mailbox.address);
                (mail.from.iter().collect(), others.collect())
            }
            _ => (case.reporter().into_iter().collect(), Vec::new()),
        };
        let (from_label, cc_label) = (self.say("issue-from", &[]), self.say("issue-cc", &[]));
        issue_text::head(self.style.markup, &[(&from_label, &from), (&cc_label, &others)])
    }

    fn with_body(&self, head: &str, reading: &Reading, max: usize) -> String {
        let whole = |body: &str| issue_text::description(self.style.markup, head, body, max);
        match &reading.letter {
            Letter::Here { .. } => {}
            Letter::Gone => return whole(&self.say("issue-mail-gone", &[])).0,
            Letter::Unreadable => return whole(&self.say("issue-mail-unreadable", &[])).0,
        }
        let body = &reading.body;
        let attached = reading.whole_goes_along();
        // What is left out can be read in the whole mail, wherever that is.
        let left_out = |here: &str, elsewhere: &str, count: usize| {
            let key = if attached { here } else { elsewhere };
            let args = [
                ("name", WHOLE_MAIL.to_owned().into()),
                ("count", count.into()),
                ("tracker", self.style.tracker.into()),
            ];
            self.say(key, &args)
        };
        let mut notes = Vec::new();
        if body.left_out {
            notes.push(left_out("issue-quote-left-out", "issue-quote-in-mailbox", 0));
        }
        for file in reading.too_large() {
            let args = [
                ("name", self.style.markup.escape(&file.name).into()),
                ("size", said(file.size, u64::div_ceil).into()),
                ("tracker", self.style.tracker.into()),
                ("limit", said(reading.limit, |bytes, by| bytes / by).into()),
            ];
            notes.push(self.say("issue-attachment-too-large", &args));
        }
        let more = reading.more_files();
        if more > 0 {
            notes.push(left_out("issue-files-left-out", "issue-files-in-mailbox", more));
        }
        let text = match body.text.trim() {
            "" => &self.say("issue-no-text", &[]),
            _ => &body.text,
        };
        let (shown, cut) = whole(&format!("{text}{}", told(&notes)));
        if !cut && !body.cut {
            return shown;
        }
        notes.push(left_out("issue-text-cut", "issue-text-in-mailbox", 0));
        let foot = told(&notes);
        let room = max.saturating_sub(markup::length(&foot));
        let (text, _) = issue_text::description(self.style.markup, head, text, room);
        format!("{text}{foot}")
    }

    fn say(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.texts.say(self.locale, key, args)
    }
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
