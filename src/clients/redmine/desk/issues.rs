//! Issues: made, found again, read with all that was said, changed, watched.

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, json};

use super::{RedmineDesk, unavailable, wire};
use crate::{
    clients::ApiError,
    model::{
        ids::IssueId,
        redmine::Page,
        redmine_desk::{Changed, NewRedmineIssue, OwnIssue, RedmineThread},
    },
};

/// Redmine's own limit for a page.
const PAGE: u32 = 100;
/// Changed issues of a page: with their texts they must fit into one answer.
const CHANGES: u32 = 25;
/// Pages that a search for issues of our own reads.
const PAGES_MAX: u32 = 50;

impl RedmineDesk {
    /// Makes an issue and says which.
    ///
    /// Source: `POST /issues.json`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with Redmine's reasons, `Project cannot be blank` also for a project
    /// that is closed, hidden or not there; [`ApiError::Ambiguous`] if the issue may exist: see
    /// [`RedmineDesk::own_above`].
    pub async fn create(&self, new: &NewRedmineIssue<'_>) -> Result<IssueId, ApiError> {
        let mut issue = Map::new();
        issue.insert("project_id".to_owned(), json!(new.project.as_str()));
        issue.extend(new.tracker.map(|id| ("tracker_id".to_owned(), json!(id))));
        issue.extend(new.priority.map(|id| ("priority_id".to_owned(), json!(id))));
        issue.insert("subject".to_owned(), json!(new.subject));
        issue.insert("description".to_owned(), json!(new.description));
        let answer = self.write(Method::POST, "issues.json", &json!({ "issue": issue })).await?;
        let made: wire::MadeAnswer = answer.json().map_err(ApiError::after_write)?;
        Ok(made.issue.id.into())
    }

    /// The newest issue that the account made, whatever its state; `None` if it made none. What
    /// is made after this answer has a higher number.
    ///
    /// # Errors
    /// As [`RedmineDesk::own_above`].
    pub async fn own_newest(&self) -> Result<Option<IssueId>, ApiError> {
        let page = self.own_page(0, 1).await?;
        match page.issues.first() {
            Some(issue) => Ok(Some(issue.id.into())),
            None => self.still_known().await.map(|()| None),
        }
    }

    /// All issues that the account made with a number above that one (all there are without), in
    /// any state and any project that it sees, the newest first. Read from the database and not
    /// from an index: what was made before the question is in the answer.
    ///
    /// Source: `GET /issues.json`, `author_id=me`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a key that became nobody's; [`ApiError::Unavailable`] for
    /// more than 4,951 issues, and where issues were deleted while they were read.
    pub async fn own_above(&self, above: Option<IssueId>) -> Result<Vec<OwnIssue>, ApiError> {
        let mut found: Vec<OwnIssue> = Vec::new();
        for page in 0..PAGES_MAX {
            // The last one is read again: if it moved up, others above it are gone, and one may
            // have slipped over the edge unseen.
            let answer = self.own_page(page * (PAGE - 1), PAGE).await?;
            let last = found.last().map(|issue| issue.id);
            if let (Some(last), Some(first)) = (last, answer.issues.first())
                && IssueId::from(first.id) < last
            {
                return Err(unavailable("issues were deleted while they were read"));
            }
            let ended = answer.issues.len() < PAGE as usize;
            for issue in answer.issues.into_iter().map(OwnIssue::from) {
                if above.is_some_and(|above| issue.id <= above) {
                    return Ok(found);
                }
                if found.last().is_none_or(|last| issue.id < last.id) {
                    found.push(issue);
                }
            }
            if ended {
                // Nobody in particular made nothing.
                return self.still_known().await.map(|()| found);
            }
        }
        Err(unavailable("more issues of our own than are looked through (50 pages)"))
    }

