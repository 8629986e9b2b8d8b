//! How many notices an address gets in a day: the last brake of a loop.

use jiff::Timestamp;

use super::Inner;
use crate::{
    model::{case::Case, thread::ThreadSecret},
    store::{DeskTx, StoreError},
};

/// Whether the reporter may get one more notice today.
pub(super) fn may_answer(
    rows: &mut DeskTx<'_>,
    inner: &Inner,
    secret: &ThreadSecret,
    case: &Case,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(site) = case.mailbox().and_then(|of| inner.sites.get(of)) else { return Ok(false) };
    let Some(reporter) = case.reporter() else { return Ok(false) };
    let count = rows.sender(secret.address(&reporter.email))?;
    Ok(count.day != day(now) || count.answers < site.answers_per_day)
}

/// Counts a notice to the reporter.
pub(super) fn count_answer(
    rows: &mut DeskTx<'_>,
    secret: &ThreadSecret,
    case: &Case,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(reporter) = case.reporter() else { return Ok(()) };
    let digest = secret.address(&reporter.email);
    let mut count = rows.sender(digest)?;
    if count.day != day(now) {
        (count.day, count.answers) = (day(now), 0);
    }
    count.answers = count.answers.saturating_add(1);
    rows.put_sender(digest, count)
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(86_400)
}
