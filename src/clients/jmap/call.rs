//! Method calls: signed, counted, sorted. Every JMAP call is a POST, which the transport takes for
//! a write; here the reads among them are told apart, tried again when the connection broke, and
//! never fail as [`ApiError::Ambiguous`].

use std::time::{Duration, Instant};

use http::Method;
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::{JmapClient, SERVICE, Shared, malformed, session::Session, unavailable, wire};
use crate::clients::{ApiError, transport::Answer};

/// The pause before a read is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// The transport's word for an answer that it did not read to its end.
const TOO_LARGE: &str = "the answer is larger than 4 MiB";
/// By which answers are told apart; more calls than these are never sent together.
pub(super) const TAGS: [&str; 2] = ["a", "b"];

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// Why a call failed: by the server's word on this method, or otherwise.
#[derive(Debug)]
pub(super) enum Fault {
    Method(Kind, wire::MethodError),
    Api(ApiError),
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Api(error) => error,
            Fault::Method(kind, error) => refusal(kind, &error.kind, error.description.as_deref()),
        }
    }
}

/// The server's word on a method or on one thing of a `/set`.
/// Source: RFC 8620, 3.6.2 and 5.3.
fn refusal(kind: Kind, error: &str, description: Option<&str>) -> ApiError {
    match error {
        // Cyrus takes no second mail of the same bytes: an earlier try has written it (measured).
        "serverUnavailable" | "serverFail" | "serverPartialFail" | "alreadyExists" => {
            kind.unclear(error)
        }
        "limit" | "rateLimit" => ApiError::RateLimited { service: SERVICE, after: None },
        "accountNotFound" => ApiError::NotFound { service: SERVICE },
        _ => {
            let words = description.filter(|words| !words.is_empty());
            let reason = words.map_or(error.to_owned(), |words| format!("{error}: {words}"));
            ApiError::Rejected { service: SERVICE, status: 200, reasons: vec![reason] }
        }
    }
}

impl From<wire::SetError> for ApiError {
    fn from(error: wire::SetError) -> Self {
        let properties = error.properties.filter(|names| !names.is_empty());
        let words = error.description.or_else(|| properties.map(|names| names.join(", ")));
        refusal(Kind::Write, &error.kind, words.as_deref())
    }
}

impl Kind {
    fn unclear(self, cause: &str) -> ApiError {
        match self {
            Self::Read => unavailable(cause),
            Self::Write => ApiError::Ambiguous { service: SERVICE, cause: cause.to_owned() },
        }
    }

    /// An answer that says something else than the interface promises.
    fn unlike(self, cause: &str) -> ApiError {
        let error = malformed(cause);
        if self == Self::Write { error.after_write() } else { error }
    }

    fn sorted(self, error: ApiError) -> ApiError {
        match error {
            ApiError::Ambiguous { service, cause } if self == Self::Read => {
                if cause == TOO_LARGE {
                    ApiError::Malformed { service, cause }
                } else {
                    ApiError::Unavailable { service, cause }
                }
            }
            // The request as a whole, so no method of it ran (RFC 8620, 3.6.1): for the most part
            // a limit that will pass.
            ApiError::Rejected { service, status: 400, .. } => ApiError::Unavailable {
                service,
                cause: "it refuses the whole request (status 400)".to_owned(),
            },
            other => other,
        }
    }
}

impl Shared {
    /// Sends a request signed, and once more with another key where there is one. Says whether
    /// it took the other key.
    pub(super) async fn signed_once_more<T, F>(
        &self,
        request: RequestBuilder,
        send: impl Fn(RequestBuilder) -> F,
    ) -> Result<(T, bool), ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let key = self.keeper.key().await?;
        // A stream flows only once: its sender tries again, and then meets the other key.
        let again = request.try_clone();
        match send(key.sign(request)).await {
            Err(error @ ApiError::Unauthorized { .. }) => {
                let (Some(other), Some(again)) = (self.keeper.other_than(&key).await, again) else {
                    return Err(error);
                };
                Ok((send(other.sign(again)).await?, true))
            }
            outcome => Ok((outcome?, false)),
        }
    }
}

