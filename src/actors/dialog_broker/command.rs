//! What is typed about tickets: lists, one ticket, and what is done to it.

use super::{Clerk, TicketOrder};
use crate::{
    actors::{
        desk::TicketFilter,
        mattermost_poster::{clock_time, priority_key, state_key},
    },
    clients::ApiError,
    failpoint,
    model::{
        case::Case,
        keys::CaseId,
        render,
        ticket::{Change, Person, Priority, TicketNumber, Unchanged},
    },
    store::StoreError,
};

/// Tickets of a list.
const LISTED: usize = 20;
/// Characters of a subject in a list.
const SUBJECT_SHOWN: usize = 80;

/// Why something was not done.
pub(super) enum Failure {
    /// No form has this name.
    NoForm,
    /// The bot cannot post where they are.
    NotHere,
    /// There is nothing to open a form with.
    NoTrigger,
    /// Mattermost did not open the form.
    NotOpened(ApiError),
    /// There is no such ticket, or they may not know of it.
    NoTicket,
    /// There is nobody of this name.
    NoUser(String),
    /// Mattermost could not be asked.
    Chat(ApiError),
    /// The ticket stands so already.
    Unchanged(Unchanged),
    /// No button of ours.
    Forged,
    /// The store failed.
    Store(StoreError),
}

impl Failure {
    /// A word for metrics.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::NoForm | Self::NotHere | Self::NoTrigger | Self::NotOpened(_) => "form",
            Self::NoTicket => "no_ticket",
            Self::NoUser(_) => "no_user",
            Self::Chat(_) => "chat",
            Self::Unchanged(_) => "unchanged",
            Self::Forged => "forged",
            Self::Store(_) => "store",
        }
    }
}

impl Clerk {
    /// The sentence for whoever asked; what the operator can mend is logged.
    pub(super) fn explain(&self, failure: Failure) -> String {
        match failure {
            Failure::NoForm | Failure::NoTrigger => self.say("ticket-form-failed", &[]),
            Failure::NotHere => self.say("ticket-not-here", &[]),
            Failure::NotOpened(error) => {
                tracing::warn!(%error, "a ticket's form was not opened");
                self.say("ticket-form-failed", &[])
            }
            Failure::NoTicket => self.say("ticket-unknown", &[]),
            Failure::NoUser(name) => {
                self.say("ticket-no-user", &[("name", render::line(&name).into())])
            }
            Failure::Chat(error) => {
                tracing::warn!(%error, "mattermost could not be asked");
                self.say("ticket-chat-away", &[])
            }
            Failure::Unchanged(unchanged) => self.say(
                match unchanged {
                    Unchanged::NoTicket => "ticket-unknown",
                    Unchanged::Theirs => "ticket-theirs",
                    Unchanged::Resolved => "ticket-is-resolved",
                    Unchanged::NotResolved => "ticket-not-resolved",
                    Unchanged::SamePriority => "ticket-same-priority",
                },
                &[],
            ),
            Failure::Forged => {
                tracing::warn!("a button was pressed that is none of ours");
                self.say("ticket-button-strange", &[])
            }
            Failure::Store(error) => {
                tracing::error!(%error, "the store failed over a ticket");
                self.say("ticket-not-recorded", &[])
            }
        }
    }

    /// What there is to type.
    pub(super) fn help(&self) -> String {
        let names = self.tools.config.forms.iter().filter(|form| !form.name.is_empty());
        let names: Vec<_> = names.map(|form| format!("`/ticket {}`", form.name)).collect();
        let mut help = self.say("ticket-help", &[]);
        if !names.is_empty() {
            help.push('\n');
            help += &self.say("ticket-help-forms", &[("forms", names.join(", ").into())]);
        }
        let emoji = self.tools.config.forms.iter().filter_map(|form| {
            let emoji = form.emoji.as_ref()?;
            Some(match form.name.as_str() {
                "" => format!(":{emoji}:"),
                name => format!(":{emoji}: (`/ticket {name}`)"),
            })
        });
        let emoji: Vec<_> = emoji.collect();
        if !emoji.is_empty() {
            help.push('\n');
            help += &self.say("ticket-help-emoji", &[("emoji", emoji.join(", ").into())]);
        }
        help
    }

    /// The open tickets of the channel.
    pub(super) async fn list(&self, order: &TicketOrder) -> Result<String, Failure> {
        let filter = TicketFilter { channel: Some(order.channel.clone()), ..Default::default() };
        let (cases, total) = self.open_tickets(filter).await?;
        if cases.is_empty() {
            return Ok(self.say("ticket-list-empty", &[]));
        }
        Ok(self.lines("ticket-list", &cases, total))
    }

    /// The open tickets that they have, and those that they asked for.
    pub(super) async fn mine(&self, order: &TicketOrder) -> Result<String, Failure> {
        let user = Some(order.user.id.clone());
        let owned = TicketFilter { owner: user.clone(), ..Default::default() };
        let asked = TicketFilter { asker: user, ..Default::default() };
        let (owned, owned_total) = self.open_tickets(owned).await?;
        let (asked, asked_total) = self.open_tickets(asked).await?;
        let mut parts = Vec::new();
        if !owned.is_empty() {
            parts.push(self.lines("ticket-mine-owned", &owned, owned_total));
        }
        if !asked.is_empty() {
            parts.push(self.lines("ticket-mine-asked", &asked, asked_total));
        }
        if parts.is_empty() {
            return Ok(self.say("ticket-mine-empty", &[]));
        }
        Ok(parts.join("\n\n"))
    }

