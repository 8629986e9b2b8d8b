//! The API for tickets: portals and scripts find, make and comment tickets here. Every request but
//! those for the description shows a token; whatever goes wrong is told as a problem.
//!
//! Read in this order: this file (what there is), `auth` (who may), `query` and `fields` (what callers
//! say), `reading`, `writing` and `upload`, `events`, `problem`, `openapi` and `docs`.

mod auth;
mod docs;
mod events;
mod fields;
mod openapi;
mod problem;
mod query;
mod reading;
mod upload;
mod writing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use governor::{DefaultKeyedRateLimiter, Quota};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, ORIGIN, VARY,
    },
};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::{
    fields::{Board, Desks},
    problem::{Problem, says},
};
use super::{
    context::Context,
    error::HttpError,
    reply::{self, Reply},
};
use crate::{
    actors::{Desk, TicketReader},
    config::{Config, Place},
    model::{
        api_token::{Scope, TokenId},
        keys::Tracker,
    },
    store::Store,
};

/// Bodies with files that are read at once.
const UPLOADS_AT_ONCE: usize = 32;
/// Requests that wait for a tracker at once: a small share of the door's, so that commands of the chat
/// are answered while a tracker hangs.
const AT_ONCE: usize = 64;

/// What is asked of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Tickets,
    Ticket,
    Comment,
    Boards,
    Categories,
    Events,
    Progress,
    Description,
    Docs,
}

/// What the API needs.
pub struct Api {
    desk: Desk,
    store: Store,
    reader: TicketReader,
    desks: Desks,
    board_keys: Vec<String>,
    context: String,
    origins: Vec<String>,
    upload_bytes: u64,
    upload_files: usize,
    pace: DefaultKeyedRateLimiter<TokenId>,
    uploads: Semaphore,
    places: Semaphore,
    streams: Mutex<HashMap<TokenId, usize>>,
    /// Answers that are always the same.
    boards: Bytes,
    categories: Bytes,
    description: Bytes,
}

impl Api {
    /// The API of these boards; `None` if none is configured.
    #[must_use]
    pub fn new(config: &Config, store: &Store, desk: &Desk, reader: TicketReader) -> Option<Self> {
        let desks = desks(config);
        if desks.boards.is_empty() {
            return None;
        }
        let limits = &config.limits;
        let board_keys: Vec<_> = desks.boards.iter().map(|board| board.key.clone()).collect();
        let json = |list: &[String]| serde_json::to_vec(list).unwrap_or_default().into();
        Some(Self {
            desk: desk.clone(),
            store: store.clone(),
            reader,
            boards: json(&board_keys),
            categories: json(&desks.categories),
            description: openapi::description(config).into(),
            board_keys,
            desks,
            context: config.http.context.clone(),
            origins: config.http.cors_origins.clone(),
            upload_bytes: limits.upload_bytes,
            upload_files: limits.upload_files,
            pace: DefaultKeyedRateLimiter::keyed(Quota::per_minute(limits.per_token_per_minute)),
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
            places: Semaphore::new(AT_ONCE),
            streams: Mutex::default(),
        })
    }

    /// A place among those who wait for a tracker; to be kept until the answer.
    fn enter(&self, context: &Context) -> Result<SemaphorePermit<'_>, Problem> {
        self.places.try_acquire().map_err(|_| {
            context.metrics.shed("api");
            HttpError::Overloaded.into()
        })
    }

    /// Forgets tokens that have been silent for long.
    pub(super) fn forget_the_silent(&self) {
        self.pace.retain_recent();
    }
}

/// The description of the API, as `openapi.json` has it.
#[must_use]
pub fn description(config: &Config) -> String {
    openapi::description(config)
}

fn desks(config: &Config) -> Desks {
    let jira = config.jira.as_ref();
    let boards: Vec<_> = config
        .api_boards()
        .into_iter()
        .filter_map(|board| {
            let (tracker, place) = match board.place {
                Place::Jira(key) => {
                    let found = jira?.boards.iter().find(|board| board.key == key)?;
                    (Tracker::Jira, found.name.clone())
                }
                Place::Redmine(project) => (Tracker::Redmine, project),
            };
            Some(Board { key: board.key, tracker, place })
        })
        .collect();
    let only = match boards.as_slice() {
        [only] => Some(only.key.clone()),
        _ => None,
    };
    Desks {
        default_board: jira.and_then(|jira| jira.default_board.clone()).or(only),
        categories: jira.map(|jira| jira.categories.clone()).unwrap_or_default(),
        default_category: jira.and_then(|jira| jira.default_category.clone()),
        boards,
    }
}

