//! A case that began with a mail, in a channel of the chat: one numbered post, its mails and what
//! agents say in the thread, what people say there in the issue, and nothing of that to the
//! reporter.

use std::time::Duration;

use serde_json::json;
use ticketd::actors::{Listing, Question, Reply};
use ticketd::sandbox::{Fault, FaultRule, IssueSnapshot, Mattermost, PostSnapshot};

use crate::harness::filing::{filing, said, the_issue};
use crate::harness::{
    Letter, Post, PostSetup, free_address, name_of, number_of, told, with_tickets,
};

const ALICE: &str = "Alice *A* <alice@customer.example>";
/// Longer than a look into the threads takes, and any retry of a write.
const WITHIN: Duration = Duration::from_mins(1);

/// A mailbox whose cases live in `support` too.
fn announced() -> PostSetup {
    let address = free_address();
    PostSetup::default().config(move |config| with_tickets(config, address)).mailbox(|mailbox| {
        mailbox.channel = Some(Mattermost::channel_id("support").to_owned());
    })
}

/// The one post, once it says all that it will.
async fn post_of(post: &Post, issue: &IssueSnapshot) -> PostSnapshot {
    let app = &post.app;
    post.until("the key in the post", || {
        app.ticket_posts().iter().any(|shown| standing(shown).contains(&issue.key))
    })
    .await;
    let [shown] = app.ticket_posts().try_into().unwrap();
    shown
}

fn standing(shown: &PostSnapshot) -> String {
    shown.props["attachments"][0]["text"].to_string()
}

