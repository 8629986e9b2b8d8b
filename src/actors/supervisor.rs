//! Keeps the other actors alive.
//!
//! Comes in: `Start` from handles, death notices from ractor, `Frozen` from its own looks.
//! Goes out: children that live. A child that panics is started again at once; one that no longer
//! answers a ping is killed and replaced. What ends it: a child that must always run and used up
//! its restart budget. Then `failed` fires, and the process exits non-zero for systemd to restart.
//!
//! A child that runs on demand (one user's session) never ends the process: it may rest alone.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, ActorStatus, RpcReplyPort, SpawnErr,
    SupervisionEvent, rpc::CallResult,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use crate::telemetry::Metrics;

/// How often every child is asked whether it still answers.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a child may take to answer that.
const PING_LIMIT: Duration = Duration::from_millis(750);
/// How often in a row it must miss that to be taken for frozen: once is a busy machine, or a clock
/// that jumped.
const PINGS: usize = 2;
/// How long a handle waits for a child to be started.
const START_LIMIT: Duration = Duration::from_secs(1);
/// Failures of one child that are forgiven within [`WINDOW`].
const RESTARTS: usize = 5;
/// See [`RESTARTS`]. To find that many frozen ones takes 12 s, on a busy machine 18.
const WINDOW: Duration = Duration::from_secs(20);

/// When a child is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// At once, always; without it ticketd cannot work.
    Always,
    /// When somebody asks for it the next time.
    OnDemand,
}

/// What the supervisor must know of a child.
pub trait Child: Send + Sync + 'static {
    /// Unique among the supervisor's children. Stands in no log: it may hold a user id.
    fn name(&self) -> String;
    /// The kind of actor, for logs and metrics.
    fn kind(&self) -> &'static str;
    /// When to start it again.
    fn restart(&self) -> Restart;
    /// Starts it, linked to the supervisor, and makes it reachable for its handle.
    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>>;
    /// Asks it to answer within the limit.
    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool>;
    /// It has ended: nobody should send to it any more.
    fn gone(&self);
}

/// Why there is no child to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartFault {
    /// It failed too often and rests until its failures are old.
    #[error("it failed too often and rests")]
    Resting,
    /// It did not come up.
    #[error("it did not start")]
    NotStarted,
    /// It did not come up in time, or there is no supervisor any more.
    #[error("it was not started in time")]
    Late,
}

/// The supervisor's messages.
enum SupervisorMsg {
    /// Starts the child unless it lives. Always replies.
    Start(Arc<dyn Child>, RpcReplyPort<Result<(), StartFault>>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
    /// From now on children may end. No reply.
    Closing,
    /// Asks every child whether it still answers. No reply.
    Look,
    /// The child of this id did not answer. No reply.
    Frozen(ActorId),
    /// The pause before a restart is over. No reply.
    StartAgain(String),
}

/// Starts children; cheap to clone.
#[derive(Clone)]
pub struct SupervisorHandle {
    actor: ActorRef<SupervisorMsg>,
    failed: CancellationToken,
}

impl SupervisorHandle {
    /// Starts a supervisor without children.
    ///
    /// # Errors
    /// If the actor runtime refuses.
    pub async fn spawn(metrics: Metrics) -> Result<Self, SpawnErr> {
        let failed = CancellationToken::new();
        let (actor, life) = Actor::spawn(None, Supervisor, (metrics, failed.clone())).await?;
        let ended = failed.clone();
        // Nobody looks after the supervisor itself: if it ends, so must the process.
        tokio::spawn(async move {
            let _ = life.await;
            ended.cancel();
        });
        Ok(Self { actor, failed })
    }

    /// Starts the child unless it lives already.
    ///
    /// # Errors
    /// [`StartFault`]; nothing is left half started.
    pub async fn start(&self, child: Arc<dyn Child>) -> Result<(), StartFault> {
        let asked = self.actor.call(|reply| SupervisorMsg::Start(child, reply), Some(START_LIMIT));
        match asked.await {
            Ok(CallResult::Success(outcome)) => outcome,
            _ => Err(StartFault::Late),
        }
    }

    /// Whether the supervisor itself answers within the limit.
    pub async fn is_awake(&self, limit: Duration) -> bool {
        let pong = self.actor.call(SupervisorMsg::Ping, Some(limit)).await;
        matches!(pong, Ok(CallResult::Success(())))
    }

    /// Fires when a child that must always run cannot be kept alive, or the supervisor itself ends.
    #[must_use]
    pub fn failed(&self) -> &CancellationToken {
        &self.failed
    }

    /// Lets every child finish what it has, then ends them and itself.
    pub async fn drain(&self, limit: Duration) {
        let _ = self.actor.cast(SupervisorMsg::Closing);
        self.actor.drain_children_and_wait(Some(limit)).await;
        // Whoever still runs after that has had its time.
        let _ = self.actor.stop_and_wait(None, Some(limit)).await;
    }
}

/// The actor; [`SupervisorHandle::spawn`] is its only door.
struct Supervisor;

/// The supervisor's own knowledge of its children.
struct SupervisorState {
    children: HashMap<String, Lodger>,
    metrics: Metrics,
    failed: CancellationToken,
    closing: bool,
}

struct Lodger {
    child: Arc<dyn Child>,
    /// `None` while it is down.
    cell: Option<ActorCell>,
    budget: Budget,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = SupervisorState;
    type Arguments = (Metrics, CancellationToken);

