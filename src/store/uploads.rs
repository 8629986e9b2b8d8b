//! Files that callers have sent, kept until the tracker has them: one sealed file each, in a directory
//! of the store's.
//!
//! A file has a key of its own, which stands sealed in the store's row of it, so that it moves with
//! the master key. It is written and read in pieces of 16 KiB, each sealed with its place: no piece
//! can be left out, moved or cut off unnoticed. A writer that is dropped before its end leaves
//! nothing; what a crash leaves is removed at the next start. An export of the store holds no files.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use futures_util::Stream;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::desk::{Desk, UploadRow};
use super::engine::sync;
use super::error::StoreError;
use crate::clock;
use crate::model::request::UploadId;

/// The directory inside the store's.
pub(super) const DIRECTORY: &str = "uploads";
/// Bytes of a piece before it is sealed.
const PIECE: usize = 16 * 1024;
/// Bytes that a seal adds to a piece.
const TAG: usize = 16;
/// Threads that seal, open, write and read at once: each has an arena of the allocator of its own.
const HANDS: usize = 2;

/// The kept files; cheap to clone.
#[derive(Clone)]
pub struct Uploads(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    desk: Desk,
    hands: Semaphore,
}

/// A file that is being written. Dropped before [`UploadWriter::finish`], it leaves nothing.
pub struct UploadWriter {
    uploads: Uploads,
    /// Away while a thread writes; for good once that has failed.
    sealer: Option<Box<Sealer>>,
}

struct Sealer {
    id: [u8; 16],
    key: Zeroizing<[u8; 32]>,
    cipher: XChaCha20Poly1305,
    file: File,
    path: PathBuf,
    index: u64,
    piece: Zeroizing<Vec<u8>>,
    size: u64,
    kept: bool,
}

impl Uploads {
    pub(super) fn new(store: &Path, desk: Desk) -> Self {
        let directory = store.join(DIRECTORY);
        Self(Arc::new(Inner { directory, desk, hands: Semaphore::new(HANDS) }))
    }

    /// Begins a file.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub async fn begin(&self) -> Result<UploadWriter, StoreError> {
        let directory = self.0.directory.clone();
        let sealer = self.blocking(move || Sealer::create(&directory)).await?;
        Ok(UploadWriter { uploads: self.clone(), sealer: Some(Box::new(sealer)) })
    }

    /// The bytes of a file, in their order, and how many there are; `None` if it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`]; [`StoreError::File`]. In the stream, an error of
    /// kind `InvalidData` for a file that was changed or cut.
    pub async fn open(
        &self,
        id: &UploadId,
    ) -> Result<
        Option<(impl Stream<Item = io::Result<Bytes>> + Send + 'static + use<>, u64)>,
        StoreError,
    > {
        let Some(id) = id.bytes() else { return Ok(None) };
        let uploads = self.clone();
        let opened = self.blocking(move || Opener::open(&uploads.0, id)).await?;
        Ok(opened.map(|opener| {
            let (size, uploads) = (opener.size, self.clone());
            let bytes = futures_util::stream::try_unfold(opener, move |mut opener| {
                let uploads = uploads.clone();
                async move {
                    if opener.index == opener.pieces {
                        return Ok(None);
                    }
                    let read = uploads.blocking(move || opener.next().map(|piece| (piece, opener)));
                    read.await.map(Some)
                }
            });
            (bytes, size)
        }))
    }

    /// Removes a file that nobody has asked anything to be done with.
    ///
    /// # Errors
    /// [`StoreError::Row`]; [`StoreError::Engine`]; [`StoreError::File`].
    pub async fn remove(&self, id: &UploadId) -> Result<(), StoreError> {
        let Some(id) = id.bytes() else { return Ok(()) };
        let uploads = self.clone();
        self.blocking(move || {
            let unclaimed = uploads.0.desk.upload(&id)?.is_some_and(|row| row.case.is_none());
            if unclaimed {
                uploads.0.desk.write(|tx| tx.forget_upload(&id))?;
                uploads.unlink(&id)?;
            }
            Ok(())
        })
        .await
    }

    /// Removes files whose rows are gone. What fails is left to the next start.
    pub(crate) async fn forgotten(&self, ids: Vec<UploadId>) {
        let uploads = self.clone();
        let unlinked: Result<(), StoreError> = self
            .blocking(move || {
                ids.iter().filter_map(UploadId::bytes).try_for_each(|id| uploads.unlink(&id))
            })
            .await;
        if let Err(error) = unlinked {
            tracing::warn!(%error, "a file that the tracker has is still here");
        }
    }

    /// Removes every file that no row names, and every row that no case took: all such at the start,
    /// the old ones later. Blocks.
    pub(crate) fn sweep(&self, at_start: bool) -> Result<(), StoreError> {
        let Inner { directory, desk, .. } = &*self.0;
        desk.forget_unclaimed(at_start)?;
        let failed = |fault| StoreError::file("list", directory, fault);
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(fault) => return Err(failed(fault)),
        };
        for entry in entries {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            let id = UploadId(name.into());
            let Some(bytes) = id.bytes() else {
                // Written to at this moment, but at the start nobody writes.
                if at_start {
                    remove(&directory.join(&*id.0))?;
                }
                continue;
            };
            if desk.upload(&bytes)?.is_none() {
                self.unlink(&bytes)?;
            }
        }
        Ok(())
    }

    fn unlink(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        remove(&self.0.directory.join(&*UploadId::of(*id).0))
    }

    async fn blocking<T: Send + 'static, E: From<Lost> + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let _hand = self.0.hands.acquire().await.map_err(|_| Lost)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Lost)?
    }
}

