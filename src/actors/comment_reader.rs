//! Reads what an agent said in a tracker, for a mail or for a thread of the chat. What is internal,
//! was taken back or is our own is not read out.

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use url::Url;

use crate::{
    clients::{ApiError, InlineImage, JiraClient, RedmineDesk},
    model::{
        jira::CommentText,
        keys::{CommentId, IssueKey, Tracker},
        mail_text,
        redmine_desk::Journal,
    },
};

/// Images that one mail shows.
const IMAGES_MAX: usize = 20;
/// Bytes of the largest of them.
const IMAGE_MAX: u64 = 10 << 20;

/// The trackers that are configured.
#[derive(Clone, Default)]
pub struct Trackers {
    /// Jira.
    pub jira: Option<JiraClient>,
    /// Redmine.
    pub redmine: Option<RedmineDesk>,
}

/// What an agent said to people outside.
pub(super) struct Said {
    /// Who said it, by name.
    pub(super) author: String,
    /// As a page, of which nothing is foreign's to run.
    pub(super) html: String,
    /// As plain text.
    pub(super) text: String,
    /// The attachments of the issue that the page shows, by their ids.
    pub(super) images: Vec<String>,
}

impl Trackers {
    /// Where a browser finds the issue; nowhere if its tracker is not configured.
    #[must_use]
    pub fn browse_url(&self, issue: &IssueKey) -> Option<Url> {
        match issue.redmine_id() {
            Some(id) => self.redmine.as_ref().map(|redmine| redmine.issue_url(id)),
            None => self.jira.as_ref().map(|jira| jira.browse_url(issue)),
        }
    }

    /// What an agent said to people outside; `None` where it is for nobody there.
    pub(super) async fn comment(
        &self,
        issue: &IssueKey,
        comment: &CommentId,
    ) -> Result<Option<Said>, ApiError> {
        match issue.tracker() {
            Tracker::Jira => of_jira(self.jira()?, issue, comment).await,
            Tracker::Redmine => of_redmine(self.redmine()?, issue, comment).await,
        }
    }

    /// The images that a comment shows.
    pub(super) async fn images(
        &self,
        issue: &IssueKey,
        wanted: &[String],
    ) -> Result<Vec<InlineImage>, ApiError> {
        // What people write in Redmine is shown as text.
        if wanted.is_empty() || issue.tracker() == Tracker::Redmine {
            return Ok(Vec::new());
        }
        let jira = self.jira()?;
        let there = jira.attachments(issue).await?;
        let shown = there
            .into_iter()
            .filter(|file| wanted.contains(&file.id.to_string()) && file.size <= IMAGE_MAX)
            .take(IMAGES_MAX);
        let inline = shown.map(|file| {
            let (jira, id) = (jira.clone(), file.id);
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

    fn jira(&self) -> Result<&JiraClient, ApiError> {
        self.jira.as_ref().ok_or_else(|| missing("jira"))
    }

    fn redmine(&self) -> Result<&RedmineDesk, ApiError> {
        self.redmine.as_ref().ok_or_else(|| missing("redmine"))
    }
}

/// What an agent said waits for its tracker to be configured again.
fn missing(service: &'static str) -> ApiError {
    ApiError::Unavailable { service, cause: "it is not configured any more".to_owned() }
}

async fn of_jira(
    jira: &JiraClient,
    issue: &IssueKey,
    comment: &CommentId,
) -> Result<Option<Said>, ApiError> {
    let us = jira.myself().await?;
    // The webhook may not have known yet who we are.
    let may_leave =
        |said: &CommentText| said.public && said.mark.is_none() && said.author.id != us.id;
    let Some(said) = jira.comment_text(issue, comment).await?.filter(may_leave) else {
        return Ok(None);
    };
    let rendered = mail_text::html_from_rendered(&said.html, &jira.browse_url(issue));
    Ok(Some(Said {
        author: said.author.display_name,
        text: mail_text::text_from_html(&rendered.html),
        html: rendered.html,
        images: rendered.images,
    }))
}

async fn of_redmine(
    redmine: &RedmineDesk,
    issue: &IssueKey,
    comment: &CommentId,
) -> Result<Option<Said>, ApiError> {
    let Some(id) = issue.redmine_id() else { return Ok(None) };
    let us = redmine.myself().await?;
    let thread = match redmine.thread(id).await {
        Ok(thread) => thread,
        Err(ApiError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_it = |journal: &Journal| journal.id.to_string() == comment.as_str();
    let said = thread.journals.into_iter().find(is_it);
    let said = said.filter(|said| !said.private && said.author_id != us.id);
    Ok(said.map(|said| Said {
        author: said.author,
        html: html_of_text(&said.text),
        text: said.text,
        images: Vec::new(),
    }))
}

/// Text as a page that shows it as it was written, line by line.
fn html_of_text(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(mail_text::html_of_line).collect();
    format!("<p>{}</p>", lines.join("<br>\n"))
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
    use super::*;

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

    #[test]
    fn text_is_shown_as_it_was_written() {
        for text in ["Done.", "a < b & *c* <b>d</b>\n\n\"e\" https://x.example/f"] {
            let page = html_of_text(text);
            assert_eq!(mail_text::text_from_html(&page), text, "{page}");
            assert!(!page.contains("<b>"), "{page}");
        }
    }
}
