//! Auto-responders against ticketd: whoever they are, the war ends at once.

use std::time::{Duration, Instant};

use ticketd::actors::Listing;

use crate::harness::{Letter, Post, PostSetup, within_an_hour};

/// Of each kind.
const MAILS: usize = 2_500;
const KINDS: usize = 4;
/// So many in ten minutes would be more than a mail server lets through.
const LIMIT: Duration = Duration::from_mins(5);

/// How a machine answers: marked as RFC 3834 wants, and naming what it answers; or not.
fn answer(kind: usize, number: usize, notice: &str, subject: &str) -> Letter {
    let from = format!("robot{kind}@customer.example");
    let letter = Letter::from(&from, &format!("Automatic reply: {subject}"))
        .text(&format!("I am away until Monday. ({number})"));
    let letter = if kind.is_multiple_of(2) { letter.answering(notice) } else { letter };
    if kind < 2 { letter.header("Auto-Submitted", "auto-replied") } else { letter }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_thousand_automatic_answers_are_one_ticket_and_one_notice_each() {
    let post = Post::start().await;
    let mut mails = Vec::with_capacity(KINDS * MAILS);
    for kind in 0..KINDS {
        let subject = format!("Help {kind}");
        post.deliver(&Letter::from(&format!("robot{kind}@customer.example"), &subject));
        let issues = post.issues(kind + 1).await;
        let notices = post.mails(kind + 1).await;
        assert_eq!(issues.len(), notices.len());
        let notice = &notices[kind];
        let id = format!("<{}>", notice.message_id.clone().unwrap());
        mails.extend((0..MAILS).map(|n| answer(kind, n, &id, &notice.subject).raw().into()));
    }
    let begun = Instant::now();
    post.jmap.deliver_many(mails);
    // Behind them all.
    post.deliver(&Letter::from("alice@customer.example", "A person"));
    while !post.living().iter().any(|issue| issue.summary == "A person") {
        assert!(begun.elapsed() < LIMIT, "{:?}", post.counts().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let issues = post.issues(KINDS + 1).await;
    for issue in &issues {
        assert!(issue.comments.len() <= 10, "{}: {}", issue.summary, issue.comments.len());
    }
    post.mails(KINDS + 1).await;
    let kept_out = post.rows(Listing::Ignored).await.len();
    let comments: usize = issues.iter().map(|issue| issue.comments.len()).sum();
    // Our own notices lie in the sent folder.
    assert_eq!(kept_out + comments, KINDS * MAILS + KINDS + 1);
    post.sound().await;
    println!("{} mails in {:?}", KINDS * MAILS, begun.elapsed());
}

/// The worst kind: it answers each mail of ours, unmarked, with a mail that names nothing.
#[tokio::test]
async fn a_robot_that_hides_is_answered_only_so_often() {
    within_an_hour(async || {
        let setup = PostSetup::default()
            .mailbox(|mailbox| mailbox.reply.per_address_per_day = 5.try_into().unwrap());
        let post = setup.start().await;
        let mut answered = 0;
        post.deliver(&Letter::from("robot@customer.example", "I am away"));
        loop {
            post.issues(answered + 1).await;
            let waiting = Instant::now();
            let sent = || post.jmap.submissions().len();
            while sent() == answered && waiting.elapsed() < Duration::from_secs(5) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if sent() == answered {
                break;
            }
            answered = sent();
            post.deliver(&Letter::from("robot@customer.example", "I am away"));
        }
        assert_eq!(answered, 5);
    })
    .await;
}
