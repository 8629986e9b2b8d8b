//! What `/ready` knows: each part with its last success and its last failure. A part notes its
//! outcomes in passing; reading them never waits for anything.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

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
        self.last_success.store(clock::now().as_millisecond(), Relaxed);
    }

    /// Notes that the part just failed.
    pub fn failed(&self) {
        self.last_failure.store(clock::now().as_millisecond(), Relaxed);
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
        part.failed();
        assert!(!part.is_well());
        part.succeeded();
        assert!(part.is_well());
        assert!(part.to_json()["last_success"].is_string());
    }
}
