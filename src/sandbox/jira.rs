//! A stand-in of Jira, Cloud or Data Center, by version 2 of its REST API: what the mail road needs
//! of it, kept in memory. The search is behind the issues by a lag, as the real one is.
//!
//! There are no recordings: the shapes are those of Atlassian's published API description, held by
//! `tests/recordings/jira.rs`, with plain wiki text in place of documents. Not there: links, votes,
//! worklogs, custom fields, sprints, moved issues, bulk calls, and everything for administrators.

mod acts;
mod attachments;
mod comments;
mod data;
mod error;
mod fields;
mod index;
mod issues;
mod jql;
pub(super) mod limits;
mod meta;
mod multipart;
mod people;
mod render;
mod search;
pub(super) mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod watchers;
mod webhooks;

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use http::StatusCode;
use http::header::HeaderName;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::runtime::Handle;

use super::controls::controls;
use super::server::{Server, Service, base};
use super::wire::{Reply, Request, lock};
use error::Refusal;
use people::Caller;
use state::State;

/// An embedded Jira with the projects `SUP` and `OPS`, a board for each, the people `alice`, `bob`
/// and `carol`, and the bot that calls. Stops when dropped.
///
/// Alice and Bob are agents, Carol hides her address on Cloud, and a fourth, `ali`, has an address
/// that begins with Alice's.
pub struct Jira(Server<Desk>);

controls!(Jira);

/// Which Jira it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deployment {
    /// People by account id, Basic auth with an API token, `/search/jql`.
    #[default]
    Cloud,
    /// People by name, bearer auth with a personal access token, `/search`.
    DataCenter,
}

/// How a stand-in of Jira is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JiraSetup {
    /// Cloud, if nothing else is said.
    pub flavour: Deployment,
    /// How long the search is behind; 0 if nothing else is said. On tokio's clock.
    pub index_lag: Duration,
    /// So many writes a second pass, with a burst of one second; the rest gets a 429. No limit if
    /// nothing else is said. On tokio's clock.
    pub writes_per_second: Option<u32>,
    /// The largest file, in bytes; 50 MB if nothing else is said. A request beyond 64 MiB is cut.
    pub attachment_limit: u64,
}

impl Default for JiraSetup {
    fn default() -> Self {
        Self {
            flavour: Deployment::Cloud,
            index_lag: Duration::ZERO,
            writes_per_second: None,
            attachment_limit: 50_000_000,
        }
    }
}

impl Jira {
    /// The address of the bot's account, its user name in Basic auth on Cloud.
    pub const USER: &'static str = people::USER;
    /// The bot's API token on Cloud, its personal access token on Data Center.
    pub const API_TOKEN: &'static str = people::API_TOKEN;

    /// Starts a Jira Cloud on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(JiraSetup::default()).await
    }

    /// Starts on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start_with(setup: JiraSetup) -> io::Result<Self> {
        let runtime = Handle::current();
        let desk = |address| Desk {
            state: Mutex::new(State::new(&setup, base(address).to_string(), runtime)),
        };
        Ok(Self(Server::start(desk).await?))
    }
}

const JSON: &str = "application/json;charset=UTF-8";
/// From this many refused logins in a row on, Jira wants to see a person.
const PATIENCE: u32 = 3;

struct Desk {
    state: Mutex<State>,
}

impl Service for Desk {
    fn answer(&self, request: &Request) -> Reply {
        let mut state = lock(&self.state);
        let caller = state.caller(request);
        let parts = request.path.trim_matches('/').split('/');
        let parts: Vec<_> =
            parts.map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
        let path: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        // The media server and the server's description are there for everybody.
        let open = matches!(path.as_slice(), ["media", _] | ["rest", "api", "2", "serverInfo"]);
        if caller == Caller::Refused || (caller == Caller::Nobody && !open) {
            return unknown(&mut state);
        }
        if caller == Caller::Bot {
            state.failures = 0;
        }
        let mut reply = route(&mut state, request, &path);
        reply.login = (caller == Caller::Bot).then_some(people::BOT.name);
        reply
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        (lock(&self.state).caller(request) == Caller::Bot).then_some(people::BOT.name)
    }
}

fn unknown(state: &mut State) -> Reply {
    state.failures += 1;
    let text = "Client must be authenticated to access this resource.";
    let reply = Reply::text(StatusCode::UNAUTHORIZED, "text/html;charset=UTF-8", text);
    if state.failures < PATIENCE {
        return reply;
    }
    let [reason, denied] = ["x-seraph-loginreason", "x-authentication-denied-reason"];
    reply.with(HeaderName::from_static(reason), "AUTHENTICATION_DENIED").with(
        HeaderName::from_static(denied),
        &format!("CAPTCHA_CHALLENGE; login-url={}login.jsp", state.base),
    )
}

