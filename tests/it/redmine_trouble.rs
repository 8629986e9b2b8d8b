//! A Redmine that is slow, gone, or answers nonsense: each failure has its sentence, nothing that
//! may have happened is repeated, and the sentence is true.

use std::time::{Duration, Instant};

use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::{Setup, TestApp, eventually, flows};

async fn app() -> TestApp {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    app
}

/// Types a command into a Redmine that hangs: what is read after 2.5 s, and 15 s later.
async fn against_a_wall(app: &TestApp, text: &str, at: &str) -> [String; 2] {
    let before = app.calls().len();
    app.redmine().fault(FaultRule::from(Fault::Hang).at(at));
    let (acknowledged, ()) = tokio::join!(app.slash("alice", text), async {
        let hangs = || app.calls()[before..].iter().any(|call| call.status.is_none());
        eventually("a call that hangs", hangs).await;
        app.advance(Duration::from_millis(2_500)).await;
    });
    app.advance(Duration::from_millis(12_600)).await;
    let late = app.late_answers(1).await.remove(0);
    [acknowledged, late]
}

#[tokio::test]
async fn a_slow_answer_is_acknowledged_in_time_and_delivered_once() {
    let app = app().await;
    app.redmine()
        .fault(FaultRule::from(Fault::Slow(Duration::from_secs(4))).at("GET /issues.json"));
    let before = app.calls().len();
    let start = Instant::now();
    assert_eq!(app.slash("alice", "list").await, app.say("alice", "answer-follows", &[]));
    let took = start.elapsed();
    assert!((2_400..3_200).contains(&took.as_millis()), "{took:?}");
    let late = app.late_answers(1).await.remove(0);
    assert!(late.contains(&app.titled(5, "Helpdesk request 5")), "{late}");
    let lists = app.calls().split_off(before);
    assert_eq!(lists.iter().filter(|call| call.target.starts_with("/issues.json")).count(), 1);
    assert_eq!(app.mattermost.delayed()[0].user_id, ticketd::sandbox::Mattermost::user_id("alice"));
}

#[tokio::test]
async fn each_failure_of_a_read_has_its_sentence() {
    let app = app().await;
    let issue = || app.say("alice", "redmine-issue-forbidden", &[("issue", app.link(1).into())]);
    let project = |key: &str| app.say("alice", key, &[("project", "helpdesk".into())]);
    let plain = |key: &str| app.say("alice", key, &[]);
    for (text, fault, sentence) in [
        ("list", Fault::Status(401), plain("redmine-key-revoked")),
        ("list", Fault::Status(403), plain("redmine-forbidden")),
        ("list helpdesk", Fault::Status(403), project("redmine-project-forbidden")),
        ("issue 1", Fault::Status(403), issue()),
        ("list", Fault::Status(404), plain("redmine-not-redmine")),
        ("list helpdesk", Fault::Status(404), project("redmine-project-unknown")),
        ("list", Fault::Status(302), plain("redmine-not-redmine")),
        ("list", Fault::Status(422), plain("redmine-rejected-silently")),
        ("list", Fault::Status(429), plain("redmine-rate-limited")),
        ("list", Fault::Status(500), plain("redmine-down")),
        ("list", Fault::Status(503), plain("redmine-down")),
        ("list", Fault::HtmlOk, plain("redmine-not-redmine")),
        ("list", Fault::Oversized, plain("redmine-not-redmine")),
        ("list", Fault::BrokenJson, plain("redmine-not-redmine")),
        ("list", Fault::CutConnection, plain("redmine-down")),
    ] {
        app.redmine().fault(FaultRule::from(fault).at("/issues"));
        assert_eq!(app.slash("alice", text).await, sentence, "{text}: {fault:?}");
        app.redmine().clear_faults();
    }
    assert!(app.slash("alice", "list").await.contains("Helpdesk request 1"), "and it recovers");
}

#[tokio::test]
async fn a_connection_that_breaks_once_is_not_noticed_by_a_read() {
    let app = app().await;
    app.redmine().fault(FaultRule::from(Fault::CutConnection).at("GET /issues.json").times(1));
    assert!(app.slash("alice", "list").await.contains("Helpdesk request 1"));
}

