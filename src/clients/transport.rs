//! The one road out: time limits, size caps, metrics and the sorting of failures.
//!
//! A redirect is never followed (it would carry the key to another host). A read is tried once
//! more when the connection failed; a write never is: if it may have happened, it fails as
//! [`ApiError::Ambiguous`] and the caller looks before repeating it.

mod signs;
mod switch;

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use reqwest::{RequestBuilder, redirect};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use serde::de::DeserializeOwned;
use url::Url;

use self::signs::{innermost, login_denied, retry_after};
use super::{ApiError, reasons::reasons};
use crate::{config::is_loopback, health::Part, telemetry::Metrics};

/// The largest answer that is read.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// The longest that a whole mail or an upload may take.
pub(super) const TRANSFER_LIMIT: Duration = Duration::from_mins(5);
/// The longest that connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Idle connections are dropped well before Redmine's puma does (20 s), so that a write does not
/// meet a connection that is just being closed.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// The pause before a read is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The system's CA certificates lie in hundreds of files: they are read once, for all services.
static TLS: LazyLock<Option<ClientConfig>> =
    LazyLock::new(|| ClientConfig::with_platform_verifier().ok());

/// Calls to one service. Clones share the connections.
#[derive(Clone)]
pub struct Transport {
    service: &'static str,
    base: Url,
    limit: Duration,
    http: reqwest::Client,
    part: Part,
    metrics: Metrics,
}

/// An answer with a success status.
#[derive(Debug)]
pub struct Answer {
    service: &'static str,
    headers: HeaderMap,
    body: Bytes,
}

/// A call that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: ApiError,
    /// What the service said, where it did, for a client that knows its codes.
    pub(super) refusal: Option<Refusal>,
    /// Whether the connection was at fault.
    connection: bool,
}

/// An answer with another status than success.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// For how long the service wants to be left alone, where it says so.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self { error, refusal: None, connection: false }
    }
}

impl Transport {
    /// A transport to the service whose paths start at `base`; no call, its retry
    /// included, takes longer than `limit`.
    ///
    /// # Errors
    /// If TLS cannot be set up, which in practice means that the system has no CA certificates.
    pub fn new(
        service: &'static str,
        base: Url,
        limit: Duration,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("ticketd/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT)
            .redirect(redirect::Policy::none());
        // Proxy variables of the environment are for the world outside.
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        // Without them reqwest tries for itself, and says why it cannot.
        if let Some(tls) = &*TLS {
            http = http.tls_backend_preconfigured(tls.clone());
        }
        let http = http.build()?;
        Ok(Self { service, base, limit, http, part: Part::new(service), metrics })
    }

    /// Starts a request; [`Transport::send`] sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.at(path))
    }

    /// The connections themselves, for a protocol that is not one answer to one request.
    pub(super) fn connections(&self) -> &reqwest::Client {
        &self.http
    }

