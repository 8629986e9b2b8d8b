//! Reads one mailbox: news as the server pushes them, and a look of its own now and then.
//!
//! Comes in: news from the event stream, ticks of its own clock, what a round came to. Goes out:
//! rounds (see `round`), one at a time, and a connection for news. What ends it: only the
//! supervisor. A server that is away or does not push only makes it slower.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    desk::{Desk, Recorded},
    herald::Herald,
    mailboxes::Mailbox,
    slot::{Slot, answers},
    supervisor::{Child, Restart, StartFault, SupervisorHandle},
};
use crate::clients::{ApiError, SignInFault};

mod look_back;
mod news;
mod pace;
mod round;
mod subscriptions;
mod sweep;

use look_back::LookBack;
use pace::Pace;
use round::{CATCH_UP, Round, RoundFault};
pub(super) use sweep::{Swept, reread, sweep};

/// The pause after a round failed; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(2);
/// The least time between two looks: our own answers are news as well.
const GAP: Duration = Duration::from_millis(50);

enum MailboxStreamerMsg {
    /// It is time for a look of our own. No reply.
    Look,
    /// There may be news. No reply.
    News,
    /// The event stream stands, or not any more. No reply.
    Pushed(bool),
    /// The round is over. No reply.
    Rounded(Result<Round, RoundFault>),
    /// Replies at once.
    Ping(RpcReplyPort<()>),
}

/// Starts the streamer of one mailbox under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_mailbox_streamer(
    supervisor: &SupervisorHandle,
    mailbox: Arc<Mailbox>,
    desk: Desk,
    herald: Option<Herald>,
) -> Result<(), StartFault> {
    supervisor.start(Arc::new(Gate { mailbox, desk, herald, actor: Slot::empty() })).await
}

struct Gate {
    mailbox: Arc<Mailbox>,
    desk: Desk,
    herald: Option<Herald>,
    actor: Slot<MailboxStreamerMsg>,
}

impl Child for Gate {
    fn name(&self) -> String {
        format!("mailbox_streamer {}", self.mailbox.name)
    }

    fn kind(&self) -> &'static str {
        "mailbox_streamer"
    }

    fn restart(&self) -> Restart {
        Restart::Always
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let args = (self.mailbox.clone(), self.desk.clone(), self.herald.clone());
            let (actor, _) = Actor::spawn_linked(None, MailboxStreamer, args, supervisor).await?;
            self.actor.set(Some(actor.clone()));
            Ok(actor.get_cell())
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), MailboxStreamerMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

struct MailboxStreamer;

struct State {
    mailbox: Arc<Mailbox>,
    desk: Desk,
    /// Who tells the chat what a person must do.
    herald: Option<Herald>,
    /// The round under way. Cut short, it is done again: the cursor moves last.
    round: Option<AbortOnDropHandle<()>>,
    /// When the last one was over.
    ended: Option<Instant>,
    /// There may be news that the round under way does not know of.
    look_again: Arc<AtomicBool>,
    look_back: LookBack,
    /// From when on the round under way compares.
    compares: Option<Timestamp>,
    pace: Pace,
    failures: u32,
    /// What was told to be forbidden.
    forbidden: Option<Vec<&'static str>>,
    timer: Option<AbortOnDropHandle<()>>,
    _news: AbortOnDropHandle<()>,
}

impl Actor for MailboxStreamer {
    type Msg = MailboxStreamerMsg;
    type State = State;
    type Arguments = (Arc<Mailbox>, Desk, Option<Herald>);

