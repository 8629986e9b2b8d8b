//! Jira's wiki notation (REST v2).
//!
//! A backslash takes its meaning from the characters that Jira escapes: `- # * _ + ? ^ ~ | % { }
//! [ ] ( ) ! @`, and only where no other backslash stands before it. Source: the class
//! `BackslashEscapeRendererComponent` of Atlassian's renderer and its port for Cloud, the wiki
//! markup transformer; the notation itself: Jira's "Text formatting notation help".

use std::borrow::Cow;

use super::{PART, is_shown, push_url, url_length};

/// Appends one line. `first` says that nothing stands before it on its line. A bare `@` means
/// nothing to Jira: who is mentioned is written `[~user]`.
pub(super) fn escape_line(shown: &mut String, line: &str, first: bool) {
    let clean: Cow<'_, str> = if line.chars().all(is_shown) {
        Cow::Borrowed(line)
    } else {
        Cow::Owned(line.chars().filter(|c| is_shown(*c)).collect())
    };
    let mut left = &*clean;
    let mut before = if first { None } else { shown.chars().next_back() };
    if first {
        let indented = left.len() - left.trim_start().len();
        shown.push_str(&left[..indented]);
        left = &left[indented..];
        left = escape_start(shown, left, &mut before);
    }
    while let Some(letter) = left.chars().next() {
        let url = if before.is_some_and(char::is_alphanumeric) { 0 } else { url_length(left) };
        let (now, later) = left.split_at(if url > 0 { url } else { letter.len_utf8() });
        let after = later.chars().next();
        if url > 0 {
            push_url(shown, now);
        } else if letter == '\\' {
            shown.push(letter);
            if after.is_none_or(|c| !c.is_alphanumeric() && c != ' ') {
                shown.push(PART);
            }
        } else {
            if acts(before, letter, after, later) {
                shown.push('\\');
            }
            shown.push(letter);
        }
        before = now.chars().next_back();
        left = later;
    }
}

/// Headings, quotes and lists, which are what they are by standing first.
fn escape_start<'l>(shown: &mut String, line: &'l str, before: &mut Option<char>) -> &'l str {
    let mut left = line;
    while let Some(mark) = left.chars().next().filter(|c| matches!(c, '#' | '-')) {
        shown.extend(['\\', mark]);
        *before = Some(mark);
        left = &left[1..];
    }
    let word = left.find('.').and_then(|dot| left.get(..dot)).unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    if lower == "bq"
        || (lower.len() == 2
            && lower.starts_with('h')
            && lower.ends_with(|c: char| c.is_ascii_digit()))
    {
        shown.push_str(word);
        shown.extend([PART, '.']);
        *before = Some('.');
        left = &left[word.len() + 1..];
    }
    left
}

/// Whether a character would mean something where it stands.
fn acts(before: Option<char>, letter: char, after: Option<char>, later: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let blank = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == '\t');
    match letter {
        '{' | '}' | '[' | ']' | '|' | '*' | '^' | '~' => true,
        // They open only before and close only behind a word that they do not stand in.
        '-' | '_' | '+' => !(word(before) && word(after) || blank(before) && blank(after)),
        '!' => !blank(after),
        '?' => before == Some('?') || after == Some('?') || before == Some('('),
        '(' => {
            let near = later.char_indices().nth(8).map_or(later, |(at, _)| &later[..at]);
            let icon = near.split_once(')').map_or("", |(icon, _)| icon);
            ["/", "x", "i", "y", "n", "on", "off", "flag", "flagoff", "!", "+", "-", "?"]
                .contains(&icon.to_ascii_lowercase().as_str())
                || icon.starts_with('*')
        }
        _ => false,
    }
}

/// Text that stays as it is between `{noformat}` marks.
pub(super) fn preformatted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars().filter(|c| *c == '\n' || is_shown(*c)) {
        shown.push(letter);
        // Nothing that starts like a mark can be one, and Jira finds mentions even here.
        if matches!(letter, '{' | '[') {
            shown.push(PART);
        }
    }
    shown
}

/// What is left of a text that ends where it may not.
pub(super) fn sound(kept: &str) -> &str {
    let kept = kept.trim_end().trim_end_matches(['\\', '{']);
    match kept.rfind('{').filter(|at| kept.len() - at < "{noformat}".len()) {
        // Half a mark.
        Some(at) if !kept[at..].contains('}') && !kept[..at].ends_with('\\') => &kept[..at],
        _ => kept,
    }
}

/// What closes the blocks that are open.
pub(super) fn closing(kept: &str) -> &'static str {
    let (mut quote, mut noformat) = (false, false);
    let mut left = kept;
    while let Some(at) = left.find('{') {
        let escaped = left[..at].ends_with('\\');
        let mark = &left[at..];
        if mark.starts_with("{noformat}") && (noformat || !escaped) {
            noformat = !noformat;
        } else if mark.starts_with("{quote}") && !noformat && !escaped {
            quote = !quote;
        }
        left = &mark[1..];
    }
    match (noformat, quote) {
        (true, true) => "\n{noformat}\n{quote}",
        (true, false) => "\n{noformat}",
        (false, true) => "\n{quote}",
        (false, false) => "",
    }
}
