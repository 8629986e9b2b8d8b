//! Subscriptions ("Create subscription", "Receive change notifications through webhooks"): both
//! addresses are asked for their validation token before one is made. Graph wants `https`; the
//! stand-in also takes `http` to loopback, and speaks nothing else, so that it never leaves the
//! machine: any other address fails its validation.

use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::JSON;
use super::error::{Outcome, Refusal};
use super::notices::Courier;
use super::route;
use super::state::State;
use super::{Graph, oauth};
use crate::sandbox::wire::{self, Reply, Request};

/// How long the validation may take.
const VALIDATION: Duration = Duration::from_secs(10);
/// The least that is left of a new lifetime.
const LEAST: SignedDuration = SignedDuration::from_secs(1);

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) resource: String,
    pub(super) mailbox: usize,
    /// `None` for all folders.
    pub(super) folder: Option<usize>,
    pub(super) kinds: Vec<String>,
    pub(super) url: Url,
    pub(super) lifecycle: Option<Url>,
    pub(super) state: Option<String>,
    pub(super) expires: Timestamp,
    pub(super) immutable: bool,
    /// Paused until it is reauthorized.
    pub(super) paused: bool,
}

pub(super) struct Subscriptions {
    pub(super) all: Vec<Subscription>,
    pub(super) courier: Courier,
    /// Renewals fail that often more, with this status.
    pub(super) failing: (u32, u16),
    pub(super) renewals: u64,
}

/// What a request for a subscription says, checked as far as can be without asking anybody.
pub(super) struct Wanted {
    subscription: Subscription,
    token: String,
}

impl Subscriptions {
    pub(super) fn new(courier: Courier) -> Self {
        Self { all: Vec::new(), courier, failing: (0, 0), renewals: 0 }
    }

    fn find(&mut self, id: &str) -> Result<&mut Subscription, Refusal> {
        let found = self.all.iter_mut().find(|one| one.id == id);
        found.ok_or_else(|| Refusal::new(404, "ResourceNotFound", "The object was not found."))
    }

    /// Forgets what has expired by now. Nobody is told (documented: Graph deletes it).
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.all.retain(|one| one.expires > now);
    }
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequest", text)
}

/// # Errors
/// 400 for what is missing or wrong.
pub(super) fn wanted(
    state: &State,
    request: &Request,
    access: &oauth::Access,
    immutable: bool,
) -> Result<Wanted, Refusal> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| invalid("Could not process subscription creation payload."))?;
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let need = |name: &str| {
        text(name).ok_or_else(|| {
            invalid(format!("{name} is a required property for subscription creation."))
        })
    };
    let kinds: Vec<String> =
        need("changeType")?.split(',').map(|kind| kind.trim().to_owned()).collect();
    if kinds.iter().any(|kind| !["created", "updated", "deleted"].contains(&kind.as_str())) {
        return Err(invalid("The changeType of the subscription is invalid."));
    }
    let address = |name: &str| -> Result<Option<Url>, Refusal> {
        let Some(text) = text(name) else { return Ok(None) };
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" || is_loopback(url));
        url.map(Some).ok_or_else(|| {
            invalid(format!("The {name} of the subscription has to be an https URL."))
        })
    };
    need("notificationUrl")?;
    let Some(url) = address("notificationUrl")? else { return Err(invalid("No notificationUrl.")) };
    let resource = need("resource")?.to_owned();
    let (mailbox, folder) = place(state, &resource, access)?;
    let expires = lifetime(state, need("expirationDateTime")?)?;
    let client_state = text("clientState").map(str::to_owned);
    if client_state.as_ref().is_some_and(|state| state.len() > 128) {
        return Err(invalid("The clientState of the subscription is longer than 128 characters."));
    }
    let subscription = Subscription {
        id: uuid::Uuid::new_v4().to_string(),
        resource,
        mailbox,
        folder,
        kinds,
        url,
        lifecycle: address("lifecycleNotificationUrl")?,
        state: client_state,
        expires,
        immutable,
        paused: false,
    };
    let token = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {}",
        uuid::Uuid::new_v4()
    );
    Ok(Wanted { subscription, token })
}

