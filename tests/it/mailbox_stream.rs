//! How a mailbox is read, whatever its server does: nothing lost, nothing doubled, nothing held up.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use ticketd::actors::{Listing, Question, Reply};
use ticketd::clock;
use ticketd::config::{Credential, MailSource, Mailbox};
use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::{Letter, Post, PostSetup};

const ALICE: &str = "Alice <alice@customer.example>";

fn letter(subject: &str) -> Letter {
    Letter::from(ALICE, subject)
}

fn days_ago(days: i64) -> Timestamp {
    clock::now() - SignedDuration::from_hours(24 * days)
}

async fn arrives(post: &Post, subject: &str) {
    let there = || post.living().iter().any(|issue| issue.summary == subject);
    post.until(subject, there).await;
}

/// The mailbox as `/ready` shows it.
async fn shown(post: &Post) -> Value {
    post.app.get("/ready").await.json()["parts"]["mailboxes"]["support"].take()
}

/// Waits until the mailbox is well and was read, or is ill.
async fn becomes(post: &Post, well: bool) -> Value {
    for _ in 0..1_000 {
        let shown = shown(post).await;
        if shown["ok"] == well && (!well || shown["last_success"].is_string()) {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", shown(post).await);
}

fn credential(mailbox: &mut Mailbox, with: Credential) {
    let MailSource::Jmap(jmap) = &mut mailbox.source else { panic!("another source") };
    (jmap.credential, jmap.user) = (with, None);
}

fn calls(post: &Post, what: &str) -> usize {
    post.jmap.ledger().iter().filter(|call| call.target.contains(what)).count()
}

#[tokio::test]
async fn a_mail_that_is_pushed_is_an_issue_at_once() {
    let post = PostSetup::default()
        .mailbox(|mailbox| mailbox.poll = Duration::from_hours(1))
        .start()
        .await;
    post.until("the stream stands", || calls(&post, "eventsource") > 0).await;
    post.settled().await;
    let begun = Instant::now();
    post.deliver(&letter("pushed"));
    arrives(&post, "pushed").await;
    let took = begun.elapsed();
    // It would be polled an hour later.
    assert!(took < Duration::from_secs(20), "{took:?}");
    // The same news again, and streams that end, change nothing.
    post.jmap.replay();
    post.settled().await;
    for number in 0..3 {
        post.jmap.drop_event_streams();
        post.deliver(&letter(&format!("dropped {number}")));
        arrives(&post, &format!("dropped {number}")).await;
    }
    post.issues(4).await;
    post.mails(4).await;
}

#[tokio::test]
async fn a_server_that_does_not_push_is_polled() {
    let mut setup = PostSetup::default();
    setup.jmap.push = false;
    let post = setup.start().await;
    for number in 0..3 {
        post.deliver(&letter(&format!("{number}")));
        arrives(&post, &format!("{number}")).await;
    }
    post.issues(3).await;
    assert_eq!(calls(&post, "eventsource"), 1, "it is not asked again and again");
}

#[tokio::test]
async fn a_forgotten_cursor_costs_a_comparison_and_nothing_else() {
    let post = Post::start().await;
    for number in 0..3 {
        post.deliver(&letter(&format!("before {number}")));
    }
    post.issues(3).await;
    post.mails(3).await;
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("Email/changes"));
    post.deliver(&letter("unseen"));
    post.jmap.forget_changes();
    post.jmap.clear_faults();
    post.deliver(&letter("after"));
    arrives(&post, "unseen").await;
    arrives(&post, "after").await;
    post.issues(5).await;
    post.mails(5).await;
    post.deliver(&letter("and on"));
    post.issues(6).await;
    post.sound().await;
}

#[tokio::test]
async fn a_start_compares_once() {
    let mut post =
        PostSetup::default().mailbox(|mailbox| mailbox.reply.enabled = false).start().await;
    for number in 0..3 {
        post.deliver(&letter(&format!("before {number}")));
    }
    post.issues(3).await;
    let mut asked = Vec::new();
    for forgets in [false, true] {
        let closed = post.close().await;
        closed.jmap.deliver(letter(&format!("meanwhile {forgets}")).raw());
        if forgets {
            closed.jmap.forget_changes();
        }
        let queries = |jmap: &ticketd::sandbox::Jmap| {
            jmap.ledger().iter().filter(|call| call.target.contains("Email/query")).count()
        };
        let before = queries(&closed.jmap);
        post = closed.start().await;
        post.settled().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        asked.push(queries(&post.jmap) - before);
    }
    assert!(asked[0] > 0 && asked[0] == asked[1], "{asked:?}");
}

#[tokio::test]
async fn junk_that_is_released_while_the_cursor_is_lost_is_found() {
    let post = PostSetup::default().mailbox(|mailbox| mailbox.first_days = 60).start().await;
    post.deliver(&letter("plain"));
    post.issues(1).await;
    let junk = post.jmap.deliver_at("junk", letter("released").raw(), days_ago(20));
    post.settled().await;
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("Email/changes"));
    post.jmap.move_to(&junk, "inbox");
    post.jmap.forget_changes();
    post.jmap.clear_faults();
    arrives(&post, "released").await;
    post.issues(2).await;
    post.sound().await;
}

