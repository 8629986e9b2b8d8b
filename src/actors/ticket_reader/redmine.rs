//! Tickets of Redmine's boards, each a project. What a list does not tell, notes and watchers, is read
//! issue by issue, and only where it is asked for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use moka::future::Cache;

use super::{AT_ONCE, ReadFault, RedmineReading};
use crate::{
    actors::people::People,
    clients::{ApiError, RedmineDesk},
    model::{
        ids::{IssueId, ProjectRef},
        mail::Email,
        redmine_desk::DeskProject,
        ticket_query::{Field, TicketQuery},
        ticket_view::{TicketView, UserView},
        tracker_read::{Found, RedmineSearch},
    },
};

/// How long names, addresses and projects hold.
const KNOWN: Duration = Duration::from_mins(5);
/// Projects remembered.
const PROJECTS: u64 = 1_000;

pub(super) struct RedmineHalf {
    client: RedmineDesk,
    people: People<u64>,
    users: Cache<(), Arc<HashMap<String, UserView>>>,
    /// By what the operator calls them; `None` for those that are left out.
    projects: Cache<String, Option<DeskProject>>,
}

impl RedmineHalf {
    pub(super) fn new(reading: RedmineReading) -> Self {
        Self {
            client: reading.client,
            people: People::new(reading.users),
            users: Cache::builder().time_to_live(KNOWN).build(),
            projects: Cache::builder().max_capacity(PROJECTS).time_to_live(KNOWN).build(),
        }
    }

    /// The number of a status by its name, its case ignored.
    pub(super) async fn status(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let name = name.to_lowercase();
        let all = self.client.statuses().await?;
        Ok(all.into_iter().find(|status| status.name.to_lowercase() == name).map(|one| one.id))
    }

    /// A page of the tickets of a board. `elsewhere` says whether another tracker may have the status
    /// that is asked for.
    pub(super) async fn page(
        &self,
        (_, project): (&str, &ProjectRef),
        query: &TicketQuery,
        most: u8,
        from: Option<&str>,
        elsewhere: bool,
    ) -> Result<Found<TicketView>, ReadFault> {
        let nothing = Found { tickets: Vec::new(), next: None };
        let from = match from {
            Some(from) => Some(number(from).ok_or(ReadFault::BadCursor)?),
            None => None,
        };
        let Some(home) = self.project(project).await? else { return Ok(nothing) };
        let status = match &query.status {
            None => None,
            Some(name) => match self.status(name).await? {
                Some(id) => Some(id),
                None if elsewhere => return Ok(nothing),
                None => return Err(ReadFault::Unknown { what: "status" }),
            },
        };
        let mut users = [None, None, None];
        let asked = [&query.reporter, &query.assignee, &query.watcher];
        for (user, email) in users.iter_mut().zip(asked) {
            let Some(email) = email else { continue };
            *user = self.user(email).await?;
            if user.is_none() {
                return Ok(nothing);
            }
        }
        let [reporter, assignee, watcher] = users;
        let search = RedmineSearch {
            project: project.clone(),
            reporter,
            assignee,
            watcher,
            status,
            text: query.text.clone(),
            sort: query.sort,
        };
        let found = match self.found(&search, &query.fields, most, from).await {
            Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. })) => {
                let left_out = left_out(project, &error);
                self.projects.insert(project.as_str().to_owned(), left_out).await;
                return Ok(nothing);
            }
            found => found.map_err(|error| ReadFault::of(error, query))?,
        };
        let id = home.id.to_string();
        let seen = found.tickets.into_iter().filter(|ticket| ticket.project.key == id);
        let whole = seen.map(|ticket| self.whole(ticket, &home, &query.fields));
        let tickets: Vec<Option<TicketView>> =
            stream::iter(whole).buffered(AT_ONCE).try_collect().await?;
        Ok(Found { tickets: tickets.into_iter().flatten().collect(), next: found.next })
    }

    pub(super) async fn one(
        &self,
        boards: &[(&str, &ProjectRef)],
        id: IssueId,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ReadFault> {
        let Some(view) = self.client.ticket(id, fields).await? else { return Ok(None) };
        for (_, project) in boards {
            let Some(home) = self.project(project).await? else { continue };
            if home.id.to_string() == view.project.key {
                return Ok(Some(self.named(view, &home).await?));
            }
        }
        Ok(None)
    }

    async fn user(&self, email: &Email) -> Result<Option<u64>, ApiError> {
        self.people.account(email, self.client.find_user(email)).await
    }

    /// `None` for one that is archived, gone or not for us: its board shows no tickets, and hides
    /// none of the others.
    async fn project(&self, project: &ProjectRef) -> Result<Option<DeskProject>, ApiError> {
        let ask = async {
            match self.client.project(project).await {
                Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. })) => {
                    Ok(left_out(project, &error))
                }
                told => told.map(Some),
            }
        };
        let known = self.projects.try_get_with(project.as_str().to_owned(), ask).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }

    /// A page that fits into one answer.
    async fn found(
        &self,
        search: &RedmineSearch,
        fields: &BTreeSet<Field>,
        mut most: u8,
        from: Option<IssueId>,
    ) -> Result<Found<TicketView>, ApiError> {
        loop {
            match self.client.tickets(search, fields, most, from).await {
                Err(error) if error.is_too_long() && most > 1 => most /= 2,
                found => return found,
            }
        }
    }

    /// The ticket of a list with what the list does not tell; `None` if it is gone meanwhile.
    async fn whole(
        &self,
        ticket: TicketView,
        home: &DeskProject,
        fields: &BTreeSet<Field>,
    ) -> Result<Option<TicketView>, ReadFault> {
        let apart = fields.contains(&Field::Comments) || fields.contains(&Field::Watchers);
        let id = ticket.key.redmine_id().filter(|_| apart);
        let ticket = match id {
            Some(id) => self.client.ticket(id, fields).await?,
            None => Some(ticket),
        };
        let id = home.id.to_string();
        match ticket.filter(|ticket| ticket.project.key == id) {
            Some(ticket) => Ok(Some(self.named(ticket, home).await?)),
            None => Ok(None),
        }
    }

    /// With the project's identifier, and what the list of users tells of people.
    async fn named(
        &self,
        mut ticket: TicketView,
        home: &DeskProject,
    ) -> Result<TicketView, ReadFault> {
        home.identifier.clone_into(&mut ticket.project.key);
        let users = self.users().await?;
        let comments = ticket.comments.iter_mut().flatten();
        let people = comments.filter_map(|comment| comment.author.as_mut());
        let people = people.chain(ticket.watchers.iter_mut().flatten());
        let people = people.chain(&mut ticket.reporter).chain(&mut ticket.assignee);
        for person in people {
            if let Some(known) = users.get(&person.account) {
                person.clone_from(known);
            }
        }
        Ok(ticket)
    }

    async fn users(&self) -> Result<Arc<HashMap<String, UserView>>, ApiError> {
        let ask = async {
            let users = self.client.users().await?.into_iter();
            Ok(Arc::new(users.map(|user| (user.view.account.clone(), user.view)).collect()))
        };
        let known = self.users.try_get_with((), ask).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }
}

/// Said once for as long as it is remembered.
fn left_out(project: &ProjectRef, error: &ApiError) -> Option<DeskProject> {
    tracing::warn!(board = project.as_str(), %error, "a board shows no tickets");
    None
}

/// A number as a cursor of ours has it.
fn number(text: &str) -> Option<IssueId> {
    IssueId::parse(text).filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}
