//! The door of the slash command: what Mattermost sends comes in, nothing else does.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ticketd::sandbox::{Fault, Mattermost};

use crate::harness::wire::{self, Response};
use crate::harness::{Setup, TestApp, VERSIONS, read, requests};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn token() -> String {
    format!("Token {}", Mattermost::slash_token("/redmine"))
}

async fn post(app: &TestApp, headers: &[(&str, &str)], body: &[u8]) -> Response {
    app.exchange(&wire::request("POST /slash/redmine", headers, body)).await
}

/// A form without its token.
fn tokenless(app: &TestApp, text: &str) -> String {
    let mut form = app.form("alice", text);
    form.fields.retain(|(name, _)| name != "token");
    form.body()
}

#[tokio::test]
async fn the_bytes_of_real_servers_are_taken_as_they_are() {
    let setup = Setup::new().config(|config| {
        let tokens = VERSIONS.map(|version| requests(version)[0].token().into());
        config.redmine.slash_tokens = tokens.into();
    });
    let app = setup.start().await;
    for recorded in VERSIONS.iter().flat_map(|version| requests(version)) {
        let text = read(&app.exchange(&recorded.bytes()).await);
        let expected = match recorded.field("text").split_whitespace().next() {
            Some(word) => app.say("alice", "redmine-unknown", &[("command", word.into())]),
            None => app.say("alice", "redmine-help", &[]),
        };
        assert_eq!(text, expected, "{}", recorded.name);
    }
}

#[tokio::test]
async fn get_carries_the_same_form_in_the_query() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    for path in [
        format!("/slash/redmine?{}", app.form("alice", "me").body()),
        format!("/slash/redmine?{}&unheard=of", app.form("alice", "me").body()),
    ] {
        assert!(read(&app.get(&path).await).contains("Alice Archer"), "{path}");
    }
    let line = format!("GET /slash/redmine?{}", tokenless(&app, "me"));
    let by_header = wire::request(&line, &[("Authorization", &token())], b"");
    assert!(read(&app.exchange(&by_header).await).contains("Alice Archer"));
    assert_eq!(app.exchange(&wire::request(&line, &[], b"")).await.code(), "unauthorized");
}

#[tokio::test]
async fn a_token_opens_in_the_header_or_in_the_form_and_nothing_else_does() {
    const SECOND: &str = "n3qk8w1xyzabcdefghijkmnopq";
    let setup = Setup::new().config(|config| config.redmine.slash_tokens.push(SECOND.into()));
    let app = setup.start().await;
    app.sign_in("alice", "alice").await;
    let right = Mattermost::slash_token("/redmine");
    let (cut, long) = (&right[..25], format!("{right}x"));
    let before = (app.calls().len(), app.mattermost.ledger().len());
    for (header, in_form, opens) in [
        (Some(token()), Some(right), true),
        (Some(token()), None, true),
        (Some(token()), Some("wrong"), true),
        (Some(format!("Token {SECOND}")), None, true),
        (None, Some(right), true),
        (None, Some(SECOND), true),
        (Some("Token wrong".to_owned()), Some(right), true),
        (None, None, false),
        (None, Some(""), false),
        (Some("Token ".to_owned()), Some(""), false),
        (Some("Token".to_owned()), None, false),
        (None, Some(cut), false),
        (None, Some(&*long), false),
        (None, Some("ünïcödé"), false),
        (Some(right.to_owned()), None, false),
        (Some(format!("Bearer {right}")), None, false),
        (Some(token().to_uppercase()), None, false),
    ] {
        let mut body = tokenless(&app, if opens { "help" } else { "list" });
        if let Some(token) = in_form {
            body = format!("{body}&token={token}");
        }
        let headers: Vec<_> = [Some(FORM), header.as_deref().map(|value| ("Authorization", value))]
            .into_iter()
            .flatten()
            .collect();
        let answer = post(&app, &headers, body.as_bytes()).await;
        if opens {
            read(&answer);
        } else {
            assert_eq!((answer.status, &*answer.code()), (401, "unauthorized"), "{in_form:?}");
        }
    }
    assert_eq!((app.calls().len(), app.mattermost.ledger().len()), before, "nobody was asked");
}

