//! How ticketd proves to Graph who it is: access tokens from Entra, shared by a client's clones and
//! renewed ahead of their end, one renewal at a time. A rotated refresh token is kept before the
//! access token that came with it is used.
//!
//! When Entra says something that only a person can mend, the keeper locks: every later call fails
//! as [`ApiError::Unauthorized`] and nothing is sent, until somebody has signed in.

mod assertion;
mod entra;
mod fault;
mod interactive;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use url::Url;

pub use self::{
    assertion::{Certificate, CertificateFault},
    fault::SignInFault,
    interactive::{CodeRequest, DeviceCode, Polled, SignIn, SignInError},
};
use self::{
    entra::{Entra, Fresh},
    fault::{Trouble, unavailable},
};
use crate::{clients::ApiError, telemetry::Metrics};

/// Entra's name in errors and metrics.
pub(super) const ENTRA: &str = "entra";
/// How long before its end a token is renewed, at most.
const AHEAD: Duration = Duration::from_mins(5);
/// The pause after a renewal that failed while the old token was still good.
const REST: Duration = Duration::from_secs(30);
/// The longest that a call waits for a token.
const PATIENCE: Duration = Duration::from_mins(1);

/// The application, and how it gets in.
#[derive(Clone)]
pub struct GraphAuth {
    /// Such as `https://login.microsoftonline.com`; national clouds have their own.
    pub authority: Url,
    /// The tenant's id or domain.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// How it gets in.
    pub way: Way,
}

/// How the application proves who it is.
#[derive(Clone)]
pub enum Way {
    /// As itself, with a secret.
    Secret(SecretString),
    /// As itself, with a certificate.
    Certificate(Arc<Certificate>),
    /// In the name of somebody who signed in once.
    Delegated(Arc<dyn Grants>),
}

/// Where somebody's sign-in is kept.
pub trait Grants: Send + Sync {
    /// The newest grant; `None` before anybody signed in. An error is a few words for the log.
    fn load(&self) -> BoxFuture<'_, Result<Option<Grant>, String>>;
    /// Keeps a newer one, durably once it is done.
    fn keep(&self, grant: Grant) -> BoxFuture<'_, Result<(), String>>;
}

/// Somebody's sign-in. It is used up by each renewal, which gives another; unused it ends after 90
/// days.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The refresh token.
    pub refresh_token: SecretString,
    /// When it was given.
    pub obtained: Timestamp,
    /// The tenant that gave it.
    pub tenant: String,
    /// The application that it was given to.
    pub client_id: String,
}

/// An access token.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) token: SecretString,
    number: u64,
}

/// Hands out access tokens.
#[derive(Clone)]
pub(super) struct Keeper {
    inner: Arc<Inner>,
}

struct Inner {
    entra: Entra,
    way: Way,
    held: Arc<tokio::sync::Mutex<Held>>,
    fault: Mutex<Option<SignInFault>>,
    numbers: AtomicU64,
}

#[derive(Default)]
struct Held {
    key: Option<(Key, Instant, Instant)>,
    /// Entra is not asked before.
    rest: Option<Instant>,
}

impl Held {
    /// The token, as long as it need not be renewed.
    fn good(&self, now: Instant) -> Option<Key> {
        self.key.as_ref().filter(|(_, renew, _)| now < *renew).map(|(key, ..)| key.clone())
    }

    /// The token until its very end.
    fn last(&self, now: Instant) -> Option<Key> {
        self.key.as_ref().filter(|(.., end)| now < *end).map(|(key, ..)| key.clone())
    }
}

impl Keeper {
    pub(super) fn new(
        auth: &GraphAuth,
        graph: &Url,
        limit: Duration,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        let entra = Entra::new(auth, graph, limit, metrics)?;
        let (held, fault, numbers) = Default::default();
        let way = auth.way.clone();
        Ok(Self { inner: Arc::new(Inner { entra, way, held, fault, numbers }) })
    }

    /// The token for a call.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] while a person must sign in: nothing is sent. Else what hindered
    /// Entra; never [`ApiError::Ambiguous`].
    pub(super) async fn key(&self) -> Result<Key, ApiError> {
        self.inner.open()?;
        let slow = |_| Err(unavailable("it takes too long to sign in"));
        timeout(PATIENCE, self.key_in_turn()).await.unwrap_or_else(slow)
    }

    async fn key_in_turn(&self) -> Result<Key, ApiError> {
        let mut held = Arc::clone(&self.inner.held).lock_owned().await;
        self.inner.open()?;
        if let Some(key) = held.good(Instant::now()) {
            return Ok(key);
        }
        // A caller who gives up shall not take a rotated refresh token with him.
        let inner = Arc::clone(&self.inner);
        let renewal = tokio::spawn(async move { inner.renew(&mut held).await });
        renewal.await.unwrap_or_else(|_| Err(unavailable("the sign-in broke off")))
    }

