//! `CommonMark` as Redmine renders it, with GitHub's tables, strikethrough and bare links. A backslash
//! keeps a character from being `CommonMark`; from what Redmine makes of the finished page only an
//! unseen character keeps it.
//!
//! Source: `lib/redmine/wiki_formatting/common_mark/*.rb` of Redmine 5.0; the specification of
//! GitHub Flavored Markdown.

use super::{
    PART, is_shown, push_url,
    redmine::{Spot, acts, is_entity, without_half_url},
};

/// Headings, quotes, lists, rules and tables, which are what they are by standing first.
pub(super) fn escape_start<'l>(shown: &mut String, line: &'l str) -> &'l str {
    let number = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
    let (digits, left) = line.split_at(number);
    let Some(mark) = left.chars().next() else { return line };
    let opens = if digits.is_empty() {
        "-+=>".contains(mark) || left.starts_with(":-")
    } else {
        matches!(mark, '.' | ')')
    };
    if opens {
        shown.push_str(digits);
        shown.extend(['\\', mark]);
        return &left[1..];
    }
    let boxed = left.strip_prefix('[').and_then(|rest| rest.get(..2));
    if digits.is_empty() && matches!(boxed, Some(" ]" | "x]" | "X]")) {
        // The box of a task.
        shown.extend(['\\', '[', PART]);
        return &left[1..];
    }
    line
}

/// Appends a character so that it stands for itself.
pub(super) fn escape_letter(shown: &mut String, spot: &Spot<'_>) {
    let (before, letter, after) = (spot.before, spot.letter, spot.after());
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let act = acts(shown, spot) || letter == '!' && matches!(after, Some(':' | '@'));
    // Behind its colon a name may hold anything.
    let early = matches!(letter, '"' | ':');
    if act && early {
        shown.push(PART);
    }
    let slash = match letter {
        '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' => true,
        '_' => !(word(before) && word(after)),
        '#' => !word(before),
        '&' => is_entity(spot.later) || after.is_none(),
        ':' => spot.later.starts_with("//"),
        '.' => shown.ends_with("www"),
        '!' => after.is_none(),
        _ => false,
    };
    if slash {
        shown.push('\\');
    }
    shown.push(letter);
    if act && !early {
        shown.push(PART);
    }
}

/// Appends a URL so that it is a link to its end.
pub(super) fn push_bare_url(shown: &mut String, url: &str) -> bool {
    let mut target = String::with_capacity(url.len());
    push_url(&mut target, url);
    shown.push('<');
    push_target(shown, &target);
    shown.push('>');
    true
}

/// Appends a URL whose `&` starts no entity.
pub(super) fn push_target(shown: &mut String, url: &str) {
    let mut parts = url.split('&');
    shown.push_str(parts.next().unwrap_or_default());
    for part in parts {
        shown.extend([if is_entity(part) { "&amp;" } else { "&" }, part]);
    }
}

/// Words of a program. Redmine looks for mentions in them too.
pub(super) fn code(text: &str) -> String {
    let code = preformatted(text).replace('@', "@\u{200b}");
    let ticks = if code.contains('`') { "``" } else { "`" };
    let blank = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    [ticks, blank, &code, blank, ticks].concat()
}

/// Text that stays as it is between fences.
pub(super) fn preformatted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars().filter(|c| *c == '\n' || is_shown(*c)) {
        // Fences and macros.
        if matches!(letter, '{' | '`' | '~') && shown.ends_with(letter) {
            shown.push(PART);
        }
        shown.push(letter);
    }
    shown
}

/// What is left of a text that ends where it may not.
pub(super) fn sound(kept: &str) -> &str {
    let kept = without_half_url(kept.trim_end()).trim_end_matches(['\\', '<']);
    match kept.rfind('&') {
        Some(at) if kept.len() - at < 8 && !kept[at..].contains(';') => &kept[..at],
        _ => kept,
    }
}

/// What closes the block that is open. What stands in a quote or a list ends with it.
pub(super) fn closing(kept: &str) -> &'static str {
    let fences = kept.lines().filter(|line| line.starts_with("```")).count();
    if fences % 2 == 1 { "\n```" } else { "" }
}
