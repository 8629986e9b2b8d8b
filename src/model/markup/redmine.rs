//! What Redmine adds to each of its notations after their own rules: links to issues, revisions and
//! other records, mentions, wiki links, macros, images of attachments. The two notations walk a line
//! in the same way and differ in how a character is kept from acting.
//!
//! Source: `LINKS_RE`, `parse_wiki_links`, `MACROS_RE`, `TOC_RE` and `parse_inline_attachments` in
//! `app/helpers/application_helper.rb` of Redmine 5.0; `lib/redmine/acts/mentionable.rb`, which
//! reads the text as it was written.

use super::{common_mark, is_shown, textile, url_length};

/// Where words stand: nobody may close there what we opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a line.
    Plain,
    /// Between marks of ours.
    Marked,
    /// Between the marks of a link, where no other link may stand.
    Link,
}

/// Which of Redmine's notations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Textile,
    CommonMark,
}

/// A character and what it stands between.
pub(super) struct Spot<'l> {
    pub(super) before: Option<char>,
    pub(super) letter: char,
    pub(super) later: &'l str,
    pub(super) place: Place,
}

impl Spot<'_> {
    pub(super) fn after(&self) -> Option<char> {
        self.later.chars().next()
    }
}

/// Appends one line. `first` says that nothing stands before it on its line.
pub(super) fn escape_line(kind: Kind, shown: &mut String, line: &str, first: bool, place: Place) {
    let clean: String = line.chars().filter(|c| is_shown(*c)).collect();
    let mut left = clean.as_str();
    if first {
        // An indented block would be code.
        let indented = left.len() - left.trim_start_matches([' ', '\t']).len();
        for blank in left[..indented].chars() {
            shown.push_str(if blank == '\t' { "\u{a0}\u{a0}\u{a0}\u{a0}" } else { "\u{a0}" });
        }
        left = &left[indented..];
        left = match kind {
            Kind::Textile => textile::escape_start(shown, left),
            Kind::CommonMark => common_mark::escape_start(shown, left),
        };
    }
    let at_start = first && left.len() == clean.trim_start_matches([' ', '\t']).len();
    let mut before = if at_start { None } else { shown.chars().next_back() };
    while let Some(letter) = left.chars().next() {
        let joined = before.is_some_and(char::is_alphanumeric);
        let url = if joined || place == Place::Link { 0 } else { url_length(left) };
        let (now, later) = left.split_at(letter.len_utf8());
        if url > 0 {
            let (url, later) = left.split_at(url);
            let done = match kind {
                Kind::Textile => textile::push_bare_url(shown, url, later),
                Kind::CommonMark => common_mark::push_bare_url(shown, url),
            };
            if done {
                before = url.chars().next_back();
                left = later;
                continue;
            }
        }
        let spot = Spot { before, letter, later, place };
        match kind {
            Kind::Textile => textile::escape_letter(shown, &spot),
            Kind::CommonMark => common_mark::escape_letter(shown, &spot),
        }
        before = now.chars().next_back();
        left = later;
    }
}

/// Whether Redmine would make something of a character where it stands behind `shown`.
pub(super) fn acts(shown: &str, spot: &Spot<'_>) -> bool {
    let after = spot.after();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match spot.letter {
        // The next piece of the line may go on where this one ends.
        '#' => {
            after.is_none_or(|c| c.is_ascii_digit() || c == '#') || spot.later.starts_with("note")
        }
        'r' => {
            let rest = spot.later.trim_start_matches(|c: char| c.is_ascii_digit());
            (digit(after) || after.is_none())
                && !rest.starts_with(|c: char| c.is_alphanumeric())
                && !shown.ends_with(|c: char| c.is_alphanumeric())
        }
        ':' => !after.is_some_and(char::is_whitespace) && ends_with_prefix(shown),
        '@' => {
            let login = |c: char| c.is_ascii_alphanumeric() || "_-@.".contains(c);
            after.is_none_or(login)
                && (spot.place != Place::Plain || !is_address(shown, spot.later))
        }
        '{' | '[' => after == Some(spot.letter) || after.is_none(),
        '"' => {
            shown.len() >= 4 && {
                let word = shown.as_bytes();
                word[word.len() - 4..].eq_ignore_ascii_case(b"src=")
            }
        }
        _ => false,
    }
}

/// Whether the text ends with a word that makes a link of what stands behind its `:` or `@`.
fn ends_with_prefix(shown: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "attachment",
        "document",
        "version",
        "forum",
        "news",
        "message",
        "project",
        "commit",
        "source",
        "export",
        "user",
    ];
    let start = shown.trim_end_matches(|c: char| c.is_ascii_lowercase()).len();
    PREFIXES.contains(&&shown[start..])
}

/// Whether an `@` behind `shown` stands in a mail address, which may be one.
fn is_address(shown: &str, later: &str) -> bool {
    let domain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let end = later.find(|c| !domain(c)).unwrap_or(later.len());
    let (domain, rest) = later.split_at(end);
    let domain = domain.trim_end_matches(['.', '-']);
    shown.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !ends_with_prefix(shown)
        && domain.contains('.')
        && domain.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !domain.contains("..")
        && !rest.starts_with(['@', '_'])
}

/// Whether an `&` before this text starts an entity.
pub(super) fn is_entity(later: &str) -> bool {
    let end = later.find(|c: char| !c.is_ascii_alphanumeric() && c != '#');
    end.is_some_and(|end| end > 0 && later[end..].starts_with(';'))
}

/// The text without a URL at its end that the cut may have shortened: it would lead elsewhere.
pub(super) fn without_half_url(kept: &str) -> &str {
    let word = kept.trim_end_matches(|c: char| !c.is_whitespace()).len();
    match kept[word..].rfind("://") {
        Some(at) => {
            let start = &kept[..word + at];
            start.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end()
        }
        None => kept,
    }
}

/// An address of a link as Redmine's mentions are not looked for in it: they are, in the raw text.
pub(super) fn target(url: &str) -> String {
    let mut target = String::with_capacity(url.len());
    for letter in url.chars() {
        let name = url.starts_with("mailto:") && target.ends_with(char::is_alphanumeric);
        match letter {
            '@' if !name => target.push_str("%40"),
            letter => target.push(letter),
        }
    }
    target
}
