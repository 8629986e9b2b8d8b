//! How a ticket reads in the chat: its post with its buttons, and the lines of its thread. What
//! people wrote stays text: it mentions nobody and means nothing in Markdown.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{MARK, PosterTools};
use crate::model::{
    case::Case,
    form::Filled,
    keys::{EffectId, IssueKey, Lane},
    render,
    ticket::{Change, Person, Priority, Ticket, TicketState},
};

/// Left in a post for the words that it goes on in its thread.
const GOES_ON_MAX: usize = 200;

impl PosterTools {
    /// What a ticket says: its post, and the replies for what that has no room for.
    pub(super) fn texts(&self, case: &Case, ticket: &Ticket, fields: &[Filled]) -> Vec<String> {
        let mut text = format!("#### {}\n", ticket.name());
        if let Some(asker) = &ticket.asker {
            text += &self.say("ticket-asked-by", &[("user", asker.mention().into())]);
            text.push('\n');
        }
        if let Some(conversation) = &case.mail {
            text += &self.mailed(case, conversation);
        }
        let [yes, no] = ["ticket-yes", "ticket-no"].map(|key| self.say(key, &[]));
        for field in fields {
            text.push('\n');
            text += &field.shown([&yes, &no]);
        }
        let mut parts = render::parts(&text, render::POST_MAX - GOES_ON_MAX);
        if let [first, _, ..] = parts.as_mut_slice() {
            *first += "\n\n";
            *first += &self.say("ticket-goes-on", &[]);
        }
        parts
    }

    /// The post of a ticket, as it stands now.
    pub(super) fn post(&self, case: &Case, ticket: &Ticket, fields: &[Filled]) -> (String, Value) {
        let message = self.texts(case, ticket, fields).into_iter().next().unwrap_or_default();
        let props = json!({
            "is_ticket": true,
            "ticket_id": ticket.name(),
            MARK: self.desk.post_mark(EffectId { case: case.id, lane: Lane::Chat, step: 0 }),
            "attachments": [{
                "color": color(ticket),
                "text": self.standing(case, ticket),
                "actions": self.buttons(case, ticket),
            }],
        });
        (message, props)
    }

    /// What was done to a ticket.
    pub(super) fn line(&self, case: &Case, by: Option<&Person>, change: &Change) -> String {
        let Some(by) = by else { return self.line_of_tracker(case, change) };
        let by = ("by", by.mention().into());
        match change {
            Change::Take => self.say("ticket-line-taken", &[by]),
            Change::Assign { to } => {
                self.say("ticket-line-assigned", &[by, ("to", to.mention().into())])
            }
            Change::Resolve => self.say("ticket-line-resolved", &[by]),
            Change::Reopen => self.say("ticket-line-reopened", &[by]),
            Change::Prioritise { to } => {
                let word = self.priority(*to);
                self.say("ticket-line-priority", &[by, ("priority", word.into())])
            }
        }
    }

    /// What was done to a ticket's issue in its tracker.
    fn line_of_tracker(&self, case: &Case, change: &Change) -> String {
        let key = match change {
            Change::Reopen => "ticket-line-reopened-there",
            _ => "ticket-line-resolved-there",
        };
        let issue = case.issue.as_ref().map(ToString::to_string).unwrap_or_default();
        self.say(key, &[("issue", issue.into())])
    }

    /// An issue, as a link where it lives in a tracker of the configuration.
    pub(super) fn issue(&self, issue: &IssueKey) -> String {
        match self.trackers.browse_url(issue) {
            Some(url) => format!("[{issue}]({url})"),
            None => issue.to_string(),
        }
    }

    /// State, owner, priority and times, on one line each.
    fn standing(&self, case: &Case, ticket: &Ticket) -> String {
        let state = self.say(state_key(ticket.state), &[]);
        let mut lines = vec![self.say("ticket-state", &[("state", state.into())])];
        if let Some(owner) = &ticket.owner {
            lines.push(self.say("ticket-owner", &[("user", owner.mention().into())]));
        }
        let priority = self.priority(ticket.priority);
        lines.push(self.say("ticket-priority", &[("priority", priority.into())]));
        if let Some(issue) = &case.issue {
            lines.push(self.say("ticket-issue", &[("issue", self.issue(issue).into())]));
        }
        let mut time = |key: &str, at: Option<Timestamp>| {
            if let Some(at) = at {
                lines.push(self.say(key, &[("time", clock_time(at, &self.time_zone).into())]));
            }
        };
        time("ticket-taken-at", ticket.taken);
        time("ticket-resolved-at", ticket.resolved);
        lines.join("\n")
    }

    fn buttons(&self, case: &Case, ticket: &Ticket) -> Vec<Value> {
        let button = |action: &str, key: &str, style: &str| {
            json!({
                "id": action,
                "name": self.say(key, &[]),
                "type": "button",
                "style": style,
                "integration": self.integration(case, action),
            })
        };
        if ticket.state == TicketState::Resolved {
            return vec![button("reopen", "ticket-button-reopen", "default")];
        }
        let options: Vec<_> = Priority::ALL
            .into_iter()
            .map(|priority| json!({"text": self.priority(priority), "value": priority.word()}))
            .collect();
        vec![
            button("take", "ticket-button-take", "primary"),
            button("resolve", "ticket-button-resolve", "good"),
            json!({
                "id": "priority",
                "name": self.say("ticket-button-priority", &[]),
                "type": "select",
                "options": options,
                "default_option": ticket.priority.word(),
                "integration": self.integration(case, "priority"),
            }),
        ]
    }

    /// Mattermost keeps it from its clients, but nothing else vouches for what comes back.
    fn integration(&self, case: &Case, action: &str) -> Value {
        let signature = self.desk.secret().sign_button(case.id, action);
        json!({
            "url": self.actions_url,
            "context": {"case": case.id, "action": action, "signature": signature},
        })
    }

    fn priority(&self, priority: Priority) -> String {
        self.say(priority_key(priority), &[])
    }

    pub(super) fn say(&self, key: &str, args: &[(&str, fluent_bundle::FluentValue<'_>)]) -> String {
        self.texts.say(self.locale, key, args)
    }
}

/// The sentence for how a ticket stands.
pub(in crate::actors) fn state_key(state: TicketState) -> &'static str {
    match state {
        TicketState::Open => "ticket-state-open",
        TicketState::Taken => "ticket-state-taken",
        TicketState::Resolved => "ticket-state-resolved",
    }
}

/// The word for a priority.
pub(in crate::actors) fn priority_key(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "ticket-priority-low",
        Priority::Normal => "ticket-priority-normal",
        Priority::High => "ticket-priority-high",
        Priority::Urgent => "ticket-priority-urgent",
    }
}

/// A time as people read it, to the minute.
pub(in crate::actors) fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn color(ticket: &Ticket) -> &'static str {
    match (ticket.state, ticket.priority) {
        (TicketState::Resolved, _) => "#3db887",
        (_, Priority::Urgent) => "#d24b4e",
        (_, Priority::High) => "#ffbc1f",
        (TicketState::Taken, _) => "#1c58d9",
        (TicketState::Open, _) => "#8d93a5",
    }
}
