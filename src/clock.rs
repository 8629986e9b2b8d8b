//! The one place that reads the wall clock. Durations and time-outs use tokio's clock instead,
//! which tests can pause.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

thread_local! {
    static AHEAD: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

/// The time now, in UTC.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.saturating_add(AHEAD.get()).unwrap_or(now)
}

/// Sets this thread's clock ahead: for a test in which days go by on a runtime of one thread.
pub fn set_ahead(by: SignedDuration) {
    AHEAD.set(AHEAD.get().saturating_add(by));
}
