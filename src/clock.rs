//! The one place that reads the wall clock. Durations and time-outs use tokio's clock instead,
//! which tests can pause.

use jiff::Timestamp;

/// The time now, in UTC.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
