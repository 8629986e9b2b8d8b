//! The logical export: every row as it lies in the store, sealed, in a file of JSON lines that
//! needs no storage engine to be read. It is the way back from a damaged store.
//!
//! A header (schema, key ids, time), one line a row, and a last line with the count of rows and
//! the SHA-256 of all bytes before it. A restore reads the whole file before it writes a row.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::{Engine, sync};
use super::error::StoreError;
use super::keyring::{KeyId, Keyring};
use super::meta::SCHEMA;
use super::{seal, sealed_trees};
use crate::clock;

/// The name of the store's own export, inside its directory.
pub(super) const FILE: &str = "export.jsonl";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The version of the file's own form.
    ticketd_export: u32,
    schema: u32,
    keys: Vec<String>,
    made: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    tree: String,
    key: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    rows: u64,
    sha256: String,
}

/// Writes an export in place of `to`; `keys` are the ids of the keys in use, and what `hold`
/// returns is kept while rows are read.
pub(super) fn write<T>(
    engine: &Engine,
    keys: &[KeyId],
    to: &Path,
    hold: impl FnOnce() -> T,
) -> Result<u64, StoreError> {
    // Beside the target, under one fixed name: a crash leaves one file, which the next run removes.
    let part = to.with_added_extension("part");
    let failed = |fault| StoreError::file("write", &part, fault);
    match fs::remove_file(&part) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(failed(fault)),
        _ => {}
    }
    // New, so that it is ours alone and no link to elsewhere.
    let file =
        File::options().write(true).create_new(true).mode(0o600).open(&part).map_err(failed)?;
    let mut lines = Lines { out: BufWriter::new(file), hash: Sha256::new() };
    let header = Header {
        ticketd_export: 1,
        schema: SCHEMA,
        keys: keys.iter().map(KeyId::to_string).collect(),
        made: clock::now().to_string(),
    };
    lines.push(&header).map_err(failed)?;
    let mut rows = 0;
    let moment = hold();
    for tree in sealed_trees() {
        for entry in &engine.db.open_tree(tree).map_err(StoreError::engine)? {
            let (key, value) = entry.map_err(StoreError::engine)?;
            let row = Row {
                tree: tree.to_owned(),
                key: base16ct::lower::encode_string(&key),
                value: base16ct::lower::encode_string(&value),
            };
            lines.push(&row).map_err(failed)?;
            rows += 1;
        }
    }
    drop(moment);
    let sha256 = base16ct::lower::encode_string(&lines.hash.clone().finalize());
    lines.push(&End { rows, sha256 }).map_err(failed)?;
    let file = lines.out.into_inner().map_err(|fault| failed(fault.into_error()))?;
    file.sync_all().map_err(failed)?;
    fs::rename(&part, to).map_err(|fault| StoreError::file("replace", to, fault))?;
    sync(to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    Ok(rows)
}

struct Lines {
    out: BufWriter<File>,
    hash: Sha256,
}

impl Lines {
    fn push(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        self.out.write_all(&bytes)
    }
}

/// An export that was read to its end and found whole.
pub(super) struct Checked {
    file: File,
    rows: u64,
    /// The keys that its rows are sealed with.
    pub(super) keys: BTreeSet<KeyId>,
}

/// Reads `from` to its end: form, count, sum, and that every row opens under `keys`.
pub(super) fn check(from: &Path, keys: &Keyring) -> Result<Checked, StoreError> {
    let file = File::open(from).map_err(|fault| StoreError::file("open", from, fault))?;
    let mut used = BTreeSet::new();
    let rows = read(from, &file, |line, tree, key, value| {
        let fault = |reason: String| StoreError::Export { path: from.into(), line, reason };
        let Some(id) = seal::key_id(value) else { return Err(fault("no sealed row".into())) };
        if !keys.holds(id) {
            return Err(StoreError::WrongKey { sealed_with: id, current: keys.current_id() });
        }
        used.insert(id);
        seal::open(keys, tree, key, value).map(drop).map_err(|found| fault(found.to_string()))
    })?;
    Ok(Checked { file, rows, keys: used })
}

/// Puts the rows of a checked export into an empty engine.
pub(super) fn take_up(engine: &Engine, from: &Path, export: &Checked) -> Result<u64, StoreError> {
    let mut file = &export.file;
    file.rewind().map_err(|fault| StoreError::file("read", from, fault))?;
    let rows = read(from, file, |_, tree, key, value| {
        let tree = engine.db.open_tree(tree).map_err(StoreError::engine)?;
        tree.insert(key, value).map(drop).map_err(StoreError::engine)
    })?;
    if rows == export.rows {
        return Ok(rows);
    }
    let reason = "the file changed while it was read".to_owned();
    Err(StoreError::Export { path: from.into(), line: rows, reason })
}

/// Reads an export line by line, gives each row to `row` and returns their count.
fn read(
    from: &Path,
    file: &File,
    mut row: impl FnMut(u64, &str, &[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut hash = Sha256::new();
    let mut input = BufReader::new(file);
    let mut text = String::new();
    let mut rows = 0;
    for line in 1.. {
        let fault =
            |reason: &str| StoreError::Export { path: from.into(), line, reason: reason.into() };
        text.clear();
        let read = input.read_line(&mut text);
        if read.map_err(|found| fault(&found.to_string()))? == 0 {
            return Err(fault("the file ends too early"));
        }
        if line == 1 {
            header(&text).map_err(|reason| fault(&reason))?;
        } else if let Ok(end) = serde_json::from_str::<End>(&text) {
            let whole =
                end.rows == rows && end.sha256 == base16ct::lower::encode_string(&hash.finalize());
            return if whole { Ok(rows) } else { Err(fault("its count or sum does not hold")) };
        } else {
            let parsed: Row = serde_json::from_str(&text).map_err(|_| fault("this is no row"))?;
            let tree = sealed_trees().find(|tree| *tree == parsed.tree);
            let tree = tree.ok_or_else(|| fault("a newer ticketd made it: unknown table"))?;
            let bytes =
                |hex: &str| base16ct::lower::decode_vec(hex).map_err(|_| fault("this is no row"));
            row(line, tree, &bytes(&parsed.key)?, &bytes(&parsed.value)?)?;
            rows += 1;
        }
        hash.update(&text);
    }
    Ok(rows)
}

fn header(text: &str) -> Result<(), String> {
    let header: Header =
        serde_json::from_str(text).map_err(|_| "this is no export of ticketd".to_owned())?;
    if header.ticketd_export == 1 && header.schema == SCHEMA {
        Ok(())
    } else {
        Err("a newer ticketd made it; restore it with that one".into())
    }
}
