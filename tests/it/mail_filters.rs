//! Which mails are not taken, and by which rule; the operator sees each of them.

use ticketd::actors::{Listing, Question, Reply, Retried};
use ticketd::config::{Automatic, Filter};

use crate::harness::{Letter, Post, PostSetup, within_an_hour};

const ALICE: &str = "Alice <alice@customer.example>";

fn filtered(change: impl FnOnce(&mut Filter) + Send + 'static) -> PostSetup {
    PostSetup::default().mailbox(|mailbox| change(&mut mailbox.filter))
}

/// One mail of every rule that looks at a mail alone.
#[tokio::test]
async fn every_rule_is_recorded_with_its_mail() {
    let setup = filtered(|filter| {
        filter.allowed_domains = vec!["Customer.Example".to_owned(), "example.org".to_owned()];
        filter.blocked_senders =
            vec!["Spam@customer.example".to_owned(), "@bad.customer.example".to_owned()];
    });
    let setup = setup.mailbox(|mailbox| mailbox.aliases = vec!["help@example.org".to_owned()]);
    let post = setup.start().await;
    let by = |from: &str, subject: &str| Letter::from(from, subject);
    for (letter, rule) in [
        (by("support@example.org", "to myself"), "from_mailbox"),
        (by("HELP@example.org", "by an alias"), "from_mailbox"),
        (by(ALICE, "come round").header("X-Ticketd-Loop", "1"), "loop"),
        (by(ALICE, "jira's").header("X-JIRA-FingerPrint", "0f"), "loop"),
        (by("spam@CUSTOMER.example", "buy"), "blocked_sender"),
        (by("x@bad.customer.example", "buy more"), "blocked_sender"),
        (by(ALICE, "answer them").header("Reply-To", "spam@customer.example"), "blocked_sender"),
        (by("eve@elsewhere.example", "from outside"), "domain"),
        (by("eve@sub.customer.example", "from below"), "domain"),
        (by("eve@customer.example.evil", "from beside"), "domain"),
        (by(ALICE, "by a machine").header("Auto-Submitted", "auto-generated"), "automatic"),
        (by(ALICE, "to others").header("To", "others@example.org"), "not_addressed"),
    ] {
        post.deliver(&letter);
        let subject = String::from_utf8(letter.raw()).unwrap();
        let subject = subject.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        assert_eq!(post.kept_out(subject).await, rule, "{subject}");
    }
    for (from, to) in [
        ("A@CUSTOMER.example", "support@example.org"),
        ("bob@Example.Org", "Others <others@example.org>, SUPPORT@EXAMPLE.ORG"),
        ("carol@customer.EXAMPLE", "help@example.org"),
    ] {
        let count = post.living().len() + 1;
        post.deliver(&Letter::from(from, "Help").header("To", to));
        post.issues(count).await;
    }
    post.mails(3).await;
    // And the three notices, which lie in the sent folder.
    assert_eq!(post.count_of("ignored").await, 12 + 3);
    post.sound().await;
}

#[tokio::test]
async fn what_was_sent_from_the_mailbox_is_an_answer_or_nothing() {
    let post = Post::start().await;
    let first = Letter::from(ALICE, "Printer on fire");
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    let notice = post.mails(1).await.remove(0);
    // Ours lies in the sent folder, and comes round by a list.
    assert_eq!(post.kept_out(&notice.subject).await, "own");
    let id = format!("<{}>", notice.message_id.unwrap());
    let round = Letter::from("list@customer.example", "come round").header("Message-ID", &id);
    post.deliver(&round);
    assert_eq!(post.kept_out("come round").await, "own");
    // Somebody answers out of the mailbox: it belongs to the issue, its copy does not.
    let by_hand = Letter::from("support@example.org", "Re: Printer on fire")
        .header("To", ALICE)
        .answering(&first.id())
        .text("We come.");
    post.jmap.deliver_to("sent", by_hand.raw());
    let read = post.comments(&issue.key, 1).await;
    assert!(read.comments[0].body.contains("We come."), "{}", read.comments[0].body);
    post.deliver(&by_hand);
    assert_eq!(post.kept_out("Re: Printer on fire").await, "sent_duplicate");
    // And writes somebody about something else.
    let other = Letter::from("support@example.org", "Lunch?").header("To", "bob@example.org");
    post.jmap.deliver_to("sent", other.raw());
    assert_eq!(post.kept_out("Lunch?").await, "sent");
    post.issues(1).await;
    post.comments(&issue.key, 1).await;
    post.mails(1).await;
}

