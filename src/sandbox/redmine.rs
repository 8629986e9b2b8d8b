//! A stand-in of Redmine 5.0's REST API: the seed of `tests/real/redmine/seed.rb`, kept in memory.
//!
//! Not there: parents and children, time entries, relations, Basic auth, `X-Redmine-Switch-User`
//! (ignored), and everything that needs an administrator but `GET /users.json`.

mod access;
mod check;
pub(super) mod control;
mod data;
mod files;
mod filter;
mod list;
mod meta;
mod params;
mod people;
mod render;
mod search;
mod write;

use std::io;
use std::sync::Mutex;

use http::StatusCode;
use http::header::{LOCATION, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::json;

use super::controls::controls;
use super::server::{Server, Service};
use super::wire::{Reply, Request, lock};
use data::{Data, User};

/// An embedded Redmine with the users admin, bot, alice and bob, the projects `helpdesk` (public)
/// and `infra`, and eight issues. Stops when dropped.
pub struct Redmine(Server<Desk>);

controls!(Redmine);

impl Redmine {
    /// Starts on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Ok(Self(Server::start(|host| Desk { data: Mutex::new(Data::seed(host)) }).await?))
    }

    /// From now on the key of this user is nobody's.
    pub fn revoke(&self, login: &str) {
        let mut data = lock(&self.0.service().data);
        if let Some(user) = data.users.iter_mut().find(|user| user.login == login) {
            user.revoked = true;
        }
    }

    /// The API key of `admin`, `bot` (Manager of both projects), `alice` (Developer of `helpdesk`)
    /// or `bob` (Reporter of `infra`); empty for any other login.
    #[must_use]
    pub fn user_key(login: &str) -> &'static str {
        data::USERS.iter().find(|user| user.login == login).map_or("", |user| user.key)
    }
}

pub(super) const JSON: &str = "application/json; charset=utf-8";

struct Desk {
    data: Mutex<Data>,
}

impl Service for Desk {
    fn answer(&self, request: &Request) -> Reply {
        let mut data = lock(&self.data);
        let me = data.user_of(request).copied();
        let mut reply = route(&mut data, me.as_ref(), request);
        reply.login = me.map(|user| user.login);
        reply
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        lock(&self.data).user_of(request).map(|user| user.login)
    }
}

fn route(data: &mut Data, me: Option<&User>, request: &Request) -> Reply {
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["users", "current.json"]) => meta::current(data, me),
        ("GET", ["issues.json"]) => list::index(data, me, request, request.query("project_id")),
        ("GET", ["projects", project, "issues.json"]) => {
            list::index(data, me, request, Some(*project))
        }
        ("POST", ["issues.json"]) => write::create(data, me, request),
        ("GET", ["issues", id]) => with_id(id, |id| list::show(data, me, request, id)),
        ("PUT" | "PATCH", ["issues", id]) => with_id(id, |id| write::update(data, me, request, id)),
        ("POST", ["issues", id, "watchers.json"]) => match id.parse() {
            Ok(id) => people::watch(data, me, request, id),
            Err(_) => refused(me),
        },
        ("GET", ["users.json"]) => people::users(data, me, request),
        ("POST", ["uploads.json"]) => files::upload(data, me, request),
        ("GET", ["attachments", "download", id]) => files::download(data, me, request, id, None),
        ("GET", ["attachments", "download", id, name]) => {
            files::download(data, me, request, id, Some(name))
        }
        ("GET", ["attachments", id]) => with_id(id, |id| files::show(data, me, id)),
        ("GET", ["issue_statuses.json"]) => ok(&meta::statuses()),
        ("GET", ["trackers.json"]) => ok(&meta::trackers()),
        ("GET", ["enumerations", "issue_priorities.json"]) => ok(&meta::priorities()),
        ("GET", ["projects.json"]) => meta::projects(data, me, request),
        ("GET", ["projects", id]) if !id.contains('/') => match id.strip_suffix(".json") {
            Some(id) => meta::project(data, me, request, id),
            None => no_format(),
        },
        ("GET", ["search.json"]) => search::search(data, me, request),
        // Without the format at the end these are pages for browsers, which want no API.
        ("GET", ["issues"]) => no_format(),
        ("POST", ["issues"]) => Reply::html(
            StatusCode::UNPROCESSABLE_ENTITY,
            "422 - Redmine",
            "Invalid form authenticity token.",
        ),
        _ => Reply::html(
            StatusCode::NOT_FOUND,
            "Redmine 404 error",
            "The page you were trying to access doesn't exist or has been removed.",
        ),
    }
}

/// `12.json` is issue 12; anything that is no number is an unknown one.
fn with_id(segment: &str, answer: impl FnOnce(u32) -> Reply) -> Reply {
    match segment.strip_suffix(".json") {
        Some(id) => id.parse().map_or_else(|_| bare(StatusCode::NOT_FOUND), answer),
        None => no_format(),
    }
}

fn no_format() -> Reply {
    Reply::text(
        StatusCode::NOT_ACCEPTABLE,
        JSON,
        "We couldn't handle your request, sorry. If you were trying to access the API, make sure to \
         append .json or .xml to your request URL.",
    )
}

fn ok(body: &impl Serialize) -> Reply {
    Reply::json(StatusCode::OK, JSON, body)
}

fn errors(messages: &[String]) -> Reply {
    Reply::json(StatusCode::UNPROCESSABLE_ENTITY, JSON, &json!({ "errors": messages }))
}

/// A status without a word, as Redmine's API refuses.
fn bare(status: StatusCode) -> Reply {
    let reply = Reply::text(status, "application/json", "");
    if status == StatusCode::UNAUTHORIZED {
        return reply.with(WWW_AUTHENTICATE, "Basic realm=\"Redmine API\"");
    }
    reply
}

/// Somebody known may not: 403. Nobody may try again with a key: 401.
fn refused(me: Option<&User>) -> Reply {
    bare(if me.is_some() { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED })
}

fn created(request: &Request, id: u32, body: &impl Serialize) -> Reply {
    let host = request.header("host").unwrap_or_default();
    Reply::json(StatusCode::CREATED, JSON, body)
        .with(LOCATION, &format!("http://{host}/issues/{id}"))
}
