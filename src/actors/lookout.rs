//! The loop of an actor that looks for news in a tracker, again and again, because nobody tells it, or
//! what was told got lost.
//!
//! Comes in: ticks of its own clock, what a look came to. Goes out: looks, one after the other. What
//! ends it: only the supervisor. A look that fails is told in the log, and the next one goes as far
//! back.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    desk::Desk,
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::{
    clients::ApiError,
    clock,
    model::keys::MailboxName,
    store::{Cursor, StoreError},
};

/// How far back the very first look goes.
pub(super) const FIRST_LOOK: Duration = Duration::from_hours(72);
/// How much two looks overlap: clocks differ.
pub(super) const OVERLAP: Duration = Duration::from_mins(2);
/// How often how far was looked is written down.
const REMEMBER_EVERY: Duration = Duration::from_mins(5);

/// What one kind of lookout knows.
pub(super) trait Watch: Send + Sync + 'static {
    /// For logs, metrics and the supervisor.
    const KIND: &'static str;
    /// Under which the desk remembers how far it has looked. No mailbox can have this name.
    const CURSOR: &'static str;
    /// What the next look need not look at again.
    type Seen: Default + Send + Sync + 'static;

    /// The desk.
    fn desk(&self) -> &Desk;

    /// How long after a look the next one begins.
    fn pause(&self) -> Duration;

    /// Looks at what is new since `until`, up to where the last look saw everything. `begun` is now.
    fn look<'l>(
        &'l self,
        seen: &'l Self::Seen,
        until: Timestamp,
        begun: Timestamp,
    ) -> BoxFuture<'l, Result<Looked<Self::Seen>, LookFault>>;
}

/// What a look came to.
pub(super) struct Looked<S> {
    pub(super) seen: S,
    /// Up to when everything has been seen, for who starts anew.
    pub(super) synced: Timestamp,
}

/// Why a look failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookFault {
    #[error(transparent)]
    Tracker(#[from] ApiError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the look panicked")]
    Panicked,
}

enum LookoutMsg<S> {
    /// Looks. No reply.
    Look,
    /// The look is over. No reply.
    Looked(Box<Result<S, LookFault>>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// Starts looking, under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub(super) async fn start<W: Watch>(
    supervisor: &SupervisorHandle,
    watch: W,
) -> Result<(), StartFault> {
    supervisor.start(Arc::new(Gate { watch: Arc::new(watch), actor: Slot::empty() })).await
}

struct Gate<W: Watch> {
    watch: Arc<W>,
    actor: Slot<LookoutMsg<W::Seen>>,
}

impl<W: Watch> Child for Gate<W> {
    fn name(&self) -> String {
        W::KIND.to_owned()
    }

    fn kind(&self) -> &'static str {
        W::KIND
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let lookout = Lookout(std::marker::PhantomData::<fn() -> W>);
            let watch = self.watch.clone();
            let (actor, _) = Actor::spawn_linked(None, lookout, watch, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), LookoutMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Lookout<W>(std::marker::PhantomData<fn() -> W>);

struct State<W: Watch> {
    watch: Arc<W>,
    seen: Arc<W::Seen>,
    /// Everything up to here has been seen; unknown before the first look.
    until: Option<Timestamp>,
    begun: Timestamp,
    look: Option<AbortOnDropHandle<()>>,
}

impl<W: Watch> Actor for Lookout<W> {
    type Msg = LookoutMsg<W::Seen>;
    type State = State<W>;
    type Arguments = Arc<W>;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        watch: Arc<W>,
    ) -> Result<State<W>, ActorProcessingErr> {
        let _ = myself.cast(LookoutMsg::Look);
        Ok(State { watch, seen: Arc::default(), until: None, begun: clock::now(), look: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut State<W>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            LookoutMsg::Look => state.look(&myself),
            LookoutMsg::Looked(outcome) => state.looked(&myself, *outcome),
            LookoutMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }
}

impl<W: Watch> State<W> {
    fn look(&mut self, myself: &ActorRef<LookoutMsg<W::Seen>>) {
        self.begun = clock::now();
        let (until, begun) = (self.until, self.begun);
        let (watch, seen, myself) = (self.watch.clone(), self.seen.clone(), myself.clone());
        let work = async move {
            let look = AssertUnwindSafe(look(&*watch, &seen, until, begun)).catch_unwind();
            let outcome = look.await.unwrap_or(Err(LookFault::Panicked));
            // An actor that is gone looks no more.
            let _ = myself.cast(LookoutMsg::Looked(Box::new(outcome)));
        };
        let span = tracing::info_span!("ticketd.look", actor.kind = W::KIND);
        self.look = Some(AbortOnDropHandle::new(tokio::spawn(work.instrument(span))));
    }

    fn looked(
        &mut self,
        myself: &ActorRef<LookoutMsg<W::Seen>>,
        outcome: Result<W::Seen, LookFault>,
    ) {
        match outcome {
            Ok(seen) => (self.seen, self.until) = (Arc::new(seen), Some(self.begun)),
            Err(error) => tracing::warn!(%error, "what is new could not be looked through"),
        }
        myself.send_after(self.watch.pause(), || LookoutMsg::Look);
    }
}

async fn look<W: Watch>(
    watch: &W,
    seen: &W::Seen,
    until: Option<Timestamp>,
    begun: Timestamp,
) -> Result<W::Seen, LookFault> {
    let name = MailboxName::parse(W::CURSOR);
    let mut remembered = None;
    if let Some(name) = name.clone() {
        remembered = watch.desk().cursor(name).await?.map(|cursor| cursor.synced);
    }
    let until = until.or(remembered).unwrap_or_else(|| before(begun, FIRST_LOOK));
    let Looked { seen, synced } = watch.look(seen, until, begun).await?;
    let old = before(synced, REMEMBER_EVERY);
    if let (Some(name), true) = (name, remembered.is_none_or(|at| at < old)) {
        let cursor = Cursor { state: String::new(), synced, since: synced };
        watch.desk().read_up_to(name, cursor).await?;
    }
    Ok(seen)
}

/// So long before a time; the beginning of time at most.
pub(super) fn before(at: Timestamp, by: Duration) -> Timestamp {
    let by = jiff::SignedDuration::try_from(by).unwrap_or(jiff::SignedDuration::MAX);
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
