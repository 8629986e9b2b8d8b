//! `/ticket` while something fails: Mattermost, ticketd itself, the post of a ticket. Nothing is
//! lost, and nothing is said twice.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, PostSnapshot, PressResult, SubmitResult};

use crate::harness::{
    TestApp, eventually, filled, free_address, name_of, number_of, tickets, told,
};

/// Sends in a form; it says that the ticket is recorded: the ticket's name.
async fn recorded(app: &TestApp, channel: &str, user: &str, problem: &str) -> String {
    let form = app.form_in(channel, user, "").await;
    sent_in(app, app.fill(user, &form, filled(problem)).await, user)
}

fn sent_in(app: &TestApp, result: SubmitResult, user: &str) -> String {
    let SubmitResult::Refused { error, .. } = result else { panic!("{result:?}") };
    let name = error
        .split([' ', '을'])
        .find(|word| word.starts_with("Ticket-"))
        .unwrap_or_else(|| panic!("{error}"))
        .to_owned();
    assert_eq!(error, app.say(user, "ticket-recorded", &[("ticket", (&*name).into())]));
    name
}

/// The calls that would make a post.
fn posting(app: &TestApp) -> usize {
    let calls = app.mattermost.ledger();
    calls.iter().filter(|call| call.method == "POST" && call.target == "/api/v4/posts").count()
}

/// One post of this name, with this text, and these lines in its thread.
fn stands(app: &TestApp, name: &str, problem: &str, lines: &[&str]) -> PostSnapshot {
    let mut posts = app.ticket_posts();
    posts.retain(|post| name_of(post) == name);
    let [post] = posts.try_into().unwrap();
    assert!(post.message.contains(&format!("> {problem}")), "{}", post.message);
    assert_eq!(app.thread(&post), lines);
    post
}

