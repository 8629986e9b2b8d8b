//! `/ticket`: opens forms, takes them filled in, hears buttons, and answers what is asked about
//! tickets.
//!
//! Comes in: what somebody typed, sent in or pressed. Goes out: an answer for them alone, always,
//! unless its task dies; what the channel sees is the poster's affair. What ends it: only the
//! supervisor; what was begun comes to its end first.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use fluent_bundle::FluentValue;
use futures_util::future::BoxFuture;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use url::Url;

pub use self::channels::Channels;
use self::dialog::Dialogs;
use super::{
    desk::Desk,
    late_answers::LateAnswers,
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::{
    clients::MattermostClient,
    config,
    locale::{Locale, Texts},
    model::{
        ids::{ChannelId, PostId, ResponseHook, TeamId, UserId},
        keys::Tracker,
        ticket::Person,
        ticket_command::{TicketCommand, TicketCommandFault},
    },
    telemetry::Metrics,
};

mod channels;
mod command;
mod dialog;
mod form;
mod link;
mod open;
mod press;
mod submit;

/// What is done at once; more is refused. Each waits for Mattermost or the store most of the time.
const AT_ONCE: usize = 256;

/// What the broker works with.
pub struct BrokerTools {
    /// The chat.
    pub mattermost: MattermostClient,
    /// The desk.
    pub desk: Desk,
    /// Delivers confirmations.
    pub late: LateAnswers,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// The channels' language.
    pub locale: Locale,
    /// The forms.
    pub config: config::Ticket,
    /// Where the issues of a form's tickets are made, by its name; one that is not here makes none.
    pub places: BTreeMap<String, (Tracker, String)>,
    /// Where Mattermost sends filled forms.
    pub submit_url: Url,
    /// Mattermost, as its users reach it.
    pub chat_url: Url,
    /// Channels by their names, as they were last found.
    pub channels: Channels,
    /// Counters.
    pub metrics: Metrics,
}

/// Something that was typed after `/ticket`.
pub struct TicketOrder {
    /// What was typed.
    pub text: String,
    /// By whom.
    pub user: Person,
    /// Where.
    pub team: TeamId,
    /// Where.
    pub channel: ChannelId,
    /// What that is called; two ids with `__` between them for direct messages.
    pub channel_name: String,
    /// Who is mentioned in it, as far as Mattermost says.
    pub mentioned: Vec<Person>,
    /// The language of the answer.
    pub locale: Locale,
    /// Where a later answer goes.
    pub hook: Option<ResponseHook>,
    /// What a form is opened with, within 3 s.
    pub trigger_id: Option<String>,
}

/// A form that came back.
pub struct FilledForm {
    /// What it was opened with.
    pub state: String,
    /// Who sent it in: only this is vouched for by Mattermost.
    pub user: UserId,
    /// Where they say that they are.
    pub channel: ChannelId,
    /// They closed it instead.
    pub cancelled: bool,
    /// What was filled in, by field.
    pub fields: Map<String, Value>,
    /// The language of the answer.
    pub locale: Locale,
}

/// What a form shows next.
#[derive(Debug, PartialEq, Eq)]
pub enum FormSays {
    /// Nothing: it closes.
    Closed,
    /// A sentence under each of these fields; it stays open with what was typed.
    Faults(BTreeMap<String, String>),
    /// A sentence under the whole form, which stays open.
    Refused(String),
}

/// A button that was pressed, or an option that was chosen.
pub struct Press {
    /// What the button carries.
    pub context: Value,
    /// By whom.
    pub user: Person,
    /// On which post.
    pub post: PostId,
    /// What was chosen.
    pub chosen: Option<String>,
    /// The language of the answer.
    pub locale: Locale,
}

/// There is no broker, for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dialog broker is being started")]
pub struct NoBroker;

enum DialogBrokerMsg {
    /// Does what was typed. Replies with what only the asker reads; nothing if that is empty.
    Run(TicketOrder, RpcReplyPort<String>),
    /// Takes a filled form. Replies with what the form shows.
    Submit(FilledForm, RpcReplyPort<FormSays>),
    /// Does what a button says. Replies with what only the presser reads; nothing if that is empty.
    Press(Press, RpcReplyPort<String>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// Reaches the broker, whichever of its lives it is in.
#[derive(Clone)]
pub struct DialogBroker(Arc<Counter>);

struct Counter {
    tools: Arc<BrokerTools>,
    dialogs: Arc<Dialogs>,
    actor: Slot<DialogBrokerMsg>,
}

impl DialogBroker {
    /// Starts the broker under the supervisor.
    ///
    /// # Errors
    /// As [`SupervisorHandle::start`].
    pub async fn start(
        supervisor: &SupervisorHandle,
        tools: BrokerTools,
    ) -> Result<Self, StartFault> {
        let dialogs = Arc::new(Dialogs::new(&tools.config.forms, &tools.texts));
        let counter = Counter { tools: Arc::new(tools), dialogs, actor: Slot::empty() };
        let counter = Arc::new(counter);
        supervisor.start(counter.clone()).await?;
        Ok(Self(counter))
    }

    /// Hands in what was typed. The answer comes through the receiver, however long it takes; it
    /// ends without one if the task dies.
    ///
    /// # Errors
    /// [`NoBroker`].
    pub fn run(&self, order: TicketOrder) -> Result<oneshot::Receiver<String>, NoBroker> {
        self.ask(|reply| DialogBrokerMsg::Run(order, reply))
    }

    /// Hands in a filled form, as [`Self::run`].
    ///
    /// # Errors
    /// [`NoBroker`].
    pub fn submit(&self, form: FilledForm) -> Result<oneshot::Receiver<FormSays>, NoBroker> {
        self.ask(|reply| DialogBrokerMsg::Submit(form, reply))
    }

    /// Hands in a button that was pressed, as [`Self::run`].
    ///
    /// # Errors
    /// [`NoBroker`].
    pub fn press(&self, press: Press) -> Result<oneshot::Receiver<String>, NoBroker> {
        self.ask(|reply| DialogBrokerMsg::Press(press, reply))
    }

    fn ask<T>(
        &self,
        message: impl FnOnce(RpcReplyPort<T>) -> DialogBrokerMsg,
    ) -> Result<oneshot::Receiver<T>, NoBroker> {
        let (reply, answer) = oneshot::channel();
        let actor = self.0.actor.get().ok_or(NoBroker)?;
        actor.cast(message(reply.into())).map_err(|_| NoBroker)?;
        Ok(answer)
    }
}

impl Child for Counter {
    fn name(&self) -> String {
        self.kind().to_owned()
    }

    fn kind(&self) -> &'static str {
        "dialog_broker"
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let args = (self.tools.clone(), self.dialogs.clone());
            let (actor, _) = Actor::spawn_linked(None, Broker, args, supervisor).await?;
            let cell = actor.get_cell();
            self.actor.set(Some(actor));
            Ok(cell)
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), DialogBrokerMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct Broker;

struct State {
    tools: Arc<BrokerTools>,
    dialogs: Arc<Dialogs>,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Actor for Broker {
    type Msg = DialogBrokerMsg;
    type State = State;
    type Arguments = (Arc<BrokerTools>, Arc<Dialogs>);

    async fn pre_start(
        &self,
        _: ActorRef<DialogBrokerMsg>,
        (tools, dialogs): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Ok(State { tools, dialogs, places, tasks: TaskTracker::new() })
    }

    async fn handle(
        &self,
        _: ActorRef<DialogBrokerMsg>,
        message: DialogBrokerMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            DialogBrokerMsg::Run(order, reply) => {
                state.begin(order.locale, reply, |busy| busy, |clerk| clerk.run(order));
            }
            DialogBrokerMsg::Submit(form, reply) => {
                state.begin(form.locale, reply, FormSays::Refused, |clerk| clerk.submit(form));
            }
            DialogBrokerMsg::Press(press, reply) => {
                state.begin(press.locale, reply, |busy| busy, |clerk| clerk.press(press));
            }
            DialogBrokerMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _: ActorRef<DialogBrokerMsg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.tasks.close();
        state.tasks.wait().await;
        Ok(())
    }
}

impl State {
    /// Starts what there is to do, where there is room for it.
    fn begin<T, F>(
        &self,
        locale: Locale,
        reply: RpcReplyPort<T>,
        refused: impl FnOnce(String) -> T,
        work: impl FnOnce(Clerk) -> F,
    ) where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (tools, dialogs) = (self.tools.clone(), self.dialogs.clone());
        let clerk = Clerk { tools, dialogs, locale, tasks: self.tasks.clone() };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            self.tools.metrics.shed("tickets");
            drop(reply.send(refused(clerk.say("overloaded", &[]))));
            return;
        };
        // On the heap at once: a task is moved several times before it runs, and this one is large.
        let work = Box::pin(work(clerk));
        self.tasks.spawn(answer(place, work, reply).in_current_span());
    }
}

/// Whoever asked may be gone: then the answer finds nobody.
async fn answer<T>(
    place: OwnedSemaphorePermit,
    work: impl Future<Output = T>,
    reply: RpcReplyPort<T>,
) {
    drop(reply.send(work.await));
    drop(place);
}

/// Serves one request, in its language.
struct Clerk {
    tools: Arc<BrokerTools>,
    dialogs: Arc<Dialogs>,
    locale: Locale,
    /// What goes on behind its answer.
    tasks: TaskTracker,
}

impl Clerk {
    async fn run(self, order: TicketOrder) -> String {
        let is_form = |name: &str| self.tools.config.forms.iter().any(|form| form.name == name);
        let command = TicketCommand::parse(&order.text, is_form);
        let (name, said) = match command {
            Err(TicketCommandFault::NoNumber(command)) => {
                ("unclear", Ok(self.say("ticket-no-number", &[("command", command.into())])))
            }
            Err(TicketCommandFault::Nobody) => ("unclear", Ok(self.say("ticket-nobody", &[]))),
            Err(TicketCommandFault::NoPriority) => {
                ("unclear", Ok(self.say("ticket-no-priority", &[])))
            }
            Err(TicketCommandFault::Unknown) => ("unclear", Ok(self.say("ticket-no-command", &[]))),
            Ok(TicketCommand::Help) => ("help", Ok(self.help())),
            Ok(TicketCommand::Open { form, text }) => {
                ("open", self.open(order, &form, &text).await)
            }
            Ok(TicketCommand::List) => ("list", self.list(&order).await),
            Ok(TicketCommand::Mine) => ("mine", self.mine(&order).await),
            Ok(TicketCommand::Show(number)) => ("show", self.show(&order, number).await),
            Ok(TicketCommand::Take(number)) => ("take", self.take(&order, number).await),
            Ok(TicketCommand::Resolve(number)) => ("resolve", self.resolve(&order, number).await),
            Ok(TicketCommand::Reopen(number)) => ("reopen", self.reopen(&order, number).await),
            Ok(TicketCommand::Prioritise(number, to)) => {
                ("priority", self.prioritise(&order, number, to).await)
            }
            Ok(TicketCommand::Assign(number, who)) => {
                ("assign", self.assign(&order, number, &who).await)
            }
        };
        self.tools.metrics.ticket(name, if said.is_ok() { "ok" } else { "failed" });
        said.unwrap_or_else(|failure| self.explain(failure))
    }

    fn say(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.tools.texts.say(self.locale, key, args)
    }
}