#[tokio::test]
async fn a_redmine_that_is_gone_changes_nothing() {
    let mut app = app().await;
    app.stop_redmine().await;
    for text in ["me", "list", "create helpdesk Lost", "comment 1 Lost", "close 1"] {
        assert_eq!(app.slash("alice", text).await, app.say("alice", "redmine-down", &[]), "{text}");
    }
}

#[tokio::test]
async fn a_read_that_hangs_is_given_up() {
    let app = Setup::new().movable_time().start().await;
    app.sign_in("alice", "alice").await;
    let said = against_a_wall(&app, "list", "GET /issues").await;
    assert_eq!(said, ["answer-follows", "redmine-down"].map(|key| app.say("alice", key, &[])));
}

#[tokio::test]
async fn a_write_that_hangs_is_not_repeated() {
    for (text, at) in [
        ("create helpdesk Once", "POST /issues"),
        ("comment 1 Once", "PUT /issues"),
        ("close 1 Once", "PUT /issues"),
    ] {
        let app = Setup::new().movable_time().start().await;
        app.sign_in("alice", "alice").await;
        let said = against_a_wall(&app, text, at).await;
        assert_eq!(
            said,
            ["answer-follows", "redmine-unclear"].map(|key| app.say("alice", key, &[]))
        );
        assert_eq!(app.writes().len(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_create_happens_once_and_what_is_said_of_it_is_true() {
    let app = app().await;
    let plain = |key: &str| app.say("alice", key, &[]);
    let project = |key: &str| app.say("alice", key, &[("project", "helpdesk".into())]);
    for (fault, sentence) in [
        (Fault::CutAfterCommit, None),
        (Fault::BrokenJson, None),
        (Fault::CutConnection, Some(plain("redmine-unclear"))),
        (Fault::Status(500), Some(plain("redmine-unclear"))),
        (Fault::Status(502), Some(plain("redmine-unclear"))),
        (Fault::HtmlOk, Some(plain("redmine-unclear"))),
        (Fault::Oversized, Some(plain("redmine-unclear"))),
        (Fault::Status(401), Some(plain("redmine-key-revoked"))),
        (Fault::Status(403), Some(project("redmine-project-forbidden"))),
        (Fault::Status(404), Some(project("redmine-project-unknown"))),
        (Fault::Status(422), Some(plain("redmine-rejected-silently"))),
        (Fault::Status(429), Some(plain("redmine-rate-limited"))),
    ] {
        let (_, before) = app.newest().await;
        let tries = app.writes().len();
        app.redmine().fault(FaultRule::from(fault).at("POST /issues").times(1));
        let subject = format!("After {fault:?}").replace(['(', ')'], " ");
        let text = app.slash("alice", &format!("create helpdesk {subject}")).await;
        app.redmine().clear_faults();
        let (newest, after) = app.newest().await;
        assert_eq!(app.writes().len(), tries + 1, "{fault:?}");
        let made = u64::from(sentence.is_none());
        assert_eq!(after, before + made, "{fault:?}");
        let sentence = sentence.unwrap_or_else(|| {
            let link = app.titled(newest["id"].as_u64().unwrap(), &subject);
            app.say("alice", "redmine-create-unclear", &[("issue", link.into())])
        });
        assert_eq!(text, sentence, "{fault:?}");
    }
}

#[tokio::test]
async fn a_close_and_a_note_happen_once_and_what_is_said_of_them_is_true() {
    let app = app().await;
    let unclear = app.say("alice", "redmine-unclear", &[]);
    let link = |id: u64| app.titled(id, &format!("Helpdesk request {id}"));
    let status = |key: &str, id: u64, status: &str| {
        app.say("alice", key, &[("issue", link(id).into()), ("status", status.into())])
    };
    let noted = |key: &str, id: u64| app.say("alice", key, &[("issue", link(id).into())]);
    // The issue, the command, the fault of the write, what is said; whether it was closed, noted.
    for (id, text, fault, sentence, closed, notes) in [
        (1, "close 1 x", Fault::CutAfterCommit, status("redmine-closed", 1, "Closed"), true, 1),
        (2, "close 2 x", Fault::CutConnection, unclear.clone(), false, 0),
        (2, "close 2 x", Fault::Status(500), unclear.clone(), false, 0),
        // What Redmine says when it ignores something.
        (2, "close 2 x", Fault::Status(204), status("redmine-not-closed", 2, "New"), false, 0),
        (3, "comment 3 x", Fault::CutAfterCommit, noted("redmine-commented", 3), false, 1),
        (4, "comment 4 x", Fault::CutConnection, unclear.clone(), false, 0),
        (4, "comment 4 x", Fault::Status(204), noted("redmine-not-commented", 4), false, 0),
        (4, "close 4 x", Fault::BrokenJson, status("redmine-closed", 4, "Closed"), true, 1),
    ] {
        let tries = app.writes().len();
        app.redmine().fault(FaultRule::from(fault).at("PUT /issues").times(1));
        assert_eq!(app.slash("alice", text).await, sentence, "{text} {fault:?}");
        app.redmine().clear_faults();
        assert_eq!(app.writes().len(), tries + 1, "{text} {fault:?}");
        let (issue, found) = app.issue(id).await;
        assert_eq!(issue["status"]["name"] == "Closed", closed, "{text} {fault:?}");
        assert_eq!(found.len(), notes, "{text} {fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_cannot_be_looked_at_is_not_called_undone() {
    let app = app().await;
    for (text, fault) in [
        ("close 1", Fault::Status(500)),
        ("close 2 x", Fault::CutConnection),
        ("comment 3 x", Fault::Status(429)),
        ("comment 4 x", Fault::HtmlOk),
        ("close 5", Fault::Status(403)),
    ] {
        // The look before the write passes, the one after it fails.
        let passes = FaultRule::from(Fault::Slow(Duration::ZERO)).at("GET /issues/").times(1);
        app.redmine().fault(passes);
        app.redmine().fault(FaultRule::from(fault).at("GET /issues/"));
        let said = app.slash("alice", text).await;
        assert_eq!(said, app.say("alice", "redmine-unclear", &[]), "{text} {fault:?}");
        app.redmine().clear_faults();
    }
    assert_eq!(app.writes().len(), 5);
}

#[tokio::test]
async fn a_revoked_key_is_told_and_nobody_reads_as_anonymous() {
    // Redmine answers most of these as it answers anybody: the issues are public.
    const COMMANDS: [&str; 9] = [
        "list",
        "list mine",
        "issue 1",
        "search request",
        "projects",
        "close 1",
        "comment 1 x",
        "create helpdesk x",
        "me",
    ];
    // A minute after the last good word on the key, or as soon as one command is refused.
    for (first, wait) in [("list", 61), ("me", 0), ("comment 1 x", 0)] {
        let app = Setup::new().movable_time().start().await;
        flows::everybody_signs_in(&app).await;
        app.redmine().revoke("alice");
        app.advance(Duration::from_secs(wait)).await;
        let revoked = app.say("alice", "redmine-key-revoked", &[]);
        for text in [first].into_iter().chain(COMMANDS) {
            assert_eq!(app.slash("alice", text).await, revoked, "{text} after {first}");
        }
        assert!(app.slash("carol", "list").await.contains("Helpdesk request 1"));
    }
}

#[tokio::test]
async fn a_late_answer_is_delivered_again_only_if_it_surely_did_not_arrive() {
    for (fault, calls) in [(Fault::Status(429), 2), (Fault::CutAfterCommit, 1)] {
        let app = Setup::new().movable_time().start().await;
        app.sign_in("alice", "alice").await;
        app.mattermost.fault(FaultRule::from(fault).at("/hooks/").times(1));
        app.redmine().fault(FaultRule::from(Fault::Slow(Duration::from_secs(4))).at("/issues"));
        let (said, ()) = tokio::join!(app.slash("alice", "list"), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            app.advance(Duration::from_millis(2_500)).await;
        });
        assert_eq!(said, app.say("alice", "answer-follows", &[]));
        app.advance(Duration::from_secs(2)).await;
        let hooks = || {
            let calls = app.mattermost.ledger();
            calls.iter().filter(|call| call.target.starts_with("/hooks/")).count()
        };
        eventually("the first delivery", || hooks() > 0).await;
        app.advance(Duration::from_secs(5)).await;
        app.late_answers(1).await;
        assert_eq!(hooks(), calls, "{fault:?}");
    }
}
