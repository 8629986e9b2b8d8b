//! The HTTP server under every stand-in: reads a request, applies a fault, asks the service, keeps
//! the ledger. Dropping it closes the port and every connection at once.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::fault::{Fault, FaultRule, Faults};
use super::wire::{Outgoing, Reply, Request, lock};

/// Idle connections are closed after this long, as puma does in front of Redmine.
const IDLE: Duration = Duration::from_secs(20);
const LARGEST_BODY: usize = 64 * 1024 * 1024;
/// The ledger forgets the oldest call beyond this many: benchmarks make millions.
const LEDGER: usize = 65_536;

/// One request that a stand-in has seen, oldest first in its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method, in capitals.
    pub method: String,
    /// Path and query as sent, except that the value of a `key` parameter is left out. On the
    /// JMAP stand-in the names of the methods follow: `/jmap/ Email/get EmailSubmission/set`; on
    /// that of Microsoft 365 the template: `/v1.0/users/… [GET message]`.
    pub target: String,
    /// Whose key or token it was; `None` for nobody's.
    pub login: Option<&'static str>,
    /// The status answered; `None` when the request ended without an answer.
    pub status: Option<u16>,
    /// Whether a credential stood in the query, where it lands in the service's log.
    pub key_in_query: bool,
}

/// What a stand-in does with a request. Called one at a time or in parallel; must not block.
pub(super) trait Service: Send + Sync + 'static {
    fn answer(&self, request: &Request) -> Reply;
    /// The same where something else has to be waited for first; `None` where nothing has.
    fn answer_later<'a>(&'a self, _request: &'a Request) -> Option<BoxFuture<'a, Reply>> {
        None
    }
    /// Who is asking, for the ledger of a request that is not carried out.
    fn login(&self, request: &Request) -> Option<&'static str>;
    /// What the request asks for where its path does not say it, for faults and the ledger.
    fn detail(&self, _request: &Request) -> Option<String> {
        None
    }
    /// Lets a request in or refuses it. The permit is held until the request is answered.
    fn admit(&self, _request: &Request) -> Result<Option<OwnedSemaphorePermit>, Box<Reply>> {
        Ok(None)
    }
}

pub(super) struct Server<S> {
    address: SocketAddr,
    shared: Arc<Shared<S>>,
    accepting: AbortOnDropHandle<()>,
}

struct Shared<S> {
    service: S,
    faults: Faults,
    ledger: Mutex<VecDeque<Call>>,
}

impl<S: Service> Server<S> {
    /// Binds a free port of 127.0.0.1; `service` is made when the address is known.
    pub(super) async fn start(service: impl FnOnce(SocketAddr) -> S) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            service: service(address),
            faults: Faults::default(),
            ledger: Mutex::default(),
        });
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, Arc::clone(&shared))));
        Ok(Self { address, shared, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> Url {
        base(self.address)
    }

    pub(super) fn service(&self) -> &S {
        &self.shared.service
    }

    pub(super) fn fault(&self, rule: FaultRule) {
        self.shared.faults.add(rule);
    }

    pub(super) fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    pub(super) fn ledger(&self) -> Vec<Call> {
        lock(&self.shared.ledger).iter().cloned().collect()
    }

    pub(super) async fn stop(self) {
        self.accepting.abort();
        // The error says that it was aborted, which is what was asked.
        let _ = self.accepting.await;
    }
}

/// The base address of a stand-in; loopback addresses always make a URL.
pub(super) fn base(address: SocketAddr) -> Url {
    #[allow(clippy::expect_used, reason = "http, an IP address and a port are a URL")]
    Url::parse(&format!("http://{address}/")).expect("an address makes a URL")
}

async fn accept<S: Service>(listener: TcpListener, shared: Arc<Shared<S>>) {
    // The set goes with this task, and every connection with the set.
    let mut connections = JoinSet::new();
    loop {
        // Out of file descriptors: the next round may find one.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| serve(&shared, request));
            // A broken connection is the caller's affair, and a cut one was ordered.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
        });
    }
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection cut")]
struct Cut;

