//! A mail becomes an issue of Redmine's, a follow-up a note, and the reporter hears of both ways;
//! each once, also where Redmine's answers get lost.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::harness::{Letter, Post, PostSetup};
use ticketd::config::{Filing, Place, TextFormatting};
use ticketd::sandbox::{Fault, FaultRule, Redmine, RedmineIssue, RedmineNote};

/// The issues of the seed.
const SEED: usize = 8;

fn setup(change: impl FnOnce(&mut Filing) + Send + 'static) -> PostSetup {
    PostSetup::default().config(|config| {
        config.jira = None;
        config.mailboxes[0].place = Place::Redmine("helpdesk".to_owned());
        let mut filing = Filing {
            api_key: Redmine::user_key("bot").into(),
            issue_type: Some("support".to_owned()),
            text_formatting: TextFormatting::Textile,
            poll: Duration::from_millis(300),
            users: BTreeMap::new(),
            attachment_bytes: 1_000,
            reopen_status: None,
        };
        change(&mut filing);
        config.redmine.filing = Some(filing);
    })
}

/// The issues that were made, when there are so many and no more.
async fn made(post: &Post, count: usize) -> Vec<RedmineIssue> {
    let redmine = post.app.redmine();
    post.until("issues", || redmine.issues().len() >= SEED + count).await;
    post.settled().await;
    let made = redmine.issues().split_off(SEED);
    assert_eq!(made.len(), count, "{made:#?}");
    made
}

async fn notes(post: &Post, issue: u32, count: usize) -> Vec<RedmineNote> {
    let redmine = post.app.redmine();
    post.until("notes", || redmine.notes(issue).len() >= count).await;
    post.settled().await;
    let notes = redmine.notes(issue);
    assert_eq!(notes.len(), count, "{notes:#?}");
    notes
}

