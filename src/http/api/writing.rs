//! Making tickets and comments. What is asked is recorded before anything is answered; who waits gets
//! the ticket if its tracker answers in time, and else a place to ask at. Asked again under the same
//! `Idempotency-Key` it is the same request.

use std::time::Duration;

use http::{
    HeaderValue, StatusCode,
    header::{HeaderName, LOCATION},
};
use hyper::body::Incoming;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::SemaphorePermit;
use utoipa::ToSchema;

use super::{
    Asking, auth, fields,
    problem::{Fault, Problem, says},
    query, reading,
    upload::{self, Given},
};
use crate::{
    actors::{Desk, ReadFault},
    http::reply::{self, Reply},
    model::{
        api_token::TokenId,
        keys::{EffectId, IssueKey},
        request::{Accepted, Asked, NewRemark, NewRequest, Progress, RequestId},
        ticket_query::Field,
    },
    secret,
    store::StoreError,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long a caller waits for the tracker's answer: less than the ten seconds after which many give up.
const PATIENCE: Duration = Duration::from_secs(8);
/// Seconds after which to ask for a request that takes longer.
const ASK_AGAIN: u32 = 5;

pub(super) async fn ticket(
    asking: &Asking<'_>,
    caller: &TokenId,
    body: Incoming,
) -> Result<Reply, Problem> {
    let api = asking.api;
    query::nothing(&asking.query)?;
    let key = idempotency_key(asking)?;
    let mut given = upload::read(asking, body).await?;
    let read = fields::ticket(std::mem::take(&mut given.fields), &api.desks);
    let mut new = match read {
        Ok(new) => new,
        Err(faults) => return Err(given.refused(&api.desk, Problem::body(faults)).await),
    };
    let _place = match place(asking, caller) {
        Ok(place) => place,
        Err(problem) => return Err(given.refused(&api.desk, problem).await),
    };
    let asked = asked(caller, key.as_deref(), "ticket", &words_of(&new), &given);
    new.files = given.files;
    let id = accepted(asking, caller, api.desk.request(asked, new).await)?;
    match outcome(asking, id).await? {
        Progress::Done(key) => made(asking, id, &key).await,
        other => later(asking, id, other),
    }
}

pub(super) async fn comment(
    asking: &Asking<'_>,
    caller: &TokenId,
    part: &str,
    body: Incoming,
) -> Result<Reply, Problem> {
    let api = asking.api;
    query::nothing(&asking.query)?;
    let issue = reading::key(part)?;
    let key = idempotency_key(asking)?;
    let mut given = upload::read(asking, body).await?;
    let mut new = match fields::remark(std::mem::take(&mut given.fields)) {
        Ok(new) => new,
        Err(faults) => return Err(given.refused(&api.desk, Problem::body(faults)).await),
    };
    let _place = match place(asking, caller) {
        Ok(place) => place,
        Err(problem) => return Err(given.refused(&api.desk, problem).await),
    };
    let unseen = match api.reader.sees(&issue).await {
        Ok(true) => None,
        Ok(false) => Some(Problem::not_found(says("api-no-ticket"))),
        Err(fault) => Some(reading::problem(&fault)),
    };
    if let Some(problem) = unseen {
        return Err(given.refused(&api.desk, problem).await);
    }
    let words = words_of_remark(&new, &issue);
    let asked = asked(caller, key.as_deref(), "comment", &words, &given);
    new.files = given.files;
    let id = accepted(asking, caller, api.desk.remark(asked, issue, new).await)?;
    match outcome(asking, id).await? {
        Progress::Done(_) => Ok(reply::empty(StatusCode::NO_CONTENT)),
        other => later(asking, id, other),
    }
}

/// A place for a request whose body is read; that may have taken a while, in which its token can have
/// been taken back.
fn place<'a>(asking: &Asking<'a>, caller: &TokenId) -> Result<SemaphorePermit<'a>, Problem> {
    auth::still(asking.api, caller)?;
    asking.api.enter(asking.context)
}

pub(super) async fn progress(asking: &Asking<'_>, part: &str) -> Result<Reply, Problem> {
    query::nothing(&asking.query)?;
    let unknown = || Problem::not_found(says("api-no-request"));
    let (id, _) = part.split_once('-').ok_or_else(unknown)?;
    let id = EffectId::parse(id).ok_or_else(unknown)?;
    let desk = &asking.api.desk;
    // Only whoever asked for it was told its name.
    if !secret::matches(&SecretString::from(name(desk, id)), part) {
        return Err(unknown());
    }
    let found = desk.progress(id).await.map_err(|error| Problem::store(&error))?;
    let view = RequestView::of(desk, id, &found.ok_or_else(unknown)?);
    let waits = matches!(view.state, RequestState::Pending | RequestState::Delayed);
    let mut reply = reading::json(StatusCode::OK, &view)?;
    if waits {
        reading::ask_again(&mut reply, ASK_AGAIN);
    }
    Ok(reply)
}

/// What a request is called: its number, and what nobody guesses.
fn name(desk: &Desk, id: RequestId) -> String {
    format!("{id}-{}", desk.secret().path(&format!("request {id}")).expose_secret())
}

