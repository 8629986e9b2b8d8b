//! `[limits]`: how much ticketd takes on before it sheds load.

use std::num::{NonZeroU32, NonZeroUsize};

use super::section::Section;

/// The limits of the front door.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body_bytes: usize,
    /// How many connections may be open at once.
    pub connections: NonZeroUsize,
    /// How many commands one user may give in a minute.
    pub per_user_per_minute: NonZeroU32,
    /// The most bytes of the files of one request to the API, all together.
    pub upload_bytes: u64,
    /// How many files may come with one request to the API.
    pub upload_files: usize,
    /// How many requests to the API one token may make in a minute.
    pub per_token_per_minute: NonZeroU32,
}

/// A slash command comes as a form, where a Korean character fills 9 bytes: the default holds
/// 29,000 of them, and less than 4 KiB would cut ordinary commands.
const BODY_BYTES: std::ops::RangeInclusive<usize> = 4096..=16 * 1024 * 1024;

/// 10 GiB stand on the disk for as long as the tracker is away.
const UPLOAD_BYTES: std::ops::RangeInclusive<u64> = 1024..=10 * 1024 * 1024 * 1024;

impl Limits {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let one = NonZeroUsize::MIN;
        Self {
            body_bytes: section.number("body_bytes", BODY_BYTES, 256 * 1024),
            // Four times what the front door works on at once: most are slow or idle.
            connections: section.number(
                "connections",
                one..=one.saturating_add(99_999),
                one.saturating_add(2_047),
            ),
            per_user_per_minute: section.number(
                "per_user_per_minute",
                NonZeroU32::MIN..=NonZeroU32::MIN.saturating_add(59_999),
                NonZeroU32::MIN.saturating_add(59),
            ),
            upload_bytes: section.number("upload_bytes", UPLOAD_BYTES, 100 * 1024 * 1024),
            upload_files: section.number("upload_files", 0..=1000, 20),
            per_token_per_minute: section.number(
                "per_token_per_minute",
                NonZeroU32::MIN..=NonZeroU32::MIN.saturating_add(999_999),
                NonZeroU32::MIN.saturating_add(599),
            ),
        }
    }
}
