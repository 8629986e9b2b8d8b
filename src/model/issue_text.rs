//! What becomes of a mail in a tracker: its summary, its description, the keys that its subject names.

use super::{
    keys::IssueKey,
    mail::Address,
    markup::{Markup, length},
};

/// The longest summary that Jira takes, in UTF-16 code units, as it counts.
pub const SUMMARY_MAX: usize = 255;
/// The longest description or comment that Jira takes, in UTF-16 code units.
/// Source: the default of `jira.text.field.character.limit`.
pub const TEXT_MAX: usize = 32_767;
/// Addresses that one head line names.
const ADDRESSES_MAX: usize = 50;

/// The subject on one line of at most [`SUMMARY_MAX`]; `None` where there is none.
#[must_use]
pub fn summary(subject: &str) -> Option<String> {
    let line = one_line(subject);
    (!line.is_empty()).then(|| shorten(&line, SUMMARY_MAX))
}

/// The subject as one compares it: no prefixes of replies, forwards and automatic answers, no
/// marks, one case, single blanks.
#[must_use]
pub fn normalised(subject: &str) -> String {
    let mut text = without_keys(&one_line(subject)).to_lowercase();
    while let Some(rest) = without_prefix(&text, true) {
        text = rest.trim().to_owned();
    }
    one_line(&text)
}

/// The keys in the subject's `[KEY-12]` marks, each once.
#[must_use]
pub fn issue_keys(subject: &str) -> Vec<IssueKey> {
    let mut keys = Vec::new();
    for (_, key) in marks(subject) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The lines that say who wrote to whom, in the tracker's notation. Labels come from the locale; a line without
/// addresses is left out.
#[must_use]
pub fn head(markup: Markup, lines: &[(&str, &[&Address])]) -> String {
    let mut head = String::new();
    for (label, addresses) in lines.iter().filter(|(_, addresses)| !addresses.is_empty()) {
        let mut names: Vec<String> =
            addresses.iter().take(ADDRESSES_MAX).map(|address| person(markup, address)).collect();
        if addresses.len() > ADDRESSES_MAX {
            names.push(format!("… (+{})", addresses.len() - ADDRESSES_MAX));
        }
        if !head.is_empty() {
            head.push_str(markup.line_end());
        }
        let label = format!("{}:", markup.escape(label));
        head.extend([&markup.strong(&label), " ", &names.join(", ")]);
    }
    head
}

/// A name and its address on one line.
fn person(markup: Markup, address: &Address) -> String {
    let email = markup.escape(address.email.as_str());
    let name = address.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    match name {
        Some(name) => {
            let (open, close) = (markup.escape("<"), markup.escape(">"));
            format!("{} {open}{email}{close}", markup.escape(&shorten(&name, 200)))
        }
        None => email,
    }
}

/// The head above the body, at most `max` characters as Jira counts, and whether the body was cut.
#[must_use]
pub fn description(markup: Markup, head: &str, body: &str, max: usize) -> (String, bool) {
    let whole = match (head.is_empty(), body.is_empty()) {
        (true, _) => body.to_owned(),
        (_, true) => head.to_owned(),
        _ => format!("{head}\n\n{body}"),
    };
    let (text, cut) = markup.cut(&whole, max);
    (text.into_owned(), cut)
}

/// A label of Jira's, which has no blanks; `None` if nothing is left.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    let label = one_line(text).replace(' ', "-");
    let end = end_within(&label, SUMMARY_MAX);
    (end > 0).then(|| label[..end].to_owned())
}

/// Without line ends and what cannot be seen; single blanks.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `max` UTF-16 code units; `…` stands for what was left out.
fn shorten(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    format!("{}…", text[..end_within(text, max - 1)].trim_end())
}

fn end_within(text: &str, max: usize) -> usize {
    let mut room = max;
    for (at, letter) in text.char_indices() {
        match room.checked_sub(letter.len_utf16()) {
            Some(left) => room = left,
            None => return at,
        }
    }
    text.len()
}

/// The `[KEY-12]` marks of a text: where they start, and their key.
fn marks(text: &str) -> impl Iterator<Item = (usize, IssueKey)> + '_ {
    text.match_indices('[').filter_map(|(at, _)| {
        let near = text.as_bytes()[at..].iter().take(50).position(|b| *b == b']')?;
        Some((at, IssueKey::parse(text.get(at + 1..at + near)?)?))
    })
}

/// The text without its `[KEY-12]` marks.
pub(super) fn without_keys(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut end = 0;
    for (at, key) in marks(text) {
        left.push_str(&text[end..at]);
        end = at + key.as_str().len() + 2;
    }
    left.push_str(&text[end..]);
    one_line(&left)
}

