//! An agent's comment to the reporter, with its images in place.

use super::{MailReplier, Written};
use crate::{
    actors::{desk::Task, mailboxes::Mailbox},
    model::{
        keys::{CommentId, IssueKey},
        mail::Address,
        mail_text,
    },
};

impl MailReplier {
    pub(super) async fn comment(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reporter: &Address,
        issue: &IssueKey,
        comment: &CommentId,
    ) -> Written {
        let trackers = &self.tools.trackers;
        let said = match trackers.comment(issue, comment).await {
            Ok(Some(said)) => said,
            Ok(None) => return Written::Nothing,
            Err(error) => return Written::Failed(error),
        };
        let inline = match trackers.images(issue, &said.images).await {
            Ok(inline) => inline,
            Err(error) => return Written::Failed(error),
        };
        let args = [("author", said.author.into()), ("key", issue.as_str().to_owned().into())];
        let intro = self.tools.texts.say(mailbox.locale, "mail-comment-intro", &args);
        let subject = mail_text::subject(issue, &task.case.subject);
        let mut draft = self.draft(task, mailbox, reporter, subject);
        draft.text = format!("{intro}\n\n{}\n", said.text);
        let intro = mail_text::html_of_line(&intro);
        draft.html = Some(format!("<p>{intro}</p>\n{}", said.html));
        draft.inline = inline;
        Written::Mail(Box::new(draft))
    }
}
