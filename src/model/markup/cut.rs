//! Text in a notation, cut to what a tracker takes: nothing is left open, and nothing is halved.

use std::borrow::Cow;

use super::{Markup, common_mark, length, textile, wiki};

impl Markup {
    /// At most `max` characters of this notation's text, and whether that left something out. What
    /// was open is closed.
    #[must_use]
    pub fn cut(self, text: &str, max: usize) -> (Cow<'_, str>, bool) {
        // Nothing has more characters than bytes.
        if text.len() <= max || length(text) <= max {
            return (Cow::Borrowed(text), false);
        }
        let mut room = max.saturating_sub(self.longest_closing());
        let end = text.char_indices().find(|(_, c)| match room.checked_sub(c.len_utf16()) {
            Some(left) => {
                room = left;
                false
            }
            None => true,
        });
        let mut kept = &text[..end.map_or(text.len(), |(at, _)| at)];
        // At the end of a line, or at least of a word, unless that would cost much.
        let near = kept.len() - kept.len() / 8;
        if let Some(at) = kept.rfind('\n').or_else(|| kept.rfind(' ')).filter(|at| *at >= near) {
            kept = &kept[..at];
        }
        let kept = match self {
            Self::Wiki => wiki::sound(kept),
            Self::Textile => textile::sound(kept),
            Self::CommonMark => common_mark::sound(kept),
        };
        let closing = match self {
            Self::Wiki => wiki::closing(kept),
            Self::Textile => textile::closing(kept),
            Self::CommonMark => common_mark::closing(kept),
        };
        (Cow::Owned([kept, closing].concat()), true)
    }

    fn longest_closing(self) -> usize {
        match self {
            Self::Wiki => "\n{noformat}\n{quote}".len(),
            Self::Textile => "\n</pre>".len(),
            Self::CommonMark => "\n```".len(),
        }
    }
}
