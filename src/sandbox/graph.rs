//! A stand-in of Microsoft 365: Entra's sign-in under `/{tenant}/oauth2/v2.0/` and Microsoft Graph
//! mail under `/v1.0/`, on one address. One tenant, one application, a few mailboxes. Names, types
//! and codes are those of Microsoft's documentation; what is not there is refused as Graph does.

mod ask;
mod attachments;
mod control;
mod control_sign_in;
mod delta;
mod error;
mod filter;
mod folders;
mod ids;
mod item;
mod limits;
mod list;
mod mailbox;
pub(super) mod notices;
pub(super) mod oauth;
mod quote;
mod render;
mod reply;
mod route;
mod send;
mod state;
mod subscriptions;
mod upload;
mod write;

use std::io;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::{HeaderName, WWW_AUTHENTICATE};
use jiff::SignedDuration;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::controls::controls;
use super::server::{Server, Service};
use super::wire::{Reply, Request, lock};
use ask::{Ask, Prefer};
use error::{Ids, Outcome, Refusal};
use limits::Limits;
use route::{Act, Place, Route};
use state::State;

pub(super) const JSON: &str = "application/json; odata.metadata=minimal; charset=utf-8";

/// An embedded Microsoft 365 with a few mailboxes. Stops when dropped.
pub struct Graph(Server<Desk>);

controls!(Graph);

/// What a tenant is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSetup {
    /// The addresses of the mailboxes that the application may use; the user who signs in is the
    /// first one.
    pub mailboxes: Vec<String>,
    /// Addresses of the tenant that the application may not use.
    pub forbidden: Vec<String>,
    /// Requests to one mailbox at the same time; one more is refused with 429. `None` for no limit.
    pub max_concurrent: Option<usize>,
    /// Requests to one mailbox within ten minutes. `None` for no limit.
    pub requests_per_10_minutes: Option<usize>,
    /// The longest life of a subscription.
    pub subscription_lifetime: SignedDuration,
    /// How long a refresh token is good that nobody uses.
    pub refresh_token_lifetime: SignedDuration,
    /// Seconds between two questions of a device for its token.
    pub device_interval: u64,
}

impl Default for GraphSetup {
    /// As documented: 4 at once, 10,000 in ten minutes, 4,230 minutes, 90 days, 5 s. Of the two
    /// lengths of a subscription that Microsoft has told, it is the shorter one.
    fn default() -> Self {
        Self {
            mailboxes: vec![Graph::ADDRESS.to_owned()],
            forbidden: vec![Graph::FORBIDDEN.to_owned()],
            max_concurrent: Some(4),
            requests_per_10_minutes: Some(10_000),
            subscription_lifetime: SignedDuration::from_mins(4_230),
            refresh_token_lifetime: SignedDuration::from_hours(90 * 24),
            device_interval: 5,
        }
    }
}

/// What is awkward in every round of a delta.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GraphOddities {
    /// Each change is told twice, and one from before the round once more.
    pub duplicates: bool,
    /// The changes come in no order.
    pub disorder: bool,
    /// An empty page comes before each page.
    pub empty_pages: bool,
}

struct Desk {
    state: Mutex<State>,
    rounds: Mutex<delta::Rounds>,
    limits: Mutex<Limits>,
}

impl Graph {
    /// Starts on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(GraphSetup::default()).await
    }

    /// The same with other mailboxes or limits.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start_with(setup: GraphSetup) -> io::Result<Self> {
        let courier = notices::Courier::new(Handle::current());
        let limits = Limits::new(setup.max_concurrent, setup.requests_per_10_minutes);
        let desk = Desk {
            state: Mutex::new(State::new(setup, subscriptions::Subscriptions::new(courier))),
            rounds: Mutex::default(),
            limits: Mutex::new(limits),
        };
        Ok(Self(Server::start(|_| desk).await?))
    }
}

