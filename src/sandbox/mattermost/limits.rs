//! The rate limit, when it is on: so many requests a second, a burst beyond, and the headers that
//! say how much is left.

use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use tokio::time::Instant;

use crate::sandbox::wire::Reply;

/// A server's limits: requests a second, and how many more at once.
#[derive(Clone, Copy)]
struct Rate {
    per_second: u32,
    burst: u32,
}

/// Off from the start, as a server is installed.
#[derive(Default)]
pub(super) struct Limits {
    rate: Option<Rate>,
    tokens: f64,
    filled: Option<Instant>,
    refused: u64,
}

/// What a request is told of the limit.
pub(super) struct Told {
    limit: u32,
    remaining: f64,
    /// Seconds until all of it is there again.
    reset: f64,
    /// Seconds until the next request, for one that is refused.
    retry: Option<f64>,
}

impl Limits {
    pub(super) fn set(&mut self, rate: Option<(u32, u32)>) {
        self.rate = rate.map(|(per_second, burst)| Rate { per_second, burst });
        self.tokens = self.rate.map_or(0.0, |rate| f64::from(rate.burst) + 1.0);
        self.filled = None;
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes a request; `None` while the limit is off.
    pub(super) fn take(&mut self) -> Option<Told> {
        let Rate { per_second, burst } = self.rate?;
        let (rate, limit) = (f64::from(per_second.max(1)), burst + 1);
        let now = Instant::now();
        let earned = self.filled.map_or(0.0, |at| now.duration_since(at).as_secs_f64() * rate);
        self.filled = Some(now);
        self.tokens = (self.tokens + earned).min(f64::from(limit));
        let retry = (self.tokens < 1.0).then(|| (1.0 - self.tokens) / rate);
        if retry.is_none() {
            self.tokens -= 1.0;
        } else {
            self.refused += 1;
        }
        let reset = (f64::from(limit) - self.tokens) / rate;
        Some(Told { limit, remaining: self.tokens.floor(), reset, retry })
    }
}

impl Told {
    /// The refusal, in plain text, if the request is refused.
    pub(super) fn refusal(&self) -> Option<Reply> {
        self.retry?;
        let kind = "text/plain; charset=utf-8";
        Some(Reply::text(StatusCode::TOO_MANY_REQUESTS, kind, "limit exceeded\n"))
    }

    /// The answer with the limit's headers.
    pub(super) fn on(&self, reply: Reply) -> Reply {
        let name = HeaderName::from_static;
        let reply = reply
            .with(name("x-ratelimit-limit"), &self.limit.to_string())
            .with(name("x-ratelimit-remaining"), &format!("{:.0}", self.remaining))
            .with(name("x-ratelimit-reset"), &format!("{:.0}", self.reset.ceil()));
        match self.retry {
            Some(retry) => reply.with(RETRY_AFTER, &format!("{:.0}", retry.ceil())),
            None => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        let mut limits = Limits::default();
        assert!(limits.take().is_none(), "off");
        limits.set(Some((10, 100)));
        let let_in = |limits: &mut Limits| {
            (0..150).filter(|_| limits.take().is_some_and(|told| told.refusal().is_none())).count()
        };
        assert_eq!((let_in(&mut limits), limits.refused()), (101, 49));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(let_in(&mut limits), 5);
        let told = limits.take().unwrap();
        let refused = told.on(told.refusal().unwrap());
        let header = |name: &str| refused.headers[name].to_str().unwrap().to_owned();
        assert_eq!(refused.status, 429);
        assert_eq!(header("x-ratelimit-limit"), "101");
        assert_eq!(header("x-ratelimit-remaining"), "0");
        assert_eq!((header("x-ratelimit-reset"), header("retry-after")), ("11".into(), "1".into()));
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(let_in(&mut limits), 101);
    }
}
