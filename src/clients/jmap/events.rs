//! The server's news that mails changed, as Server-Sent Events (RFC 8620, 7.3). The news says only
//! "look": what changed is asked with [`JmapClient::changes`], so none of it must be kept, and a
//! lost event costs nothing once the stream stands again. A stream that stands still, tells
//! endlessly long events or breaks ends as [`JmapEvent::Broken`].

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use eventsource_client::{BoxStream, Client as _, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_util::{
    Stream, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream as Sending},
};
use http::{StatusCode, header::CONTENT_TYPE};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture, TransportError};
use tokio::time::timeout;

use super::{JmapClient, Shared, auth::Key, malformed};
use crate::clients::ApiError;

/// How often the server shall give a sign of life.
const PING: Duration = Duration::from_secs(30);
/// How long the stream may stand still.
const SILENCE: Duration = Duration::from_secs(90);
/// Bytes of one event, at most.
const EVENT_MAX: usize = 64 * 1024;

/// What the server said, or that it says nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JmapEvent {
    /// The stream stands. What changed before is not told: ask for it.
    Connected,
    /// Mails changed.
    Changed,
    /// The server answered with something else than a stream of events, such as 204: it does not
    /// push, or not now. The stream is at its end.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The connection could not be made, or broke. The stream is at its end.
    Broken,
}

/// News of one mailbox, until the connection ends.
pub struct EventStream {
    events: BoxStream<eventsource_client::Result<SSE>>,
}

impl JmapClient {
    /// A stream of news; it connects when it is first asked for some, and never a second time.
    ///
    /// # Errors
    /// Those of finding the server; [`ApiError::Malformed`] if it names no address for events.
    pub async fn events(&self) -> Result<EventStream, ApiError> {
        let url = self.session().await?.events(PING)?;
        let url = url.ok_or_else(|| malformed("a session without an address for events"))?;
        let key = self.shared.keeper.fresh().await?;
        let client = ClientBuilder::for_url(url.as_str())
            .map_err(|_| malformed("a session with an address that is none"))?
            .reconnect(ReconnectOptions::reconnect(false).build())
            .build_with_transport(Door { shared: self.shared.clone(), key });
        Ok(EventStream { events: client.stream() })
    }
}

impl EventStream {
    /// The next news. After [`JmapEvent::Refused`] or [`JmapEvent::Broken`] there is none: wait,
    /// and make another stream.
    pub async fn next(&mut self) -> JmapEvent {
        loop {
            let end = match self.events.next().await {
                Some(Ok(SSE::Connected(_))) => return JmapEvent::Connected,
                Some(Ok(SSE::Event(event))) if event.event_type == "state" => {
                    return JmapEvent::Changed;
                }
                // Pings and comments are signs of life, and were taken as such below.
                Some(Ok(SSE::Event(_) | SSE::Comment(_))) => continue,
                Some(Err(Error::Transport(error))) => error
                    .inner()
                    .downcast_ref::<NoStream>()
                    .map_or(JmapEvent::Broken, |no| JmapEvent::Refused { status: no.status }),
                Some(Err(_)) | None => JmapEvent::Broken,
            };
            // The connection closes with the stream.
            self.events = Box::pin(stream::empty());
            return end;
        }
    }
}

/// The way out for the crate that reads events: our connections, our time limits, our cap.
#[derive(Clone)]
struct Door {
    shared: Arc<Shared>,
    key: Key,
}

impl HttpTransport for Door {
    fn request(&self, request: http::Request<Option<Bytes>>) -> ResponseFuture {
        let limit = self.shared.limit;
        let (parts, _) = request.into_parts();
        let request = self.shared.transport.connections().get(parts.uri.to_string());
        let request = self.key.sign(request.headers(parts.headers)).send();
        let answer: BoxFuture<'static, _> = Box::pin(async move {
            let answer = timeout(limit, request).await.map_err(|_| silent())?;
            let answer = answer.map_err(|_| broken())?;
            let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_ascii_lowercase();
            // The crate would take any success for a stream, and would follow redirects.
            if answer.status() != StatusCode::OK || !kind.starts_with("text/event-stream") {
                return Err(TransportError::new(NoStream { status: answer.status().as_u16() }));
            }
            let bytes: ByteStream = Box::pin(Single::new(guarded(answer.bytes_stream())));
            Ok(http::Response::new(bytes))
        });
        Box::pin(Single::new(answer))
    }
}

