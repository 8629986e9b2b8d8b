//! `[desk]`: how long ticketd remembers what it has done.

use super::reader::Reader;

/// The memory of the mail road.
#[derive(Debug, Clone)]
pub struct Desk {
    /// How long finished mails and cases are remembered, in days.
    pub keep_days: u32,
}

impl Desk {
    pub(super) fn read(reader: &mut Reader) -> Self {
        // A month at least: a mail that comes again later than this makes a second issue.
        Self { keep_days: reader.section("desk").number("keep_days", 30..=3650, 365) }
    }
}