fn route(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    if limits::is_write(request)
        && let Some(refused) = state.gate.admit()
    {
        return refused;
    }
    let method = request.method.as_str();
    let answer = match path {
        ["rest", "api", "2", rest @ ..] => api(state, request, method, rest),
        ["rest", "agile", "1.0", "board"] if method == "GET" => meta::boards(state, request),
        ["rest", "agile", "1.0", "board", id, "configuration"] if method == "GET" => {
            meta::board_configuration(state, id)
        }
        ["media", id] if state.cloud() => attachments::media(state, request, id),
        ["secure", "attachment", id, _] if !state.cloud() => {
            attachments::content(state, request, id)
        }
        _ => Ok(dead_link()),
    };
    let reply = answer.unwrap_or_else(Refusal::into_reply);
    if reply.status.is_success()
        && let ["rest", "api", "2", rest @ ..] = path
        && let Some(kind) = limits::kind(method, rest)
    {
        state.gate.count(kind);
    }
    reply
}

fn api(
    state: &mut State,
    request: &Request,
    method: &str,
    path: &[&str],
) -> Result<Reply, Refusal> {
    let cloud = state.cloud();
    match (method, path) {
        ("GET", ["serverInfo"]) => Ok(meta::server_info(state)),
        ("GET", ["myself"]) => Ok(ok(&render::person(state, people::BOT))),
        ("GET", ["mypermissions"]) => meta::permissions(state, request),
        ("GET", ["user", "search"]) => meta::users(state, request),
        ("GET", ["project", key]) => meta::show_project(state, key),
        ("GET", ["priority"]) => Ok(meta::priorities(state)),
        ("GET", ["issuetype"]) => Ok(meta::issue_types(state)),
        ("GET", ["filter", id]) => meta::filter(state, id),
        ("GET", ["issue", "createmeta", project, "issuetypes"]) => {
            meta::create_meta(state, project, None)
        }
        ("GET", ["issue", "createmeta", project, "issuetypes", id]) => {
            meta::create_meta(state, project, Some(id))
        }
        ("POST", ["issue"]) => issues::create(state, request),
        ("GET", ["issue", key]) => issues::show(state, request, key),
        ("PUT", ["issue", key]) => issues::update(state, request, key),
        ("DELETE", ["issue", key]) => issues::delete(state, key),
        ("GET", ["issue", key, "properties", name]) => issues::property(state, key, name),
        ("PUT", ["issue", key, "properties", name]) => {
            issues::set_property(state, request, key, name)
        }
        ("GET", ["issue", key, "transitions"]) => issues::transitions(state, key),
        ("POST", ["issue", key, "transitions"]) => issues::transition(state, request, key),
        ("GET", ["issue", key, "comment"]) => comments::list(state, request, key),
        ("POST", ["issue", key, "comment"]) => comments::add(state, request, key),
        ("GET", ["issue", key, "comment", id]) => comments::show(state, request, key, id),
        ("GET", ["issue", key, "watchers"]) => watchers::list(state, key),
        ("POST", ["issue", key, "watchers"]) => watchers::add(state, request, key),
        ("DELETE", ["issue", key, "watchers"]) => watchers::remove(state, request, key),
        ("POST", ["issue", key, "attachments"]) => attachments::add(state, request, key),
        ("GET", ["attachment", "meta"]) => Ok(attachments::limits(state)),
        ("GET", ["attachment", id]) => attachments::show(state, id),
        ("GET", ["attachment", "content", id]) if cloud => attachments::content(state, request, id),
        ("GET" | "POST", ["search", "jql"]) if cloud => search::bounded(state, request),
        ("POST", ["search", "approximate-count"]) if cloud => search::count(state, request),
        ("GET" | "POST", ["search"]) if cloud => Err(search::gone()),
        ("GET" | "POST", ["search"]) => search::counted(state, request),
        _ => Ok(dead_link()),
    }
}

fn dead_link() -> Reply {
    Reply::html(StatusCode::NOT_FOUND, "Oops, you've found a dead link.", "Not found")
}

fn ok(body: &impl Serialize) -> Reply {
    Reply::json(StatusCode::OK, JSON, body)
}

fn created(body: &impl Serialize) -> Reply {
    Reply::json(StatusCode::CREATED, JSON, body)
}

fn no_content() -> Reply {
    Reply::empty(StatusCode::NO_CONTENT)
}
