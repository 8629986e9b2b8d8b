//! A filled form becomes a ticket, once. Whoever is logged in can post anything as a filled form, so
//! nothing of it is believed but who they are: the state says what was opened for them, and is
//! signed.

use std::time::Duration;

use jiff::SignedDuration;

use super::{
    Clerk, FilledForm, FormSays,
    form::{Faults, Forms, Given, subject},
    open::LIFETIME,
};
use crate::{
    actors::desk::{NewTicket, Opened},
    clients::ApiError,
    clock,
    config::Form,
    failpoint,
    model::{
        case::Case,
        form::{Filled, Value},
        form_state::{FormState, StateFault},
        ids::ChannelId,
        post::{self, NewPost},
    },
    store::StoreError,
};

/// How long a slash command's hook is used: it lives 30 minutes (recorded).
const HOOK_LIFETIME: SignedDuration = SignedDuration::from_mins(25);
/// How long a form waits for its post: then it says that the ticket is recorded.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long Mattermost is asked who somebody is, or whether they are still in the channel. While
/// it does not say, the signed state stands for it.
const ASK_LIMIT: Duration = Duration::from_millis(1_500);

impl Clerk {
    pub(super) async fn submit(self, filled: FilledForm) -> FormSays {
        let secret = self.tools.desk.secret();
        let state = match secret.read_state(&filled.state, &filled.user, clock::now()) {
            Ok(state) if state.channel == filled.channel => state,
            Ok(_) => return self.refuse("channel", "ticket-form-elsewhere"),
            Err(fault @ StateFault::Expired) => {
                return self.refuse(fault.word(), "ticket-form-expired");
            }
            Err(fault) => return self.refuse(fault.word(), "ticket-form-strange"),
        };
        if filled.cancelled {
            tracing::info!("a ticket's form was closed");
            self.tools.metrics.ticket("form", "cancelled");
            return FormSays::Closed;
        }
        let Some(form) = self.form(&state.form) else {
            return self.refuse("form", "ticket-form-gone");
        };
        if !self.is_there(&state).await {
            return self.refuse("member", "ticket-form-not-member");
        }
        let given = match self.forms().check(form, &filled.fields) {
            Ok(given) => given,
            Err(faults) => return self.faulty(faults),
        };
        let channel = match self.channel(form, &state).await {
            Ok(channel) => channel,
            Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. })) => {
                tracing::warn!(%error, "the channel of a form cannot be found; see ticket.channel");
                return self.refuse("no_channel", "ticket-form-no-channel");
            }
            Err(error) => {
                tracing::warn!(%error, "mattermost could not be asked for a form's channel");
                return self.refuse("chat", "ticket-chat-away");
            }
        };
        let subject = subject(&given, &self.forms().title(form));
        let fields = match self.named(form, given).await {
            Ok(fields) => fields,
            Err(faults) => return self.faulty(faults),
        };
        let recorded = self.record(&state, channel, subject, fields).await;
        failpoint::hit("dialog_broker.recorded").await;
        match recorded {
            Ok(Opened::New(case)) => self.confirm(case, &state).await,
            Ok(Opened::Spent(case)) => {
                tracing::info!(reason = "spent", "a ticket's form was refused");
                self.tools.metrics.ticket("form", "spent");
                let ticket = case.ticket.map(|ticket| ticket.name()).unwrap_or_default();
                FormSays::Refused(self.say("ticket-form-spent", &[("ticket", ticket.into())]))
            }
            Err(error) => {
                tracing::error!(%error, "a ticket could not be recorded");
                self.refuse("store", "ticket-not-recorded")
            }
        }
    }

    /// Each in the log and counted; the user reads what to do.
    fn refuse(&self, reason: &'static str, key: &str) -> FormSays {
        tracing::warn!(reason, "a ticket's form was refused");
        self.tools.metrics.ticket("form", reason);
        FormSays::Refused(self.say(key, &[]))
    }

    /// The form stays open, with a sentence at each of these fields.
    fn faulty(&self, faults: Faults) -> FormSays {
        tracing::info!(reason = "fields", "a ticket's form was refused");
        self.tools.metrics.ticket("form", "fields");
        FormSays::Faults(faults)
    }

    async fn is_there(&self, state: &FormState) -> bool {
        let asked = self.tools.mattermost.is_member(&state.channel, &state.user.id);
        match tokio::time::timeout(ASK_LIMIT, asked).await {
            Ok(Ok(is_member)) => is_member,
            // The bot need not be in the channel where somebody types.
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// Where the ticket is posted.
    async fn channel(&self, form: &Form, state: &FormState) -> Result<ChannelId, ApiError> {
        match &form.channel {
            None => Ok(state.channel.clone()),
            Some(named) => {
                let tools = &self.tools;
                tools.channels.find(&tools.mattermost, &state.team, named).await
            }
        }
    }

    async fn record(
        &self,
        state: &FormState,
        channel: ChannelId,
        subject: String,
        fields: Vec<Filled>,
    ) -> Result<Opened, StoreError> {
        let config = &self.tools.config;
        let new = NewTicket {
            nonce: state.nonce,
            expires: state.expires,
            day: clock::now().to_zoned(config.time_zone.clone()).date(),
            prefix: config.prefix.clone(),
            form: state.form.clone(),
            channel,
            asker: state.user.clone(),
            tracker: self.tools.places.get(&state.form).cloned(),
            subject,
            fields,
            source: None,
        };
        self.tools.desk.open_ticket(new).await
    }

    /// What was filled in, labelled in the channels' language, people and channels by their names.
    /// One that is not there was not among those to choose from.
    async fn named(&self, form: &Form, given: Vec<(String, Given)>) -> Result<Vec<Filled>, Faults> {
        let fields = Forms { texts: &self.tools.texts, locale: self.tools.locale }.fields(form);
        let mut filled = Vec::with_capacity(given.len());
        for (name, given) in given {
            let Some(value) = self.value(given).await else {
                let fault = self.say("ticket-field-not-offered", &[]);
                return Err(Faults::from([(name, fault)]));
            };
            let label = fields.iter().find(|field| field.name == name);
            filled.push(Filled { label: label.map_or(name, |field| field.label.clone()), value });
        }
        Ok(filled)
    }

    /// Nothing for who or what is not there; an id while Mattermost does not say, or not in time.
    async fn value(&self, given: Given) -> Option<Value> {
        let mattermost = &self.tools.mattermost;
        Some(match given {
            Given::Line(text) => Value::Line(text),
            Given::Text(text) => Value::Text(text),
            Given::Bool(ticked) => Value::Bool(ticked),
            Given::User(id) => match tokio::time::timeout(ASK_LIMIT, mattermost.user(&id)).await {
                Ok(Ok(person)) => Value::Person(person),
                Ok(Err(ApiError::NotFound { .. })) => return None,
                Ok(Err(_)) | Err(_) => Value::Line(id.to_string()),
            },
            Given::Channel(id) => {
                match tokio::time::timeout(ASK_LIMIT, mattermost.channel(&id)).await {
                    Ok(Ok(channel)) => Value::Channel(channel.name),
                    Ok(Err(ApiError::NotFound { .. })) => return None,
                    Ok(Err(_)) | Err(_) => Value::Line(id.to_string()),
                }
            }
        })
    }

    /// Tells the asker, and only them, where their ticket is; or, while it cannot be posted, that
    /// it is recorded.
    async fn confirm(&self, case: Case, state: &FormState) -> FormSays {
        self.tools.metrics.ticket("form", "ok");
        let Some(ticket) = &case.ticket else { return FormSays::Closed };
        let name = ticket.name();
        let Some(post) = self.tools.desk.post_of(case.id, PATIENCE).await else {
            let kept = self.say("ticket-recorded", &[("ticket", name.into())]);
            return FormSays::Refused(kept);
        };
        let link = post::permalink(&self.tools.chat_url, &post);
        let text = self.say("ticket-posted", &[("ticket", name.into()), ("link", link.into())]);
        self.tell_asker(state, text).await;
        FormSays::Closed
    }

    /// Through the slash command's own hook; where there is none, or not any more, as a direct
    /// message.
    async fn tell_asker(&self, state: &FormState, text: String) {
        let opened = state.expires.saturating_sub(LIFETIME).unwrap_or(state.expires);
        if let Some(hook) = &state.hook
            && clock::now().duration_since(opened) < HOOK_LIFETIME
            && self.tools.late.deliver(hook.clone(), text.clone()).await
        {
            return;
        }
        let mattermost = &self.tools.mattermost;
        let told = async {
            let post = NewPost {
                channel: mattermost.direct_channel(&state.user.id).await?,
                root: None,
                message: text,
                props: serde_json::json!({}),
                pending: String::new(),
            };
            mattermost.create_post(&post).await
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, "a ticket's asker could not be told of it");
        }
    }
}
