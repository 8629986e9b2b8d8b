//! What happens in the chat, told live to whoever subscribes; `listen` keeps the connection.
//!
//! Comes in: the end of its listening, which has none but a defect. Goes out: news, in order, and a
//! gap wherever something may be missing, so that nothing is lost unsaid. What ends it: only the
//! supervisor; subscriptions outlive that.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::broadcast::{self, error::RecvError};
use tracing::Instrument;

use super::{
    endless::{self, Endless},
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{MattermostClient, Reaction},
    clock,
    health::Part,
    model::post::{PostHead, SKEW},
};

mod listen;

#[cfg(test)]
mod tests;

/// News that wait for a slow reader at most; one that falls behind is told of a gap.
const WAITING: usize = 1_024;
/// A post may be told a little later than one that was made after it.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedNews {
    /// A post was made, by anybody, the bot among them.
    Posted(Arc<PostHead>),
    /// Somebody put an emoji under a post.
    Reacted(Reaction),
    /// Something may be missing. Whoever wants all of it asks the chat for what happened from
    /// `since` on, and finds some of what they are told besides. Where nothing can be told live
    /// there is a gap each half minute.
    Gap {
        /// All before this was told, or lies before the gap that was told last; both clocks'
        /// differences are allowed for. `None` is the beginning.
        since: Option<Timestamp>,
    },
}

/// The feed; clones share it.
#[derive(Clone)]
pub struct ChatFeed {
    shared: Arc<Shared>,
}

struct Shared {
    mattermost: MattermostClient,
    token: SecretString,
    news: broadcast::Sender<(Option<Timestamp>, FeedNews)>,
    /// Until when all was told, in Unix milliseconds; 0 before the first word.
    until: AtomicI64,
    part: Part,
}

/// Reads the news, from the moment of the subscription on.
pub struct FeedReader {
    news: broadcast::Receiver<(Option<Timestamp>, FeedNews)>,
    /// Until when all was told.
    until: Option<Timestamp>,
    /// Whether it has yet to be told that it did not hear the beginning.
    late: bool,
}

impl ChatFeed {
    /// Tells from now on, after a first gap for what was before.
    #[must_use]
    pub fn subscribe(&self) -> FeedReader {
        let news = self.shared.news.subscribe();
        // Before the first connection stands, its own gap is still to come.
        let until = self.shared.until();
        FeedReader { news, until, late: until.is_some() }
    }

    /// The record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.shared.part
    }
}

impl FeedReader {
    /// Waits for the next news; `None` when the feed is gone for good. May be dropped while it
    /// waits.
    pub async fn next(&mut self) -> Option<FeedNews> {
        if std::mem::take(&mut self.late) {
            return Some(FeedNews::Gap { since: None });
        }
        match self.news.recv().await {
            Ok((until, news)) => {
                self.until = until;
                Some(news)
            }
            Err(RecvError::Lagged(_)) => Some(FeedNews::Gap { since: self.until }),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Starts the feed of whoever the token belongs to, under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_chat_feed(
    supervisor: &SupervisorHandle,
    mattermost: MattermostClient,
    token: SecretString,
) -> Result<ChatFeed, StartFault> {
    let (news, _) = broadcast::channel(WAITING);
    let shared = Arc::new(Shared {
        mattermost,
        token,
        news,
        until: AtomicI64::new(0),
        part: Part::new("chat_feed"),
    });
    endless::start(supervisor, shared.clone()).await?;
    Ok(ChatFeed { shared })
}

impl Shared {
    /// Tells what was made at this time.
    fn tell(&self, made: Timestamp, news: FeedNews) {
        // Who imports posts gives them any time.
        self.reach(made.min(clock::now()), OVERLAP);
        self.send(news);
    }

    /// Tells that something may be missing up to now.
    fn gap(&self) {
        let since = self.until();
        // What lies before is from now on each reader's own affair.
        self.reach(clock::now(), SKEW);
        self.send(FeedNews::Gap { since });
    }

    fn send(&self, news: FeedNews) {
        // Without readers nobody misses it.
        let _ = self.news.send((self.until(), news));
    }

    fn reach(&self, at: Timestamp, margin: SignedDuration) {
        let at = at.saturating_sub(margin).unwrap_or(at);
        self.until.fetch_max(at.as_millisecond(), Relaxed);
    }

    fn until(&self) -> Option<Timestamp> {
        let at = self.until.load(Relaxed);
        (at != 0).then(|| Timestamp::from_millisecond(at).ok()).flatten()
    }
}

impl Endless for Shared {
    const KIND: &'static str = "chat_feed";

    fn run(&self) -> BoxFuture<'_, ()> {
        let span = tracing::info_span!("ticketd.chat_feed");
        Box::pin(async move { match listen::listen(self).await {} }.instrument(span))
    }
}
