//! Peers that are slow, silent, loud or many: they end in time, and others are served meanwhile.

use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use ticketd::sandbox::{Fault, FaultRule, Redmine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use crate::daemon::{Daemon, SOON, to_the_end};
use crate::site::Site;

const SLOW_PEERS: usize = 500;

const GET: &str = "GET /health HTTP/1.1\r\nHost: t\r\n\r\n";

/// A POST whose body shall have so many bytes.
fn post(length: usize) -> String {
    format!(
        "POST /slash/redmine HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
}

/// Sends `bytes`, then one more each second; returns what came back when the connection ended,
/// after the 10 s that it may take.
async fn dawdle(daemon: &Daemon, bytes: &str) -> String {
    let began = Instant::now();
    let (mut reader, mut writer) = daemon.connect().await.into_split();
    writer.write_all(bytes.as_bytes()).await.unwrap();
    let dripping = async {
        while writer.write_all(b"a").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        // The reader sees the end, too.
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = dripping => {}
        read = timeout(SOON, reader.read_to_end(&mut answer)) => {
            let _may_be_reset = read.expect("the connection ends");
        }
    }
    ended_in_time(began);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends `bytes` and nothing more.
async fn fall_silent(daemon: &Daemon, bytes: &str) -> String {
    let began = Instant::now();
    let mut stream = daemon.connect().await;
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let answer = to_the_end(&mut stream).await;
    ended_in_time(began);
    answer
}

/// The limits of a head and of a body are 10 s; the rest is for a loaded machine.
fn ended_in_time(began: Instant) {
    let took = began.elapsed().as_millis();
    assert!((9_500..14_000).contains(&took), "ended after {took} ms");
}

/// More half-sent bodies than requests are worked on at once.
const HALF_BODIES: usize = 600;

#[tokio::test]
async fn half_sent_bodies_take_no_place_from_those_who_have_a_token() {
    rlimit::increase_nofile_limit(8_192).unwrap();
    let site = Site::new().await;
    let daemon = site.daemon().with("TICKETD_LIMITS__CONNECTIONS", "700").start().await;
    let half = format!("{}text=", post(1000));
    let halves = join_all((0..HALF_BODIES).map(|_| fall_silent(&daemon, &half)));
    let others = async {
        sleep(Duration::from_secs(1)).await;
        for _ in 0..50 {
            assert_eq!(daemon.say(&site, "alice", "help").await.status, 200);
            sleep(Duration::from_millis(20)).await;
        }
    };
    let (halves, ()) = tokio::join!(halves, others);
    for answer in halves {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn slow_and_silent_peers_are_ended_while_others_are_served() {
    let site = Site::new().await;
    let daemon = site.daemon().with("TICKETD_LIMITS__CONNECTIONS", "600").start().await;
    let until = Instant::now() + Duration::from_secs(11);
    let slow = join_all((0..SLOW_PEERS).map(|_| dawdle(&daemon, "GET /health HTTP/1.1\r\nX-A: ")));
    let (none, half) = (post(1000), format!("{}token=", post(1000)));
    let bodies = async {
        <[String; 2]>::from(tokio::join!(dawdle(&daemon, &none), fall_silent(&daemon, &half)))
    };
    let silent = join_all([fall_silent(&daemon, ""), fall_silent(&daemon, GET)]);
    let others = async {
        let (mut served, mut slowest) = (0, Duration::ZERO);
        while Instant::now() < until {
            let asked = Instant::now();
            assert_eq!(daemon.say(&site, "alice", "help").await.status, 200);
            slowest = slowest.max(asked.elapsed());
            served += 1;
            sleep(Duration::from_millis(20)).await;
        }
        (served, slowest)
    };
    let (_, bodies, silent, (served, slowest)) = tokio::join!(slow, bodies, silent, others);
    println!("beside {SLOW_PEERS} slow peers {served} commands, the slowest took {slowest:?}");
    // A first packet that gets lost in the crowd comes again after 1 s.
    assert!(served > 200 && slowest < Duration::from_millis(900), "{served} {slowest:?}");
    for answer in bodies {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains(r#""code":"timeout""#), "{answer}");
    }
    assert_eq!(silent[0], "");
    assert_eq!(silent[1].matches("HTTP/1.1 200").count(), 1, "{silent:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn beyond_the_limit_of_connections_peers_are_told_to_come_again() {
    let site = Site::new().await;
    let daemon = site.daemon().with("TICKETD_LIMITS__CONNECTIONS", "3").start().await;
    let held = [daemon.connect().await, daemon.connect().await, daemon.connect().await];
    for request in ["", GET].into_iter().cycle().take(40) {
        let mut stream = daemon.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = to_the_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{request:?}: {answer:?}");
        assert!(answer.contains("retry-after: 1"), "{answer}");
    }
    drop(held);
    sleep(Duration::from_millis(100)).await;
    let metrics = daemon.get("/metrics").await;
    assert!(metrics.contains("ticketd_shed_total{reason=\"connections\"} 40"), "{metrics}");
    daemon.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused_and_ends_its_connection() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let large = "x".repeat(256 * 1024);
    let many: Vec<_> = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    let many = many.concat();
    for (sent, status) in [
        ("\u{16}\u{3}\u{1} this is no HTTP\r\n\r\n".to_owned(), 400),
        (format!("GET /health HTTP/1.1\r\nX-A: {large}\r\n\r\n"), 431),
        (format!("GET /health HTTP/1.1\r\n{many}\r\n"), 431),
        (format!("GET /{large} HTTP/1.1\r\n\r\n"), 431),
        ("POST /slash/redmine HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_owned(), 400),
        ("GET /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), 400),
        (post(262_145), 413),
    ] {
        let answer = daemon.raw(&sent).await;
        let shown: String = sent.chars().take(60).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{shown:?}: {answer}");
    }
    // Somebody who speaks HTTP/2 would not understand an answer.
    assert_eq!(daemon.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, "");
    // What follows a good request must not ride on it.
    let answer = daemon.raw(&format!("{GET}{GET}nonsense\r\n\r\n")).await;
    let statuses: Vec<_> = answer.matches("HTTP/1.1 ").collect();
    assert_eq!(statuses.len(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400").count(), 1, "{answer}");
    daemon.stop().await;
}

/// A body that is larger than it said is never read to its end.
#[tokio::test]
async fn a_chunked_body_without_end_is_cut_off() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let mut stream = daemon.connect().await;
    let head = "POST /slash/redmine HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 0x1000;
    }
    assert!(sent < 16 * 1024 * 1024, "{sent} bytes were taken");
    daemon.stop().await;
}

#[tokio::test]
async fn a_stop_waits_for_requests_and_not_for_peers() {
    let site = Site::new().await;
    let daemon = site.daemon().start().await;
    let key = Redmine::user_key("alice");
    daemon.say(&site, "alice", &format!("login alice {key}")).await;
    let began = Instant::now();
    let mut fresh = daemon.connect().await;
    let mut half = daemon.connect().await;
    half.write_all(b"GET /health HT").await.unwrap();
    let mut body = daemon.connect().await;
    body.write_all(post(1000).as_bytes()).await.unwrap();
    site.redmine.fault(FaultRule::from(Fault::Slow(Duration::from_secs(1))));
    let form = site.mattermost.slash("alice", "me").body();
    let mut asking = daemon.connect().await;
    asking.write_all(format!("{}{form}", post(form.len())).as_bytes()).await.unwrap();
    sleep(Duration::from_millis(300)).await;

    daemon.signal(Signal::TERM);
    assert_eq!(to_the_end(&mut fresh).await, "");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let answer = to_the_end(&mut asking).await;
    assert!(answer.contains("(`alice`"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let (answer, _) = tokio::join!(to_the_end(&mut body), to_the_end(&mut half));
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    ended_in_time(began);
    let (status, log) = daemon.ended(Duration::from_secs(2)).await;
    assert_eq!(status.code(), Some(0), "{log}");
}