#[tokio::test]
async fn a_server_that_is_set_back_loses_nothing() {
    let post = Post::start().await;
    for number in 0..3 {
        post.deliver(&letter(&format!("before {number}")));
    }
    post.issues(3).await;
    post.mails(3).await;
    post.jmap.reset_states();
    post.deliver(&letter("after"));
    arrives(&post, "after").await;
    for number in 0..3 {
        post.deliver(&letter(&format!("later {number}")));
    }
    post.issues(7).await;
    post.mails(7).await;
    post.sound().await;
}

#[tokio::test]
async fn a_token_that_expires_is_read_again_from_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let (kept, read) = (file.clone(), file.clone());
    let post = PostSetup::default()
        .before(move |jmap, _| std::fs::write(&kept, jmap.token()).unwrap())
        .mailbox(move |mailbox| credential(mailbox, Credential::TokenFile(read)))
        .start()
        .await;
    post.deliver(&letter("with the first"));
    arrives(&post, "with the first").await;
    post.jmap.expire_tokens();
    std::fs::write(&file, post.jmap.token()).unwrap();
    post.deliver(&letter("with the second"));
    arrives(&post, "with the second").await;
    // New streams take the new one as well.
    post.jmap.drop_event_streams();
    post.deliver(&letter("still"));
    arrives(&post, "still").await;
    assert!(shown(&post).await["ok"] == true);
    // Refused first, renewed later.
    post.jmap.expire_tokens();
    post.deliver(&letter("late"));
    let ill = becomes(&post, false).await;
    assert!(ill["last_failure"].is_string());
    std::fs::write(&file, post.jmap.token()).unwrap();
    arrives(&post, "late").await;
    becomes(&post, true).await;
    post.issues(4).await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_shown_and_not_tried_without_end() {
    let wrong = SecretString::from("tok-wrong");
    let post = PostSetup::default()
        .mailbox(|mailbox| credential(mailbox, Credential::Token(wrong)))
        .at_once()
        .start()
        .await;
    let ill = becomes(&post, false).await;
    assert!(ill["last_success"].is_null() && ill["last_failure"].is_string(), "{ill}");
    let metrics = post.app.get("/metrics").await.body;
    assert!(metrics.contains("ticketd_mailbox_ok{mailbox=\"support\"} 0"), "{metrics}");
    let before = post.jmap.ledger().len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let refused = post.jmap.ledger().len() - before;
    assert!(refused < 15, "{refused} calls in 3 s");
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_read_when_it_comes() {
    let post = PostSetup::default()
        .before(|jmap, _| jmap.fault(Fault::CutConnection))
        .mailbox(|mailbox| mailbox.first_days = 1)
        .at_once()
        .start()
        .await;
    becomes(&post, false).await;
    post.deliver(&letter("while away"));
    post.jmap.clear_faults();
    arrives(&post, "while away").await;
    let well = becomes(&post, true).await;
    assert_eq!(well["ok"], true);
    post.jmap.fault(Fault::Status(503));
    post.deliver(&letter("away again"));
    becomes(&post, false).await;
    post.jmap.clear_faults();
    arrives(&post, "away again").await;
    post.issues(2).await;
    post.mails(2).await;
}

#[tokio::test]
async fn a_mail_out_of_the_junk_is_taken_and_one_in_it_is_not() {
    let post = Post::start().await;
    let id = post.jmap.deliver_to("junk", letter("no junk").raw());
    post.jmap.deliver_to("junk", letter("junk").raw());
    post.jmap.deliver_to("drafts", letter("draft").raw());
    post.jmap.deliver_to("archive", letter("filed").raw());
    post.issues(0).await;
    post.jmap.move_to(&id, "inbox");
    arrives(&post, "no junk").await;
    // To and fro.
    post.jmap.move_to(&id, "archive");
    post.jmap.move_to(&id, "inbox");
    post.issues(1).await;
    post.mails(1).await;
}

/// A mail whose head is recorded, and whose text cannot be read before Jira is back.
async fn waiting(post: &Post, subject: &str) -> String {
    post.jira.fault(FaultRule::from(Fault::Status(503)));
    let id = post.deliver(&letter(subject).text("It burns."));
    post.row(Listing::Cases, subject).await;
    post.settled().await;
    id
}

#[tokio::test]
async fn a_mail_that_is_deleted_too_soon_is_an_issue_that_says_so() {
    let post = Post::start().await;
    let id = waiting(&post, "gone").await;
    post.jmap.destroy(&id);
    post.jira.clear_faults();
    let issue = post.issues(1).await.remove(0);
    assert_eq!(issue.summary, "gone");
    let said = "The mail was deleted from the mailbox before its text could be read.";
    assert!(issue.description.contains(said), "{}", issue.description);
    assert!(issue.description.contains("alice@customer.example"), "{}", issue.description);
    assert_eq!(post.mails(1).await[0].rcpt_to, ["alice@customer.example"]);
}

#[tokio::test]
async fn a_mail_that_is_filed_away_is_read_all_the_same() {
    let post = Post::start().await;
    for (number, role) in ["archive", "junk", "trash"].into_iter().enumerate() {
        let id = waiting(&post, role).await;
        post.jmap.move_to(&id, role);
        post.jira.clear_faults();
        let issues = post.issues(number + 1).await;
        let issue = issues.iter().find(|issue| issue.summary == role).unwrap();
        assert!(issue.description.contains("It burns."), "{role}: {}", issue.description);
    }
}

#[tokio::test]
async fn a_mail_that_breaks_the_server_is_put_aside_and_holds_up_nothing() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("Email/changes"));
    let mut mails: Vec<_> = (0..5).map(|n| letter(&format!("before {n}")).raw().into()).collect();
    mails.push(letter("poison").text("It burns.").raw().into());
    mails.extend((0..5).map(|n| letter(&format!("after {n}")).raw().into()));
    let ids = post.jmap.deliver_many(mails);
    post.jmap.break_over(&ids[5]);
    post.jmap.clear_faults();
    post.issues(10).await;
    let row = post.rows(Listing::Quarantined).await.remove(0);
    let Reply::Mail { raw, .. } = post.ask(Question::Show(row.id.clone())).await else {
        panic!("no mail")
    };
    assert!(String::from_utf8_lossy(&raw).contains("It burns."), "its raw text is kept");
    post.deliver(&letter("later"));
    post.issues(11).await;
    // Still broken: it stays there, once.
    post.ask(Question::Retry(row.id.clone())).await;
    assert_eq!(post.rows(Listing::Quarantined).await.len(), 1);
    post.jmap.mend();
    let reply = post.ask(Question::Retry(row.id)).await;
    assert!(matches!(reply, Reply::Reread(read) if read.tickets == 1), "{reply:?}");
    arrives(&post, "poison").await;
    post.issues(12).await;
    assert!(post.rows(Listing::Quarantined).await.is_empty());
    post.sound().await;
}