async fn serve<S: Service>(
    shared: &Arc<Shared<S>>,
    request: http::Request<Incoming>,
) -> Result<Response<Outgoing>, Cut> {
    let (mut parts, body) = request.into_parts();
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    let body = Limited::new(body, LARGEST_BODY).collect().await.map_err(|_| Cut)?.to_bytes();
    let mut target =
        parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    let query = parts.uri.query().unwrap_or_default();
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: parts.headers,
        body,
    };
    if let Some(detail) = shared.service.detail(&request) {
        target = format!("{target} {detail}");
    }
    let note = |login, status: Option<StatusCode>| {
        let call = call(&request, &target, login, status);
        let mut ledger = lock(&shared.ledger);
        if ledger.len() == LEDGER {
            ledger.pop_front();
        }
        ledger.push_back(call);
    };
    let _permit = match shared.service.admit(&request) {
        Ok(permit) => permit,
        Err(refusal) => {
            note(shared.service.login(&request), Some(refusal.status));
            return Ok(response(*refusal));
        }
    };
    let fault = shared.faults.take(&request.method, &target);
    if let Some(Fault::CommitLater(delay)) = fault {
        note(shared.service.login(&request), None);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            shared.service.answer(&request)
        });
        return Err(Cut);
    }
    let answer = async || match shared.service.answer_later(&request) {
        Some(answer) => answer.await,
        None => shared.service.answer(&request),
    };
    let mut reply = match fault {
        Some(Fault::Status(status)) => error_page(status),
        Some(Fault::StatusAfterCommit(status)) => {
            let login = answer().await.login;
            Reply { login, ..error_page(status) }
        }
        Some(Fault::HtmlOk) => Reply::html(StatusCode::OK, "Sign in", "Please sign in to go on."),
        Some(Fault::Oversized) => Reply::text(StatusCode::OK, "application/json", ""),
        Some(Fault::CutConnection | Fault::Hang) => {
            note(shared.service.login(&request), None);
            if fault == Some(Fault::Hang) {
                return pending().await;
            }
            return Err(Cut);
        }
        _ => {
            if let Some(Fault::Slow(delay)) = fault {
                tokio::time::sleep(delay).await;
            }
            let reply = answer().await;
            if fault == Some(Fault::CutAfterCommit) {
                note(reply.login, None);
                return Err(Cut);
            }
            if fault == Some(Fault::BrokenJson) { broken(reply) } else { reply }
        }
    };
    let login = reply.login.or_else(|| fault.and_then(|_| shared.service.login(&request)));
    note(login, Some(reply.status));
    if let Some((switch, upgrade)) = reply.switch.take().zip(upgrade) {
        // It ends with the service, which holds its other end.
        tokio::spawn(async move {
            if let Ok(io) = upgrade.await {
                switch(TokioIo::new(io)).await;
            }
        });
    }
    let mut response = response(reply);
    if fault == Some(Fault::Oversized) {
        *response.body_mut() = Outgoing::Endless { begun: false };
    }
    Ok(response)
}

