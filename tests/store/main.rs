//! The store as its users see it: keys, exports and rotation under load here, damage and the way
//! back in `damage`, the desk's transactions in `desk`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first fault and says what it measured"
)]

mod damage;
mod desk;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use ticketd::model::ids::UserId;
use ticketd::model::login::RedmineLogin;
use ticketd::store::{Keyring, Store, StoreError};

fn user(n: u64) -> UserId {
    // The varying digits first, as in real ids: neighbours share no long prefix.
    UserId::parse(&format!("{:0>8}qoutf8pg8mgx1q1ysq", n.wrapping_mul(7_919_391) % 100_000_000))
        .unwrap()
}

fn login(n: u64) -> RedmineLogin {
    RedmineLogin {
        redmine_id: n,
        login: format!("login-{n}"),
        api_key: format!("5ecre7{n:034x}").into(),
    }
}

/// Waits until nobody holds the store: of one that was closed in this very process, the engine's
/// own threads may for a moment.
fn freed(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let Ok(log) = fs::File::options().read(true).write(true).open(path.join("db")) else { return };
    while log.try_lock().is_err() {
        assert!(Instant::now() < deadline, "the store in {} stays in use", path.display());
        std::thread::yield_now();
    }
}

fn open(path: &Path, keys: &Keyring) -> Store {
    freed(path);
    Store::open(path, keys.clone()).unwrap()
}

fn fails(path: &Path, keys: &Keyring) -> StoreError {
    match Store::open(path, keys.clone()) {
        Ok(_) => panic!("the store in {} opened", path.display()),
        Err(fault) => fault,
    }
}

/// Rows that a new store has of its own: the desk's secret.
const OWN_ROWS: u64 = 1;

/// A closed store with `rows` logins in `dir/store`.
async fn filled(dir: &Path, keys: &Keyring, rows: u64) -> PathBuf {
    let path = dir.join("store");
    let store = open(&path, keys);
    for n in 0..rows {
        store.logins().remember(&user(n), &login(n)).unwrap();
    }
    store.close().await.unwrap();
    freed(&path);
    path
}

fn assert_filled(store: &Store, rows: u64) {
    for n in 0..rows {
        let found = store.logins().of(&user(n)).unwrap().expect("the row is there");
        assert_eq!(found.redmine_id, n);
        assert_eq!(found.login, login(n).login);
        assert_eq!(found.api_key.expose_secret(), login(n).api_key.expose_secret());
    }
    assert_eq!(store.logins().all().map(Result::unwrap).count() as u64, rows);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 200).await;
    let store = open(&path, &keys);
    assert_filled(&store, 200);
    assert!(store.logins().forget(&user(0)).unwrap());
    assert!(!store.logins().forget(&user(0)).unwrap());
    store.barrier().await.unwrap();
    assert!(store.stats().last.is_some());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_second_process_and_an_unwritable_place_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = dir.path().join("store");
    let store = open(&path, &keys);
    let fault = fails(&path, &keys);
    assert!(matches!(fault, StoreError::Locked { .. }), "{fault}");
    assert!(fault.to_string().ends_with("is in use; is ticketd already running on it?"));
    store.close().await.unwrap();
    freed(&path);
    drop(open(&path, &keys));

    let fault = fails(Path::new("/proc/ticketd"), &keys);
    assert!(matches!(fault, StoreError::File { .. } | StoreError::NotWritable { .. }), "{fault}");
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_a_sentence_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 3).await;
    let wrong = Keyring::generate();
    assert_eq!(
        fails(&path, &wrong).to_string(),
        format!(
            "the master key does not open this store: it was sealed with key {id}, the current \
             key is {wrong}; put key {id} into store.master_key (or its file), or add it there as \
             a further line",
            id = keys.current_id(),
            wrong = wrong.current_id(),
        )
    );
    assert_filled(&open(&path, &keys), 3);
}

