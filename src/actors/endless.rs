//! The frame of an actor that is one task which never ends.
//!
//! Comes in: the end of its task, which has none but a defect. Goes out: whatever the task does. What
//! ends it: only the supervisor, which also begins it anew where the task ended or panicked.

use std::{marker::PhantomData, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio_util::task::AbortOnDropHandle;

use super::{
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};

/// What never ends.
pub(super) trait Endless: Send + Sync + 'static {
    /// For logs, metrics and the supervisor.
    const KIND: &'static str;

    /// Does it, for ever. May be dropped at any wait.
    fn run(&self) -> BoxFuture<'_, ()>;
}

/// Starts it under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub(super) async fn start<E: Endless>(
    supervisor: &SupervisorHandle,
    endless: Arc<E>,
) -> Result<(), StartFault> {
    supervisor.start(Arc::new(Gate { endless, actor: Slot::empty() })).await
}

enum EndlessMsg {
    /// The task is over, which it never should be. No reply.
    Ended,
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

struct Gate<E> {
    endless: Arc<E>,
    actor: Slot<EndlessMsg>,
}

impl<E: Endless> Child for Gate<E> {
    fn name(&self) -> String {
        E::KIND.to_owned()
    }

    fn kind(&self) -> &'static str {
        E::KIND
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let frame = Frame(PhantomData::<fn() -> E>);
            let endless = self.endless.clone();
            let (actor, _) = Actor::spawn_linked(None, frame, endless, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), EndlessMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Frame<E>(PhantomData<fn() -> E>);

impl<E: Endless> Actor for Frame<E> {
    type Msg = EndlessMsg;
    type State = AbortOnDropHandle<()>;
    type Arguments = Arc<E>;

    async fn pre_start(
        &self,
        myself: ActorRef<EndlessMsg>,
        endless: Arc<E>,
    ) -> Result<Self::State, ActorProcessingErr> {
        let work = async move {
            let _ = AssertUnwindSafe(endless.run()).catch_unwind().await;
            // An actor that is gone does no more.
            let _ = myself.cast(EndlessMsg::Ended);
        };
        Ok(AbortOnDropHandle::new(tokio::spawn(work)))
    }

    async fn handle(
        &self,
        _: ActorRef<EndlessMsg>,
        message: EndlessMsg,
        _: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EndlessMsg::Ended => Err("its task ended".into()),
            EndlessMsg::Ping(reply) => {
                let _ = reply.send(());
                Ok(())
            }
        }
    }
}
