//! Kept files: whole, sealed, and gone when nobody needs them.

use futures_util::TryStreamExt;
use proptest::prelude::*;

use super::*;
use crate::model::keys::CaseId;
use crate::store::{Keyring, Store};

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
    keys: Keyring,
}

impl Place {
    fn new() -> (Self, Store) {
        let dir = tempfile::tempdir().unwrap();
        let (path, keys) = (dir.path().join("store"), Keyring::generate());
        let store = Store::open(&path, keys.clone()).unwrap();
        (Self { _dir: dir, path, keys }, store)
    }

    /// The store once more, when the last one is out.
    async fn enter(&self, keys: Keyring) -> Store {
        loop {
            match Store::open(&self.path, keys.clone()) {
                Err(StoreError::Locked { .. }) => {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                opened => return opened.unwrap(),
            }
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.path.join(DIRECTORY)).into_iter().flatten();
        all.map(|entry| entry.unwrap().path()).collect()
    }
}

async fn put(store: &Store, bytes: &[u8], by: usize) -> UploadId {
    let mut writer = store.uploads().begin().await.unwrap();
    for part in bytes.chunks(by.max(1)) {
        writer.write(Bytes::copy_from_slice(part)).await.unwrap();
    }
    let (id, size) = writer.finish().await.unwrap();
    assert_eq!(size, bytes.len() as u64);
    id
}

async fn get(store: &Store, id: &UploadId) -> io::Result<Vec<u8>> {
    let (bytes, size) = store.uploads().open(id).await.unwrap().unwrap();
    let pieces: Vec<Bytes> = bytes.try_collect().await?;
    assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
    let all = pieces.concat();
    assert_eq!(size, all.len() as u64);
    Ok(all)
}

/// As a request would.
fn claim(store: &Store, id: &UploadId) {
    let claimed =
        |tx: &mut crate::store::DeskTx<'_>| tx.claim_upload(&id.bytes().unwrap(), CaseId::first());
    store.desk().write(claimed).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_file_comes_back_as_it_was_sent(
        near in prop::sample::select(vec![0, 1, PIECE, 2 * PIECE, 5 * PIECE]),
        off in -2_isize..3,
        by in 1..3 * PIECE,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let bytes: Vec<u8> =
            (0..near.saturating_add_signed(off)).map(|n| u8::try_from(n % 253).unwrap()).collect();
        let (place, store) = Place::new();
        runtime.block_on(async {
            let id = put(&store, &bytes, by).await;
            assert_eq!(get(&store, &id).await.unwrap(), bytes);
            let pieces = bytes.len().div_ceil(PIECE).max(1);
            let len = fs::metadata(&place.files()[0]).unwrap().len();
            assert_eq!(len, (bytes.len() + pieces * TAG) as u64);
        });
    }
}

#[tokio::test]
async fn a_file_on_disk_shows_nothing_and_any_change_is_noticed() {
    let (place, store) = Place::new();
    let bytes = b"planted ".repeat(5_000);
    let id = put(&store, &bytes, 1_000).await;
    let path = place.files().remove(0);
    let sealed = fs::read(&path).unwrap();
    assert!(!sealed.windows(7).any(|part| part == b"planted"));
    let piece = PIECE + TAG;
    let swapped = [&sealed[piece..2 * piece], &sealed[..piece], &sealed[2 * piece..]].concat();
    let mut flipped = sealed.clone();
    flipped[20_000] ^= 1;
    for changed in [swapped, flipped, sealed[..sealed.len() - 1].to_vec(), sealed[piece..].to_vec()]
    {
        fs::write(&path, changed).unwrap();
        assert!(get(&store, &id).await.is_err());
    }
    // Another file's bytes under this name.
    put(&store, &bytes, 1_000).await;
    let other = place.files().into_iter().find(|other| *other != path).unwrap();
    fs::copy(other, &path).unwrap();
    assert_eq!(get(&store, &id).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn what_nobody_needs_is_removed_and_what_a_case_has_stays() {
    let (place, store) = Place::new();
    let mut unfinished = store.uploads().begin().await.unwrap();
    unfinished.write(Bytes::from(vec![1; 40_000])).await.unwrap();
    assert_eq!(place.files().len(), 1);
    // While it is written to, nobody takes it away.
    store.uploads().sweep(false).unwrap();
    assert_eq!(place.files().len(), 1);
    drop(unfinished);
    assert_eq!(place.files().len(), 0);

    let (left, taken) = (put(&store, b"left", 10).await, put(&store, b"taken", 10).await);
    claim(&store, &taken);
    store.uploads().remove(&taken).await.unwrap();
    assert_eq!(get(&store, &taken).await.unwrap(), b"taken");
    let removed = put(&store, b"removed", 10).await;
    store.uploads().remove(&removed).await.unwrap();
    assert!(store.uploads().open(&removed).await.unwrap().is_none());
    // Half an hour is not long.
    store.uploads().sweep(false).unwrap();
    assert_eq!(place.files().len(), 2);
    fs::write(place.path.join(DIRECTORY).join("0.part"), b"cut short").unwrap();
    fs::write(place.path.join(DIRECTORY).join("0".repeat(32)), b"without a row").unwrap();
    store.clone().close().await.unwrap();
    drop(store);
    let store = place.enter(place.keys.clone()).await;
    assert_eq!(place.files().len(), 1);
    assert!(store.uploads().open(&left).await.unwrap().is_none());
    assert_eq!(get(&store, &taken).await.unwrap(), b"taken");
    store.desk().write(|tx| tx.forget_upload(&taken.bytes().unwrap())).unwrap();
    store.uploads().forgotten(vec![taken]).await;
    assert_eq!(place.files().len(), 0);
}

#[tokio::test]
async fn a_rotation_of_the_master_key_reaches_them() {
    let (place, store) = Place::new();
    let id = put(&store, b"kept", 10).await;
    claim(&store, &id);
    let both = place.keys.with_new_current();
    store.reseal(both.clone()).await.unwrap();
    store.clone().close().await.unwrap();
    drop(store);
    let new = Keyring::parse(&both.current_line()).unwrap();
    let store = place.enter(new).await;
    assert_eq!(get(&store, &id).await.unwrap(), b"kept");
}