#[tokio::test]
async fn after_a_rotation_only_the_new_key_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let old = Keyring::generate();
    let path = filled(dir.path(), &old, 50).await;
    let both = old.with_new_current();
    let new = Keyring::parse(&both.current_line()).unwrap();

    // Opened with both keys, the new one is in use at once: the old one alone no longer does.
    let store = open(&path, &both);
    store.logins().remember(&user(50), &login(50)).unwrap();
    store.close().await.unwrap();
    freed(&path);
    assert!(matches!(fails(&path, &old), StoreError::WrongKey { .. }));
    assert!(matches!(fails(&path, &new), StoreError::WrongKey { .. }));

    let store = open(&path, &both);
    let refused = store.reseal(Keyring::generate()).await.unwrap_err();
    assert!(matches!(refused, StoreError::WrongKey { .. }), "{refused}");
    let done = store.reseal(both.clone()).await.unwrap();
    assert_eq!((done.resealed, done.current, done.unreadable), (50 + OWN_ROWS, 1, 0));
    drop(store);
    assert_filled(&open(&path, &new), 51);
    // The store's own export has moved to the new key, too.
    let again = dir.path().join("again");
    assert_eq!(
        Store::restore(&again, &path.join("export.jsonl"), new.clone()).unwrap(),
        51 + OWN_ROWS
    );
    assert_filled(&open(&again, &new), 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_loses_nothing_while_four_threads_read_and_write() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 400).await;
    let store = open(&path, &keys);
    let stop = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (store, stop, reads) = (store.clone(), Arc::clone(&stop), Arc::clone(&reads));
            std::thread::spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    // Each worker writes its own hundred and reads everybody's.
                    for n in (worker * 100)..(worker * 100 + 100) {
                        let mut next = login(n);
                        next.login = format!("round {round}");
                        store.logins().remember(&user(n), &next).unwrap();
                        let seen = store.logins().of(&user(n)).unwrap().unwrap();
                        assert_eq!(seen.login, next.login);
                        let other = (n * 7 + round) % 400;
                        assert_eq!(
                            store.logins().of(&user(other)).unwrap().unwrap().redmine_id,
                            other
                        );
                        reads.fetch_add(2, Ordering::Relaxed);
                    }
                }
                round
            })
        })
        .collect();
    let mut ring = keys;
    for _ in 0..5 {
        ring = ring.with_new_current();
        let done = store.reseal(ring.clone()).await.unwrap();
        assert_eq!(done.unreadable, 0);
        assert_eq!(done.resealed + done.current, 400 + OWN_ROWS);
        // From here on the older keys may go.
        ring = Keyring::parse(&ring.current_line()).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let rounds: Vec<u64> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert!(reads.load(Ordering::Relaxed) > 800, "the workers did work");
    store.close().await.unwrap();
    freed(&path);

    let store = open(&path, &ring);
    for n in 0..400 {
        let found = store.logins().of(&user(n)).unwrap().unwrap();
        let last = rounds[usize::try_from(n).unwrap() / 100];
        assert_eq!(found.login, format!("round {last}"));
    }
}

#[tokio::test]
async fn no_secret_lies_in_clear_in_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 300).await;
    let store = open(&path, &keys);
    store.reseal(keys.with_new_current()).await.unwrap();
    store.export(&path.join("more.jsonl")).unwrap();
    let mut read = 0;
    let mut folders = vec![path];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            read += bytes.len();
            // In clear, and as the export writes bytes.
            for planted in ["5ecre7", "login-", "356563726537", "6c6f67696e2d"] {
                let found = bytes.windows(planted.len()).any(|part| part == planted.as_bytes());
                assert!(!found, "{planted} lies in {}", entry.path().display());
            }
        }
    }
    assert!(read > 100_000, "only {read} bytes looked at");
}

