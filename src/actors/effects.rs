//! The loop of an actor that carries effects out: take what is due, try it, bring back the outcome.
//!
//! Comes in: word from the desk that there may be work, and what each try came to. Goes out: tries,
//! side by side, one a case. What ends it: only the supervisor; tries under way come to their end
//! first. A try that panics counts as unclear, and after a few times as dead: no mail of a kind that
//! ticketd cannot digest holds up another.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;

use super::{
    desk::{Desk, Task},
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::{
    clock, failpoint,
    model::{desk::Outcome, effect::Worker, keys::CaseId},
    store::StoreError,
};

mod outcomes;

pub(super) use outcomes::{
    fault_of, is_word, later, ours, plainly, read_failed, tracker_failed, write_failed,
};

/// Tries side by side.
const AT_ONCE: usize = 16;
/// Panics of one effect before it is dead.
const PANICS_MAX: u32 = 5;
/// The longest time without a look at the store.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What one kind of worker knows.
pub(super) trait Craft: Send + Sync + 'static {
    /// Whose effects it takes.
    const WORKER: Worker;
    /// For logs, metrics and the supervisor.
    const KIND: &'static str;

    /// Tries one effect, or looks for what an earlier try left. Every wait in it has a limit.
    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>>;
}

enum EffectsMsg {
    /// There may be work. No reply.
    Wake,
    /// The store was asked. No reply.
    Looked(Result<(Vec<Task>, Option<jiff::Timestamp>), StoreError>),
    /// A try came to its end. No reply.
    Finished(CaseId),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// Starts a worker under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub(super) async fn start<C: Craft>(
    supervisor: &SupervisorHandle,
    craft: Arc<C>,
    desk: Desk,
) -> Result<(), StartFault> {
    supervisor.start(Arc::new(Workshop { craft, desk, actor: Slot::empty() })).await
}

struct Workshop<C> {
    craft: Arc<C>,
    desk: Desk,
    actor: Slot<EffectsMsg>,
}

impl<C: Craft> Child for Workshop<C> {
    fn name(&self) -> String {
        C::KIND.to_owned()
    }

    fn kind(&self) -> &'static str {
        C::KIND
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let args = (self.craft.clone(), self.desk.clone());
            let actor = Effects(std::marker::PhantomData::<fn() -> C>);
            let (actor, _) = Actor::spawn_linked(None, actor, args, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), EffectsMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Effects<C>(std::marker::PhantomData<fn() -> C>);

struct State<C> {
    craft: Arc<C>,
    desk: Desk,
    busy: HashSet<CaseId>,
    looking: bool,
    look_again: bool,
    tries: TaskTracker,
    timer: Option<AbortOnDropHandle<()>>,
    _word: AbortOnDropHandle<()>,
}

impl<C: Craft> Actor for Effects<C> {
    type Msg = EffectsMsg;
    type State = State<C>;
    type Arguments = (Arc<C>, Desk);

    async fn pre_start(
        &self,
        myself: ActorRef<EffectsMsg>,
        (craft, desk): Self::Arguments,
    ) -> Result<State<C>, ActorProcessingErr> {
        let (words, waker) = (desk.clone(), myself.clone());
        let word = tokio::spawn(async move {
            loop {
                words.work_for(C::WORKER).await;
                if waker.cast(EffectsMsg::Wake).is_err() {
                    return;
                }
            }
        });
        let _ = myself.cast(EffectsMsg::Wake);
        Ok(State {
            craft,
            desk,
            busy: HashSet::new(),
            looking: false,
            look_again: false,
            tries: TaskTracker::new(),
            timer: None,
            _word: AbortOnDropHandle::new(word),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<EffectsMsg>,
        message: EffectsMsg,
        state: &mut State<C>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EffectsMsg::Wake => state.look(&myself),
            EffectsMsg::Looked(found) => state.take_up(&myself, found),
            EffectsMsg::Finished(case) => {
                state.busy.remove(&case);
                state.look(&myself);
            }
            EffectsMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<EffectsMsg>,
        state: &mut State<C>,
    ) -> Result<(), ActorProcessingErr> {
        state.tries.close();
        state.tries.wait().await;
        Ok(())
    }
}

impl<C: Craft> State<C> {
    fn look(&mut self, myself: &ActorRef<EffectsMsg>) {
        if self.looking {
            self.look_again = true;
            return;
        }
        let free = AT_ONCE.saturating_sub(self.busy.len());
        if free == 0 {
            return;
        }
        self.looking = true;
        let (desk, busy, myself) = (self.desk.clone(), self.busy.clone(), myself.clone());
        self.tries.spawn(async move {
            let found = desk.due(C::WORKER, free, busy).await;
            // An actor that is gone looks no more.
            let _ = myself.cast(EffectsMsg::Looked(found));
        });
    }

    fn take_up(
        &mut self,
        myself: &ActorRef<EffectsMsg>,
        found: Result<(Vec<Task>, Option<jiff::Timestamp>), StoreError>,
    ) {
        self.looking = false;
        let pause = match found {
            Ok((tasks, next)) => {
                for task in tasks {
                    self.begin(myself, task);
                }
                next.map_or(LOOK_EVERY, |next| {
                    let wait = next.duration_since(clock::now());
                    Duration::try_from(wait).unwrap_or_default().min(LOOK_EVERY)
                })
            }
            Err(error) => {
                tracing::error!(actor.kind = C::KIND, %error, "the store does not say what is due");
                STORE_PAUSE
            }
        };
        if std::mem::take(&mut self.look_again) {
            return self.look(myself);
        }
        let myself = myself.clone();
        self.timer = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
            let _ = myself.cast(EffectsMsg::Wake);
        })));
    }

    fn begin(&mut self, myself: &ActorRef<EffectsMsg>, task: Task) {
        let (id, case) = (task.effect.id, task.case.id);
        if !self.busy.insert(case) {
            return;
        }
        let span = tracing::info_span!(
            "ticketd.effect",
            effect.id = %id,
            effect.work = task.effect.work.word(),
            attempt = task.effect.failures,
        );
        let (craft, desk, myself) = (self.craft.clone(), self.desk.clone(), myself.clone());
        let work = async move {
            carry_out(craft, &desk, task).await;
            let _ = myself.cast(EffectsMsg::Finished(case));
        };
        self.tries.spawn(work.instrument(span));
    }
}

async fn carry_out<C: Craft>(craft: Arc<C>, desk: &Desk, task: Task) {
    let (id, panics) = (task.effect.id, task.effect.trace.panics);
    failpoint::hit("effects.carry_out").await;
    let tried = AssertUnwindSafe(craft.carry_out(task)).catch_unwind().await;
    let outcome = match tried {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            tracing::error!(%error, "the store failed in the middle of a try");
            tokio::time::sleep(STORE_PAUSE).await;
            return;
        }
        Err(_) if panics + 1 >= PANICS_MAX => Outcome::Refused { fault: "it panicked".into() },
        Err(_) => Outcome::Panicked,
    };
    outcomes::tell(id, &outcome);
    failpoint::hit("effects.settle").await;
    if let Err(error) = desk.settle(id, outcome).await {
        tracing::error!(%error, "the store does not take up what a try came to");
        tokio::time::sleep(STORE_PAUSE).await;
    }
    failpoint::hit("effects.settled").await;
}
