//! Requests of callers: over keep-alive connections, each answer of the expected status.

use std::net::SocketAddr;

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, StatusCode, request};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What a request carries.
pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A connection to the door.
pub(crate) struct Caller(SendRequest<Body>);

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and gives the answer's body, which must have one of these statuses.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Body>,
        expected: &[StatusCode],
    ) -> anyhow::Result<Bytes> {
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(
            expected.contains(&status),
            "answered {status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }
}

/// A request with this token.
pub(crate) fn to(method: &str, path: &str, token: &str) -> request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/api/tickets/v1/tickets/{path}"))
        .header("host", "ticketd")
        .header("authorization", format!("Bearer {token}"))
}
