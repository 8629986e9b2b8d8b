//! How fast Graph is asked: four calls at once for a mailbox, and none at all while it asks for a
//! pause. Whoever cannot wait that long is told so, and nothing was sent.
//!
//! Source: "Microsoft Graph service-specific throttling limits", Outlook.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout},
};

use super::{SERVICE, unavailable};
use crate::clients::{ApiError, transport::Refusal};

/// Calls at once.
const AT_ONCE: usize = 4;
/// The pause after a 429 that does not say how long.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The pace of one mailbox, shared by the client's clones.
pub(super) struct Pace {
    places: Semaphore,
    paused_until: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { places: Semaphore::new(AT_ONCE), paused_until: Mutex::new(None) }
    }

    /// Waits for one of the places, and for the end of a pause.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] if the pause is longer than `limit`, [`ApiError::Unavailable`] if
    /// no place is free by then.
    pub(super) async fn enter(&self, limit: Duration) -> Result<SemaphorePermit<'_>, ApiError> {
        let until = Instant::now() + limit;
        loop {
            self.within(until)?;
            let place = timeout(until - Instant::now(), self.places.acquire()).await;
            let Ok(Ok(place)) = place else { return Err(unavailable("too many calls at once")) };
            // While it waited, another call may have been told to pause.
            match self.within(until)? {
                None => return Ok(place),
                Some(left) => {
                    drop(place);
                    sleep(left).await;
                }
            }
        }
    }

    /// How long the pause still is; an error if it is longer than anybody here waits.
    fn within(&self, until: Instant) -> Result<Option<Duration>, ApiError> {
        match self.paused() {
            Some(left) if Instant::now() + left > until => {
                Err(ApiError::RateLimited { service: SERVICE, after: Some(left) })
            }
            left => Ok(left),
        }
    }

    /// Takes note of a refusal, and says how long the pause is if it asks for one.
    pub(super) fn heed(&self, refusal: &Refusal) -> Option<Duration> {
        let pause = match (refusal.status.as_u16(), refusal.retry_after) {
            (429 | 503 | 504, Some(after)) => after.min(PAUSE_MAX),
            (429, None) => PAUSE,
            _ => return None,
        };
        let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + pause));
        Some(pause)
    }

    fn paused(&self) -> Option<Duration> {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn refusal(status: u16, after: Option<u64>) -> Refusal {
        Refusal {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: after.map(Duration::from_secs),
            body: Bytes::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_call_that_can_wait_for_its_end() {
        for (status, said, paused) in [
            (429, Some(7), Some(7)),
            (429, None, Some(5)),
            (503, Some(3), Some(3)),
            (504, Some(3), Some(3)),
            (503, None, None),
            (500, Some(3), None),
        ] {
            let pace = Pace::new();
            let paused = paused.map(Duration::from_secs);
            assert_eq!(pace.heed(&refusal(status, said)), paused, "{status} {said:?}");
            let started = Instant::now();
            let short = pace.enter(Duration::from_secs(1)).await;
            if let Some(pause) = paused {
                let limited = ApiError::RateLimited { service: SERVICE, after: Some(pause) };
                assert_eq!(short.err(), Some(limited));
            }
            assert!(started.elapsed().is_zero());
            assert!(pace.enter(Duration::from_secs(30)).await.is_ok());
            assert!(started.elapsed() >= paused.unwrap_or_default(), "{:?}", started.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fifth_call_waits_and_a_pause_meets_it_there() {
        let pace = Pace::new();
        let limit = Duration::from_secs(10);
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(pace.enter(limit).await.unwrap());
        }
        assert!(matches!(pace.enter(limit).await, Err(ApiError::Unavailable { .. })));
        let fifth = pace.enter(limit);
        tokio::pin!(fifth);
        assert!(timeout(Duration::from_secs(1), &mut fifth).await.is_err());
        pace.heed(&refusal(429, Some(4)));
        places.pop();
        let started = Instant::now();
        assert!(fifth.await.is_ok());
        assert!(started.elapsed() >= Duration::from_secs(4));
    }
}
