//! Opening a form, from inside the slash command: its trigger lives 3 s.

use std::time::Duration;

use jiff::SignedDuration;
use tracing::Instrument;
use uuid::Uuid;

use super::{Clerk, TicketOrder, command::Failure, form::Forms};
use crate::{
    clock,
    config::Form,
    model::{form_state::FormState, ids::TeamId},
};

/// How long Mattermost is asked who the bot is, once: the trigger lives 3 s.
const ASK_LIMIT: Duration = Duration::from_millis(500);
/// How long a form may stay open.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(4);

impl Clerk {
    /// Opens the form of this name, with what was typed filled in. Nothing need be said then: the
    /// form is there.
    pub(super) async fn open(
        &self,
        order: TicketOrder,
        name: &str,
        text: &str,
    ) -> Result<String, Failure> {
        let form = self.form(name).ok_or(Failure::NoForm)?;
        let shown = self.dialogs.of(name, self.locale).ok_or(Failure::NoForm)?;
        if form.channel.is_none() && self.is_among_others(&order.channel_name).await {
            return Err(Failure::NotHere);
        }
        let team = order.team;
        let trigger = order.trigger_id.ok_or(Failure::NoTrigger)?;
        let state = FormState {
            nonce: Uuid::new_v4().into_bytes(),
            form: name.to_owned(),
            user: order.user,
            team: team.clone(),
            channel: order.channel,
            hook: order.hook,
            expires: clock::now().saturating_add(LIFETIME).unwrap_or(jiff::Timestamp::MAX),
        };
        let state = self.tools.desk.secret().sign_state(&state);
        let dialog = shown.dialog(text, &state);
        let opened = self.tools.mattermost.open_dialog(&trigger, &self.tools.submit_url, &dialog);
        opened.await.map_err(Failure::NotOpened)?;
        if let Some(channel) = &form.channel {
            self.look_up_behind(channel.clone(), team);
        }
        Ok(String::new())
    }

    /// Mattermost may be away when the form comes back: its channel is to be known by then. Only
    /// now that the form is open, for the trigger does not wait.
    fn look_up_behind(&self, channel: String, team: TeamId) {
        let tools = self.tools.clone();
        let look_up = async move {
            let found = tools.channels.find(&tools.mattermost, &team, &channel).await;
            if let Err(error) = found {
                tracing::debug!(%error, "the channel of a form was not found beforehand");
            }
        };
        self.tasks.spawn(look_up.in_current_span());
    }

    /// Whether a channel is the direct messages of two others, into which nobody can let the bot.
    /// While Mattermost does not say who the bot is, it is not.
    async fn is_among_others(&self, channel_name: &str) -> bool {
        let Some((one, other)) = channel_name.split_once("__") else { return false };
        let us = tokio::time::timeout(ASK_LIMIT, self.tools.mattermost.me()).await;
        us.ok()
            .and_then(Result::ok)
            .is_some_and(|us| us.id.as_str() != one && us.id.as_str() != other)
    }

    /// The form of this name.
    pub(super) fn form(&self, name: &str) -> Option<&Form> {
        self.tools.config.forms.iter().find(|form| form.name == name)
    }

    pub(super) fn forms(&self) -> Forms<'_> {
        Forms { texts: &self.tools.texts, locale: self.locale }
    }
}
