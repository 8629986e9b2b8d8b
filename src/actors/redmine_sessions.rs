//! Finds the session of a user, and has one started if there is none.
//!
//! Not an actor: the supervisor sees to it that a user has one session, and a live session is
//! reached without a detour.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorRef, ActorStatus, RpcReplyPort, SpawnErr};
use tokio::sync::oneshot;

use super::{
    redmine_session::{
        FormAnswer, FormSubmission, Order, RedmineSession, RedmineSessionMsg, SessionTools,
    },
    slot::answers,
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::model::ids::UserId;

/// Sessions that live at once; each idles out by itself.
const SESSIONS_MAX: usize = 10_000;

/// Who lives where. Written by the supervisor's one thread of thought, through [`Tenant`].
type Directory = RwLock<HashMap<UserId, ActorRef<RedmineSessionMsg>>>;

/// Reaches users' sessions; cheap to clone.
#[derive(Clone)]
pub struct RedmineSessions {
    supervisor: SupervisorHandle,
    tools: Arc<SessionTools>,
    directory: Arc<Directory>,
}

/// Why a user has no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    /// Too many users at once.
    #[error("{SESSIONS_MAX} sessions are alive already")]
    Full,
    /// The supervisor does not start it.
    #[error("the session is not there: {0}")]
    NotStarted(#[from] StartFault),
}

impl RedmineSessions {
    /// Nobody has a session yet.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, tools: SessionTools) -> Self {
        Self { supervisor, tools: Arc::new(tools), directory: Arc::default() }
    }

    /// Gives an order to the user's session. The answer arrives on the receiver; it is dropped
    /// unanswered if the session fails on the way.
    ///
    /// # Errors
    /// [`NoSession`].
    pub async fn run(
        &self,
        user: &UserId,
        order: Order,
    ) -> Result<oneshot::Receiver<String>, NoSession> {
        self.ask(user, |reply| RedmineSessionMsg::Run(order, reply)).await
    }

    /// Hands in a filled login form, as [`RedmineSessions::run`].
    ///
    /// # Errors
    /// [`NoSession`].
    pub async fn submit(
        &self,
        user: &UserId,
        form: FormSubmission,
    ) -> Result<oneshot::Receiver<FormAnswer>, NoSession> {
        self.ask(user, |reply| RedmineSessionMsg::Submit(form, reply)).await
    }

    async fn ask<T>(
        &self,
        user: &UserId,
        message: impl FnOnce(RpcReplyPort<T>) -> RedmineSessionMsg,
    ) -> Result<oneshot::Receiver<T>, NoSession> {
        let (reply, answer) = oneshot::channel();
        let session = match self.live(user) {
            Some(session) => session,
            None => self.start(user).await?,
        };
        // One that ended in this very moment drops the port, and the asker reads that it failed.
        let _ = session.cast(message(reply.into()));
        Ok(answer)
    }

    /// A session that drains takes nothing new: it counts as gone. One that was started a moment ago
    /// may not run yet, but what it is sent waits for it.
    fn live(&self, user: &UserId) -> Option<ActorRef<RedmineSessionMsg>> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.get(user).filter(|session| session.get_status() <= ActorStatus::Running).cloned()
    }

    async fn start(&self, user: &UserId) -> Result<ActorRef<RedmineSessionMsg>, NoSession> {
        let alive = self.directory.read().unwrap_or_else(PoisonError::into_inner).len();
        if alive >= SESSIONS_MAX {
            return Err(NoSession::Full);
        }
        let (user, tools) = (user.clone(), self.tools.clone());
        let tenant = Tenant { user: user.clone(), tools, directory: self.directory.clone() };
        self.supervisor.start(Arc::new(tenant)).await?;
        self.live(&user).ok_or(NoSession::NotStarted(StartFault::NotStarted))
    }
}

/// One user's session, as the supervisor knows it.
struct Tenant {
    user: UserId,
    tools: Arc<SessionTools>,
    directory: Arc<Directory>,
}

impl Tenant {
    fn note(&self, session: Option<ActorRef<RedmineSessionMsg>>) {
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        match session {
            Some(session) => directory.insert(self.user.clone(), session),
            None => directory.remove(&self.user),
        };
        self.tools.metrics.sessions(directory.len());
    }
}

impl Child for Tenant {
    fn name(&self) -> String {
        format!("redmine_session/{}", self.user)
    }

    fn kind(&self) -> &'static str {
        "redmine_session"
    }

    fn restart(&self) -> Restart {
        Restart::OnDemand
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let args = (self.user.clone(), self.tools.clone());
            let (session, _) = Actor::spawn_linked(None, RedmineSession, args, supervisor).await?;
            let cell = session.get_cell();
            self.note(Some(session));
            Ok(cell)
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        let session = directory.get(&self.user).cloned();
        Box::pin(answers(session, RedmineSessionMsg::Ping, limit))
    }

    fn gone(&self) {
        self.note(None);
    }
}
