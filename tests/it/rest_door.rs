//! The door of the API: pages of other origins, tokens that ask too often, bodies that are too large or
//! never end, and a tracker that refuses a question.

use std::time::Duration;

use serde_json::json;
use ticketd::sandbox::{Fault, FaultRule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::api::{CONTEXT, FORM, form};
use crate::harness::{Post, PostSetup, wire};

const BOARDS: &str = "GET /tickets/supported-boards";
const PORTAL: &str = "https://portal.example";

#[tokio::test]
async fn pages_of_known_origins_read_the_answers_and_others_do_not() {
    let setup =
        PostSetup::default().config(|config| config.http.cors_origins = vec![PORTAL.to_owned()]);
    let post = setup.start().await;
    let token = post.app.token("portal", "read").await;
    let allow = "access-control-allow-origin";
    for (origin, known) in [(PORTAL, true), ("https://evil.example", false), ("null", false)] {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization, content-type"),
        ];
        // A browser sends no token with the question whether it may.
        let asked = post.app.api("OPTIONS /tickets/", "", &headers, b"").await;
        assert_eq!(asked.status, 204, "{asked:?}");
        assert_eq!(asked.header("vary"), Some("Origin"));
        assert_eq!(asked.header(allow), known.then_some(origin));
        let methods = asked.header("access-control-allow-methods");
        assert_eq!(methods, known.then_some("GET, POST, OPTIONS"));
        let sent = asked.header("access-control-allow-headers");
        for name in ["authorization", "content-type", "idempotency-key", "last-event-id"] {
            assert_eq!(sent.is_some_and(|sent| sent.contains(name)), known, "{asked:?}");
        }
        assert_eq!(asked.header("access-control-allow-credentials"), None);
        // Refusals are read as well, or a page could not say what is wrong.
        let unknown = "ticketd_000000000000_00";
        for (line, token, status) in [
            (BOARDS, token.as_str(), 200),
            (BOARDS, unknown, 401),
            ("POST /tickets/", &token, 403),
            ("DELETE /tickets/", &token, 405),
            ("GET /nothing", &token, 404),
        ] {
            let told = post.app.api(line, token, &[("Origin", origin)], b"").await;
            assert_eq!((told.status, told.header(allow)), (status, known.then_some(origin)));
            assert_eq!(told.header("vary"), Some("Origin"), "{line}");
            let read = told.header("access-control-expose-headers");
            assert_eq!(read.is_some_and(|read| read.contains("x-next-cursor")), known, "{line}");
        }
    }
}

#[tokio::test]
async fn without_origins_no_page_reads_anything_and_with_a_star_every_one_does() {
    let allow = "access-control-allow-origin";
    let post = Post::start().await;
    let token = post.app.token("portal", "read").await;
    let told = post.app.api(BOARDS, &token, &[("Origin", PORTAL)], b"").await;
    assert_eq!((told.status, told.header(allow), told.header("vary")), (200, None, None));
    drop(post);
    let star = |config: &mut ticketd::config::Config| config.http.cors_origins = vec!["*".into()];
    let post = PostSetup::default().config(star).start().await;
    let token = post.app.token("portal", "read").await;
    let told = post.app.api(BOARDS, &token, &[("Origin", "https://any.example")], b"").await;
    assert_eq!(told.header(allow), Some("https://any.example"));
}

#[tokio::test]
async fn a_token_that_asks_too_often_waits_and_no_other_does() {
    let few = |config: &mut ticketd::config::Config| {
        config.limits.per_token_per_minute = 5.try_into().unwrap();
    };
    let post = PostSetup::default().config(few).start().await;
    let (eager, calm) =
        (post.app.token("eager", "read").await, post.app.token("calm", "read").await);
    for _ in 0..5 {
        assert_eq!(post.app.api(BOARDS, &eager, &[], b"").await.status, 200);
    }
    let refused = post.app.api(BOARDS, &eager, &[], b"").await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (429, "too-many-requests"));
    // Five a minute: one more every twelve seconds.
    let after: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&after), "{after}");
    assert_eq!(post.app.api(BOARDS, &calm, &[], b"").await.status, 200);
}

#[tokio::test]
async fn a_record_that_would_be_too_long_is_too_large_and_not_our_fault() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let kind = format!("x/{}", "y".repeat(20_000));
    let mut parts = vec![
        ("title", None, &b"The printer is out of order"[..]),
        ("body", None, b"It shows E-42."),
        ("reporter", None, b"ann@customer.example"),
    ];
    parts.extend([("attachments", Some(("a", kind.as_str())), &b"x"[..]); 20]);
    let refused = post.app.api("POST /tickets/", &token, &[FORM], &form(&parts)).await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (413, "too-large"));
    let long = json!({"body": "x".repeat(70_000), "author": "ann@customer.example"});
    let refused = post.app.api_json("POST /tickets/", &token, &long).await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (413, "too-large"));
    assert!(post.living().is_empty());
}

#[tokio::test]
async fn a_question_that_the_tracker_refuses_is_not_told_to_be_asked_again() {
    let post = Post::start().await;
    let token = post.app.token("portal", "read").await;
    // Words are the caller's own; the rest of a question is ours.
    for (line, status, told, kind) in [
        ("GET /tickets/?q=printer", 400, 400, "invalid-parameters"),
        ("GET /tickets/", 400, 502, "tracker-refused"),
        ("GET /tickets/", 503, 503, "tracker-away"),
    ] {
        post.jira.fault(FaultRule::from(Fault::Status(status)).at("jql="));
        let answer = post.app.api(line, &token, &[], b"").await;
        post.jira.clear_faults();
        assert_eq!((answer.status, answer.problem().0.as_str()), (told, kind), "{answer:?}");
        assert_eq!(answer.header("retry-after").is_some(), told == 503, "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_brings_nothing_more_is_given_up() {
    let post = PostSetup::default().movable_time().start().await;
    let token = post.app.token("portal", "write").await;
    let kept = || {
        let files = std::fs::read_dir(post.app.store().join("uploads"));
        files.map_or(0, Iterator::count)
    };
    let json = ("Content-Type", "application/json");
    let piece: &[u8] = b"--b0undary\r\nContent-Disposition: form-data; name=\"attachments\"; \
                         filename=\"a\"\r\n\r\nthe first bytes of many";
    for (kind, piece, patience) in [(FORM, piece, 31), (json, b"{\"title\": ", 11)] {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), kind, ("Content-Length", "60000")];
        let line = format!("POST {CONTEXT}/tickets/");
        let mut stream = TcpStream::connect(post.app.address).await.unwrap();
        let head = wire::request(&line, &headers, b"");
        stream.write_all(&[&head[..], piece].concat()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        post.app.advance(Duration::from_secs(patience)).await;
        let mut told = [0; 256];
        let reading = stream.read(&mut told);
        let count = tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&told[..count]);
        assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
        assert_eq!(kept(), 0);
    }
}
