//! How often something may fail within a time before failing is all it does.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// At most `limit` failures within `window`; more, and it is spent.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    limit: usize,
    window: Duration,
    failures: VecDeque<Instant>,
}

impl Budget {
    pub(super) fn new(limit: usize, window: Duration) -> Self {
        Self { limit, window, failures: VecDeque::new() }
    }

    /// Notes a failure. Says how long to wait before the next try, or `None` when it is spent.
    /// The first is free: most faults do not come twice.
    pub(super) fn spend(&mut self, now: Instant) -> Option<Duration> {
        self.forget_old(now);
        self.failures.push_back(now);
        let count = self.failures.len();
        let pause = Duration::from_millis(50) * u32::try_from(count - 1).unwrap_or(u32::MAX);
        (count <= self.limit).then_some(pause)
    }

    /// Whether it is spent still.
    pub(super) fn is_spent(&mut self, now: Instant) -> bool {
        self.forget_old(now);
        self.failures.len() > self.limit
    }

    /// Whether nothing has failed within the window.
    pub(super) fn is_fresh(&mut self, now: Instant) -> bool {
        self.forget_old(now);
        self.failures.is_empty()
    }

    fn forget_old(&mut self, now: Instant) {
        while self.failures.front().is_some_and(|&at| now.duration_since(at) > self.window) {
            self.failures.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_by_one_more_than_the_limit_and_comes_back_with_time() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let mut budget = Budget::new(2, Duration::from_secs(10));
        assert!(budget.is_fresh(at(0)));
        assert_eq!(budget.spend(at(0)), Some(Duration::ZERO));
        assert_eq!(budget.spend(at(1)), Some(Duration::from_millis(50)));
        assert_eq!(budget.spend(at(2)), None);
        assert!(budget.is_spent(at(3)));
        assert!(!budget.is_spent(at(11)));
        assert!(!budget.is_fresh(at(11)));
        assert!(budget.is_fresh(at(13)));
    }
}