#[tokio::test]
async fn every_kind_of_automatic_mail_is_kept_out_and_people_are_not() {
    let post = Post::start().await;
    let signs = [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "auto-generated; reason=x"),
        ("auto-submitted", "Auto-Notified"),
        ("Precedence", "bulk"),
        ("Precedence", "Junk"),
        ("Precedence", "list"),
        ("Precedence", "auto_reply"),
        ("Content-Type", "multipart/report; report-type=delivery-status; boundary=b"),
        ("Return-Path", "<>"),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", ""),
        ("X-AutoResponder", "1"),
        ("X-Auto-Reply", "vacation"),
        ("X-Mail-Autoreply", "yes"),
        ("List-Id", "News <news.customer.example>"),
    ];
    for (number, (name, value)) in signs.into_iter().enumerate() {
        post.deliver(&Letter::from(ALICE, &format!("sign {number}")).header(name, value));
    }
    for (number, sign) in signs.into_iter().enumerate() {
        let rule = post.kept_out(&format!("sign {number}")).await;
        assert_eq!(rule, "automatic", "{sign:?}");
    }
    let from_jira = Letter::from(ALICE, "jira").header("Message-ID", "<JIRA.1.2@Atlassian.JIRA>");
    post.deliver(&from_jira);
    assert_eq!(post.kept_out("jira").await, "loop");
    let people = [
        ("Auto-Submitted", "no"),
        ("X-Auto-Response-Suppress", "All"),
        ("Return-Path", "<alice@customer.example>"),
        ("Precedence", "first-class"),
    ];
    for (number, (name, value)) in people.into_iter().enumerate() {
        post.deliver(&Letter::from(ALICE, &format!("person {number}")).header(name, value));
        post.issues(number + 1).await;
    }
    post.mails(people.len()).await;
}

#[tokio::test]
async fn automatic_mail_that_is_wanted_becomes_an_issue_and_is_never_answered() {
    let setup = filtered(|filter| filter.automatic = Automatic::Ticket);
    let setup = setup.config(|config| {
        config.jira.as_mut().unwrap().reopen = Some("Back to the pile".to_owned());
    });
    let post = setup.start().await;
    let alarm = Letter::from("monitor@customer.example", "Disk full")
        .header("Auto-Submitted", "auto-generated");
    post.deliver(&alarm);
    let issue = post.issues(1).await.remove(0);
    post.jira.close(&issue.key);
    let again = Letter::from("monitor@customer.example", "Re: Disk full").answering(&alarm.id());
    post.deliver(&again.header("Auto-Submitted", "auto-generated"));
    let issue = post.comments(&issue.key, 1).await;
    assert_eq!(issue.status, "Done");
    let bounce = Letter::from("MAILER-DAEMON@customer.example", "Undelivered")
        .header("Return-Path", "<>")
        .header("X-Ticketd-Loop", "1");
    post.deliver(&bounce);
    assert_eq!(post.kept_out("Undelivered").await, "loop", "what comes round is never wanted");
    assert_eq!(post.mails(0).await, vec![]);
}

