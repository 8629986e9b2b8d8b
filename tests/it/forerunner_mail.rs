//! What the mail service before ticketd got wrong on its way in, each fault a test.

use ticketd::actors::Listing;
use ticketd::config::Config;
use ticketd::sandbox::{Fault, FaultRule};

use crate::harness::{Letter, Post, PostSetup};

const ALICE: &str = "Alice <alice@customer.example>";

#[tokio::test]
async fn one_plain_text_mail_does_not_stop_the_sweep() {
    let mut mails = vec![
        Letter::from(ALICE, "html").typed("text/html", "<p>one</p>"),
        Letter::from(ALICE, "plain").text("two"),
        Letter::from(ALICE, "neither").typed("application/pdf", "%PDF"),
        Letter::from(ALICE, "html too").typed("text/html", "<p>three</p>"),
    ];
    mails.push(mails[1].clone().without("Message-ID").without("Date").header("Subject", "bare"));
    let count = mails.len();
    let setup = PostSetup::default().before(move |jmap, _| {
        jmap.deliver_many(mails.iter().map(|mail| mail.raw().into()).collect());
    });
    let post = setup.start().await;
    assert_eq!(post.sweep(1, false).await, (count, count, count));
    post.issues(count).await;
}

/// It is refused at the start, with its place, and never met by a mail.
#[tokio::test]
async fn a_wrong_filter_is_no_mails_trouble() {
    for (name, value) in [
        ("ALLOWED_DOMAINS", "*("),
        ("ALLOWED_DOMAINS", "alice@customer.example"),
        ("BLOCKED_SENDERS", "no address"),
        ("AUTOMATIC", "perhaps"),
        ("PER_SENDER_PER_HOUR", "0"),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[[mailbox]]\nname = \"support\"\n").unwrap();
        let variable = format!("TICKETD_MAILBOX__SUPPORT__FILTER__{name}");
        let faults = Config::load(Some(file.path()), [(variable, value.to_owned())]).unwrap_err();
        let place = format!("filter.{}", name.to_lowercase());
        assert!(faults.to_string().contains(&place), "{place}: {faults}");
    }
}

/// Where replies cannot leave they wait, and the issues are made all the same.
#[tokio::test]
async fn no_reply_is_lost_while_the_way_out_is_wrong() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(404)).at("EmailSubmission/set"));
    for number in 0..3 {
        post.deliver(&Letter::from(ALICE, &format!("{number}")));
    }
    post.issues(3).await;
    assert_eq!(post.mails(0).await, vec![]);
    assert!(post.rows(Listing::Dead).await.is_empty(), "{:?}", post.rows(Listing::Dead).await);
    post.jmap.clear_faults();
    post.mails(3).await;
}

/// The service let its tracker's own domain pass every rule, and answered it.
#[tokio::test]
async fn no_domain_of_the_trackers_automation_passes_the_filter() {
    let setup = PostSetup::default().mailbox(|mailbox| {
        mailbox.filter.allowed_domains = vec!["customer.example".to_owned()];
        mailbox.filter.blocked_senders = vec!["@blocked.example".to_owned()];
    });
    let post = setup.start().await;
    for (number, from) in [
        "jira@company.atlassian.net",
        "automation@atlassian.com",
        "Jira Automation <noreply@jira.atlassian.net>",
        "\"alice@customer.example\" <noreply@atlassian.net>",
        "x@blocked.example",
        "support@example.org",
        "bot@example.org",
    ]
    .into_iter()
    .enumerate()
    {
        let subject = format!("forged {number}");
        let letter = Letter::from(from, &subject).header("Reply-To", "victim@customer.example");
        post.deliver(&letter.header("Sender", ALICE));
        let rule = post.kept_out(&subject).await;
        assert!(["domain", "blocked_sender", "from_mailbox"].contains(&&*rule), "{from}: {rule}");
    }
    // Forging what Jira's own mails carry opens nothing either.
    for (number, (name, value)) in
        [("X-JIRA-FingerPrint", "0f"), ("Message-ID", "<JIRA.1@Atlassian.JIRA>")]
            .into_iter()
            .enumerate()
    {
        let subject = format!("jira {number}");
        post.deliver(&Letter::from(ALICE, &subject).header(name, value));
        assert_eq!(post.kept_out(&subject).await, "loop");
    }
    post.issues(0).await;
    assert_eq!(post.mails(0).await, vec![], "nobody is written to");
}

#[tokio::test]
async fn domains_are_compared_without_regard_to_case() {
    let setup = PostSetup::default().mailbox(|mailbox| {
        mailbox.filter.allowed_domains = vec!["Customer.EXAMPLE".to_owned()];
        mailbox.filter.blocked_senders = vec!["@Spam.Customer.Example".to_owned()];
    });
    let post = setup.start().await;
    for (number, domain) in
        ["customer.example", "CUSTOMER.example", "Customer.Example"].iter().enumerate()
    {
        post.deliver(&Letter::from(&format!("u{number}@{domain}"), &format!("{number}")));
        post.issues(number + 1).await;
    }
    post.deliver(&Letter::from("u@SPAM.customer.example", "spam"));
    assert_eq!(post.kept_out("spam").await, "blocked_sender");
}

#[tokio::test]
async fn no_automatic_answer_is_answered() {
    let post = Post::start().await;
    let first = Letter::from(ALICE, "Printer on fire");
    post.deliver(&first);
    post.issues(1).await;
    let notice = post.mails(1).await.remove(0);
    let header = |name: &str| {
        let found = notice.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-replied"));
    assert_eq!(header("X-Auto-Response-Suppress").as_deref(), Some("All"));
    assert!(header("X-Ticketd-Loop").is_some());
    let id = format!("<{}>", notice.message_id.unwrap());
    for (number, (name, value)) in
        [("Auto-Submitted", "auto-replied"), ("Precedence", "bulk"), ("X-Autoreply", "yes")]
            .into_iter()
            .enumerate()
    {
        let subject = format!("away {number}");
        post.deliver(&Letter::from(ALICE, &subject).answering(&id).header(name, value));
        assert_eq!(post.kept_out(&subject).await, "automatic");
    }
    post.issues(1).await;
    post.mails(1).await;
}

#[tokio::test]
async fn the_html_of_a_subject_goes_to_nobody() {
    let post = Post::start().await;
    let subject = "<img src=x onerror=alert(1)> & <a href=\"http://evil.example\">click</a>";
    let letter = Letter::from("\"<b>Alice</b>\" <alice@customer.example>", subject)
        .header("Cc", "bob@customer.example, carol@customer.example");
    post.deliver(&letter);
    let issue = post.issues(1).await.remove(0);
    assert_eq!(issue.summary, subject, "Jira shows a summary as it is");
    post.jira.comment_as("bob", &issue.key, "We look <b>into</b> it.");
    for mail in post.mails(2).await {
        assert_eq!(mail.rcpt_to, ["alice@customer.example"]);
        let html = mail.html.unwrap_or_default();
        assert!(!html.contains("<img") && !html.contains("evil.example"), "{html}");
        assert!(!html.contains("<b>Alice"), "{html}");
    }
}
