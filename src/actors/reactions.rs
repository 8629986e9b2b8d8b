//! Makes tickets of posts that somebody put a form's emoji under.
//!
//! Comes in: the end of its reading, which has none but a defect; the reading hears the chat feed.
//! Goes out: new tickets to the desk, once for each post, and a direct message to whoever asked. What
//! ends it: only the supervisor. It goes on where it was: an emoji is not lost when the process dies.

use std::{
    collections::BTreeMap, num::NonZeroU32, panic::AssertUnwindSafe, sync::Arc, time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;
use url::Url;

use super::{
    chat_feed::ChatFeed,
    desk::Desk,
    dialog_broker::Channels,
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
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
    supervisor.start(Arc::new(Gate { tools, actor: Slot::empty() })).await
}

enum ReactionsMsg {
    /// The reading is over, which it never should be. No reply.
    Ended,
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

struct Gate {
    tools: ReactionTools,
    actor: Slot<ReactionsMsg>,
}

impl Child for Gate {
    fn name(&self) -> String {
        self.kind().to_owned()
    }

    fn kind(&self) -> &'static str {
        "reactions"
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let tools = self.tools.clone();
            let (actor, _) = Actor::spawn_linked(None, Reactions, tools, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), ReactionsMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Reactions;

impl Actor for Reactions {
    type Msg = ReactionsMsg;
    type State = AbortOnDropHandle<()>;
    type Arguments = ReactionTools;

    async fn pre_start(
        &self,
        myself: ActorRef<ReactionsMsg>,
        tools: ReactionTools,
    ) -> Result<Self::State, ActorProcessingErr> {
        let work = async move {
            let _ = AssertUnwindSafe(reading::read(&tools)).catch_unwind().await;
            // An actor that is gone reads no more.
            let _ = myself.cast(ReactionsMsg::Ended);
        };
        let span = tracing::info_span!("ticketd.reactions");
        Ok(AbortOnDropHandle::new(tokio::spawn(work.instrument(span))))
    }

    async fn handle(
        &self,
        _: ActorRef<ReactionsMsg>,
        message: ReactionsMsg,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ReactionsMsg::Ended => Err("the reading ended".into()),
            ReactionsMsg::Ping(reply) => {
                let _ = reply.send(());
                Ok(())
            }
        }
    }
}
