//! How much is written: the token bucket in front of all writes, and what a test counts.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use http::StatusCode;
use http::header::{HeaderName, RETRY_AFTER};
use tokio::time::Instant;

use super::error::Refusal;
use crate::sandbox::wire::{Reply, Request};

/// A kind of write to Jira, to count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JiraWrite {
    /// A created issue.
    Issue,
    /// A changed issue.
    Edit,
    /// A comment, by the API.
    Comment,
    /// A request with attachments.
    Attachment,
    /// A person put on an issue's watch list.
    Watcher,
    /// A property set on an issue after its creation.
    Property,
    /// A change of an issue's status.
    Transition,
}

const SECOND: Duration = Duration::from_secs(1);

/// Lets writes through, and counts them.
pub(super) struct Gate {
    rate: Option<u32>,
    tokens: f64,
    filled: Instant,
    refused: u64,
    accepted: BTreeMap<JiraWrite, u64>,
    /// Writes let through within the last second.
    recent: VecDeque<Instant>,
    busiest: usize,
}

impl Gate {
    pub(super) fn new(rate: Option<u32>) -> Self {
        Self {
            rate,
            tokens: rate.map_or(0.0, f64::from),
            filled: Instant::now(),
            refused: 0,
            accepted: BTreeMap::new(),
            recent: VecDeque::new(),
            busiest: 0,
        }
    }

    /// Takes a token for a write; where there is none, the 429 that Jira answers.
    pub(super) fn admit(&mut self) -> Option<Reply> {
        let now = Instant::now();
        if let Some(rate) = self.rate.map(f64::from) {
            let earned = now.duration_since(self.filled).as_secs_f64() * rate;
            self.tokens = (self.tokens + earned).min(rate);
            self.filled = now;
            if self.tokens < 1.0 {
                self.refused += 1;
                let reply = Refusal::message(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.")
                    .into_reply();
                let reason = HeaderName::from_static("ratelimit-reason");
                // Whole seconds, and a token is there within the next one.
                return Some(reply.with(RETRY_AFTER, "1").with(reason, "jira-burst-based"));
            }
            self.tokens -= 1.0;
        }
        while self.recent.front().is_some_and(|at| now.duration_since(*at) >= SECOND) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        self.busiest = self.busiest.max(self.recent.len());
        None
    }

    /// A write was carried out.
    pub(super) fn count(&mut self, kind: JiraWrite) {
        *self.accepted.entry(kind).or_default() += 1;
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.values().sum()
    }

    pub(super) fn accepted_of(&self, kind: JiraWrite) -> u64 {
        self.accepted.get(&kind).copied().unwrap_or_default()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }
}

/// Everything but reads, and searches, which go by POST as well.
pub(super) fn is_write(request: &Request) -> bool {
    request.method != "GET" && !request.path.contains("/search")
}

/// What a write to this path is, by its parts below `/rest/api/2`.
pub(super) fn kind(method: &str, path: &[&str]) -> Option<JiraWrite> {
    match (method, path) {
        ("POST", ["issue"]) => Some(JiraWrite::Issue),
        ("PUT", ["issue", _]) => Some(JiraWrite::Edit),
        ("POST", ["issue", _, "comment"]) => Some(JiraWrite::Comment),
        ("POST", ["issue", _, "attachments"]) => Some(JiraWrite::Attachment),
        ("POST", ["issue", _, "watchers"]) => Some(JiraWrite::Watcher),
        ("PUT", ["issue", _, "properties", _]) => Some(JiraWrite::Property),
        ("POST", ["issue", _, "transitions"]) => Some(JiraWrite::Transition),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_of_burst_and_then_the_rate() {
        let mut gate = Gate::new(Some(10));
        let burst = (0..25).filter(|_| gate.admit().is_none()).count();
        assert_eq!((burst, gate.refused(), gate.busiest()), (10, 15, 10));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!((0..25).filter(|_| gate.admit().is_none()).count(), 5);
        assert_eq!(gate.busiest(), 15);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!((0..25).filter(|_| gate.admit().is_none()).count(), 10, "one second, not more");
        let refused = gate.admit().expect("a refusal");
        assert_eq!(refused.headers["retry-after"], "1");
        assert_eq!(refused.headers["ratelimit-reason"], "jira-burst-based");
    }
}
