//! What `/ready` knows: each part with its last success and its last failure. A part notes its
//! outcomes in passing; reading them never waits for anything.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock;

/// One part's record; clones share it.
#[derive(Debug, Clone)]
pub struct Part {
    name: &'static str,
    // Unix milliseconds; 0 is never.
    last_success: Arc<AtomicI64>,
    last_failure: Arc<AtomicI64>,
}

impl Part {
    /// A part that has neither succeeded nor failed yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, last_success: Arc::default(), last_failure: Arc::default() }
    }

    /// The part's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Notes that the part just worked.
    pub fn succeeded(&self) {
        // The last word stands, also within one millisecond.
        let now = clock::now().as_millisecond().max(self.last_failure.load(Relaxed));
        self.last_success.store(now, Relaxed);
    }

    /// Notes that the part just failed.
    pub fn failed(&self) {
        let now = clock::now().as_millisecond().max(self.last_success.load(Relaxed) + 1);
        self.last_failure.store(now, Relaxed);
    }

    /// Whether the last thing noted was not a failure.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let failure = self.last_failure.load(Relaxed);
        failure == 0 || self.last_success.load(Relaxed) >= failure
    }

    /// The record as `/ready` shows it; times are RFC 3339 in UTC, `null` is never.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "ok": self.is_well(),
            "last_success": shown(&self.last_success),
            "last_failure": shown(&self.last_failure),
        })
    }
}

/// One mailbox's record; clones share it.
#[derive(Debug, Clone)]
pub struct Mailbox {
    name: Arc<str>,
    /// Its rounds: whether the mailbox could be read.
    pub part: Part,
    lag: Arc<AtomicU64>,
    backlog: Arc<AtomicU64>,
    sign_in: Arc<Mutex<Option<&'static str>>>,
}

impl Mailbox {
    /// A mailbox that has not been read yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let part = Part::new("mailbox");
        let (lag, backlog, sign_in) = Default::default();
        Self { name: name.into(), part, lag, backlog, sign_in }
    }

    /// Notes why nothing is read until somebody signs in, by a word, or that all is well; gives
    /// whether the same was known.
    pub fn sign_in(&self, fault: Option<&'static str>) -> bool {
        let mut known = self.sign_in.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *known, fault) == fault
    }

    /// The word of [`Self::sign_in`].
    #[must_use]
    pub fn sign_in_fault(&self) -> Option<&'static str> {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mailbox's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes how long ago the mailbox got the oldest of the mails just recorded.
    pub fn lag(&self, lag: Duration) {
        self.lag.store(lag.as_secs(), Relaxed);
    }

    /// Whole seconds.
    #[must_use]
    pub fn lag_seconds(&self) -> u64 {
        self.lag.load(Relaxed)
    }

    /// Notes how many cases wait for their tracker.
    pub fn backlog(&self, cases: usize) {
        self.backlog.store(u64::try_from(cases).unwrap_or(u64::MAX), Relaxed);
    }

    /// Cases that wait for their tracker.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.backlog.load(Relaxed)
    }

    /// The record as `/ready` shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut record = self.part.to_json();
        record["lag_seconds"] = json!(self.lag_seconds());
        record["backlog"] = json!(self.waiting());
        if let Some(fault) = self.sign_in_fault() {
            record["sign_in"] = json!(fault);
        }
        record
    }
}

fn shown(milliseconds: &AtomicI64) -> Option<String> {
    let at = milliseconds.load(Relaxed);
    let known = (at != 0).then(|| Timestamp::from_millisecond(at).ok()).flatten();
    known.map(|at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_well_until_its_last_word_was_a_failure() {
        let part = Part::new("redmine");
        assert!(part.is_well());
        assert_eq!(part.to_json()["last_success"], Value::Null);
        // Within one millisecond, often enough.
        for _ in 0..100 {
            part.succeeded();
            assert!(part.is_well());
            part.failed();
            assert!(!part.is_well());
        }
        part.succeeded();
        assert!(part.is_well());
        assert!(part.to_json()["last_success"].is_string());
    }
}
