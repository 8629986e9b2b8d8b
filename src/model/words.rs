//! How a typed command falls into words.
//!
//! Chat text is not a shell line: an apostrophe is a letter, keyboards turn quotes into curly
//! ones, and nothing may fail. So a quote counts only at the start of a word, any double quote
//! closes any other, and a quote that nobody closes is an ordinary character.

/// Takes words off the front of a text; what is left keeps its own blanks and lines.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    left: &'a str,
}

impl<'a> Words<'a> {
    /// Starts at the front of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { left: text.trim() }
    }

    /// All that was not taken yet, without the quotes if it is one quoted text.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        match quoted(self.left) {
            Some((inside, "")) => inside.trim(),
            _ => self.left,
        }
    }

    /// The rest, and the number of a `page 2` at its end, if it stands outside of quotes and after
    /// something else.
    #[must_use]
    pub fn rest_and_page(&self) -> (&'a str, Option<&'a str>) {
        let parted = || {
            let (left, number) = self.left.rsplit_once(char::is_whitespace)?;
            let (left, page) = left.trim_end().rsplit_once(char::is_whitespace)?;
            let meant = page.eq_ignore_ascii_case("page") && is_page(number);
            meant.then(|| (Self::new(left).rest(), Some(number)))
        };
        match quoted(self.left) {
            Some((inside, "")) => (inside.trim(), None),
            _ => parted().unwrap_or((self.left, None)),
        }
    }
}

/// Whether a word has the form of a page's number: digits alone.
#[must_use]
pub fn is_page(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.left.is_empty() {
            return None;
        }
        let (word, left) = quoted(self.left).unwrap_or_else(|| {
            let end = self.left.find(char::is_whitespace).unwrap_or(self.left.len());
            self.left.split_at(end)
        });
        self.left = left.trim_start();
        Some(word)
    }
}

/// Splits a leading quoted text from what follows it; `None` if there is none.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let open = text.chars().next()?;
    let closes: fn(char) -> bool = match open {
        '"' | '“' | '”' | '„' | '«' | '»' => |c| matches!(c, '"' | '“' | '”' | '«' | '»'),
        '\'' | '‘' | '‚' => |c| matches!(c, '\'' | '’' | '‘'),
        _ => return None,
    };
    let inside = text.get(open.len_utf8()..)?;
    // A quote ends a word only where a word can end: `'it's'` is one word.
    let (at, close) = inside.char_indices().find(|&(at, c)| {
        let after = inside.get(at + c.len_utf8()..).unwrap_or_default();
        closes(c) && after.chars().next().is_none_or(char::is_whitespace)
    })?;
    Some((inside.get(..at)?, inside.get(at + close.len_utf8()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_what_the_writer_meant() {
        for (text, words) in [
            ("", vec![]),
            ("  \n\t ", vec![]),
            ("list  helpdesk\nmine", vec!["list", "helpdesk", "mine"]),
            ("list\u{a0}a\u{3000}b", vec!["list", "a", "b"]),
            (r#"create "help desk" x"#, vec!["create", "help desk", "x"]),
            ("create “help desk” x", vec!["create", "help desk", "x"]),
            ("„Drucker“ «imprimante» 'a b'", vec!["Drucker", "imprimante", "a b"]),
            ("it's isn't", vec!["it's", "isn't"]),
            ("'it's here' now", vec!["it's here", "now"]),
            (r#""open end"#, vec!["\"open", "end"]),
            (r#""" x"#, vec!["", "x"]),
            ("5\" disk", vec!["5\"", "disk"]),
        ] {
            assert_eq!(Words::new(text).collect::<Vec<_>>(), words, "{text:?}");
        }
    }

    #[test]
    fn the_rest_is_verbatim_but_for_quotes_around_all_of_it() {
        for (text, rest) in [
            ("create help Printer  on\nfire", "Printer  on\nfire"),
            ("create help \"Printer on fire\"", "Printer on fire"),
            ("create help “Printer” on “fire”", "“Printer” on “fire”"),
            ("create help", ""),
        ] {
            let mut words = Words::new(text);
            words.by_ref().take(2).for_each(drop);
            assert_eq!(words.rest(), rest, "{text:?}");
        }
    }

    #[test]
    fn a_page_stands_at_the_end_and_outside_of_quotes() {
        for (text, parted) in [
            ("printer page 2", ("printer", Some("2"))),
            ("printer  PAGE  12", ("printer", Some("12"))),
            ("home page 2 page 3", ("home page 2", Some("3"))),
            ("\"home page 2\" page 3", ("home page 2", Some("3"))),
            ("\"home page 2\"", ("home page 2", None)),
            ("page 2", ("page 2", None)),
            ("printer 2", ("printer 2", None)),
            ("printer page two", ("printer page two", None)),
            ("", ("", None)),
        ] {
            assert_eq!(Words::new(text).rest_and_page(), parted, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_apart_without_loss_or_panic(text in "\\PC{0,200}") {
            let letters = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let joined = Words::new(&text).collect::<Vec<_>>().concat();
            prop_assert_eq!(letters(&joined), letters(&text));
        }
    }
}
