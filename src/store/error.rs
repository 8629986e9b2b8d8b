//! What can go wrong in the store, each with the way out.

use std::io;
use std::path::{Path, PathBuf};

use super::export;
use super::keyring::KeyId;
use super::seal::SealFault;

/// A fault of the store. No variant holds a secret or a part of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The files do not hold together.
    #[error(
        "the store in {} is damaged ({reason}); stop ticketd, then {}",
        path.display(),
        way_back(export.as_deref())
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// What was met.
        reason: String,
        /// The store's own export, if it is there.
        export: Option<PathBuf>,
    },
    /// Another process holds the store.
    #[error("the store in {} is in use; is ticketd already running on it?", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// The operating system refuses access.
    #[error(
        "no permission to write to the store in {}; it must belong to the user that ticketd runs as",
        path.display()
    )]
    NotWritable {
        /// The store's directory.
        path: PathBuf,
    },
    /// A later version of ticketd wrote the store.
    #[error(
        "the store is of schema {found}, this ticketd knows up to {known}; run the newer ticketd, \
         or restore an export that the older one made"
    )]
    NewerSchema {
        /// The schema found.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// A key that rows are sealed with is not in the keyring.
    #[error(
        "the master key does not open this store: it was sealed with key {sealed_with}, the \
         current key is {current}; put key {sealed_with} into store.master_key (or its file), or \
         add it there as a further line"
    )]
    WrongKey {
        /// The key that is missing.
        sealed_with: KeyId,
        /// The current key of the keyring given.
        current: KeyId,
    },
    /// A row that does not open or decode.
    #[error("a row of {tree} cannot be read: {fault}")]
    Row {
        /// The table.
        tree: &'static str,
        /// Why.
        fault: RowFault,
    },
    /// A row over the limit of one.
    #[error("a row of {tree} is {len} bytes long, over the {max} that the store keeps")]
    RowTooLong {
        /// The table.
        tree: &'static str,
        /// Bytes wanted.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Writing to the disk failed once; what it holds is unknown from then on.
    #[error(
        "the disk refused to keep the store's writes ({reason}); nothing more is acknowledged \
         until ticketd is restarted: after a failed sync the system may have dropped the data, so \
         trying again would prove nothing"
    )]
    SyncFailed {
        /// The first failure.
        reason: String,
    },
    /// A barrier took too long.
    #[error("the disk did not confirm the store's writes within {0:?}")]
    SyncLate(std::time::Duration),
    /// An export that cannot be used.
    #[error("the export {} cannot be used: line {line}: {reason}", path.display())]
    Export {
        /// The export.
        path: PathBuf,
        /// The line's number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A restore into a store that is there already.
    #[error(
        "{} already holds a store; a restore never overwrites one; with --replace it sets that \
         one aside first",
        path.display()
    )]
    NotEmpty {
        /// The store's directory.
        path: PathBuf,
    },
    /// A command that needs a store, and there is none.
    #[error("there is no store in {}; is store.path right?", path.display())]
    NoStore {
        /// The store's directory.
        path: PathBuf,
    },
    /// A file that cannot be read or written.
    #[error("cannot {verb} {}: {fault}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        fault: io::Error,
    },
    /// The storage engine failed at run time.
    #[error("the storage engine failed: {0}")]
    Engine(String),
    /// The process is stopping.
    #[error("the store is closing")]
    Closing,
}

/// Why one row cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Its seal does not open.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// It was written by a later version of ticketd.
    #[error("it is of version {0}, which this ticketd does not know")]
    NewerVersion(u32),
    /// It opened, but holds something else than its table's values.
    #[error("it does not hold what its table keeps")]
    Undecodable,
    /// It must be there and is not.
    #[error("it is missing")]
    Missing,
}

impl StoreError {
    /// Files an error of the file system under what the reader can do about it.
    pub(super) fn file(verb: &'static str, path: &Path, fault: io::Error) -> Self {
        if fault.kind() == io::ErrorKind::PermissionDenied
            || fault.kind() == io::ErrorKind::ReadOnlyFilesystem
        {
            Self::NotWritable { path: path.into() }
        } else {
            Self::File { verb, path: path.into(), fault }
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        let export = Some(path.join(export::FILE)).filter(|file| file.exists());
        Self::Damaged { path: path.into(), reason: reason.into(), export }
    }

    #[allow(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
    pub(super) fn engine(fault: sled::Error) -> Self {
        Self::Engine(words(&fault))
    }
}

fn way_back(export: Option<&Path>) -> String {
    match export {
        Some(file) => format!(
            "set its files aside and take up its last export with `ticketd store restore \
             --replace {}`",
            file.display()
        ),
        None => "set its files aside and take up an export that you kept (there is none beside \
                 them) with `ticketd store restore --replace FILE`"
            .to_owned(),
    }
}

/// The engine's error without its insides.
pub(super) fn words(fault: &sled::Error) -> String {
    tracing::debug!(error = %fault, "the storage engine failed");
    match fault {
        sled::Error::Io(fault) => fault.to_string(),
        sled::Error::Corruption { .. } => "its files hold data that does not check out".to_owned(),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_) => {
            "the storage engine cannot make sense of its files".to_owned()
        }
    }
}
