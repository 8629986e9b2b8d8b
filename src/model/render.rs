//! Other people's text inside our Markdown: it may say anything, and does nothing.

/// The longest post that Mattermost takes, in characters (measured: 16,383).
pub const POST_MAX: usize = 16_383;

/// One line of foreign text, so that Mattermost shows it as it was written.
///
/// Escapes what Mattermost's Markdown knows, folds line ends to blanks, and parts `@` from a name
/// with a zero-width space so that nobody is mentioned.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!'
            | '>' | '~' | '|' => shown.extend(['\\', letter]),
            '@' if letters.peek().is_some_and(|next| next.is_alphanumeric()) => {
                shown.push_str("@\u{200b}");
            }
            _ if letter.is_whitespace() || letter.is_control() => shown.push(' '),
            _ => shown.push(letter),
        }
    }
    shown
}

/// Foreign text between backticks, where nothing but a backtick means anything.
#[must_use]
pub fn code(text: &str) -> String {
    let folded = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c });
    folded.filter(|c| *c != '`').collect()
}

/// Foreign text of several lines as a block quote of at most `max` characters.
#[must_use]
pub fn quote(text: &str, max: usize) -> String {
    let lines = cut(text.trim(), max);
    lines.lines().map(|each| format!("> {}", line(each))).collect::<Vec<_>>().join("\n")
}

/// The first `max` characters; `…` stands for what was left out.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    // Nothing has more characters than bytes, so most texts need not be counted.
    if text.len() <= max {
        return text.to_owned();
    }
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        for (text, shown) in [
            ("plain text.", "plain text."),
            ("a|b", r"a\|b"),
            ("[x](http://evil)", r"\[x\]\(http://evil\)"),
            ("**bold** _it_ ~~no~~", r"\*\*bold\*\* \_it\_ \~\~no\~\~"),
            ("# head", r"\# head"),
            ("two\r\nlines", "two  lines"),
            ("@all look", "@\u{200b}all look"),
            ("a @ b", "a @ b"),
            ("<b>x</b>", r"<b\>x</b\>"),
            (r"\", r"\\"),
            ("🎫 ünï", "🎫 ünï"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn text_between_backticks_stays_there() {
        for (text, shown) in [("a_b-c@d.e", "a_b-c@d.e"), ("`x` **y**", "x **y**"), ("a\nb", "a b")]
        {
            assert_eq!(code(text), shown, "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(quote("a\n# b", 100), "> a\n> \\# b");
    }
}
