//! Streams of events: how many a token may have, where they go on, and when they end.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::api::CONTEXT;
use crate::harness::{Post, wire};

/// Longer than anything takes that works.
const LIMIT: Duration = Duration::from_secs(20);

struct Stream {
    socket: TcpStream,
    heard: String,
}

impl Stream {
    async fn open(post: &Post, token: &str, after: Option<&str>) -> Self {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(after.map(|after| ("Last-Event-ID", after)));
        let line = format!("GET {CONTEXT}/tickets/events");
        let mut socket = TcpStream::connect(post.app.address).await.unwrap();
        socket.write_all(&wire::request(&line, &headers, b"")).await.unwrap();
        Self { socket, heard: String::new() }
    }

    /// A stream that has begun.
    async fn begun(post: &Post, token: &str, after: Option<&str>) -> Self {
        let mut stream = Self::open(post, token, after).await;
        stream.until(": ticketd").await;
        assert!(stream.heard.starts_with("HTTP/1.1 200 "), "{}", stream.heard);
        stream
    }

    /// Reads on; `false` at the end.
    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 4096];
        let read = tokio::time::timeout(LIMIT, self.socket.read(&mut buffer)).await;
        let count = read.expect("something in time").unwrap_or(0);
        self.heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        // The last chunk of a body.
        count > 0 && !self.heard.ends_with("\r\n0\r\n\r\n")
    }

    async fn until(&mut self, text: &str) {
        while !self.heard.contains(text) {
            assert!(self.more().await, "ended without {text:?}: {}", self.heard);
        }
    }

    /// All of it, once it has ended.
    async fn into_whole(mut self) -> String {
        while self.more().await {}
        self.heard
    }

    /// The numbers of the events so far.
    fn numbers(&self) -> Vec<&str> {
        self.heard.lines().filter_map(|line| line.strip_prefix("id: ")).collect()
    }
}

async fn make(post: &Post, token: &str) {
    let ticket = json!({
        "title": "The printer is out of order",
        "body": "It shows E-42 since this morning.",
        "reporter": "ann@customer.example"
    });
    let made = post.app.api_json("POST /tickets/", token, &ticket).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn a_token_has_eight_streams_and_a_closed_one_makes_room() {
    let post = Post::start().await;
    let (token, other) = (post.app.token("a", "read").await, post.app.token("b", "read").await);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Stream::begun(&post, &token, None).await);
    }
    let events = "GET /tickets/events";
    let refused = post.app.api(events, &token, &[], b"").await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (429, "too-many-streams"));
    assert!(refused.header("retry-after").is_some());
    Stream::begun(&post, &other, None).await;
    drop(open.pop());
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut again = Stream::open(&post, &token, None).await;
        again.more().await;
        if again.heard.starts_with("HTTP/1.1 200 ") {
            return;
        }
    }
    panic!("a closed stream keeps its place");
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_that_was_heard() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    for _ in 0..3 {
        make(&post, &token).await;
    }
    let mut all = Stream::begun(&post, &token, Some("0")).await;
    all.until("id: 3\n").await;
    assert_eq!(all.numbers(), ["1", "2", "3"]);
    let mut rest = Stream::begun(&post, &token, Some("2")).await;
    let mut news = Stream::begun(&post, &token, None).await;
    rest.until("id: 3\n").await;
    make(&post, &token).await;
    for (stream, numbers) in [(&mut rest, &["3", "4"][..]), (&mut news, &["4"])] {
        stream.until("id: 4\n").await;
        assert_eq!(stream.numbers(), numbers);
    }
    for wrong in ["x", "-1", "1.5", "99999999999999999999999"] {
        let headers = [("Last-Event-ID", wrong)];
        let refused = post.app.api("GET /tickets/events", &token, &headers, b"").await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert_eq!(refused.problem().1, ["Last-Event-ID"], "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() {
    let post = Post::start().await;
    let (token, other) = (post.app.token("a", "read").await, post.app.token("b", "write").await);
    let revoked = Stream::begun(&post, &token, None).await;
    let mut goes_on = Stream::begun(&post, &other, None).await;
    post.app.operator(&json!({"revoke_token": "a"})).await;
    make(&post, &other).await;
    goes_on.until("id: 1\n").await;
    let heard = revoked.into_whole().await;
    assert!(!heard.contains("event: "), "{heard}");
}

#[tokio::test]
async fn a_stop_ends_every_stream_whole() {
    let post = Post::start().await;
    let token = post.app.token("portal", "read").await;
    let stream = Stream::begun(&post, &token, None).await;
    let start = std::time::Instant::now();
    post.app.ask_to_stop();
    let heard = stream.into_whole().await;
    assert!(heard.ends_with("\r\n0\r\n\r\n"), "{heard:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
