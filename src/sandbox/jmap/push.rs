//! The event source (RFC 8620, 7.3): frames as recorded, none on a fresh connection, one for a
//! burst. A stream ends with its connection, with `drop_event_streams`, and with the stand-in.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::USER;
use crate::sandbox::wire::{Reply, Request};

/// What comes within this long of a change goes with it. Cyrus looks every 2 s; tests cannot wait.
const BURST: Duration = Duration::from_millis(20);

/// The state since when the mailboxes are as they are (recorded).
const MAILBOX: u64 = 22;

/// What the streams are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) state: u64,
    /// Counts up to send the state once more.
    pub(super) replay: u64,
    /// Counts up to end every stream.
    pub(super) generation: u64,
}

struct Events {
    beats: watch::Receiver<Beat>,
    seen: Beat,
    first: Option<Bytes>,
    /// Whether the client asked for the type `Email`, the only one that a frame tells of.
    wanted: bool,
    ping: Option<u64>,
    once: bool,
    done: bool,
}

/// `GET /jmap/eventsource/`; without types it answers 204 (recorded).
pub(super) fn open(beats: &watch::Sender<Beat>, request: &Request) -> Reply {
    let Some(types) = request.query("types").filter(|types| !types.is_empty()) else {
        return Reply::empty(StatusCode::NO_CONTENT);
    };
    let types: Vec<&str> = types.split(',').collect();
    let all = types.contains(&"*");
    let wanted = all || types.contains(&"Email");
    let beats = beats.subscribe();
    let seen = *beats.borrow();
    // An id that is no number counts as 0 (recorded); one of a time to come has nothing to catch up.
    let first = request.header("last-event-id").and_then(|id| {
        let id = id.parse().unwrap_or(0);
        let mailbox = (all || types.contains(&"Mailbox")) && id < MAILBOX;
        (wanted && id < seen.state).then(|| frame(seen.state, mailbox))
    });
    let events = Events {
        beats,
        seen,
        first,
        wanted,
        ping: request.query("ping").and_then(|ping| ping.parse().ok()).filter(|ping| *ping > 0),
        once: request.query("closeafter") == Some("state"),
        done: false,
    };
    let mut reply =
        Reply::text(StatusCode::OK, "text/event-stream", "").with(CACHE_CONTROL, "no-cache");
    reply.stream = Some(stream::unfold(events, Events::next).boxed());
    reply
}

impl Events {
    async fn next(mut self) -> Option<(Bytes, Self)> {
        if self.done {
            return None;
        }
        if let Some(first) = self.first.take() {
            self.done = self.once;
            return Some((first, self));
        }
        // Since the last frame, as recorded: a frame puts the ping off.
        let ping = self.ping.map(|every| (every, Instant::now() + Duration::from_secs(every)));
        loop {
            tokio::select! {
                changed = self.beats.changed() => changed.ok()?,
                () = idle(ping.map(|(_, at)| at)) => {
                    let (every, _) = ping?;
                    let text = format!("event: ping\ndata: {}\n\n", json!({ "interval": every }));
                    return Some((Bytes::from(text), self));
                }
            }
            let told = |beat: &Beat| (beat.state, beat.replay);
            let mut beat = *self.beats.borrow_and_update();
            if self.wanted
                && told(&beat) != told(&self.seen)
                && beat.generation == self.seen.generation
            {
                sleep(BURST).await;
                beat = *self.beats.borrow_and_update();
            }
            if beat.generation != self.seen.generation {
                return None;
            }
            let news = self.wanted && told(&beat) != told(&self.seen);
            self.seen = beat;
            if news {
                self.done = self.once;
                return Some((frame(beat.state, false), self));
            }
        }
    }
}

async fn idle(until: Option<Instant>) {
    match until {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// One state change, byte by byte as recorded.
fn frame(state: u64, mailbox: bool) -> Bytes {
    let mailbox = if mailbox { format!("\"Mailbox\":\"{MAILBOX}\",") } else { String::new() };
    let changed = format!("{{{mailbox}\"Email\":\"{state}\"}}");
    let data = format!("{{\"@type\":\"StateChange\",\"changed\":{{\"{USER}\":{changed}}}}}");
    Bytes::from(format!("id: {state}\nevent: state\ndata: {data}\n\n"))
}
