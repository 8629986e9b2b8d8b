//! Tickets of the chat in Jira: an issue each, and agents' comments in the thread.

use ticketd::sandbox::{Fault, FaultRule, IssueSnapshot, SubmitResult};

use crate::harness::{Post, PostSetup, eventually, filled, free_address, with_tickets};

/// A ticketd whose tickets become issues; its mailbox stays empty.
async fn filing() -> Post {
    let address = free_address();
    let setup = PostSetup::default().config(move |config| {
        with_tickets(config, address);
        config.ticket.as_mut().unwrap().forms[0].board = Some("support".to_owned());
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
    // Our own comments and internal ones stay where they are.
    post.settled().await;
    assert_eq!(app.thread(&ticket).len(), 1);
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
