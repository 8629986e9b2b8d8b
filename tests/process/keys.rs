//! The master key and the store's way back, as the operator handles them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::process::Signal;
use ticketd::sandbox::Redmine;

use crate::daemon::Daemon;
use crate::site::{Ended, Site};

const USERS: [&str; 2] = ["alice", "bob"];

async fn log_in(daemon: &Daemon, site: &Site) {
    for user in USERS {
        let login = format!("login {user} {}", Redmine::user_key(user));
        let said = daemon.say(site, user, &login).await;
        assert!(said.text.contains("You are signed in"), "{said:?}");
    }
}

async fn all_logged_in(daemon: &Daemon, site: &Site) {
    for user in USERS {
        let said = daemon.say(site, user, "me").await;
        assert!(said.text.contains(&format!("(`{user}`")), "{said:?}");
    }
}

/// A site whose users have logged in; the daemon is stopped.
async fn used() -> Site {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    log_in(&daemon, &site).await;
    daemon.stop().await;
    site
}

/// The lines of the key file that hold keys.
fn key_lines(site: &Site) -> Vec<String> {
    let keys = site.keys();
    keys.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn went_well(ended: &Ended) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
}

#[tokio::test]
async fn a_generated_key_is_64_hex_digits_and_a_new_one_each_time() {
    let site = Site::new().await;
    // Before there is a configuration.
    fs::remove_file(site.config_file()).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let ended = site.ticketd(&["keys", "generate"]).output().await;
        went_well(&ended);
        let key = ended.stdout.strip_suffix('\n').unwrap().to_owned();
        assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        assert!(!seen.contains(&key));
        seen.push(key);
    }
}

#[tokio::test]
async fn a_key_is_made_in_a_file_of_its_own_and_none_is_overwritten() {
    let site = Site::new().await;
    let file = site.path("new_key");
    let name = file.to_str().unwrap();
    let ended = site.ticketd(&["keys", "generate", "--file", name]).output().await;
    went_well(&ended);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&file).unwrap();
    assert_eq!(key.trim_end().len(), 64);
    assert!(!ended.stdout.contains(key.trim_end()), "{ended:?}");

    let ended = site.ticketd(&["keys", "generate", "--file", name]).output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = format!("ticketd: {name} exists, and a key is never overwritten");
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), key);

    let ended = site.ticketd(&["keys", "generate", "--file", "/nowhere/key"]).output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stderr.matches("No such file").count(), 1, "{ended:?}");
}

#[tokio::test]
async fn a_rotated_file_keeps_its_mode_its_owner_and_its_neighbours() {
    let site = Site::new().await;
    let neighbour = site.path("master.new");
    fs::write(&neighbour, "mine").unwrap();
    fs::set_permissions(site.key_file(), fs::Permissions::from_mode(0o640)).unwrap();
    // Only root can give it away; for anybody else the owner stays as it is anyway.
    let _ = std::os::unix::fs::chown(site.key_file(), Some(65_534), Some(65_534));
    let before = fs::metadata(site.key_file()).unwrap();
    for keys in 2..5 {
        let ended = site.ticketd(&["keys", "rotate"]).output().await;
        went_well(&ended);
        assert!(ended.stdout.contains("there is no store yet"), "{ended:?}");
        assert_eq!(key_lines(&site).len(), keys);
    }
    let after = fs::metadata(site.key_file()).unwrap();
    assert_eq!(
        (after.mode(), after.uid(), after.gid()),
        (before.mode(), before.uid(), before.gid())
    );
    assert_eq!(site.keys().lines().filter(|line| line.starts_with('#')).count(), 1);
    assert_eq!(fs::read_to_string(neighbour).unwrap(), "mine");
    assert!(!site.store().exists(), "a rotation makes no store");
}

