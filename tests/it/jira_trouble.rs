//! Jira fails in every way that is known, and each mail still becomes exactly one issue.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use ticketd::actors::{Listing, Question, Reply, Retried};
use ticketd::sandbox::{Deployment, Fault, FaultRule, JiraWrite};

use crate::harness::{Letter, Post, PostSetup, Relay};

const CREATE: &str = "POST /rest/api/2/issue";

fn letter(subject: &str) -> Letter {
    Letter::from("Dora <dora@customer.example>", subject)
}

fn once(fault: Fault) -> FaultRule {
    FaultRule::from(fault).at(CREATE).times(1)
}

/// A mail meets this fault at its create call: it becomes one issue, and the case goes on.
async fn survives(flavour: Deployment, fault: Fault) {
    let post = PostSetup::default().flavour(flavour).start().await;
    post.jira.fault(once(fault));
    post.deliver(&letter(&format!("{fault:?}")));
    post.until_within(Duration::from_mins(1), &format!("{fault:?}"), || !post.living().is_empty())
        .await;
    // Whoever made it twice would do it after the time in which it looks for the first one.
    tokio::time::sleep(Duration::from_millis(2_600)).await;
    let made = post.living();
    assert_eq!(made.len(), 1, "{fault:?}: {made:#?}");
    assert_eq!(made[0].summary, format!("{fault:?}"));
    let follow_up = letter(&format!("Re: {fault:?} [{}]", made[0].key)).text("Still here.");
    post.until("the case goes on", || !post.jmap.submissions().is_empty()).await;
    post.deliver(&follow_up);
    post.comments(&made[0].key, 1).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1, "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_call_that_fails_makes_one_issue_all_the_same() {
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(503),
        Fault::BrokenJson,
        Fault::CutConnection,
        Fault::Status(503),
        Fault::HtmlOk,
    ];
    join_all(faults.map(|fault| survives(Deployment::Cloud, fault))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_data_center_too() {
    let faults = [Fault::CutAfterCommit, Fault::StatusAfterCommit(502), Fault::Oversized];
    join_all(faults.map(|fault| survives(Deployment::DataCenter, fault))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_and_a_slow_answer_are_waited_out() {
    let faults = [Fault::Status(409), Fault::Slow(Duration::from_secs(3))];
    join_all(faults.map(|fault| survives(Deployment::Cloud, fault))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_is_given_up_and_holds_nobody_up() {
    let post = Post::start().await;
    post.jira.fault(once(Fault::Hang));
    post.deliver(&letter("hangs"));
    post.until("the call hangs", || !post.asked(CREATE).is_empty()).await;
    post.deliver(&letter("flows on"));
    assert_eq!(post.issues(1).await[0].summary, "flows on");
    post.until_within(Duration::from_secs(45), "both", || post.living().len() == 2).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_mails_flow_while_one_create_is_looked_for() {
    let setup = PostSetup::default().tracker(|jira| jira.index_lag = Duration::from_mins(1));
    let post = setup.start().await;
    // Lost before it was made: it can only be believed after the whole lag.
    post.jira.fault(once(Fault::CutConnection));
    post.deliver(&letter("looked for"));
    post.until("the create", || !post.asked(CREATE).is_empty()).await;
    for n in 0..20 {
        post.deliver(&letter(&format!("other {n}")));
    }
    let start = Instant::now();
    post.until_within(Duration::from_secs(45), "the others", || post.living().len() >= 20).await;
    let made = post.issues(20).await;
    // Well before the lag is over.
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
    assert!(made.iter().all(|issue| issue.summary.starts_with("other ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_behind_and_skipped_numbers_do_not_double() {
    let rows = [(0, 0), (1, 3), (3, 0), (3, 3), (2, 40)].map(|(lag, skip)| async move {
        let setup = PostSetup::default().tracker(|jira| jira.index_lag = Duration::from_secs(6));
        let post = setup.start().await;
        post.jira.set_index_lag(Duration::from_secs(lag));
        post.deliver(&letter("first"));
        post.issues(1).await;
        post.jira.move_numbers_on(skip);
        for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(504)] {
            post.jira.fault(once(fault));
            post.deliver(&letter(&format!("{fault:?}")));
        }
        post.mails(3).await;
        assert_eq!(post.living().len(), 3, "lag {lag} s, {skip} numbers skipped");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(post.jira.writes_of(JiraWrite::Issue), 3, "lag {lag} s, {skip} skipped");
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_before_retry_after_has_passed() {
    let mut setup = PostSetup::default();
    setup.jira.writes_per_second = Some(1);
    let post = setup.start().await;
    for n in 0..4 {
        post.deliver(&letter(&format!("mail {n}")));
    }
    // One a second passes, and each refusal is one call: whoever hammers has dozens.
    let issues = post.issues(4).await;
    assert_eq!(issues.len(), 4);
    assert!(post.jira.refused() <= 16, "{} writes were refused", post.jira.refused());
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_without_a_word_means_some_seconds() {
    let post = Post::start().await;
    post.jira.fault(once(Fault::Status(429)));
    post.deliver(&letter("too fast"));
    // The last moment at which nothing had been refused: the pause cannot look shorter than it is.
    let mut refused = Instant::now();
    let begun = refused;
    while post.asked(CREATE).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no create call");
        refused = Instant::now();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    post.deliver(&letter("another"));
    post.until("the next call", || post.asked(CREATE).len() > 1).await;
    let paused = refused.elapsed();
    assert!(paused >= Duration::from_secs(4), "nothing is written in the pause: {paused:?}");
    post.issues(2).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jira_that_is_away_is_waited_for() {
    ticketd::prepare_process();
    let jira = ticketd::sandbox::Jira::start().await.unwrap();
    let jmap = ticketd::sandbox::Jmap::start().await.unwrap();
    let mut line = Relay::to(jira.address()).await;
    let post = PostSetup::default().jira_at(line.url()).between(jira, jmap).await;
    post.deliver(&letter("before"));
    post.issues(1).await;
    line.cut().await;
    for n in 0..5 {
        post.deliver(&letter(&format!("away {n}")));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(post.living().len(), 1);
    line.mend().await;
    post.issues(6).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_in_is_tried_once() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let setup = PostSetup::default().tracker(|jira| jira.api_token = "wrong".into());
        let setup = setup.flavour(flavour);
        let post = setup.start().await;
        for n in 0..5 {
            post.deliver(&letter(&format!("mail {n}")));
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let refused: Vec<_> =
            post.asked("").into_iter().filter(|c| c.status == Some(401)).collect();
        assert_eq!(refused.len(), 1, "{flavour:?}: {refused:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_is_not_tried_on_and_on() {
    let post = Post::start().await;
    post.deliver(&letter("before"));
    post.mails(1).await;
    post.jira.expire_token();
    for n in 0..5 {
        post.deliver(&letter(&format!("mail {n}")));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Those that were under way at the same moment, and none after them.
    let refused = || post.asked("").iter().filter(|call| call.status == Some(401)).count();
    let first = refused();
    assert!((1..=8).contains(&first), "{first}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(refused(), first);
    assert_eq!(post.living().len(), 1);
    // Whoever renews the token starts ticketd again with it.
    post.jira.renew_token();
    let post = post.close().await.start().await;
    post.deliver(&letter("after"));
    post.until("an issue", || post.living().iter().any(|issue| issue.summary == "after")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_makes_one_issue() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let setup = PostSetup::default();
        let setup = setup.flavour(flavour);
        let post = setup.start().await;
        post.jira.fault(once(Fault::CutAfterCommit));
        // It cannot be looked for before the restart.
        post.jira.fault(FaultRule::from(Fault::Status(503)).at("mail-"));
        post.deliver(&letter("restart"));
        post.until("the create", || post.jira.writes_of(JiraWrite::Issue) == 1).await;
        post.deliver(&letter("Re: restart").text("More."));
        post.until("the search", || !post.asked("mail-").is_empty()).await;
        let closed = post.close().await;
        closed.jira.clear_faults();
        closed.jmap.deliver(letter("while away").raw());
        let post = closed.start().await;
        let issues = post.issues(2).await;
        let key = &issues.iter().find(|issue| issue.summary == "restart").unwrap().key;
        post.comments(key, 1).await;
        assert_eq!(post.jira.writes_of(JiraWrite::Issue), 2);
        assert_eq!(post.mails(2).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jira_refuses_is_dead_until_the_operator_says() {
    let post = Post::start().await;
    post.jira.fault(once(Fault::Status(400)));
    post.deliver(&letter("refused"));
    post.until("the refusal", || post.asked(CREATE).len() == 1).await;
    post.deliver(&letter("Re: refused").text("Any news?"));
    post.deliver(&letter("another case"));
    assert_eq!(post.issues(1).await[0].summary, "another case", "it holds only its own case");
    let dead = Question::List { listing: Listing::Dead, limit: 10 };
    let Reply::Rows(rows) = post.ask(dead.clone()).await else { panic!("no rows") };
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].state.starts_with("create_issue: ") && rows[0].subject == "refused");
    let retried = post.ask(Question::Retry(rows[0].id.clone())).await;
    assert!(matches!(retried, Reply::Retried(Retried::Queued)), "{retried:?}");
    let issues = post.issues(2).await;
    assert_eq!(issues[1].summary, "refused");
    let issue = post.comments(&issues[1].key, 1).await;
    assert!(issue.comments[0].body.contains("Any news?"));
    let Reply::Rows(rows) = post.ask(dead.clone()).await else { panic!("no rows") };
    assert!(rows.is_empty(), "{rows:?}");
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_comment_is_made_once() {
    let post = Post::start().await;
    let issue = post.issue_of(&letter("comments")).await;
    post.mails(1).await;
    for (n, fault) in [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::BrokenJson,
        Fault::Status(503),
    ]
    .into_iter()
    .enumerate()
    {
        post.jira.fault(FaultRule::from(fault).at("/comment").times(1));
        post.deliver(&letter("Re: comments").text(&format!("Follow-up {n}.")));
        let issue = post.comments(&issue.key, n + 1).await;
        assert!(issue.comments[n].body.contains(&format!("Follow-up {n}.")), "{fault:?}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(post.jira.writes_of(JiraWrite::Comment), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_was_deleted_is_replaced_once() {
    let post = Post::start().await;
    let first = post.issue_of(&letter("gone")).await;
    post.mails(1).await;
    post.jira.delete(&first.key);
    post.deliver(&letter("Re: gone").text("Are you there?"));
    let second = post.issues(1).await.remove(0);
    assert!(second.description.contains("Are you there?"), "{}", second.description);
    assert!(second.description.contains(&format!("replaces {}", first.key)));
    post.deliver(&letter("Re: gone").text("Hello?"));
    post.comments(&second.key, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_case_is_tried_again_by_its_number() {
    let post = Post::start().await;
    post.jira.fault(once(Fault::Status(400)));
    post.deliver(&letter("refused"));
    post.until("the refusal", || post.asked(CREATE).len() == 1).await;
    post.settled().await;
    let cases = Question::List { listing: Listing::Cases, limit: 10 };
    let Reply::Rows(rows) = post.ask(cases).await else { panic!("no rows") };
    assert!(rows.len() == 1 && rows[0].id.parse::<u64>().is_ok(), "{rows:?}");
    let retry = || post.ask(Question::Retry(rows[0].id.clone()));
    let retried = retry().await;
    assert!(matches!(retried, Reply::Retried(Retried::Queued)), "{retried:?}");
    assert_eq!(post.issues(1).await[0].summary, "refused");
    post.mails(1).await;
    let retried = retry().await;
    assert!(matches!(retried, Reply::Retried(Retried::NotDead)), "{retried:?}");
    let unknown = post.ask(Question::Retry("999".to_owned())).await;
    assert!(matches!(unknown, Reply::Failed(_)), "{unknown:?}");
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
}
