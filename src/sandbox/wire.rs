//! What goes over a stand-in's wire: the request as read, the reply as written, and the one
//! client with which the Mattermost stand-in calls out. Nothing here can fail but the call.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use url::Url;

/// A test that panicked while holding a lock says so itself; the stand-in goes on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request, read to its end.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    /// The last value of a query parameter: Rails and Go agree on decoding, Rails keeps the last.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What goes on over a connection that left HTTP.
pub(super) type Switch = Box<dyn FnOnce(TokioIo<Upgraded>) -> BoxFuture<'static, ()> + Send>;

/// An answer of a stand-in, and who asked.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Sent piece by piece instead of the body; the connection ends with it.
    pub(super) stream: Option<BoxStream<'static, Bytes>>,
    /// What comes after a 101.
    pub(super) switch: Option<Switch>,
    pub(super) login: Option<&'static str>,
}

impl Reply {
    pub(super) fn empty(status: StatusCode) -> Self {
        let (headers, body) = Default::default();
        Self { status, headers, body, stream: None, switch: None, login: None }
    }

    pub(super) fn json(
        status: StatusCode,
        content_type: &'static str,
        body: &impl Serialize,
    ) -> Self {
        Self::text(status, content_type, to_json(body))
    }

    pub(super) fn html(status: StatusCode, title: &str, text: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\" />\n  <title>{title}</title>\n\
             </head>\n<body>\n  <h1>{title}</h1>\n  <p>{text}</p>\n</body>\n</html>\n"
        );
        Self::text(status, "text/html; charset=utf-8", page)
    }

    pub(super) fn text(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.body = body.into();
        reply
    }

    /// With one header more; a value that no header can hold is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// JSON as Rails and Go write it: `<`, `>`, `&` and the two line separators escaped.
pub(super) fn to_json(value: &impl Serialize) -> String {
    let plain = serde_json::to_string(value).unwrap_or_default();
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return plain;
    }
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The body of a reply: the bytes, a stream of them, or an array that never ends.
pub(super) enum Outgoing {
    Whole(Full<Bytes>),
    Stream(BoxStream<'static, Bytes>),
    Endless { begun: bool },
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(full) => Pin::new(full).poll_frame(cx),
            Self::Stream(stream) => {
                stream.poll_next_unpin(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Endless { begun } => {
                static FILLER: [u8; 65_536] = [b' '; 65_536];
                let chunk: &'static [u8] = if *begun { &FILLER } else { b"[" };
                *begun = true;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk)))))
            }
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(full) => full.size_hint(),
            Self::Stream(_) | Self::Endless { .. } => hyper::body::SizeHint::default(),
        }
    }
}

/// What a server answered to a call of the Mattermost stand-in.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The body, at most 1 MiB of it.
    pub body: Bytes,
}

/// Mattermost gives up on an integration after this long (recorded: 25 s work, 33 s do not).
const OUTGOING: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(3);
const LONGEST_ANSWER: usize = 1024 * 1024;

/// One POST with exactly these headers in this order; `Host` and `Content-Length` are given by
/// the caller like the others. No redirects, no reuse.
///
/// # Errors
/// When the connection fails or breaks, and `TimedOut` after 30 s.
pub(super) async fn post(
    url: &Url,
    headers: &[(String, String)],
    body: String,
) -> io::Result<Answer> {
    let exchange = async {
        let address = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or(80)
        );
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await??;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .title_case_headers(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let mut request =
            http::Request::post(&url[url::Position::BeforePath..url::Position::AfterQuery]);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(io::Error::other)?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(io::Error::other)?;
            let (parts, body) = response.into_parts();
            let body = http_body_util::Limited::new(body, LONGEST_ANSWER)
                .collect()
                .await
                .map_err(io::Error::other)?
                .to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::pin!(answer);
        tokio::pin!(connection);
        tokio::select! {
            done = &mut answer => done,
            gone = &mut connection => match gone {
                Ok(()) => answer.await,
                Err(error) => Err(io::Error::other(error)),
            },
        }
    };
    tokio::time::timeout(OUTGOING, exchange).await?
}
