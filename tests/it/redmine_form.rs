//! Signing in through a form: nothing in what Mattermost posts is signed, so anybody may try.

use std::time::Duration;

use serde_json::json;
use ticketd::sandbox::{Fault, FaultRule, OpenedDialog, Redmine, SubmitResult};

use crate::harness::{Setup, TestApp};

fn key(login: &str) -> &'static str {
    Redmine::user_key(login)
}

async fn assert_nobody_is_in(app: &TestApp) {
    for user in ["alice", "bob"] {
        assert_eq!(app.slash(user, "me").await, app.say(user, "redmine-no-login", &[]));
    }
}

#[tokio::test]
async fn a_form_hides_the_key_and_confirms_in_the_chat() {
    let app = TestApp::start().await;
    let dialog = app.open_form("alice").await;
    let elements = dialog.dialog["elements"].as_array().unwrap();
    let password = elements.iter().find(|element| element["name"] == "api_key").unwrap();
    assert_eq!((&password["type"], &password["subtype"]), (&json!("text"), &json!("password")));
    assert_eq!(app.submit("alice", &dialog, "alice", key("alice")).await, SubmitResult::Closed);
    let named = [("name", "Alice Archer".into()), ("login", "alice".into())];
    let confirmation = app.say("alice", "redmine-logged-in", &named);
    assert_eq!(app.late_answers(1).await, [confirmation]);
    let me = [("name", "Alice Archer".into()), ("login", "alice".into()), ("id", "6".into())];
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-me", &me));
}

#[tokio::test]
async fn a_mistake_keeps_the_form_open() {
    let app = TestApp::start().await;
    let dialog = app.open_form("alice").await;
    let field = |name: &str, sentence: &str| SubmitResult::Refused {
        error: String::new(),
        errors: [(name.to_owned(), app.say("alice", sentence, &[]))].into(),
    };
    for (login, given, result) in [
        ("alice", "f".repeat(40), app.refused("alice", "redmine-wrong-key")),
        ("bob", key("alice").to_owned(), app.refused("alice", "redmine-not-that-user")),
        ("alice", "short".to_owned(), field("api_key", "redmine-bad-key")),
        ("alice", "a".repeat(10_240), field("api_key", "redmine-bad-key")),
        (" ", key("alice").to_owned(), field("login", "redmine-bad-login")),
    ] {
        assert_eq!(app.submit("alice", &dialog, login, &given).await, result, "{login}");
    }
    let empty = app.mattermost.submit_dialog("alice", &dialog, json!(null)).await;
    assert_eq!(empty, field("login", "redmine-bad-login"));
    assert_nobody_is_in(&app).await;
    assert_eq!(app.submit("alice", &dialog, "alice", key("alice")).await, SubmitResult::Closed);
}

#[tokio::test]
async fn a_forged_form_is_worth_nothing() {
    let app = TestApp::start().await;
    let dialog = app.open_form("alice").await;
    let expired = |user: &str| app.refused(user, "redmine-form-expired");
    let forged = |change: fn(&mut OpenedDialog)| {
        let mut dialog = dialog.clone();
        change(&mut dialog);
        dialog
    };
    let guessed_url = forged(|dialog| {
        let cut = dialog.url.rfind('/').unwrap() + 1;
        dialog.url.replace_range(cut.., &"0".repeat(32));
    });
    let guessed_state = forged(|dialog| dialog.dialog["state"] = json!("0".repeat(32)));
    let no_state = forged(|dialog| dialog.dialog["state"] = json!(""));
    let before = app.calls().len();
    for (user, dialog, result) in [
        ("alice", &guessed_url, expired("alice")),
        // Whoever guesses is not looked up: the configured language.
        ("bob", &guessed_url, expired("alice")),
        ("alice", &guessed_state, expired("alice")),
        ("alice", &no_state, expired("alice")),
        ("bob", &no_state, expired("bob")),
        // bob hands in what alice was asked.
        ("bob", &dialog, expired("bob")),
    ] {
        assert_eq!(app.submit(user, dialog, "bob", key("bob")).await, result, "{user} {dialog:?}");
    }
    assert_eq!(app.mattermost.cancel_dialog("bob", &dialog).await, expired("bob"));
    assert_eq!(app.calls().len(), before, "Redmine hears of none of it");
    assert_nobody_is_in(&app).await;
    assert_eq!(app.submit("alice", &dialog, "alice", key("alice")).await, SubmitResult::Closed);
    app.late_answers(1).await;
}

