//! Foreign text in the notation of a tracker: it may say anything, and does nothing.

use std::fmt::Write as _;

mod blocks;
mod common_mark;
mod cut;
mod html;
mod line;
mod redmine;
mod table;
mod textile;
mod wiki;

use redmine::{Kind, Place};

/// Stands where nothing else helps: nobody sees it, and no notation has it.
const PART: char = '\u{200b}';

/// How a tracker writes what is bold, a link, a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Jira's wiki notation, of its REST interface v2.
    Wiki,
    /// Redmine's `textile`: its default up to 5.x, and that of every installation that migrated.
    Textile,
    /// Redmine's `common_mark`.
    CommonMark,
}

impl Markup {
    /// Foreign text, so that the tracker shows it as it was written. Bare URLs stay links.
    #[must_use]
    pub fn escape(self, text: &str) -> String {
        // Two blanks at its end would end a line of CommonMark.
        let whole = |line| if self == Self::Wiki { line } else { str::trim_end(line) };
        self.lines(text.lines().map(whole))
    }

    /// A mail's plain text: lines that start with `>` become quotes.
    #[must_use]
    pub fn from_text(self, text: &str) -> String {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let mut page = String::with_capacity(text.len() + text.len() / 8);
        let runs = lines.chunk_by(|one, next| one.starts_with('>') == next.starts_with('>'));
        for (number, run) in runs.enumerate() {
            if number > 0 {
                // Elsewhere a quote goes on to the next empty line.
                page.push_str(if self == Self::Wiki { "\n" } else { "\n\n" });
            }
            let bare = |line: &&'_ str| {
                let inner =
                    line.strip_prefix('>').map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
                inner.unwrap_or(line).trim_end().to_owned()
            };
            let bare: Vec<_> = run.iter().map(bare).collect();
            let words = self.lines(bare.iter().map(String::as_str));
            let quoted = run.first().is_some_and(|line| line.starts_with('>'));
            page.push_str(&if quoted { self.quote(&words) } else { words });
        }
        page.truncate(page.trim_end().len());
        page
    }

    fn lines<'l>(self, lines: impl Iterator<Item = &'l str>) -> String {
        let mut shown = String::new();
        let mut before: Option<&str> = None;
        for line in lines {
            if let Some(before) = before {
                let apart = before.trim().is_empty() || line.trim().is_empty();
                shown.push_str(if apart { "\n" } else { self.line_end() });
            }
            self.escape_line(&mut shown, line, true, Place::Plain);
            before = Some(line);
        }
        shown
    }

    /// What ends a line of a paragraph where the next line belongs to it.
    #[must_use]
    pub fn line_end(self) -> &'static str {
        // A bare line end would be a blank to CommonMark.
        if self == Self::CommonMark { "  \n" } else { "\n" }
    }

    /// Bold. What stands in it is escaped already, and stands between blanks.
    #[must_use]
    pub fn strong(self, escaped: &str) -> String {
        let mark = if self == Self::CommonMark { "**" } else { "*" };
        format!("{mark}{escaped}{mark}")
    }

    /// A bare URL as a link.
    #[must_use]
    pub fn link(self, url: &str) -> String {
        let mut link = String::with_capacity(url.len() + 2);
        match self {
            Self::Wiki => link.extend(["[", url, "]"]),
            Self::Textile => push_url(&mut link, url),
            Self::CommonMark => {
                common_mark::push_bare_url(&mut link, url);
            }
        }
        link
    }

    /// Appends one line. `first` says that nothing stands before it on its line.
    fn escape_line(self, shown: &mut String, line: &str, first: bool, place: Place) {
        match self {
            Self::Wiki => wiki::escape_line(shown, line, first),
            Self::Textile => redmine::escape_line(Kind::Textile, shown, line, first, place),
            Self::CommonMark => redmine::escape_line(Kind::CommonMark, shown, line, first, place),
        }
    }
}

/// Whether a character can stand in Jira's text: what XML cannot hold would fail the whole issue.
fn is_shown(c: char) -> bool {
    c == '\t' || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Bytes of the URL that `text` starts with, 0 if it starts with none.
fn url_length(text: &str) -> usize {
    let scheme = |name: &str| {
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(rest)
    };
    let after = scheme("https://").or_else(|| scheme("http://"));
    if !after.is_some_and(|host| host.starts_with(char::is_alphanumeric)) {
        return 0;
    }
    let part = |c: char| c.is_alphanumeric() || "-._~:/?#!$&'+,;=%()@*".contains(c);
    let whole = text.split(|c| !part(c)).next().unwrap_or_default();
    whole.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '/').len()
}

/// A URL that leads where it led, with nothing in it that could mean anything else.
fn push_url(shown: &mut String, url: &str) {
    for letter in url.chars() {
        match letter {
            '!' | '(' | ')' | '*' | '@' | '[' | ']' | '^' | '{' | '|' | '}' | '~' | '\\' | '"'
            | '<' | '>' | ' ' => {
                let _ = write!(shown, "%{:02X}", u32::from(letter));
            }
            letter => shown.push(letter),
        }
    }
}

/// Characters as Jira counts them: UTF-16 code units.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests;
