//! What whoever watches reads: `/health`, `/ready`, `/metrics`.

use serde_json::{Value, json};
use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::TestApp;

async fn part(app: &TestApp, name: &str) -> Value {
    let answer = app.get("/ready").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["parts"][name].take()
}

#[tokio::test]
async fn health_says_that_the_process_answers() {
    let app = TestApp::start().await;
    let answer = app.get("/health").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})));
}

#[tokio::test]
async fn ready_tells_each_parts_last_success_and_failure() {
    let mut app = TestApp::start().await;
    assert_eq!(app.get("/ready").await.json()["status"], "ok");
    let fresh = json!({"ok": true, "last_success": null, "last_failure": null});
    assert_eq!(part(&app, "redmine").await, fresh);
    assert_eq!(part(&app, "mattermost").await, fresh);
    app.sign_in("alice", "alice").await;
    for name in ["redmine", "mattermost"] {
        let well = part(&app, name).await;
        assert!(well["last_success"].is_string() && well["last_failure"].is_null(), "{well}");
    }
    assert!(part(&app, "store").await["last_success"].is_string());
    // A wrong key is the asker's trouble, not Redmine's.
    app.slash("bob", &format!("login bob {}", "f".repeat(40))).await;
    assert_eq!(part(&app, "redmine").await["ok"], true);

    app.redmine().fault(FaultRule::from(Fault::Status(500)));
    app.slash("alice", "me").await;
    app.redmine().clear_faults();
    let ill = part(&app, "redmine").await;
    assert!(ill["ok"] == false && ill["last_failure"].is_string(), "{ill}");
    app.slash("alice", "me").await;
    let well = part(&app, "redmine").await;
    assert!(well["ok"] == true && well["last_failure"] == ill["last_failure"], "{well}");
    app.stop_redmine().await;
    app.slash("alice", "me").await;
    assert_eq!(part(&app, "redmine").await["ok"], false, "and still ready: users get a sentence");
}

#[tokio::test]
async fn metrics_are_text_that_prometheus_reads() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.slash("alice", "me").await;
    app.slash("alice", "nonsense").await;
    app.slash("bob", "me").await;
    app.get("/nowhere/secret-path").await;
    let answer = app.get("/metrics").await;
    assert_eq!(answer.header("content-type"), Some(ticketd::telemetry::Metrics::CONTENT_TYPE));
    let samples = parse(&answer.body);
    let value = |name: &str| samples.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    for (name, expected) in [
        (r#"ticketd_commands_total{command="me",outcome="ok"}"#, 1.0),
        (r#"ticketd_commands_total{command="me",outcome="no_login"}"#, 1.0),
        (r#"ticketd_commands_total{command="login",outcome="ok"}"#, 1.0),
        (r#"ticketd_commands_total{command="unclear",outcome="mistyped"}"#, 1.0),
        ("ticketd_sessions", 2.0),
        (
            r#"ticketd_http_request_duration_seconds_count{route="/slash/redmine",status="200"}"#,
            4.0,
        ),
        (r#"ticketd_http_request_duration_seconds_count{route="unknown",status="404"}"#, 1.0),
        (r#"ticketd_remote_call_duration_seconds_count{service="redmine",outcome="ok"}"#, 2.0),
    ] {
        assert_eq!(value(name), Some(expected), "{name} in {}", answer.body);
    }
    for secret in ["alice", "secret-path", "a1a1a1a1"] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

/// Each sample's name with its labels, and its value.
fn parse(text: &str) -> Vec<(String, f64)> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut samples = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let kind = comment.split(' ').next().unwrap();
            assert!(["HELP", "TYPE", "UNIT", "EOF"].contains(&kind), "{line}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a value");
        let bare = name.split('{').next().unwrap();
        assert!(
            bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':'),
            "{line}"
        );
        assert_eq!(name.contains('{'), name.ends_with('}'), "{line}");
        samples.push((name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}"))));
    }
    samples
}