fn from_alice(subject: &str) -> Letter {
    Letter::from("Alice <alice@customer.example>", subject)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_an_issue_and_the_conversation_goes_on() {
    let post = setup(|_| {}).start().await;
    let first = from_alice("The printer is on fire").text("It burns.\r\nPlease *hurry*.");
    post.deliver(&first);
    let issue = made(&post, 1).await.remove(0);
    assert_eq!((issue.project, issue.tracker, issue.author), ("helpdesk", "Support", "bot"));
    assert_eq!(issue.subject, "The printer is on fire");
    assert!(issue.description.contains("It burns."), "{}", issue.description);
    assert!(issue.description.contains("alice@customer.example"), "{}", issue.description);
    assert!(!issue.description.contains("Please *hurry*"), "{}", issue.description);
    let last = issue.description.lines().last().unwrap();
    assert!(last.starts_with("Reference: mail-"), "{}", issue.description);
    let notice = post.mails(1).await.remove(0);
    let key = format!("#{}", issue.id);
    assert!(notice.subject.contains(&format!("[{key}]")), "{}", notice.subject);

    let answer = format!("<{}>", notice.message_id.clone().unwrap());
    let follow_up = from_alice("Re: The printer is on fire")
        .answering(&answer)
        .text("Put out.\r\n\r\nOn Sunday ticketd wrote:\r\n> We have received\r\n");
    post.deliver(&follow_up);
    let note = notes(&post, issue.id, 1).await.remove(0);
    assert!(note.text.contains("Put out."), "{}", note.text);
    assert!(!note.text.contains("We have received"), "{}", note.text);

    let redmine = post.app.redmine();
    redmine.private_note_as("bot", issue.id, "Not for her.");
    redmine.private_note_as("admin", issue.id, "Neither for her.");
    redmine.comment_as("alice", issue.id, "We send\n<b>somebody</b>.");
    let mail = post.mails(2).await.remove(1);
    assert_eq!(mail.rcpt_to, ["alice@customer.example"]);
    assert!(mail.text.contains("We send\n<b>somebody</b>."), "{}", mail.text);
    assert!(mail.text.contains(&key), "{}", mail.text);
    // In the second of the last one, and after it: each is seen.
    redmine.comment_as("alice", issue.id, "On my way.");
    post.mails(3).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    redmine.comment_as("alice", issue.id, "Here.");
    let mails = post.mails(4).await;
    assert!(mails[2].text.contains("On my way."), "{}", mails[2].text);
    assert!(mails[3].text.contains("Here."), "{}", mails[3].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redmine_did_without_a_word_is_not_done_twice() {
    for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(502), Fault::BrokenJson] {
        let post = setup(|_| {}).start().await;
        let redmine = post.app.redmine();
        let once = |at: &str| redmine.fault(FaultRule::from(fault).at(at).times(1));
        once("POST /issues.json");
        let first = from_alice("Once").files(&[("a.txt", "text/plain", b"one")]);
        post.deliver(&first);
        let issue = made(&post, 1).await.remove(0);
        let notice = post.mails(1).await.remove(0);
        assert!(notice.subject.contains(&format!("#{}", issue.id)), "{}", notice.subject);
        post.until("the file", || redmine.attachments(issue.id).len() == 1).await;
        post.settled().await;
        once("PUT /issues/");
        post.deliver(&from_alice("Re: Once").answering(&first.id()).text("Twice?"));
        notes(&post, issue.id, 1).await;
        once("PUT /issues/");
        let files: &[(&str, &str, &[u8])] =
            &[("b.txt", "text/plain", b"two"), ("c.txt", "text/plain", b"three")];
        post.deliver(&from_alice("Re: Once").answering(&first.id()).files(files));
        notes(&post, issue.id, 2).await;
        once("PUT /issues/");
        post.until("the files", || redmine.attachments(issue.id).len() >= 3).await;
        post.settled().await;
        let names: Vec<_> =
            redmine.attachments(issue.id).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.txt", "b.txt", "c.txt"], "{fault:?}");
        made(&post, 1).await;
        notes(&post, issue.id, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_named_and_whoever_got_a_copy_watches() {
    let setup = setup(|filing| {
        filing.users.insert("bob@example.org".to_owned(), 6);
    });
    let post = setup.start().await;
    let large = [b'x'; 2_000];
    let letter = from_alice("Files")
        .header("Cc", "Bob <bob@example.org>, stranger@customer.example")
        .files(&[("large.bin", "application/octet-stream", &large), ("s.txt", "text/plain", b"s")]);
    post.deliver(&letter);
    let issue = made(&post, 1).await.remove(0);
    let said = "large.bin was left out: it has 2.0 KiB, and Redmine takes 0.9 KiB at most.";
    assert!(issue.description.contains(said), "{}", issue.description);
    let redmine = post.app.redmine();
    post.until("the file", || !redmine.attachments(issue.id).is_empty()).await;
    post.until("the watcher", || redmine.watchers(issue.id).contains(&"alice")).await;
    assert_eq!(redmine.attachments(issue.id)[0].0, "s.txt");
    assert_eq!(redmine.attachments(issue.id).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_opens_a_closed_issue() {
    let setup = setup(|filing| filing.reopen_status = Some("Feedback".to_owned()));
    let post = setup.start().await;
    let first = from_alice("Closed too early");
    post.deliver(&first);
    let issue = made(&post, 1).await.remove(0);
    let redmine = post.app.redmine();
    assert!(redmine.close_as("bot", issue.id));
    post.deliver(&from_alice("Re: Closed too early").answering(&first.id()).text("Still broken."));
    notes(&post, issue.id, 1).await;
    let open = || redmine.issues().last().is_some_and(|issue| issue.status == "Feedback");
    post.until("it is open", open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_a_gone_issue_becomes_one_of_its_own() {
    let post = setup(|_| {}).start().await;
    let first = from_alice("Deleted");
    post.deliver(&first);
    let issue = made(&post, 1).await.remove(0);
    post.mails(1).await;
    assert!(post.app.redmine().delete(issue.id));
    post.deliver(&from_alice("Re: Deleted").answering(&first.id()).text("Hello?"));
    let second = made(&post, 1).await.remove(0);
    assert_ne!(second.id, issue.id);
    let said = format!("#{}, which was deleted", issue.id);
    assert!(second.description.contains(&said), "{}", second.description);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_faster_than_our_look_at_an_unclear_issue() {
    let post = setup(|_| {}).start().await;
    let redmine = post.app.redmine();
    post.deliver(&from_alice("Clear"));
    made(&post, 1).await;
    post.mails(1).await;
    redmine.fault(FaultRule::from(Fault::CutAfterCommit).at("POST /issues.json").times(1));
    // What the account made cannot be listed for now.
    redmine.fault(FaultRule::from(Fault::Status(503)).at("author_id=me").times(2));
    post.deliver(&from_alice("Unclear"));
    let issue = made(&post, 2).await.remove(1);
    redmine.comment_as("alice", issue.id, "Seen at once.");
    let mails = post.mails(3).await;
    assert!(mails[1].subject.contains(&format!("#{}", issue.id)), "{}", mails[1].subject);
    assert!(mails[2].text.contains("Seen at once."), "{}", mails[2].text);
    made(&post, 2).await;
}