/// The mailbox and the folder of a resource: `users/x/mailFolders('inbox')/messages`.
fn place(
    state: &State,
    resource: &str,
    access: &oauth::Access,
) -> Result<(usize, Option<usize>), Refusal> {
    let path = resource.split('?').next().unwrap_or_default();
    let steps = route::steps(path.trim_start_matches("/v1.0"));
    let lower: Vec<String> = steps.iter().map(|step| step.to_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    let (user, rest) = match names.as_slice() {
        ["me", rest @ ..] => (None, rest),
        ["users", _, rest @ ..] => (Some(steps[1].as_str()), rest),
        _ => return Err(invalid("The resource of the subscription is not supported.")),
    };
    let mailbox = state.mailbox(user, access)?;
    match rest {
        ["messages"] => Ok((mailbox, None)),
        ["mailfolders", _, "messages"] => {
            let name = &steps[steps.len() - 2];
            Ok((mailbox, Some(state.find_folder(mailbox, name)?)))
        }
        _ => Err(invalid("The resource of the subscription is not supported.")),
    }
}

/// # Errors
/// 400 for the past, or beyond the longest lifetime.
fn lifetime(state: &State, text: &str) -> Result<Timestamp, Refusal> {
    let at: Timestamp = text.parse().map_err(|_| invalid("The expirationDateTime is no time."))?;
    let left = at.duration_since(state.now());
    if left < LEAST {
        return Err(invalid("Subscription expiration can only be in the future."));
    }
    let most = state.setup.subscription_lifetime;
    if left > most {
        let text = format!(
            "Subscription expiration can only be {} minutes in the future.",
            most.as_secs() / 60
        );
        return Err(Refusal::new(400, "ExtensionError", text));
    }
    Ok(at)
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// Asks both addresses; the first that does not answer as it should refuses it all.
pub(super) async fn validate(wanted: &Wanted) -> Result<(), Refusal> {
    let one = &wanted.subscription;
    for url in [Some(&one.url), one.lifecycle.as_ref()].into_iter().flatten() {
        let mut target = url.clone();
        target.query_pairs_mut().append_pair("validationToken", &wanted.token);
        let refuse = |text: String| Refusal::new(400, "ValidationError", text);
        let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let headers = [
            ("Host", authority),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        if !is_loopback(&target) {
            return Err(refuse("Subscription validation request failed.".to_owned()));
        }
        let asked = wire::post(&target, &headers, String::new());
        let Ok(answer) = tokio::time::timeout(VALIDATION, asked).await else {
            return Err(refuse("Subscription validation request timed out.".to_owned()));
        };
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        if status != 200 {
            let text = format!(
                "Subscription validation request failed. HTTP status code is '{status}'. \
                 Notification endpoint must respond with 200 OK to validation request."
            );
            return Err(refuse(text));
        }
        let fits = answer.is_ok_and(|answer| {
            let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
            kind.is_some_and(|kind| kind.starts_with("text/plain"))
                && answer.body == wanted.token.as_bytes()
        });
        if !fits {
            let text = "Subscription validation request failed. Response must match \
                        validationToken query parameter.";
            return Err(refuse(text.to_owned()));
        }
    }
    Ok(())
}

/// 201 once it is valid.
pub(super) fn create(state: &mut State, request: &Request, wanted: Wanted) -> Reply {
    let mut body = shown(&wanted.subscription, request);
    // Only here: who reads a subscription later is not told its secret.
    body["clientState"] = json!(wanted.subscription.state);
    state.subscriptions.all.push(wanted.subscription);
    Reply::json(StatusCode::CREATED, JSON, &body)
}

pub(super) fn list(state: &State, request: &Request) -> Reply {
    let all = state.subscriptions.all.iter();
    let value: Vec<Value> = all.map(|one| shown(one, request)).collect();
    Reply::json(StatusCode::OK, JSON, &json!({ "value": value }))
}

/// `GET`, `PATCH` or `DELETE` of one.
pub(super) fn one(state: &mut State, request: &Request, id: &str) -> Outcome {
    state.subscriptions.find(id)?;
    match request.method.as_str() {
        "DELETE" => {
            state.subscriptions.all.retain(|one| one.id != id);
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        "PATCH" => {
            let body: Value = serde_json::from_slice(&request.body)
                .map_err(|_| invalid("Could not process subscription update payload."))?;
            let expires = body["expirationDateTime"].as_str();
            let expires = expires.ok_or_else(|| invalid("expirationDateTime is required."))?;
            if state.subscriptions.failing.0 > 0 {
                state.subscriptions.failing.0 -= 1;
                return Err(failure(state.subscriptions.failing.1));
            }
            let expires = lifetime(state, expires)?;
            state.subscriptions.renewals += 1;
            let one = state.subscriptions.find(id)?;
            (one.expires, one.paused) = (expires, false);
        }
        _ => {}
    }
    let body = shown(state.subscriptions.find(id)?, request);
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

fn failure(status: u16) -> Refusal {
    match status {
        404 => Refusal::new(404, "ResourceNotFound", "The object was not found."),
        410 => Refusal::new(410, "ResourceNotFound", "The object is no longer available."),
        status => Refusal::new(status, "ServiceNotAvailable", "Please try again later."),
    }
}

/// `POST …/reauthorize`: notices come again; its end stays.
pub(super) fn reauthorize(state: &mut State, id: &str) -> Outcome {
    state.subscriptions.find(id)?.paused = false;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn shown(one: &Subscription, request: &Request) -> Value {
    let host = request.header("host").unwrap_or_default();
    json!({
        "@odata.context": format!("http://{host}/v1.0/$metadata#subscriptions/$entity"),
        "id": one.id,
        "resource": one.resource,
        "applicationId": Graph::CLIENT_ID,
        "changeType": one.kinds.join(","),
        "clientState": Value::Null,
        "notificationUrl": one.url,
        "lifecycleNotificationUrl": one.lifecycle,
        "expirationDateTime": one.expires.to_string(),
        "creatorId": Graph::CLIENT_ID,
        "latestSupportedTlsVersion": "v1_2",
        "includeResourceData": false,
    })
}
