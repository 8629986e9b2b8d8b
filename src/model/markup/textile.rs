//! Redmine's Textile, which has no backslash: what would act is written as an entity. Redmine lets
//! entities through and never makes markup of them.
//!
//! Source: `lib/redmine/wiki_formatting/textile/{redcloth3,formatter}.rb` and `links_helper.rb` of
//! Redmine 5.0. Its smart quotes, dashes and signs in parentheses are switched off there.

use std::fmt::Write;

use super::{
    PART, is_shown, push_url,
    redmine::{Place, Spot, acts, is_entity, target, without_half_url},
};

/// Ends a link, and nobody sees it.
pub(super) const BREAK: &str = "<notextile></notextile>";

/// Blocks, lists, quotes and tables, which are what they are by standing first.
pub(super) fn escape_start<'l>(shown: &mut String, line: &'l str) -> &'l str {
    let word = line.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(line.len());
    let number =
        line[word..].find(|c: char| !c.is_ascii_digit()).map_or(line.len(), |at| word + at);
    let block = matches!(&line[..word], "p" | "h" | "bq" | "fn" | "table");
    let mark = line[number..].chars().next().is_some_and(|c| !c.is_alphanumeric() && c != ' ');
    let Some(letter) = line.chars().next() else { return line };
    if block && mark || "*#=|{>-_".contains(letter) {
        push_entity(shown, letter);
        return &line[letter.len_utf8()..];
    }
    line
}

/// Appends a character as it is, or as an entity where it would act.
pub(super) fn escape_letter(shown: &mut String, spot: &Spot<'_>) {
    let (before, letter, after) = (spot.before, spot.letter, spot.after());
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let blank = |c: Option<char>| c.is_some_and(|c| c == ' ' || c == '\t');
    let act = match letter {
        '<' | '>' | '|' => true,
        // Redmine's stand-in for a bare one starts with a letter, which an address would take in.
        '&' => {
            let word = shown.rsplit(char::is_whitespace).next().unwrap_or_default();
            after.is_none() || is_entity(spot.later) || word.contains('@')
        }
        '*' | '_' | '+' | '^' | '~' | '-' | '?' => {
            let joins = word(before) && word(after);
            let question = letter == '?' && before != Some('?') && after != Some('?');
            !(joins || question || spot.place == Place::Plain && blank(before) && blank(after))
        }
        '%' => !before.is_some_and(|c| c.is_ascii_digit()) || word(after),
        '=' => before == Some('=') || after == Some('='),
        '!' => !blank(after) && (after.is_some() || spot.place != Place::Plain) && !word(before),
        '@' => acts(shown, spot) || !word(before),
        '(' => {
            spot.place == Place::Link
                || before.is_none_or(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        }
        '[' => !after.is_some_and(|c| c.is_ascii_alphabetic()) || spot.place != Place::Plain,
        '{' => acts(shown, spot) || spot.place != Place::Plain,
        '"' => {
            spot.place == Place::Link
                || after.is_none_or(|c| c == ':')
                || before == Some('=')
                || spot.later.starts_with("http")
        }
        ':' => acts(shown, spot) || ["redsh", "//"].iter().any(|it| spot.later.starts_with(it)),
        '.' => shown.ends_with("www"),
        _ => acts(shown, spot),
    };
    if act {
        push_entity(shown, letter);
    } else {
        shown.push(letter);
    }
}

fn push_entity(shown: &mut String, letter: char) {
    match letter {
        '<' => shown.push_str("&lt;"),
        '>' => shown.push_str("&gt;"),
        '&' => shown.push_str("&amp;"),
        letter => {
            let _ = write!(shown, "&#{};", u32::from(letter));
        }
    }
}

/// Appends a URL so that it is a link to its end, if it can be one there.
pub(super) fn push_bare_url(shown: &mut String, url: &str, later: &str) -> bool {
    // Redmine's own stand-in for `&`.
    if !may_start_link(shown) || url.contains("x%x%") {
        return false;
    }
    push_url(shown, url);
    let rest = later.strip_prefix(['.', ',']).unwrap_or(later);
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        shown.push_str(BREAK);
    }
    true
}

/// Whether Redmine looks for a bare link behind this text.
fn may_start_link(shown: &str) -> bool {
    shown.chars().next_back().is_none_or(|c| c.is_whitespace() || "([,;>".contains(c))
}

/// Whether what is appended to this text would belong to the URL at its end.
pub(super) fn ends_with_url(shown: &str) -> bool {
    let word = shown.rsplit(char::is_whitespace).next().unwrap_or_default();
    let url = word.rfind("://").or_else(|| word.rfind("\":mailto:"));
    url.is_some_and(|at| !word[at..].contains('<'))
}

/// Appends the address of a link, which ends before a point.
pub(super) fn push_target(shown: &mut String, url: &str) {
    let url = target(url);
    let bare = url.trim_end_matches(|c: char| !c.is_alphanumeric() && !"/=-_".contains(c));
    shown.push_str(bare);
    for byte in url[bare.len()..].bytes() {
        let _ = write!(shown, "%{byte:02X}");
    }
}

/// Words of a program, between tags: Redmine looks for mentions between the marks of Textile.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", preformatted(text).replace('@', "@\u{200b}"))
}

/// Text that stays as it is between `<pre>` and `</pre>`. There an entity is shown as its letters.
pub(super) fn preformatted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars().filter(|c| *c == '\n' || is_shown(*c)) {
        // Tags, macros, and what stands for something while Redmine works on the text.
        let apart = match letter {
            '{' => shown.ends_with('{'),
            '%' => shown.ends_with('x'),
            ':' => shown.ends_with(' '),
            'a'..='z' | 'A'..='Z' | '/' => shown.ends_with('<'),
            _ => false,
        };
        if apart {
            shown.push(PART);
        }
        shown.push(letter);
    }
    shown
}

/// What is left of a text that ends where it may not.
pub(super) fn sound(kept: &str) -> &str {
    let kept = without_half_url(kept.trim_end());
    let kept = match kept.rfind('&') {
        Some(at) if kept.len() - at < 8 && !kept[at..].contains(';') => &kept[..at],
        _ => kept,
    };
    let kept = match kept.rfind('<') {
        Some(at) if !kept[at..].contains('>') => &kept[..at],
        _ => kept,
    };
    kept.strip_suffix("<notextile>").unwrap_or(kept)
}

/// What closes the blocks that are open.
pub(super) fn closing(kept: &str) -> &'static str {
    let open = |start: &str, end| kept.rfind(start).is_some_and(|at| !kept[at..].contains(end));
    match (open("<pre>", "</pre>"), open("<code>", "</code>")) {
        (true, _) => "\n</pre>",
        (_, true) => "</code>",
        _ => "",
    }
}
