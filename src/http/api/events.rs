//! What happens to tickets, as it happens: server-sent events (the HTML standard, 9.2). Who comes back
//! with `Last-Event-ID` misses nothing of the last 10,000. A stream ends when the door closes or its
//! token is worth nothing any more.

use std::{
    convert::Infallible,
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use http_body_util::StreamBody;
use hyper::body::Frame;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{
    Api, Asking,
    problem::{Fault, Problem, says},
    query,
};
use crate::{
    actors::Desk,
    clock,
    http::reply::{self, Reply},
    model::{
        api_token::TokenId,
        ticket_event::{EventKind, TicketEvent},
    },
};

/// Streams that one token may have open.
const STREAMS_MAX: usize = 8;
/// How often a stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that are read at once.
const AT_ONCE: usize = 100;

/// What a stream begins with: how long to wait before coming back, in milliseconds.
const HELLO: &str = "retry: 3000\n: ticketd\n\n";

/// Something that happened to a ticket: the data of an event.
#[derive(Serialize, ToSchema)]
pub(super) struct EventView {
    /// The ticket's key.
    #[schema(example = "SUP-42")]
    key: String,
    /// The board that it was made on, if ticketd made it.
    #[schema(example = "support")]
    board: Option<String>,
    /// When ticketd recorded it.
    #[schema(format = "date-time", value_type = String)]
    at: Timestamp,
    /// Whether the ticket is closed now; of a `status_changed` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    closed: Option<bool>,
}

pub(super) async fn stream(asking: &Asking<'_>, caller: TokenId) -> Result<Reply, Problem> {
    query::nothing(&asking.query)?;
    let desk = &asking.api.desk;
    // Before the last event is asked for, so that nothing comes in between.
    let word = desk.event_word();
    let seen = last_seen(asking)?;
    let last = desk.last_event().await.map_err(|error| Problem::store(&error))?;
    // A number to come is of a store that was lost: what happens from now on is news again.
    let after = seen.map_or(last, |number| number.min(last));
    let place = StreamPlace::take(asking.api, caller)?;
    let closing = asking.context.door.closing.clone();
    let telling = Telling { desk: desk.clone(), word, after, closing, begun: false, place };
    let frames = stream::unfold(telling, |mut telling| async move {
        let text = telling.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(text))), telling))
    });
    let mut reply = reply::streamed("text/event-stream", StreamBody::new(Box::pin(frames)));
    let headers = reply.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would keep events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(reply)
}

fn last_seen(asking: &Asking<'_>) -> Result<Option<u64>, Problem> {
    let Some(given) = asking.headers.get("last-event-id") else { return Ok(None) };
    let number = given.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        Problem::parameters(vec![Fault::of("Last-Event-ID", says("api-fault-event"))])
    })
}

struct Telling {
    desk: Desk,
    word: watch::Receiver<u64>,
    after: u64,
    closing: CancellationToken,
    begun: bool,
    place: StreamPlace,
}

impl Telling {
    /// What to send next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(HELLO.to_owned());
        }
        loop {
            let api = &self.place.api;
            // Revoked means revoked, for streams that are open too.
            if !api.store.tokens().is_worth_something(&self.place.caller, clock::now()).ok()? {
                return None;
            }
            self.word.mark_unchanged();
            let events = self.desk.events_after(self.after, AT_ONCE).await;
            let events = events.inspect_err(|error| {
                tracing::error!(%error, "events cannot be read");
            });
            let events = events.ok()?;
            if let Some(last) = events.last() {
                self.after = last.number;
                let text: String = events.iter().filter_map(|event| written(api, event)).collect();
                if !text.is_empty() {
                    return Some(text);
                }
                continue;
            }
            tokio::select! {
                () = self.closing.cancelled() => return None,
                changed = self.word.changed() => changed.ok()?,
                () = tokio::time::sleep(HEARTBEAT) => return Some(": \n\n".to_owned()),
            }
        }
    }
}

/// `None` for tickets that callers do not see.
fn written(api: &Api, event: &TicketEvent) -> Option<String> {
    let board = match &event.place {
        // ticketd did not make it: a caller who saw it has said something in it.
        None => None,
        Some(place) => {
            let tracker = event.tracker();
            let mut boards = api.desks.boards.iter();
            let board = boards.find(|board| board.tracker == tracker && board.place == *place)?;
            Some(board.key.clone())
        }
    };
    let (name, closed) = match event.kind {
        EventKind::Created => ("created", None),
        EventKind::Commented => ("commented", None),
        EventKind::StatusChanged { closed } => ("status_changed", Some(closed)),
    };
    let view = EventView { key: event.issue.to_string(), board, at: event.at, closed };
    let data = serde_json::to_string(&view).ok()?;
    Some(format!("id: {}\nevent: {name}\ndata: {data}\n\n", event.number))
}

/// A place among the streams of a token; free again when it is dropped.
struct StreamPlace {
    caller: TokenId,
    api: Arc<Api>,
}

impl StreamPlace {
    fn take(api: &Arc<Api>, caller: TokenId) -> Result<Self, Problem> {
        let mut streams = api.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(caller.clone()).or_default();
        if *open >= STREAMS_MAX {
            let told = says("api-too-many-streams").with("max", STREAMS_MAX);
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-streams", told);
            return Err(problem.after(HEARTBEAT));
        }
        *open += 1;
        Ok(Self { caller, api: api.clone() })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut streams = self.api.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = streams.get_mut(&self.caller) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.caller);
            }
        }
    }
}