    /// The URL of a path of the service.
    #[must_use]
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// The service's record for `/ready`.
    #[must_use]
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// Sends a request and sorts the outcome.
    ///
    /// # Errors
    /// Any [`ApiError`]; only writes fail as [`ApiError::Ambiguous`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, ApiError> {
        self.send_within(self.limit, request).await
    }

    /// As [`Transport::send`], with a time limit of the call's own: uploads take longer.
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn send_within(
        &self,
        limit: Duration,
        request: RequestBuilder,
    ) -> Result<Answer, ApiError> {
        self.attempt(limit, request).await.map_err(|failed| failed.error)
    }

    /// As [`Transport::send_within`], for a client that sorts refusals itself.
    pub(super) async fn attempt(
        &self,
        limit: Duration,
        request: RequestBuilder,
    ) -> Result<Answer, Failed> {
        let started = Instant::now();
        let outcome = match request.build() {
            Ok(request) => self.in_time(limit, request).await,
            // A key that cannot stand in a header ends here.
            Err(_) => Err(self.malformed("the request cannot be built").into()),
        };
        self.note(started, outcome.as_ref().err().map(|failed| &failed.error));
        outcome
    }

    /// Sends a read whose answer is not held in memory. The limit is for its head, and then for
    /// each piece of its body.
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn download(&self, request: RequestBuilder) -> Result<Download, ApiError> {
        self.attempt_download(request).await.map_err(|failed| failed.error)
    }

    /// As [`Transport::download`], for a client that sorts refusals itself. Their bodies are not
    /// read.
    pub(super) async fn attempt_download(
        &self,
        request: RequestBuilder,
    ) -> Result<Download, Failed> {
        let started = Instant::now();
        let head = async {
            let request =
                request.build().map_err(|_| self.malformed("the request cannot be built"))?;
            let answer = self.http.execute(request).await;
            let answer = answer.map_err(|error| self.broken(true, &error))?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            Err(self.refused(true, answer.status(), answer.headers(), Bytes::new()))
        };
        let outcome = tokio::time::timeout(self.limit, head)
            .await
            .unwrap_or_else(|_| Err(self.unanswered(true, "no answer in time").into()));
        self.note(started, outcome.as_ref().err().map(|failed| &failed.error));
        outcome.map(|answer| Download { service: self.service, limit: self.limit, answer })
    }

    fn note(&self, started: Instant, error: Option<&ApiError>) {
        let word = error.map_or("ok", ApiError::kind);
        self.metrics.remote_call(self.service, word, started.elapsed());
        match error {
            Some(error) if error.is_outage() => self.part.failed(),
            _ => self.part.succeeded(),
        }
    }

    /// One limit over both tries, so that whoever waits can count on it.
    async fn in_time(&self, limit: Duration, request: reqwest::Request) -> Result<Answer, Failed> {
        let safe = request.method().is_safe();
        let tries = async {
            // What flows from a stream cannot be cloned, and need not be: only reads are repeated.
            let again = if safe { request.try_clone() } else { None };
            match (self.once(request).await, again) {
                (Err(failed), Some(again)) if failed.connection => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                    self.once(again).await
                }
                (outcome, _) => outcome,
            }
        };
        match tokio::time::timeout(limit, tries).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.unanswered(safe, "no answer in time").into()),
        }
    }

    async fn once(&self, request: reqwest::Request) -> Result<Answer, Failed> {
        let safe = request.method().is_safe();
        let answer = self.http.execute(request).await.map_err(|error| self.broken(safe, &error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = self.body(safe, answer).await?;
        if status.is_success() {
            return Ok(Answer { service: self.service, headers, body });
        }
        Err(self.refused(safe, status, &headers, body))
    }

    async fn body(&self, safe: bool, mut answer: reqwest::Response) -> Result<Bytes, Failed> {
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.broken(safe, &error))? {
            if body.len() + chunk.len() > ANSWER_MAX {
                let error = self.malformed(super::error::TOO_LONG);
                return Err(if safe { error } else { error.after_write() }.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn broken(&self, safe: bool, error: &reqwest::Error) -> Failed {
        let service = self.service;
        let connection = !error.is_timeout() || error.is_connect();
        // A connection that never stood carried nothing.
        let error = if error.is_connect() {
            let cause = format!("cannot connect: {}", innermost(error));
            ApiError::Unavailable { service, cause }
        } else if error.is_timeout() {
            self.unanswered(safe, "no answer in time")
        } else {
            self.unanswered(safe, "the connection broke")
        };
        Failed { error, refusal: None, connection }
    }

    fn unanswered(&self, safe: bool, cause: &str) -> ApiError {
        let (service, cause) = (self.service, cause.to_owned());
        if safe {
            ApiError::Unavailable { service, cause }
        } else {
            ApiError::Ambiguous { service, cause }
        }
    }

    fn refused(&self, safe: bool, status: StatusCode, headers: &HeaderMap, body: Bytes) -> Failed {
        let error = self.refusal(safe, status, headers, &body);
        let refusal = Refusal { status, retry_after: retry_after(headers), body };
        Failed { error, refusal: Some(refusal), connection: false }
    }

    fn refusal(
        &self,
        safe: bool,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> ApiError {
        let service = self.service;
        let cause = format!("status {}", status.as_u16());
        match status {
            StatusCode::UNAUTHORIZED => ApiError::Unauthorized { service },
            StatusCode::FORBIDDEN if login_denied(headers) => ApiError::Unauthorized { service },
            StatusCode::FORBIDDEN => ApiError::Forbidden { service },
            StatusCode::NOT_FOUND => ApiError::NotFound { service },
            StatusCode::TOO_MANY_REQUESTS => {
                ApiError::RateLimited { service, after: retry_after(headers) }
            }
            _ if status.is_client_error() => {
                ApiError::Rejected { service, status: status.as_u16(), reasons: reasons(body) }
            }
            _ if status.is_redirection() => self.malformed(&cause),
            _ if safe => ApiError::Unavailable { service, cause },
            _ => ApiError::Ambiguous { service, cause },
        }
    }

    fn malformed(&self, cause: &str) -> ApiError {
        ApiError::Malformed { service: self.service, cause: cause.to_owned() }
    }
}

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub struct Download {
    service: &'static str,
    limit: Duration,
    answer: reqwest::Response,
}

impl Download {
    /// How many bytes there are in all, if the service announced it.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if it breaks off or stands still.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        let failed =
            |cause: &str| ApiError::Unavailable { service: self.service, cause: cause.to_owned() };
        match tokio::time::timeout(self.limit, self.answer.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(_)) => Err(failed("the connection broke")),
            Err(_) => Err(failed("no answer in time")),
        }
    }

    /// The body, of a long one the first `max` bytes.
    ///
    /// # Errors
    /// As [`Download::chunk`]; also if it takes longer than five minutes in all.
    pub(super) async fn beginning(mut self, max: usize) -> Result<Bytes, ApiError> {
        let service = self.service;
        let read = async {
            let mut read = BytesMut::new();
            while read.len() < max
                && let Some(chunk) = self.chunk().await?
            {
                read.extend_from_slice(&chunk[..chunk.len().min(max - read.len())]);
            }
            Ok(read.freeze())
        };
        let cause = "the mail comes too slowly".to_owned();
        let slow = |_| Err(ApiError::Unavailable { service, cause });
        tokio::time::timeout(TRANSFER_LIMIT, read).await.unwrap_or_else(slow)
    }

    /// The pieces of the body, for a request that passes them on.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static {
        futures_util::stream::try_unfold(self, |mut download| async move {
            Ok(download.chunk().await?.map(|chunk| (chunk, download)))
        })
    }
}

impl Answer {
    /// What a header says, if it is there and text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, which must be JSON of this shape and say that it is.
    ///
    /// # Errors
    /// [`ApiError::Malformed`]: a login page with status 200 is no answer.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let malformed = |cause: String| ApiError::Malformed { service: self.service, cause };
        if !self.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(malformed("not JSON".to_owned()));
        }
        // Only the place is told: serde's text can quote what it read.
        serde_json::from_slice(&self.body).map_err(|error| {
            malformed(format!("JSON unlike the interface at column {}", error.column()))
        })
    }
}