#[tokio::test]
async fn a_form_is_used_once() {
    let app = TestApp::start().await;
    let expired = app.refused("alice", "redmine-form-expired");
    let older = app.open_form("alice").await;
    let dialog = app.open_form("alice").await;
    assert_eq!(app.submit("alice", &older, "alice", key("alice")).await, expired);
    assert_eq!(app.submit("alice", &dialog, "alice", key("alice")).await, SubmitResult::Closed);
    assert_eq!(app.submit("alice", &dialog, "bob", key("bob")).await, expired);
    app.late_answers(1).await;
    assert_eq!(app.slash("alice", "logout").await, app.say("alice", "redmine-logged-out", &[]));
    assert_eq!(app.submit("alice", &dialog, "alice", key("alice")).await, expired);
}

#[tokio::test]
async fn a_cancelled_form_is_gone() {
    let app = TestApp::start().await;
    let dialog = app.open_form("alice").await;
    assert_eq!(app.mattermost.cancel_dialog("alice", &dialog).await, SubmitResult::Closed);
    let again = app.submit("alice", &dialog, "alice", key("alice")).await;
    assert_eq!(again, app.refused("alice", "redmine-form-expired"));
    assert_nobody_is_in(&app).await;
}

#[tokio::test]
async fn a_form_lives_ten_minutes() {
    let app = Setup::new().movable_time().start().await;
    let dialog = app.open_form("alice").await;
    app.advance(Duration::from_secs(599)).await;
    let wrong = app.submit("alice", &dialog, "alice", &"f".repeat(40)).await;
    assert_eq!(wrong, app.refused("alice", "redmine-wrong-key"));
    app.advance(Duration::from_secs(2)).await;
    let late = app.submit("alice", &dialog, "alice", key("alice")).await;
    assert_eq!(late, app.refused("alice", "redmine-form-expired"));
    assert_nobody_is_in(&app).await;
}

#[tokio::test]
async fn redmines_trouble_is_told_in_the_form() {
    let app = TestApp::start().await;
    let dialog = app.open_form("alice").await;
    for (fault, sentence) in [
        (Fault::HtmlOk, "redmine-not-redmine"),
        (Fault::Status(502), "redmine-down"),
        (Fault::Status(403), "redmine-rest-off"),
    ] {
        app.redmine().fault(FaultRule::from(fault).times(1));
        let told = app.submit("alice", &dialog, "alice", key("alice")).await;
        assert_eq!(told, app.refused("alice", sentence), "{fault:?}");
    }
}

#[tokio::test]
async fn a_form_that_cannot_be_opened_says_so() {
    let app = TestApp::start().await;
    let failed = app.say("alice", "redmine-form-failed", &[]);
    for fault in [Fault::Status(400), Fault::Status(500), Fault::CutConnection, Fault::Hang] {
        app.mattermost.fault(FaultRule::from(fault).at("dialogs/open"));
        let text = app.slash("alice", "login").await;
        if fault == Fault::Hang {
            assert_eq!(text, app.say("alice", "answer-follows", &[]));
            assert_eq!(app.late_answers(1).await, [&*failed]);
        } else {
            assert_eq!(text, failed, "{fault:?}");
        }
        app.mattermost.clear_faults();
    }
    let app = Setup::new().config(|config| config.http.public_url = None).start().await;
    assert_eq!(app.slash("alice", "login").await, app.say("alice", "redmine-no-form", &[]));
}