fn response(reply: Reply) -> Response<Outgoing> {
    let body = match reply.stream {
        Some(stream) => Outgoing::Stream(stream),
        None => Outgoing::Whole(Full::new(reply.body)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

fn error_page(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = format!("{} error", status.as_u16());
    Reply::html(status, &title, "An error occurred on the page you were trying to access.")
}

/// The first half of the JSON; an answer without a body becomes a 200 with a broken one.
fn broken(mut reply: Reply) -> Reply {
    reply.stream = None;
    if reply.body.is_empty() {
        reply.status = StatusCode::OK;
        reply.body = Bytes::from_static(b"{\"issue\":{\"id\":");
    } else {
        reply.body.truncate(reply.body.len() / 2);
    }
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    reply
}

fn call(
    request: &Request,
    target: &str,
    login: Option<&'static str>,
    status: Option<StatusCode>,
) -> Call {
    let key_in_query = request.query.iter().any(|(name, _)| name == "key");
    let target = match target.split_once('?') {
        Some((path, query)) if key_in_query => {
            let kept: Vec<&str> = query
                .split('&')
                .map(|pair| if pair.starts_with("key=") { "key=" } else { pair })
                .collect();
            format!("{path}?{}", kept.join("&"))
        }
        _ => target.to_owned(),
    };
    Call {
        method: request.method.clone(),
        target,
        login,
        status: status.map(|status| status.as_u16()),
        key_in_query,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use crate::sandbox::{Fault, FaultRule, Redmine};

    /// Sends a request with the bot's key; the first 100 kB of what comes back.
    async fn ask(redmine: &Redmine, line: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(redmine.address()).await.unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Redmine-API-Key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            Redmine::user_key("bot"),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A cut connection may be a reset: what came before it is the answer.
        let _ = stream.take(100_000).read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn every_fault_does_what_it_says() {
        let redmine = Redmine::start().await.unwrap();
        let create = r#"{"issue":{"project_id":"helpdesk","subject":"once"}}"#;
        let status = |answer: &str| answer.split(' ').nth(1).unwrap_or("none").to_owned();
        let cases = [
            (Fault::Slow(Duration::from_millis(20)), "201", 1),
            (Fault::Status(503), "503", 0),
            (Fault::HtmlOk, "200", 0),
            (Fault::CutConnection, "none", 0),
            (Fault::CutAfterCommit, "none", 1),
            (Fault::Oversized, "200", 0),
            (Fault::BrokenJson, "201", 1),
        ];
        let mut there = 8;
        for (fault, expected, made) in cases {
            redmine.fault(FaultRule::from(fault).at("POST /issues").times(1));
            let answer = ask(&redmine, "POST /issues.json", create).await;
            assert_eq!(status(&answer), expected, "{fault:?}");
            if let Some((_, body)) = answer.split_once("\r\n\r\n") {
                let valid = serde_json::from_str::<serde_json::Value>(body).is_ok();
                assert_eq!(valid, matches!(fault, Fault::Slow(_)), "{fault:?}: {answer:.200}");
            }
            there += made;
            let list = ask(&redmine, "GET /issues.json?limit=1", "").await;
            assert!(list.contains(&format!("\"total_count\":{there}")), "{fault:?}: {list}");
        }
        let posts = redmine.ledger().into_iter().filter(|call| call.method == "POST");
        let answered: Vec<_> = posts.map(|call| (call.login, call.status)).collect();
        let expected = [Some(201), Some(503), Some(200), None, None, Some(200), Some(201)];
        assert_eq!(answered, expected.map(|status| (Some("bot"), status)));
    }

    #[tokio::test]
    async fn a_hanging_request_ends_with_the_stand_in() {
        let redmine = Redmine::start().await.unwrap();
        redmine.fault(Fault::Hang);
        let address = redmine.address();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /issues.json HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut byte = [0];
        let early = timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
        assert!(early.is_err(), "no answer");
        redmine.stop().await;
        assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)), "closed");
        assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
    }

    #[tokio::test]
    async fn a_revoked_key_is_nobodys_and_no_key_is_in_the_ledger() {
        let redmine = Redmine::start().await.unwrap();
        let target = format!("/users/current.json?key={}&x=1", Redmine::user_key("alice"));
        assert!(ask(&redmine, &format!("GET {target}"), "").await.contains("\"alice\""));
        redmine.revoke("alice");
        assert!(ask(&redmine, &format!("GET {target}"), "").await.starts_with("HTTP/1.1 401"));
        let ledger = redmine.ledger();
        assert_eq!(ledger[0].target, "/users/current.json?key=&x=1");
        assert!(ledger[0].key_in_query);
        assert_eq!((ledger[0].login, ledger[1].login), (Some("alice"), None));
    }
}
