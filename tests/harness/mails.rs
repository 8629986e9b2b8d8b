//! Mails that others collected for the tests of their mail programs: Python's lie in
//! `tests/fixtures/mails`, those of the crate `mail-parser` in its source, where cargo has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A collected mail: where it is from, and its bytes.
pub(crate) type Collected = (String, Vec<u8>);

/// All collected mails, always in one order.
pub(crate) fn collected() -> Vec<Collected> {
    let mut files = Vec::new();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mails/python");
    find(&ours, "txt", &mut files);
    let published = source_of("mail-parser").join("resources/eml");
    find(&published, "eml", &mut files);
    assert!(files.len() > 150, "mails are missing: {}", files.len());
    let name = |file: &Path| {
        let from = file.parent().and_then(Path::file_name).unwrap_or_default();
        format!("{}/{}", from.display(), file.file_name().unwrap_or_default().display())
    };
    files.iter().map(|file| (name(file), fs::read(file).unwrap())).collect()
}

/// The mail addressed to us instead of to whom it says.
pub(crate) fn addressed(mail: &[u8], to: &str) -> Vec<u8> {
    let mut out = format!("To: {to}\r\n").into_bytes();
    let mut in_head = true;
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        in_head &= !line.trim_ascii().is_empty();
        if in_head && line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"to:")) {
            out.extend_from_slice(b"X-Was-");
        }
        out.extend_from_slice(line);
    }
    out
}

/// As a mail server hands a mail on: lines end in CRLF, and no line of a mbox file is before it.
pub(crate) fn as_delivered(mail: &[u8]) -> Vec<u8> {
    let mail = mail.trim_ascii_start();
    let mut out = Vec::with_capacity(mail.len());
    let lines = mail.split_inclusive(|byte| *byte == b'\n');
    for line in lines.skip(usize::from(mail.starts_with(b"From "))) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line: Vec<u8> = line.iter().map(|b| if *b == b'\r' { b' ' } else { *b }).collect();
        out.extend_from_slice(&line);
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn find(folder: &Path, kind: &str, files: &mut Vec<PathBuf>) {
    let mut inside: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    inside.sort();
    for path in inside {
        if path.is_dir() {
            find(&path, kind, files);
        } else if path.extension().is_some_and(|end| end == kind) {
            files.push(path);
        }
    }
}

fn source_of(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--offline", "--manifest-path"]);
    let told = cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).output().unwrap();
    let told: Value = serde_json::from_slice(&told.stdout).expect("cargo's metadata");
    let packages = told["packages"].as_array().unwrap();
    let package = packages.iter().find(|one| one["name"] == name).expect(name);
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
