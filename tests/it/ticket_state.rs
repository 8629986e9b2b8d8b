//! A ticket and its issue stand alike, whichever of the two somebody closes or opens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use ticketd::config::{self, Place};
use ticketd::sandbox::{
    Deployment, Fault, FaultRule, IssueSnapshot, Mattermost, PostSnapshot, PressResult,
};

use super::jira_comments::hook;
use crate::harness::{HOOK_SECRET, Post, PostSetup, free_address, with_tickets};

/// Longer than both ways of hearing of something, and than a look at what came of it.
const QUIET: Duration = Duration::from_millis(3_500);
/// Enough for a few tries.
const TRIES: Duration = Duration::from_secs(40);

/// A ticketd whose tickets become issues.
fn filing(webhooks: bool) -> PostSetup {
    filing_at(free_address(), webhooks)
}

fn filing_at(address: SocketAddr, webhooks: bool) -> PostSetup {
    let mut setup = PostSetup::default();
    setup.webhooks = webhooks;
    setup.config(move |config| {
        with_tickets(config, address);
        config.ticket.as_mut().unwrap().forms[0].place = Some(Place::Jira("support".to_owned()));
    })
}

/// A ticket and its issue, which looks have seen.
async fn ticket(post: &Post) -> (PostSnapshot, IssueSnapshot) {
    let before = post.living().len();
    let ticket = post.app.new_ticket("alice", "Broken").await;
    post.until("the issue", || post.living().len() == before + 1).await;
    let issue = post.living().pop().unwrap();
    post.until("its key in the post", || shown(post, &ticket).contains(&issue.key)).await;
    (ticket, issue)
}

/// What the ticket's post shows.
fn shown(post: &Post, ticket: &PostSnapshot) -> String {
    let posts = post.app.ticket_posts();
    let now = posts.iter().find(|now| now.id == ticket.id).unwrap();
    now.props["attachments"][0]["text"].to_string()
}

async fn stands(post: &Post, ticket: &PostSnapshot, state: &str) {
    let state = format!("**State:** {state}");
    post.until_within(TRIES, &state, || shown(post, ticket).contains(&state)).await;
}

async fn issue_is(post: &Post, key: &str, status: &str) {
    post.until_within(TRIES, status, || post.jira.issue(key).unwrap().status == status).await;
}

fn moves(post: &Post, key: &str) -> usize {
    post.asked(&format!("POST /rest/api/2/issue/{key}/transitions")).len()
}