    async fn own_page(&self, offset: u32, limit: u32) -> Result<wire::OwnAnswer, ApiError> {
        let (offset, limit) = (offset.to_string(), limit.to_string());
        let asked = [
            ("author_id", "me"),
            ("status_id", "*"),
            ("sort", "id:desc"),
            ("limit", &limit),
            ("offset", &offset),
        ];
        self.read("issues.json", &asked).await
    }

    /// An issue with what was said and hung on it.
    ///
    /// Source: `GET /issues/{id}.json`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for one that is not there, [`ApiError::Forbidden`] for one that the
    /// account no longer sees.
    pub async fn thread(&self, id: IssueId) -> Result<RedmineThread, ApiError> {
        let include = [("include", "journals,attachments,watchers,allowed_statuses")];
        let answer: wire::ThreadAnswer = self.read(&format!("issues/{id}.json"), &include).await?;
        // Before 5.0 a status inside an issue does not say whether it is closed.
        let unclear = answer.issue.status.is_closed.is_none();
        let known = if unclear { self.statuses().await? } else { Vec::new() };
        Ok(answer.issue.thread(&known))
    }

    /// Adds a note. 204 also where the account may not: read the thread to know.
    ///
    /// Source: `PUT /issues/{id}.json`, `notes`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], [`ApiError::Forbidden`]; [`ApiError::Ambiguous`] if it may be there.
    pub async fn note(&self, id: IssueId, text: &str) -> Result<(), ApiError> {
        let body = json!({"issue": {"notes": text}});
        self.tell(Method::PUT, &format!("issues/{id}.json"), &body).await
    }

    /// Asks for another status, with a note or without. 204 also for a status that the workflow
    /// forbids, and the note is there all the same: read the thread to know.
    ///
    /// Source: `PUT /issues/{id}.json`, `status_id`.
    ///
    /// # Errors
    /// As [`RedmineDesk::note`].
    pub async fn set_status(
        &self,
        id: IssueId,
        status: u64,
        note: Option<&str>,
    ) -> Result<(), ApiError> {
        let mut issue = Map::new();
        issue.insert("status_id".to_owned(), json!(status));
        issue.extend(note.map(|text| ("notes".to_owned(), json!(text))));
        let body = json!({ "issue": issue });
        self.tell(Method::PUT, &format!("issues/{id}.json"), &body).await
    }

    /// Lets a user watch an issue; it is no matter if they do. 204 also for an unknown user, and
    /// for one who does not see the issue: read the thread's watchers to know (measured on 5.0).
    ///
    /// Source: `POST /issues/{id}/watchers.json`.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] without the right to add watchers, and for an unknown issue.
    pub async fn watch(&self, id: IssueId, user: u64) -> Result<(), ApiError> {
        let body = json!({ "user_id": user });
        self.tell(Method::POST, &format!("issues/{id}/watchers.json"), &body).await
    }

    /// A page of at most 100 issues, open and closed, that were changed at that time or later, the
    /// oldest change first: whole seconds, and an issue of the second before may be among them.
    ///
    /// An issue that is changed while pages are read moves to the end, and another slips over the
    /// page's edge. Go on by the last one's time with `offset` 0, and use `offset` only within one
    /// second; read what is known already once more, and drop it.
    ///
    /// Source: `GET /issues.json`, `updated_on` with `>=`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a key that became nobody's: nobody sees less, without a word.
    pub async fn updated_since(
        &self,
        since: Timestamp,
        offset: u32,
    ) -> Result<Page<Changed>, ApiError> {
        let since = since.strftime(">=%Y-%m-%dT%H:%M:%SZ").to_string();
        let (offset, limit) = (offset.to_string(), CHANGES.to_string());
        let asked = [
            ("updated_on", since.as_str()),
            ("status_id", "*"),
            ("sort", "updated_on:asc,id:asc"),
            ("limit", &limit),
            ("offset", &offset),
        ];
        let answer: wire::ChangedAnswer = self.read("issues.json", &asked).await?;
        self.still_known().await?;
        let items = answer.issues.into_iter().map(Changed::from).collect();
        Ok(Page { items, total: answer.total_count })
    }
}
