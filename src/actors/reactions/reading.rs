//! Where the reading stands: what the feed tells is taken up live, what it may have missed is asked
//! for, from where all was taken up to. That is kept in the store now and then; what is told twice is
//! known by its post.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{ReactionTools, pace::Pace, take::Fault};
use crate::{
    actors::chat_feed::FeedNews,
    clients::{ApiError, Reaction},
    clock,
    model::{keys::MailboxName, post::SKEW},
    store::{Cursor, StoreError},
};

/// Under which the desk remembers it. No mailbox can have a cursor of this state.
const NAME: &str = "chat--reactions";
const STATE: &str = "reactions";
/// How often that is written down.
const REMEMBER_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// The pause after a failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);

struct Reading<'t> {
    tools: &'t ReactionTools,
    pace: Pace,
    /// As it was kept last; what was put before its `since` is not ours.
    kept: Cursor,
    /// All before this is taken up, but for what `behind` says.
    until: Timestamp,
    /// From when on Mattermost has to be asked.
    behind: Option<Timestamp>,
    failures: u32,
    due: Instant,
}

/// What could not be taken up.
struct Left {
    /// When the earliest of it was put.
    since: Timestamp,
    /// Why that one could not.
    fault: Fault,
}

/// Reads until the feed ends, which it never should.
pub(super) async fn read(tools: &ReactionTools) {
    let mut news = tools.feed.subscribe();
    let mut reading = Reading::begin(tools).await;
    loop {
        let due = reading.due;
        let told = tokio::select! {
            told = news.next() => told,
            () = tokio::time::sleep_until(due), if reading.behind.is_some() => {
                reading.catch_up().await;
                continue;
            }
        };
        match told {
            None => return,
            Some(FeedNews::Posted(post)) => reading.reach(post.created),
            Some(FeedNews::Reacted(reaction)) => reading.hear(&reaction).await,
            Some(FeedNews::Gap { since }) => reading.miss(since),
        }
        reading.remember().await;
    }
}

impl<'t> Reading<'t> {
    async fn begin(tools: &'t ReactionTools) -> Self {
        let mut failures = 0;
        let kept = loop {
            match cursor(tools).await {
                Ok(cursor) => break cursor,
                Err(error) => {
                    tracing::error!(%error, "the store does not say which emoji are known");
                    failures += 1;
                    tokio::time::sleep(pause(failures)).await;
                }
            }
        };
        let until = kept.synced;
        let pace = Pace::new(tools.per_minute);
        Self { tools, pace, kept, until, behind: None, failures: 0, due: Instant::now() }
    }

    async fn hear(&mut self, reaction: &Reaction) {
        match self.take(reaction).await {
            Ok(()) => self.reach(reaction.created),
            Err(fault) => {
                self.failed(&fault);
                self.fall_behind(reaction.created);
            }
        }
    }

    /// A panic of one emoji holds up no other.
    async fn take(&mut self, reaction: &Reaction) -> Result<(), Fault> {
        let taking = AssertUnwindSafe(self.tools.take(reaction, &mut self.pace)).catch_unwind();
        taking.await.unwrap_or_else(|_| {
            tracing::error!(post.id = %reaction.post, "an emoji could not be digested");
            Ok(())
        })
    }

    /// Something may be missing, from then on, or from where all was taken up to.
    fn miss(&mut self, since: Option<Timestamp>) {
        let kept = self.kept.synced.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
        self.fall_behind(since.unwrap_or(kept));
        if self.failures == 0 {
            self.due = Instant::now();
        }
    }

    fn fall_behind(&mut self, since: Timestamp) {
        let since = since.max(self.kept.since);
        self.behind = Some(self.behind.map_or(since, |behind| behind.min(since)));
    }

    async fn catch_up(&mut self) {
        let Some(since) = self.behind else { return };
        let begun = clock::now();
        let taken = self.take_all(since).await;
        self.behind = None;
        match taken {
            Ok(()) => self.failures = 0,
            Err(left) => {
                self.failed(&left.fault);
                self.fall_behind(left.since);
            }
        }
        self.reach(begun);
        self.remember().await;
    }

    /// Takes up what was put under posts of any channel from then on, in that order. What fails
    /// holds up no other, unless all would.
    async fn take_all(&mut self, since: Timestamp) -> Result<(), Left> {
        let from = |error: ApiError| Left { since, fault: error.into() };
        let (mut found, mut left) = (Vec::new(), None);
        for channel in self.tools.mattermost.own_channels().await.map_err(from)? {
            match self.tools.mattermost.reactions_since(&channel, since).await {
                Ok(reactions) => found.extend(reactions),
                // Such as a proxy's page.
                Err(error @ ApiError::Malformed { .. }) => left = Some(from(error)),
                Err(error) if error.is_of_one_thing() => tracing::warn!(
                    channel.id = %channel,
                    %error,
                    "the emoji of a channel cannot be read; the others are"
                ),
                Err(error) => return Err(from(error)),
            }
        }
        found.retain(|reaction| self.tools.form(&reaction.emoji).is_some());
        found.sort_by(|a, b| (a.created, &a.post).cmp(&(b.created, &b.post)));
        for reaction in &found {
            if let Err(fault) = self.take(reaction).await {
                let ends = fault.is_of_all();
                // The first is the earliest.
                left.get_or_insert(Left { since: reaction.created, fault });
                if ends {
                    break;
                }
            }
        }
        left.map_or(Ok(()), Err)
    }

    fn failed(&mut self, fault: &Fault) {
        if self.failures == 0 {
            tracing::warn!(error = %fault, "emoji cannot be made tickets; tried again");
        }
        self.failures = self.failures.saturating_add(1);
        self.due = Instant::now() + pause(self.failures);
    }

    fn reach(&mut self, at: Timestamp) {
        // Who imports posts gives them any time.
        self.until = self.until.max(at.min(clock::now()));
    }

    async fn remember(&mut self) {
        let synced = self.behind.map_or(self.until, |behind| behind.min(self.until));
        if synced.duration_since(self.kept.synced) < REMEMBER_EVERY {
            return;
        }
        let cursor = Cursor { synced, ..self.kept.clone() };
        match keep(self.tools, cursor.clone()).await {
            Ok(()) => self.kept = cursor,
            Err(error) => tracing::error!(%error, "which emoji are known could not be kept"),
        }
    }
}

/// Up to where all was taken up; at the very first start, from now on.
async fn cursor(tools: &ReactionTools) -> Result<Cursor, StoreError> {
    let known = match MailboxName::parse(NAME) {
        Some(name) => tools.desk.cursor(name).await?,
        None => None,
    };
    if let Some(known) = known.filter(|known| known.state == STATE) {
        return Ok(known);
    }
    let now = clock::now();
    let cursor = Cursor { state: STATE.to_owned(), synced: now, since: now };
    keep(tools, cursor.clone()).await?;
    Ok(cursor)
}

async fn keep(tools: &ReactionTools, cursor: Cursor) -> Result<(), StoreError> {
    match MailboxName::parse(NAME) {
        Some(name) => tools.desk.read_up_to(name, cursor).await,
        None => Ok(()),
    }
}

fn pause(failures: u32) -> Duration {
    PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSE_MAX)
}
