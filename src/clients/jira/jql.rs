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

    /// Issues of which all of this holds; with no condition, none: Cloud refuses a query without a
    /// bound.
    pub(super) fn all<'a>(conditions: impl IntoIterator<Item = Condition<'a>>) -> Option<Self> {
        let clauses: Vec<String> = conditions.into_iter().map(Condition::clause).collect();
        (!clauses.is_empty()).then(|| Self(clauses.join(" AND ")))
    }

    /// … the newest made first, or the oldest; of the same moment the same way by number.
    pub(super) fn by_creation(self, newest_first: bool) -> Self {
        let way = if newest_first { "DESC" } else { "ASC" };
        Self(format!("{} ORDER BY created {way}, key {way}", self.0))
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

/// What must hold of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    /// It is in one of these projects, by key.
    Projects(&'a [String]),
    /// It has one of these labels.
    Labels(&'a [String]),
    /// This account asked.
    Reporter(&'a str),
    /// This account works on it.
    Assignee(&'a str),
    /// This account watches it.
    Watcher(&'a str),
    /// Its status has this name.
    Status(&'a str),
    /// Its texts hold these words.
    Text(&'a str),
}

impl Condition<'_> {
    fn clause(self) -> String {
        match self {
            Self::Projects(keys) => one_of("project", keys),
            Self::Labels(labels) => one_of("labels", labels),
            Self::Reporter(account) => format!("reporter = {}", literal(account)),
            Self::Assignee(account) => format!("assignee = {}", literal(account)),
            Self::Watcher(account) => format!("watcher = {}", literal(account)),
            Self::Status(name) => format!("status = {}", literal(name)),
            Self::Text(text) => format!("text ~ {}", literal(&words(text))),
        }
    }
}

fn one_of(field: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
    format!("{field} in ({})", values.join(", "))
}

/// Words to look for, in the language of text searches: what is a sign there is escaped, and what is
/// an operator only in capital letters is written small. Neither changes what is found: the index
/// knows no case.
///
/// Source: Atlassian's "Search syntax for text fields"; `/` begins a pattern in Lucene's own parser.
fn words(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        if ["AND", "OR", "NOT", "TO"].contains(&word) {
            escaped.push_str(&word.to_ascii_lowercase());
            continue;
        }
        for letter in word.chars() {
            if SIGNS.contains(letter) {
                escaped.push('\\');
            }
            escaped.push(letter);
        }
    }
    escaped
}

/// What has a meaning of its own in a text search.
const SIGNS: &str = "+-&|!(){}[]^~*?\\:/\"";

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

    fn is_plain(letter: char) -> bool {
        !SIGNS.contains(letter)
    }

    /// The words that a text search reads: no sign may stand there that is not escaped.
    fn read_words(text: &str) -> Option<Vec<String>> {
        let mut words = vec![String::new()];
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let word = words.last_mut()?;
            match letter {
                '\\' => word.push(letters.next()?),
                ' ' => words.push(String::new()),
                plain if is_plain(plain) => word.push(plain),
                _ => return None,
            }
        }
        words.retain(|word| !word.is_empty());
        let operator = |word: &String| ["AND", "OR", "NOT", "TO"].contains(&word.as_str());
        (!words.iter().any(operator)).then_some(words)
    }

    fn said(text: &str) -> Vec<String> {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let small = |word: &str| match word {
            "AND" | "OR" | "NOT" | "TO" => word.to_lowercase(),
            other => other.to_owned(),
        };
        words.filter(|word| !word.is_empty()).map(small).collect()
    }

    /// What callers have tried to get out of their literal with.
    const ATTEMPTS: [&str; 24] = [
        r#"""#,
        r"\",
        r#"\""#,
        r#"x" OR project = "SECRET"#,
        r#"x\" OR project = "SECRET"#,
        "x' OR project = 'SECRET",
        "\" OR 1=1 --",
        "\n\" OR project is not EMPTY",
        "a\r\nb",
        "a\u{0}b\u{2028}c",
        "\\u0022 OR project = SECRET",
        "currentUser()",
        "membersOf(\"jira-administrators\")",
        "SUP) OR project in (SECRET",
        "EMPTY",
        "null ORDER BY created",
        "+must -not",
        "a && b || !c",
        "(x) {y} [a TO b]",
        "boost^4 near~2 wild* w?ld",
        "summary:secret",
        "/.*/",
        "AND OR NOT",
        "한글 “é” \u{1f525}",
    ];

    #[test]
    fn nothing_leaves_its_literal() {
        for text in ATTEMPTS {
            let list = [text.to_owned(), "other".to_owned()];
            for (condition, head) in [
                (Condition::Reporter(text), "reporter = "),
                (Condition::Assignee(text), "assignee = "),
                (Condition::Watcher(text), "watcher = "),
                (Condition::Status(text), "status = "),
            ] {
                let clause = condition.clause();
                let value = clause.strip_prefix(head).unwrap();
                assert_eq!(read(value), Some((text.to_owned(), "")), "{clause}");
            }
            for (condition, head) in [
                (Condition::Projects(&list), "project in ("),
                (Condition::Labels(&list), "labels in ("),
            ] {
                let clause = condition.clause();
                let (value, rest) = read(clause.strip_prefix(head).unwrap()).unwrap();
                assert_eq!((value.as_str(), rest), (text, r#", "other")"#), "{clause}");
            }
            let clause = Condition::Text(text).clause();
            let (value, rest) = read(clause.strip_prefix("text ~ ").unwrap()).unwrap();
            assert_eq!(rest, "", "{clause}");
            assert_eq!(read_words(&value), Some(said(text)), "{clause}");
        }
    }

    #[test]
    fn signs_of_text_searches_are_escaped() {
        for (text, expected) in [
            ("printer on fire", r#"text ~ "printer on fire""#),
            ("C++", r#"text ~ "C\\+\\+""#),
            (r#"say "hi""#, r#"text ~ "say \\\"hi\\\"""#),
            (r"a\b", r#"text ~ "a\\\\b""#),
            ("this AND that", r#"text ~ "this and that""#),
            (" a\n b ", r#"text ~ "a b""#),
        ] {
            assert_eq!(Condition::Text(text).clause(), expected);
        }
        for sign in SIGNS.chars() {
            let clause = Condition::Text(&format!("a{sign}b")).clause();
            let (value, _) = read(clause.strip_prefix("text ~ ").unwrap()).unwrap();
            assert_eq!(value, format!("a\\{sign}b"));
        }
    }

    #[test]
    fn conditions_are_joined_and_ordered() {
        assert_eq!(Jql::all([]), None);
        let (projects, labels) = (["SUP".to_owned(), "OPS".to_owned()], ["web".to_owned()]);
        let jql = Jql::all([
            Condition::Projects(&projects),
            Condition::Labels(&labels),
            Condition::Status("To Do"),
        ]);
        let jql = jql.unwrap();
        let expected = r#"project in ("SUP", "OPS") AND labels in ("web") AND status = "To Do""#;
        assert_eq!(jql.as_str(), expected);
        let ordered = format!("{expected} ORDER BY created DESC, key DESC");
        assert_eq!(jql.clone().by_creation(true).as_str(), ordered);
        assert_eq!(jql.by_creation(false).as_str(), ordered.replace("DESC", "ASC"));
    }

    proptest! {
        #[test]
        fn every_word_is_read_back_whole(text in any::<String>()) {
            let clause = Condition::Text(&text).clause();
            let read = read(clause.strip_prefix("text ~ ").unwrap());
            let (value, rest) = read.unwrap();
            prop_assert_eq!(rest, "");
            prop_assert_eq!(read_words(&value), Some(said(&text)));
        }

        #[test]
        fn every_text_is_read_back_whole(text in any::<String>()) {
            let literal = literal(&text);
            prop_assert_eq!(read(&literal), Some((text, "")));
        }
    }
}
