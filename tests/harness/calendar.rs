//! Tests of what is counted by the day or the hour, which the clock's own border may fall into.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;

/// Runs a test, and once more if it failed while a UTC hour ended.
pub(crate) async fn within_an_hour(test: impl AsyncFn()) {
    let hour = || ticketd::clock::now().as_second() / 3_600;
    let begun = hour();
    if let Err(panic) = AssertUnwindSafe(test()).catch_unwind().await {
        if hour() == begun {
            resume_unwind(panic);
        }
        test().await;
    }
}