#[tokio::test]
async fn a_rotation_with_a_wrong_key_changes_nothing() {
    let site = used().await;
    let wrong = site.ticketd(&["keys", "generate"]).output().await.stdout;
    fs::write(site.key_file(), &wrong).unwrap();
    let ended = site.ticketd(&["keys", "rotate"]).output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the master key does not open this store"), "{ended:?}");
    assert_eq!(site.keys(), wrong);
}

#[tokio::test]
async fn what_root_does_to_a_store_its_owner_can_go_on_with() {
    let site = used().await;
    if std::os::unix::fs::chown(site.store(), Some(65_534), Some(65_534)).is_err() {
        println!("not run: only root can give a store away");
        return;
    }
    let export = site.store().join("export.jsonl");
    let export = export.to_str().unwrap();
    for arguments in [
        &["check"][..],
        &["keys", "rotate"],
        &["store", "export", export],
        &["store", "restore", "--replace", export],
    ] {
        // What the daemon's user would have left.
        for entry in fs::read_dir(site.store()).unwrap() {
            let path = entry.unwrap().path();
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        }
        went_well(&site.ticketd(arguments).output().await);
        for entry in fs::read_dir(site.store()).unwrap().map(Result::unwrap) {
            let owner = entry.metadata().unwrap().uid();
            assert_eq!(owner, 65_534, "{arguments:?} left {}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn an_export_of_no_store_makes_none() {
    let site = Site::new().await;
    let file = site.path("rows.jsonl");
    let ended = site.ticketd(&["store", "export", file.to_str().unwrap()]).output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = format!("ticketd: there is no store in {}; is", site.store().display());
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert!(!site.store().exists() && !file.exists());
}

#[tokio::test]
async fn a_rotation_of_a_stopped_ticketd() {
    let site = used().await;
    let old = site.keys();
    let ended = site.ticketd(&["keys", "rotate"]).output().await;
    went_well(&ended);
    assert!(ended.stdout.contains("3 rows are sealed with it"), "{ended:?}");
    let lines = key_lines(&site);
    assert_eq!((lines.len(), lines[1].as_str()), (2, old.trim()));
    fs::write(site.key_file(), &lines[0]).unwrap();
    let daemon = site.daemon().start().await;
    all_logged_in(&daemon, &site).await;
    daemon.stop().await;

    fs::write(site.key_file(), &old).unwrap();
    let ended = site.daemon().output().await;
    assert_eq!(ended.code, Some(1), "the old key opens nothing any more: {ended:?}");
}

#[tokio::test]
async fn a_rotation_of_a_running_ticketd() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    log_in(&daemon, &site).await;
    let ended = site.ticketd(&["keys", "rotate"]).output().await;
    went_well(&ended);
    assert!(ended.stdout.contains("SIGHUP"), "{ended:?}");
    daemon.signal(Signal::HUP);
    let line = daemon.logged("every row is sealed with the current key").await;
    assert!(line.contains("rows.resealed=3"), "{line}");
    all_logged_in(&daemon, &site).await;

    let lines = key_lines(&site);
    assert_eq!(lines.len(), 2);
    fs::write(site.key_file(), &lines[0]).unwrap();
    // The running one does not miss the older key, and neither does the next.
    daemon.signal(Signal::HUP);
    daemon.logged("rows.resealed=0").await;
    all_logged_in(&daemon, &site).await;
    daemon.kill().await;
    let daemon = site.daemon().start().await;
    all_logged_in(&daemon, &site).await;

    // A key file that became nonsense is told, and changes nothing.
    fs::write(site.key_file(), "nonsense").unwrap();
    daemon.signal(Signal::HUP);
    let line = daemon.logged("the master key file cannot be used").await;
    assert!(line.contains("64 hex digits") && !line.contains("nonsense"), "{line}");
    all_logged_in(&daemon, &site).await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_key_in_the_configuration_itself_is_not_rotated() {
    let site = Site::new().await;
    let ended = site
        .ticketd(&["keys", "rotate"])
        .with("TICKETD_STORE__MASTER_KEY", site.keys())
        .output()
        .await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("store.master_key_file"), "{ended:?}");
}

#[tokio::test]
async fn a_wrong_key_is_told_with_the_name_of_the_right_one() {
    let site = used().await;
    let right = site.keys();
    let wrong = site.ticketd(&["keys", "generate"]).output().await.stdout;
    fs::write(site.key_file(), &wrong).unwrap();
    let ended = site.daemon().output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = "ticketd: the master key does not open this store: it was sealed with key ";
    let (_, rest) = ended.stderr.split_once(told).unwrap_or_else(|| panic!("{ended:?}"));
    let id = rest.split_once(',').unwrap().0.to_owned();
    assert!(rest.contains("add it there as a further line"), "{ended:?}");

    // As the sentence says: a further line, named by the id that `check` shows of it.
    fs::write(site.key_file(), format!("{wrong}{right}")).unwrap();
    let daemon = site.daemon().start().await;
    all_logged_in(&daemon, &site).await;
    daemon.stop().await;
    fs::write(site.key_file(), right).unwrap();
    let check = site.ticketd(&["check"]).output().await;
    assert!(check.stdout.contains(&format!("master key: key {id} seals")), "{check:?}");
}

#[tokio::test]
async fn an_export_moves_a_store_to_another_place() {
    let site = used().await;
    let file = site.path("rows.jsonl");
    let file = file.to_str().unwrap();
    let ended = site.ticketd(&["store", "export", file]).output().await;
    went_well(&ended);
    assert!(ended.stdout.starts_with("3 rows are in "), "{ended:?}");
    for user in USERS {
        assert!(!fs::read_to_string(file).unwrap().contains(Redmine::user_key(user)));
    }
    let other = site.path("other");
    let restore = || site.ticketd(&["store", "restore", file]).with("TICKETD_STORE__PATH", &other);
    went_well(&restore().output().await);
    let daemon = site.daemon().with("TICKETD_STORE__PATH", &other).start().await;
    all_logged_in(&daemon, &site).await;

    // While it runs, and where a store is, nothing is overwritten or read half.
    let export = site.ticketd(&["store", "export", file]);
    let ended = export.with("TICKETD_STORE__PATH", &other).output().await;
    assert!(ended.code == Some(1) && ended.stderr.contains("is in use"), "{ended:?}");
    daemon.stop().await;
    let ended = restore().output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("a restore never overwrites one"), "{ended:?}");
}

#[tokio::test]
async fn a_damaged_store_comes_back_as_its_sentence_says() {
    let site = used().await;
    let db = site.store().join("db");
    let mut bytes = fs::read(&db).unwrap();
    // Every 64th byte: wherever the rows are, they are hit.
    for byte in bytes.iter_mut().step_by(64) {
        *byte ^= 0x5a;
    }
    fs::write(&db, bytes).unwrap();
    let ended = site.daemon().output().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is damaged ("), "{ended:?}");

    assert!(!ended.stderr.contains("sled"), "the engine's own lines: {ended:?}");
    let check = site.ticketd(&["check"]).output().await;
    assert!(check.code == Some(2) && check.stdout.contains("is damaged ("), "{check:?}");

    // The sentence names a command, which is carried out as it stands there.
    let (_, rest) = ended.stderr.split_once('`').expect("the command");
    let words: Vec<_> = rest.split_once('`').unwrap().0.split(' ').collect();
    assert_eq!(words[0], "ticketd");
    let ended = site.ticketd(&words[1..]).output().await;
    went_well(&ended);
    let aside = site.store().join("damaged-1");
    assert!(ended.stdout.contains(&aside.display().to_string()), "{ended:?}");
    assert!(aside.join("db").exists());

    let daemon = site.daemon().start().await;
    all_logged_in(&daemon, &site).await;
    daemon.stop().await;
}