/// The text behind its first prefix, if it has one. Only `all` takes forwards and automatic answers.
pub(super) fn without_prefix(text: &str, all: bool) -> Option<&str> {
    const REPLIES: &[&str] =
        &["re", "aw", "sv", "antw", "antwort", "vs", "odp", "ynt", "답장", "회신", "réf", "ref"];
    const OTHERS: &[&str] = &[
        "fwd",
        "fw",
        "wg",
        "tr",
        "rv",
        "vb",
        "전달",
        "automatic reply",
        "auto reply",
        "auto-reply",
        "autoreply",
        "automatische antwort",
        "réponse automatique",
        "out of office",
        "out of office autoreply",
        "자동 회신",
        "자동 응답",
        "부재중 자동 회신",
    ];
    let (prefix, rest) = text.split_once([':', '：'])?;
    if prefix.len() > 60 {
        return None;
    }
    let prefix = prefix.trim().to_lowercase();
    // `Re[2]:` and `Re(2):`.
    let counted =
        prefix.trim_end_matches(|c: char| c.is_ascii_digit() || "[]()".contains(c)).trim();
    let known = REPLIES.contains(&counted) || all && OTHERS.contains(&counted);
    known.then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::mail::Email;

    #[test]
    fn a_summary_is_one_line() {
        for (subject, line) in [
            ("Printer on fire", Some("Printer on fire")),
            (" Re:\r\n  Printer\t[SUP-1]\0 ", Some("Re: Printer [SUP-1]")),
            ("", None),
            (" \r\n\u{1}", None),
        ] {
            assert_eq!(summary(subject).as_deref(), line, "{subject:?}");
        }
        assert_eq!(summary(&"🎫".repeat(300)).map(|line| length(&line)), Some(255));
    }

    #[test]
    fn subjects_compare_without_what_programs_add() {
        for (subject, plain) in [
            ("Printer", "printer"),
            ("Re: AW: SV: Fwd: WG: TR: 답장: 전달: Printer", "printer"),
            ("RE[2]: Re (3): [SUP-12]  Printer  [ABC-1]", "printer"),
            ("[SUP-12] Re: Printer", "printer"),
            ("Automatic reply: Printer", "printer"),
            ("Réponse automatique : Printer", "printer"),
            ("re：Printer", "printer"),
            ("Error: no paper", "error: no paper"),
            ("Report [draft]", "report [draft]"),
            ("Re:", ""),
        ] {
            assert_eq!(normalised(subject), plain, "{subject:?}");
        }
    }

    #[test]
    fn keys_stand_in_brackets() {
        for (subject, expected) in [
            ("Re: x [SUP-12]", vec!["SUP-12"]),
            ("[A-1] [B-2][A-1]", vec!["A-1", "B-2"]),
            ("SUP-12 [sup-12] [SUP-] [SUP-1 ]", vec![]),
            ("[[SUP-12]] [티켓] [", vec!["SUP-12"]),
        ] {
            let keys = issue_keys(subject);
            assert_eq!(
                keys.iter().map(IssueKey::as_str).collect::<Vec<_>>(),
                expected,
                "{subject}"
            );
        }
    }

    #[test]
    fn the_head_names_people_and_does_nothing() {
        let email = Email::parse("a_b@x.example").unwrap();
        let named = Address { name: Some("Al {code}\n[~bob]".into()), email: email.clone() };
        let bare = Address { name: None, email };
        assert_eq!(
            head(Markup::Wiki, &[("From", &[&named]), ("Cc", &[&bare, &bare]), ("To", &[])]),
            "*From:* Al \\{code\\} \\[\\~bob\\] <a_b@x.example>\n*Cc:* a_b@x.example, a_b@x.example"
        );
    }

    #[test]
    fn a_description_fits() {
        assert_eq!(
            description(Markup::Wiki, "head", "body", TEXT_MAX),
            ("head\n\nbody".to_owned(), false)
        );
        assert_eq!(description(Markup::Wiki, "", "body", TEXT_MAX).0, "body");
        let (text, cut) = description(Markup::Wiki, "head", &"word ".repeat(10_000), TEXT_MAX);
        assert!(cut && length(&text) <= TEXT_MAX && length(&text) > TEXT_MAX - 100);
    }

    #[test]
    fn a_label_has_no_blanks() {
        for (text, expected) in
            [("IT support", Some("IT-support")), (" a\tb ", Some("a-b")), ("", None), (" ", None)]
        {
            assert_eq!(label(text).as_deref(), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_subject_is_too_strange(subject in "(\\PC|[\\[\\]: \r\nRe]|\\[SUP-1\\]){0,400}") {
            let line = summary(&subject).unwrap_or_default();
            prop_assert!(length(&line) <= SUMMARY_MAX && !line.contains(['\n', '\r']));
            let plain = normalised(&subject);
            prop_assert_eq!(normalised(&format!("Re: {plain}")), normalised(&plain));
            prop_assert!(label(&subject).is_none_or(|l| !l.contains(char::is_whitespace)));
        }
    }
}