/// Presses a button, which is there only when the post shows the ticket as it stands.
async fn press(post: &Post, ticket: &PostSnapshot, button: &str) {
    if button == "reopen" {
        stands(post, ticket, "resolved").await;
    }
    let pressed = post.app.mattermost.press_button("bob", &ticket.id, button).await;
    let PressResult::Done { ephemeral_text } = pressed else { panic!("{pressed:?}") };
    assert_eq!(ephemeral_text, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_resolved_in_the_chat_is_closed_in_jira_and_nothing_comes_back() {
    let flavours =
        [(Deployment::Cloud, true), (Deployment::Cloud, false), (Deployment::DataCenter, true)];
    let rows = flavours.map(|(flavour, webhooks)| async move {
        let post = filing(webhooks).flavour(flavour).start().await;
        let (ticket, issue) = ticket(&post).await;
        press(&post, &ticket, "resolve").await;
        issue_is(&post, &issue.key, "Done").await;
        tokio::time::sleep(QUIET).await;
        stands(&post, &ticket, "resolved").await;
        let mut lines = vec!["@bob has resolved this ticket."];
        assert_eq!(post.app.thread(&ticket), lines);
        press(&post, &ticket, "reopen").await;
        issue_is(&post, &issue.key, "To Do").await;
        tokio::time::sleep(QUIET).await;
        stands(&post, &ticket, "open").await;
        lines.push("@bob has reopened this ticket.");
        assert_eq!(post.app.thread(&ticket), lines);
        assert_eq!(moves(&post, &issue.key), 2);
        post.sound().await;
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_in_jira_is_resolved_in_the_chat_once_however_it_is_told() {
    let flavours =
        [(Deployment::Cloud, true), (Deployment::Cloud, false), (Deployment::DataCenter, true)];
    let rows = flavours.map(|(flavour, webhooks)| async move {
        let post = filing(webhooks).flavour(flavour).start().await;
        let (ticket, issue) = ticket(&post).await;
        let (closed, opened) = (
            format!("{} was closed, and this ticket is resolved.", issue.key),
            format!("{} was opened again, and so is this ticket.", issue.key),
        );
        // An agent closes it with a word, which comes first.
        post.jira.comment_as("alice", &issue.key, "A new cable.");
        post.until("her word", || post.app.thread(&ticket).len() == 1).await;
        post.jira.close(&issue.key);
        stands(&post, &ticket, "resolved").await;
        tokio::time::sleep(QUIET).await;
        assert_eq!(post.app.thread(&ticket)[1..], *std::slice::from_ref(&closed));
        post.jira.reopen(&issue.key);
        stands(&post, &ticket, "open").await;
        press(&post, &ticket, "take").await;
        post.jira.close(&issue.key);
        stands(&post, &ticket, "resolved").await;
        post.jira.reopen(&issue.key);
        stands(&post, &ticket, "in work").await;
        tokio::time::sleep(QUIET).await;
        let taken = "@bob has taken this ticket.".to_owned();
        let lines = [&closed, &opened, &taken, &closed, &opened];
        assert_eq!(post.app.thread(&ticket)[1..].iter().collect::<Vec<_>>(), lines);
        assert_eq!(moves(&post, &issue.key), 0, "nothing is written back");
        post.sound().await;
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_follows_once_whatever_breaks() {
    let rows = [
        // What was done is seen, and not done again.
        (Fault::CutAfterCommit, 1),
        (Fault::StatusAfterCommit(502), 1),
        (Fault::CutConnection, 2),
        (Fault::Status(503), 2),
        (Fault::Status(409), 2),
        (Fault::Status(429), 2),
    ];
    let rows = rows.map(|(fault, tries)| async move {
        let post = filing(true).start().await;
        let (ticket, issue) = ticket(&post).await;
        let path = format!("POST /rest/api/2/issue/{}/transitions", issue.key);
        post.jira.fault(FaultRule::from(fault).at(path.as_str()).times(1));
        press(&post, &ticket, "resolve").await;
        issue_is(&post, &issue.key, "Done").await;
        // What comes behind it in the queue has its turn.
        press(&post, &ticket, "reopen").await;
        issue_is(&post, &issue.key, "To Do").await;
        tokio::time::sleep(QUIET).await;
        stands(&post, &ticket, "open").await;
        assert_eq!(post.app.thread(&ticket).len(), 2, "{fault:?}");
        assert_eq!(moves(&post, &issue.key), tries + 1, "{fault:?}");
        post.sound().await;
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_jira_does_not_move_holds_up_nothing() {
    for refused in [true, false] {
        let post = filing(true).start().await;
        let (ticket, issue) = ticket(&post).await;
        if refused {
            // A validator.
            let path = format!("POST /rest/api/2/issue/{}/transitions", issue.key);
            post.jira.fault(FaultRule::from(Fault::Status(400)).at(path.as_str()));
        } else {
            post.jira.withhold_step("Done");
        }
        press(&post, &ticket, "resolve").await;
        stands(&post, &ticket, "resolved").await;
        tokio::time::sleep(QUIET).await;
        assert_eq!(post.jira.issue(&issue.key).unwrap().status, "To Do");
        assert_eq!(moves(&post, &issue.key), usize::from(refused), "once is enough");
        // Somebody closes it by hand, which is no news; and opens it, which is.
        post.jira.close(&issue.key);
        tokio::time::sleep(QUIET).await;
        assert_eq!(post.app.thread(&ticket).len(), 1);
        post.jira.reopen(&issue.key);
        stands(&post, &ticket, "open").await;
        post.jira.comment_as("alice", &issue.key, "Not yet.");
        post.until("the comment", || post.app.thread(&ticket).len() == 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_same_time_the_last_word_of_the_chat_counts() {
    let post = filing(true).start().await;
    let (first, issue) = ticket(&post).await;
    // Both do the same.
    post.jira.close(&issue.key);
    post.app.mattermost.press_button("bob", &first.id, "resolve").await;
    stands(&post, &first, "resolved").await;
    tokio::time::sleep(QUIET).await;
    let line = post.app.thread(&first);
    assert_eq!(line.len(), 1, "{line:?}");

    // Resolved and thought better of, while the first is still under way: its webhook comes when the
    // ticket is open again.
    let (second, issue) = ticket(&post).await;
    let path = format!("POST /rest/api/2/issue/{}/transitions", issue.key);
    let slow = Fault::Slow(Duration::from_millis(1_500));
    post.jira.fault(FaultRule::from(slow).at(path.as_str()).times(1));
    press(&post, &second, "resolve").await;
    post.until("it is under way", || moves(&post, &issue.key) == 1).await;
    press(&post, &second, "reopen").await;
    post.until_within(TRIES, "the second", || moves(&post, &issue.key) == 2).await;
    issue_is(&post, &issue.key, "To Do").await;
    tokio::time::sleep(QUIET).await;
    stands(&post, &second, "open").await;
    let lines = ["@bob has resolved this ticket.", "@bob has reopened this ticket."];
    assert_eq!(post.app.thread(&second), lines);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_late_or_twice_tells_nothing_new() {
    let setup = filing(true).tracker(|jira| jira.poll = Duration::from_mins(10));
    let post = setup.start().await;
    let (ticket, issue) = ticket(&post).await;
    // Nothing tells it but what the test sends.
    post.jira.webhook_to("http://127.0.0.1:9/".parse().unwrap(), "nobody");
    let tell = async |done: bool, at: &str, expected: u16| {
        let category = if done { "done" } else { "new" };
        let body = json!({
            "timestamp": 1,
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": "issue_generic",
            "issue": { "key": issue.key, "fields": {
                "updated": format!("2030-01-01T10:00:{at}+0000"),
                "status": { "name": "x", "statusCategory": { "key": category } },
            }},
        });
        assert_eq!(hook(&post, &body.to_string(), Some(HOOK_SECRET)).await, expected);
    };
    tell(true, "20.000", 200).await;
    tell(true, "20.000", 200).await;
    tell(false, "10.000", 200).await;
    tell(false, "20.000", 200).await;
    stands(&post, &ticket, "resolved").await;
    tell(false, "30.000", 200).await;
    tell(true, "25.000", 200).await;
    stands(&post, &ticket, "open").await;
    // A time that is none, and another event, are of no interest.
    tell(true, "xx", 200).await;
    post.settled().await;
    stands(&post, &ticket, "open").await;
    assert_eq!(post.app.thread(&ticket).len(), 2);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_names_the_steps() {
    let setup = filing(true).tracker(|jira: &mut config::Jira| {
        jira.resolve = Some("done".to_owned());
        jira.reopen = Some("Start work".to_owned());
    });
    let post = setup.start().await;
    let (first, issue) = ticket(&post).await;
    press(&post, &first, "resolve").await;
    issue_is(&post, &issue.key, "Done").await;
    press(&post, &first, "reopen").await;
    issue_is(&post, &issue.key, "In Progress").await;
    post.sound().await;

    // One that leads elsewhere closes nothing.
    let setup = filing(true).tracker(|jira| jira.resolve = Some("Start work".to_owned()));
    let post = setup.start().await;
    let (second, issue) = ticket(&post).await;
    press(&post, &second, "resolve").await;
    tokio::time::sleep(QUIET).await;
    stands(&post, &second, "resolved").await;
    assert_eq!(post.jira.issue(&issue.key).unwrap().status, "To Do");
    assert_eq!(moves(&post, &issue.key), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_while_jira_was_away_outlives_a_restart() {
    let address = free_address();
    let chat = Arc::new(Mattermost::start().await.unwrap());
    let setup = || filing_at(address, true).chat(chat.clone());
    let post = setup().start().await;
    let (first, issue) = ticket(&post).await;
    let (second, gone) = ticket(&post).await;
    post.jira.fault(FaultRule::from(Fault::Status(503)));
    for ticket in [&first, &second] {
        press(&post, ticket, "resolve").await;
        stands(&post, ticket, "resolved").await;
    }
    post.jira.delete(&gone.key);
    let post = setup().at_once().after(post).await;
    post.jira.clear_faults();
    issue_is(&post, &issue.key, "Done").await;
    // What has no issue any more goes on as a ticket.
    press(&post, &second, "reopen").await;
    stands(&post, &second, "open").await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(post.app.thread(&first).len(), 1);
    assert_eq!(post.app.thread(&second).len(), 2);
    assert_eq!(moves(&post, &gone.key), 0);
    post.sound().await;
}
