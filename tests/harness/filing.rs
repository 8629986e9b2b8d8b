//! Mails and tickets that are filed in Redmine: the same flows against the stand-in and against a
//! real one. What Redmine holds is asked of Redmine itself.

use std::time::Duration;

use serde_json::{Value, json};
use ticketd::config::{self, Place};
use ticketd::sandbox::{PostSnapshot, PressResult, Redmine};
use url::Url;

use super::{Letter, Post, PostSetup, eventually, free_address, with_tickets};

/// A ticketd whose mailbox and whose `/ticket` file in the project `helpdesk`.
pub(crate) fn filing(redmine: Option<Url>) -> PostSetup {
    let address = free_address();
    let setup = PostSetup::default().config(move |config| {
        with_tickets(config, address);
        let place = || Place::Redmine("helpdesk".to_owned());
        config.ticket.as_mut().unwrap().forms[0].place = Some(place());
        config.mailboxes[0].place = place();
        config.jira = None;
        config.redmine.filing = Some(config::Filing {
            api_key: Redmine::user_key("bot").into(),
            issue_type: Some("Support".to_owned()),
            text_formatting: config::TextFormatting::Textile,
            poll: Duration::from_millis(500),
            users: [("bob@example.test".to_owned(), 7)].into(),
            attachment_bytes: 5 << 20,
            reopen_status: None,
        });
    });
    match redmine {
        Some(url) => setup.redmine_at(url),
        None => setup,
    }
}

/// The issues of `helpdesk` with this subject, the newest first.
pub(crate) async fn issues_about(post: &Post, subject: &str) -> Vec<Value> {
    let path = "projects/helpdesk/issues.json?status_id=*&sort=id:desc&limit=100";
    let Value::Array(mut all) = post.app.ask("bot", path).await["issues"].take() else { panic!() };
    all.retain(|issue| issue["subject"] == json!(subject));
    all
}

