//! What somebody says in a ticket's thread becomes a comment, once.

use super::{JiraCreator, LOCKED_OUT, plainly, read_failed, write_failed};
use crate::{
    actors::{desk::Task, effects, issue_words::Reply},
    clients::ApiError,
    failpoint,
    model::{desk::Outcome, ids::PostId, keys::IssueKey},
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
        let reply = match Reply::fetch(&self.tools.mattermost, post).await {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(plainly()),
            Err(error) => return Ok(effects::read_failed(effect, &error, LOCKED_OUT)),
        };
        let body = self.writer(self.tools.settings.locale).reply(&reply);
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
