//! Everybody reads their own language, which Mattermost is asked for once.

use ticketd::locale::Locale;
use ticketd::sandbox::{Fault, Mattermost, Redmine, SubmitResult};

use crate::harness::{Setup, TestApp};

fn lookups(app: &TestApp) -> usize {
    let calls = app.mattermost.ledger();
    calls.iter().filter(|call| call.target.starts_with("/api/v4/users/")).count()
}

fn configured(locale: Locale) -> Setup {
    Setup::new().config(move |config| config.mattermost.locale = locale)
}

#[tokio::test]
async fn each_reads_their_own_and_is_looked_up_once() {
    let app = TestApp::start().await;
    for (user, locale) in [("alice", Locale::En), ("bob", Locale::Ko), ("carol", Locale::Fr)] {
        let before = lookups(&app);
        for _ in 0..3 {
            assert_eq!(app.slash(user, "help").await, app.say_in(locale, "redmine-help", &[]));
            assert_eq!(app.slash(user, "me").await, app.say_in(locale, "redmine-no-login", &[]));
        }
        assert_eq!(lookups(&app), before + 1, "{user}");
    }
    let texts = Locale::ALL.map(|locale| app.say_in(locale, "redmine-no-login", &[]));
    assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[2] != texts[0]);
}

#[tokio::test]
async fn a_form_speaks_the_language_and_fits_the_screen() {
    let app = TestApp::start().await;
    for user in ["alice", "bob", "carol"] {
        let dialog = app.open_form(user).await;
        assert_eq!(dialog.dialog["title"], app.say(user, "redmine-form-title", &[]));
        let wrong = app.submit(user, &dialog, "bob", &"f".repeat(40)).await;
        assert_eq!(wrong, app.refused(user, "redmine-wrong-key"));
        let right = app.submit(user, &dialog, "bob", Redmine::user_key("bob")).await;
        assert_eq!(right, SubmitResult::Closed);
    }
    let named = [("name", "Bob Baker".into()), ("login", "bob".into())];
    let said = ["alice", "bob", "carol"].map(|user| app.say(user, "redmine-logged-in", &named));
    assert_eq!(app.late_answers(3).await, said);
}

#[tokio::test]
async fn a_language_that_we_do_not_speak_is_the_configured_one() {
    let app = configured(Locale::Ko).start().await;
    for (tag, locale) in [("pt-BR", Locale::Ko), ("", Locale::Ko), ("fr-CA", Locale::Fr)] {
        let app = match locale {
            Locale::Ko => &app,
            _ => &configured(Locale::Ko).start().await,
        };
        app.mattermost.set_locale(Mattermost::user_id("alice"), tag);
        assert_eq!(
            app.slash("alice", "help").await,
            app.say_in(locale, "redmine-help", &[]),
            "{tag}"
        );
    }
}

#[tokio::test]
async fn without_mattermost_everybody_reads_the_configured_language() {
    for fault in [Fault::Status(500), Fault::CutConnection, Fault::HtmlOk, Fault::Hang] {
        let app = configured(Locale::Fr).start().await;
        app.mattermost.fault(fault);
        for _ in 0..2 {
            let text = app.slash("alice", "help").await;
            assert_eq!(text, app.say_in(Locale::Fr, "redmine-help", &[]), "{fault:?}");
        }
        // A broken connection is tried twice; the second command does not ask again.
        assert!(lookups(&app) <= 2, "{fault:?}");
        app.mattermost.clear_faults();
    }
    let setup = Setup::new().config(|config| {
        config.mattermost.bot_token = None;
        config.mattermost.locale = Locale::Ko;
    });
    let app = setup.start().await;
    assert_eq!(app.slash("carol", "help").await, app.say_in(Locale::Ko, "redmine-help", &[]));
    assert_eq!(app.mattermost.ledger(), []);
}
