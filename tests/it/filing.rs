//! Mails and tickets that are filed in Redmine.

use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::filing::{
    a_mail_goes_there_and_back, a_ticket_goes_there_and_back, filing, issues_about, said, the_issue,
};
use crate::harness::{Letter, Post};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_an_issue_of_redmine_and_is_answered() {
    let post = filing(None).start().await;
    a_mail_goes_there_and_back(&post).await;
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_and_its_issue_in_redmine_follow_each_other() {
    let post = filing(None).start().await;
    a_ticket_goes_there_and_back(&post).await;
    post.sound().await;
}

/// Each fault meets the create of an issue, and then a note, whose effect may be there.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_happened_is_looked_for_and_made_once() {
    let post = filing(None).start().await;
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::Status(429),
        Fault::Status(500),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let redmine = post.app.redmine();
        redmine.fault(FaultRule::from(fault).at("POST /issues.json").times(1));
        let subject = format!("fault {number}");
        let letter = Letter::from("ann@customer.example", &subject);
        post.deliver(&letter);
        let id = the_issue(&post, &subject).await;
        if fault != Fault::Status(500) {
            let path = format!("PUT /issues/{id}.json");
            redmine.fault(FaultRule::from(fault).at(path.as_str()).times(1));
        }
        let answer = Letter::from("ann@customer.example", &format!("Re: {subject}"));
        post.deliver(&answer.text("And another thing.").answering(&letter.id()));
        let notes = said(&post, id, 1).await;
        assert!(notes[0].contains("And another thing."), "{notes:?}");
        assert_eq!(issues_about(&post, &subject).await.len(), 1, "{fault:?}");
    }
    all_is_sent(&post, faults.len()).await;
}

async fn all_is_sent(post: &Post, notices: usize) {
    post.mails(notices).await;
    post.sound().await;
}

/// Redmine says 422 to a project that it does not show: nothing is lost, and all is made when it
/// does.
#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_not_there_loses_no_mail() {
    let setup = filing(None).mailbox(|mailbox| {
        mailbox.place = ticketd::config::Place::Redmine("nowhere".to_owned());
    });
    let post = setup.start().await;
    post.deliver(&Letter::from("ann@customer.example", "To nowhere"));
    post.until("the refusal", || {
        let calls = post.app.redmine().ledger();
        calls.iter().any(|call| call.target.contains("nowhere"))
    })
    .await;
    post.settled().await;
    let tries = post.app.get("/metrics").await.body;
    let waits = "ticketd_effects_total{work=\"create_issue\",outcome=\"planned\"} 1";
    assert!(tries.contains(waits) && !tries.contains("outcome=\"dead\""), "{tries}");
}