impl Desk {
    /// Works on the state, then tells the subscriptions what changed.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        state.settle();
        let done = work(&mut state);
        notices::tell(&mut state);
        done
    }

    fn route(&self, request: &Request) -> Reply {
        let Some(Route { place, .. }) = route::of(request) else { return self.unknown(request) };
        self.with(|state| {
            let now = state.now();
            match &place {
                Place::Token(tenant) => return state.oauth.token(tenant, request, now),
                Place::DeviceCode(tenant) => return state.oauth.device_code(tenant, request, now),
                Place::Authorize(tenant) => return state.oauth.authorize(tenant, request, now),
                _ => {}
            }
            let outcome = match &place {
                Place::Upload(session) => upload::range(state, request, session),
                _ => self.signed_in(state, request, &place),
            };
            finish(outcome, request, state)
        })
    }

    fn signed_in(&self, state: &mut State, request: &Request, place: &Place) -> Outcome {
        let access = authorize(state, request)?;
        allow(&access, place)?;
        match place {
            Place::Subscriptions => Ok(subscriptions::list(state, request)),
            Place::Subscription(id) => subscriptions::one(state, request, id),
            Place::Reauthorize(id) => subscriptions::reauthorize(state, id),
            Place::Mail(user, act) => {
                let mailbox = state.mailbox(user.as_deref(), &access)?;
                let path = match user {
                    Some(user) => format!("users('{}')", user.replace('@', "%40")),
                    None => "me".to_owned(),
                };
                let (prefer, now) = (Prefer::of(request), state.now());
                let ask = Ask { request, path, mailbox, prefer, now };
                self.mail(state, &ask, act)
            }
            _ => Err(Refusal::no_item()),
        }
    }

    fn mail(&self, state: &mut State, ask: &Ask<'_>, act: &Act) -> Outcome {
        let reply = match act {
            Act::Folders(parent) => folders::list(state, ask, parent.as_deref()),
            Act::Folder(name) => folders::one(state, ask, name),
            Act::List(folder) => list::list(state, ask, folder.as_deref()),
            Act::Delta(folder) => delta::delta(state, &mut lock(&self.rounds), ask, folder),
            Act::Create => write::create(state, ask),
            Act::Message(id) => {
                let view = list::view(ask)?;
                let (number, item) = state.find(ask.mailbox, id)?;
                let mut body = render::message(state, ask, number, item, &view);
                let context =
                    format!("{}/v1.0/$metadata#{}/messages/$entity", ask.base(), ask.path);
                body["@odata.context"] = json!(context);
                Ok(Reply::json(StatusCode::OK, JSON, &body))
            }
            Act::Patch(id) => write::patch(state, ask, id),
            Act::Delete(id) => write::delete(state, ask, id),
            Act::Value(id) => {
                let (_, item) = state.find(ask.mailbox, id)?;
                let raw = item.raw.clone();
                let raw = raw.unwrap_or_else(|| send::compose(item, ask.now, true).into());
                Ok(attachments::streamed(raw, "text/plain"))
            }
            Act::Reply { id, all } => reply::create(state, ask, id, *all),
            Act::Send(id) => send::send(state, ask, id),
            Act::Move(id) => write::relocate(state, ask, id),
            Act::Attachments(id) => attachments::list(state, ask, id),
            Act::Attach(id) => attachments::add(state, ask, id),
            Act::UploadSession(id) => upload::create(state, ask, id),
            Act::Attachment(id, one) => attachments::get(state, ask, id, one),
            Act::AttachmentValue(id, one) => attachments::value(state, ask, id, one),
        }?;
        let applied = HeaderName::from_static("preference-applied");
        Ok(match ask.prefer.applied() {
            Some(preference) => reply.with(applied, preference),
            None => reply,
        })
    }

    /// A path that is none.
    fn unknown(&self, request: &Request) -> Reply {
        let state = lock(&self.state);
        let last = request.path.rsplit('/').next().unwrap_or_default();
        let refusal = Refusal::bad(format!("Resource not found for the segment '{last}'."));
        finish(Err(refusal), request, &state)
    }

    /// `POST /v1.0/subscriptions`, which asks somebody else first.
    async fn subscribe(&self, request: &Request) -> Reply {
        let wanted = {
            let mut state = lock(&self.state);
            authorize(&mut state, request).and_then(|access| {
                allow(&access, &Place::Subscriptions)?;
                let immutable = Prefer::of(request).immutable;
                subscriptions::wanted(&state, request, &access, immutable)
            })
        };
        let outcome = match wanted {
            Ok(wanted) => match subscriptions::validate(&wanted).await {
                Ok(()) => Ok(self.with(|state| subscriptions::create(state, request, wanted))),
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        let mut reply = finish(outcome, request, &lock(&self.state));
        reply.login = self.login(request);
        reply
    }
}

fn finish(outcome: Outcome, request: &Request, state: &State) -> Reply {
    let (ids, now) = (Ids::of(request), state.now());
    let reply = outcome.unwrap_or_else(|refusal| refusal.into_reply(now, &ids));
    ids.onto(reply, now)
}

fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whose token it is.
///
/// # Errors
/// 401 `InvalidAuthenticationToken`.
fn authorize(state: &mut State, request: &Request) -> Result<oauth::Access, Refusal> {
    match &mut state.oauth.fuse {
        Some(0) => {
            state.oauth.fuse = None;
            state.oauth.access.clear();
        }
        Some(left) => *left -= 1,
        None => {}
    }
    let now = state.now();
    let token = bearer(request);
    let refuse = |text: &str| {
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
             client_id=\"{}\"",
            Graph::RESOURCE
        );
        Refusal::new(401, "InvalidAuthenticationToken", text).with(WWW_AUTHENTICATE, &challenge)
    };
    let token = token.ok_or_else(|| refuse("Access token is empty."))?;
    let access = state.oauth.access.get(token).filter(|access| access.expires > now).cloned();
    access.ok_or_else(|| refuse("Lifetime validation failed, the token is expired."))
}

