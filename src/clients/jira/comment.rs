//! Comments of an issue: adding one, looking for ours, reading what an agent wrote.

use serde_json::json;

use super::{
    JiraClient, if_there,
    issue::{marked, path},
    wire,
};
use crate::{
    clients::ApiError,
    model::{
        jira::{Comment, CommentFlags, CommentText, Deployment},
        keys::{CommentId, IssueKey},
    },
};

/// Comments in a page. Source: the default of `GET /issue/{key}/comment`.
const PAGE: usize = 100;

impl JiraClient {
    /// Adds a comment of wiki text, its mark in the same call. In Service Management the customer
    /// sees it.
    ///
    /// Source: `POST /issue/{key}/comment`, `Comment.properties`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for the issue; [`ApiError::Ambiguous`] if it may be there.
    pub async fn comment(
        &self,
        issue: &IssueKey,
        body: &str,
        mark: &str,
    ) -> Result<CommentId, ApiError> {
        let body = json!({ "body": body, "properties": marked(mark) });
        let answer = self.post(&path(issue, "/comment"), &body).await?;
        let made: wire::CommentMade = answer.json().map_err(ApiError::after_write)?;
        Ok(made.id)
    }

    /// The newest comments, at most so many, the newest first: a direct read, no index.
    ///
    /// Source: `GET /issue/{key}/comment`; `expand=properties` is not in the published
    /// description, but both deployments know it.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for the issue.
    pub async fn comments(
        &self,
        issue: &IssueKey,
        newest: usize,
    ) -> Result<Vec<Comment>, ApiError> {
        let deployment = self.about().await?;
        let path = path(issue, "/comment");
        let mut comments: Vec<Comment> = Vec::new();
        let mut read = 0;
        while read < newest {
            let (start, size) = (read.to_string(), (newest - read).min(PAGE).to_string());
            let asked = [
                ("orderBy", "-created"),
                ("expand", "properties"),
                ("startAt", &start),
                ("maxResults", &size),
            ];
            let page: wire::Comments = self.read(&path, &asked).await?.json()?;
            let last = page.comments.is_empty() || read + page.comments.len() >= page.total;
            read += page.comments.len();
            for comment in page.comments {
                // One that was written meanwhile moves the others to the next page.
                if comments.iter().all(|other| other.id != comment.id) {
                    let public = is_public(deployment, &comment.flags);
                    comments.push(Comment { public, ..comment.into() });
                }
            }
            if last {
                break;
            }
        }
        Ok(comments)
    }

    /// One comment with its text; `None` if it is gone or hidden from us.
    ///
    /// Source: `GET /issue/{key}/comment/{id}`, `renderedBody`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn comment_text(
        &self,
        issue: &IssueKey,
        comment: &CommentId,
    ) -> Result<Option<CommentText>, ApiError> {
        let deployment = self.about().await?;
        let asked = [("expand", "renderedBody,properties")];
        let path = path(issue, &format!("/comment/{comment}"));
        let Some(answer) = if_there(self.read(&path, &asked).await)? else {
            return Ok(None);
        };
        let comment: wire::Comment = answer.json()?;
        Ok(Some(CommentText {
            author: comment.author.unwrap_or_default().into(),
            mark: comment.flags.mark(),
            public: is_public(deployment, &comment.flags),
            html: comment.rendered_body,
        }))
    }
}

/// Whether it may go to people outside. Only the properties say on Data Center that a comment is
/// internal: an answer without them, though they were asked for, says nothing.
fn is_public(deployment: Deployment, flags: &CommentFlags) -> bool {
    let told = deployment == Deployment::Cloud || flags.tell_properties();
    told && flags.is_public()
}
