//! Other people's text inside our Markdown: it may say anything, and does nothing.

/// The longest post that Mattermost takes, in characters (measured: 16,383).
pub const POST_MAX: usize = 16_383;

/// One line of foreign text, so that Mattermost shows it as it was written.
///
/// Escapes what would be Markdown where it stands, folds line ends to blanks, and parts `@` from a
/// name with a zero-width space so that nobody is mentioned. A bare URL stays as it is, or it would
/// lead elsewhere. Parentheses mean nothing without the brackets before them, nor does `!`, and
/// `<` takes no backslash (Mattermost shows HTML as text).
#[must_use]
pub fn line(text: &str) -> String {
    let folded: String = text.trim().chars().map(fold).collect();
    let text = folded.trim();
    let mut shown = String::with_capacity(text.len() + 8);
    let mut left = text.strip_prefix('=').map_or(text, |rest| {
        // The underline of a heading; `=` takes no backslash either.
        shown.push_str("\u{200b}=");
        rest
    });
    let number = left.find(|c: char| !c.is_ascii_digit()).unwrap_or(left.len());
    if let Some((number, mark)) = left.split_at_checked(number)
        && opens_block(number, mark)
    {
        shown.push_str(number);
        shown.push('\\');
        shown.extend(mark.chars().next());
        left = mark.get(1..).unwrap_or_default();
    }
    let mut before = ' ';
    while let Some(letter) = left.chars().next() {
        let url = if before.is_alphanumeric() { 0 } else { url_length(left) };
        let (now, later) = left.split_at(if url > 0 { url } else { letter.len_utf8() });
        match letter {
            // An encoded `@` leads to the same place and mentions nobody.
            _ if url > 0 => shown.push_str(&now.replace('@', "%40")),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '|' => shown.extend(['\\', letter]),
            '@' if later.starts_with(char::is_alphanumeric) => shown.push_str("@\u{200b}"),
            _ => shown.push(letter),
        }
        before = now.chars().next_back().unwrap_or(letter);
        left = later;
    }
    shown
}

/// Whether a line that starts with these digits, if any, and this mark is a heading, a quote, a
/// rule or part of a list.
fn opens_block(number: &str, mark: &str) -> bool {
    let item = mark.get(1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if number.is_empty() {
        mark.starts_with(['#', '>'])
            || mark.starts_with("--")
            || item && mark.starts_with(['+', '-'])
    } else {
        item && mark.starts_with(['.', ')'])
    }
}

/// Bytes of the URL that `text` starts with, 0 if it starts with none. It ends with a letter, a
/// digit or a slash, so that it is a link to its end wherever Mattermost looks for links.
fn url_length(text: &str) -> usize {
    let after = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if !after.is_some_and(|host| host.starts_with(char::is_alphanumeric)) {
        return 0;
    }
    let part = |c: char| c.is_alphanumeric() || "-._~:/?#!$&+,;=%()@".contains(c);
    let whole = text.split(|c| !part(c)).next().unwrap_or_default();
    whole.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '/').len()
}

/// Line ends and what cannot be seen are blanks.
fn fold(c: char) -> char {
    if c.is_whitespace() || c.is_control() { ' ' } else { c }
}