/// A request on its way through the API.
struct Asking<'a> {
    context: &'a Context,
    api: &'a Arc<Api>,
    headers: HeaderMap,
    query: String,
}

/// Answers a request.
pub(super) async fn answer(
    context: &Context,
    call: Call,
    request: Request<Incoming>,
    part: &str,
    allowed: &'static str,
    request_id: &str,
) -> Reply {
    let origin = request.headers().get(ORIGIN).cloned();
    let language = request.headers().clone();
    let outcome = match &context.api {
        None => Err(Problem::not_found(says("api-no-api"))),
        Some(_) if request.method() == Method::OPTIONS => Ok(preflight(allowed)),
        Some(api) => Box::pin(decide(context, api, call, request, part)).await,
    };
    let mut reply = outcome.unwrap_or_else(|problem| problem.reply(context, &language, request_id));
    if let Some(api) = &context.api {
        for_browsers(api, origin.as_ref(), reply.headers_mut());
    }
    let no_store = HeaderValue::from_static("no-store");
    reply.headers_mut().entry(CACHE_CONTROL).or_insert(no_store);
    reply
}

/// What the router refused, as a problem.
pub(super) fn refused(
    context: &Context,
    error: HttpError,
    headers: &HeaderMap,
    request_id: &str,
) -> Reply {
    let mut reply = Problem::from(error).reply(context, headers, request_id);
    if let Some(api) = &context.api {
        for_browsers(api, headers.get(ORIGIN), reply.headers_mut());
    }
    reply
}

async fn decide(
    context: &Context,
    api: &Arc<Api>,
    call: Call,
    request: Request<Incoming>,
    part: &str,
) -> Result<Reply, Problem> {
    match call {
        Call::Description => {
            return Ok(always(&api.description));
        }
        Call::Docs => return docs::page(request.uri().path(), part),
        _ => {}
    }
    let (head, body) = request.into_parts();
    let writes = head.method == Method::POST;
    let needed = if writes { Scope::Write } else { Scope::Read };
    let caller = auth::admit(context, api, &head.headers, needed)?;
    let query = head.uri.query().unwrap_or_default().to_owned();
    let asking = Asking { context, api, headers: head.headers, query };
    let part = percent_decode_str(part).decode_utf8().unwrap_or_default();
    match call {
        Call::Tickets if writes => Box::pin(writing::ticket(&asking, &caller, body)).await,
        Call::Tickets => reading::tickets(&asking).await,
        Call::Ticket => reading::ticket(&asking, &part).await,
        Call::Comment => Box::pin(writing::comment(&asking, &caller, &part, body)).await,
        Call::Progress => writing::progress(&asking, &part).await,
        Call::Events => events::stream(&asking, caller).await,
        Call::Boards => query::nothing(&asking.query).map(|()| always(&api.boards)),
        Call::Categories => query::nothing(&asking.query).map(|()| always(&api.categories)),
        Call::Description | Call::Docs => Err(HttpError::Internal.into()),
    }
}

/// An answer that stays the same for as long as this process lives.
fn always(json: &Bytes) -> Reply {
    let mut reply = reply::typed(StatusCode::OK, "application/json", json.clone());
    let minute = HeaderValue::from_static("private, max-age=60");
    reply.headers_mut().insert(CACHE_CONTROL, minute);
    reply
}

/// A browser asks what a page of another origin may send; everybody else what there is.
fn preflight(allowed: &'static str) -> Reply {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(allowed));
    let sent = "authorization, content-type, accept-language, idempotency-key, last-event-id";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(sent));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    reply
}

/// Lets pages of the configured origins read the answer (the Fetch standard, "CORS protocol").
fn for_browsers(api: &Api, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    if api.origins.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return };
    let known = |one: &String| one == "*" || one.as_bytes() == origin.as_bytes();
    if api.origins.iter().any(known) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let read = "location, link, x-next-cursor, x-request-id, retry-after";
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(read));
    } else {
        headers.remove(ACCESS_CONTROL_ALLOW_METHODS);
        headers.remove(ACCESS_CONTROL_ALLOW_HEADERS);
    }
}
