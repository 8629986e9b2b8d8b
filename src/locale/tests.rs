//! Saying, and the rules that keep the three files and the code in step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn a_mattermost_locale_finds_its_language() {
    for (tag, locale) in [
        ("en", Some(Locale::En)),
        ("en_AU", Some(Locale::En)),
        ("fr", Some(Locale::Fr)),
        ("fr-CA", Some(Locale::Fr)),
        ("KO", Some(Locale::Ko)),
        ("ko-KR", Some(Locale::Ko)),
        ("de", None),
        ("fro", None),
        ("kok", None),
        ("", None),
        ("-", None),
    ] {
        assert_eq!(Locale::from_mattermost(tag), locale, "{tag:?}");
    }
}

#[test]
fn a_sentence_takes_its_values_without_marks_around_them() {
    let texts = Texts::load().unwrap();
    for (locale, said) in [
        (Locale::En, "Page 2: `/redmine list 2`"),
        (Locale::Fr, "Page 2\u{a0}: `/redmine list 2`"),
        (Locale::Ko, "2쪽: `/redmine list 2`"),
    ] {
        let args = [("page", "2".into()), ("command", "list 2".into())];
        assert_eq!(texts.say(locale, "next-page", &args), said);
    }
    for (pages, said) in [(1, "There is only one page."), (12, "There are only 12 pages.")] {
        assert_eq!(texts.say(Locale::En, "past-the-end", &[("pages", pages.into())]), said);
    }
    for (state, whose, within, said) in [
        ("open", "anyone", "everything", "Open issues: 3"),
        ("all", "mine", "everything", "All issues assigned to you: 3"),
        ("closed", "mine", "project", "Closed issues assigned to you in `infra`: 3"),
    ] {
        let args = [
            ("state", state.into()),
            ("whose", whose.into()),
            ("within", within.into()),
            ("project", "infra".into()),
            ("total", 3.into()),
        ];
        assert_eq!(texts.say(Locale::En, "redmine-list", &args), said);
    }
}

#[test]
fn no_line_breaks_before_french_punctuation() {
    let text = Locale::Fr.source().lines().filter(|line| !line.starts_with('#'));
    for line in text {
        for parted in [" ;", " :", " !", " ?", " »", "« "] {
            assert!(!line.contains(parted), "a plain blank in {parted:?}: {line}");
        }
    }
}

#[test]
fn what_is_missing_is_said_all_the_same() {
    let mut texts = Texts::load().unwrap();
    let unheard_of = "no-such-sentence";
    assert_eq!(texts.say(Locale::Ko, unheard_of, &[]), unheard_of);
    assert_eq!(
        texts.say(Locale::En, "redmine-unknown", &[]),
        "I do not know `{$command}`. Type `/redmine help` to see what I can do."
    );

    let only_korean = FluentResource::try_new("other = 다른\n".to_owned()).unwrap();
    texts.ko = FluentBundle::new_concurrent(vec![]);
    texts.ko.add_resource(only_korean).unwrap();
    assert_eq!(
        texts.say(Locale::Ko, "redmine-no-login", &[]),
        "Please sign in first: `/redmine login`"
    );
}

#[test]
fn all_languages_say_the_same_keys_with_the_same_variables() {
    let english = sentences(Locale::En);
    for locale in [Locale::Ko, Locale::Fr] {
        assert_eq!(sentences(locale), english, "locales/{}.ftl", locale.code());
    }
}

#[test]
fn no_sentence_is_empty() {
    let texts = Texts::load().unwrap();
    for locale in Locale::ALL {
        for (key, variables) in sentences(locale) {
            let args: Vec<_> =
                variables.iter().map(|name| (name.as_str(), FluentValue::from(2))).collect();
            let said = texts.find(locale, &key, &args).unwrap_or_default();
            assert!(!said.trim().is_empty(), "{key} in locales/{}.ftl", locale.code());
        }
    }
}

#[test]
fn every_sentence_that_the_code_says_exists_and_every_one_is_used() {
    let known: BTreeSet<String> = sentences(Locale::En).into_keys().collect();
    let mut said = BTreeSet::new();
    let mut unused = known.clone();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let code = without_comments(&std::fs::read_to_string(file).unwrap());
        said.extend(keys_said(&code));
        // A key may also be chosen first and said later.
        unused.retain(|key| !code.contains(&format!("\"{key}\"")));
    }
    let missing: Vec<_> = said.difference(&known).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}, unused: {unused:?}");
    assert!(!said.is_empty(), "the code says nothing: is `keys_said` right?");
}

#[test]
fn a_key_is_seen_as_the_second_argument_of_say() {
    for (code, keys) in [
        ("texts.say(locale, \"help-title\", &[])", vec!["help-title"]),
        ("say(\n    user.locale(&a, b),\n    \"help-title\",\n)", vec!["help-title"]),
        (
            "say(l, \"help-title\", &[(\"a\", b.say(l, \"user-unknown\", &[]))])",
            vec!["help-title", "user-unknown"],
        ),
        ("say(l, key, &[(\"name\", 1.into())])", vec![]),
        ("fn say(&self, locale: Locale, key: &str)", vec![]),
        ("say(\"one argument\")", vec![]),
        ("essay(l, \"other-word\")", vec![]),
    ] {
        assert_eq!(keys_said(code), keys, "{code}");
    }
}

fn without_comments(code: &str) -> String {
    code.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// The literal keys of all `say(…, "key", …)` in `code`.
fn keys_said(code: &str) -> Vec<String> {
    code.match_indices("say(")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .filter_map(|(at, call)| {
            let arguments = &code[at + call.len()..];
            let mut depth = 0_i32;
            let comma = arguments.find(|c| {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth -= 1,
                    _ => {}
                }
                depth < 0 || (depth == 0 && c == ',')
            })?;
            let (key, _) = arguments[comma..]
                .strip_prefix(',')?
                .trim_start()
                .strip_prefix('"')?
                .split_once('"')?;
            Some(key.to_owned())
        })
        .collect()
}

/// Every key of a language with its variables, as the file is written: a message begins at the
/// start of a line, and all that it says further is indented.
fn sentences(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut key = String::new();
    for line in locale.source().lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            key = line.split(['=', ' ']).next().unwrap().to_owned();
            found.insert(key.clone(), BTreeSet::new());
        } else if !line.starts_with(' ') {
            key.clear();
        }
        if let Some(variables) = found.get_mut(&key) {
            variables.extend(line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
            }));
        }
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
