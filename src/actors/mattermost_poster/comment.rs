//! An agent's comment in the ticket's thread.

use super::PosterTools;
use crate::{
    actors::desk::Task,
    clients::ApiError,
    model::{keys::CommentId, render},
};

/// Characters of a comment that a line of the thread shows; the rest is in the issue.
const SHOWN: usize = 8_000;

impl PosterTools {
    /// What the thread says of a comment; nothing where it is none for the chat.
    pub(super) async fn comment(
        &self,
        task: &Task,
        comment: &CommentId,
    ) -> Result<Option<String>, ApiError> {
        let Some(issue) = &task.case.issue else { return Ok(None) };
        let Some(said) = self.trackers.comment(issue, comment).await? else { return Ok(None) };
        let args =
            [("author", render::line(&said.author).into()), ("issue", self.issue(issue).into())];
        let head = self.texts.say(self.locale, "ticket-line-comment", &args);
        // Short lines and escapes can double it.
        let line = format!("{head}\n{}", render::quote(&said.text, SHOWN));
        Ok(Some(render::cut(&line, render::POST_MAX)))
    }
}
