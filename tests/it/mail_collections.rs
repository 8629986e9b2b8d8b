//! Mails that broke other programs: each ends in exactly one state, and none stops the rest.

use std::time::Duration;

use bytes::Bytes;
use ticketd::config::Automatic;
use ticketd::sandbox::Jmap;

use crate::harness::{Operator, Post, PostSetup, bad_mails, mails};

const LIMIT: Duration = Duration::from_mins(5);

/// A post office, and its operator.
async fn start(automatic: Automatic) -> (Post, Operator) {
    let setup = PostSetup::default().mailbox(move |mailbox| mailbox.filter.automatic = automatic);
    let post = setup.start().await;
    let operator = Operator(post.app.store());
    (post, operator)
}

/// Everything is recorded and done, nothing twice, and nobody fell over.
async fn check(post: &Post, operator: &Operator, delivered: usize) -> u64 {
    let audited = operator
        .audit_until(LIMIT, |audited| {
            let expected = delivered + post.jmap.submissions().len();
            audited.total() >= expected as u64 && audited.is_done()
        })
        .await;
    post.settled().await;
    // What ticketd sent lies among the sent mails, and is in the register as its own.
    assert_eq!(audited.total(), (delivered + post.jmap.submissions().len()) as u64, "{audited:?}");
    assert!(audited.problems.is_empty(), "{audited:#?}");
    assert_eq!(audited.cases, post.living().len() as u64);
    assert_eq!(audited.cases, audited.mails("ticket"));
    assert!(
        post.app.get("/metrics").await.body.lines().all(|line| {
            !line.starts_with("ticketd_actor_restarts_total") || line.ends_with(" 0")
        })
    );
    audited.cases
}

#[tokio::test]
async fn collected_mails_are_each_recorded_once() {
    let (post, operator) = start(Automatic::Ignore).await;
    let mails = mails::collected();
    post.jmap.deliver_many(mails.iter().map(|(_, mail)| Bytes::from(mail.clone())).collect());
    check(&post, &operator, mails.len()).await;
}

#[tokio::test]
async fn collected_mails_to_us_become_issues() {
    let (post, operator) = start(Automatic::Ticket).await;
    let mails = mails::collected();
    let to_us = |mail: &[u8]| mails::addressed(&mails::as_delivered(mail), Jmap::ADDRESS);
    post.jmap.deliver_many(mails.iter().map(|(_, mail)| to_us(mail).into()).collect());
    let cases = check(&post, &operator, mails.len()).await;
    assert!(cases > 100, "{cases}");
}

#[tokio::test]
async fn bad_mails_become_issues_all_the_same() {
    let (post, operator) = start(Automatic::Ticket).await;
    let mut bad = bad_mails::all();
    bad.push(bad_mails::large_head());
    post.jmap.deliver_many(bad.iter().map(|(_, mail)| Bytes::from(mail.clone())).collect());
    check(&post, &operator, bad.len()).await;
    let subjects: Vec<_> = bad.into_iter().map(|(name, _)| name).collect();
    bad_mails::became_issues(&post.living(), &subjects);
}
