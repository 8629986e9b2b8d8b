//! `[mailbox.reply]`: what the sender of a mail is told.

use std::num::NonZeroU32;
use std::path::PathBuf;

use url::Url;

use crate::config::section::Section;
use crate::locale::Locale;

/// The notices to a reporter.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Whether anybody is answered at all.
    pub enabled: bool,
    /// The language of notices.
    pub locale: Locale,
    /// Where reporters can look at their issues, ending in `/`.
    pub portal_url: Option<Url>,
    /// The text of the notice as a minijinja template, not yet read; without one ticketd's own.
    pub template_file: Option<PathBuf>,
    /// How many automatic answers go to one address in a day: at most 1000. The last brake of a
    /// loop.
    pub per_address_per_day: NonZeroU32,
}

impl Reply {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let one = NonZeroU32::MIN;
        Self {
            enabled: section.flag("enabled", true),
            locale: section.locale("locale").unwrap_or(Locale::En),
            portal_url: section.url("portal_url"),
            template_file: section.parsed("template_file", |text| Ok(PathBuf::from(text))),
            per_address_per_day: section.number(
                "per_address_per_day",
                one..=one.saturating_add(999),
                one.saturating_add(39),
            ),
        }
    }
}
