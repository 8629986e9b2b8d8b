//! A line, put together from pieces that look different.

use url::Url;

use super::{
    Markup, common_mark, push_url,
    redmine::{Place, target as target_of},
    textile,
};

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
    /// The mark of an image.
    Image(String),
}

impl Run {
    /// What it starts with; an image stands behind a blank.
    pub(super) fn first(&self) -> Option<char> {
        match self {
            Self::Words(words, _) => words.chars().next(),
            Self::Image(_) => Some(' '),
        }
    }
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

impl Markup {
    /// Words with the marks of how they look. A mark stands at a word, never at a blank. `next` is
    /// what stands behind the words.
    pub(super) fn push_words(
        self,
        line: &mut String,
        words: &str,
        look: &Look,
        next: Option<char>,
    ) {
        let inner = words.trim();
        if words.starts_with(' ') && !line.ends_with(' ') {
            line.push(' ');
        }
        if inner.is_empty() {
            return;
        }
        if self == Self::Textile && textile::ends_with_url(line) {
            line.push_str(textile::BREAK);
        }
        let next = if words.ends_with(' ') { Some(' ') } else { next };
        let mut text = String::new();
        let marked = look.bold || look.italic || look.struck;
        match &look.form {
            Form::Link(url) => self.push_link(&mut text, inner, url),
            Form::Code => self.push_code(&mut text, inner),
            // A blank before it is trimmed in the end.
            Form::Words if line.trim().is_empty() => {
                let place = if marked { Place::Marked } else { Place::Plain };
                self.escape_line(&mut text, inner, true, place);
            }
            Form::Words if !marked => self.escape_line(line, inner, false, Place::Plain),
            Form::Words => self.escape_line(&mut text, inner, false, Place::Marked),
        }
        for (on, mark) in [(look.italic, '_'), (look.bold, '*'), (look.struck, '-')] {
            if on {
                text = self.marked(text, mark, line, next);
            }
        }
        line.push_str(&text);
        if words.ends_with(' ') {
            line.push(' ');
        }
    }

    fn push_link(self, text: &mut String, words: &str, url: &str) {
        if url.trim_end_matches('/') == words.trim_end_matches('/') {
            match self {
                Self::Wiki => return text.extend(["[", url, "]"]),
                Self::CommonMark => {
                    text.push('<');
                    common_mark::push_target(text, &target_of(url));
                    return text.push('>');
                }
                Self::Textile => {}
            }
        }
        match self {
            Self::Wiki => {
                text.push('[');
                self.escape_line(text, words, false, Place::Link);
                text.extend(["|", url, "]"]);
            }
            Self::Textile => {
                text.push('"');
                self.escape_line(text, words, false, Place::Link);
                text.push_str("\":");
                textile::push_target(text, url);
            }
            Self::CommonMark => {
                text.push('[');
                self.escape_line(text, words, false, Place::Link);
                text.push_str("](");
                common_mark::push_target(text, &target_of(url));
                text.push(')');
            }
        }
    }

    fn push_code(self, text: &mut String, words: &str) {
        match self {
            Self::Wiki => {
                text.push_str("{{");
                self.escape_line(text, words, false, Place::Marked);
                text.push_str("}}");
            }
            Self::Textile => text.push_str(&textile::code(words)),
            Self::CommonMark => text.push_str(&common_mark::code(words)),
        }
    }

    /// Text between marks, where the notation knows them to be marks; else the text alone.
    fn marked(self, text: String, mark: char, line: &str, next: Option<char>) -> String {
        let before = line.chars().next_back();
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        match self {
            // In braces a mark works within a word too.
            Self::Wiki => format!("{{{mark}}}{text}{{{mark}}}"),
            Self::Textile => {
                let opens = blank(before) || before == Some('(');
                let closes = blank(next) || next.is_some_and(|c| c.is_ascii_punctuation());
                let end = if textile::ends_with_url(&text) { textile::BREAK } else { "" };
                if opens && closes { format!("{mark}{text}{end}{mark}") } else { text }
            }
            Self::CommonMark => {
                let mark = match mark {
                    '_' => "*",
                    '*' => "**",
                    _ => "~~",
                };
                // Beside a letter a mark must have a letter on its other side too.
                let word = |c: char| c.is_alphanumeric();
                let opens = !before.is_some_and(word) || text.starts_with(word);
                let closes = !next.is_some_and(word) || text.ends_with(word);
                if opens && closes { [mark, &text, mark].concat() } else { text }
            }
        }
    }
}
