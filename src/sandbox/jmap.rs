//! A stand-in of a JMAP mail server, Cyrus 3.6 as recorded: one account with the mailboxes that a
//! server makes for it. What it does not do it refuses as JMAP says. Its ids and states are its
//! own; mails that cannot be read are kept like any other.

mod api;
mod args;
mod blob;
mod changes;
mod control;
mod door;
mod draft;
mod filter;
mod folder;
mod get;
mod ids;
mod parts;
mod push;
mod query;
mod refer;
mod session;
mod set;
mod store;
mod submission;

use std::collections::HashSet;
use std::io;
use std::sync::Mutex;

use http::StatusCode;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, LOCATION};
use percent_encoding::percent_decode_str;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::controls::controls;
use super::letter::{header, mail, mime, text};
use super::server::{Server, Service};
use super::wire::{Reply, Request, lock};
use door::Door;
use push::Beat;
use store::Store;

pub(super) const JSON: &str = "application/json; charset=utf-8";
const USER: &str = "support";

/// An embedded JMAP server with one mailbox account. Stops when dropped.
pub struct Jmap(Server<Desk>);

controls!(Jmap);

/// What a JMAP server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JmapSetup {
    /// Whether the event source streams; else it answers 204, as a stock Debian Cyrus does.
    pub push: bool,
    /// Requests to the API answered at the same time; one more is refused with 400 and the limit
    /// `maxConcurrentRequests`. `None` for no limit, though the session says 5.
    pub max_concurrent: Option<usize>,
    /// Requests of any kind within one second; one more is refused with 429. `None` for no limit.
    pub requests_per_second: Option<u32>,
}

impl Default for JmapSetup {
    fn default() -> Self {
        Self { push: true, max_concurrent: None, requests_per_second: None }
    }
}

struct Desk {
    store: Mutex<Store>,
    door: Door,
    beats: watch::Sender<Beat>,
    /// The ids of mails that the server breaks over.
    broken: Mutex<HashSet<String>>,
}

impl Jmap {
    /// Starts on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(JmapSetup::default()).await
    }

    /// The same with limits, or without push.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start_with(setup: JmapSetup) -> io::Result<Self> {
        let store = Store::new();
        let beat = Beat { state: store.state, replay: 0, generation: 0 };
        let desk = Desk {
            store: Mutex::new(store),
            door: Door::new(setup),
            beats: watch::Sender::new(beat),
            broken: Mutex::default(),
        };
        Ok(Self(Server::start(|_| desk).await?))
    }
}

impl Desk {
    /// Works on the store, then tells the event streams if the state is another one.
    fn with<R>(&self, work: impl FnOnce(&mut Store) -> R) -> R {
        let mut store = lock(&self.store);
        let done = work(&mut store);
        let state = store.state;
        // Under the lock, so that no older state is told after a newer one.
        self.beats.send_if_modified(|beat| std::mem::replace(&mut beat.state, state) != state);
        done
    }

    fn route(&self, request: &Request) -> Reply {
        let path: Vec<String> = request
            .path
            .trim_matches('/')
            .split('/')
            .map(|step| percent_decode_str(step).decode_utf8_lossy().into_owned())
            .collect();
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        if steps == [".well-known", "jmap"] {
            let host = request.header("host").unwrap_or_default();
            return Reply::empty(StatusCode::MOVED_PERMANENTLY)
                .with(LOCATION, &format!("http://{host}/jmap"));
        }
        if !self.door.knows(request) {
            return door::unauthorized();
        }
        match (request.method.as_str(), steps.as_slice()) {
            ("GET", ["jmap"]) => {
                Reply::json(StatusCode::OK, JSON, &session::object(self.door.max_concurrent()))
                    .with(CACHE_CONTROL, "must-revalidate, no-cache, no-store")
                    .with(ACCEPT_RANGES, "none")
            }
            ("POST", ["jmap"]) if get::looks_into(request, &lock(&self.broken)) => {
                refused(StatusCode::INTERNAL_SERVER_ERROR, "The server broke")
            }
            ("POST", ["jmap"]) => self.with(|store| api::run(store, request)),
            ("GET", ["jmap", "eventsource"]) if self.door.pushes() => {
                push::open(&self.beats, request)
            }
            ("GET", ["jmap", "eventsource"]) => Reply::empty(StatusCode::NO_CONTENT),
            ("GET", ["jmap", "download", ..]) => {
                blob::download(&lock(&self.store), request, &path[2..])
            }
            ("POST", ["jmap", "upload", ..]) => {
                blob::upload(&mut lock(&self.store), request, &path[2..])
            }
            _ => {
                let text = "The requested URL was not found on this server.";
                refused(StatusCode::NOT_FOUND, text)
            }
        }
    }
}

fn refused(status: StatusCode, text: &str) -> Reply {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    Reply::html(status, &title, text)
}

impl Service for Desk {
    fn answer(&self, request: &Request) -> Reply {
        let mut reply = self.route(request);
        reply.login = self.login(request);
        reply
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        self.door.knows(request).then_some(USER)
    }

    fn detail(&self, request: &Request) -> Option<String> {
        is_api(request).then(|| api::methods(request)).flatten()
    }

    fn admit(&self, request: &Request) -> Result<Option<OwnedSemaphorePermit>, Box<Reply>> {
        self.door.admit(is_api(request))
    }
}

fn is_api(request: &Request) -> bool {
    request.method == "POST" && request.path.trim_matches('/') == "jmap"
}

#[cfg(test)]
mod tests;
