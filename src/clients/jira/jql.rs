//! Jira's query language, built from parts: a text can become a literal and nothing else.
//!
//! Source: the reserved characters and escapes of JQL in Atlassian's "Use advanced search".

use std::fmt::Write as _;

/// A query, bounded by at least one condition: Cloud refuses others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Jql(String);

impl Jql {
    /// Issues of a project.
    pub(super) fn project(key: &str) -> Self {
        Self(format!("project = {}", literal(key)))
    }

    /// Issues with a label.
    pub(super) fn label(label: &str) -> Self {
        Self(format!("labels = {}", literal(label)))
    }

    /// … that changed within the last minutes: a span, so that no time zone matters.
    pub(super) fn updated_within(self, minutes: u32) -> Self {
        Self(format!("{} AND updated >= \"-{minutes}m\"", self.0))
    }

    /// … the first made first.
    pub(super) fn oldest_first(self) -> Self {
        Self(self.0 + " ORDER BY created ASC")
    }

    /// … the latest change last.
    pub(super) fn by_change(self) -> Self {
        Self(self.0 + " ORDER BY updated ASC")
    }

    /// … the highest number first.
    pub(super) fn highest_first(self) -> Self {
        Self(self.0 + " ORDER BY key DESC")
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text in quotes: reserved words and signs mean nothing there.
fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Every control character is below U+00A0, and writing to a string cannot fail.
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads one literal as JQL does, and what stands behind it.
    fn read(text: &str) -> Option<(String, &str)> {
        let mut letters = text.strip_prefix('"')?.chars();
        let mut value = String::new();
        loop {
            match letters.next()? {
                '"' => return Some((value, letters.as_str())),
                '\\' => match letters.next()? {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    'u' => {
                        let digits: String = letters.by_ref().take(4).collect();
                        value.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                    }
                    same @ ('"' | '\\') => value.push(same),
                    _ => return None,
                },
                control if control.is_control() => return None,
                other => value.push(other),
            }
        }
    }

    #[test]
    fn a_query_says_what_it_is_built_of() {
        for (jql, expected) in [
            (Jql::label("mail-0a"), r#"labels = "mail-0a""#),
            (Jql::project("SUP").highest_first(), r#"project = "SUP" ORDER BY key DESC"#),
            (Jql::label("a").oldest_first(), r#"labels = "a" ORDER BY created ASC"#),
            (
                Jql::label("a").updated_within(15).by_change(),
                r#"labels = "a" AND updated >= "-15m" ORDER BY updated ASC"#,
            ),
        ] {
            assert_eq!(jql.as_str(), expected);
        }
    }

    #[test]
    fn a_literal_is_never_left_by_its_text() {
        for (text, expected) in [
            ("plain", r#""plain""#),
            ("", r#""""#),
            ("AND", r#""AND""#),
            ("empty", r#""empty""#),
            (r#"" OR project = "X"#, r#""\" OR project = \"X""#),
            (r"\", r#""\\""#),
            (r#"\" OR 1=1"#, r#""\\\" OR 1=1""#),
            ("a\nORDER BY x\r\t", r#""a\nORDER BY x\r\t""#),
            ("\u{0}\u{7f}\u{85}", r#""\u0000\u007f\u0085""#),
            ("'; currentUser()", r#""'; currentUser()""#),
            ("한글 é", r#""한글 é""#),
        ] {
            assert_eq!(literal(text), expected);
            assert_eq!(read(&literal(text)), Some((text.to_owned(), "")), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_back_whole(text in any::<String>()) {
            let literal = literal(&text);
            prop_assert_eq!(read(&literal), Some((text, "")));
        }
    }
}
