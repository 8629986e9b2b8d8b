//! Many at once: sessions do not mix, and one person's flood is that person's affair.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::{Setup, TestApp, flows};

#[tokio::test]
async fn sessions_do_not_mix() {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    let people = [("alice", "Alice Archer", "alice", "6"), ("bob", "Bob Baker", "bob", "7")];
    let asked = (0..60).map(|n| {
        let (user, name, login, id) = people[n % 2];
        let app = &app;
        async move {
            let me = [("name", name.into()), ("login", login.into()), ("id", id.into())];
            let (text, busy) = (app.slash(user, "me").await, [("count", 8.into())]);
            let answers = [app.say(user, "redmine-me", &me), app.say(user, "redmine-busy", &busy)];
            assert!(answers.contains(&text), "{user}: {text}");
        }
    });
    join_all(asked).await;
    for call in app.calls() {
        assert!(call.login.is_some() && call.status == Some(200), "{call:?}");
    }
}

#[tokio::test]
async fn a_logout_beats_a_login_that_is_still_under_way() {
    let app = TestApp::start().await;
    let form = app.open_form("alice").await;
    app.redmine().fault(FaultRule::from(Fault::Slow(Duration::from_secs(1))));
    let key = ticketd::sandbox::Redmine::user_key("alice");
    let typed = format!("login alice {key}");
    let (typed, submitted, logged_out) =
        tokio::join!(app.slash("alice", &typed), app.submit("alice", &form, "alice", key), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            app.slash("alice", "logout").await
        });
    assert_eq!(logged_out, app.say("alice", "redmine-was-logged-out", &[]));
    assert_eq!(typed, app.say("alice", "redmine-signed-out-meanwhile", &[]));
    assert_eq!(submitted, app.refused("alice", "redmine-signed-out-meanwhile"));
    assert_eq!(app.slash("alice", "me").await, app.say("alice", "redmine-no-login", &[]));
}

#[tokio::test]
async fn a_hundred_commands_of_one_person_are_answered_at_once_and_eight_run() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    let before = app.calls().len();
    app.redmine().fault(Fault::Slow(Duration::from_millis(500)));
    let start = Instant::now();
    let texts = join_all((0..100).map(|_| app.slash("alice", "me"))).await;
    assert!(start.elapsed() < Duration::from_millis(2_500), "{:?}", start.elapsed());
    let busy = app.say("alice", "redmine-busy", &[("count", 8.into())]);
    let me = [("name", "Alice Archer".into()), ("login", "alice".into()), ("id", "6".into())];
    let me = app.say("alice", "redmine-me", &me);
    let count = |wanted: &String| texts.iter().filter(|text| *text == wanted).count();
    assert_eq!((count(&me), count(&busy)), (8, 92));
    assert_eq!(app.calls().len(), before + 8);
}

#[tokio::test]
async fn who_types_too_fast_waits_and_nobody_else_does() {
    let setup = Setup::new().config(|config| {
        config.limits.per_user_per_minute = 5.try_into().unwrap();
    });
    let app = setup.start().await;
    let form = app.open_form("alice").await;
    for _ in 0..4 {
        assert_eq!(app.slash("alice", "help").await, app.say("alice", "redmine-help", &[]));
    }
    let too_fast = app.say("alice", "too-fast", &[]);
    assert_eq!(app.slash("alice", "help").await, too_fast);
    let key = ticketd::sandbox::Redmine::user_key("alice");
    assert_eq!(app.submit("alice", &form, "alice", key).await, app.refused("alice", "too-fast"));
    assert_eq!(app.calls(), []);
    assert_eq!(app.slash("bob", "help").await, app.say("bob", "redmine-help", &[]));
}

#[tokio::test]
async fn one_signs_in_while_another_fills_every_place() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.redmine().fault(FaultRule::from(Fault::Slow(Duration::from_secs(2))).times(8));
    let (texts, ()) = tokio::join!(join_all((0..8).map(|_| app.slash("alice", "me"))), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        app.sign_in("bob", "bob").await;
        assert!(app.slash("bob", "me").await.contains("Bob Baker"));
        assert!(start.elapsed() < Duration::from_millis(1_500), "{:?}", start.elapsed());
    });
    assert!(texts.iter().all(|text| text.contains("Alice Archer")), "{texts:?}");
}

#[tokio::test]
#[should_panic(expected = "did not stop cleanly")]
async fn a_stop_that_is_not_clean_fails_its_test() {
    let app = TestApp::start().await;
    app.insist_on_stopping();
    app.stop();
}

#[tokio::test]
async fn what_is_under_way_at_the_end_is_answered() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    app.redmine().fault(Fault::Slow(Duration::from_millis(600)));
    let asking = async { app.slash("alice", "create helpdesk Last").await };
    let (text, ()) = tokio::join!(asking, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        app.ask_to_stop();
    });
    app.redmine().clear_faults();
    let (made, _) = app.newest().await;
    let link = app.titled(made["id"].as_u64().unwrap(), "Last");
    assert_eq!(text, app.say("alice", "redmine-created", &[("issue", link.into())]));
}