#[tokio::test]
async fn the_first_start_goes_back_as_far_as_is_wanted() {
    for (first_days, summaries) in [(0, vec![]), (3, vec!["two days old"])] {
        let post = PostSetup::default()
            .before(|jmap, _| {
                for (subject, days) in [("two days old", 2), ("ten days old", 10)] {
                    jmap.deliver_at("inbox", letter(subject).raw(), days_ago(days));
                }
            })
            .mailbox(move |mailbox| mailbox.first_days = first_days)
            .start()
            .await;
        post.deliver(&letter("new"));
        let issues = post.issues(summaries.len() + 1).await;
        let mut found: Vec<_> = issues.iter().map(|issue| issue.summary.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, [&["new"], summaries.as_slice()].concat());
    }
}

#[tokio::test]
async fn a_sweep_finds_what_was_missed() {
    let post = PostSetup::default()
        .before(|jmap, _| {
            for (subject, days) in [("old", 2), ("older", 5), ("oldest", 30)] {
                jmap.deliver_at("inbox", letter(subject).raw(), days_ago(days));
            }
        })
        .start()
        .await;
    post.deliver(&letter("new"));
    post.issues(1).await;
    assert_eq!(post.sweep(10, true).await, (3, 2, 0));
    post.issues(1).await;
    assert_eq!(post.sweep(10, false).await, (3, 2, 2));
    post.issues(3).await;
    assert_eq!(post.sweep(10, false).await, (3, 0, 0));
    assert_eq!(post.sweep(60, true).await, (4, 1, 0));
    post.issues(3).await;
    post.mails(3).await;
    post.sound().await;
}