#[tokio::test]
async fn what_is_no_form_is_refused_and_told_to_whoever_holds_a_token() {
    let app = TestApp::start().await;
    let good = tokenless(&app, "help");
    let twice = format!("{good}&user_id={}", Mattermost::user_id("bob"));
    for (body, code) in [
        (&b"text=help"[..], "bad_request"),
        (b"", "bad_request"),
        (b"user_id=alice&text=help", "bad_request"),
        (b"user_id=&text=help", "bad_request"),
        (twice.as_bytes(), "bad_request"),
        (format!("{good}%FF").as_bytes(), "bad_request"),
        (&[good.as_bytes(), b"\xff\xfe"].concat(), "bad_request"),
        (b"\x00\x01\x02&&&===", "bad_request"),
    ] {
        let told = post(&app, &[FORM, ("Authorization", &token())], body).await;
        assert_eq!((told.status, &*told.code()), (400, code), "{body:?}");
        let stranger = post(&app, &[FORM], body).await;
        assert_eq!((stranger.status, &*stranger.code()), (401, "unauthorized"), "{body:?}");
    }
    for kind in [JSON, ("Content-Type", "multipart/form-data; boundary=x"), ("X-Nothing", "x")] {
        let answer = post(&app, &[kind, ("Authorization", &token())], good.as_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (415, "unsupported_media_type"), "{kind:?}");
    }
    let kind = ("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    read(&post(&app, &[kind, ("Authorization", &token())], good.as_bytes()).await);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let app = TestApp::start().await;
    let line = "POST /slash/redmine";
    let announced = wire::request(line, &[FORM, ("Content-Length", "31457280")], b"");
    let start = Instant::now();
    assert_eq!(app.exchange(&announced).await.code(), "too_large");
    assert!(start.elapsed() < Duration::from_secs(1), "before the body comes");

    let chunked = |size: usize| {
        let mut bytes = wire::request(line, &[FORM, ("Transfer-Encoding", "chunked")], b"");
        let body = format!("{}&pad={}", app.form("alice", "help").body(), "x".repeat(size));
        for chunk in body.as_bytes().chunks(8_000) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend([chunk, b"\r\n"].concat());
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    };
    let answer = app.exchange(&chunked(70_000)).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too_large"));
    read(&app.exchange(&chunked(60_000)).await);
}

#[tokio::test]
async fn only_known_paths_and_methods_are_answered() {
    let app = TestApp::start().await;
    for (line, allowed) in [
        ("PUT /slash/redmine", "POST, GET"),
        ("DELETE /slash/redmine", "POST, GET"),
        ("OPTIONS /slash/redmine", "POST, GET"),
        ("GET /slash/redmine/login/x", "POST"),
        ("POST /health", "GET, HEAD"),
        ("POST /ready", "GET, HEAD"),
        ("TRACE /metrics", "GET, HEAD"),
    ] {
        let answer = app.exchange(&wire::request(line, &[], b"")).await;
        assert_eq!((answer.status, &*answer.code()), (405, "method_not_allowed"), "{line}");
        assert_eq!(answer.header("allow"), Some(allowed), "{line}");
    }
    for path in ["/", "/slash", "/slash/redmine/", "/slash/redmine/login", "/../etc", "/health/x"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{path}");
    }
}

#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_down_and_nobody_else_is() {
    let app = TestApp::start().await;
    let guess = format!("{}&token=guessedguessedguessed", tokenless(&app, "help"));
    let answers = join_all((0..300).map(|_| post(&app, &[FORM], guess.as_bytes()))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert!(count(401) >= 100 && count(429) > 0, "{} and {}", count(401), count(429));
    assert_eq!(count(401) + count(429), 300);
    assert_eq!(app.slash("alice", "help").await, app.say("alice", "redmine-help", &[]));
}

#[tokio::test]
async fn a_proxys_request_id_comes_back_and_ours_are_unique() {
    let app = TestApp::start().await;
    let with = wire::request("GET /health", &[("X-Request-Id", "proxy-17")], b"");
    assert_eq!(app.exchange(&with).await.header("x-request-id"), Some("proxy-17"));
    let ids = [app.get("/health").await, app.get("/nowhere").await];
    let ids = ids.map(|answer| answer.header("x-request-id").unwrap().to_owned());
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_command_without_a_way_back_is_waited_for() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.redmine().fault(Fault::Slow(Duration::from_millis(2_800)));
    let mut form = app.form("alice", "me");
    for (name, value) in &mut form.fields {
        if name == "response_url" {
            "https://elsewhere.example.org/collect".clone_into(value);
        }
    }
    assert!(app.send(&form).await.contains("Alice Archer"));
    assert_eq!(app.mattermost.delayed(), []);
}
