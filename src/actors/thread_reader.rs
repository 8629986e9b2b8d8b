//! Reads what people say in the threads of tickets that have an issue.
//!
//! Comes in: ticks of its own clock, what a look came to. Goes out: new replies to the desk, which
//! takes each only once; they become comments. What ends it: only the supervisor. How far a channel
//! was read is kept after what was read is, so a reply is not lost when the process dies.

use std::{
    collections::{BTreeMap, HashSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    desk::Desk,
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, MattermostClient},
    model::{
        ids::{ChannelId, PostId},
        keys::MailboxName,
        post::{PostHead, SKEW},
    },
    store::{Cursor, StoreError},
};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause while Mattermost cannot be asked.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How much two looks overlap: a post may be stored later than its time says.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// What it works with.
#[derive(Clone)]
pub struct ReaderTools {
    /// The chat.
    pub mattermost: MattermostClient,
    /// The desk.
    pub desk: Desk,
}

enum ThreadReaderMsg {
    /// Looks. No reply.
    Look,
    /// The look is over: what it looked into. No reply.
    Looked(Result<Seen, LookFault>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// What a look has looked into.
#[derive(Default)]
struct Seen {
    /// Each channel, with when the oldest of its open tickets was opened.
    channels: BTreeMap<ChannelId, Timestamp>,
    /// Those that the bot may not read, for now.
    closed: HashSet<ChannelId>,
    /// One could not be read, for another reason.
    fault: Option<ApiError>,
}

#[derive(Debug, thiserror::Error)]
enum LookFault {
    #[error(transparent)]
    Chat(#[from] ApiError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the look panicked")]
    Panicked,
}

/// Starts reading, under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_thread_reader(
    supervisor: &SupervisorHandle,
    tools: ReaderTools,
) -> Result<(), StartFault> {
    supervisor.start(Arc::new(Gate { tools, actor: Slot::empty() })).await
}

struct Gate {
    tools: ReaderTools,
    actor: Slot<ThreadReaderMsg>,
}

impl Child for Gate {
    fn name(&self) -> String {
        self.kind().to_owned()
    }

    fn kind(&self) -> &'static str {
        "thread_reader"
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let tools = self.tools.clone();
            let (actor, _) = Actor::spawn_linked(None, ThreadReader, tools, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), ThreadReaderMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct ThreadReader;

struct State {
    tools: ReaderTools,
    seen: Arc<Seen>,
    failures: u32,
    look: Option<AbortOnDropHandle<()>>,
}

impl Actor for ThreadReader {
    type Msg = ThreadReaderMsg;
    type State = State;
    type Arguments = ReaderTools;

    async fn pre_start(
        &self,
        myself: ActorRef<ThreadReaderMsg>,
        tools: ReaderTools,
    ) -> Result<State, ActorProcessingErr> {
        let _ = myself.cast(ThreadReaderMsg::Look);
        Ok(State { tools, seen: Arc::default(), failures: 0, look: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<ThreadReaderMsg>,
        message: ThreadReaderMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ThreadReaderMsg::Look => state.look(&myself),
            ThreadReaderMsg::Looked(outcome) => state.looked(&myself, outcome),
            ThreadReaderMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }
}

impl State {
    fn look(&mut self, myself: &ActorRef<ThreadReaderMsg>) {
        let (tools, seen, myself) = (self.tools.clone(), self.seen.clone(), myself.clone());
        let work = async move {
            let look = AssertUnwindSafe(look(&tools, &seen)).catch_unwind();
            let outcome = look.await.unwrap_or(Err(LookFault::Panicked));
            // An actor that is gone looks no more.
            let _ = myself.cast(ThreadReaderMsg::Looked(outcome));
        };
        let span = tracing::info_span!("ticketd.threads");
        self.look = Some(AbortOnDropHandle::new(tokio::spawn(work.instrument(span))));
    }

    fn looked(&mut self, myself: &ActorRef<ThreadReaderMsg>, outcome: Result<Seen, LookFault>) {
        let fault = match outcome {
            Ok(mut seen) => {
                let fault = seen.fault.take();
                self.seen = Arc::new(seen);
                fault.map(LookFault::from)
            }
            Err(fault) => Some(fault),
        };
        if let Some(error) = fault {
            if self.failures == 0 {
                tracing::warn!(%error, "tickets' threads cannot be read; tried again");
            }
            self.failures = self.failures.saturating_add(1);
        } else {
            self.failures = 0;
        }
        let pause = PAUSE.saturating_mul(1 << self.failures.min(5)).min(PAUSE_MAX);
        myself.send_after(pause, || ThreadReaderMsg::Look);
    }
}

/// Looks into every channel that has open tickets with an issue, and once more into those that had:
/// the last words before a ticket was resolved. None that cannot be read holds up the others.
async fn look(tools: &ReaderTools, before: &Seen) -> Result<Seen, LookFault> {
    let mut seen = Seen { channels: tools.desk.filed_channels().await?, ..Seen::default() };
    let mut channels = before.channels.clone();
    channels.extend(seen.channels.clone());
    for (channel, opened) in channels {
        match look_into(tools, &channel, opened).await {
            Ok(()) => {}
            Err(LookFault::Chat(error)) if error.is_of_one_thing() => {
                if !before.closed.contains(&channel) {
                    tracing::warn!(
                        channel.id = %channel,
                        %error,
                        "the threads of a channel cannot be read; let the bot in"
                    );
                }
                seen.closed.insert(channel);
            }
            Err(LookFault::Chat(error)) => {
                // What was to be looked into once more is not forgotten for that.
                seen.channels.insert(channel, opened);
                seen.fault = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}

/// Reads a channel from where it was read up to; the first time, from its oldest open ticket on.
async fn look_into(
    tools: &ReaderTools,
    channel: &ChannelId,
    opened: Timestamp,
) -> Result<(), LookFault> {
    // No mailbox can have an id of 26 letters for a name and a cursor of this state.
    let Some(name) = MailboxName::parse(channel.as_str()) else { return Ok(()) };
    let known = tools.desk.cursor(name.clone()).await?.map(|cursor| cursor.synced);
    // Nothing before the oldest open ticket is an answer to one; of when, Mattermost's clock tells.
    let first = opened.saturating_sub(SKEW).unwrap_or(opened);
    let from = known.map_or(first, |known| known.max(first));
    let us = tools.mattermost.me().await?.id;
    let since = from.saturating_sub(OVERLAP).unwrap_or(from);
    let posts = tools.mattermost.posts_since(channel, since).await?;
    let newest = posts.iter().map(|post| post.created).max();
    // Asked between the two: a ticket that is made later has no answer among these posts.
    let unposted = tools.desk.oldest_unposted(channel.clone()).await?;
    for post in posts {
        if let Some(root) = said(&post).filter(|_| post.author != us) {
            tools.desk.replied(root.clone(), post.id.clone(), post.created).await?;
        }
    }
    // An answer to a post that the desk does not know yet is read once more when it does.
    let held = unposted.map(|opened| opened.saturating_sub(SKEW).unwrap_or(opened));
    let newest = newest.map(|newest| held.map_or(newest, |held| newest.min(held)));
    if let Some(synced) = newest.filter(|newest| *newest > from) {
        let cursor = Cursor { state: "channel".to_owned(), synced, since: synced };
        tools.desk.read_up_to(name, cursor).await?;
    }
    Ok(())
}

/// The thread that the post says something in.
fn said(post: &PostHead) -> Option<&PostId> {
    let spoken = !post.deleted && !post.message.trim().is_empty();
    post.root.as_ref().filter(|_| spoken)
}