    async fn pre_start(
        &self,
        myself: ActorRef<MailboxStreamerMsg>,
        (mailbox, desk, herald): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let listener = myself.clone();
        let span = tracing::info_span!("ticketd.mailbox", mailbox.name = %mailbox.name);
        let news = news::listen(mailbox.clone(), move |told| {
            let message = match told {
                news::Told::News => MailboxStreamerMsg::News,
                news::Told::Pushes(pushes) => MailboxStreamerMsg::Pushed(pushes),
            };
            listener.cast(message).is_ok()
        });
        let _ = myself.cast(MailboxStreamerMsg::Look);
        Ok(State {
            pace: Pace::of(&mailbox),
            look_back: LookBack::of(&mailbox),
            compares: None,
            mailbox,
            desk,
            herald,
            round: None,
            ended: None,
            look_again: Arc::default(),
            failures: 0,
            forbidden: None,
            timer: None,
            _news: AbortOnDropHandle::new(tokio::spawn(news.instrument(span))),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<MailboxStreamerMsg>,
        message: MailboxStreamerMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            MailboxStreamerMsg::Look => state.look(&myself),
            MailboxStreamerMsg::News => {
                state.pace.told();
                state.look(&myself);
            }
            MailboxStreamerMsg::Pushed(pushes) => {
                // The next look of its own may be far away.
                if state.pace.pushed(pushes) && !pushes {
                    state.look(&myself);
                }
            }
            MailboxStreamerMsg::Rounded(outcome) => state.rounded(&myself, outcome),
            MailboxStreamerMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }
}

impl State {
    fn look(&mut self, myself: &ActorRef<MailboxStreamerMsg>) {
        if self.round.is_some() {
            self.look_again.store(true, Ordering::Relaxed);
            return;
        }
        let rest = self.ended.map(|ended| GAP.saturating_sub(ended.elapsed()));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            return self.wait(myself, rest);
        }
        self.look_again.store(false, Ordering::Relaxed);
        self.timer = None;
        let (mailbox, desk, myself) = (self.mailbox.clone(), self.desk.clone(), myself.clone());
        let span = tracing::info_span!("ticketd.mailbox.round", mailbox.name = %mailbox.name);
        let (compares, told) = (self.compares, self.look_again.clone());
        let work = async move {
            let round = async {
                match compares {
                    Some(from) => round::look_back(&mailbox, &desk, from, &told).await,
                    None => round::round(&mailbox, &desk).await,
                }
            };
            let round = AssertUnwindSafe(round).catch_unwind();
            let outcome = round.await.unwrap_or(Err(RoundFault::Panicked));
            // An actor that is gone looks no more.
            let _ = myself.cast(MailboxStreamerMsg::Rounded(outcome));
        };
        self.round = Some(AbortOnDropHandle::new(tokio::spawn(work.instrument(span))));
    }

    fn rounded(
        &mut self,
        myself: &ActorRef<MailboxStreamerMsg>,
        outcome: Result<Round, RoundFault>,
    ) {
        self.round = None;
        self.ended = Some(Instant::now());
        self.tell_forbidden();
        self.compares = None;
        let look_again = self.look_again.load(Ordering::Relaxed);
        let pause = match outcome {
            Ok(Round { more, compared, synced, recorded }) => {
                self.failures = 0;
                self.mailbox.health.part.succeeded();
                self.mailbox.health.sign_in(None);
                self.tell(recorded);
                let next = self.pace.next(recorded != Recorded::default());
                if compared {
                    self.look_back.done();
                }
                self.compares = self.look_back.due(synced, more);
                if self.compares.is_some() {
                    return self.wait(myself, Duration::ZERO);
                }
                if more || look_again {
                    return self.wait(myself, if more { CATCH_UP } else { Duration::ZERO });
                }
                next
            }
            Err(error) => {
                self.mailbox.health.part.failed();
                if let Some(fault) = self.mailbox.source.sign_in_needed() {
                    self.locked_out(&fault);
                    // Whoever signs in rings the bell.
                    if look_again {
                        self.wait(myself, Duration::ZERO);
                    }
                    return;
                }
                let pause = match &error {
                    // It says itself when it answers again.
                    RoundFault::Mailbox(ApiError::RateLimited { after: Some(after), .. }) => *after,
                    _ => PAUSE.saturating_mul(1 << self.failures.min(8)),
                };
                let pause = pause.min(PAUSE_MAX);
                self.failures = self.failures.saturating_add(1);
                tracing::warn!(
                    mailbox.name = %self.mailbox.name,
                    %error,
                    attempt = self.failures,
                    "a mailbox could not be read; it will be tried again"
                );
                pause
            }
        };
        self.wait(myself, pause);
    }

    fn wait(&mut self, myself: &ActorRef<MailboxStreamerMsg>, pause: Duration) {
        let myself = myself.clone();
        self.timer = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let _ = myself.cast(MailboxStreamerMsg::Look);
        })));
    }

    /// Says once what a person must do.
    fn locked_out(&self, fault: &SignInFault) {
        if self.mailbox.health.sign_in(Some(fault.word())) {
            return;
        }
        tracing::error!(
            mailbox.name = %self.mailbox.name,
            cause = %fault,
            run = format!("ticketd mailbox authorize {}", self.mailbox.name),
            "nothing is read from a mailbox until its sign-in is mended"
        );
        self.call_for_help("mailbox-sign-in-needed", &[]);
    }

    /// Says once what Graph forbids; also what was tried between the rounds.
    fn tell_forbidden(&mut self) {
        let forbidden = self.mailbox.source.forbidden();
        if self.forbidden == forbidden {
            return;
        }
        self.forbidden = forbidden;
        if let Some(lacks) = &self.forbidden {
            tracing::error!(
                mailbox.name = %self.mailbox.name,
                permissions.missing = lacks.join(" "),
                run = format!("ticketd mailbox authorize {}", self.mailbox.name),
                "what a mailbox needs is forbidden; mails stay unread or unsent"
            );
            self.call_for_help("mailbox-forbidden", &[("permissions", lacks.join(", "))]);
        }
    }

    fn call_for_help(&self, key: &'static str, args: &[(&str, String)]) {
        let Some(herald) = &self.herald else { return };
        let run = format!("ticketd mailbox authorize {}", self.mailbox.name);
        let mut all = vec![("mailbox", self.mailbox.name.to_string()), ("run", run)];
        all.extend_from_slice(args);
        herald.tell(key, &all);
    }

    fn tell(&self, recorded: Recorded) {
        if recorded == Recorded::default() {
            return;
        }
        tracing::info!(
            mailbox.name = %self.mailbox.name,
            mails.tickets = recorded.tickets,
            mails.comments = recorded.comments,
            mails.ignored = recorded.ignored,
            mails.quarantined = recorded.quarantined,
            mails.known = recorded.known,
            lag_s = self.mailbox.health.lag_seconds(),
            "mails were recorded"
        );
    }
}
