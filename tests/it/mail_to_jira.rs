//! A mail becomes an issue, a follow-up a comment, and the reporter hears of both ways.

use crate::harness::{Letter, Post};

#[tokio::test]
async fn a_mail_becomes_an_issue_and_the_conversation_goes_on() {
    let post = Post::start().await;
    let first = Letter::from("Alice <alice@customer.example>", "The printer is on fire")
        .text("It burns.\r\nPlease *hurry*.");
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    assert_eq!(issue.summary, "The printer is on fire");
    assert!(issue.description.contains("It burns."), "{}", issue.description);
    assert!(issue.description.contains("alice@customer.example"), "{}", issue.description);
    assert!(issue.labels.contains(&"ticketd".to_owned()), "{:?}", issue.labels);
    let notice = post.mails(1).await.remove(0);
    assert_eq!(notice.rcpt_to, ["alice@customer.example"]);
    assert!(notice.subject.contains(&issue.key), "{}", notice.subject);
    assert_eq!(notice.in_reply_to, [first.id().trim_matches(['<', '>'])]);

    let answer = format!("<{}>", notice.message_id.clone().unwrap());
    let follow_up = Letter::from("Alice <alice@customer.example>", "Re: The printer is on fire")
        .answering(&answer)
        .text("Put out.\r\n\r\nOn Sunday ticketd wrote:\r\n> We have received\r\n");
    post.deliver(&follow_up);
    let issue = post.comments(&issue.key, 1).await;
    assert!(issue.comments[0].body.contains("Put out."), "{}", issue.comments[0].body);
    assert!(!issue.comments[0].body.contains("We have received"), "{}", issue.comments[0].body);

    post.jira.comment_as("bob", &issue.key, "We send somebody.");
    let mails = post.mails(2).await;
    assert_eq!(mails[1].rcpt_to, ["alice@customer.example"]);
    assert!(mails[1].text.contains("We send somebody."), "{}", mails[1].text);
    assert_eq!(post.living().len(), 1);
}