/// A thread did not come back.
struct Lost;

impl From<Lost> for StoreError {
    fn from(_: Lost) -> Self {
        Self::Closing
    }
}

impl From<Lost> for io::Error {
    fn from(_: Lost) -> Self {
        Self::other("the store closes")
    }
}

impl UploadWriter {
    /// Takes the next bytes; at most 16 KiB of them wait for the next ones.
    ///
    /// # Errors
    /// [`StoreError::File`]; then the file is gone.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let mut sealer = self.sealer.take().ok_or(StoreError::Closing)?;
        if sealer.take_in(&bytes) {
            self.sealer = Some(sealer);
            return Ok(());
        }
        let written = self.uploads.blocking(move || sealer.write(&bytes).map(|()| sealer)).await?;
        self.sealer = Some(written);
        Ok(())
    }

    /// Ends the file: it is on disk, its row is durable after the next barrier, and it waits for an
    /// hour for its request. Gives its id and how many bytes there are.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::Engine`]; then the file is gone.
    pub async fn finish(mut self) -> Result<(UploadId, u64), StoreError> {
        let sealer = self.sealer.take().ok_or(StoreError::Closing)?;
        let uploads = self.uploads.clone();
        self.uploads.blocking(move || sealer.finish(&uploads.0)).await
    }
}

