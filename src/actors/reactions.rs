//! Makes tickets of posts that somebody put a form's emoji under.
//!
//! Comes in: the end of its reading, which has none but a defect; the reading hears the chat feed.
//! Goes out: new tickets to the desk, once for each post, and a direct message to whoever asked. What
//! ends it: only the supervisor. It goes on where it was: an emoji is not lost when the process dies.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use futures_util::future::BoxFuture;
use tracing::Instrument;
use url::Url;

use super::{
    chat_feed::ChatFeed,
    desk::Desk,
    dialog_broker::Channels,
    endless::{self, Endless},
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{MattermostClient, UserLocales},
    config,
    locale::{Locale, Texts},
    model::keys::Tracker,
    telemetry::Metrics,
};

mod letters;
mod pace;
mod reading;
mod take;
mod words;

/// What it works with.
#[derive(Clone)]
pub struct ReactionTools {
    /// What happens in the chat.
    pub feed: ChatFeed,
    /// The chat.
    pub mattermost: MattermostClient,
    /// The desk.
    pub desk: Desk,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// The channels' language.
    pub locale: Locale,
    /// Everybody's own.
    pub locales: UserLocales,
    /// The forms.
    pub config: Arc<config::Ticket>,
    /// Where the issues of a form's tickets are made, by its name; one that is not here makes none.
    pub places: BTreeMap<String, (Tracker, String)>,
    /// Mattermost, as its users reach it.
    pub chat_url: Url,
    /// Channels by their names, as they were last found.
    pub channels: Channels,
    /// Tickets that one user's emoji make in a minute.
    pub per_minute: NonZeroU32,
    /// Counters.
    pub metrics: Metrics,
}

/// Starts it under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_reactions(
    supervisor: &SupervisorHandle,
    tools: ReactionTools,
) -> Result<(), StartFault> {
    endless::start(supervisor, Arc::new(tools)).await
}

impl Endless for ReactionTools {
    const KIND: &'static str = "reactions";

    fn run(&self) -> BoxFuture<'_, ()> {
        let span = tracing::info_span!("ticketd.reactions");
        Box::pin(reading::read(self).instrument(span))
    }
}
