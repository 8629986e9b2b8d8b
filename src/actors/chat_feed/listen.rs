//! The connection of the feed, kept standing: taken up again where it ended, begun anew where that
//! cannot be, and replaced by a gap now and then where there is none to be had.

use std::{convert::Infallible, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Instant, sleep};

use super::{FeedNews, Shared};
use crate::clients::{ApiError, Event, Events, EventsFault};

/// The first pause after a connection broke; it doubles, with jitter, up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// The pause while the token is not accepted: a person has to mend that.
const UNAUTHORIZED: Duration = Duration::from_mins(1);
/// How long a way that lets no websocket through is left alone.
const NO_WEBSOCKET: Duration = Duration::from_mins(15);
/// Where nothing can be told live, how often to say so.
const GAP_EVERY: Duration = Duration::from_secs(30);

/// Listens for ever.
pub(super) async fn listen(shared: &Shared) -> Infallible {
    let mut resume = None;
    let mut pauses = pauses();
    let mut told = None;
    loop {
        match shared.mattermost.events(&shared.token, resume.clone()).await {
            Ok(mut events) => {
                shared.part.succeeded();
                told = None;
                let stood = Instant::now();
                let (fault, news) = follow(shared, &mut events).await;
                if news || stood.elapsed() > PAUSE_MAX {
                    pauses = self::pauses();
                }
                tracing::debug!(error = %fault, "the connection for the chat's news ended");
                let again = !matches!(fault, EventsFault::TooLarge | EventsFault::Malformed);
                resume = again.then(|| events.resume());
                drop(events);
                rest(&mut pauses).await;
            }
            Err(error) => {
                shared.part.failed();
                // Once for each kind of trouble, until it is over.
                let kind = error.kind();
                let first = told.replace(kind) != Some(kind);
                match error {
                    ApiError::Unauthorized { .. } => {
                        if first {
                            tracing::error!(%error, "the chat's news cannot be heard");
                        }
                        resume = None;
                        sleep(UNAUTHORIZED).await;
                    }
                    error if error.is_of_one_thing() => {
                        if first {
                            tracing::warn!(
                                %error,
                                poll_s = GAP_EVERY.as_secs(),
                                "nothing on the way to the chat lets a websocket through; it is \
                                 asked now and then"
                            );
                        }
                        resume = None;
                        do_without(shared).await;
                    }
                    ApiError::RateLimited { after: Some(after), .. } => sleep(after).await,
                    error => {
                        if first {
                            tracing::warn!(%error, "the chat's news cannot be heard; tried again");
                        }
                        rest(&mut pauses).await;
                    }
                }
            }
        }
    }
}

/// Passes on what a connection tells, until it ends; gives whether there was anything.
async fn follow(shared: &Shared, events: &mut Events) -> (EventsFault, bool) {
    let mut news = false;
    loop {
        match events.next().await {
            Ok(Event::Hello { resumed: true, .. }) => {}
            // Only now: what a reader asks for meets what will be told.
            Ok(Event::Hello { resumed: false, .. } | Event::Missed) => shared.gap(),
            Ok(Event::Posted(post)) => {
                news = true;
                shared.tell(post.created, FeedNews::Posted(Arc::new(*post)));
            }
            Ok(Event::ReactionAdded(reaction)) => {
                news = true;
                shared.tell(reaction.created, FeedNews::Reacted(reaction));
            }
            Err(fault) => return (fault, news),
        }
    }
}

/// Without a connection: readers ask for themselves.
async fn do_without(shared: &Shared) {
    let until = Instant::now() + NO_WEBSOCKET;
    while Instant::now() < until {
        shared.gap();
        sleep(GAP_EVERY).await;
    }
}

async fn rest(pauses: &mut ExponentialBackoff) {
    sleep(pauses.next().unwrap_or(PAUSE_MAX)).await;
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(PAUSE)
        .with_max_delay(PAUSE_MAX)
        .without_max_times()
        .build()
}
