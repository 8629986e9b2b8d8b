//! What stands in the issue or the comment of a caller's request.

use super::{IssueWords, Parcel, Writer, said, told};
use crate::model::{
    issue_text,
    keys::Tracker,
    mail::{Address, Email},
    markup,
    request::{NewRemark, NewRequest, StoredFile, Wanted},
};

/// Files of one request that are named for being too large.
const NAMED_MAX: usize = 10;
/// The name of the whole text, where it is attached because something of it is left out.
pub(in crate::actors) const WHOLE_TEXT: &str = "text.txt";

impl Writer<'_> {
    /// What a request's issue says. `limit` is the largest file that the tracker takes, in bytes;
    /// `told` and `mark` are as in [`Writer::issue`].
    pub(in crate::actors) fn request(
        &self,
        new: &NewRequest,
        limit: u64,
        lines: &[String],
        mark: Option<&str>,
    ) -> IssueWords {
        let subject = issue_text::summary(&new.title);
        let subject = subject.unwrap_or_else(|| self.say("mail-no-subject", &[]));
        let foot = self.reference(mark);
        let mut head = self.asker(&new.reporter);
        // Elsewhere it is a label.
        let category = new.category.as_deref().filter(|_| new.tracker == Tracker::Redmine);
        let category = category.map(|category| {
            let category = self.style.markup.escape(category);
            self.say("issue-category", &[("category", category.into())])
        });
        for line in category.iter().chain(lines) {
            head.extend([self.style.markup.line_end(), line]);
        }
        let body = self.asked(&head, (&new.body, &new.files), limit, self.room_beside(&foot));
        IssueWords { subject, body: body + &foot }
    }

    /// What a caller's comment says.
    pub(in crate::actors) fn remark(&self, new: &NewRemark, limit: u64) -> String {
        let head = self.asker(&new.author);
        self.asked(&head, (&new.body, &new.files), limit, self.style.text_max)
    }

    /// What hangs on the issue: the files that the tracker takes, and the whole text where the issue
    /// has no room for it.
    pub(in crate::actors) fn parcels_of(&self, wanted: &Wanted, limit: u64) -> Vec<Parcel> {
        let fitting = wanted.files().iter().filter(|file| file.size <= limit);
        let mut parcels: Vec<_> = fitting
            .map(|file| Parcel {
                blob: file.upload.0.to_string(),
                name: file.name.clone(),
                media_type: file.media_type.clone(),
                size: file.size,
            })
            .collect();
        let body = wanted.body();
        if self.is_long(&self.style.markup.from_text(body)) {
            parcels.push(Parcel {
                blob: WHOLE_TEXT.to_owned(),
                name: WHOLE_TEXT.to_owned(),
                media_type: "text/plain; charset=utf-8".to_owned(),
                size: body.len() as u64,
            });
        }
        parcels
    }

    fn asker(&self, email: &Email) -> String {
        let from = Address { name: None, email: email.clone() };
        issue_text::head(self.style.markup, &[(&self.say("issue-from", &[]), &[&from])])
    }

    /// Whether a text may be cut: the head and the notes take room as well.
    fn is_long(&self, text: &str) -> bool {
        markup::length(text) > self.style.text_max / 4 * 3
    }

    fn asked(
        &self,
        head: &str,
        (body, files): (&str, &[StoredFile]),
        limit: u64,
        max: usize,
    ) -> String {
        let markup = self.style.markup;
        let text = markup.from_text(body);
        let mut notes = Vec::new();
        for file in files.iter().filter(|file| file.size > limit).take(NAMED_MAX) {
            let args = [
                ("name", markup.escape(&file.name).into()),
                ("size", said(file.size, u64::div_ceil).into()),
                ("tracker", self.style.tracker.into()),
                ("limit", said(limit, |bytes, by| bytes / by).into()),
            ];
            notes.push(self.say("issue-attachment-too-large", &args));
        }
        if self.is_long(&text) {
            let args = [("name", WHOLE_TEXT.into()), ("tracker", self.style.tracker.into())];
            notes.push(self.say("issue-request-cut", &args));
        }
        let foot = told(&notes);
        let room = max.saturating_sub(markup::length(&foot));
        let (shown, _) = issue_text::description(markup, head, &text, room);
        format!("{shown}{foot}")
    }
}
