//! A line of wiki text, put together from pieces that look different.

use url::Url;

use super::{escape_line, push_url};

/// What a piece of a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Words.
    #[default]
    Words,
    /// Words of a program.
    Code,
    /// A link to this address.
    Link(String),
}

/// How a piece of a line looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Bold.
    pub(super) bold: bool,
    /// Italic.
    pub(super) italic: bool,
    /// Struck out.
    pub(super) struck: bool,
    /// What it is besides.
    pub(super) form: Form,
}

/// A piece of a line.
pub(super) enum Run {
    Words(String, Look),
    Image(String),
}

/// Where a link may lead: http, https and mailto, written so that it ends where it should.
pub(super) fn target(href: &str) -> Option<String> {
    let url = Url::parse(href.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https" | "mailto") {
        return None;
    }
    let mut target = String::new();
    for letter in url.as_str().chars() {
        match letter {
            // An address needs its sign.
            '@' => target.push('@'),
            _ => push_url(&mut target, letter.encode_utf8(&mut [0; 4])),
        }
    }
    Some(target)
}

/// Words with the marks of how they look. A mark stands at a word, never at a blank.
pub(super) fn push_words(line: &mut String, words: &str, look: &Look) {
    let inner = words.trim();
    if words.starts_with(' ') && !line.ends_with(' ') {
        line.push(' ');
    }
    if inner.is_empty() {
        return;
    }
    let mut text = String::new();
    match &look.form {
        Form::Link(url) if url.trim_end_matches('/') == inner.trim_end_matches('/') => {
            text.extend(["[", url, "]"]);
        }
        Form::Link(url) => {
            text.push('[');
            escape_line(&mut text, inner, false);
            text.extend(["|", url, "]"]);
        }
        Form::Code => {
            text.push_str("{{");
            escape_line(&mut text, inner, false);
            text.push_str("}}");
        }
        // A blank before it is trimmed in the end.
        Form::Words if line.trim().is_empty() => escape_line(&mut text, inner, true),
        Form::Words if !(look.bold || look.italic || look.struck) => {
            escape_line(line, inner, false);
        }
        Form::Words => escape_line(&mut text, inner, false),
    }
    for (on, mark) in [(look.italic, '_'), (look.bold, '*'), (look.struck, '-')] {
        if on {
            // In braces a mark works within a word too.
            text = format!("{{{mark}}}{text}{{{mark}}}");
        }
    }
    line.push_str(&text);
    if words.ends_with(' ') {
        line.push(' ');
    }
}
