//! What somebody says in a ticket's thread becomes a comment, once.

use super::{JiraCreator, LOCKED_OUT, plainly, read_failed, write_failed};
use crate::{
    actors::{desk::Task, effects},
    clients::ApiError,
    failpoint,
    model::{desk::Outcome, ids::PostId, issue_text, keys::IssueKey, markup::Markup},
    store::StoreError,
};

/// Comments that are looked through for our own, the newest first.
const LOOK_THROUGH: usize = 200;

impl JiraCreator {
    pub(super) async fn add_reply(
        &self,
        task: &Task,
        post: &PostId,
        issue: &IssueKey,
    ) -> Result<Outcome, StoreError> {
        let effect = &task.effect;
        let mark = format!("reply-{post}");
        if effect.is_unclear() {
            return Ok(match self.tools.jira.comments(issue, LOOK_THROUGH).await {
                Ok(comments) => {
                    let ours = |mark_of: Option<&str>| mark_of == Some(mark.as_str());
                    let there = comments.iter().any(|comment| ours(comment.mark.as_deref()));
                    if there { plainly() } else { Outcome::NotFound }
                }
                Err(ApiError::NotFound { .. }) => Outcome::IssueGone,
                Err(error) => read_failed(effect, &error),
            });
        }
        let chat = &self.tools.mattermost;
        let read = async {
            let head = chat.post(post).await?;
            let author = chat.user(&head.author).await?;
            Ok((head, author))
        };
        let (head, author) = match read.await {
            Ok(read) => read,
            // Taken back in the chat before it was here.
            Err(ApiError::NotFound { .. }) => return Ok(plainly()),
            Err(error) => return Ok(effects::read_failed(effect, &error, LOCKED_OUT)),
        };
        if head.deleted || head.message.trim().is_empty() {
            return Ok(plainly());
        }
        let args = [("user", Markup::Wiki.escape(&author.name).into())];
        let said = self.tools.texts.say(self.tools.settings.locale, "issue-reply-from-chat", &args);
        let body = format!("{said}\n{}", Markup::Wiki.from_text(&head.message));
        let (body, _) = Markup::Wiki.cut(&body, issue_text::TEXT_MAX);
        self.tools.desk.begin(effect, None).await?;
        failpoint::hit("jira_creator.begun").await;
        let made = self.tools.jira.comment(issue, &body, &mark).await;
        failpoint::hit("jira_creator.commented").await;
        Ok(match made {
            Ok(_) => plainly(),
            Err(ApiError::NotFound { .. }) => Outcome::IssueGone,
            Err(error) => write_failed(effect, &error),
        })
    }
}
