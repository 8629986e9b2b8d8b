//! Damage: a store opens whole or says how to come back, and that way back holds.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use ticketd::store::{Keyring, Store, StoreError};

use crate::{OWN_ROWS, assert_filled, fails, filled, freed, login, open, user};

#[tokio::test]
async fn a_damaged_store_opens_or_says_how_to_come_back() {
    let seed: u64 = std::env::var("SEED").map_or(20, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 300).await;
    // Some churn, so that the log has several segments and dead space.
    let store = open(&path, &keys);
    for _ in 0..12 {
        (0..300).for_each(|n| store.logins().remember(&user(n), &login(n)).unwrap());
        store.barrier().await.unwrap();
    }
    store.close().await.unwrap();
    freed(&path);
    drop(open(&path, &keys));

    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut below = |limit: usize| usize::try_from(random.next_u64() >> 1).unwrap() % limit;
    let (mut opened, mut damaged) = (0, 0);
    for round in 0..100 {
        let broken = dir.path().join(format!("broken-{round}"));
        copy(&path, &broken);
        let victim = match round % 10 {
            0 => broken.join("conf"),
            1 => snapshots(&broken).pop().expect("a snapshot lies beside the log"),
            _ => broken.join("db"),
        };
        let mut file = fs::read(&victim).unwrap();
        let len = file.len();
        match round % 4 {
            0 => file.truncate(below(len)),
            1 => (0..8).for_each(|_| file[below(len)] ^= 1 << below(8)),
            2 => {
                let at = below(len) / 512 * 512;
                file[at..(at + 512).min(len)].fill(0);
            }
            _ => {
                let at = below(len);
                file[at..(at + 64).min(len)].fill(u8::try_from(below(256)).unwrap());
            }
        }
        fs::write(&victim, file).unwrap();
        if below(2) == 0 {
            remove_snapshots(&broken);
        }
        match Store::open(&broken, keys.clone()) {
            Ok(store) => {
                opened += 1;
                // It may open only if nothing that was acknowledged is missing.
                assert_filled(&store, 300);
            }
            Err(fault @ StoreError::Damaged { .. }) => {
                damaged += 1;
                let said = fault.to_string();
                let way =
                    format!("`ticketd store restore --replace {}/export.jsonl`", broken.display());
                assert!(said.ends_with(&way), "{said}");
                for inside in ["None", "backtrace", "unwrap", "PageId", "Corruption"] {
                    assert!(!said.contains(inside), "{said}");
                }
            }
            Err(fault) => panic!("round {round}: {fault}"),
        }
        if round % 10 == 5 {
            let back = dir.path().join(format!("back-{round}"));
            let export = broken.join("export.jsonl");
            let rows = Store::restore(&back, &export, keys.clone()).unwrap();
            assert_eq!(rows, 300 + OWN_ROWS);
            assert_filled(&open(&back, &keys), 300);
            freed(&broken);
            let (rows, aside) = Store::replace(&broken, &export, keys.clone()).unwrap();
            assert_eq!((rows, aside), (300 + OWN_ROWS, Some(broken.join("damaged-1"))));
            assert_filled(&open(&broken, &keys), 300);
        }
        fs::remove_dir_all(&broken).unwrap();
    }
    println!("{opened} opened whole, {damaged} said damaged");
    assert!(opened > 0 && damaged > 0, "the damage was all too big or too small to be a test");
}

#[tokio::test]
async fn a_store_without_its_log_does_not_pass_for_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 3).await;
    fs::write(path.join("db"), b"").unwrap();
    remove_snapshots(&path);
    let fault = fails(&path, &keys);
    assert!(matches!(fault, StoreError::Damaged { .. }), "{fault}");
}

#[tokio::test]
async fn a_store_is_replaced_in_its_place_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 3).await;
    // As systemd lays it out: the store's path is a link.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let export = link.join("export.jsonl");
    let store = open(&path, &keys);
    let fault = Store::replace(&link, &export, keys.clone()).unwrap_err();
    assert!(matches!(fault, StoreError::Locked { .. }), "{fault}");
    store.close().await.unwrap();
    freed(&path);
    let fault = Store::replace(&link, &export, Keyring::generate()).unwrap_err();
    assert!(matches!(fault, StoreError::WrongKey { .. }), "{fault}");
    assert!(!path.join("damaged-1").exists(), "refused, it must leave everything as it is");

    let before = fs::read(&export).unwrap();
    for round in ["damaged-1", "damaged-2"] {
        freed(&link);
        let (rows, aside) = Store::replace(&link, &export, keys.clone()).unwrap();
        assert_eq!((rows, aside), (3 + OWN_ROWS, Some(link.join(round))));
        assert_filled(&open(&link, &keys), 3);
    }
    assert_eq!(fs::read(path.join("damaged-1/export.jsonl")).unwrap(), before);
    assert!(path.join("damaged-1/db").exists() && path.join("damaged-2/db").exists());

    // Where nothing is, nothing is set aside.
    let new = dir.path().join("new");
    assert_eq!(Store::replace(&new, &export, keys.clone()).unwrap(), (3 + OWN_ROWS, None));
    assert_filled(&open(&new, &keys), 3);
}

#[tokio::test]
async fn a_damaged_store_without_its_export_names_none() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 3).await;
    fs::write(path.join("db"), b"").unwrap();
    fs::remove_file(path.join("export.jsonl")).unwrap();
    let said = fails(&path, &keys).to_string();
    assert!(said.ends_with("`ticketd store restore --replace FILE`"), "{said}");
}

fn snapshots(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("/snap.")).collect()
}

fn remove_snapshots(path: &Path) {
    for snapshot in snapshots(path) {
        fs::remove_file(snapshot).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
