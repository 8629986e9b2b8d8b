//! Tickets of Jira's boards. A page is one search, whatever is asked, but for what no search tells:
//! who watches an issue (remembered by how many they are), and comments beyond those that Jira puts
//! into a search.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::{AT_ONCE, JiraReading, ReadFault};
use crate::{
    actors::{
        jira_creator::{BoardFault, Boards},
        people::People,
    },
    clients::{ApiError, JiraClient},
    model::{
        issue_text,
        keys::IssueKey,
        mail::Email,
        page_html,
        ticket_query::{Field, TicketQuery},
        ticket_view::{TicketView, UserView},
        tracker_read::{Found, JiraSearch, JiraTicket},
    },
};

/// How long it is believed that as many watchers are the same ones; of how many issues.
const WATCHERS_KNOWN: Duration = Duration::from_mins(5);
const WATCHERS_MAX: u64 = 10_000;
/// How long our own picture and name hold.
const OURSELVES_KNOWN: Duration = Duration::from_hours(1);
/// Calls at once: half of what the client lets through, so that issues are made however much is read.
const CALLS_MAX: usize = 4;

pub(super) struct JiraHalf {
    client: JiraClient,
    boards: Boards,
    categories: Vec<String>,
    people: People<String>,
    /// By the issue, and how many they are.
    watchers: Cache<(IssueKey, u64), Vec<UserView>>,
    ourselves: Cache<(), UserView>,
    /// For our calls, of which any number may be asked for at once.
    places: Semaphore,
}

/// What callers may see.
struct Scope {
    projects: Vec<String>,
    /// One of them must be there; empty for any.
    labels: Vec<String>,
}

impl Scope {
    fn holds(&self, ticket: &TicketView) -> bool {
        self.projects.contains(&ticket.project.key)
            && (self.labels.is_empty() || ticket.labels.iter().any(|one| self.labels.contains(one)))
    }
}

impl JiraHalf {
    pub(super) fn new(reading: JiraReading) -> Self {
        let JiraReading { client, boards, categories, users } = reading;
        let watchers =
            Cache::builder().max_capacity(WATCHERS_MAX).time_to_live(WATCHERS_KNOWN).build();
        let ourselves = Cache::builder().time_to_live(OURSELVES_KNOWN).build();
        let (people, places) = (People::new(users), Semaphore::new(CALLS_MAX));
        Self { client, boards, categories, people, watchers, ourselves, places }
    }

    pub(super) fn categories(&self) -> &[String] {
        &self.categories
    }

    /// A page of the tickets of these boards. `elsewhere` says whether another tracker has the status
    /// that is asked for.
    pub(super) async fn page(
        &self,
        boards: &[&str],
        query: &TicketQuery,
        most: u8,
        from: Option<&str>,
        elsewhere: bool,
    ) -> Result<Found<TicketView>, ReadFault> {
        let nothing = Found { tickets: Vec::new(), next: None };
        let scope = self.scope(boards, &query.categories).await?;
        let Some(search) = self.search(&scope, query).await? else { return Ok(nothing) };
        let found = match self.found(&search, &query.fields, most, from).await {
            Err(ApiError::Rejected { reasons, .. })
                if search.status.is_some() && is_about_status(&reasons) =>
            {
                let unknown = ReadFault::Unknown { what: "status" };
                return if elsewhere { Ok(nothing) } else { Err(unknown) };
            }
            // Data Center knows no address with a place that is no number.
            Err(ApiError::Rejected { .. } | ApiError::NotFound { .. }) if from.is_some() => {
                return Err(ReadFault::BadCursor);
            }
            found => found.map_err(|error| ReadFault::of(error, query))?,
        };
        // A cursor is Jira's own word: what it leads to is looked at again.
        let seen = found.tickets.into_iter().filter(|ticket| scope.holds(&ticket.view));
        let whole = seen.map(|ticket| self.whole(ticket, &query.fields));
        let tickets = stream::iter(whole).buffered(AT_ONCE).try_collect().await?;
        Ok(Found { tickets, next: found.next })
    }