    async fn pre_start(
        &self,
        myself: ActorRef<SupervisorMsg>,
        (metrics, failed): Self::Arguments,
    ) -> Result<SupervisorState, ActorProcessingErr> {
        myself.send_interval(LOOK_EVERY, || SupervisorMsg::Look);
        Ok(SupervisorState { children: HashMap::new(), metrics, failed, closing: false })
    }

    async fn handle(
        &self,
        myself: ActorRef<SupervisorMsg>,
        message: SupervisorMsg,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Start(child, reply) => {
                // The asker may have given up by now; the child lives all the same.
                let _ = reply.send(state.start(&myself, child).await);
            }
            SupervisorMsg::Ping(reply) => drop(reply.send(())),
            SupervisorMsg::Closing => state.closing = true,
            SupervisorMsg::Look => state.look(&myself),
            SupervisorMsg::Frozen(id) => state.replace_frozen(&myself, id),
            SupervisorMsg::StartAgain(name) => state.start_again(&myself, &name).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<SupervisorMsg>,
        event: SupervisionEvent,
        state: &mut SupervisorState,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            // The error is the panic's payload, which may hold anything; the panic's own line of the
            // log tells its place.
            SupervisionEvent::ActorFailed(who, _) => {
                state.ended(&myself, who.get_id(), Some("it panicked"));
            }
            SupervisionEvent::ActorTerminated(who, _, _) => {
                state.ended(&myself, who.get_id(), None);
            }
            _ => {}
        }
        Ok(())
    }
}

impl SupervisorState {
    async fn start(
        &mut self,
        myself: &ActorRef<SupervisorMsg>,
        child: Arc<dyn Child>,
    ) -> Result<(), StartFault> {
        let lodger = self.children.entry(child.name()).or_insert_with(|| Lodger {
            child,
            cell: None,
            budget: Budget::new(RESTARTS, WINDOW),
        });
        // One that drains has said goodbye already; its successor need not wait for its end.
        let status = lodger.cell.as_ref().map(ActorCell::get_status);
        if status.is_some_and(|status| status < ActorStatus::Draining) {
            return Ok(());
        }
        if lodger.budget.is_spent(Instant::now()) {
            return Err(StartFault::Resting);
        }
        let started = lodger.child.start(myself.get_cell()).await;
        lodger.cell = Some(started.map_err(|error| {
            tracing::error!(actor.kind = lodger.child.kind(), %error, "an actor does not start");
            StartFault::NotStarted
        })?);
        Ok(())
    }

    async fn start_again(&mut self, myself: &ActorRef<SupervisorMsg>, name: &str) {
        let Some(child) = self.children.get(name).map(|lodger| lodger.child.clone()) else {
            return;
        };
        let kind = child.kind();
        if let Err(error) = self.start(myself, child).await {
            tracing::error!(actor.kind = kind, %error, "an actor cannot be started again");
            self.failed.cancel();
        }
    }

    /// Pings go out side by side, and whoever is silent is reported back by message.
    fn look(&mut self, myself: &ActorRef<SupervisorMsg>) {
        let now = Instant::now();
        self.children.retain(|_, lodger| {
            let wanted = lodger.cell.is_some() || lodger.child.restart() == Restart::Always;
            wanted || !lodger.budget.is_fresh(now)
        });
        for lodger in self.children.values() {
            let Some(id) = lodger.cell.as_ref().map(ActorCell::get_id) else { continue };
            let (child, supervisor) = (lodger.child.clone(), myself.clone());
            tokio::spawn(async move {
                for _ in 0..PINGS {
                    if child.ping(PING_LIMIT).await {
                        return;
                    }
                }
                let _ = supervisor.cast(SupervisorMsg::Frozen(id));
            });
        }
    }

    fn replace_frozen(&mut self, myself: &ActorRef<SupervisorMsg>, id: ActorId) {
        let Some(cell) = self.find(id).and_then(|lodger| lodger.cell.clone()) else { return };
        // A kill ends it at its next await; one that never awaits is left behind, unreachable.
        cell.kill();
        self.ended(myself, id, Some("it no longer answers"));
    }

    /// `fault` is why it failed, or `None` if it ended as it should.
    fn ended(&mut self, myself: &ActorRef<SupervisorMsg>, id: ActorId, fault: Option<&str>) {
        let (failed, closing) = (self.failed.clone(), self.closing);
        let metrics = self.metrics.clone();
        // One that was replaced is no longer known by its old id.
        let Some(lodger) = self.find(id) else { return };
        lodger.cell = None;
        lodger.child.gone();
        let kind = lodger.child.kind();
        let left = lodger.child.restart() == Restart::Always && !closing;
        let Some(fault) = fault.or(left.then_some("it ended by itself")) else { return };
        metrics.actor_restarted(kind);
        let pause = lodger.budget.spend(Instant::now());
        tracing::error!(actor.kind = kind, cause = fault, "an actor failed");
        match (lodger.child.restart(), pause) {
            (Restart::OnDemand, _) => {}
            (Restart::Always, Some(pause)) => {
                let name = lodger.child.name();
                myself.send_after(pause, || SupervisorMsg::StartAgain(name));
            }
            (Restart::Always, None) => {
                tracing::error!(actor.kind = kind, "it failed too often; ticketd gives up");
                failed.cancel();
            }
        }
    }

    fn find(&mut self, id: ActorId) -> Option<&mut Lodger> {
        let mut lodgers = self.children.values_mut();
        lodgers.find(|lodger| lodger.cell.as_ref().is_some_and(|cell| cell.get_id() == id))
    }
}

#[cfg(test)]
mod tests;
