//! How fast Jira is asked: writes one by one out of a bucket, reads a few at once, and nothing
//! written while Jira asks for a pause. It fails only after minutes in the queue, and then nothing
//! was sent.

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, clock::Clock as _};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, timeout},
};

use super::SERVICE;
use crate::clients::ApiError;

/// Reads that run at once.
const READS_MAX: usize = 8;
/// The pause after a 429 that does not say how long.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// The longest that a call waits for its turn: a whole pause and the queue behind it.
const PATIENCE: Duration = Duration::from_mins(6);

/// The pace of one Jira, shared by the client's clones.
pub(super) struct Pace {
    bucket: DefaultDirectRateLimiter,
    /// Whoever holds it is next: writes leave in the order in which they came.
    turn: tokio::sync::Mutex<()>,
    paused_until: Mutex<Option<Instant>>,
    reads: Semaphore,
}

impl Pace {
    pub(super) fn new(writes_per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(writes_per_second).allow_burst(burst(writes_per_second));
        Self {
            bucket: DefaultDirectRateLimiter::direct(quota),
            turn: tokio::sync::Mutex::new(()),
            paused_until: Mutex::new(None),
            reads: Semaphore::new(READS_MAX),
        }
    }

    /// Waits until a write may leave.
    ///
    /// # Errors
    /// [`ApiError::RateLimited`] after minutes of waiting: nothing was sent.
    pub(super) async fn turn_to_write(&self) -> Result<(), ApiError> {
        let turn = async {
            let _turn = self.turn.lock().await;
            while let Some(wait) = self.early() {
                sleep(wait).await;
            }
        };
        timeout(PATIENCE, turn)
            .await
            .map_err(|_| ApiError::RateLimited { service: SERVICE, after: self.paused() })
    }

    /// Waits for one of the places for reads.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] after minutes of waiting.
    pub(super) async fn place_to_read(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        match timeout(PATIENCE, self.reads.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(ApiError::Unavailable {
                service: SERVICE,
                cause: "too many reads at once".to_owned(),
            }),
        }
    }

    /// Takes note of a 429; the error then says how long the pause really is.
    pub(super) fn heed<T>(&self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        let Err(ApiError::RateLimited { service, after }) = outcome else {
            return outcome;
        };
        let pause = after.unwrap_or(PAUSE).clamp(PAUSE_MIN, PAUSE_MAX);
        let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + pause));
        Err(ApiError::RateLimited { service, after: Some(pause) })
    }

    /// How long a write must still wait; with `None` it has taken its share.
    fn early(&self) -> Option<Duration> {
        self.paused().or_else(|| {
            let early = self.bucket.check().err()?;
            Some(early.wait_time_from(self.bucket.clock().now()))
        })
    }

    fn paused(&self) -> Option<Duration> {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// A timer wakes up to some milliseconds late, and a bucket of one loses that time for good: it
/// holds what leaves in 100 ms, which any bucket on the other side has room for.
fn burst(writes_per_second: NonZeroU32) -> NonZeroU32 {
    let slack = if writes_per_second.get() < 5 { 0 } else { writes_per_second.get().div_ceil(10) };
    NonZeroU32::MIN.saturating_add(slack)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn pace(writes: u32) -> Arc<Pace> {
        Arc::new(Pace::new(NonZeroU32::new(writes).unwrap()))
    }

    fn limited(after: Option<u64>) -> Result<(), ApiError> {
        let after = after.map(Duration::from_secs);
        Err(ApiError::RateLimited { service: SERVICE, after })
    }

    /// A bucket as a server may have it, with the same rate and room for a fifth of a second.
    #[tokio::test]
    async fn the_rate_is_used_and_never_passed() {
        const RATE: u32 = 200;
        const WRITES: u32 = 400;
        let pace = pace(RATE);
        let room = NonZeroU32::new(RATE / 5).unwrap();
        let quota = Quota::per_second(NonZeroU32::new(RATE).unwrap()).allow_burst(room);
        let server = Arc::new(DefaultDirectRateLimiter::direct(quota));
        let started = Instant::now();
        let mut writes = tokio::task::JoinSet::new();
        for _ in 0..WRITES {
            let (pace, server) = (Arc::clone(&pace), Arc::clone(&server));
            writes.spawn(async move {
                pace.turn_to_write().await.unwrap();
                server.check().is_ok()
            });
        }
        let refused = writes.join_all().await.into_iter().filter(|taken| !taken).count();
        // The first ones leave at once.
        let paced = WRITES - burst(NonZeroU32::new(RATE).unwrap()).get();
        let used = f64::from(paced) / started.elapsed().as_secs_f64() / f64::from(RATE);
        println!("used {used:.3} of the rate");
        assert_eq!(refused, 0);
        // A machine that stands still for a moment makes it less: far below is a bucket that waits.
        assert!((0.1..1.01).contains(&used), "{used:.3} of the rate");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_write_and_has_bounds() {
        for (said, paused) in [(Some(7), 7), (None, 5), (Some(0), 1), (Some(86_400), 300)] {
            let pace = pace(1_000);
            let paused = Duration::from_secs(paused);
            assert_eq!(
                pace.heed(limited(said)),
                Err(ApiError::RateLimited { service: SERVICE, after: Some(paused) })
            );
            // A shorter one afterwards does not shorten it.
            let _ = pace.heed(limited(Some(1)));
            let started = Instant::now();
            pace.turn_to_write().await.unwrap();
            let waited = started.elapsed();
            assert!(waited >= paused, "{said:?}: {waited:?}");
            assert!(waited < paused + Duration::from_millis(100), "{said:?}: {waited:?}");
            let started = Instant::now();
            pace.turn_to_write().await.unwrap();
            assert!(started.elapsed() < Duration::from_millis(100), "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_outcomes_pass_and_pause_nothing() {
        let pace = pace(1_000);
        assert_eq!(pace.heed(Ok(1)), Ok(1));
        let error = ApiError::Unauthorized { service: SERVICE };
        assert_eq!(pace.heed(Err::<(), _>(error.clone())), Err(error));
        assert_eq!(pace.paused(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn reads_wait_for_a_place() {
        let pace = pace(1);
        let mut places = Vec::new();
        for _ in 0..READS_MAX {
            places.push(pace.place_to_read().await.unwrap());
        }
        let next = timeout(Duration::from_secs(1), pace.place_to_read());
        assert!(next.await.is_err());
        assert!(pace.place_to_read().await.is_err(), "waited for ever");
        places.pop();
        assert!(pace.place_to_read().await.is_ok());
    }
}