impl Sealer {
    fn create(directory: &Path) -> Result<Self, StoreError> {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::file("create", directory, fault));
            }
            _ => {}
        }
        let (key, name) = (Key::generate(), Key::generate());
        let mut id = [0; 16];
        id.copy_from_slice(&name[..16]);
        let path = directory.join(&*UploadId::of(id).0).with_added_extension("part");
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|fault| StoreError::file("create", &path, fault))?;
        let cipher = XChaCha20Poly1305::new(&key);
        let piece = Zeroizing::new(Vec::with_capacity(PIECE));
        let key = Zeroizing::new(key.into());
        Ok(Self { id, key, cipher, file, path, index: 0, piece, size: 0, kept: false })
    }

    /// Whether the bytes fit into the piece that waits.
    fn take_in(&mut self, bytes: &[u8]) -> bool {
        let fits = self.piece.len() + bytes.len() <= PIECE;
        if fits {
            self.piece.extend_from_slice(bytes);
            self.size += bytes.len() as u64;
        }
        fits
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            if self.piece.len() == PIECE {
                self.put(false)?;
            }
            let (now, rest) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.take_in(now);
            bytes = rest;
        }
        Ok(())
    }

    fn put(&mut self, last: bool) -> Result<(), StoreError> {
        let failed = |fault| StoreError::file("write", &self.path, fault);
        let aad = place(&self.id, self.index, last);
        let payload = Payload { msg: &self.piece, aad: &aad };
        let sealed = self.cipher.encrypt(&nonce(self.index), payload);
        let sealed = sealed.map_err(|_| failed(io::Error::other("it cannot be sealed")))?;
        self.file.write_all(&sealed).map_err(failed)?;
        self.index += 1;
        self.piece.clear();
        Ok(())
    }

    fn finish(mut self, to: &Inner) -> Result<(UploadId, u64), StoreError> {
        self.put(true)?;
        self.file.sync_all().map_err(|fault| StoreError::file("write", &self.path, fault))?;
        let row = UploadRow {
            key: base16ct::lower::encode_string(&*self.key),
            size: self.size,
            case: None,
            at: clock::now(),
        };
        // The row first: a file without one is swept.
        to.desk.put_upload(&self.id, &row)?;
        let id = UploadId::of(self.id);
        let whole = to.directory.join(&*id.0);
        fs::rename(&self.path, &whole)
            .map_err(|fault| StoreError::file("replace", &whole, fault))?;
        self.kept = true;
        sync(&to.directory)?;
        Ok((id, self.size))
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        if !self.kept && fs::remove_file(&self.path).is_err() {
            tracing::warn!("a file that came only in part is still here");
        }
    }
}

struct Opener {
    id: [u8; 16],
    cipher: XChaCha20Poly1305,
    file: File,
    index: u64,
    pieces: u64,
    size: u64,
}

impl Opener {
    fn open(from: &Inner, id: [u8; 16]) -> Result<Option<Self>, StoreError> {
        let Some(row) = from.desk.upload(&id)? else { return Ok(None) };
        let path = from.directory.join(&*UploadId::of(id).0);
        let mut key = Zeroizing::new([0; 32]);
        if base16ct::lower::decode(&row.key, &mut *key).map(<[u8]>::len) != Ok(32) {
            return Err(StoreError::Engine("the key of a file is none".to_owned()));
        }
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(StoreError::file("open", &path, fault)),
        };
        let cipher = XChaCha20Poly1305::new(<&Key>::from(&*key));
        let pieces = row.size.div_ceil(PIECE as u64).max(1);
        Ok(Some(Self { id, cipher, file, index: 0, pieces, size: row.size }))
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let last = self.index + 1 == self.pieces;
        let before = self.index * PIECE as u64;
        let length = usize::try_from(self.size - before).unwrap_or(PIECE).min(PIECE);
        let mut sealed = vec![0; length + TAG];
        self.file.read_exact(&mut sealed)?;
        let aad = place(&self.id, self.index, last);
        let payload = Payload { msg: &sealed, aad: &aad };
        let broken = |_| io::Error::new(io::ErrorKind::InvalidData, "a kept file was changed");
        let piece = self.cipher.decrypt(&nonce(self.index), payload).map_err(broken)?;
        self.index += 1;
        Ok(piece.into())
    }
}

/// What a piece is bound to.
fn place(id: &[u8; 16], index: u64, last: bool) -> [u8; 25] {
    let mut place = [u8::from(last); 25];
    place[..16].copy_from_slice(id);
    place[16..24].copy_from_slice(&index.to_be_bytes());
    place
}

/// A key seals one file, once: the number of a piece never comes again.
fn nonce(index: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[16..].copy_from_slice(&index.to_be_bytes());
    XNonce::from(nonce)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::file("remove", path, fault))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
