//! What leaves by mail leaves once, whatever the mail server does.

use std::time::Duration;

use futures_util::future::join_all;
use ticketd::actors::{Listing, Question, Reply};
use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::{Letter, Post};

const SUBMIT: &str = "EmailSubmission/set";

fn letter(subject: &str) -> Letter {
    Letter::from("Dora <dora@customer.example>", subject)
}

fn calls(post: &Post, method: &str) -> usize {
    post.jmap.ledger().iter().filter(|call| call.target.contains(method)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn first_a_draft_and_then_it_is_sent() {
    let post = Post::start().await;
    post.deliver(&letter("Once"));
    let mail = post.mails(1).await.remove(0);
    let order: Vec<_> = post
        .jmap
        .ledger()
        .into_iter()
        .filter_map(|call| ["Email/set", SUBMIT].into_iter().find(|m| call.target.contains(m)))
        .collect();
    assert_eq!(order, ["Email/set", SUBMIT]);
    assert_eq!(post.jmap.emails("drafts"), Vec::<String>::new());
    assert_eq!(post.jmap.emails("sent"), std::slice::from_ref(&mail.email_id));
    assert_eq!((mail.mail_from.as_str(), mail.rcpt_to.len()), ("support@example.org", 1));
    let header = |name: &str| {
        let found = mail.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header("X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert!(header("X-Ticketd-Loop").is_some());
    assert!(header("From").is_some_and(|from| from.contains("support@example.org")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_answer_sends_one_mail() {
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::BrokenJson,
        Fault::CutConnection,
        Fault::Status(503),
        Fault::HtmlOk,
    ];
    let rows = ["Email/set", SUBMIT].into_iter().flat_map(|place| {
        faults.map(|fault| async move {
            let post = Post::start().await;
            post.jmap.fault(FaultRule::from(fault).at(place).times(1));
            for (number, subject) in
                [format!("{place} {fault:?}"), "After it".into()].iter().enumerate()
            {
                post.deliver(&letter(subject));
                post.until_within(Duration::from_secs(30), subject, || {
                    post.jmap.submissions().len() > number
                })
                .await;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            let mails = post.mails(2).await;
            assert_ne!(mails[0].message_id, mails[1].message_id, "each mail has an id of its own");
            let drafts = post.jmap.emails("drafts");
            assert_eq!(drafts, Vec::<String>::new(), "a draft is left over: {place} {fault:?}");
        })
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_is_refused_is_dead_and_told() {
    let post = Post::start().await;
    post.jmap.refuse_submissions(true);
    post.deliver(&letter("Refused"));
    let issue = post.issues(1).await.remove(0);
    let dead = Question::List { listing: Listing::Dead, limit: 10 };
    post.until("the try", || calls(&post, SUBMIT) == 1).await;
    post.settled().await;
    let Reply::Rows(rows) = post.ask(dead.clone()).await else { panic!("no rows") };
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].state.starts_with("send_notice: "), "{rows:?}");
    assert!(rows[0].state.contains("may not send"), "the server's words: {rows:?}");
    assert!(!rows[0].state.contains("dora@"), "{rows:?}");
    // It does not hold up the case, and is sent when the operator says so.
    post.deliver(&letter("Re: Refused").text("More."));
    post.comments(&issue.key, 1).await;
    post.jmap.refuse_submissions(false);
    post.ask(Question::Retry(rows[0].id.clone())).await;
    let mail = post.mails(1).await.remove(0);
    assert!(mail.subject.contains(&issue.key), "{}", mail.subject);
    assert_eq!(post.jmap.emails("drafts"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_gets_it_later_once() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("Email/set").times(2));
    post.jmap.fault(FaultRule::from(Fault::CutConnection).at(SUBMIT).times(1));
    post.deliver(&letter("Later"));
    post.issues(1).await;
    post.until_within(Duration::from_secs(40), "the mail", || !post.jmap.submissions().is_empty())
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    post.mails(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_draft_and_submission_sends_one() {
    let post = Post::start().await;
    // The draft is there, but ticketd does not learn of it, and cannot look before it ends.
    post.jmap.fault(FaultRule::from(Fault::CutAfterCommit).at("Email/set").times(1));
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("Email/query"));
    post.deliver(&letter("Restart"));
    post.until("the draft", || post.jmap.emails("drafts").len() == 1).await;
    let closed = post.close().await;
    closed.jmap.clear_faults();
    let post = closed.start().await;
    post.mails(1).await;
    assert_eq!(post.jmap.emails("drafts"), Vec::<String>::new());
    assert_eq!(post.living().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_is_asked_too_fast_gets_it_later() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(429)).at(SUBMIT).times(1));
    post.deliver(&letter("Rate"));
    post.mails(1).await;
    assert_eq!(calls(&post, SUBMIT), 2);
}