    pub(super) async fn show(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let fields = self.tools.desk.fields_of(case.id).await.map_err(Failure::Store)?;
        let [yes, no] = ["ticket-yes", "ticket-no"].map(|key| self.say(key, &[]));
        let mut lines = vec![self.line(&case)];
        if let Some(conversation) = &case.mail {
            let reporter = conversation.reporter.as_ref();
            let name = reporter.map(|one| one.name.as_deref().unwrap_or(one.email.as_str()));
            let name = name.map_or_else(|| self.say("ticket-mail-somebody", &[]), render::line);
            lines.push(self.say("ticket-show-mail", &[("author", name.into())]));
        }
        if let Some(ticket) = &case.ticket {
            let priority = self.say(priority_key(ticket.priority), &[]);
            lines.push(self.say("ticket-priority", &[("priority", priority.into())]));
            for (key, at) in [
                ("ticket-opened-at", Some(case.opened)),
                ("ticket-taken-at", ticket.taken),
                ("ticket-resolved-at", ticket.resolved),
            ] {
                if let Some(at) = at {
                    let time = clock_time(at, &self.tools.config.time_zone);
                    lines.push(self.say(key, &[("time", time.into())]));
                }
            }
        }
        if let Some(issue) = &case.issue {
            lines.push(self.say("ticket-issue", &[("issue", issue.to_string().into())]));
        }
        lines.extend(fields.iter().map(|field| field.shown([&yes, &no])));
        Ok(lines.join("\n"))
    }

    pub(super) async fn take(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let case = self.change(case.id, order.user.clone(), Change::Take).await?;
        Ok(self.done("ticket-taken", &case))
    }

    pub(super) async fn resolve(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let case = self.change(case.id, order.user.clone(), Change::Resolve).await?;
        Ok(self.done("ticket-resolved", &case))
    }

    pub(super) async fn reopen(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let case = self.change(case.id, order.user.clone(), Change::Reopen).await?;
        Ok(self.done("ticket-reopened", &case))
    }

    pub(super) async fn prioritise(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
        to: Priority,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let case = self.change(case.id, order.user.clone(), Change::Prioritise { to }).await?;
        Ok(self.done("ticket-prioritised", &case))
    }

    pub(super) async fn assign(
        &self,
        order: &TicketOrder,
        number: TicketNumber,
        who: &str,
    ) -> Result<String, Failure> {
        let case = self.ticket(order, number).await?;
        let mentioned = order.mentioned.iter().find(|person| person.name == who).cloned();
        let to = match mentioned {
            Some(person) => person,
            None => self.tools.mattermost.user_by_name(who).await.map_err(|error| match error {
                ApiError::NotFound { .. } => Failure::NoUser(who.to_owned()),
                error => Failure::Chat(error),
            })?,
        };
        let case = self.change(case.id, order.user.clone(), Change::Assign { to }).await?;
        Ok(self.done("ticket-assigned", &case))
    }

    /// A ticket that they may know of: they are in its channel, or asked for it themselves.
    async fn ticket(&self, order: &TicketOrder, number: TicketNumber) -> Result<Case, Failure> {
        let case = self.tools.desk.ticket_by_number(number).await.map_err(Failure::Store)?;
        let case = case.ok_or(Failure::NoTicket)?;
        let ticket = case.ticket.as_ref().ok_or(Failure::NoTicket)?;
        let is_theirs = [ticket.asker.as_ref(), ticket.owner.as_ref()]
            .into_iter()
            .flatten()
            .any(|person| person.id == order.user.id);
        if ticket.channel == order.channel || is_theirs {
            return Ok(case);
        }
        let member = self.tools.mattermost.is_member(&ticket.channel, &order.user.id).await;
        match member {
            Ok(true) => Ok(case),
            // Where the bot does not read either, nobody but the asker is shown anything.
            Ok(false) | Err(ApiError::Forbidden { .. }) => Err(Failure::NoTicket),
            Err(error) => Err(Failure::Chat(error)),
        }
    }

    pub(super) async fn change(
        &self,
        case: CaseId,
        by: Person,
        change: Change,
    ) -> Result<Case, Failure> {
        let changed = self.tools.desk.change_ticket(case, by, change).await;
        failpoint::hit("dialog_broker.changed").await;
        changed.map_err(Failure::Store)?.map_err(Failure::Unchanged)
    }

    async fn open_tickets(&self, filter: TicketFilter) -> Result<(Vec<Case>, usize), Failure> {
        self.tools.desk.open_tickets(filter, LISTED).await.map_err(Failure::Store)
    }

    fn lines(&self, key: &str, cases: &[Case], total: usize) -> String {
        let mut lines = vec![self.say(key, &[("count", total.into())])];
        lines.extend(cases.iter().map(|case| format!("- {}", self.line(case))));
        if total > cases.len() {
            let more = total - cases.len();
            lines.push(self.say("ticket-list-more", &[("count", more.into())]));
        }
        lines.join("\n")
    }

    /// A ticket on one line: its name with a link, what it is about, how it stands.
    fn line(&self, case: &Case) -> String {
        let Some(ticket) = &case.ticket else { return String::new() };
        let subject = render::line(&render::cut(&case.subject, SUBJECT_SHOWN));
        let state = self.say(state_key(ticket.state), &[]);
        let owner = ticket.owner.as_ref().map(|owner| format!(", {}", render::line(&owner.name)));
        format!("{} {subject} ({state}{})", self.tools.linked(ticket), owner.unwrap_or_default())
    }

    pub(super) fn done(&self, key: &str, case: &Case) -> String {
        let linked = case.ticket.as_ref().map(|ticket| self.tools.linked(ticket));
        self.say(key, &[("ticket", linked.unwrap_or_default().into())])
    }
}