/// Foreign text between backticks, where nothing but a backtick means anything.
#[must_use]
pub fn code(text: &str) -> String {
    text.chars().map(fold).filter(|c| *c != '`').collect()
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

/// A text in parts of at most `max` characters, parted between its lines. A line that is longer
/// than a part is cut.
#[must_use]
pub fn parts(text: &str, max: usize) -> Vec<String> {
    let (mut parts, mut part, mut room) = (Vec::new(), String::new(), max + 1);
    for line in text.lines() {
        let line = cut(line, max);
        let length = line.chars().count() + 1;
        if length > room {
            parts.push(std::mem::take(&mut part));
            room = max + 1;
        }
        room -= length;
        part.push_str(&line);
        part.push('\n');
    }
    parts.push(part);
    // A message of blank lines is none.
    let trimmed = parts.iter().map(|part| part.trim_matches('\n'));
    trimmed.filter(|part| !part.trim().is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn foreign_text_stays_text() {
        for (text, shown) in [
            ("plain text.", "plain text."),
            ("a|b", r"a\|b"),
            ("[x](http://evil)", r"\[x\](http://evil)"),
            ("![x](y)", r"!\[x\](y)"),
            ("**bold** _it_ ~~no~~", r"\*\*bold\*\* \_it\_ \~\~no\~\~"),
            ("foo-bar (1 + 2) {x}! C#", "foo-bar (1 + 2) {x}! C#"),
            ("# head", r"\# head"),
            ("> quote", r"\> quote"),
            ("- item", r"\- item"),
            ("+ item", r"\+ item"),
            ("---", r"\---"),
            ("===", "\u{200b}==="),
            ("1. one", r"1\. one"),
            ("12) one", r"12\) one"),
            ("12 ones", "12 ones"),
            ("-1", "-1"),
            ("1.json", "1.json"),
            ("+", r"\+"),
            ("3", "3"),
            ("two\r\nlines", "two  lines"),
            ("\u{1}# head", r"\# head"),
            ("@all look", "@\u{200b}all look"),
            ("a @ b", "a @ b"),
            ("<b>x</b> &lt;b&gt;", "<b>x</b> &lt;b&gt;"),
            (r"\", r"\\"),
            (r"\[x](y)", r"\\\[x\](y)"),
            ("🎫 ünï", "🎫 ünï"),
            ("see http://x/a_b-c?d=~e_f#g (or not)", "see http://x/a_b-c?d=~e_f#g (or not)"),
            ("(https://x/a_(b_c))", "(https://x/a_(b_c))"),
            ("http://x/a_b_.", r"http://x/a_b\_."),
            ("http://x/](http://evil)", r"http://x/\](http://evil)"),
            ("http://x/@all", "http://x/%40all"),
            ("xhttp://_x_ http://_x_", r"xhttp://\_x\_ http://\_x\_"),
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

    proptest! {
        #[test]
        fn parts_hold_all_lines_in_order(text in "[ab\\n]{0,60}", max in 60..80_usize) {
            let whole = [&*text, &text, &text].join("\n");
            let parts = parts(&whole, max);
            prop_assert!(parts.iter().all(|part| part.chars().count() <= max), "{parts:?}");
            let said = |text: &str| text.replace('\n', "");
            prop_assert_eq!(said(&parts.concat()), said(&whole));
        }

        #[test]
        fn no_foreign_text_means_anything(
            parts in prop::collection::vec(
                prop_oneof!["[-\\\\`*_~#+=>|!()\\[\\]<@.1 \n\t]", "\\PC", "https?://", "[a-z/]{1,3}"],
                0..24,
            ),
        ) {
            let text = parts.concat();
            let shown = line(&text);
            let item = |mark: &str| shown == mark || shown.starts_with(&format!("{mark} "));
            let items = ["-", "+", "1.", "1)", "11.", "11)"].into_iter().any(item);
            prop_assert!(!items && !shown.starts_with(['#', '>', '=', ' ']), "block: {shown:?}");
            prop_assert!(!shown.starts_with("--"), "rule: {shown:?}");
            prop_assert!(!shown.contains(['\n', '\t']), "line: {shown:?}");
            let mut escaped = false;
            let mut plain = String::new();
            for (at, c) in shown.char_indices() {
                let bare = !escaped && c != '\\';
                prop_assert!(!bare || !"`*[]|".contains(c), "markup: {shown:?}");
                // Within a URL these two are part of it, and never its end.
                let in_url = shown[..at].rsplit(' ').next().unwrap().contains("://")
                    && !shown[at..].trim_start_matches(['_', '~']).is_empty();
                prop_assert!(!bare || in_url || !"_~".contains(c), "emphasis: {shown:?}");
                let name = shown[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
                prop_assert!(c != '@' || !name, "mention: {shown:?}");
                if escaped || c != '\\' {
                    plain.push(c);
                }
                escaped = !escaped && c == '\\';
            }
            prop_assert!(!escaped, "the last backslash escapes what follows: {shown:?}");
            // And nothing else is changed.
            let bare = |text: &str| text.replace('\u{200b}', "").replace("%40", "@");
            let folded: String = text.chars().map(fold).collect();
            prop_assert_eq!(bare(&plain), bare(folded.trim()));
        }
    }
}