#[tokio::test]
async fn a_restart_takes_up_where_it_left() {
    let post = Post::start().await;
    post.deliver(&letter("before"));
    post.issues(1).await;
    post.mails(1).await;
    let meanwhile = PostSetup::default().before(|jmap, _| {
        jmap.deliver(letter("meanwhile").raw());
    });
    let post = meanwhile.after(post).await;
    post.deliver(&letter("after"));
    arrives(&post, "meanwhile").await;
    post.issues(3).await;
    post.mails(3).await;
}

#[tokio::test]
async fn whoever_watches_sees_how_a_mailbox_stands() {
    let post = Post::start().await;
    let well = becomes(&post, true).await;
    assert_eq!((&well["lag_seconds"], &well["backlog"]), (&Value::from(0), &Value::from(0)));
    post.jira.fault(FaultRule::from(Fault::Status(503)));
    let mails = (0..20).map(|n| letter(&format!("{n}")).raw().into());
    post.jmap.deliver_many(mails.collect());
    backlog_becomes(&post, 20).await;
    let metrics = post.app.get("/metrics").await.body;
    for line in [
        "ticketd_mailbox_ok{mailbox=\"support\"} 1",
        "ticketd_mailbox_backlog{mailbox=\"support\"} 20",
        "ticketd_mails_total{outcome=\"ticket\"} 20",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(metrics.contains("ticketd_mailbox_lag_seconds{mailbox=\"support\"}"), "{metrics}");
    post.jira.clear_faults();
    post.issues(20).await;
    backlog_becomes(&post, 0).await;
    assert!(shown(&post).await["last_success"].is_string());
}

async fn backlog_becomes(post: &Post, count: u64) {
    for _ in 0..1_000 {
        if shown(post).await["backlog"] == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", shown(post).await);
}

#[tokio::test]
async fn an_old_mail_that_is_only_flagged_makes_no_ticket() {
    let post = Post::start().await;
    let old = post.jmap.deliver_at("archive", letter("old").raw(), days_ago(30));
    let inbox = post.jmap.deliver_at("inbox", letter("old too").raw(), days_ago(2));
    for id in [&old, &inbox] {
        post.jmap.flag(id);
    }
    post.jmap.move_to(&old, "inbox");
    post.deliver(&letter("new"));
    assert_eq!(post.issues(1).await[0].summary, "new");
    // What is known already is not told again either.
    let known = post.jmap.emails("inbox").pop().unwrap();
    post.jmap.flag(&known);
    post.deliver(&letter("newer"));
    post.issues(2).await;
}
