//! Which mails belong together: by what they answer, by what the mailbox thinks, by a key or a
//! subject; and who may not bring a mail into somebody else's issue.

use ticketd::sandbox::IssueSnapshot;

use crate::harness::{Letter, Post, PostSetup};

const ALICE: &str = "Alice <alice@customer.example>";
const BOB: &str = "Bob <bob@customer.example>";
const MALLORY: &str = "Mallory <mallory@elsewhere.example>";

/// A conversation about a printer: Alice's mail, its issue, the Message-ID of the notice.
async fn opened(post: &Post) -> (Letter, IssueSnapshot, String) {
    let first = Letter::from(ALICE, "Printer on fire").header("Cc", BOB);
    post.deliver(&first);
    let issue = post.issues(1).await.remove(0);
    let notice = post.mails(1).await.remove(0);
    (first, issue, format!("<{}>", notice.message_id.unwrap()))
}

#[tokio::test]
async fn answers_by_whoever_takes_part_join() {
    let post = Post::start().await;
    let (first, issue, notice) = opened(&post).await;
    let reply_all = Letter::from(BOB, "Re: Printer on fire")
        .header("To", "support@example.org, alice@customer.example")
        .answering(&first.id())
        .text("Mine too.");
    post.deliver(&reply_all);
    let read = post.comments(&issue.key, 1).await;
    assert!(read.comments[0].body.contains("Mine too."), "{}", read.comments[0].body);
    // To the very first mail, under another subject, and not even to the mailbox.
    let to_the_first = Letter::from(ALICE, "Something else")
        .header("To", "bob@customer.example")
        .answering(&first.id());
    post.deliver(&to_the_first);
    post.comments(&issue.key, 2).await;
    // Whoever answers our notice has seen it, wherever they write from.
    post.deliver(&Letter::from("a.private@home.example", "printer").answering(&notice));
    post.comments(&issue.key, 3).await;
    // And takes part from then on.
    post.deliver(&Letter::from("a.private@home.example", "p").answering(&first.id()));
    post.comments(&issue.key, 4).await;
    assert_eq!(post.living().len(), 1);
    post.sound().await;
}

#[tokio::test]
async fn an_answer_that_comes_before_its_original_waits_for_it() {
    let post = Post::start().await;
    let original = Letter::from(ALICE, "Printer on fire").header("Cc", BOB).text("It burns.");
    let answer = Letter::from(BOB, "Re: Printer on fire")
        .header("To", "support@example.org, alice@customer.example")
        .answering(&original.id())
        .text("I see it.");
    post.deliver(&answer);
    let issue = post.issues(1).await.remove(0);
    post.deliver(&original);
    let issue = post.comments(&issue.key, 1).await;
    assert!(issue.description.contains("I see it."), "{}", issue.description);
    assert!(issue.comments[0].body.contains("It burns."), "{}", issue.comments[0].body);
    post.issues(1).await;
}

#[tokio::test]
async fn whoever_names_a_foreign_mail_gets_an_issue_of_their_own() {
    let post = Post::start().await;
    let (first, issue, notice) = opened(&post).await;
    let forged = Letter::from(MALLORY, "Re: Printer on fire").answering(&first.id());
    post.deliver(&forged);
    post.issues(2).await;
    // An id as we make them, its digest guessed.
    let (name, domain) = notice.split_once('@').unwrap();
    let (name, digest) = name.rsplit_once('.').unwrap();
    for guess in [&"0".repeat(digest.len()), "", "zz", &digest[1..]] {
        let count = post.living().len() + 1;
        let id = format!("{name}.{guess}@{domain}");
        post.deliver(&Letter::from(MALLORY, "give me that").answering(&id));
        post.issues(count).await;
    }
    // Nor by the key, nor by the mailbox's thread, which the forged references made one.
    post.deliver(&Letter::from(MALLORY, &format!("[{}] hello", issue.key)));
    post.issues(7).await;
    let read = post.jira.issue(&issue.key).unwrap();
    assert_eq!(read.comments.len(), 0, "{:?}", read.comments);
    // Alice's conversation stays hers.
    post.deliver(&Letter::from(ALICE, "Re: Printer on fire").answering(&first.id()));
    post.comments(&issue.key, 1).await;
    post.issues(7).await;
}

#[tokio::test]
async fn a_stranger_does_not_take_a_conversation_away() {
    let post = Post::start().await;
    let (first, issue, _) = opened(&post).await;
    // Between Alice and Bob; the mailbox has it, but not where new mail is looked for.
    let aside = Letter::from(BOB, "aside").answering(&first.id());
    post.jmap.deliver_to("archive", aside.raw());
    let forged = Letter::from(MALLORY, "hello").header("Cc", ALICE).answering(&first.id());
    post.deliver(&forged);
    post.issues(2).await;
    post.deliver(&Letter::from(ALICE, "And now?").answering(&aside.id()));
    post.comments(&issue.key, 1).await;
    post.issues(2).await;
}