    /// Graph did not take this one: the next call gets another.
    pub(super) async fn refused(&self, refused: &Key) {
        let mut held = self.inner.held.lock().await;
        if held.key.as_ref().is_some_and(|(key, ..)| key.number == refused.number) {
            held.key = None;
        }
    }

    /// Why nothing is sent, if it is so.
    pub(super) fn fault(&self) -> Option<SignInFault> {
        self.inner.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody has signed in: Entra is asked again. `given` is kept after whatever a renewal under
    /// way has to keep, and so in its place.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if it cannot be kept; all is then as before.
    pub(super) async fn signed_in(&self, given: Option<Grant>) -> Result<(), ApiError> {
        let slow = |_| unavailable("it takes too long to sign in");
        let held = timeout(PATIENCE, Arc::clone(&self.inner.held).lock_owned());
        let mut held = held.await.map_err(slow)?;
        let inner = Arc::clone(&self.inner);
        // A caller who gives up shall not leave it half done.
        let taken = tokio::spawn(async move {
            if let (Some(grant), Way::Delegated(grants)) = (given, &inner.way) {
                keep(&**grants, grant).await?;
            }
            *held = Held::default();
            *inner.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(())
        });
        taken.await.unwrap_or_else(|_| Err(unavailable("the sign-in broke off")))
    }

    /// Whether this application of this tenant signs in here, in the same way: in a person's name,
    /// or as itself.
    pub(super) fn is_of(&self, tenant: &str, client_id: &str, by_a_person: bool) -> bool {
        let Inner { entra, way, .. } = &*self.inner;
        entra.tenant.eq_ignore_ascii_case(tenant)
            && entra.client_id.eq_ignore_ascii_case(client_id)
            && matches!(way, Way::Delegated(_)) == by_a_person
    }
}

/// Keeps a grant in the store.
async fn keep(grants: &dyn Grants, grant: Grant) -> Result<(), ApiError> {
    grants.keep(grant).await.map_err(|words| stored("the new sign-in cannot be stored", &words))
}

fn stored(what: &str, words: &str) -> ApiError {
    tracing::warn!(cause = words, "the store of the sign-in failed");
    unavailable(what)
}

impl Inner {
    fn open(&self) -> Result<(), ApiError> {
        match *self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_) => Err(ApiError::Unauthorized { service: ENTRA }),
            None => Ok(()),
        }
    }

    async fn renew(&self, held: &mut Held) -> Result<Key, ApiError> {
        let now = Instant::now();
        if let Some(rest) = held.rest
            && now < rest
        {
            let after = Some(rest - now);
            let limited = ApiError::RateLimited { service: ENTRA, after };
            return held.last(now).ok_or(limited);
        }
        match self.fresh().await {
            Ok(Fresh { token, lifetime, .. }) => {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                let key = Key { token, number };
                let renew = lifetime.saturating_sub(AHEAD.min(lifetime / 10));
                held.key = Some((key.clone(), now + renew, now + lifetime));
                held.rest = None;
                Ok(key)
            }
            Err(Trouble::Api(error)) => {
                let last = held.last(now);
                let said = match &error {
                    ApiError::RateLimited { after, .. } => *after,
                    _ => None,
                };
                if said.is_some() || last.is_some() {
                    held.rest = Some(now + said.unwrap_or(REST));
                }
                last.ok_or(error)
            }
            Err(Trouble::Fault(fault)) => Err(self.lock(held, fault)),
            Err(Trouble::Word(word)) => Err(self.lock(held, SignInFault::Other(word))),
        }
    }

    fn lock(&self, held: &mut Held, fault: SignInFault) -> ApiError {
        // Whoever watches over the mailbox tells it, with its name and what to do.
        tracing::debug!(cause = %fault, "nothing is sent any more until somebody signs in");
        *held = Held::default();
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        ApiError::Unauthorized { service: ENTRA }
    }

    async fn fresh(&self) -> Result<Fresh, Trouble> {
        let grants = match &self.way {
            Way::Secret(secret) => return self.entra.as_itself(secret).await,
            Way::Certificate(certificate) => return self.entra.by_proof(certificate).await,
            Way::Delegated(grants) => grants,
        };
        let loaded = grants.load().await;
        let grant = loaded.map_err(|words| stored("the stored sign-in cannot be read", &words))?;
        let Some(grant) = grant else { return Err(SignInFault::NoGrant.into()) };
        let fresh = self.entra.refreshed(&grant.refresh_token).await?;
        if let Some(grant) = &fresh.grant {
            keep(&**grants, grant.clone()).await?;
        }
        Ok(fresh)
    }
}

impl Key {
    pub(super) fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.bearer_auth(self.token.expose_secret())
    }
}
