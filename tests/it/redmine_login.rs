//! Signing in with a key in the command, and out again.

use ticketd::sandbox::{Fault, Redmine};

use crate::harness::{Setup, TestApp, flows};

#[tokio::test]
async fn signing_in() {
    flows::signing_in(&TestApp::start().await).await;
}

#[tokio::test]
async fn a_login_outlives_a_restart() {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    assert_eq!(app.slash("bob", "logout").await, app.say("bob", "redmine-logged-out", &[]));
    let app = Setup::new().home(app.stop()).start().await;
    let me = [("name", "Alice Archer".into()), ("login", "alice".into()), ("id", "6".into())];
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-me", &me));
    assert_eq!(app.slash("bob", "me").await, app.say("bob", "redmine-no-login", &[]));
}

#[tokio::test]
async fn a_second_login_takes_the_place_of_the_first() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.sign_in("alice", "bot").await;
    let me = [("name", "Help Bot".into()), ("login", "bot".into()), ("id", "5".into())];
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-me", &me));
    // A refused one leaves it as it is.
    let text = app.slash("alice", &format!("login alice {}", "f".repeat(40))).await;
    assert_eq!(text, app.say("alice", "redmine-wrong-key", &[]));
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-me", &me));
}

#[tokio::test]
async fn a_key_that_is_none_is_not_even_asked_about() {
    let app = TestApp::start().await;
    let (huge, header) = ("a".repeat(10_240), "abcdefghijklmnop%0d%0ax");
    for (id, key, sentence) in [
        ("alice", &*huge, "redmine-bad-key"),
        ("alice", "short", "redmine-bad-key"),
        ("alice", header, "redmine-bad-key"),
        ("alice", "ключключключключ", "redmine-bad-key"),
        (&*"a".repeat(300), Redmine::user_key("alice"), "redmine-bad-login"),
    ] {
        let text = app.slash("alice", &format!("login {id} {key}")).await;
        assert_eq!(text, app.say("alice", sentence, &[]), "{key:.20}");
    }
    assert_eq!(app.calls(), []);
}

#[tokio::test]
async fn signing_in_fails_in_words_and_leaves_nobody_signed_in() {
    let app = TestApp::start().await;
    let typed = format!("login alice {}", Redmine::user_key("alice"));
    for (fault, sentence) in [
        (Fault::HtmlOk, "redmine-not-redmine"),
        (Fault::BrokenJson, "redmine-not-redmine"),
        (Fault::Oversized, "redmine-not-redmine"),
        (Fault::CutConnection, "redmine-down"),
        (Fault::Status(500), "redmine-down"),
        (Fault::Status(403), "redmine-rest-off"),
        (Fault::Status(429), "redmine-rate-limited"),
    ] {
        app.redmine().fault(fault);
        assert_eq!(app.slash("alice", &typed).await, app.say("alice", sentence, &[]), "{fault:?}");
        app.redmine().clear_faults();
        assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-no-login", &[]));
    }
}

#[tokio::test]
async fn signing_out_works_while_redmine_is_down() {
    let mut app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.stop_redmine().await;
    assert_eq!(app.slash("alice", "logout").await, app.say("alice", "redmine-logged-out", &[]));
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-no-login", &[]));
}
