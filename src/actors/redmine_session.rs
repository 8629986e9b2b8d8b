//! One Mattermost user's session with Redmine.
//!
//! Comes in: an `Order` (a parsed command) or a filled login form. Goes out: calls to Redmine with
//! the user's own key, and one answer each in the user's language. The key is in memory only while
//! the session lives. What ends it: half an hour of silence; the next order starts another.
//!
//! Failures are answers. If a task dies its reply port is dropped, and the asker reads that.

mod asker;
mod close;
mod comment;
mod create;
mod failure;
mod issue;
mod list;
mod login;
mod me;
mod projects;
mod search;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use url::Url;

pub use self::login::{FormAnswer, FormSubmission};
use self::{
    asker::{Asker, Checked},
    failure::Failure,
    login::PendingForm,
};
use crate::{
    actors::late_answers::LateAnswers,
    clients::{ApiError, MattermostClient, RedmineClient},
    failpoint,
    locale::{Locale, Texts},
    model::{
        command::RedmineCommand,
        ids::{ResponseHook, UserId},
        login::RedmineLogin,
    },
    store::Store,
    telemetry::Metrics,
};

/// Commands of one user that run at once; a further one is told to wait.
const AT_ONCE: usize = 8;
/// Silence after which the key leaves the memory. Longer than a login form lives.
const IDLE_LIMIT: Duration = Duration::from_mins(30);

/// What every session works with.
pub struct SessionTools {
    /// Redmine.
    pub redmine: RedmineClient,
    /// Opens the login form.
    pub mattermost: MattermostClient,
    /// Takes what comes too late for an answer.
    pub late: LateAnswers,
    /// Keeps the logins.
    pub store: Store,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// The status that `close` prefers, by name.
    pub close_status: Option<String>,
    /// Where Mattermost sends filled login forms; `None` without a public URL.
    pub form_url: Option<Url>,
    /// Counters.
    pub metrics: Metrics,
}

/// A command and what its answer needs.
pub struct Order {
    /// What to do.
    pub command: RedmineCommand,
    /// The language of the answer.
    pub locale: Locale,
    /// Where a later answer goes.
    pub hook: Option<ResponseHook>,
    /// What a form is opened with, within 3 s.
    pub trigger_id: Option<String>,
}

/// The session's messages.
pub(super) enum RedmineSessionMsg {
    /// Carries out a command. Replies with the answer's text unless its task dies.
    Run(Order, RpcReplyPort<String>),
    /// Takes a filled login form. Replies with what the form shows unless its task dies.
    Submit(FormSubmission, RpcReplyPort<FormAnswer>),
    /// Redmine has confirmed a login that was begun in this era: keep it, unless the user has
    /// signed out since. Replies when it is in the store, though not yet when it is durable.
    Confirmed(RedmineLogin, Era, RpcReplyPort<Result<(), Failure>>),
    /// Replies at once; also the moment to leave when nobody has asked for long.
    Ping(RpcReplyPort<()>),
}

/// The actor.
pub(super) struct RedmineSession;

/// One user's session.
pub(super) struct Session {
    user: UserId,
    tools: Arc<SessionTools>,
    login: Option<Arc<RedmineLogin>>,
    checked: Checked,
    form: Option<PendingForm>,
    at_once: Arc<Semaphore>,
    tasks: TaskTracker,
    last_used: Instant,
    era: Era,
}

/// Counts the user's sign-outs: what began before one must not land after it.
pub(super) type Era = u64;

impl Actor for RedmineSession {
    type Msg = RedmineSessionMsg;
    type State = Session;
    type Arguments = (UserId, Arc<SessionTools>);