/// The one issue with this subject, when it is there; its number. What may have happened is looked
/// for half a minute.
pub(crate) async fn the_issue(post: &Post, subject: &str) -> u64 {
    for _ in 0..500 {
        if let [issue] = issues_about(post, subject).await.as_slice() {
            return issue["id"].as_u64().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no issue {subject:?}, or more: {:?}", issues_about(post, subject).await);
}

/// The issue with all that belongs to it.
pub(crate) async fn whole(post: &Post, id: u64) -> Value {
    let path = format!("issues/{id}.json?include=journals,attachments,watchers");
    post.app.ask("bot", &path).await["issue"].take()
}

/// What was said in the issue, in order, with `\n` line ends.
pub(crate) async fn notes(post: &Post, id: u64) -> Vec<String> {
    let issue = whole(post, id).await;
    let journals = issue["journals"].as_array().unwrap().iter();
    let notes = journals.filter_map(|journal| journal["notes"].as_str());
    notes.filter(|text| !text.is_empty()).map(|text| text.replace("\r\n", "\n")).collect()
}

/// Waits until so much was said in the issue, and a bit for one too many.
pub(crate) async fn said(post: &Post, id: u64, count: usize) -> Vec<String> {
    for _ in 0..200 {
        if notes(post, id).await.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    post.settled().await;
    let notes = notes(post, id).await;
    assert_eq!(notes.len(), count, "{notes:#?}");
    notes
}

async fn closed(post: &Post, id: u64) -> bool {
    let name = whole(post, id).await["status"]["name"].as_str().unwrap().to_owned();
    ["Closed", "Rejected"].contains(&name.as_str())
}

/// A mail becomes an issue, an answer a note, an agent's note a mail.
pub(crate) async fn a_mail_goes_there_and_back(post: &Post) {
    let subject = "The printer *burns* #1";
    let letter = Letter::from("Ann <ann@customer.example>", subject)
        .header("Cc", "Bob <bob@example.test>, stranger@example.org")
        .text("It _burns_ since noon.\n\n{{include(Secret)}} !http://127.0.0.1/x.png! #1 @alice")
        .files(&[("smoke.txt", "text/plain", b"smoke"), ("fire.bin", "image/png", b"\x89PNG")]);
    post.deliver(&letter);
    let id = the_issue(post, subject).await;
    let mails = post.mails(1).await;
    assert!(mails[0].subject.contains(&format!("[#{id}]")), "{}", mails[0].subject);
    let there = async || {
        let issue = whole(post, id).await;
        let names = issue["attachments"].as_array().unwrap().iter();
        let names: Vec<_> =
            names.map(|file| file["filename"].as_str().unwrap().to_owned()).collect();
        let watches = issue["watchers"].as_array().unwrap().iter();
        let watches = watches.clone().any(|one| one["name"].as_str().unwrap().contains("Bob"));
        (names, watches)
    };
    for _ in 0..100 {
        let (names, watches) = there().await;
        if names.len() == 2 && watches {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut expected = (vec!["smoke.txt".to_owned(), "fire.bin".to_owned()], true);
    let mut found = there().await;
    expected.0.sort();
    found.0.sort();
    assert_eq!(found, expected);
    let issue = whole(post, id).await;
    assert_eq!(issue["tracker"]["name"], json!("Support"));
    let text = issue["description"].as_str().unwrap();
    assert!(text.contains("ann@customer.example") && text.contains("since noon."), "{text}");
    assert!(!text.contains("{{include(Secret)}}") && !text.contains("!http:"), "{text}");

    let answer = Letter::from("Ann <ann@customer.example>", &format!("Re: {subject}"))
        .text("Now the curtains too.")
        .answering(&letter.id());
    post.deliver(&answer);
    let notes = said(post, id, 1).await;
    assert!(notes[0].contains("Now the curtains too."), "{notes:?}");

    post.app
        .change_issue("alice", id, json!({"notes": "Turn it off & on.\n<b>Then</b> call."}))
        .await;
    let mails = post.mails(2).await;
    let text = &mails[1].text;
    assert!(text.contains("Turn it off & on.") && text.contains("<b>Then</b> call."), "{text}");
    // What is internal stays there.
    let private = json!({"notes": "Do not tell.", "private_notes": true});
    post.app.change_issue("admin", id, private).await;
    post.app.change_issue("admin", id, json!({"notes": "All is well."})).await;
    let mails = post.mails(3).await;
    assert!(mails[2].text.contains("All is well."), "{}", mails[2].text);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let private = mails.iter().any(|mail| mail.text.contains("Do not tell."));
    assert!(!private && post.jmap.submissions().len() == 3);
    assert_eq!(issues_about(post, subject).await.len(), 1);
}

/// A ticket becomes an issue; what is said and done in the one place shows in the other.
pub(crate) async fn a_ticket_goes_there_and_back(post: &Post) {
    let app = &post.app;
    let ticket = app.new_ticket("alice", "The VPN *is* down\nsince noon").await;
    let id = the_issue(post, "The VPN *is* down").await;
    let name = ticket.props["ticket_id"].as_str().unwrap();
    let description = whole(post, id).await["description"].as_str().unwrap().to_owned();
    assert!(description.contains(name), "{description}");
    eventually("the key in the post", || shown(post, &ticket).contains(&format!("#{id}"))).await;

    app.change_issue("alice", id, json!({"notes": "Have you tried @all to turn it off?"})).await;
    eventually("the note in the thread", || app.thread(&ticket).len() == 1).await;
    let line = app.thread(&ticket).pop().unwrap();
    assert!(line.contains("@\u{200b}all to turn it off?"), "{line}");
    app.mattermost.type_post("support", "carol", &ticket.id, "It works again.\nThanks!");
    let notes = said(post, id, 2).await;
    assert!(notes[1].contains("carol") && notes[1].contains("It works again."), "{notes:?}");

    // Resolved here, closed there; opened again there, and here.
    press(post, &ticket, "resolve").await;
    until("the issue is closed", async || closed(post, id).await).await;
    // The note, the reply, the line; and no echo.
    eventually("the line", || app.thread(&ticket).len() == 3).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(app.thread(&ticket).len(), 3, "{:#?}", app.thread(&ticket));
    app.change_issue("admin", id, json!({"status_id": 2})).await;
    let opened =
        app.say("nobody", "ticket-line-reopened-there", &[("issue", format!("#{id}").into())]);
    let there = || app.thread(&ticket).iter().filter(|line| line.contains(&*opened)).count() == 1;
    eventually("the thread says so", there).await;
    // Closed there, resolved here.
    app.change_issue("admin", id, json!({"status_id": 5})).await;
    let done =
        app.say("nobody", "ticket-line-resolved-there", &[("issue", format!("#{id}").into())]);
    let there = || app.thread(&ticket).iter().filter(|line| line.contains(&*done)).count() == 1;
    eventually("the thread says so", there).await;
    press(post, &ticket, "reopen").await;
    until("the issue is open", async || !closed(post, id).await).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(notes_and_issue(post, id).await, (2, 1));
}

async fn notes_and_issue(post: &Post, id: u64) -> (usize, usize) {
    (notes(post, id).await.len(), issues_about(post, "The VPN *is* down").await.len())
}

async fn until(what: &str, mut there: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if there().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: not within 20 s");
}

fn shown(post: &Post, ticket: &PostSnapshot) -> String {
    let posts = post.app.ticket_posts();
    let now = posts.iter().find(|post| post.id == ticket.id).unwrap();
    now.props["attachments"][0]["text"].to_string()
}

async fn press(post: &Post, ticket: &PostSnapshot, action: &str) {
    let pressed = post.app.mattermost.press_button("bob", &ticket.id, action).await;
    assert!(matches!(pressed, PressResult::Done { .. }), "{pressed:?}");
}
