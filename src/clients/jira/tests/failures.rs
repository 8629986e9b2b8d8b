//! What goes wrong, sorted for whoever has to act: nothing is written twice by the client, and
//! a write that may have happened is never called a failure.

use std::time::{Duration, Instant};

use super::{Canned, client, client_within, comment_id, key, server::Reply};
use crate::{
    clients::{ApiError, jira::rejected_fields},
    model::jira::NewIssue,
};

const SERVICE: &str = "jira";

/// The answer, what a read makes of it, what a write makes of it.
fn table() -> Vec<(&'static str, Reply, ApiError, ApiError)> {
    let same = |error: ApiError| (error.clone(), error);
    let malformed = |cause: &str| {
        let cause = cause.to_owned();
        let read = ApiError::Malformed { service: SERVICE, cause };
        (read.clone(), read.after_write())
    };
    let outage = |cause: &str| {
        (
            ApiError::Unavailable { service: SERVICE, cause: cause.to_owned() },
            ApiError::Ambiguous { service: SERVICE, cause: cause.to_owned() },
        )
    };
    let rejected = |status, reasons: &[&str]| {
        let reasons = reasons.iter().copied().map(str::to_owned).collect();
        same(ApiError::Rejected { service: SERVICE, status, reasons })
    };
    let limited = |seconds| {
        let after = Some(Duration::from_secs(seconds));
        same(ApiError::RateLimited { service: SERVICE, after })
    };
    let html = Reply::of(200, "<html>log in</html>").with("content-type", "text/html");
    let words = r#"{"errorMessages":["No."],"errors":{"labels":"has blanks"}}"#;
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
    [
        ("401", Reply::of(401, ""), same(ApiError::Unauthorized { service: SERVICE })),
        (
            "a locked account",
            Reply::of(403, "").with("x-seraph-loginreason", "AUTHENTICATION_DENIED"),
            same(ApiError::Unauthorized { service: SERVICE }),
        ),
        (
            "a locked account, said otherwise",
            Reply::of(403, "").with("x-authentication-denied-reason", "CAPTCHA_CHALLENGE"),
            same(ApiError::Unauthorized { service: SERVICE }),
        ),
        (
            "403 of one who is signed in",
            Reply::of(403, "").with("x-seraph-loginreason", "OK"),
            same(ApiError::Forbidden { service: SERVICE }),
        ),
        ("403", Reply::of(403, "{}"), same(ApiError::Forbidden { service: SERVICE })),
        ("400", Reply::json(400, words), rejected(400, &["No.", "labels: has blanks"])),
        ("413", Reply::of(413, ""), rejected(413, &[])),
        ("429", Reply::of(429, "").with("retry-after", "2"), limited(2)),
        ("429 without a word", Reply::of(429, ""), limited(5)),
        ("500", Reply::of(500, "secret words"), outage("status 500")),
        ("503", Reply::of(503, ""), outage("status 503")),
        ("a login page", html, malformed("not JSON")),
        (
            "no key",
            Reply::json(200, r#"{"key":"../x"}"#),
            malformed("JSON unlike the interface at column 14"),
        ),
        (
            "broken JSON",
            Reply::json(200, r#"{"key":"#),
            malformed("JSON unlike the interface at column 7"),
        ),
        ("oversized", Reply::json(200, &large), malformed("the answer is larger than 4 MiB")),
        ("late", Reply::json(200, "{}").late(Duration::from_secs(5)), outage("no answer in time")),
    ]
    .map(|(name, reply, (read, write))| (name, reply, read, write))
    .into()
}

#[tokio::test]
async fn each_failure_has_its_own_meaning_for_reads_and_for_writes() {
    for (name, reply, read, write) in table() {
        let server = Canned::start([reply.clone()]).await;
        let client = client_within(&server, Some(true), Duration::from_millis(800));
        assert_eq!(client.issue_status(&key("SUP-2")).await, Err(read), "{name}");
        assert_eq!(server.seen().len(), 1, "{name}");

        let server = Canned::start([reply]).await;
        let client = client_within(&server, Some(true), Duration::from_millis(800));
        let issue = NewIssue {
            project: "SUP",
            issue_type: "Task",
            summary: "s",
            description: "",
            labels: &[],
            priority: None,
            reporter: None,
            mark: "m",
        };
        assert_eq!(client.create(&issue).await, Err(write), "{name}");
        assert_eq!(server.seen().len(), 1, "{name}: written twice");
    }
}

#[tokio::test]
async fn a_429_holds_the_next_write_and_no_read() {
    let server = Canned::start([
        Reply::of(429, "").with("retry-after", "1"),
        Reply::json(200, r#"{"key":"SUP-2","fields":{}}"#),
        Reply::of(204, ""),
    ])
    .await;
    let client = client(&server, Some(true));
    let limited = client.watch(&key("SUP-2"), "u1").await.unwrap_err();
    assert_eq!(limited.kind(), "rate_limited");
    let started = Instant::now();
    assert!(client.marks(&key("SUP-2")).await.is_ok());
    assert!(started.elapsed() < Duration::from_millis(500));
    // Clones share the pause.
    client.clone().watch(&key("SUP-2"), "u1").await.unwrap();
    let waited = started.elapsed();
    assert!(waited > Duration::from_millis(800) && waited < Duration::from_secs(3), "{waited:?}");
}

/// Whom Jira no longer knows, it tells that nothing is there: believing it would make every issue
/// twice.
#[tokio::test]
async fn nothing_is_missing_when_jira_no_longer_knows_us() {
    let gone = || Reply::json(404, r#"{"errorMessages":["Issue does not exist"]}"#);
    let empty = || Reply::json(200, r#"{"issues":[],"isLast":true}"#);
    let issue = key("SUP-2");
    for (status, expected) in [(401, "unauthorized"), (403, "forbidden"), (503, "unavailable")] {
        let answers = [gone(), gone(), gone(), gone(), empty(), empty(), gone(), gone()];
        let replies = answers.into_iter().flat_map(|answer| [answer, Reply::of(status, "")]);
        let server = Canned::start(replies).await;
        // Each by a client of its own: one that was refused asks nothing more.
        let client = || client(&server, Some(true));
        let comment = comment_id("1");
        for kind in [
            client().marks(&issue).await.map(drop),
            client().issue_status(&issue).await.map(drop),
            client().comments(&issue, 5).await.map(drop),
            client().comment_text(&issue, &comment).await.map(drop),
            client().find_by_label("x").await.map(drop),
            client().updated_since(5, "x").await.map(drop),
            client().comment(&issue, "x", "m").await.map(drop),
            client().attachment(7).await.map(drop),
        ] {
            assert_eq!(kind.unwrap_err().kind(), expected);
        }
        assert_eq!(server.seen().len(), 16);
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_shown_once() {
    let server = Canned::start([Reply::of(401, ""), Reply::of(401, "")]).await;
    let client = client(&server, Some(true));
    let issue = key("SUP-2");
    let questions = [client.marks(&issue), client.marks(&issue), client.marks(&issue)];
    for answer in futures_util::future::join_all(questions).await {
        assert_eq!(answer.unwrap_err().kind(), "unauthorized");
    }
    assert_eq!(client.comment(&issue, "x", "m").await.unwrap_err().kind(), "unauthorized");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn refused_fields_are_told_only_where_nothing_else_is_wrong() {
    let rejected = |reasons: &[&str]| ApiError::Rejected {
        service: SERVICE,
        status: 400,
        reasons: reasons.iter().copied().map(str::to_owned).collect(),
    };
    for (error, expected) in [
        (rejected(&["priority: Field 'priority' cannot be set."]), vec!["priority"]),
        (rejected(&["priority: no", "reporter: no: never"]), vec!["priority", "reporter"]),
        (rejected(&["customfield_10010: Name is required."]), vec!["customfield_10010"]),
        (rejected(&["priority: no", "The project is archived."]), vec![]),
        (rejected(&["Sorry, but: no", "priority: no"]), vec![]),
        (rejected(&["priority:no"]), vec![]),
        (rejected(&[]), vec![]),
        (ApiError::Forbidden { service: SERVICE }, vec![]),
    ] {
        assert_eq!(rejected_fields(&error), expected, "{error:?}");
    }
}
