//! Foreign text in Jira's wiki notation (REST v2): it may say anything, and does nothing.
//!
//! A backslash takes its meaning from the characters that Jira escapes: `- # * _ + ? ^ ~ | % { }
//! [ ] ( ) ! @`, and only where no other backslash stands before it. Source: the class
//! `BackslashEscapeRendererComponent` of Atlassian's renderer and its port for Cloud, the wiki
//! markup transformer; the notation itself: Jira's "Text formatting notation help".

use std::{borrow::Cow, fmt::Write};

mod html;
mod line;
mod table;

pub use html::from_html;

/// Stands where a backslash cannot help: nobody sees it, and no notation has it.
const PART: char = '\u{200b}';

/// Foreign text, so that Jira shows it as it was written. Bare URLs stay links. A bare `@` means
/// nothing to Jira: who is mentioned is written `[~user]`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            shown.push('\n');
        }
        escape_line(&mut shown, line, true);
    }
    shown
}

/// Appends one line. `first` says that nothing stands before it on its line.
fn escape_line(shown: &mut String, line: &str, first: bool) {
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

/// A mail's plain text: lines that start with `>` become quotes.
#[must_use]
pub fn from_text(text: &str) -> String {
    let mut page = String::with_capacity(text.len() + text.len() / 8);
    let mut quoted = false;
    for line in text.trim_end().lines() {
        let inner = line.strip_prefix('>').map(|rest| rest.strip_prefix(' ').unwrap_or(rest));
        if inner.is_some() != quoted {
            quoted = inner.is_some();
            page.push_str("{quote}\n");
        }
        escape_line(&mut page, inner.unwrap_or(line).trim_end(), true);
        page.push('\n');
    }
    if quoted {
        page.push_str("{quote}\n");
    }
    page.truncate(page.trim_end().len());
    page
}

/// Text that stays as it is between `{noformat}` marks.
fn preformatted(text: &str) -> String {
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

/// Characters as Jira counts them: UTF-16 code units.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// At most `max` characters of wiki text, and whether that left something out. What was open is
/// closed.
#[must_use]
pub fn cut(text: &str, max: usize) -> (Cow<'_, str>, bool) {
    // Nothing has more characters than bytes.
    if text.len() <= max || length(text) <= max {
        return (Cow::Borrowed(text), false);
    }
    let closing = "\n{noformat}\n{quote}".len();
    let mut room = max.saturating_sub(closing);
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
    kept = kept.trim_end().trim_end_matches(['\\', '{']);
    if let Some(at) = kept.rfind('{').filter(|at| kept.len() - at < "{noformat}".len()) {
        // Half a mark.
        if !kept[at..].contains('}') && !kept[..at].ends_with('\\') {
            kept = &kept[..at];
        }
    }
    let mut cut = kept.to_owned();
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
    if noformat {
        cut.push_str("\n{noformat}");
    }
    if quote {
        cut.push_str("\n{quote}");
    }
    (Cow::Owned(cut), true)
}

#[cfg(test)]
mod tests;
