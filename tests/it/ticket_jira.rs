//! Tickets of the chat in Jira: an issue each, and agents' comments in the thread.

use ticketd::config::Place;
use ticketd::sandbox::{Fault, FaultRule, IssueSnapshot, SubmitResult};

use crate::harness::{Post, PostSetup, eventually, filled, free_address, with_tickets};

/// A ticketd whose tickets become issues; its mailbox stays empty.
async fn filing() -> Post {
    let address = free_address();
    let setup = PostSetup::default().config(move |config| {
        with_tickets(config, address);
        config.ticket.as_mut().unwrap().forms[0].place = Some(Place::Jira("support".to_owned()));
    });
    setup.start().await
}

async fn issue(post: &Post, count: usize) -> IssueSnapshot {
    post.until("the issue", || post.living().len() == count).await;
    post.living().pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_becomes_an_issue_and_its_comments_come_back() {
    let post = filing().await;
    let app = &post.app;
    let ticket = app.new_ticket("alice", "The VPN *is* down\nsince noon").await;
    let issue = issue(&post, 1).await;
    assert_eq!(issue.summary, "The VPN *is* down");
    let name = ticket.props["ticket_id"].as_str().unwrap();
    assert!(issue.description.contains(name), "{}", issue.description);
    assert!(issue.description.contains("*Cluster:* Berlin"), "{}", issue.description);
    let shown = || app.ticket_posts()[0].props["attachments"][0]["text"].to_string();
    eventually("the key in the post", || shown().contains(&issue.key)).await;

    post.jira.comment_as("bob", &issue.key, "Have you tried @all to turn it off?");
    eventually("the comment in the thread", || app.thread(&ticket).len() == 1).await;
    let line = app.thread(&ticket).pop().unwrap();
    assert!(line.contains(&issue.key) && line.contains("@\u{200b}all to turn it off?"), "{line}");
    // What is said in the thread becomes a comment, once, and does not come back.
    app.mattermost.type_post("support", "carol", &ticket.id, "It *works* again.\nThanks!");
    app.mattermost.type_post("support", "carol", "", "Something else.");
    let comments = || post.jira.issue(&issue.key).unwrap().comments;
    eventually("the reply in jira", || comments().len() == 2).await;
    let body = comments().pop().unwrap().body;
    assert_eq!(body, "carol in Mattermost:\nIt \\*works\\* again.\nThanks!");
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!((comments().len(), app.thread(&ticket).len()), (2, 2));
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_create_makes_one_issue() {
    let post = filing().await;
    for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(502)] {
        post.jira.fault(FaultRule::from(fault).at("POST /rest/api/2/issue").times(1));
        let before = post.living().len();
        let form = post.app.open_ticket_form("alice", "").await;
        let sent = post.app.mattermost.submit_dialog("alice", &form, filled("Once")).await;
        assert_eq!(sent, SubmitResult::Closed);
        let issue = issue(&post, before + 1).await;
        let shown =
            || post.app.ticket_posts().pop().unwrap().props["attachments"][0]["text"].to_string();
        eventually("its key in the post", || shown().contains(&issue.key)).await;
    }
    post.settled().await;
    assert_eq!(post.living().len(), 2);
    assert_eq!(post.app.ticket_posts().len(), 2);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_one_comment_whatever_breaks() {
    let post = filing().await;
    let ticket = post.app.new_ticket("alice", "Broken").await;
    let issue = issue(&post, 1).await;
    let path = format!("POST /rest/api/2/issue/{}/comment", issue.key);
    for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(502), Fault::Status(503)] {
        post.jira.fault(FaultRule::from(fault).at(path.as_str()).times(1));
    }
    post.app.mattermost.fault(FaultRule::from(Fault::Status(500)).at("/posts?since").times(2));
    for number in 0..4 {
        let said = format!("reply {number}");
        assert_ne!(post.app.mattermost.type_post("support", "bob", &ticket.id, &said), "");
        // Within a millisecond posts have no order.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let bodies = || {
        let comments = post.jira.issue(&issue.key).unwrap().comments.into_iter();
        comments.map(|comment| comment.body.lines().last().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let within = std::time::Duration::from_secs(40);
    post.until_within(within, "four comments", || bodies().len() >= 4).await;
    post.settled().await;
    assert_eq!(bodies(), ["reply 0", "reply 1", "reply 2", "reply 3"]);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jira_refuses_does_not_freeze_the_ticket() {
    let post = filing().await;
    post.jira.fault(FaultRule::from(Fault::Status(400)).at("POST /rest/api/2/issue"));
    let ticket = post.app.new_ticket("alice", "Broken").await;
    post.app.mattermost.type_post("support", "bob", &ticket.id, "On my way.");
    // What was said waits for no issue, and what is done is shown.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    post.app.mattermost.press_button("bob", &ticket.id, "take").await;
    eventually("the line", || {
        post.app.thread(&ticket).contains(&"@bob has taken this ticket.".to_owned())
    })
    .await;
    assert_eq!(post.living().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_answered_while_jira_is_away_and_last_words_are_kept() {
    let post = filing().await;
    let ticket = post.app.new_ticket("alice", "Broken").await;
    let issue = issue(&post, 1).await;
    post.app.mattermost.type_post("support", "bob", &ticket.id, "Replaced the cable.");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    post.app.mattermost.press_button("bob", &ticket.id, "resolve").await;
    let said = || post.jira.issue(&issue.key).unwrap().comments.len();
    post.until("the last words", || said() == 1).await;

    post.jira.fault(FaultRule::from(Fault::Status(503)));
    let second = post.app.new_ticket("alice", "Broken again").await;
    eventually("the issue is tried", || post.app.ticket_posts().len() == 2).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let pressed = post.app.mattermost.press_button("bob", &second.id, "take").await;
    assert!(matches!(pressed, ticketd::sandbox::PressResult::Done { .. }), "{pressed:?}");
    post.until("the line", || post.app.thread(&second).len() == 1).await;
    assert_eq!(post.living().len(), 1, "the chat waits for no tracker");
    post.jira.clear_faults();
    let within = std::time::Duration::from_mins(1);
    post.until_within(within, "the issue", || post.living().len() == 2).await;
    post.sound().await;
}
