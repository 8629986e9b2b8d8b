//! The flows of `/redmine` against a real Redmine, which `redmine/up.sh` brings up from the seed,
//! in the very bytes that real Mattermost servers sent; and the mail road on a real mail server,
//! which `cyrus/up.sh` brings up. Where the machine cannot have one of them, a line says what was
//! not run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what is wrong by failing, and what it left out in words"
)]

mod cut;
mod cyrus;
mod desk;
mod fuzz;
#[path = "../harness/mod.rs"]
mod harness;
mod lmtp;
mod mail;
mod mail_input;
mod office;
mod redmine;
mod sink;

use harness::{Setup, TestApp, VERSIONS, Version, filing, flows};
use redmine::Redmine;
use ticketd::sandbox::Redmine as StandIn;

/// One server keeps one database: the flows run in one test, one after the other.
#[tokio::test]
async fn every_flow_holds_against_a_real_redmine() {
    let Some(redmine) = Redmine::up() else { return };
    for version in VERSIONS {
        let setup = Setup::new().redmine(redmine.url.clone()).version(Version::Recorded(version));
        let app = setup.start().await;
        println!("commands in the bytes of Mattermost {version}");
        flows::signing_in(&app).await;
        flows::everybody_signs_in(&app).await;
        flows::listing(&app).await;
        flows::looking_around(&app).await;
        flows::creating(&app).await;
        flows::commenting(&app).await;
        flows::closing(&app).await;
    }
    let app = Setup::new().redmine(redmine.url.clone()).start().await;
    the_form_signs_in(&app).await;
    a_hundred_commands_are_answered(&app).await;
    desk::holds(&redmine).await;
    let post = filing::filing(Some(redmine.url.clone())).start().await;
    filing::a_mail_goes_there_and_back(&post).await;
    filing::a_ticket_goes_there_and_back(&post).await;
    drop(post);
    a_changed_key_is_told(&app, &redmine).await;
}

async fn the_form_signs_in(app: &TestApp) {
    let dialog = app.open_form("alice").await;
    let wrong = app.submit("alice", &dialog, "alice", &"f".repeat(40)).await;
    assert_eq!(wrong, app.refused("alice", "redmine-wrong-key"));
    app.submit("alice", &dialog, "alice", StandIn::user_key("alice")).await;
    let named = [("name", "Alice Archer".into()), ("login", "alice".into())];
    assert_eq!(app.late_answers(1).await, [app.say("alice", "redmine-logged-in", &named)]);
}

/// This Redmine answers one request at a time: whoever comes too late for the answer itself reads
/// it in a moment.
async fn a_hundred_commands_are_answered(app: &TestApp) {
    let texts = (0..100).map(|_| app.slash("alice", "me"));
    let texts = futures_util::future::join_all(texts).await;
    let busy = app.say("alice", "redmine-busy", &[("count", 8.into())]);
    let ran = texts.iter().filter(|text| **text != busy).count();
    assert!((8..100).contains(&ran), "{ran}");
    let follows = app.say("alice", "answer-follows", &[]);
    let late = texts.iter().filter(|text| **text == follows).count();
    app.late_answers(1 + late).await;
}

/// The key is reset in Redmine while its owner is signed in.
async fn a_changed_key_is_told(app: &TestApp, redmine: &Redmine) {
    app.sign_in("alice", "alice").await;
    redmine.change_key(StandIn::user_key("alice"), &"c3".repeat(20));
    let revoked = app.say("alice", "redmine-key-revoked", &[]);
    for text in ["me", "list", "issue 1", "search request", "create helpdesk x", "comment 1 x"] {
        assert_eq!(app.slash("alice", text).await, revoked, "{text}");
    }
    let text = app.slash("alice", &format!("login alice {}", "c3".repeat(20))).await;
    let named = [("name", "Alice Archer".into()), ("login", "alice".into())];
    assert_eq!(text, app.say("alice", "redmine-logged-in", &named));
}
