//! A letter to the mailbox, and the word by which it is found again in whatever became of it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ticketd::sandbox::Jmap;

/// One letter.
pub(crate) struct Letter {
    /// Stands in its text, and nowhere else.
    pub(crate) word: String,
    /// Files on it.
    pub(crate) files: usize,
    /// Somebody else gets a copy.
    pub(crate) copied: bool,
    /// Who wrote it.
    pub(crate) from: String,
    id: String,
    subject: String,
    answers: Option<String>,
}

impl Letter {
    /// The letter with this number of its run, in answer to the first of its conversation.
    pub(crate) fn new(seed: u64, talk: usize, number: usize, first: Option<&Self>) -> Self {
        let mut subject = format!("Trouble {talk} of {seed:x}");
        if first.is_some() {
            subject.insert_str(0, "Re: ");
        }
        Self {
            word: format!("tk{seed:016x}n{number}z"),
            files: 0,
            copied: false,
            from: format!("r{talk}@customer.example"),
            id: format!("<{seed:x}.{number}@mail.example>"),
            subject,
            answers: first.map(|first| first.id.clone()),
        }
    }

    /// What it is about.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// The name of a file on it.
    pub(crate) fn file(&self, nth: usize) -> String {
        format!("{}-{nth}.bin", self.word)
    }

    /// As it travels.
    pub(crate) fn raw(&self) -> String {
        let Self { word, from, id, subject, .. } = self;
        let mut raw = format!(
            "From: Reporter <{from}>\r\nTo: {}\r\nSubject: {subject}\r\nMessage-ID: {id}\r\n\
             Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n",
            Jmap::ADDRESS
        );
        if let Some(first) = &self.answers {
            let _ = write!(raw, "In-Reply-To: {first}\r\nReferences: {first}\r\n");
        }
        if self.copied {
            raw.push_str("Cc: alice@example.org\r\n");
        }
        if self.files == 0 {
            let _ = write!(raw, "\r\nIt does not work: {word}\r\n");
            return raw;
        }
        raw.push_str("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=b\"\r\n\r\n");
        let _ = write!(raw, "--=b\r\nContent-Type: text/plain\r\n\r\nSee the file: {word}\r\n");
        for nth in 0..self.files {
            let name = self.file(nth);
            let _ = write!(
                raw,
                "--=b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
                 Content-Disposition: attachment; filename=\"{name}\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                STANDARD.encode(&name)
            );
        }
        raw.push_str("--=b--\r\n");
        raw
    }
}
