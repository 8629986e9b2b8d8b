//! A disk after a power cut.
//!
//! Certain is only what a sync covers that began after the call had ended and that ended before
//! the cut. Of the writes after it, any may be there or not, or in parts: a sector of 512 bytes
//! is written whole or not at all. Names (create, rename, unlink) follow in order up to any point.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::Rng;

use super::trace::{Call, Inode, Timed, Trace};

const SECTOR: usize = 512;

/// Which syncs of the log count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    All,
    /// As if the barrier ended with the engine's flush.
    WithoutBarrier,
}

pub(crate) struct Disk<'a> {
    trace: &'a Trace,
    /// Start and end of each sync that counts, by file.
    syncs: HashMap<Inode, Vec<(usize, usize)>>,
    directory_syncs: Vec<(&'a Path, usize, usize)>,
}

impl<'a> Disk<'a> {
    pub(crate) fn new(trace: &'a Trace, which: Syncs) -> Self {
        let log = trace.inode("db");
        let mut disk = Self { trace, syncs: HashMap::new(), directory_syncs: Vec::new() };
        for call in &trace.calls {
            match &call.what {
                Call::Sync { inode, data: true }
                    if which == Syncs::WithoutBarrier && *inode == log => {}
                Call::Sync { inode, .. } => {
                    disk.syncs.entry(*inode).or_default().push((call.start, call.end));
                }
                Call::SyncDirectory { name } => {
                    disk.directory_syncs.push((name, call.start, call.end));
                }
                _ => {}
            }
        }
        disk
    }

    /// Builds in `image` what a cut at line `at` of the trace may have left.
    pub(crate) fn image(&self, at: usize, random: &mut impl Rng, image: &Path) {
        let names = self.names(at, random);
        let files = self.files(at, random);
        fs::create_dir_all(image).unwrap();
        for (name, inode) in names {
            let path = image.join(name);
            match inode {
                None => fs::create_dir_all(path).unwrap(),
                Some(inode) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, files.get(&inode).map_or(&[][..], Vec::as_slice)).unwrap();
                }
            }
        }
    }

    fn names(&self, at: usize, random: &mut impl Rng) -> HashMap<PathBuf, Option<Inode>> {
        let changes: Vec<&Timed> = self
            .trace
            .calls
            .iter()
            .filter(|call| call.start < at && name_of(&call.what).is_some())
            .collect();
        let certain = |call: &&&Timed| {
            let folder = name_of(&call.what).unwrap().parent().unwrap_or(Path::new(""));
            let covers = |sync: &&(&Path, usize, usize)| {
                sync.0 == folder && sync.1 > call.end && sync.2 <= at
            };
            self.directory_syncs.iter().any(|sync| covers(&sync))
        };
        // In order: whatever comes before a certain change is certain.
        let least = changes.iter().rposition(|call| certain(&call)).map_or(0, |last| last + 1);
        let most = least + below(random, changes.len() - least + 1);
        let mut names = HashMap::new();
        for call in &changes[..most] {
            match &call.what {
                Call::Create { name, inode } => drop(names.insert(name.clone(), Some(*inode))),
                Call::Directory { name } => drop(names.insert(name.clone(), None)),
                Call::Unlink { name } => drop(names.remove(name)),
                Call::Rename { from, to } => {
                    let moved = names.remove(from).expect("it was created");
                    names.insert(to.clone(), moved);
                }
                _ => {}
            }
        }
        names
    }

    fn files(&self, at: usize, random: &mut impl Rng) -> HashMap<Inode, Vec<u8>> {
        let mut files: HashMap<Inode, Vec<u8>> = HashMap::new();
        // One temper a cut: from a disk that kept everything to one that kept nothing.
        let kept = [0, 0, 1, 4, 8, 12, 15, 16][below(random, 8)];
        for call in self.trace.calls.iter().filter(|call| call.start < at) {
            match &call.what {
                Call::Write { inode, offset, data } => {
                    let file = files.entry(*inode).or_default();
                    if self.certain(*inode, call, at) {
                        put(file, *offset, data);
                    } else {
                        torn(file, *offset, data, kept, random);
                    }
                }
                Call::Truncate { inode, len }
                    if self.certain(*inode, call, at) || below(random, 16) < kept =>
                {
                    files.entry(*inode).or_default().resize(*len, 0);
                }
                _ => {}
            }
        }
        files
    }

    fn certain(&self, inode: Inode, call: &Timed, at: usize) -> bool {
        let covers = |&(start, end): &(usize, usize)| start > call.end && end <= at;
        self.syncs.get(&inode).is_some_and(|syncs| syncs.iter().any(covers))
    }
}

/// The name that a call changes.
fn name_of(call: &Call) -> Option<&Path> {
    match call {
        Call::Create { name, .. } | Call::Directory { name } | Call::Unlink { name } => Some(name),
        Call::Rename { to, .. } => Some(to),
        _ => None,
    }
}

fn put(file: &mut Vec<u8>, offset: usize, data: &[u8]) {
    if file.len() < offset + data.len() {
        file.resize(offset + data.len(), 0);
    }
    file[offset..offset + data.len()].copy_from_slice(data);
}

/// A write that no sync covers: whole, missing, or sector by sector, each with `kept` in 16.
fn torn(file: &mut Vec<u8>, offset: usize, data: &[u8], kept: usize, random: &mut impl Rng) {
    if below(random, 2) == 0 {
        if below(random, 16) < kept {
            put(file, offset, data);
        }
        return;
    }
    let mut done = 0;
    while done < data.len() {
        // To the end of the sector on disk, wherever the write began.
        let len = (SECTOR - (offset + done) % SECTOR).min(data.len() - done);
        if below(random, 16) < kept {
            put(file, offset + done, &data[done..done + len]);
        }
        done += len;
    }
}

fn below(random: &mut impl Rng, limit: usize) -> usize {
    usize::try_from(random.next_u64()).unwrap() % limit
}
