//! Who is let in: passwords, tokens that expire, and the limits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::api::problem;
use super::{Jmap, JmapSetup, refused};
use crate::sandbox::wire::{Reply, Request, lock};

/// As recorded.
const CONCURRENT: usize = 5;

pub(super) struct Door {
    setup: JmapSetup,
    token: Mutex<String>,
    pushes: AtomicBool,
    places: Arc<Semaphore>,
    /// When the requests of the last second came.
    came: Mutex<VecDeque<Instant>>,
}

impl Door {
    pub(super) fn new(setup: JmapSetup) -> Self {
        Self {
            setup,
            token: Mutex::new(new_token()),
            pushes: AtomicBool::new(setup.push),
            places: Arc::new(Semaphore::new(setup.max_concurrent.unwrap_or(CONCURRENT))),
            came: Mutex::default(),
        }
    }

    pub(super) fn max_concurrent(&self) -> usize {
        self.setup.max_concurrent.unwrap_or(CONCURRENT)
    }

    pub(super) fn token(&self) -> String {
        lock(&self.token).clone()
    }

    pub(super) fn expire(&self) {
        *lock(&self.token) = new_token();
    }

    pub(super) fn pushes(&self) -> bool {
        self.pushes.load(Ordering::Relaxed)
    }

    pub(super) fn set_push(&self, on: bool) {
        self.pushes.store(on, Ordering::Relaxed);
    }

    pub(super) fn knows(&self, request: &Request) -> bool {
        let Some((scheme, value)) =
            request.header("authorization").and_then(|header| header.split_once(' '))
        else {
            return false;
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return *lock(&self.token) == value.trim();
        }
        let pair = format!("{}:{}", Jmap::USER, Jmap::PASSWORD);
        scheme.eq_ignore_ascii_case("basic") && value.trim() == STANDARD.encode(pair)
    }

    /// Counts the request against the limits; an API request takes a place until it is answered.
    pub(super) fn admit(&self, api: bool) -> Result<Option<OwnedSemaphorePermit>, Box<Reply>> {
        if let Some(most) = self.setup.requests_per_second {
            let now = Instant::now();
            let mut came = lock(&self.came);
            while came.front().is_some_and(|at| now - *at >= Duration::from_secs(1)) {
                came.pop_front();
            }
            if came.len() >= most as usize {
                let text = "Too many requests; try again in a second";
                let status = StatusCode::TOO_MANY_REQUESTS;
                let refusal = problem(status, "limit", text, Some("requestsPerSecond"));
                return Err(Box::new(refusal.with(RETRY_AFTER, "1")));
            }
            came.push_back(now);
        }
        if !api || self.setup.max_concurrent.is_none() {
            return Ok(None);
        }
        Arc::clone(&self.places).try_acquire_owned().map(Some).map_err(|_| {
            let text = "Too many requests at the same time";
            Box::new(problem(StatusCode::BAD_REQUEST, "limit", text, Some("maxConcurrentRequests")))
        })
    }
}

fn new_token() -> String {
    format!("tok-{}", uuid::Uuid::new_v4().simple())
}

pub(super) fn unauthorized() -> Reply {
    let mut reply = refused(StatusCode::UNAUTHORIZED, "Authentication failed");
    let mut schemes = HeaderMap::new();
    for scheme in ["Bearer realm=\"mail.example.test\"", "Basic realm=\"mail.example.test\""] {
        schemes.append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
    reply.headers.extend(schemes);
    reply
}