/// Waits until the thread has so many lines, and a bit for one too many.
async fn thread(post: &Post, shown: &PostSnapshot, count: usize) -> Vec<String> {
    let lines = || post.app.thread(shown);
    post.until_within(WITHIN, &format!("{count} lines"), || lines().len() >= count).await;
    post.settled().await;
    assert_eq!(lines().len(), count, "{:#?}", lines());
    lines()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_lives_in_a_thread_too() {
    let post = announced().start().await;
    let app = &post.app;
    let first = Letter::from(ALICE, "The *printer* is on fire, @all")
        .text("It burns, @channel.\r\n\r\n\r\n# Please *hurry*");
    let issue = post.issue_of(&first).await;
    let notice = post.mails(1).await.remove(0);
    let shown = post_of(&post, &issue).await;
    let head = format!("#### {}\nAlice \\*A\\* (`alice@customer.example`)", name_of(&shown));
    assert!(shown.message.starts_with(&head), "{}", shown.message);
    assert!(shown.message.contains("**The \\*printer\\* is on fire, @\u{200b}all**"));
    assert_eq!(shown.channel_id, Mattermost::channel_id("support"));
    let words = thread(&post, &shown, 1).await.remove(0);
    let expected = "Alice \\*A\\* (`alice@customer.example`) by mail:\n> It burns, \
                    @\u{200b}channel.\n> \n> \\# Please \\*hurry\\*";
    assert_eq!(words, expected);

    let answer = format!("<{}>", notice.message_id.clone().unwrap());
    let follow_up = Letter::from(ALICE, "Re: The printer")
        .answering(&answer)
        .html("<p>Put <b>out</b>.</p><blockquote type='cite'>We got it</blockquote>", &[]);
    post.deliver(&follow_up);
    post.comments(&issue.key, 1).await;
    let words = thread(&post, &shown, 2).await.remove(1);
    assert!(words.contains("Put") && words.contains("out"), "{words}");
    assert!(!words.contains("We got it"), "{words}");

    // An agent says something: the thread hears of it, and the reporter.
    post.jira.comment_as("bob", &issue.key, "We send somebody.");
    let mails = post.mails(2).await;
    assert!(mails[1].text.contains("We send somebody."), "{}", mails[1].text);
    let line = thread(&post, &shown, 3).await.remove(2);
    assert!(line.contains("We send somebody."), "{line}");

    // What is said in the thread is for the issue alone.
    app.mattermost.type_post("support", "carol", &shown.id, "She is a *pain*.");
    post.until_within(WITHIN, "the reply in jira", || {
        post.jira.issue(&issue.key).unwrap().comments.len() == 3
    })
    .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let issue = post.comments(&issue.key, 3).await;
    assert_eq!(issue.comments[2].body, "carol in Mattermost:\nShe is a \\*pain\\*.");
    assert_eq!(post.mails(2).await.len(), 2, "the reporter gets nothing of it");
    assert_eq!(thread(&post, &shown, 4).await.len(), 4, "nor does it come back");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mailbox_sends_is_shown_only_where_a_person_wrote_it() {
    let post = announced().start().await;
    let first = Letter::from(ALICE, "Printer");
    let issue = post.issue_of(&first).await;
    post.mails(1).await;
    let shown = post_of(&post, &issue).await;
    let by_hand = Letter::from("Bob Baker <support@example.org>", "Re: Printer")
        .header("To", ALICE)
        .answering(&first.id())
        .files(&[("plan `b`.pdf", "application/pdf", b"x"), ("list.txt", "text/plain", b"y")])
        .text("From my own program.");
    post.jmap.deliver_to("sent", by_hand.raw());
    post.comments(&issue.key, 1).await;
    let lines = thread(&post, &shown, 2).await;
    assert!(lines[1].starts_with("Bob Baker (`support@example.org`) by mail:"), "{}", lines[1]);
    // The notice lies in the sent folder as well, and is no news.
    assert!(!post.jmap.emails("sent").is_empty());
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_mail_is_cut_and_its_files_are_named() {
    let post = announced().start().await;
    let long = "# *long* line\r\n".repeat(2_000);
    let letter = Letter::from(ALICE, "")
        .text(&long)
        .files(&[("plan `b` @all.pdf", "application/pdf", b"x"), ("list.txt", "text/plain", b"y")]);
    let issue = post.issue_of(&letter).await;
    let shown = post_of(&post, &issue).await;
    assert!(shown.message.ends_with("**(no subject)**"), "{}", shown.message);
    let words = thread(&post, &shown, 1).await.remove(0);
    assert!(words.chars().count() <= 16_383);
    assert!(words.contains("> \\# \\*long\\* line"), "{words}");
    let files = "Attachments (2): `plan b @all.pdf`, `list.txt`";
    assert!(words.ends_with(&format!("*The issue has the rest, or will.*\n\n{files}")), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_gone_leaves_its_subject() {
    let post = announced().start().await;
    let first = Letter::from(ALICE, "Printer");
    let issue = post.issue_of(&first).await;
    let shown = post_of(&post, &issue).await;
    thread(&post, &shown, 1).await;
    post.app.mattermost.fault(FaultRule::from(Fault::Status(503)).at("POST /api/v4/posts"));
    post.app.mattermost.fault(FaultRule::from(Fault::Status(503)).at("/patch"));
    let second = post.deliver(&Letter::from(ALICE, "A *second* matter"));
    post.issues(2).await;
    let answer = Letter::from(ALICE, "Re: *Printer*").answering(&first.id());
    let answer = post.deliver(&answer);
    post.comments(&issue.key, 1).await;
    post.jmap.destroy(&second);
    post.jmap.destroy(&answer);
    post.app.mattermost.clear_faults();
    let lines = thread(&post, &shown, 2).await;
    let gone = "`alice@customer.example` by mail:\n*The mail can no longer be read in the mailbox; \
                its subject was:* Re: \\*Printer\\*";
    assert_eq!(lines[1], gone);
    post.until_within(WITHIN, "the second post", || post.app.ticket_posts().len() == 2).await;
    let other = post.app.ticket_posts().pop().unwrap();
    let line = thread(&post, &other, 1).await.remove(0);
    assert!(line.ends_with("*The mail can no longer be read in the mailbox.*"), "{line}");
    assert!(other.message.contains("**A \\*second\\* matter**"), "{}", other.message);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_and_commands_work_as_for_every_ticket() {
    let post = announced().start().await;
    let app = &post.app;
    let issue = post.issue_of(&Letter::from(ALICE, "Printer")).await;
    let shown = post_of(&post, &issue).await;
    let (name, number) = (name_of(&shown), number_of(&shown));
    thread(&post, &shown, 1).await;
    let listed = app.ticket("bob", "list").await;
    assert!(listed.contains(&name) && listed.contains("Printer"), "{listed}");
    let said = app.ticket("carol", &format!("show {number}")).await;
    let by_mail = [("author", "Alice \\*A\\*".into())];
    let by_mail = app.say("carol", "ticket-show-mail", &by_mail);
    for part in [name.as_str(), "Printer", &by_mail, &issue.key] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("alice@"), "{said}");
    assert_eq!(told(app.mattermost.press_button("bob", &shown.id, "take").await), "");
    assert!(app.ticket("bob", "mine").await.contains(&name));
    let nobodys = app.ticket("carol", "mine").await;
    assert_eq!(nobodys, app.say("carol", "ticket-mine-empty", &[]));
    for text in ["assign NUMBER @carol", "priority NUMBER high", "resolve NUMBER"] {
        let said = app.ticket("carol", &text.replace("NUMBER", &number)).await;
        assert!(said.contains(&name), "{text}: {said}");
    }
    let lines = thread(&post, &shown, 5).await;
    assert_eq!(lines[1], "@bob has taken this ticket.");
    assert_eq!(lines[4], "@carol has resolved this ticket.");
    let cases = post.rows(Listing::Cases).await;
    let case = post.ask(Question::Show(name.clone())).await;
    let Reply::Case { case, .. } = case else { panic!("{case:?}") };
    assert_eq!((cases.len(), case.ticket.unwrap().asker), (1, None));
    // Who is not in the channel knows nothing of it.
    app.mattermost.set_member("support", "alice", false);
    let elsewhere = app.mattermost.direct_id("alice");
    let hidden = app.ticket_in(&elsewhere, "alice", &format!("show {number}")).await;
    assert_eq!(hidden, app.say("alice", "ticket-unknown", &[]));
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mail_of_a_batch_has_a_number_and_none_is_left_out() {
    let post = announced()
        .mailbox(|mailbox| {
            mailbox.filter.blocked_senders = vec!["@blocked.example".to_owned()];
        })
        .start()
        .await;
    let letters = (0..8).map(|nth| {
        let from = if nth % 2 == 0 { ALICE } else { "eve@blocked.example" };
        Letter::from(from, &format!("matter {nth}")).raw().into()
    });
    post.jmap.deliver_many(letters.collect());
    post.issues(4).await;
    let id = post.row(Listing::Ignored, "matter 3").await.id;
    let taken = post.ask(Question::Retry(id)).await;
    assert!(matches!(&taken, Reply::Reread(taken) if taken.tickets == 1), "{taken:?}");
    post.deliver(&Letter::from(ALICE, "matter 8"));
    post.issues(6).await;
    post.until_within(WITHIN, "the posts", || post.app.ticket_posts().len() == 6).await;
    post.settled().await;
    let mut numbers: Vec<_> = post.app.ticket_posts().iter().map(number_of).collect();
    numbers.sort();
    let counts: Vec<_> = numbers.iter().map(|number| &number[9..]).collect();
    assert_eq!(counts, ["0001", "0002", "0003", "0004", "0005", "0006"]);
    let newest = post.app.ticket_posts().into_iter().find(|one| one.message.contains("matter 8"));
    assert!(number_of(&newest.unwrap()).ends_with("-0006"));
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_post_is_made_once_whatever_becomes_of_the_call() {
    let post = announced().start().await;
    let chat = &post.app.mattermost;
    for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(502), Fault::CutConnection] {
        for _ in 0..2 {
            chat.fault(FaultRule::from(fault).at("POST /api/v4/posts").times(1));
        }
        let before = post.living().len();
        let first = Letter::from(ALICE, &format!("matter {before}"));
        let issue = post.issue_of(&first).await;
        post.deliver(&Letter::from(ALICE, "Re: it").answering(&first.id()).text("More."));
        let mine = || {
            let posts = post.app.ticket_posts().into_iter();
            posts.filter(|one| standing(one).contains(&issue.key)).collect::<Vec<_>>()
        };
        post.until_within(WITHIN, "the post", || !mine().is_empty()).await;
        let [shown] = mine().try_into().unwrap();
        let lines = thread(&post, &shown, 2).await;
        assert!(lines[0].ends_with("> Please help.") && lines[1].ends_with("> More."), "{lines:?}");
    }
    assert_eq!(post.app.ticket_posts().len(), 3);
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_chat_is_shut_the_mail_road_goes_on() {
    let post = announced().start().await;
    let app = &post.app;
    app.mattermost.set_member("support", "ticketd", false);
    let first = Letter::from(ALICE, "Printer");
    let issue = post.issue_of(&first).await;
    let notice = post.mails(1).await.remove(0);
    assert!(notice.subject.contains(&issue.key));
    post.deliver(&Letter::from(ALICE, "Re: Printer").answering(&first.id()));
    post.comments(&issue.key, 1).await;
    post.jira.comment_as("bob", &issue.key, "We send somebody.");
    post.mails(2).await;
    assert_eq!(app.mattermost.bot_posts().len(), 0);
    // The ticket is there without its post.
    let listed = app.ticket("bob", "list").await;
    assert!(listed.contains("Printer"), "{listed}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_jira_is_away_the_chat_hears_of_a_mail_at_once() {
    let post = announced().start().await;
    post.jira.fault(FaultRule::from(Fault::Status(503)));
    post.deliver(&Letter::from(ALICE, "Printer"));
    post.until("the post", || post.app.ticket_posts().len() == 1).await;
    let shown = post.app.ticket_posts().remove(0);
    thread(&post, &shown, 1).await;
    assert_eq!(told(post.app.mattermost.press_button("bob", &shown.id, "take").await), "");
    thread(&post, &shown, 2).await;
    assert_eq!(post.living().len(), 0);
    assert!(!standing(&shown).contains("SUP-"), "{}", standing(&shown));
    post.jira.clear_faults();
    post.until_within(WITHIN, "the issue", || post.living().len() == 1).await;
    let issue = post.living().remove(0);
    let shown = post_of(&post, &issue).await;
    assert_eq!(shown.props["is_ticket"], json!(true));
    thread(&post, &shown, 2).await;
    post.mails(1).await;
    post.sound().await;
}

/// Waits until the post shows this state.
async fn stands(post: &Post, state: &str) {
    let state = format!("**State:** {state}");
    let shown =
        || post.app.ticket_posts().first().is_some_and(|one| standing(one).contains(&state));
    post.until_within(WITHIN, &state, shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticket_and_its_issue_follow_each_other() {
    let post = announced().start().await;
    let issue = post.issue_of(&Letter::from(ALICE, "Printer")).await;
    post.mails(1).await;
    let shown = post_of(&post, &issue).await;
    thread(&post, &shown, 1).await;
    assert_eq!(told(post.app.mattermost.press_button("bob", &shown.id, "resolve").await), "");
    post.until_within(WITHIN, "the issue is closed", || {
        post.jira.issue(&issue.key).unwrap().status == "Done"
    })
    .await;
    stands(&post, "resolved").await;
    post.jira.reopen(&issue.key);
    stands(&post, "open").await;
    let lines = thread(&post, &shown, 3).await;
    assert_eq!(lines[1], "@bob has resolved this ticket.");
    let opened = [("issue", issue.key.as_str().into())];
    assert_eq!(lines[2], post.app.say("nobody", "ticket-line-reopened-there", &opened));
    assert_eq!(post.mails(1).await.len(), 1, "the reporter hears nothing of it");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_that_reopens_the_issue_reopens_the_ticket() {
    let post =
        announced().tracker(|jira| jira.reopen = Some("Start work".to_owned())).start().await;
    let first = Letter::from(ALICE, "Printer");
    let issue = post.issue_of(&first).await;
    let shown = post_of(&post, &issue).await;
    post.jira.close(&issue.key);
    stands(&post, "resolved").await;
    thread(&post, &shown, 2).await;
    post.deliver(&Letter::from(ALICE, "Re: Printer").answering(&first.id()).text("Not yet."));
    stands(&post, "open").await;
    let lines = thread(&post, &shown, 4).await;
    assert!(lines[2].ends_with("> Not yet."), "{lines:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_files_in_redmine_is_announced_too() {
    let setup = filing(None).mailbox(|mailbox| {
        mailbox.channel = Some(Mattermost::channel_id("support").to_owned());
    });
    let post = setup.start().await;
    post.deliver(&Letter::from(ALICE, "Printer"));
    let id = the_issue(&post, "Printer").await;
    post.mails(1).await;
    let key = format!("[#{id}]");
    post.until("the key in the post", || {
        post.app.ticket_posts().iter().any(|shown| standing(shown).contains(&key))
    })
    .await;
    let shown = post.app.ticket_posts().remove(0);
    post.app.change_issue("alice", id, json!({"notes": "We send somebody."})).await;
    post.mails(2).await;
    let lines = thread(&post, &shown, 2).await;
    assert!(lines[1].contains("We send somebody."), "{lines:?}");
    post.app.mattermost.type_post("support", "carol", &shown.id, "On my way.");
    let notes = said(&post, id, 2).await;
    assert!(notes[1].contains("carol") && notes[1].contains("On my way."), "{notes:?}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post.mails(2).await.len(), 2, "the reporter gets nothing of it");
    assert_eq!(thread(&post, &shown, 3).await.len(), 3);
    post.sound().await;
}
