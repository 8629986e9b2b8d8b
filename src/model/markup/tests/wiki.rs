//! What holds for every text that goes to Jira.

use proptest::prelude::*;

use std::borrow::Cow;

use super::super::*;

const WIKI: Markup = Markup::Wiki;

#[test]
fn foreign_text_stays_text() {
    for (text, shown) in [
        (
            "plain text. (1 + 2 = 3) foo-bar a_b_c 50% #7",
            "plain text. (1 + 2 = 3) foo-bar a_b_c 50% #7",
        ),
        ("{code}x{code}", r"\{code\}x\{code\}"),
        ("!image.png! Hello! Wow!", r"\!image.png! Hello! Wow!"),
        ("!a.png|x!y", r"\!a.png\|x\!y"),
        ("[x|http://evil.example]", r"\[x\|http://evil.example\]"),
        ("[~admin] @all a@b.example", r"\[\~admin\] @all a@b.example"),
        (
            "*bold* _it_ -no- +ins+ ^sup^ ~sub~ ??cite??",
            r"\*bold\* \_it\_ \-no\- \+ins\+ \^sup\^ \~sub\~ \?\?cite\?\?",
        ),
        ("h1. head", "h1\u{200b}. head"),
        ("  H3. head", "  H3\u{200b}. head"),
        ("bq. quote", "bq\u{200b}. quote"),
        ("e.g. this", "e.g. this"),
        ("- item", r"\- item"),
        ("# item", r"\# item"),
        ("* item", r"\* item"),
        ("-# item", r"\-\# item"),
        ("----", r"\-\-\-\-"),
        ("a - b -- c", r"a - b \-\- c"),
        ("||a||b||", r"\|\|a\|\|b\|\|"),
        ("(x) (not) (*r) (i)", r"\(x) (not) \(\*r) \(i)"),
        ("C:\\Users\\bob", "C:\\Users\\bob"),
        ("\\\\server\\x", "\\\u{200b}\\server\\x"),
        ("\\*x\\", "\\\u{200b}\\*x\\\u{200b}"),
        ("a\r\nb\0\u{7}c\u{ffff}", "a\nbc"),
        (
            "see https://x.example/a_b-c?d=~e&f=1#g (or not).",
            "see https://x.example/a_b-c?d=%7Ee&f=1#g (or not).",
        ),
        ("(https://x.example/a)", "(https://x.example/a)"),
        ("http://x.example/|{x}", r"http://x.example/\|\{x\}"),
        ("🎫 티켓 été", "🎫 티켓 été"),
    ] {
        assert_eq!(WIKI.escape(text), shown, "{text:?}");
    }
}

#[test]
fn quoted_lines_become_a_quote() {
    for (text, page) in [
        ("a\n> b\n> > c\n>d\ne\n\n", "a\n{quote}\nb\n> c\nd\n{quote}\ne"),
        ("> a\n", "{quote}\na\n{quote}"),
        ("", ""),
        ("a\n\nb > c", "a\n\nb > c"),
    ] {
        assert_eq!(WIKI.from_text(text), page, "{text:?}");
    }
}

#[test]
fn what_is_cut_is_closed() {
    let code = format!("{{quote}}\n{{noformat}}\n{}\n{{noformat}}\n{{quote}}", "x ".repeat(100));
    for (text, end) in [
        (code.as_str(), "{noformat}\n{quote}"),
        (&format!("{{quote}}\n{}\n{{quote}}", "x ".repeat(100)), "\n{quote}"),
        (&format!("\\{{quote\\}} {}", "x ".repeat(100)), "x"),
        (&"\\*".repeat(100), "\\*"),
        (&"\\{".repeat(100), "\\{"),
    ] {
        let (kept, cut) = WIKI.cut(text, 80);
        assert!(cut && length(&kept) <= 80, "{kept}");
        assert!(kept.ends_with(end) || end == "\\{", "{kept}");
        assert!(!kept.ends_with('\\'), "{kept}");
    }
    assert_eq!(WIKI.cut("äöü", 3), (Cow::Borrowed("äöü"), false));
    assert_eq!(length(&WIKI.cut(&"🎫".repeat(100), 60).0) % 2, 0);
}

/// Notation that is neither escaped nor ours.
fn active(page: &str) -> Option<String> {
    let mut noformat = false;
    for line in page.lines() {
        if line == "{noformat}" {
            noformat = !noformat;
            continue;
        }
        if noformat || line == "{quote}" {
            continue;
        }
        let start = line.trim_start();
        let list = start.split(' ').next().unwrap_or_default();
        if !list.is_empty() && start.contains(' ') && list.chars().all(|c| "*#-".contains(c)) {
            return Some(format!("list: {line:?}"));
        }
        if start.starts_with("h1.") || start.starts_with("bq.") || start.starts_with("----") {
            return Some(format!("block: {line:?}"));
        }
        let mut before = ' ';
        for letter in line.chars() {
            if before != '\\' && "{}[]|*^~".contains(letter) {
                return Some(format!("{letter}: {line:?}"));
            }
            if before == '\\' && letter == '\\' {
                return Some(format!("line break: {line:?}"));
            }
            before = letter;
        }
    }
    None
}

fn mail() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        r"[-\\*_~^+?!{}\[\]|#>()@%.:/ \n\r\t\x00]{1,3}",
        r"\PC",
        "(\\{noformat\\}|\\{quote\\}|h1\\. |bq\\. |https://|\\[~a\\]|<b>|</b>|<pre>|<br>|<a href='http://x|'>|</a>)",
        "[a-z ]{1,4}",
    ];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn nothing_foreign_acts(text in mail()) {
        for page in [WIKI.escape(&text), WIKI.from_text(&text)] {
            prop_assert_eq!(active(&page), None, "{:?}", page);
        }
    }

    #[test]
    fn nothing_visible_is_lost(text in mail()) {
        let bare = |text: &str| -> String {
            let kept = |c: &char| !c.is_whitespace() && is_shown(*c) && !"\\\u{200b}".contains(*c);
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().chars().filter(kept).collect()
        };
        prop_assert_eq!(bare(&WIKI.escape(&text)), bare(&text));
    }

    #[test]
    fn a_cut_is_never_too_long_and_always_closed(text in mail(), max in 20_usize..200) {
        let page = WIKI.from_text(&text.repeat(4));
        let (kept, cut) = WIKI.cut(&page, max);
        prop_assert!(length(&kept) <= max);
        prop_assert_eq!(cut, length(&page) > max);
        prop_assert_eq!(active(&kept), None, "{:?}", kept);
        prop_assert_eq!(kept.lines().filter(|line| *line == "{quote}").count() % 2, 0, "{:?}", kept);
    }

    #[test]
    fn html_of_any_kind_does_nothing_either(text in mail()) {
        let page = WIKI.from_html(&text, &|_| None);
        prop_assert!(!page.contains("[~"), "{:?}", page);
        prop_assert_eq!(page.lines().filter(|line| *line == "{noformat}").count() % 2, 0, "{:?}", page);
    }
}