impl JmapClient {
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.shared.transport.connections().request(method, url)
    }

    /// As [`Shared::signed_once_more`]; another key can mean another account.
    pub(super) async fn signed<T, F>(
        &self,
        request: RequestBuilder,
        send: impl Fn(RequestBuilder) -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let (outcome, other_key) = self.shared.signed_once_more(request, send).await?;
        if other_key {
            self.forget().await;
        }
        Ok(outcome)
    }

    /// One method.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        kind: Kind,
        name: &'static str,
        arguments: Value,
    ) -> Result<T, Fault> {
        let mut answers = self.calls(kind, &[(name, arguments)]).await?;
        Ok(decoded(kind, name, answers.pop())?)
    }

    /// Several methods in one request; the first that failed is the outcome.
    pub(super) async fn calls(
        &self,
        kind: Kind,
        calls: &[(&'static str, Value)],
    ) -> Result<Vec<Value>, Fault> {
        match self.tried(kind, calls).await {
            Err(fault) if is_lost(&fault) => {
                self.forget().await;
                self.tried(kind, calls).await
            }
            outcome => outcome,
        }
    }

    async fn tried(
        &self,
        kind: Kind,
        calls: &[(&'static str, Value)],
    ) -> Result<Vec<Value>, Fault> {
        let session = self.session().await?;
        let body = body(&session, calls);
        let answer = self.post(kind, &session, &body).await.map_err(|error| kind.sorted(error))?;
        let answer = answer.json::<wire::Responses>();
        let mut responses =
            answer.map_err(|_| kind.unlike("JSON unlike the interface"))?.method_responses;
        let mut answers = Vec::with_capacity(calls.len());
        for (tag, (name, _)) in TAGS.iter().zip(calls) {
            // A method can be followed by another of the same tag that it brought about.
            let found = responses.iter().position(|(_, _, answered)| answered == tag);
            let Some(found) = found else {
                return Err(kind.unlike("a call without an answer").into());
            };
            let (answered, arguments, _) = responses.remove(found);
            if answered == "error" {
                let error = decoded(kind, "error", Some(arguments))?;
                return Err(Fault::Method(kind, error));
            }
            if answered != *name {
                return Err(kind.unlike("the answer to another call").into());
            }
            answers.push(arguments);
        }
        Ok(answers)
    }

    /// One limit over waiting for a turn and both tries.
    async fn post(&self, kind: Kind, session: &Session, body: &Value) -> Result<Answer, ApiError> {
        let started = Instant::now();
        let limit = self.shared.limit;
        let Ok(turn) = timeout(limit, session.at_once.acquire()).await else {
            return Err(unavailable("too many calls at once"));
        };
        let send = |request| {
            let left = limit.saturating_sub(started.elapsed());
            self.shared.transport.send_within(left, request)
        };
        let request = || self.request(Method::POST, session.api.clone()).json(body);
        let outcome = match self.signed(request(), send).await {
            Err(error) if kind == Kind::Read && connection_broke(&error) => {
                tokio::time::sleep(RETRY_PAUSE).await;
                self.signed(request(), send).await
            }
            outcome => outcome,
        };
        drop(turn);
        outcome
    }
}

fn body(session: &Session, calls: &[(&'static str, Value)]) -> Value {
    let calls = TAGS.iter().zip(calls).map(|(tag, (name, arguments))| {
        let mut arguments = arguments.clone();
        arguments["accountId"] = json!(session.account);
        json!([name, arguments, tag])
    });
    json!({"using": session.using, "methodCalls": calls.collect::<Vec<_>>()})
}

/// An answer's arguments as their type. serde's text can quote what it read: it is not told.
pub(super) fn decoded<T: DeserializeOwned>(
    kind: Kind,
    name: &str,
    arguments: Option<Value>,
) -> Result<T, ApiError> {
    arguments
        .and_then(|arguments| serde_json::from_value(arguments).ok())
        .ok_or_else(|| kind.unlike(&format!("{name} unlike the interface")))
}

/// The account or the door is no more where it was; nothing happened there.
fn is_lost(fault: &Fault) -> bool {
    match fault {
        Fault::Method(_, error) => error.kind == "accountNotFound",
        Fault::Api(error) => matches!(error, ApiError::NotFound { .. }),
    }
}

/// Whether less should be asked for at once.
pub(super) fn is_too_large(fault: &Fault) -> bool {
    matches!(fault, Fault::Api(ApiError::Malformed { cause, .. }) if cause == TOO_LARGE)
}

/// What the transport itself tries again if it is a GET.
fn connection_broke(error: &ApiError) -> bool {
    match error {
        ApiError::Ambiguous { cause, .. } => cause == "the connection broke",
        ApiError::Unavailable { cause, .. } => cause.starts_with("cannot connect"),
        _ => false,
    }
}
