//! What can go wrong in the store, each with the way out.

use std::io;
use std::path::{Path, PathBuf};

use super::keyring::KeyId;
use super::seal::SealFault;

/// A fault of the store. No variant holds a secret or a part of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The files do not hold together.
    #[error(
        "the store in {} is damaged ({reason}); stop ticketd, move the directory away (mv {0} \
         {0}.damaged) and take up its last export: `ticketd store restore {0}.damaged/export.jsonl`",
        path.display()
    )]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// What was met.
        reason: String,
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
        "{} already holds a store; a restore never overwrites one: move it away first",
        path.display()
    )]
    NotEmpty {
        /// The store's directory.
        path: PathBuf,
    },
    /// A file that cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
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
    pub(super) fn file(verb: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied
            || source.kind() == io::ErrorKind::ReadOnlyFilesystem
        {
            Self::NotWritable { path: path.into() }
        } else {
            Self::File { verb, path: path.into(), source }
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), reason: reason.into() }
    }

    #[allow(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
    pub(super) fn engine(fault: sled::Error) -> Self {
        Self::Engine(fault.to_string())
    }
}
