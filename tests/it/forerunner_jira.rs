//! What the mail service before ticketd got wrong with Jira, one test a fault.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use ticketd::sandbox::{Deployment, Fault, FaultRule, JiraWrite};

use crate::harness::{Letter, Post, PostSetup};

fn letter(subject: &str) -> Letter {
    Letter::from("Dora <dora@customer.example>", subject)
}

/// It died between the create call and its record: the next start made the issue again.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_create_call_makes_no_second_issue() {
    let setup = PostSetup::default().tracker(|jira| jira.index_lag = Duration::from_secs(4));
    let post = setup.start().await;
    post.jira.set_index_lag(Duration::from_secs(2));
    post.jira.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /rest/api/2/issue").times(1));
    post.jira.fault(FaultRule::from(Fault::Status(502)).at("mail-"));
    post.deliver(&letter("Crash"));
    post.until("the create", || post.jira.writes_of(JiraWrite::Issue) == 1).await;
    let closed = post.close().await;
    closed.jira.clear_faults();
    let post = closed.start().await;
    post.mails(1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
}

/// An attachment or a watcher that failed sent the whole mail round again.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_side_call_makes_no_second_issue() {
    let post = Post::start().await;
    for (fault, place) in [
        (Fault::Status(500), "/user/search"),
        (Fault::Status(502), "/attachment/meta"),
        (Fault::CutAfterCommit, "/attachments"),
        (Fault::Status(503), "/watchers"),
    ] {
        post.jira.fault(FaultRule::from(fault).at(place).times(1));
    }
    let letter = |subject| {
        letter(subject).header("Cc", "bob@example.org").files(&[("a.txt", "text/plain", b"a")])
    };
    post.deliver(&letter("Side"));
    let done = |subject: &str, files: usize| {
        let issues = post.living();
        let issue = issues.iter().find(|issue| issue.summary == subject);
        issue.is_some_and(|issue| issue.attachments.len() == files && issue.watchers.len() == 1)
    };
    post.until_within(Duration::from_mins(1), "all of it", || done("Side", 1)).await;
    // One that Jira will never take.
    post.jira.fault(FaultRule::from(Fault::Status(413)).at("/attachments").times(1));
    post.deliver(&letter("Never"));
    post.until_within(Duration::from_secs(30), "the rest of it", || done("Never", 0)).await;
    post.issues(2).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 2);
}

/// It called an address of the mail server that was wrong, took the 404 for done, and lost every
/// reply.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_meets_a_wrong_address_is_not_lost() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(404)).at("EmailSubmission/set").times(2));
    let issue = post.issue_of(&letter("Reply")).await;
    post.until_within(Duration::from_secs(30), "the notice", || post.jmap.submissions().len() == 1)
        .await;
    post.jmap.fault(FaultRule::from(Fault::Status(404)).at("Email/set").times(2));
    post.jira.comment_as("bob", &issue.key, "Heard?");
    post.until_within(Duration::from_secs(30), "the comment", || {
        post.jmap.submissions().len() == 2
    })
    .await;
    post.mails(2).await;
}

/// Subjects and addresses went into JQL as they came.
#[tokio::test(flavor = "multi_thread")]
async fn no_mail_writes_our_searches() {
    let post = Post::start().await;
    for (from, subject) in [
        ("dora@customer.example", "x\" OR project = OPS ORDER BY created"),
        ("\"a\\\" OR status = Done\"@customer.example", "Re: \\\") OR (labels = \"ticketd"),
        ("o'hara+or=1@customer.example", "[SUP-1] [OPS-1] [SUP-1 OR 1=1]"),
    ] {
        let count = post.living().len() + 1;
        post.deliver(&Letter::from(from, subject));
        post.issues(count).await;
    }
    post.jira.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /rest/api/2/issue").times(1));
    post.deliver(&letter("\" OR 1 = 1 --"));
    post.issues(4).await;
    post.until("a search for the mark", || !post.asked("mail-").is_empty()).await;
    for call in post.asked("jql=") {
        let query = call.target.split_once("jql=").unwrap().1.split('&').next().unwrap();
        let jql = percent_decode_str(&query.replace('+', " ")).decode_utf8().unwrap().into_owned();
        let ours = jql.starts_with("project = \"SUP\" ORDER BY")
            || jql.starts_with("project = SUP ORDER BY")
            || jql.starts_with("labels = \"ticketd\" AND updated >= ")
            || jql.starts_with("labels = \"mail-");
        assert!(ours, "{jql}");
        for never in [" OR ", "OPS", "customer", "Done"] {
            assert!(!jql.contains(never), "{jql}");
        }
    }
    for call in post.asked("/user/search") {
        assert_eq!(call.target.matches('=').count(), 2, "{}", call.target);
    }
}

/// A subject of HTML went to every reader as HTML.
#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_never_html() {
    let post = Post::start().await;
    let evil = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let issue = post.issue_of(&letter(evil)).await;
    assert_eq!(issue.summary, evil, "a summary is plain text");
    let notice = post.mails(1).await.remove(0);
    assert!(notice.html.is_none(), "{:?}", notice.html);
    post.jira.comment_as("bob", &issue.key, "About <img src=x onerror=alert(3)> you.");
    let mail = post.mails(2).await.remove(1);
    let html = mail.html.unwrap();
    assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
    assert!(mail.text.contains("<img src=x onerror=alert(3)>"), "{}", mail.text);
}

/// Fifteen calls to Jira for each ticket.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_costs_few_calls() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let setup = PostSetup::default().tracker(|jira| jira.poll = Duration::from_mins(10));
        let setup = setup.flavour(flavour);
        let post = setup.start().await;
        post.deliver(&letter("First"));
        post.mails(1).await;
        let before = post.asked("").len();
        for n in 0..10 {
            post.deliver(&letter(&format!("Mail {n}")));
        }
        post.mails(11).await;
        let calls = post.asked("").len() - before;
        assert!(calls <= 10, "{calls} calls for ten plain mails of a known sender");
        let before = post.asked("").len();
        let copied = letter("Files")
            .header("Cc", "bob@example.org")
            .files(&[("a.txt", "text/plain", b"a"), ("b.txt", "text/plain", b"b")]);
        post.deliver(&copied);
        post.until("the files and the watcher", || {
            post.living().last().is_some_and(|i| i.attachments.len() == 2 && i.watchers.len() == 1)
        })
        .await;
        let calls = post.asked("").len() - before;
        assert!(calls <= 8, "{calls} calls for a mail with two files and a copy");
    }
}