/// An answer, but no stream of events.
#[derive(Debug, thiserror::Error)]
#[error("status {status} and no stream of events")]
struct NoStream {
    status: u16,
}

/// The pieces of a body, as long as they come in time and events end.
fn guarded<E: Send + 'static>(
    pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Sending<'static, Result<Bytes, TransportError>> {
    let state = (pieces.boxed(), EventLength::default());
    stream::try_unfold(state, |(mut pieces, mut length)| async move {
        match timeout(SILENCE, pieces.next()).await {
            Err(_) => Err(silent()),
            Ok(Some(Err(_))) => Err(broken()),
            Ok(None) => Ok(None),
            Ok(Some(Ok(piece))) if length.fits(&piece) => Ok(Some((piece, (pieces, length)))),
            Ok(Some(Ok(_))) => Err(TransportError::new(io::Error::other("an endless event"))),
        }
    })
    .boxed()
}

/// Counts the bytes since the last empty line. Lines end as in the HTML standard, 9.2.5.
#[derive(Default)]
struct EventLength {
    bytes: usize,
    line: usize,
    after_return: bool,
}

impl EventLength {
    fn fits(&mut self, piece: &[u8]) -> bool {
        piece.iter().all(|byte| {
            self.bytes += 1;
            match byte {
                b'\n' if self.after_return => (),
                b'\n' | b'\r' if self.line == 0 => self.bytes = 0,
                b'\n' | b'\r' => self.line = 0,
                _ => self.line += 1,
            }
            self.after_return = *byte == b'\r';
            self.bytes <= EVENT_MAX
        })
    }
}

fn silent() -> TransportError {
    TransportError::new(io::Error::from(io::ErrorKind::TimedOut))
}

fn broken() -> TransportError {
    TransportError::new(io::Error::from(io::ErrorKind::ConnectionReset))
}

/// What the crate wants to share between threads, and ever uses from one at a time: a lock that
/// nobody waits for.
struct Single<T>(Mutex<T>);

impl<T> Single<T> {
    fn new(inner: T) -> Self {
        Self(Mutex::new(inner))
    }
}

impl<T: Future + Unpin> Future for Single<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.0.get_mut().unwrap_or_else(PoisonError::into_inner)).poll(cx)
    }
}

impl<T: Stream + Unpin> Stream for Single<T> {
    type Item = T::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(self.0.get_mut().unwrap_or_else(PoisonError::into_inner)).poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_event_that_does_not_end_is_too_long() {
        let line = format!("data: {}", "x".repeat(40_000));
        for (end, two_events) in [("\n", "\n\n"), ("\r\n", "\r\n\r\n"), ("\r", "\r\r")] {
            for (between, fits) in [(two_events, true), (end, false)] {
                let text = [&line, between, &line, between, &line].concat();
                for size in [1, 7, 100_000] {
                    let mut length = EventLength::default();
                    let fit = text.as_bytes().chunks(size).all(|piece| length.fits(piece));
                    assert_eq!(fit, fits, "{between:?} in pieces of {size}");
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_stands_still_ends() {
        let started = tokio::time::Instant::now();
        let first = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"event: ping\n"))]);
        let mut pieces = guarded(first.chain(stream::pending()));
        assert!(pieces.next().await.is_some_and(|piece| piece.is_ok()));
        assert!(pieces.next().await.is_some_and(|piece| piece.is_err()));
        assert_eq!(started.elapsed(), SILENCE);
        assert!(pieces.next().await.is_none());
    }
}
