//! An agent's comment in the ticket's thread. What is internal, was taken back or is our own is not
//! shown.

use super::PosterTools;
use crate::{
    actors::desk::Task,
    clients::ApiError,
    model::{jira::CommentText, keys::CommentId, mail_text, render},
};

/// Characters of a comment that a line of the thread shows; the rest is in Jira.
const SHOWN: usize = 8_000;

impl PosterTools {
    /// What the thread says of a comment; nothing where it is none for the chat.
    pub(super) async fn comment(
        &self,
        task: &Task,
        comment: &CommentId,
    ) -> Result<Option<String>, ApiError> {
        let (Some(jira), Some(issue)) = (&self.jira, &task.case.issue) else { return Ok(None) };
        let us = jira.myself().await?;
        let said = jira.comment_text(issue, comment).await?;
        let may_be_shown =
            |said: &CommentText| said.public && said.mark.is_none() && said.author.id != us.id;
        let Some(said) = said.filter(may_be_shown) else { return Ok(None) };
        let base = jira.browse_url(issue);
        let rendered = mail_text::html_from_rendered(&said.html, &base);
        let text = mail_text::text_from_html(&rendered.html);
        let args = [
            ("author", render::line(&said.author.display_name).into()),
            ("issue", format!("[{issue}]({base})").into()),
        ];
        let head = self.texts.say(self.locale, "ticket-line-comment", &args);
        // Short lines and escapes can double it.
        let line = format!("{head}\n{}", render::quote(&text, SHOWN));
        Ok(Some(render::cut(&line, render::POST_MAX)))
    }
}