    async fn pre_start(
        &self,
        _: ActorRef<RedmineSessionMsg>,
        (user, tools): Self::Arguments,
    ) -> Result<Session, ActorProcessingErr> {
        // A row that cannot be read must not keep its owner from signing in or out.
        let login = tools.store.logins().of(&user).unwrap_or_else(|error| {
            tracing::error!(%error, "a stored login cannot be read");
            None
        });
        let login = login.map(Arc::new);
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Session {
            user,
            tools,
            login,
            checked: Checked::default(),
            form: None,
            at_once,
            tasks: TaskTracker::new(),
            last_used: Instant::now(),
            era: 0,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<RedmineSessionMsg>,
        message: RedmineSessionMsg,
        session: &mut Session,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RedmineSessionMsg::Run(order, reply) => {
                failpoint::hit("redmine_session.run").await;
                session.run(&myself, order, reply);
            }
            RedmineSessionMsg::Submit(form, reply) => session.submit(&myself, form, reply),
            RedmineSessionMsg::Confirmed(login, era, reply) => {
                drop(reply.send(session.remember(login, era)));
            }
            RedmineSessionMsg::Ping(reply) => {
                drop(reply.send(()));
                if session.is_idle() {
                    myself.drain()?;
                }
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<RedmineSessionMsg>,
        session: &mut Session,
    ) -> Result<(), ActorProcessingErr> {
        session.finish().await;
        Ok(())
    }
}

impl Session {
    /// What a command has begun is ended: a write is not left without the look after it.
    async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn run(
        &mut self,
        myself: &ActorRef<RedmineSessionMsg>,
        order: Order,
        reply: RpcReplyPort<String>,
    ) {
        self.last_used = Instant::now();
        let asker = self.asker(order.locale);
        let Some(place) = self.place() else {
            drop(reply.send(asker.say("redmine-busy", &[("count", AT_ONCE.into())])));
            return;
        };
        let name = order.command.name();
        let work = self.work(myself.clone(), order, asker.clone());
        self.tasks.spawn(answer(asker, place, name, work, reply).in_current_span());
    }

    /// What there is to do, one line a command. What must not race with other commands is done
    /// here and now; the rest waits for Redmine in a task.
    fn work(&mut self, myself: ActorRef<RedmineSessionMsg>, order: Order, who: Arc<Asker>) -> Work {
        match order.command {
            RedmineCommand::Help => Box::pin(async move { Ok(who.say("redmine-help", &[])) }),
            RedmineCommand::Login(form) => {
                Box::pin(async move { login::with_key(&who, &myself, &form).await })
            }
            RedmineCommand::OpenLogin => {
                let state = self.expect_form(order.hook);
                Box::pin(async move { login::open_form(&who, order.trigger_id, &state).await })
            }
            RedmineCommand::Logout => {
                let forgotten = self.forget();
                Box::pin(async move { login::logout(&who, forgotten?).await })
            }
            RedmineCommand::Me => Box::pin(async move { me::run(&who).await }),
            RedmineCommand::List(query) => Box::pin(async move { list::run(&who, &query).await }),
            RedmineCommand::Issue(id) => Box::pin(async move { issue::run(&who, id).await }),
            RedmineCommand::Close(id, note) => {
                Box::pin(async move { close::run(&who, id, note.as_deref()).await })
            }
            RedmineCommand::Create(project, subject) => {
                Box::pin(async move { create::run(&who, &project, &subject).await })
            }
            RedmineCommand::Comment(id, text) => {
                Box::pin(async move { comment::run(&who, id, &text).await })
            }
            RedmineCommand::Search(query) => {
                Box::pin(async move { search::run(&who, &query).await })
            }
            RedmineCommand::Projects(page) => {
                Box::pin(async move { projects::run(&who, page).await })
            }
        }
    }

    fn asker(&self, locale: Locale) -> Arc<Asker> {
        Arc::new(Asker {
            tools: self.tools.clone(),
            locale,
            login: self.login.clone(),
            checked: self.checked.clone(),
            era: self.era,
        })
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.at_once.clone().try_acquire_owned().ok()
    }

    fn is_idle(&self) -> bool {
        self.last_used.elapsed() >= IDLE_LIMIT && self.at_once.available_permits() == AT_ONCE
    }
}

type Work = BoxFuture<'static, Result<String, Failure>>;

/// Does the work, says in the user's language how it went, counts it, and gives the place free.
async fn answer(
    asker: Arc<Asker>,
    place: OwnedSemaphorePermit,
    name: &'static str,
    work: Work,
    reply: RpcReplyPort<String>,
) {
    let outcome = work.await;
    tracing::debug!(command = name, "a command was carried out");
    if let Err(Failure::Remote(ApiError::Unauthorized { .. }, _)) = outcome {
        // Redmine has changed its mind on the key: what it said before no longer holds.
        asker.checked.forget();
    }
    asker.tools.metrics.command(name, outcome.as_ref().map_or_else(Failure::kind, |_| "ok"));
    let text = outcome.unwrap_or_else(|failure| {
        failure.log(name);
        failure.sentence(&asker)
    });
    // The asker may be gone: then the answer finds nobody, which is no fault of the command.
    drop(reply.send(text));
    drop(place);
}