#[tokio::test]
async fn a_ticket_is_posted_once_whatever_becomes_of_the_call() {
    for (fault, times) in [
        (Fault::CutAfterCommit, 1),
        (Fault::StatusAfterCommit(502), 1),
        (Fault::StatusAfterCommit(504), 1),
        (Fault::BrokenJson, 1),
        (Fault::Status(429), 2),
        (Fault::Status(503), 3),
        (Fault::CutConnection, 2),
        (Fault::HtmlOk, 1),
    ] {
        let app = tickets(free_address()).movable_time().start().await;
        let form = app.open_ticket_form("alice", "").await;
        app.mattermost.fault(FaultRule::from(fault).at("POST /api/v4/posts").times(times));
        let result = app.fill("alice", &form, filled("Once.")).await;
        if result != SubmitResult::Closed {
            sent_in(&app, result, "alice");
        }
        if app.ticket_posts().is_empty() {
            app.pass_until("its post", || !app.ticket_posts().is_empty()).await;
        }
        app.pass(Duration::from_mins(2)).await;
        let name = name_of(&app.ticket_posts()[0]);
        let post = stands(&app, &name, "Once.", &[]);
        assert_eq!(
            told(app.mattermost.press_button("bob", &post.id, "take").await),
            "",
            "{fault:?}"
        );
        eventually("the line", || app.thread(&post).len() == 1).await;
        assert_eq!(app.ticket_posts().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_thread_keeps_its_order_and_doubles_no_line() {
    let app = tickets(free_address()).movable_time().start().await;
    app.mattermost.fault(FaultRule::from(Fault::Status(503)).at("/api/v4/posts"));
    let name = recorded(&app, "support", "alice", "In order.").await;
    let number = name.strip_prefix("Ticket-").unwrap();
    // It can be worked on before it is posted.
    for (user, text) in [
        ("bob", format!("take {number}")),
        ("alice", format!("assign {number} @carol")),
        ("carol", format!("resolve {number}")),
    ] {
        let said = app.ticket(user, &text).await;
        assert!(said.contains(&format!("**{name}**")), "{said}");
    }
    app.mattermost.clear_faults();
    for _ in 0..2 {
        app.mattermost
            .fault(FaultRule::from(Fault::CutAfterCommit).at("POST /api/v4/posts").times(1));
        app.mattermost.fault(FaultRule::from(Fault::Status(429)).at("POST /api/v4/posts").times(1));
        app.mattermost.fault(FaultRule::from(Fault::StatusAfterCommit(502)).at("/patch").times(1));
    }
    let lines = [
        "@bob has taken this ticket.",
        "@alice has given this ticket to @carol.",
        "@carol has resolved this ticket.",
    ];
    app.pass_until("all lines", || {
        app.ticket_posts().first().is_some_and(|post| app.thread(post).len() >= 3)
    })
    .await;
    app.pass(Duration::from_mins(5)).await;
    let post = stands(&app, &name, "In order.", &lines);
    let shown = &post.props["attachments"][0];
    assert_eq!(shown["actions"].as_array().unwrap().len(), 1, "only to be reopened: {shown}");
}

#[tokio::test]
async fn while_mattermost_is_slow_the_user_does_not_wait_for_it() {
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("bob", "").await;
    app.mattermost
        .fault(FaultRule::from(Fault::Slow(Duration::from_secs(4))).at("POST /api/v4/posts"));
    let begun = std::time::Instant::now();
    let name = sent_in(&app, app.fill("bob", &form, filled("Slowly.")).await, "bob");
    assert!(begun.elapsed() < Duration::from_millis(3_500), "{:?}", begun.elapsed());
    // The post stands before its answer is out, and only an answered call is in the ledger.
    eventually("its post, answered", || posting(&app) > 0).await;
    app.mattermost.clear_faults();
    stands(&app, &name, "Slowly.", &[]);
    assert_eq!(posting(&app), 1);
}

#[tokio::test]
async fn a_rate_limit_delays_posts_and_loses_none() {
    let app = tickets(free_address()).start().await;
    let mut forms = Vec::new();
    for _ in 0..8 {
        forms.push(app.open_ticket_form("alice", "").await);
    }
    app.mattermost.set_rate_limit(Some((4, 3)));
    let sent = forms.iter().map(|form| app.fill("alice", form, filled("Many.")));
    for result in futures_util::future::join_all(sent).await {
        if result != SubmitResult::Closed {
            sent_in(&app, result, "alice");
        }
    }
    let start = std::time::Instant::now();
    while app.ticket_posts().len() < 8 {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", app.ticket_posts().len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut names: Vec<_> = app.ticket_posts().iter().map(name_of).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), app.ticket_posts().len()), (8, 8));
}

#[tokio::test]
async fn a_ticket_of_a_channel_without_the_bot_is_posted_when_it_is_let_in() {
    let app = tickets(free_address()).movable_time().start().await;
    let name = recorded(&app, "closed", "carol", "Let me in.").await;
    app.pass(Duration::from_mins(10)).await;
    let tries = posting(&app);
    assert!((1..=12).contains(&tries), "{tries}");
    assert_eq!(app.mattermost.bot_posts().len(), 0);
    app.mattermost.set_member("closed", "ticketd", true);
    app.pass_until("its post", || !app.ticket_posts().is_empty()).await;
    let post = stands(&app, &name, "Let me in.", &[]);
    assert_eq!(post.channel_id, Mattermost::channel_id("closed"));
    assert_eq!(told(app.mattermost.press_button("carol", &post.id, "take").await), "");
}

#[tokio::test]
async fn a_form_outlives_a_restart_and_is_taken_once() {
    let address = free_address();
    let mattermost = Arc::new(Mattermost::start().await.unwrap());
    let app = tickets(address).mattermost(mattermost.clone()).start().await;
    let form = app.open_ticket_form("alice", "").await;
    let home = app.stop();
    // Nobody is there: the form stays open, with what was typed.
    let failed = mattermost.submit_dialog("alice", &form, filled("Patience.")).await;
    assert_eq!(failed, SubmitResult::Failed);
    let app = tickets(address).mattermost(mattermost.clone()).home(home).start().await;
    assert_eq!(app.fill("alice", &form, filled("Patience.")).await, SubmitResult::Closed);
    let name = name_of(&app.ticket_posts()[0]);
    let home = app.stop();
    let app = tickets(address).mattermost(mattermost).home(home).start().await;
    let spent = app.kept("alice", "ticket-form-spent", &[("ticket", (&*name).into())]);
    assert_eq!(app.fill("alice", &form, filled("Again.")).await, spent);
    stands(&app, &name, "Patience.", &[]);
    assert_eq!(app.ticket_posts().len(), 1);
}

#[tokio::test]
async fn buttons_of_old_posts_answer() {
    let address = free_address();
    let mattermost = Arc::new(Mattermost::start().await.unwrap());
    let app = tickets(address).mattermost(mattermost.clone()).start().await;
    let post = app.new_ticket("alice", "Old.").await;
    let home = app.stop();
    let nobody = mattermost.press_button("bob", &post.id, "take").await;
    assert_eq!(nobody, PressResult::Failed);
    let app = tickets(address).mattermost(mattermost).home(home).start().await;
    assert_eq!(told(app.mattermost.press_button("bob", &post.id, "take").await), "");
    eventually("the line", || app.thread(&post).len() == 1).await;
    // A client may still show the buttons of how it stood before.
    app.ticket("bob", &format!("resolve {}", number_of(&post))).await;
    let old = &post.props["attachments"][0]["actions"][0]["integration"];
    let body = json!({
        "user_id": Mattermost::user_id("carol"), "user_name": "carol", "post_id": post.id,
        "context": old["context"],
    });
    let answer = app.post_json(old["url"].as_str().unwrap(), &body).await.json();
    assert_eq!(answer["ephemeral_text"], json!(app.say("carol", "ticket-is-resolved", &[])));
}

#[tokio::test]
async fn buttons_of_a_forgotten_ticket_answer_with_a_sentence() {
    let app = tickets(free_address()).movable_time().start().await;
    let post = app.new_ticket("alice", "Long ago.").await;
    assert_eq!(told(app.mattermost.press_button("bob", &post.id, "resolve").await), "");
    eventually("the line", || app.thread(&post).len() == 1).await;
    app.pass(Duration::from_hours(24 * 400)).await;
    app.pass(Duration::from_hours(7)).await;
    let said = told(app.mattermost.press_button("bob", &post.id, "reopen").await);
    assert_eq!(said, app.say("bob", "ticket-unknown", &[]));
    assert_eq!(app.counted("button", "no_ticket").await, 1);
    let said = app.ticket("alice", &format!("show {}", number_of(&post))).await;
    assert_eq!(said, app.say("alice", "ticket-unknown", &[]));
    assert_eq!(app.thread(&post).len(), 1);
}

#[tokio::test]
async fn a_ticket_whose_post_was_deleted_goes_on_without() {
    let app = tickets(free_address()).movable_time().start().await;
    let post = app.new_ticket("alice", "Delete me.").await;
    let number = number_of(&post);
    let next = app.open_ticket_form("alice", "").await;
    app.mattermost.delete_post(&post.id);
    for (command, key) in [("take", "ticket-taken"), ("resolve", "ticket-resolved")] {
        let said = app.ticket("bob", &format!("{command} {number}")).await;
        let link = format!("{}_redirect/pl/{}", app.mattermost.url(), post.id);
        let linked = format!("[{}]({link})", name_of(&post));
        assert_eq!(said, app.say("bob", key, &[("ticket", linked.into())]));
    }
    app.pass(Duration::from_secs(30)).await;
    let calls = app.mattermost.ledger().len();
    for _ in 0..10 {
        app.pass(Duration::from_mins(2)).await;
    }
    assert_eq!(app.mattermost.ledger().len(), calls, "nothing is tried for ever");
    assert_eq!(app.ticket("alice", "list").await, app.say("alice", "ticket-list-empty", &[]));
    assert_eq!(app.fill("alice", &next, filled("The next one.")).await, SubmitResult::Closed);
}