#[tokio::test]
async fn the_key_in_a_subject_joins_who_takes_part() {
    let post = Post::start().await;
    let (_, issue, _) = opened(&post).await;
    for (who, comments) in [(ALICE, 1), ("BOB@Customer.Example", 2)] {
        post.deliver(&Letter::from(who, &format!("Printer [{}]", issue.key)));
        post.comments(&issue.key, comments).await;
    }
    post.deliver(&Letter::from(MALLORY, &format!("Printer [{}]", issue.key)));
    post.deliver(&Letter::from(ALICE, "Printer [SUP-999]"));
    post.issues(3).await;
    post.comments(&issue.key, 2).await;
}

#[tokio::test]
async fn the_mailboxs_own_conversation_joins_who_takes_part() {
    let post = Post::start().await;
    let (first, issue, _) = opened(&post).await;
    let aside = Letter::from(BOB, "aside").answering(&first.id());
    post.jmap.deliver_to("archive", aside.raw());
    post.deliver(&Letter::from(ALICE, "What Bob says").answering(&aside.id()));
    post.comments(&issue.key, 1).await;
    let aside = Letter::from(BOB, "aside").answering(&first.id());
    post.jmap.deliver_to("archive", aside.raw());
    post.deliver(&Letter::from(MALLORY, "What Bob says").answering(&aside.id()));
    post.issues(2).await;
    post.comments(&issue.key, 1).await;
}

#[tokio::test]
async fn an_answer_without_references_is_known_by_its_subject() {
    let post = Post::start().await;
    let (_, issue, _) = opened(&post).await;
    post.deliver(&Letter::from(ALICE, "RE: AW: printer  ON fire"));
    post.comments(&issue.key, 1).await;
    // Somebody else's printer, and Alice's next one.
    post.deliver(&Letter::from(MALLORY, "Re: Printer on fire"));
    post.issues(2).await;
    post.deliver(&Letter::from(ALICE, "Printer on fire"));
    post.issues(3).await;
    post.comments(&issue.key, 1).await;
}

#[tokio::test]
async fn the_same_mail_delivered_twice_is_one_issue() {
    let post = Post::start().await;
    let (first, _, _) = opened(&post).await;
    post.deliver(&first);
    assert_eq!(post.kept_out("Printer on fire").await, "duplicate");
    post.issues(1).await;
    let counts = post.counts().await;
    assert!(counts.contains(&("ticket".to_owned(), 1)), "{counts:?}");
    post.mails(1).await;
}

#[tokio::test]
async fn a_device_that_has_but_one_message_id_loses_nothing() {
    let post = Post::start().await;
    let mut mails = Vec::new();
    for number in 0..15 {
        let mail = Letter::from("printer@customer.example", &format!("Tray {number} is empty"))
            .header("Message-ID", "<1@printer>");
        mails.push(mail.raw().into());
    }
    post.jmap.deliver_many(mails);
    let issues = post.issues(15).await;
    for number in 0..15 {
        let summary = format!("Tray {number} is empty");
        assert!(issues.iter().any(|issue| issue.summary == summary), "{summary}");
    }
}

#[tokio::test]
async fn a_deleted_issue_is_replaced_by_one_that_names_it() {
    let post = Post::start().await;
    let (first, issue, notice) = opened(&post).await;
    post.jira.delete(&issue.key);
    post.deliver(&Letter::from(ALICE, "Re: Printer on fire").answering(&first.id()).text("Still."));
    let next = post.issues(1).await.remove(0);
    assert_ne!(next.key, issue.key);
    assert!(next.description.contains("Still."), "{}", next.description);
    assert!(next.description.contains(&issue.key), "{}", next.description);
    post.deliver(&Letter::from(ALICE, "Re: Printer on fire").answering(&notice).text("And yet."));
    post.comments(&next.key, 1).await;
    post.sound().await;
}

#[tokio::test]
async fn a_follow_up_reopens_only_where_that_is_configured() {
    for (reopen, status) in [(None, "Done"), (Some("Back to the pile".to_owned()), "To Do")] {
        let setup = PostSetup::default()
            .config(move |config| config.jira.as_mut().unwrap().reopen = reopen);
        let post = setup.start().await;
        let (first, issue, _) = opened(&post).await;
        post.jira.close(&issue.key);
        let answer = Letter::from(ALICE, "Re: Printer on fire").answering(&first.id());
        post.deliver(&answer.text("It burns again."));
        post.comments(&issue.key, 1).await;
        if status != "Done" {
            let open = || post.jira.issue(&issue.key).unwrap().status != "Done";
            post.until("reopened", open).await;
        }
        assert_eq!(post.jira.issue(&issue.key).unwrap().status, status);
        post.jira.close(&issue.key);
        let robot = Letter::from(ALICE, "Re: Printer on fire").answering(&first.id());
        post.deliver(&robot.header("Auto-Submitted", "auto-replied").header("Subject", "away"));
        assert_eq!(post.kept_out("away").await, "automatic");
        post.settled().await;
        assert_eq!(
            post.jira.issue(&issue.key).unwrap().status,
            "Done",
            "a machine reopens nothing"
        );
    }
}