    pub(super) async fn one(
        &self,
        boards: &[&str],
        key: &IssueKey,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ReadFault> {
        let scope = self.scope(boards, &[]).await?;
        if !scope.projects.iter().any(|project| project == key.project()) {
            return Ok(None);
        }
        let found = self.call(self.client.ticket(key, fields)).await?;
        match found.filter(|ticket| scope.holds(&ticket.view)) {
            Some(ticket) => Ok(Some(self.whole(ticket, fields).await?)),
            None => Ok(None),
        }
    }

    async fn scope(&self, boards: &[&str], categories: &[String]) -> Result<Scope, ReadFault> {
        let mut projects = Vec::new();
        for board in boards {
            match self.call(self.boards.project(board)).await {
                Ok(project) if projects.contains(&project) => {}
                Ok(project) => projects.push(project),
                Err(fault @ BoardFault::Unknown(_)) => {
                    tracing::warn!(board, error = %fault, "a board shows no tickets");
                }
                Err(BoardFault::Api(error)) => return Err(error.into()),
            }
        }
        let categories = if categories.is_empty() { &self.categories } else { categories };
        let labels = categories.iter().filter_map(|category| issue_text::label(category));
        Ok(Scope { projects, labels: labels.collect() })
    }

    /// The question in Jira's terms; `None` if it is about somebody whom Jira does not know.
    async fn search(
        &self,
        scope: &Scope,
        query: &TicketQuery,
    ) -> Result<Option<JiraSearch>, ReadFault> {
        let mut accounts = [None, None, None];
        let asked = [&query.reporter, &query.assignee, &query.watcher];
        for (account, email) in accounts.iter_mut().zip(asked) {
            let Some(email) = email else { continue };
            *account = self.account(email).await?;
            if account.is_none() {
                return Ok(None);
            }
        }
        let [reporter, assignee, watcher] = accounts;
        Ok(Some(JiraSearch {
            projects: scope.projects.clone(),
            labels: scope.labels.clone(),
            reporter,
            assignee,
            watcher,
            status: query.status.clone(),
            text: query.text.clone(),
            sort: query.sort,
        }))
    }

    async fn account(&self, email: &Email) -> Result<Option<String>, ApiError> {
        let find = async {
            let found = self.call(self.client.find_account(email)).await?;
            Ok(found.map(|account| account.id))
        };
        self.people.account(email, find).await
    }

    /// One of our calls, once there is a place for it. The question's own time limit ends the wait.
    fn call<'c, T>(&'c self, call: impl Future<Output = T> + Send + 'c) -> BoxFuture<'c, T> {
        Box::pin(async move {
            let _place = self.places.acquire().await;
            call.await
        })
    }

    /// A page that fits into one answer.
    async fn found(
        &self,
        search: &JiraSearch,
        fields: &BTreeSet<Field>,
        mut most: u8,
        from: Option<&str>,
    ) -> Result<Found<JiraTicket>, ApiError> {
        loop {
            match self.call(self.client.tickets(search, fields, most, from)).await {
                Err(error) if error.is_too_long() && most > 1 => most /= 2,
                found => return found,
            }
        }
    }

    /// The ticket with what the answer left out, its HTML cleaned.
    async fn whole(
        &self,
        ticket: JiraTicket,
        fields: &BTreeSet<Field>,
    ) -> Result<TicketView, ReadFault> {
        let key = ticket.key().clone();
        let (count, ours) = (ticket.watch_count, ticket.watched_by_us);
        let mut view = ticket.view;
        if ticket.comments_left_out {
            let rendered = fields.contains(&Field::Rendered);
            view.comments = Some(self.call(self.client.said(&key, rendered)).await?);
        }
        if fields.contains(&Field::Watchers) {
            view.watchers = Some(self.watchers(&key, count, ours).await?);
        }
        let base = self.client.base();
        if let Some(rendered) = &mut view.rendered {
            rendered.body = page_html::clean(&rendered.body, &base);
        }
        for comment in view.comments.iter_mut().flatten() {
            comment.rendered = comment.rendered.take().map(|html| page_html::clean(&html, &base));
        }
        Ok(view)
    }

    /// Who watches an issue: nobody has to be asked where they are none, or we alone.
    async fn watchers(
        &self,
        issue: &IssueKey,
        count: u64,
        ours: bool,
    ) -> Result<Vec<UserView>, ApiError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        if ours && count == 1 {
            return Ok(vec![self.ourselves().await?]);
        }
        let known = (issue.clone(), count);
        let known = self.watchers.try_get_with(known, self.ask_watchers(issue)).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }

    async fn ask_watchers(&self, issue: &IssueKey) -> Result<Vec<UserView>, ApiError> {
        match self.call(self.client.watchers(issue)).await {
            // It is gone meanwhile, or we may not see them.
            Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => Ok(Vec::new()),
            watchers => watchers,
        }
    }

    async fn ourselves(&self) -> Result<UserView, ApiError> {
        let known = self.ourselves.try_get_with((), self.call(self.client.my_view())).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }
}

/// Jira names the field as the query does, in whatever language the rest is.
fn is_about_status(reasons: &[String]) -> bool {
    reasons.iter().any(|reason| reason.contains("'status'"))
}
