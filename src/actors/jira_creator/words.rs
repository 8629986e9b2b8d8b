//! What stands in an issue or a comment: who wrote, the mail's own words, and what ticketd has to
//! say about it. The same mail always makes the same words.

use super::{
    JiraCreator,
    reading::{Reading, WHOLE_MAIL},
};
use crate::{
    actors::mailboxes::{Letter, Mailbox},
    model::{
        case::Case,
        issue_text::{self, TEXT_MAX},
        keys::IssueKey,
        mail::Address,
        markup::{self, Markup},
    },
};

/// What a new issue says.
pub(super) struct IssueWords {
    pub(super) summary: String,
    pub(super) body: String,
}

impl JiraCreator {
    pub(super) fn issue_words(
        &self,
        mailbox: &Mailbox,
        case: &Case,
        reading: &Reading,
        limit: u64,
        known: bool,
        replaces: Option<&IssueKey>,
    ) -> IssueWords {
        let say = |key: &str| self.say(mailbox, key, &[]);
        let letter = &reading.letter;
        let subject = match letter {
            Letter::Here { mail, .. } => &mail.subject,
            _ => &case.subject,
        };
        let summary = issue_text::summary(subject).unwrap_or_else(|| say("mail-no-subject"));
        let mut head = self.head(mailbox, case, letter);
        let from = match letter {
            Letter::Here { mail, .. } => mail.from.as_ref(),
            _ => case.reporter(),
        };
        if let Some(from) = from.filter(|_| !known) {
            let name = Markup::Wiki.escape(from.name.as_deref().unwrap_or(from.email.as_str()));
            head.push('\n');
            head += &self.say(mailbox, "issue-reporter-unknown", &[("name", name.into())]);
        }
        if let Some(replaces) = replaces {
            head.push('\n');
            let key = replaces.as_str().to_owned();
            head += &self.say(mailbox, "issue-replaces", &[("key", key.into())]);
        }
        IssueWords { summary, body: self.with_body(mailbox, &head, reading, limit) }
    }

    pub(super) fn comment_words(
        &self,
        mailbox: &Mailbox,
        case: &Case,
        reading: &Reading,
        limit: u64,
    ) -> String {
        let head = self.head(mailbox, case, &reading.letter);
        self.with_body(mailbox, &head, reading, limit)
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
        let (from_label, cc_label) =
            (self.say(mailbox, "issue-from", &[]), self.say(mailbox, "issue-cc", &[]));
        issue_text::head(Markup::Wiki, &[(&from_label, &from), (&cc_label, &others)])
    }

    fn with_body(&self, mailbox: &Mailbox, head: &str, reading: &Reading, limit: u64) -> String {
        let say = |key: &str| self.say(mailbox, key, &[]);
        match &reading.letter {
            Letter::Here { .. } => {}
            Letter::Gone => {
                return issue_text::description(
                    Markup::Wiki,
                    head,
                    &say("issue-mail-gone"),
                    TEXT_MAX,
                )
                .0;
            }
            Letter::Unreadable => {
                return issue_text::description(
                    Markup::Wiki,
                    head,
                    &say("issue-mail-unreadable"),
                    TEXT_MAX,
                )
                .0;
            }
        }
        let body = &reading.body;
        let attached = reading.whole_goes_along(limit);
        // What is left out can be read in the whole mail, wherever that is.
        let left_out = |here: &str, elsewhere: &str, count: usize| {
            let key = if attached { here } else { elsewhere };
            let args = [("name", WHOLE_MAIL.to_owned().into()), ("count", count.into())];
            self.say(mailbox, key, &args)
        };
        let mut notes = Vec::new();
        if body.left_out {
            notes.push(left_out("issue-quote-left-out", "issue-quote-in-mailbox", 0));
        }
        for file in reading.too_large(limit) {
            let args = [
                ("name", Markup::Wiki.escape(&file.name).into()),
                ("size", said(file.size, u64::div_ceil).into()),
                ("limit", said(limit, |bytes, by| bytes / by).into()),
            ];
            notes.push(self.say(mailbox, "issue-attachment-too-large", &args));
        }
        let more = reading.more_files(limit);
        if more > 0 {
            notes.push(left_out("issue-files-left-out", "issue-files-in-mailbox", more));
        }
        let text = match body.text.trim() {
            "" => &say("issue-no-text"),
            _ => &body.text,
        };
        let foot = told(&notes);
        let (whole, cut) =
            issue_text::description(Markup::Wiki, head, &format!("{text}{foot}"), TEXT_MAX);
        if !cut && !body.cut {
            return whole;
        }
        notes.push(left_out("issue-text-cut", "issue-text-in-mailbox", 0));
        let foot = told(&notes);
        let room = TEXT_MAX.saturating_sub(markup::length(&foot));
        let (text, _) = issue_text::description(Markup::Wiki, head, text, room);
        format!("{text}{foot}")
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
