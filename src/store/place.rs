//! The store's directory as the operator's commands meet it: whether a store is there, setting a
//! damaged one aside, and giving files made by root to the directory's owner.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::engine::{LOG, refuse_if_locked, sync};
use super::error::StoreError;
use super::{export, mark, uploads};

/// Whether `path` holds files of a store.
pub(super) fn holds_a_store(path: &Path) -> Result<bool, StoreError> {
    Ok(!files(path)?.is_empty())
}

/// The names of a store's files in `path`.
fn files(path: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |fault| StoreError::file("list", path, fault);
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            standing_room(path)?;
            return Ok(Vec::new());
        }
        Err(fault) => return Err(failed(fault)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let ours = [LOG, "conf", "blobs", mark::FILE, export::FILE, uploads::DIRECTORY]
            .contains(&name.as_str());
        if ours || name.starts_with("snap.") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether a directory can come to be at `path`: what is there of it leads through directories.
fn standing_room(path: &Path) -> Result<(), StoreError> {
    let there = path.ancestors().skip(1).find(|above| above.exists());
    match there {
        Some(above) if !above.is_dir() => {
            let fault = io::Error::from(io::ErrorKind::NotADirectory);
            Err(StoreError::file("use", path, fault))
        }
        _ => Ok(()),
    }
}

/// Moves the files of the store in `path` into a new directory `damaged-<n>` in it, which is
/// returned; none if there are no files. Its export stays too, under a second name, so that a
/// restore from it which is cut short can be repeated.
///
/// It stays within the directory, because under systemd that is a link into another one.
pub(super) fn set_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let names = files(path)?;
    if names.is_empty() {
        return Ok(None);
    }
    let log = path.join(LOG);
    // Held until all is moved: no daemon opens half a store.
    let _lock = log.exists().then(|| refuse_if_locked(path, &log)).transpose()?;
    let aside = new_directory(path)?;
    for name in names {
        let (from, to) = (path.join(&name), aside.join(&name));
        let moved = if name == export::FILE {
            // Not every file system has second names.
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))
        } else {
            fs::rename(&from, &to)
        };
        moved.map_err(|fault| StoreError::file("set aside", &from, fault))?;
    }
    sync(&aside)?;
    sync(path)?;
    Ok(Some(aside))
}

fn new_directory(path: &Path) -> Result<PathBuf, StoreError> {
    let mut number = 1_u32;
    loop {
        let aside = path.join(format!("damaged-{number}"));
        match DirBuilder::new().mode(0o700).create(&aside) {
            Ok(()) => return Ok(aside),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(fault) => return Err(StoreError::file("create", &aside, fault)),
        }
    }
}

/// Gives everything in `path` to the owner of `path`: what root has made there, the daemon must
/// be able to write. Nothing is done, and no right needed, where that is so already.
pub(super) fn give_to_owner(path: &Path) -> Result<(), StoreError> {
    let owner = match fs::metadata(path) {
        Ok(about) => (about.uid(), about.gid()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(StoreError::file("look at", path, fault)),
    };
    give(path, owner)
}

fn give(directory: &Path, owner: (u32, u32)) -> Result<(), StoreError> {
    let failed = |fault| StoreError::file("list", directory, fault);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let about = match entry.metadata() {
            Ok(about) => about,
            // A running daemon tidies up.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => continue,
            Err(fault) => return Err(failed(fault)),
        };
        // A link may lead to a file that is none of ours.
        if about.is_symlink() || (about.is_file() && about.nlink() > 1) {
            continue;
        }
        if about.uid() != owner.0 {
            std::os::unix::fs::lchown(&path, Some(owner.0), Some(owner.1))
                .map_err(|fault| StoreError::file("give to its owner", &path, fault))?;
        }
        if about.is_dir() {
            give(&path, owner)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_what_leads_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir_all(at("aside/damaged-1")).unwrap();
        fs::create_dir_all(at("store/blobs")).unwrap();
        for (name, found) in [
            ("empty", Some(false)),
            ("nowhere/at/all", Some(false)),
            ("aside", Some(false)),
            ("store", Some(true)),
            ("file", None),
            ("file/store", None),
            ("file/deep/store", None),
        ] {
            assert_eq!(holds_a_store(&at(name)).ok(), found, "{name}");
        }
    }

    #[test]
    fn what_root_makes_belongs_to_the_directorys_owner() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("store/damaged-1")).unwrap();
        for name in ["store/db", "store/damaged-1/db", "elsewhere"] {
            fs::write(at(name), "").unwrap();
        }
        fs::hard_link(at("elsewhere"), at("store/link")).unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at("store/symlink")).unwrap();
        let own = fs::metadata(at("elsewhere")).unwrap().uid();
        if std::os::unix::fs::chown(at("store"), Some(65_534), Some(65_534)).is_err() {
            // Not root: there is nothing to give away.
            return give_to_owner(&at("store")).unwrap();
        }
        give_to_owner(&at("store")).unwrap();
        for (name, owner) in [
            ("store/db", 65_534),
            ("store/damaged-1", 65_534),
            ("store/damaged-1/db", 65_534),
            ("elsewhere", own),
        ] {
            assert_eq!(fs::metadata(at(name)).unwrap().uid(), owner, "{name}");
        }
    }
}