/// Whether the permissions of a token are enough.
fn allow(access: &oauth::Access, place: &Place) -> Result<(), Refusal> {
    let has = |name: &str| access.permissions.contains(name);
    let enough = match place {
        Place::Mail(_, Act::Send(_)) => has("Mail.Send"),
        Place::Mail(
            _,
            Act::Create
            | Act::Patch(_)
            | Act::Delete(_)
            | Act::Reply { .. }
            | Act::Move(_)
            | Act::Attach(_)
            | Act::UploadSession(_),
        ) => has("Mail.ReadWrite"),
        _ => has("Mail.Read") || has("Mail.ReadWrite"),
    };
    if enough { Ok(()) } else { Err(Refusal::denied()) }
}

/// Numbers that look like chance, the same in every run (splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

impl Service for Desk {
    fn answer(&self, request: &Request) -> Reply {
        // Before: the answer may revoke what the request came with.
        let login = self.login(request);
        let mut reply = self.route(request);
        reply.login = login;
        reply
    }

    fn answer_later<'a>(&'a self, request: &'a Request) -> Option<BoxFuture<'a, Reply>> {
        let subscribes = request.method == "POST"
            && route::of(request).is_some_and(|route| route.place == Place::Subscriptions);
        subscribes.then(|| self.subscribe(request).boxed())
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        let state = lock(&self.state);
        let access = state.oauth.access.get(bearer(request)?)?;
        Some(if access.user.is_some() { "user" } else { "application" })
    }

    fn detail(&self, request: &Request) -> Option<String> {
        let template = route::of(request)?.template;
        Some(match template {
            "POST token" => {
                let grant =
                    oauth::Form::of(request).get("grant_type").unwrap_or_default().to_owned();
                format!("[POST token {}]", grant.rsplit(':').next().unwrap_or_default())
            }
            template => format!("[{template}]"),
        })
    }

    fn admit(&self, request: &Request) -> Result<Option<OwnedSemaphorePermit>, Box<Reply>> {
        let Some(Route { place, template }) = route::of(request) else { return Ok(None) };
        // However it is named: who signs in has the first one.
        let named = |name: &str| lock(&self.state).known(name);
        let mailbox = match &place {
            Place::Mail(Some(name), _) => named(name),
            _ => Some(0),
        };
        let mut limits = lock(&self.limits);
        limits.count(template);
        let (Place::Mail(..), Some(mailbox)) = (place, mailbox) else { return Ok(None) };
        match limits.admit(mailbox) {
            Ok(permit) => Ok(Some(permit)),
            Err(refusal) => {
                drop(limits);
                Err(Box::new(finish(Err(refusal), request, &lock(&self.state))))
            }
        }
    }
}

#[cfg(test)]
mod tests;
