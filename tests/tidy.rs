//! The rules of the house, kept by reading `src/`: the arrows between the rooms, what a room keeps
//! to itself, the length of files, the style of log lines.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot read src fails")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Rooms from left to right; one may use those further right. Rooms of one row leave each other
/// alone.
const ROWS: &[&[&str]] =
    &[&["cli"], &["app"], &["lifecycle", "http"], &["actors"], &["clients", "store"], &["model"]];

/// Any room may use these but `model`, and they use only each other.
const LEAVES: &[&str] =
    &["config", "secret", "clock", "telemetry", "locale", "health", "failpoint"];

/// A crate that shows itself in one room only.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("sled::", &["store"]),
    ("ractor::", &["actors"]),
    ("reqwest::", &["clients"]),
    ("chacha20poly1305::", &["store"]),
    ("sd_notify::", &["lifecycle"]),
];

/// What `model`, which is pure, does without.
const IMPURE: &[&str] = &["tokio", "std::fs", "std::net", "std::env", "Instant", "tracing"];

const LINES_MAX: usize = 400;

#[test]
fn every_arrow_points_to_the_right() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        for used in rooms_used(&code(&text)) {
            if !may_use(&room, &used) {
                wrong.push(format!("{}: {room} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_in_the_plan() {
    for (path, _) in sources() {
        let room = room_of(&path);
        let known = row(&room).is_some()
            || LEAVES.contains(&room.as_str())
            || ["lib", "main", "sandbox"].contains(&room.as_str());
        assert!(known, "{}: {room} is no room of the house", path.display());
        for name in ["utils", "helpers", "common", "misc"] {
            let says =
                |part: &std::ffi::OsStr| part.to_string_lossy().split('.').next() == Some(name);
            assert!(!path.iter().any(says), "{}: says nothing", path.display());
        }
    }
}

#[test]
fn a_room_keeps_its_crates_to_itself() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let (room, code) = (room_of(&path), code(&text));
        for (name, rooms) in KEPT_IN {
            if code.contains(name) && !rooms.contains(&room.as_str()) {
                wrong.push(format!("{}: {name} belongs to {rooms:?}", path.display()));
            }
        }
        for name in IMPURE.iter().filter(|name| room == "model" && code.contains(**name)) {
            wrong.push(format!("{}: model is pure, and this is {name}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short_and_say_what_they_own() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{}: {lines} lines; a room is missing", path.display());
        assert!(text.starts_with("//!"), "{}: say at the top what it owns", path.display());
    }
}

#[test]
fn log_lines_are_lower_case_and_hold_their_values_in_fields() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let text = code(&text);
        for level in ["error!(", "warn!(", "info!(", "debug!(", "trace!("] {
            for (at, _) in text.match_indices(&format!("tracing::{level}")) {
                let call = statement(&text[at..]);
                let message = call.rsplit('"').nth(1).unwrap_or_default();
                let first = message.chars().next().unwrap_or('x');
                if message.contains('{') || message.ends_with('.') || first.is_uppercase() {
                    wrong.push(format!("{}: {message:?}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rules_can_be_broken() {
    assert!(!may_use("model", "clock"));
    assert!(!may_use("clients", "actors"));
    assert!(!may_use("clients", "store"));
    assert!(!may_use("clock", "model"));
    assert!(!may_use("sandbox", "clients"));
    assert!(may_use("http", "store"));
    assert!(may_use("actors", "locale"));
    assert_eq!(
        rooms_used("use crate::{\n    clock,\n    model::{ids::A, login::B},\n};"),
        ["clock", "model"]
    );
    assert_eq!(rooms_used("let x = crate::http::bind();"), ["http"]);
}

fn may_use(room: &str, used: &str) -> bool {
    if room == used || ["lib", "main"].contains(&room) {
        return true;
    }
    if LEAVES.contains(&used) {
        return room != "model";
    }
    match (row(room), row(used)) {
        (Some(from), Some(to)) => from < to,
        // The demo shows the sandbox; nobody else knows it, and it knows nobody.
        _ => room == "cli" && used == "sandbox",
    }
}

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&room))
}

/// The rooms in `use crate::a::…`, `use crate::{a, b::…}` and `crate::a::…`.
fn rooms_used(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, marker) in code.match_indices("crate::") {
        let rest = &code[at + marker.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                    _ if depth == 0 => word.push(letter),
                    _ => {}
                }
            }
            found.push(word);
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let first = |word: String| word.split("::").next().unwrap_or_default().trim().to_owned();
    let words = found.into_iter().map(first);
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).collect()
}

/// From a macro's name to its closing parenthesis.
fn statement(text: &str) -> &str {
    let end = text.find(");").map_or(text.len(), |end| end + 1);
    &text[..end]
}

/// `src/http/body.rs` stands in `http`, `src/clock.rs` in `clock`.
fn room_of(path: &Path) -> String {
    let below = path.strip_prefix(root()).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Without comments, and without the tests at a file's foot, which may use anything.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> BTreeMap<PathBuf, String> {
    fn gather(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(&root(), &mut found);
    assert!(found.len() > 30, "where is src?");
    // Files of tests beside what they test.
    found.retain(|path, _| !path.ends_with("tests.rs"));
    found
}
