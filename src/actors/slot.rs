//! The place in a handle where the supervisor puts the actor's current life.
//!
//! A restart makes every old reference permanently dead, so handles ask here at each send.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use ractor::{ActorRef, Message, RpcReplyPort, rpc::CallResult};

/// Holds the actor while it lives.
pub(super) struct Slot<M>(RwLock<Option<ActorRef<M>>>);

impl<M: Message> Slot<M> {
    pub(super) fn empty() -> Self {
        Self(RwLock::new(None))
    }

    pub(super) fn get(&self) -> Option<ActorRef<M>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, actor: Option<ActorRef<M>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = actor;
    }
}

/// Whether the actor answers within the limit. One that is not there is not frozen.
pub(super) async fn answers<M: Message>(
    actor: Option<ActorRef<M>>,
    ping: fn(RpcReplyPort<()>) -> M,
    limit: Duration,
) -> bool {
    let Some(actor) = actor else { return true };
    !matches!(actor.call(ping, Some(limit)).await, Ok(CallResult::Timeout))
}
