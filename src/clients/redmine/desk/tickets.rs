//! Issues as callers of the API read them: a page of a project's, or one by its number. Redmine
//! renders nothing for its API, so there is no HTML. Private issues, which our account may see and
//! callers may not, are as if they were not there.

use std::collections::BTreeSet;

use super::{RedmineDesk, wire_ticket};
use crate::{
    clients::ApiError,
    model::{
        ids::IssueId,
        redmine::Status,
        ticket_query::{Field, Sort},
        ticket_view::TicketView,
        tracker_read::{Found, RedmineSearch, RedmineUser},
    },
};

/// Users in a page, and pages of them that are read.
const USERS: usize = 100;
const USER_PAGES: usize = 10;

impl RedmineDesk {
    /// A page of a project's issues, open and closed, at most so many; `beyond` is the number that the
    /// page before said. Watchers and notes are not in it.
    ///
    /// Pages go on by number and not by counting: an issue that is made meanwhile moves no other over
    /// the edge of a page. Numbers grow with the time of making.
    ///
    /// Source: `GET /issues.json`; `subproject_id=!*` leaves out the projects below.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`] for the project; [`ApiError::Unauthorized`]
    /// for a key that became nobody's.
    pub async fn tickets(
        &self,
        search: &RedmineSearch,
        fields: &BTreeSet<Field>,
        most: u8,
        beyond: Option<IssueId>,
    ) -> Result<Found<TicketView>, ApiError> {
        let newest_first = search.sort == Sort::NewestFirst;
        let mut asked = vec![
            ("project_id", search.project.as_str().to_owned()),
            ("subproject_id", "!*".to_owned()),
            ("status_id", search.status.map_or_else(|| "*".to_owned(), |id| id.to_string())),
            ("sort", if newest_first { "id:desc" } else { "id:asc" }.to_owned()),
            ("limit", most.to_string()),
        ];
        let users = [
            ("author_id", search.reporter),
            ("assigned_to_id", search.assignee),
            ("watcher_id", search.watcher),
        ];
        asked.extend(users.into_iter().filter_map(|(name, id)| Some((name, id?.to_string()))));
        asked.extend(search.text.as_deref().map(|text| ("subject", subject(text))));
        asked.extend(beyond.map(|last| ("issue_id", bound(newest_first, last))));
        if fields.contains(&Field::Attachments) {
            asked.push(("include", "attachments".to_owned()));
        }
        let query: Vec<_> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer: wire_ticket::Issues = self.read("issues.json", &query).await?;
        self.still_known().await?;
        let known = self.statuses().await?;
        let last = answer.issues.last().map(wire_ticket::Issue::id);
        let more = usize::try_from(answer.total_count).is_ok_and(|all| all > answer.issues.len());
        let public = answer.issues.into_iter().filter(|issue| !issue.is_private());
        let tickets = public.map(|issue| self.view_of(issue, fields, &known));
        Ok(Found {
            tickets: tickets.collect(),
            next: last.filter(|_| more).map(|id| id.to_string()),
        })
    }

    /// One issue, with what was said for everybody and who watches it if that is asked for; `None` if
    /// there is none, none for the account, or a private one.
    ///
    /// Source: `GET /issues/{id}.json`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn ticket(
        &self,
        id: IssueId,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ApiError> {
        let parts = fields.iter().filter_map(|field| match field {
            Field::Watchers => Some("watchers"),
            Field::Comments => Some("journals"),
            Field::Attachments => Some("attachments"),
            Field::Rendered => None,
        });
        let parts = parts.collect::<Vec<_>>().join(",");
        let include = (!parts.is_empty()).then_some(("include", parts.as_str()));
        let include: Vec<_> = include.into_iter().collect();
        let answer: Result<wire_ticket::One, ApiError> =
            self.read(&format!("issues/{id}.json"), &include).await;
        match answer {
            Ok(answer) if answer.issue.is_private() => Ok(None),
            Ok(answer) => {
                let known = self.statuses().await?;
                Ok(Some(self.view_of(answer.issue, fields, &known)))
            }
            Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => {
                self.still_known().await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The users, at most the first 1,000; none where we may not read them.
    ///
    /// Source: `GET /users.json`, which is for administrators.
    ///
    /// # Errors
    /// Any outage.
    pub async fn users(&self) -> Result<Vec<RedmineUser>, ApiError> {
        let mut users = Vec::new();
        for page in 0..USER_PAGES {
            let (limit, offset) = (USERS.to_string(), (page * USERS).to_string());
            let asked = [("limit", limit.as_str()), ("offset", offset.as_str())];
            let answer: wire_ticket::Users = match self.read("users.json", &asked).await {
                Err(ApiError::Forbidden { .. }) => return Ok(users),
                outcome => outcome?,
            };
            let ended = answer.users.len() < USERS;
            users.extend(answer.users.into_iter().map(RedmineUser::from));
            if ended {
                break;
            }
        }
        Ok(users)
    }

    fn view_of(
        &self,
        issue: wire_ticket::Issue,
        fields: &BTreeSet<Field>,
        known: &[Status],
    ) -> TicketView {
        let url = self.issue_url(issue.id()).into();
        issue.view(fields, known, url)
    }
}

/// The filter of subjects that hold all these words: on one line, where Redmine reads a filter's
/// operator, and without `|`, which ends a value.
///
/// Source: Redmine's `Query#add_short_filter`.
fn subject(text: &str) -> String {
    let odd = |c: char| c.is_control() || c == '|' || c.is_whitespace();
    let words: Vec<&str> = text.split(odd).filter(|word| !word.is_empty()).collect();
    format!("~{}", words.join(" "))
}

/// The filter of the numbers beyond the last one.
fn bound(newest_first: bool, last: IssueId) -> String {
    let last = last.get();
    if newest_first {
        format!("<={}", last.saturating_sub(1))
    } else {
        format!(">={}", last.saturating_add(1))
    }
}
