//! Delivers what did not make it into a slash command's own answer.
//!
//! Comes in: `Deliver` with a response hook and the text. Goes out: one call, repeated only where
//! the first surely had no effect. What ends it: only the supervisor, and what is on its way comes
//! first. A late answer that cannot be delivered is logged; the command that it speaks of was
//! carried out all the same.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use futures_util::future::BoxFuture;
use ractor::{
    Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, rpc::CallResult,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, MattermostClient},
    failpoint,
    model::ids::ResponseHook,
};

/// Deliveries on their way at once; more are refused rather than piled up.
const IN_FLIGHT_MAX: usize = 256;
/// How long a caller waits for its text to be taken over: longer than a frozen deliverer stands.
const ACCEPT_LIMIT: Duration = Duration::from_secs(5);
/// The pause before a text is given to the deliverer's next life.
const NEXT_LIFE: Duration = Duration::from_millis(50);
/// A response hook takes five posts; a late answer needs one and may retry twice.
const RETRIES: usize = 2;

enum LateAnswersMsg {
    /// Delivers a text. Replies at once whether it was taken over.
    Deliver(ResponseHook, String, RpcReplyPort<bool>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// Reaches the deliverer, whichever of its lives it is in.
#[derive(Clone)]
pub struct LateAnswers(Arc<Desk>);

struct Desk {
    mattermost: MattermostClient,
    actor: Slot<LateAnswersMsg>,
}

impl LateAnswers {
    /// Starts the deliverer under the supervisor.
    ///
    /// # Errors
    /// As [`SupervisorHandle::start`].
    pub async fn start(
        supervisor: &SupervisorHandle,
        mattermost: MattermostClient,
    ) -> Result<Self, StartFault> {
        let desk = Arc::new(Desk { mattermost, actor: Slot::empty() });
        supervisor.start(desk.clone()).await?;
        Ok(Self(desk))
    }

    /// Hands over a late answer, within 5 s. `false` if the deliverer cannot take it.
    pub async fn deliver(&self, hook: ResponseHook, text: String) -> bool {
        tokio::time::timeout(ACCEPT_LIMIT, self.hand_over(hook, text)).await.unwrap_or(false)
    }

    /// A text that died with the deliverer was not sent: the reply comes right after the start of the
    /// delivery. So its next life gets it again.
    async fn hand_over(&self, hook: ResponseHook, text: String) -> bool {
        loop {
            if let Some(actor) = self.0.actor.get() {
                let (hook, text) = (hook.clone(), text.clone());
                let ask = |reply| LateAnswersMsg::Deliver(hook, text, reply);
                if let Ok(CallResult::Success(taken)) = actor.call(ask, None).await {
                    return taken;
                }
            }
            tokio::time::sleep(NEXT_LIFE).await;
        }
    }
}

impl Child for Desk {
    fn name(&self) -> String {
        self.kind().to_owned()
    }

    fn kind(&self) -> &'static str {
        "late_answers"
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let args = self.mattermost.clone();
            let (actor, _) = Actor::spawn_linked(None, Deliverer, args, supervisor).await?;
            let cell = actor.get_cell();
            self.actor.set(Some(actor));
            Ok(cell)
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), LateAnswersMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Deliverer;

struct State {
    mattermost: MattermostClient,
    deliveries: TaskTracker,
}

impl Actor for Deliverer {
    type Msg = LateAnswersMsg;
    type State = State;
    type Arguments = MattermostClient;

    async fn pre_start(
        &self,
        _: ActorRef<LateAnswersMsg>,
        mattermost: MattermostClient,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { mattermost, deliveries: TaskTracker::new() })
    }

    async fn handle(
        &self,
        _: ActorRef<LateAnswersMsg>,
        message: LateAnswersMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        failpoint::hit("late_answers.handle").await;
        match message {
            LateAnswersMsg::Deliver(hook, text, reply) => {
                let taken = state.deliveries.len() < IN_FLIGHT_MAX;
                if taken {
                    state.deliver(hook, text);
                }
                let _ = reply.send(taken);
            }
            LateAnswersMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }

    /// What is on its way arrives before the process ends.
    async fn post_stop(
        &self,
        _: ActorRef<LateAnswersMsg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.deliveries.close();
        state.deliveries.wait().await;
        Ok(())
    }
}

impl State {
    fn deliver(&self, hook: ResponseHook, text: String) {
        let mattermost = self.mattermost.clone();
        let work = async move {
            // A repeat after an unclear outcome could show the answer twice: it is not repeated.
            let outcome = (|| mattermost.deliver(&hook, &text))
                .retry(ExponentialBuilder::default().with_max_times(RETRIES))
                .adjust(|error, pause| match error {
                    ApiError::RateLimited { after: Some(after), .. } => Some(*after),
                    _ => pause,
                })
                .when(|error| {
                    matches!(error, ApiError::Unavailable { .. } | ApiError::RateLimited { .. })
                })
                .await;
            match outcome {
                Ok(()) => tracing::debug!("a late answer was delivered"),
                Err(error) => tracing::warn!(%error, "a late answer could not be delivered"),
            }
        };
        self.deliveries.spawn(work.in_current_span());
    }
}
