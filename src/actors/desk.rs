//! The desk's way through the store: each step reads what is known, lets `model::desk` decide and
//! writes all that follows in one transaction. What a method has returned is durable.
//!
//! No actor: every actor of the mail road holds one and waits for it in a task, never in `handle`.
//! It fails only as the store fails.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::Semaphore;

use crate::{
    clock,
    model::{
        case::{Case, MailRecord},
        desk::{self as rules, Done, Outcome, Policy},
        effect::{Effect, Trace, Work, Worker},
        filter::Rules,
        ids::ChannelId,
        keys::{CaseId, EffectId, MailKey, MailboxName, Tracker},
        mail::{Email, MessageId},
        thread::ThreadSecret,
        ticket_event,
    },
    store::{self, Cursor, Store, StoreError},
    telemetry::Metrics,
};

mod answers;
mod arrival;
mod events;
mod intake;
mod issues;
mod leads;
mod requests;
mod review;
mod tickets;
mod wake;

pub(super) use arrival::Arrival;
pub use arrival::Recorded;
pub use review::{Listing, Retried, Row};
pub use tickets::{NewTicket, Opened, TicketFilter};
use wake::Words;

/// What the operator decided for one mailbox.
#[derive(Debug, Clone)]
pub struct Site {
    /// Which mails are taken.
    pub rules: Rules,
    /// What follows from them.
    pub policy: Policy,
    /// Where its issues are made: the name of a board of Jira's, a project of Redmine's.
    pub place: String,
    /// Notices that one address gets in a day.
    pub answers_per_day: u32,
    /// Where in the chat its cases live too.
    pub announced: Option<Announced>,
}

/// How a mailbox's cases become tickets of the chat.
#[derive(Debug, Clone)]
pub struct Announced {
    /// The channel of their posts.
    pub channel: ChannelId,
    /// What stands before their numbers.
    pub prefix: String,
    /// Whose days the numbers count.
    pub time_zone: TimeZone,
}

/// The desk; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// Threads that work on the store at once. Writers take turns there anyway, and each thread has an
/// arena of the allocator of its own, which keeps what passed through it.
const HANDS: usize = 2;

struct Inner {
    store: Store,
    hands: Semaphore,
    sites: HashMap<MailboxName, Site>,
    /// For a case that has no mailbox, or whose mailbox is no longer configured.
    elsewhere: Policy,
    words: Words,
    /// Channels in which a ticket with an issue was resolved since they were last asked for.
    left: Mutex<BTreeMap<ChannelId, Timestamp>>,
    metrics: Metrics,
}

/// The head of a case's queue, to be tried.
#[derive(Debug, Clone)]
pub struct Task {
    /// The case.
    pub case: Case,
    /// What is to be done.
    pub effect: Effect,
}

impl Desk {
    /// The desk of these mailboxes. `index_lag` is how long Jira's search may not see a new issue.
    #[must_use]
    pub fn new(
        store: Store,
        sites: HashMap<MailboxName, Site>,
        index_lag: Duration,
        metrics: Metrics,
    ) -> Self {
        let words = Words::default();
        match store.desk().last_event() {
            Ok(last) => words.tell_event(last),
            Err(error) => {
                tracing::error!(%error, "events cannot be read; none is told before the next");
            }
        }
        let hands = Semaphore::new(HANDS);
        let elsewhere = Policy { tracker: Tracker::Jira, notices: false, reopen: false, index_lag };
        Self(Arc::new(Inner {
            store,
            hands,
            sites,
            elsewhere,
            words,
            left: Mutex::default(),
            metrics,
        }))
    }

    /// The Message-ID of the mail that this effect sends.
    #[must_use]
    pub fn message_id(&self, effect: EffectId, sender: &Email) -> MessageId {
        self.0.store.desk().secret().message_id(effect, sender)
    }

    /// The mark of the post that this effect makes.
    #[must_use]
    pub fn post_mark(&self, effect: EffectId) -> String {
        self.0.store.desk().secret().post_mark(effect)
    }

    /// What signs forms and buttons.
    #[must_use]
    pub fn secret(&self) -> &ThreadSecret {
        self.0.store.desk().secret()
    }

    /// Waits until there may be work for `worker`.
    pub async fn work_for(&self, worker: Worker) {
        self.0.words.of(worker).notified().await;
    }

    /// Records mails in their order, in one step where each of them can be digested.
    ///
    /// # Errors
    /// The store's; then none or some are recorded, and all can be given again.
    pub async fn arrived(
        &self,
        mailbox: MailboxName,
        arrivals: Vec<Arrival>,
    ) -> Result<Recorded, StoreError> {
        let recorded = self
            .write(move |inner, tables| {
                let now = clock::now();
                let mut recorded = Recorded::default();
                let Some(site) = inner.sites.get(&mailbox) else { return Ok(recorded) };
                for verdict in intake::record_all(tables, &mailbox, site, &arrivals, now)? {
                    inner.metrics.mail(verdict.word());
                    recorded.count(verdict);
                }
                Ok(recorded)
            })
            .await?;
        self.wake(&Worker::ALL);
        Ok(recorded)
    }