/// What became of a request for a ticket or a comment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub(super) struct RequestView {
    /// What it is called.
    #[schema(example = "17.1-3f9a5c0e7b1d4826a0c5")]
    id: String,
    /// How far it is.
    state: RequestState,
    /// The key of its ticket, once there is one.
    #[schema(example = "SUP-42")]
    key: Option<String>,
    /// Why the tracker refuses it, if it does.
    fault: Option<String>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RequestState {
    /// It is recorded, and being done.
    Pending,
    /// The tracker did not take it at the first try; it is tried again until it does.
    Delayed,
    /// The tracker has it.
    Done,
    /// The tracker does not take it.
    Refused,
}

impl RequestView {
    fn of(desk: &Desk, id: RequestId, progress: &Progress) -> Self {
        let (state, key, fault) = match progress {
            Progress::Pending { delayed: false } => (RequestState::Pending, None, None),
            Progress::Pending { delayed: true } => (RequestState::Delayed, None, None),
            Progress::Done(key) => (RequestState::Done, Some(key.to_string()), None),
            Progress::Refused { fault } => (RequestState::Refused, None, Some(fault.clone())),
        };
        Self { id: name(desk, id), state, key, fault }
    }
}

/// The ticket, as its tracker tells of it.
async fn made(asking: &Asking<'_>, id: RequestId, key: &IssueKey) -> Result<Reply, Problem> {
    let api = asking.api;
    let told = api.reader.get(key, &[Field::Comments, Field::Attachments].into()).await;
    let ticket = match told {
        Ok(Some(ticket)) => ticket,
        // It is made: whoever hears of a failure now would make it again.
        Ok(None) => return later(asking, id, Progress::Done(key.clone())),
        Err(fault) => {
            if let ReadFault::Api(error) = fault {
                tracing::warn!(%error, issue.key = %key, "a new ticket cannot be read");
            }
            return later(asking, id, Progress::Done(key.clone()));
        }
    };
    let mut reply = reading::json(StatusCode::CREATED, &ticket)?;
    if let Ok(place) = HeaderValue::from_str(&reading::address(&api.context, key)) {
        reply.headers_mut().insert(LOCATION, place);
    }
    Ok(reply)
}

/// Where to ask, if the tracker has not refused.
fn later(asking: &Asking<'_>, id: RequestId, progress: Progress) -> Result<Reply, Problem> {
    if let Progress::Refused { fault } = progress {
        let told = says("api-tracker-refused").with("fault", fault);
        return Err(Problem::new(StatusCode::CONFLICT, "tracker-refused", told));
    }
    let desk = &asking.api.desk;
    let mut reply = reading::json(StatusCode::ACCEPTED, &RequestView::of(desk, id, &progress))?;
    let place = format!("{}/requests/{}", asking.api.context, name(desk, id));
    if let Ok(place) = HeaderValue::from_str(&place) {
        reply.headers_mut().insert(LOCATION, place);
    }
    reading::ask_again(&mut reply, ASK_AGAIN);
    Ok(reply)
}

fn accepted(
    asking: &Asking<'_>,
    caller: &TokenId,
    outcome: Result<Accepted, StoreError>,
) -> Result<RequestId, Problem> {
    match outcome.map_err(|error| Problem::store(&error))? {
        Accepted::New(id) => {
            tracing::info!(token.id = %caller, effect.id = %id, "a caller of the api asks for something");
            Ok(id)
        }
        Accepted::Again(id) => {
            tracing::debug!(token.id = %caller, effect.id = %id, "a caller of the api asks again");
            Ok(id)
        }
        Accepted::OtherRequest => {
            asking.context.metrics.shed("keys");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Problem::new(status, "key-reused", says("api-key-reused")))
        }
    }
}

async fn outcome(asking: &Asking<'_>, id: RequestId) -> Result<Progress, Problem> {
    let outcome = asking.api.desk.outcome_of(id, PATIENCE).await;
    let outcome = outcome.map_err(|error| Problem::store(&error))?;
    Ok(outcome.unwrap_or(Progress::Pending { delayed: true }))
}

fn idempotency_key(asking: &Asking<'_>) -> Result<Option<String>, Problem> {
    let mut given = asking.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| {
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if let (Some(key), None) = (key, given.next()) {
        return Ok(Some(key.to_owned()));
    }
    let fault = Fault::of("Idempotency-Key", says("api-fault-key"));
    Err(Problem::parameters(vec![fault]))
}

/// By what a repeated request is known, and told from another.
fn asked(caller: &TokenId, key: Option<&str>, what: &str, words: &Value, given: &Given) -> Asked {
    let key = key.map(|key| digest(&[caller.as_str(), "\0", key]));
    let files: Vec<_> = given
        .files
        .iter()
        .zip(&given.prints)
        .map(|(file, print)| (&file.name, &file.media_type, file.size, print))
        .collect();
    let files = serde_json::to_string(&files).unwrap_or_default();
    Asked { key, print: digest(&[what, "\0", &words.to_string(), "\0", &files]) }
}

fn digest(parts: &[&str]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let mut print = [0; 16];
    print.copy_from_slice(&digest.finalize()[..16]);
    print
}

fn words_of(new: &NewRequest) -> Value {
    serde_json::to_value(new).unwrap_or_default()
}

fn words_of_remark(new: &NewRemark, issue: &IssueKey) -> Value {
    let mut words = Map::new();
    words.insert("issue".to_owned(), issue.to_string().into());
    words.insert("remark".to_owned(), serde_json::to_value(new).unwrap_or_default());
    Value::Object(words)
}