#[tokio::test]
async fn an_address_gets_only_so_many_notices_in_a_day() {
    within_an_hour(async || {
        let setup = PostSetup::default()
            .mailbox(|mailbox| mailbox.reply.per_address_per_day = 3.try_into().unwrap());
        let post = setup.start().await;
        for number in 0..5 {
            post.deliver(&Letter::from(ALICE, &format!("{number}")));
            post.issues(number + 1).await;
        }
        post.deliver(&Letter::from("bob@customer.example", "Bob's"));
        post.issues(6).await;
        let mails = post.mails(4).await;
        let to = |who: &str| mails.iter().filter(|mail| mail.rcpt_to == [who]).count();
        assert_eq!((to("alice@customer.example"), to("bob@customer.example")), (3, 1));
        // What an agent says still goes out.
        let issue = post.living().into_iter().find(|issue| issue.summary == "4").unwrap();
        post.jira.comment_as("bob", &issue.key, "Done.");
        post.mails(5).await;
    })
    .await;
}

#[tokio::test]
async fn a_sender_has_a_rate_and_the_others_do_not_feel_it() {
    within_an_hour(async || {
        let setup = filtered(|filter| filter.per_sender_per_hour = 4.try_into().unwrap());
        let post = setup.start().await;
        let mails = (0..7).map(|n| Letter::from(ALICE, &format!("{n}")).raw().into());
        post.jmap.deliver_many(mails.collect());
        post.deliver(&Letter::from("bob@customer.example", "Bob's"));
        post.issues(5).await;
        let rows = post.rows(Listing::Ignored).await;
        let rates = rows.iter().filter(|row| row.state == "rate").count();
        assert_eq!(rates, 3, "{rows:?}");
    })
    .await;
}

#[tokio::test]
async fn a_person_who_is_not_answered_may_go_on_only_for_so_long() {
    let post = Post::start().await;
    let first = Letter::from(ALICE, "Printer on fire");
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    for number in 0..11 {
        post.deliver(&Letter::from(ALICE, &format!("more {number}")).answering(&first.id()));
    }
    assert_eq!(post.kept_out("more 10").await, "streak");
    post.comments(&issue.key, 10).await;
    post.jira.comment_as("bob", &issue.key, "We hear you.");
    post.mails(2).await;
    post.deliver(&Letter::from(ALICE, "thanks").answering(&first.id()));
    post.comments(&issue.key, 12).await;
}

#[tokio::test]
async fn the_operator_lets_in_what_a_rule_kept_out() {
    let post = filtered(|filter| filter.blocked_senders = vec!["@blocked.example".to_owned()])
        .start()
        .await;
    let first = Letter::from("dora@blocked.example", "kept out");
    post.deliver(&first);
    post.deliver(&Letter::from("dora@blocked.example", "Re: kept out").answering(&first.id()));
    let retry = |id: String| post.ask(Question::Retry(id));
    let id = post.row(Listing::Ignored, "kept out").await.id;
    let follow_up = post.row(Listing::Ignored, "Re: kept out").await.id;
    let taken = retry(id.clone()).await;
    assert!(matches!(&taken, Reply::Reread(taken) if taken.tickets == 1), "{taken:?}");
    let issue = post.issues(1).await.remove(0);
    assert_eq!(issue.summary, "kept out");
    assert_eq!(post.mails(1).await[0].rcpt_to, ["dora@blocked.example"]);
    let again = retry(id).await;
    assert!(matches!(again, Reply::Retried(Retried::NotDead)), "{again:?}");
    let taken = retry(follow_up).await;
    assert!(matches!(&taken, Reply::Reread(taken) if taken.comments == 1), "{taken:?}");
    post.comments(&issue.key, 1).await;
    // The rule stands for all others.
    post.deliver(&Letter::from("dora@blocked.example", "another"));
    assert_eq!(post.kept_out("another").await, "blocked_sender");
    assert_eq!((post.count_of("ticket").await, post.count_of("comment").await), (1, 1));
    post.issues(1).await;
    post.sound().await;
}
