//! What goes wrong, sorted for whoever has to act: nothing is written twice by the client, and a
//! write that may have happened is never called a failure.

use std::time::Duration;

use jiff::Timestamp;

use super::{Say, Stand, desk_within, id};
use crate::{
    clients::ApiError,
    model::{ids::ProjectRef, redmine_desk::NewRedmineIssue},
};

const JSON: &str = "Content-Type: application/json\r\n";

/// The answer, what a read makes of it, what a write with an answer, and what one without words.
fn table() -> Vec<(Say, &'static str, &'static str, &'static str)> {
    let same = |word| (word, word, word);
    let outage = ("unavailable", "ambiguous", "ambiguous");
    let unlike = |update| ("malformed", "ambiguous", update);
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(5 * 1024 * 1024));
    let words = r#"{"errors":["Project cannot be blank"]}"#;
    [
        (Say::status(401, "", ""), same("unauthorized")),
        (Say::status(403, JSON, ""), same("forbidden")),
        (Say::status(404, JSON, ""), same("not_found")),
        (Say::status(422, JSON, words), same("rejected")),
        (Say::status(429, "Retry-After: 2\r\n", ""), same("rate_limited")),
        (Say::status(500, "", "secret words"), outage),
        (Say::status(503, "", ""), outage),
        (Say::status(200, "Content-Type: text/html\r\n", "<html>"), unlike("ambiguous")),
        (Say::status(302, "Location: /login\r\n", ""), ("malformed", "malformed", "malformed")),
        // An update has no words, so broken ones are no matter.
        (Say::status(200, JSON, r#"{"issue":{"id":"#), unlike("ok")),
        (Say::status(200, JSON, r#"{"issue":{"id":"x"}}"#), unlike("ok")),
        (Say::status(200, JSON, &large), unlike("ambiguous")),
        (Say::Hang, outage),
        (Say::Cut, outage),
    ]
    .map(|(say, (read, write, update))| (say, read, write, update))
    .into()
}

#[tokio::test]
async fn each_failure_has_its_own_meaning_for_reads_and_for_writes() {
    let limit = Duration::from_millis(1_500);
    let project = ProjectRef::parse("helpdesk").unwrap();
    let new = NewRedmineIssue {
        project: &project,
        tracker: None,
        priority: None,
        subject: "s",
        description: "",
    };
    let word = |outcome: Result<(), ApiError>| outcome.err().map_or("ok", |error| error.kind());
    for (say, read, write, update) in table() {
        let shown = format!("{say:?}").chars().take(120).collect::<String>();
        let server = Stand::by(move |_| say.clone()).await;
        let desk = desk_within(&server.url, limit);
        assert_eq!(word(desk.thread(id(1)).await.map(drop)), read, "{shown}");
        assert_eq!(word(desk.own_newest().await.map(drop)), read, "{shown}");
        let before = server.all().len();
        assert_eq!(word(desk.create(&new).await.map(drop)), write, "{shown}");
        assert_eq!(word(desk.note(id(1), "x").await), update, "{shown}");
        assert_eq!(word(desk.watch(id(1), 7).await), update, "{shown}");
        assert_eq!(server.all().len(), before + 3, "{shown}: written twice");
    }
}

#[tokio::test]
async fn a_refusal_keeps_redmines_words_and_nothing_else_does() {
    for (say, expected) in [
        (
            Say::status(422, JSON, r#"{"errors":["Subject cannot be blank"]}"#),
            ApiError::Rejected {
                service: "redmine",
                status: 422,
                reasons: vec!["Subject cannot be blank".to_owned()],
            },
        ),
        (
            Say::status(429, "Retry-After: 2\r\n", ""),
            ApiError::RateLimited { service: "redmine", after: Some(Duration::from_secs(2)) },
        ),
        (
            Say::status(500, "", "planted"),
            ApiError::Ambiguous { service: "redmine", cause: "status 500".to_owned() },
        ),
    ] {
        let server = Stand::by(move |_| say.clone()).await;
        let desk = desk_within(&server.url, Duration::from_secs(5));
        assert_eq!(desk.note(id(1), "planted").await, Err(expected));
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_written() {
    let server = Stand::by(|_| Say::Cut).await;
    let url = server.url.clone();
    drop(server);
    tokio::task::yield_now().await;
    let desk = desk_within(&url, Duration::from_secs(2));
    assert_eq!(desk.note(id(1), "x").await.unwrap_err().kind(), "unavailable");
    let since = desk.updated_since(Timestamp::UNIX_EPOCH, 0).await;
    assert_eq!(since.unwrap_err().kind(), "unavailable");
}
