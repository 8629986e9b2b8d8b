//! A reply's own words: what is left without the quoted mail at its end. Only an end that is
//! nothing but quote is cut, and never everything; in doubt the mail stays whole.

mod html;
mod marks;

pub use html::without_quote_html;
use marks::{attribution, opens_header};

/// The text without the mail that it quotes at its end, and whether something was cut.
#[must_use]
pub fn without_quote(text: &str) -> (&str, bool) {
    let mut at = 0;
    let lines: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            (start, line.trim())
        })
        .collect();
    let own = match start_of_quote(&lines) {
        Some(line) => text[..lines[line].0].trim_end(),
        None => text,
    };
    if own.trim().is_empty() { (text, false) } else { (own, own.len() < text.trim_end().len()) }
}

/// The line that the quote starts with.
fn start_of_quote(lines: &[(usize, &str)]) -> Option<usize> {
    let texts: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
    let marked = texts.iter().position(|line| line.starts_with('>'));
    // Programs that quote without marks put everything below their header.
    let header = (0..marked.unwrap_or(texts.len())).find(|at| opens_header(&texts[*at..]));
    if let Some(mut header) = header {
        // A rule drawn above it is theirs too.
        while header > 0 && is_rule_or_blank(texts[header - 1]) {
            header -= 1;
        }
        return Some(header);
    }
    let Some(first) = marked else {
        // The whole rest hangs on one line: it must be sure of itself.
        let found = (0..texts.len()).find_map(|at| {
            let lines = attribution(&texts[at..], true)?;
            let follows = texts[at + lines..].iter().any(|line| !line.is_empty());
            follows.then_some(at)
        });
        return found;
    };
    let answered = texts[first..].iter().any(|line| !line.is_empty() && !line.starts_with('>'));
    if answered {
        return None;
    }
    // The line above that says whose words follow, which may be folded into three.
    let above = texts[..first].iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    let start = (above.saturating_sub(3)..above)
        .find(|at| attribution(&texts[*at..above], false) == Some(above - at));
    Some(start.unwrap_or(first))
}

fn is_rule_or_blank(line: &str) -> bool {
    line.chars().all(|c| "_-*=".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quote_at_the_end_is_cut() {
        for (text, own) in [
            ("yes\n\nOn Mon, 1 Jan 2024 at 10:00, Bob <b@x.example> wrote:\n> a\n> b\n", "yes"),
            (
                "yes\n\nOn Mon, 1 Jan 2024 at 10:00, Bob Longname\n<b@x.example> wrote:\n\n> a",
                "yes",
            ),
            ("oui\n\nLe lun. 1 janv. 2024 à 10:00, Bob <b@x.example> a écrit\u{a0}:\n> a", "oui"),
            ("ja\r\n\r\nAm 01.01.2024 um 10:00 schrieb Bob <b@x.example>:\r\n> a\r\n", "ja"),
            ("네\n\n2024년 1월 1일 (월) 오전 10:00, Bob <b@x.example>님이 작성:\n\n> a", "네"),
            ("yes\n> a\n> b\n\n", "yes"),
            ("yes\n\n-----Original Message-----\nFrom: Bob\nanything", "yes"),
            ("ja\n-----Ursprüngliche Nachricht-----\nx", "ja"),
            (
                "yes\n\n________________________________\nFrom: Bob\nSent: Monday\nTo: Al\nSubject: x\n\nold",
                "yes",
            ),
            ("oui\n\nDe : Bob\nEnvoyé : lundi\nÀ : Al\nObjet : x\n\nvieux", "oui"),
            ("ja\n\nVon: Bob\nGesendet: Montag\nAn: Al\nBetreff: x\n\nalt", "ja"),
            ("네\n\n보낸 사람: Bob\n보낸 날짜: 월요일\n받는 사람: Al\n제목: x\n\n옛글", "네"),
            ("yes\n\n*From:* Bob\n*Date:* Monday\n*Subject:* x\n\nold", "yes"),
            ("yes\nFrom: Bob\nSent: x\nTo: y\n\nold\n> older\nOn it", "yes"),
            ("yes\n\nOn Mon, 1 Jan 2024 at 10:00, Bob <b@x.example> wrote:\nno marks here", "yes"),
        ] {
            assert_eq!(without_quote(text), (own, true), "{text:?}");
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "plain words\n",
            "On Monday Bob wrote:\nI am leaving",
            "> a\nanswer\n> b\nanswer",
            "Hi,\n> a\nanswer\n> b\n\nBob",
            "> only a quote",
            "-----Original Message-----\nFrom: x\nTo: y",
            "From: here to there\nit is far",
            "a > b",
            "",
            "\n\n",
        ] {
            assert_eq!(without_quote(text), (text, false), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn only_an_end_is_cut_and_never_all(
            parts in prop::collection::vec(
                prop_oneof!["> [a-z]{0,3}\n", "[a-z]{0,3}\n", Just("From: a\n".to_owned()),
                    Just("To: b\n".to_owned()), Just("Subject: c\n".to_owned()),
                    Just("On 1 Jan 10:00 x <a@b> wrote:\n".to_owned()), "\\PC{0,3}"],
                0..12,
            ),
        ) {
            let text = parts.concat();
            let (own, cut) = without_quote(&text);
            prop_assert!(text.starts_with(own));
            prop_assert_eq!(cut, own.trim_end() != text.trim_end());
            prop_assert!(text.trim().is_empty() || !own.trim().is_empty());
        }
    }
}
