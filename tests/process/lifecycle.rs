//! Going down in order, at once, and what systemd hears of it.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use ticketd::model::ids::UserId;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, Redmine};
use ticketd::store::{Keyring, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixDatagram};
use tokio::time::{Instant, sleep, timeout};

use crate::daemon::{SOON, until};
use crate::site::Site;

const ISSUE: &str = "GET /issues/1.json";
/// After that a command has reached Redmine, whose ledger knows only calls that have ended.
const UNDER_WAY: Duration = Duration::from_millis(400);

fn slow(at: &str, seconds: u64) -> FaultRule {
    FaultRule::from(Fault::Slow(Duration::from_secs(seconds))).at(at)
}

/// The command that signs `user` in with the key of that Redmine login.
fn login(who: &str) -> String {
    format!("login {who} {}", Redmine::user_key(who))
}

#[tokio::test]
async fn sigterm_finishes_what_was_begun_and_takes_nothing_new() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    for user in ["alice", "bob"] {
        let said = daemon.say(&site, user, &login(user)).await;
        assert!(said.text.contains("signed in"), "{said:?}");
    }
    // Kept alive, and idle when the door closes.
    let mut idle = daemon.connect().await;
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: t\r\n\r\n").await.unwrap();
    let mut first = [0; 1024];
    assert!(idle.read(&mut first).await.unwrap() > 0);

    site.redmine.fault(slow(ISSUE, 1));
    site.redmine.fault(slow("GET /users/current.json", 4));
    site.mattermost.fault(slow("POST /hooks/", 1));
    let address = daemon.address;
    let issue = site.mattermost.slash("alice", "issue 1");
    let me = site.mattermost.slash("bob", "me");
    let (url, began) = (daemon.url("slash/redmine"), Instant::now());
    let commands = tokio::spawn(async move {
        let (issue, me) = tokio::join!(issue.send(&url), me.send(&url));
        [issue, me].map(|answer| String::from_utf8(answer.unwrap().body.to_vec()).unwrap())
    });
    sleep(UNDER_WAY).await;
    assert!(!commands.is_finished());
    daemon.signal(Signal::TERM);
    daemon.logged("ticketd is stopping").await;

    until("nobody listens", Duration::from_millis(500), || {
        std::net::TcpStream::connect(address).is_err()
    })
    .await;
    let closed = timeout(Duration::from_millis(500), idle.read(&mut first)).await;
    assert_eq!(closed.expect("the idle connection is closed at once").unwrap(), 0);

    let [issue, me] = commands.await.unwrap();
    assert!(issue.contains("#1"), "{issue}");
    assert!(me.contains("This takes longer than usual"), "{me}");
    let (status, log) = daemon.ended(SOON).await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(log.contains("ticketd has stopped"), "{log}");
    let late = site.mattermost.delayed();
    let [late] = late.as_slice() else { panic!("{late:?}") };
    assert!(late.text().contains("(`bob`"), "{late:?}");

    let keys = Keyring::parse(&site.keys().into()).unwrap();
    let store = Store::open(&site.store(), keys).unwrap();
    for user in ["alice", "bob"] {
        let id = UserId::parse(Mattermost::user_id(user)).unwrap();
        assert_eq!(store.logins().of(&id).unwrap().unwrap().login, user);
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let said = daemon.say(&site, "alice", &login("alice")).await;
    assert!(said.text.contains("signed in"), "{said:?}");
    site.redmine.fault(slow(ISSUE, 14));
    let issue = site.mattermost.slash("alice", "issue 1");
    let url = daemon.url("slash/redmine");
    let command = tokio::spawn(async move { issue.send(&url).await });
    sleep(UNDER_WAY).await;
    daemon.signal(Signal::TERM);
    daemon.logged("ticketd is stopping").await;
    sleep(Duration::from_millis(100)).await;
    assert!(!command.is_finished());
    let asked = Instant::now();
    daemon.signal(Signal::INT);
    let (status, log) = daemon.ended(SOON).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("second signal: stopping at once"), "{log}");
    assert!(log.contains("ticketd: stopped before everything was finished"), "{log}");
}

/// A read that hangs, as on a network disk, must not keep the process.
#[tokio::test]
async fn a_file_that_never_answers_does_not_keep_it_from_ending() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    std::fs::remove_file(site.key_file()).unwrap();
    let made = tokio::process::Command::new("mkfifo").arg(site.key_file()).status().await.unwrap();
    assert!(made.success());
    daemon.signal(Signal::HUP);
    // Nothing tells that it reads; it has nothing else to do.
    sleep(Duration::from_millis(300)).await;
    let asked = Instant::now();
    daemon.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn systemd_hears_of_readiness_life_and_stopping() {
    let site = Site::new().await;
    let path = site.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let daemon = site
        .daemon_after("export WATCHDOG_PID=$$", Stdio::null())
        .with("NOTIFY_SOCKET", &path)
        .with("WATCHDOG_USEC", "600000")
        .start()
        .await;
    let next = async || {
        let mut bytes = [0; 512];
        let received = timeout(SOON, socket.recv(&mut bytes)).await.expect("a notice").unwrap();
        String::from_utf8(bytes[..received].to_vec()).unwrap().trim().to_owned()
    };
    let began = Instant::now();
    let mut heard = Vec::new();
    while heard.iter().filter(|notice| *notice == "WATCHDOG=1").count() < 4 {
        heard.push(next().await);
    }
    assert!(heard.contains(&"READY=1".to_owned()), "{heard:?}");
    // Thrice within the limit that systemd sets: the first comes at once.
    let pace = began.elapsed() / 3;
    assert!((150..400).contains(&pace.as_millis()), "{pace:?}");
    daemon.signal(Signal::TERM);
    while next().await != "STOPPING=1" {}
    assert_eq!(daemon.ended(SOON).await.0.code(), Some(0));
}

#[tokio::test]
async fn the_watchdog_of_another_process_is_not_fed() {
    let site = Site::new().await;
    let path = site.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let daemon = site
        .daemon()
        .with("NOTIFY_SOCKET", &path)
        .with("WATCHDOG_USEC", "30000")
        .with("WATCHDOG_PID", "1")
        .start()
        .await;
    sleep(Duration::from_millis(200)).await;
    daemon.stop().await;
    let mut heard = Vec::new();
    let mut bytes = [0; 512];
    while let Ok(received) = socket.try_recv(&mut bytes) {
        heard.push(String::from_utf8(bytes[..received].to_vec()).unwrap().trim().to_owned());
    }
    assert_eq!(heard, ["READY=1", "STOPPING=1"]);
}

#[tokio::test]
async fn a_socket_that_systemd_passes_on_is_served() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A peer that comes before the daemon is there waits for it in the socket's queue.
    let mut early = TcpStream::connect(address).await.unwrap();
    early.write_all(b"GET /health HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await.unwrap();
    let daemon = site
        .daemon_after(
            "exec 3<&0 0</dev/null; export LISTEN_PID=$$",
            Stdio::from(OwnedFd::from(listener)),
        )
        .with("LISTEN_FDS", "1")
        .with("TICKETD_HTTP__LISTEN", "127.0.0.1:1")
        .start()
        .await;
    assert_eq!(daemon.address, address);
    let answer = crate::daemon::to_the_end(&mut early).await;
    assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
    daemon.stop().await;
}
