//! Whether Jira takes our credentials. After one refusal nothing is sent for a while, whoever asks:
//! Jira locks accounts that keep trying (it then wants to see a person, with a CAPTCHA). Until a
//! first call was taken, calls go one by one.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::MutexGuard,
    time::{Instant, timeout},
};

use super::SERVICE;
use crate::{clients::ApiError, health::Part};

/// How long nothing is sent after a refusal.
const REST: Duration = Duration::from_mins(15);
/// The longest that a call waits for the first one.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Login {
    part: Part,
    taken: AtomicBool,
    refused_until: Mutex<Option<Instant>>,
    first: tokio::sync::Mutex<()>,
}

/// The right to send one call.
pub(super) struct Proof<'l> {
    login: &'l Login,
    _first: Option<MutexGuard<'l, ()>>,
}

impl Login {
    /// Nothing is known yet; `part` is told of refusals.
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            taken: AtomicBool::default(),
            refused_until: Mutex::default(),
            first: tokio::sync::Mutex::default(),
        }
    }

    /// How long nothing will be sent, after a refusal.
    pub(super) fn rest(&self) -> Option<Duration> {
        let until = *self.refused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero())
    }

    /// Waits for the first call, if it is under way.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a while after Jira said so, [`ApiError::Unavailable`] behind
    /// a first call that takes too long: nothing was sent.
    pub(super) async fn enter(&self) -> Result<Proof<'_>, ApiError> {
        let first = if self.taken.load(Ordering::Relaxed) {
            None
        } else {
            let first = timeout(PATIENCE, self.first.lock()).await;
            let cause = || "another call waits for an answer".to_owned();
            Some(first.map_err(|_| ApiError::Unavailable { service: SERVICE, cause: cause() })?)
        };
        if self.rest().is_some() {
            return Err(ApiError::Unauthorized { service: SERVICE });
        }
        Ok(Proof { login: self, _first: first })
    }
}

impl Proof<'_> {
    /// Takes note of what the call says about our credentials.
    pub(super) fn heed<T>(self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        match &outcome {
            Ok(_) => self.login.taken.store(true, Ordering::Relaxed),
            Err(ApiError::Unauthorized { .. }) => {
                self.login.part.failed();
                // Others may have been under way at the same moment.
                if self.login.rest().is_none() {
                    tracing::error!(
                        "jira does not accept our sign-in; nothing is asked of it for 15 minutes"
                    );
                }
                let mut until =
                    self.login.refused_until.lock().unwrap_or_else(PoisonError::into_inner);
                *until = Some(Instant::now() + REST);
                self.login.taken.store(false, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: ApiError = ApiError::Unauthorized { service: SERVICE };

    #[tokio::test(start_paused = true)]
    async fn one_refusal_is_enough_for_a_while() {
        let login = Login::new(Part::new(SERVICE));
        assert_eq!(login.rest(), None);
        let _ = login.enter().await.unwrap().heed::<()>(Err(REFUSED));
        for _ in 0..3 {
            assert_eq!(login.enter().await.err(), Some(REFUSED));
        }
        assert!(!login.part.is_well());
        tokio::time::advance(REST.saturating_sub(Duration::from_secs(1))).await;
        assert_eq!(login.rest(), Some(Duration::from_secs(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(login.rest(), None);
        assert!(login.enter().await.unwrap().heed(Ok(())).is_ok());
        let (one, other) = (login.enter().await, login.enter().await);
        assert!(one.is_ok() && other.is_ok(), "side by side, once it is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_overtakes_the_first_call() {
        let login = Login::new(Part::new(SERVICE));
        let first = login.enter().await.unwrap();
        let second = login.enter();
        tokio::pin!(second);
        assert!(timeout(Duration::from_secs(5), &mut second).await.is_err());
        let _ = first.heed::<()>(Err(REFUSED));
        assert_eq!(second.await.err(), Some(REFUSED));
    }
}
