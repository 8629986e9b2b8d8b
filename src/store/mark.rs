//! The high-water mark: how a log that lost its end is told from one that never had more.
//!
//! sled takes damage in the middle of its log for the end of it: everything after is dropped and
//! the store opens without a word. So each barrier round writes its number into the log, and once
//! that is on disk also into a small file beside it. A log whose number is behind the file's has
//! lost what was acknowledged. The file is never ahead of the disk, so it needs no sync: after a
//! power cut it may be old, which only hides damage and never claims any.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::error::StoreError;

/// The file's name, inside the store's directory.
pub(super) const FILE: &str = "mark";
const ROW: &str = "round";
/// Decimal digits of the longest number; the file never changes its length.
const DIGITS: usize = 20;

pub(super) struct Mark {
    log: sled::Tree,
    file: File,
    round: u64,
}

impl Mark {
    /// # Errors
    /// [`StoreError::Damaged`] if the log is behind the mark.
    pub(super) fn open(log: &sled::Tree, path: &Path) -> Result<Self, StoreError> {
        let name = path.join(FILE);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&name)
            .map_err(|fault| StoreError::file("open", &name, fault))?;
        let round = match log.get(ROW).map_err(StoreError::engine)? {
            Some(row) => {
                number(&row).ok_or_else(|| StoreError::damaged(path, "no round number"))?
            }
            None => 0,
        };
        let mut text = [0; DIGITS];
        // An empty or unreadable mark tells nothing.
        let marked = file.read_exact_at(&mut text, 0).ok().and_then(|()| number(&text));
        if marked.is_some_and(|marked| marked > round) {
            return Err(StoreError::damaged(path, "acknowledged writes are missing from its log"));
        }
        Ok(Self { log: log.clone(), file, round })
    }

    /// Begins a round: its number goes into the log in front of the sync.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        self.round += 1;
        let written = self.log.insert(ROW, self.text().as_bytes());
        written.map(drop).map_err(|fault| fault.to_string())
    }

    /// Ends a round that is on disk.
    pub(super) fn end(&self) -> Result<(), String> {
        self.file.write_all_at(self.text().as_bytes(), 0).map_err(|fault| fault.to_string())
    }

    fn text(&self) -> String {
        format!("{:0DIGITS$}", self.round)
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_behind_its_mark_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
        let mut mark = Mark::open(&db, dir.path()).unwrap();
        for _ in 0..12 {
            mark.begin().unwrap();
            mark.end().unwrap();
        }
        mark.begin().unwrap();
        for (text, damaged) in [
            ("00000000000000000013", false),
            ("00000000000000000012", false),
            ("00000000000000000014", true),
            ("18446744073709551615", true),
            ("99999999999999999999", false),
            ("", false),
        ] {
            std::fs::write(dir.path().join(FILE), text).unwrap();
            assert_eq!(Mark::open(&db, dir.path()).is_err(), damaged, "{text}");
        }
    }
}
