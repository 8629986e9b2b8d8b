//! The rest that Mattermost asks for: one for all callers, as the limit counts what the bot's token
//! asks. Whoever cannot wait for its end is told so, and nothing was sent.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::SERVICE;
use crate::clients::ApiError;

/// The rest after a 429 that does not say how long.
const REST: Duration = Duration::from_secs(5);
const REST_MIN: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_mins(5);

/// The rest of one Mattermost, shared by the client's clones.
#[derive(Default)]
pub(super) struct Rest(Mutex<Option<Instant>>);

impl Rest {
    /// Waits for the end of the rest.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] if that takes longer than `patience`.
    pub(super) async fn over(&self, patience: Duration) -> Result<(), ApiError> {
        let until = Instant::now() + patience;
        // While it waited, another call may have been told to rest.
        while let Some(left) = self.left() {
            if Instant::now() + left > until {
                return Err(ApiError::RateLimited { service: SERVICE, after: Some(left) });
            }
            sleep(left).await;
        }
        Ok(())
    }

    /// Takes note of a 429; the error then says how long the rest really is.
    pub(super) fn heed<T>(&self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        let Err(ApiError::RateLimited { service, after }) = outcome else {
            return outcome;
        };
        let rest = after.unwrap_or(REST).clamp(REST_MIN, REST_MAX);
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + rest));
        Err(ApiError::RateLimited { service, after: Some(rest) })
    }

    fn left(&self) -> Option<Duration> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(after: Option<u64>) -> Result<(), ApiError> {
        let after = after.map(Duration::from_secs);
        Err(ApiError::RateLimited { service: SERVICE, after })
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_holds_every_call_and_has_bounds() {
        for (said, rests) in [(Some(7), 7), (None, 5), (Some(0), 1), (Some(86_400), 300)] {
            let rest = Rest::default();
            assert_eq!(rest.heed(limited(said)), limited(Some(rests)));
            // A shorter one afterwards does not shorten it.
            let _ = rest.heed(limited(Some(1)));
            let started = Instant::now();
            let hasty = rest.over(Duration::ZERO).await;
            assert_eq!(hasty, limited(Some(rests)), "{said:?}");
            assert!(started.elapsed().is_zero());
            assert_eq!(rest.over(Duration::from_mins(5)).await, Ok(()));
            assert!(started.elapsed() >= Duration::from_secs(rests), "{:?}", started.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_outcomes_pass_and_nobody_rests() {
        let rest = Rest::default();
        assert_eq!(rest.heed(Ok(1)), Ok(1));
        let error = ApiError::Unauthorized { service: SERVICE };
        assert_eq!(rest.heed(Err::<(), _>(error.clone())), Err(error));
        assert_eq!(rest.over(Duration::ZERO).await, Ok(()));
    }
}
