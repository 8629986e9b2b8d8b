//! An agent's comment to the reporter, with its images in place. What is internal, was taken back
//! or is our own never leaves.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};

use super::{MailReplier, Written};
use crate::{
    actors::{desk::Task, mailboxes::Mailbox},
    clients::{ApiError, InlineImage},
    model::{
        jira::CommentText,
        keys::{CommentId, IssueKey},
        mail::Address,
        mail_text,
    },
};

/// Images that one mail shows.
const IMAGES_MAX: usize = 20;
/// Bytes of the largest of them.
const IMAGE_MAX: u64 = 10 << 20;

impl MailReplier {
    pub(super) async fn comment(
        &self,
        task: &Task,
        mailbox: &Mailbox,
        reporter: &Address,
        issue: &IssueKey,
        comment: &CommentId,
    ) -> Written {
        let us = match self.tools.jira.myself().await {
            Ok(us) => us,
            Err(error) => return Written::Failed(error),
        };
        // The webhook may not have known yet who we are.
        let may_leave =
            |said: &CommentText| said.public && said.mark.is_none() && said.author.id != us.id;
        let said = match self.tools.jira.comment_text(issue, comment).await {
            Ok(Some(said)) if may_leave(&said) => said,
            Ok(_) => return Written::Nothing,
            Err(error) => return Written::Failed(error),
        };
        let base = self.tools.jira.browse_url(issue);
        let rendered = mail_text::html_from_rendered(&said.html, &base);
        let inline = match self.images(issue, &rendered.images).await {
            Ok(inline) => inline,
            Err(error) => return Written::Failed(error),
        };
        let args = [
            ("author", said.author.display_name.clone().into()),
            ("key", issue.as_str().to_owned().into()),
        ];
        let intro = self.tools.texts.say(mailbox.locale, "mail-comment-intro", &args);
        let subject = mail_text::subject(issue, &task.case.subject);
        let mut draft = self.draft(task, mailbox, reporter, subject);
        draft.text = format!("{intro}\n\n{}\n", mail_text::text_from_html(&rendered.html));
        let intro = mail_text::html_of_line(&intro);
        draft.html = Some(format!("<p>{intro}</p>\n{}", rendered.html));
        draft.inline = inline;
        Written::Mail(Box::new(draft))
    }

    /// The images that the comment shows.
    async fn images(
        &self,
        issue: &IssueKey,
        wanted: &[String],
    ) -> Result<Vec<InlineImage>, ApiError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let there = self.tools.jira.attachments(issue).await?;
        let shown = there
            .into_iter()
            .filter(|file| wanted.contains(&file.id.to_string()) && file.size <= IMAGE_MAX)
            .take(IMAGES_MAX);
        let inline = shown.map(|file| {
            let (jira, id) = (self.tools.jira.clone(), file.id);
            let open = move || {
                let jira = jira.clone();
                async move { Ok(jira.attachment(id).await?.into_stream().boxed()) }.boxed()
            };
            InlineImage {
                media_type: usable(&file.media_type).to_owned(),
                content_id: mail_text::content_id(&id.to_string()),
                name: file.filename,
                size: file.size,
                open: Arc::new(open),
            }
        });
        Ok(inline.collect())
    }
}

/// The media type without its parameters, or one for bytes of any kind where it is none.
fn usable(media_type: &str) -> &str {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let token = |text: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        !text.is_empty() && text.chars().all(letter)
    };
    match essence.split_once('/') {
        Some((kind, detail)) if token(kind) && token(detail) => essence,
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn a_media_type_that_is_none_is_of_any_kind() {
        for (given, used) in [
            ("image/png", "image/png"),
            ("image/svg+xml; charset=utf-8", "image/svg+xml"),
            ("", "application/octet-stream"),
            ("image/", "application/octet-stream"),
            ("image", "application/octet-stream"),
            ("image/p\r\nX: y", "application/octet-stream"),
            ("image/bïld", "application/octet-stream"),
        ] {
            assert_eq!(usable(given), used, "{given:?}");
        }
    }
}