#[tokio::test]
async fn an_export_is_refused_unless_every_byte_holds() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 5).await;
    let text = fs::read_to_string(path.join("export.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len() as u64, 7 + OWN_ROWS);
    let swapped: Vec<String> = {
        // The first row under the second row's key: only the seal can tell.
        let mut swapped: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        let mut first: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
        let second: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
        first["value"] = second["value"].clone();
        swapped[1] = first.to_string();
        swapped
    };
    let changed = [
        (String::new(), "the file ends too early"),
        (lines[..7].join("\n"), "the file ends too early"),
        ([&lines[..2], &lines[3..]].concat().join("\n"), "its count or sum does not hold"),
        (text.replacen("\"made\":\"2", "\"made\":\"3", 1), "its count or sum does not hold"),
        (text.replacen("\"schema\":1", "\"schema\":2", 1), "a newer ticketd made it"),
        (text.replacen("\"tree\":\"logins\"", "\"tree\":\"rooms\"", 1), "a newer ticketd made it"),
        (swapped.join("\n"), "its seal is broken"),
        ("hello\n".to_owned(), "this is no export of ticketd"),
    ];
    let (from, to) = (dir.path().join("changed.jsonl"), dir.path().join("new"));
    for (text, reason) in changed {
        fs::write(&from, text).unwrap();
        let fault = Store::restore(&to, &from, keys.clone()).unwrap_err();
        assert!(matches!(fault, StoreError::Export { .. }), "{fault}");
        assert!(fault.to_string().contains(reason), "{fault}");
        assert!(!to.exists(), "a refused export leaves nothing behind");
    }
    let fault = Store::restore(&to, &path.join("export.jsonl"), Keyring::generate()).unwrap_err();
    assert!(matches!(fault, StoreError::WrongKey { .. }), "{fault}");
    let fault = Store::restore(&path, &path.join("export.jsonl"), keys.clone()).unwrap_err();
    assert!(matches!(fault, StoreError::NotEmpty { .. }), "{fault}");
    assert_eq!(
        Store::restore(&to, &path.join("export.jsonl"), keys.clone()).unwrap(),
        5 + OWN_ROWS
    );
    assert_filled(&open(&to, &keys), 5);
}

#[tokio::test]
async fn the_stores_own_export_follows_its_changes() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = dir.path().join("store");
    let store = open(&path, &keys);
    assert!(!store.export_if_changed().unwrap(), "a new store has just made one");
    store.logins().remember(&user(1), &login(1)).unwrap();
    assert!(store.export_if_changed().unwrap());
    assert!(!store.export_if_changed().unwrap());
    let text = fs::read_to_string(path.join("export.jsonl")).unwrap();
    assert!(text.lines().last().unwrap().starts_with("{\"rows\":2,"), "{text}");
    assert!(!path.join("export.jsonl.part").exists());
    let mode = fs::metadata(path.join("export.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_probe_says_what_an_opening_would_and_changes_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keyring::generate();
    let path = filled(dir.path(), &keys, 3).await;
    let probe = |keys: &Keyring| Store::probe(&path, keys.clone());
    probe(&keys).unwrap();
    freed(&path);
    probe(&keys.with_new_current()).unwrap();
    freed(&path);
    let fault = probe(&Keyring::generate()).unwrap_err();
    assert!(matches!(fault, StoreError::WrongKey { .. }), "{fault}");
    // The new key has not come into use.
    let store = open(&path, &keys);
    let fault = probe(&keys).unwrap_err();
    assert!(matches!(fault, StoreError::Locked { .. }), "{fault}");
    assert_filled(&store, 3);
}

#[test]
fn a_fault_of_a_file_is_told_once() {
    let fault = Store::restore(
        Path::new("/nowhere/store"),
        Path::new("/nowhere/export.jsonl"),
        Keyring::generate(),
    );
    let said = format!("{:#}", anyhow::Error::from(fault.unwrap_err()));
    assert_eq!(said, "cannot open /nowhere/export.jsonl: No such file or directory (os error 2)");
}