    /// Notes where the mailbox was read up to: everything before it is recorded.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_up_to(&self, mailbox: MailboxName, cursor: Cursor) -> Result<(), StoreError> {
        self.write(move |_, tables| tables.write(|rows| rows.put_cursor(&mailbox, &cursor))).await
    }

    /// Where the mailbox was read up to.
    ///
    /// # Errors
    /// The store's.
    pub async fn cursor(&self, mailbox: MailboxName) -> Result<Option<Cursor>, StoreError> {
        self.read(move |tables| tables.cursor(&mailbox)).await
    }

    /// What the register says of a mail.
    ///
    /// # Errors
    /// The store's.
    pub async fn mail(&self, key: MailKey) -> Result<Option<MailRecord>, StoreError> {
        self.read(move |tables| tables.mail(&key)).await
    }

    /// What is due for `worker`, at most `limit`, without the cases in `busy`; and when more will
    /// be due.
    ///
    /// # Errors
    /// The store's.
    pub async fn due(
        &self,
        worker: Worker,
        limit: usize,
        busy: HashSet<CaseId>,
    ) -> Result<(Vec<Task>, Option<Timestamp>), StoreError> {
        let now = clock::now();
        self.read(move |tables| {
            let mut busy = busy;
            let mut tasks = Vec::new();
            for id in tables.due(worker, now, limit, &|id| busy.contains(&id))? {
                busy.insert(id);
                let Some(case) = tables.case(id)? else { continue };
                let Some(head) = case.head_id(worker.lane()) else { continue };
                let Some(effect) = tables.effect(head)? else { continue };
                tasks.push(Task { case, effect });
            }
            Ok((tasks, tables.next_due(worker, &|id| busy.contains(&id))?))
        })
        .await
    }

    /// How many cases wait for `worker`.
    ///
    /// # Errors
    /// The store's.
    pub async fn waiting(&self, worker: Worker) -> Result<usize, StoreError> {
        self.read(move |tables| tables.waiting(worker)).await
    }

    /// How many cases wait for the tracker that this mailbox files in.
    ///
    /// # Errors
    /// The store's.
    pub async fn backlog(&self, mailbox: &MailboxName) -> Result<usize, StoreError> {
        let tracker = self.0.sites.get(mailbox).map_or(Tracker::Jira, |site| site.policy.tracker);
        self.waiting(tracker.into()).await
    }

    /// Notes that a try of the effect begins, before it does. `above` as in [`Trace`].
    ///
    /// # Errors
    /// The store's: then the try must not begin.
    pub async fn begin(&self, effect: &Effect, above: Option<u64>) -> Result<Effect, StoreError> {
        let mut effect = effect.clone();
        effect.begin(above, clock::now());
        self.keep(effect).await
    }

    /// Notes how far a try has come.
    ///
    /// # Errors
    /// The store's: then the try must not go on.
    pub async fn trace(&self, effect: &Effect, trace: Trace) -> Result<Effect, StoreError> {
        self.keep(Effect { trace, ..effect.clone() }).await
    }

    async fn keep(&self, effect: Effect) -> Result<Effect, StoreError> {
        let kept = effect.clone();
        self.write(move |_, tables| tables.write(|rows| rows.put_effect(&effect))).await?;
        Ok(kept)
    }

    /// Takes up what a try came to.
    ///
    /// # Errors
    /// The store's: then the effect is as it was before, and will be looked for.
    pub async fn settle(&self, id: EffectId, outcome: Outcome) -> Result<(), StoreError> {
        let (now, post) = (clock::now(), wake::post_in(&outcome));
        let settled = self.write(move |inner, tables| {
            tables.write(|rows| {
                let (Some(mut case), Some(mut effect)) = (rows.case(id.case)?, rows.effect(id)?)
                else {
                    return Ok((None, Vec::new()));
                };
                // A try that has outlived its worker tells what is known already.
                if effect.is_over() || case.head_id(id.lane) != Some(id) {
                    return Ok((None, Vec::new()));
                }
                let before = case.clone();
                let done = match &outcome {
                    Outcome::Done(done) => Some(done.clone()),
                    _ => None,
                };
                let behind = EffectId { step: id.step + 1, ..id };
                let following = rows.effect(behind)?;
                let mut policy = case
                    .mailbox()
                    .and_then(|of| inner.sites.get(of))
                    .map_or(inner.elsewhere, |site| site.policy);
                policy.notices &= answers::may_answer(rows, inner, tables.secret(), &case, now)?;
                let created = matches!(done, Some(Done::Created { .. }));
                let more =
                    rules::settle(&mut case, &mut effect, following.as_ref(), outcome, policy, now);
                if more.iter().any(|effect| effect.work == Work::SendNotice) {
                    answers::count_answer(rows, tables.secret(), &case, now)?;
                }
                leads::keep(rows, &case, &effect, created)?;
                rows.put_effect(&effect)?;
                for effect in &more {
                    rows.put_effect(effect)?;
                }
                rows.put_case(&case)?;
                let told = ticket_event::told(&before, &case, done.as_ref());
                let told = inner.record_event(rows, told, &case, now)?;
                let files = requests::tidy(rows, tables, (&case, &effect))?;
                inner.metrics.effect(effect.work.word(), effect.stage.word());
                Ok((told, files))
            })
        });
        let (told, files) = settled.await?;
        if !files.is_empty() {
            self.uploads().forgotten(files).await;
        }
        self.tell_event(told);
        self.tell_settled(id.case, post);
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&store::Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        self.blocking(move || read(inner.store.desk())).await
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Inner, &store::Desk) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let written = self.blocking(move || write(&inner, inner.store.desk())).await?;
        self.0.store.barrier().await?;
        Ok(written)
    }

    /// Runs on a blocking thread, when a hand is free.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _hand = self.0.hands.acquire().await.map_err(|_| StoreError::Closing)?;
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|fault| Err(StoreError::Engine(fault.to_string())))
    }
}
