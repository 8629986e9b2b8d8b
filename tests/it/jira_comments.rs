//! What agents say in Jira goes to the reporter by mail, once, and nothing else does.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use ticketd::config::Automatic;
use ticketd::locale::Locale;
use ticketd::sandbox::{Deployment, Fault, FaultRule, IssueSnapshot, Jira};

use crate::harness::{HOOK_SECRET, Letter, Post, PostSetup, wire};

fn letter(subject: &str) -> Letter {
    Letter::from("Dora <dora@customer.example>", subject)
}

/// A post office with an issue of Dora's, of which she was told.
async fn told(setup: PostSetup) -> (Post, IssueSnapshot) {
    let post = setup.start().await;
    let issue = post.issue_of(&letter("Printer")).await;
    post.mails(1).await;
    (post, issue)
}

/// Comments are told by webhooks, or only asked for.
fn hearing(webhooks: bool) -> PostSetup {
    let mut setup = PostSetup::default();
    setup.webhooks = webhooks;
    setup
}

/// Sends a webhook's body, signed with this secret: the status.
pub(crate) async fn hook(post: &Post, body: &str, secret: Option<&str>) -> u16 {
    let mut headers = String::new();
    if let Some(secret) = secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let digest = base16ct::lower::encode_string(&mac.finalize().into_bytes());
        let _ = write!(headers, "X-Hub-Signature: sha256={digest}\r\n");
    }
    let request = format!(
        "POST /hooks/jira HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    wire::exchange(post.app.address, request.as_bytes()).await.status
}

fn event(issue: &str, comment: &str) -> String {
    json!({
        "webhookEvent": "comment_created",
        "comment": { "id": comment, "author": { "accountId": "x:1" }, "body": "b", "jsdPublic": true },
        "issue": { "key": issue, "fields": {} },
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_signed_words_count() {
    let setup = PostSetup::default().tracker(|jira| jira.poll = Duration::from_mins(10));
    let (post, issue) = told(setup).await;
    // Nothing tells it but what the test sends.
    post.jira.webhook_to("http://127.0.0.1:9/".parse().unwrap(), "nobody");
    let comment = post.jira.comment_as("bob", &issue.key, "Forged?");
    let body = event(&issue.key, &comment);
    assert_eq!(hook(&post, &body, None).await, 401);
    assert_eq!(hook(&post, &body, Some("another-secret-than-ours")).await, 401);
    assert_eq!(hook(&post, &body, Some("")).await, 401);
    assert_eq!(post.mails(1).await.len(), 1, "nothing of it was recorded");
    // Floods of what nobody signed leave the door's places alone.
    let flood = (0..200).map(|_| hook(&post, &body, Some("another-secret-than-ours")));
    let refused = join_all(flood).await;
    assert!(refused.iter().all(|status| [401, 429].contains(status)), "{refused:?}");
    assert_eq!(hook(&post, "no json", Some(HOOK_SECRET)).await, 400);
    for _ in 0..3 {
        assert_eq!(hook(&post, &body, Some(HOOK_SECRET)).await, 200);
    }
    assert_eq!(post.mails(2).await.len(), 2, "the same event three times is one mail");
    assert_eq!(hook(&post, &event("SUP-999", "77"), Some(HOOK_SECRET)).await, 200);
    assert_eq!(hook(&post, &event(&issue.key, "99999"), Some(HOOK_SECRET)).await, 200);
    post.mails(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_arrives_once_however_it_is_told() {
    let flavours = [Deployment::Cloud, Deployment::DataCenter].into_iter();
    let rows = flavours.flat_map(|flavour| {
        [true, false].map(|webhooks| async move {
            let (post, issue) = told(hearing(webhooks).flavour(flavour)).await;
            post.jira.comment_as("bob", &issue.key, "We are on it.");
            let mail = post.mails(2).await.pop().unwrap();
            assert!(mail.text.contains("We are on it."), "{}", mail.text);
            assert!(mail.text.contains("Bob Baker"), "{}", mail.text);
            assert_eq!(mail.rcpt_to, ["dora@customer.example"]);
            // Longer than both ways of hearing of it.
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            post.mails(2).await;
            post.jira.comment_as("alice", &issue.key, "Done.");
            post.mails(3).await;
        })
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_the_reporter_never_leaves() {
    for (flavour, webhooks) in
        [(Deployment::Cloud, true), (Deployment::DataCenter, true), (Deployment::Cloud, false)]
    {
        let (post, issue) = told(hearing(webhooks).flavour(flavour)).await;
        post.jira.internal_comment_as("bob", &issue.key, "The customer is a pain.");
        post.jira.restricted_comment_as("bob", &issue.key, "The password is 1234.");
        post.jira.comment_as("bot", &issue.key, "Said in our own name.");
        post.deliver(&letter("Re: Printer").text("A follow-up comes back to nobody."));
        post.until("the follow-up", || post.jira.issue(&issue.key).unwrap().comments.len() == 4)
            .await;
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        post.mails(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_on_somebody_elses_issue_is_not_ours() {
    let (post, issue) = told(PostSetup::default()).await;
    let key = base64::engine::general_purpose::STANDARD.encode(format!(
        "{}:{}",
        Jira::USER,
        Jira::API_TOKEN
    ));
    let body = json!({ "fields": { "project": { "key": "SUP" }, "issuetype": { "name": "Task" },
        "summary": "By hand", "labels": ["ticketd"] } })
    .to_string();
    let request = format!(
        "POST /rest/api/2/issue HTTP/1.1\r\nHost: j\r\nAuthorization: Basic {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(wire::exchange(post.jira.address(), request.as_bytes()).await.status, 201);
    let foreign = post.living().pop().unwrap();
    assert_ne!(foreign.key, issue.key);
    post.jira.comment_as("bob", &foreign.key, "Not for a customer.");
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    post.mails(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_comment_is_not_sent_again_and_a_deleted_one_not_at_all() {
    for webhooks in [true, false] {
        let (post, issue) = told(hearing(webhooks)).await;
        let comment = post.jira.comment_as("bob", &issue.key, "Tomorow.");
        post.mails(2).await;
        assert!(post.jira.edit_comment(&issue.key, &comment, "Tomorrow."));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        post.mails(2).await;
        // It is known, but cannot be read before it is gone.
        post.jira.fault(FaultRule::from(Fault::Status(503)).at("/comment/"));
        let comment = post.jira.comment_as("bob", &issue.key, "To the wrong customer!");
        post.until("a try", || !post.asked(&format!("/comment/{comment}")).is_empty()).await;
        assert!(post.jira.delete_comment(&issue.key, &comment));
        post.jira.clear_faults();
        post.jira.comment_as("bob", &issue.key, "This one is for you.");
        let mails = post.mails(3).await;
        assert!(mails[2].text.contains("This one is for you."), "{}", mails[2].text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_ticketd_was_down_is_sent_after_the_start() {
    for (flavour, webhooks) in [(Deployment::Cloud, true), (Deployment::DataCenter, false)] {
        let (post, issue) = told(hearing(webhooks).flavour(flavour)).await;
        post.jira.comment_as("bob", &issue.key, "Before.");
        post.mails(2).await;
        let closed = post.close().await;
        closed.jira.comment_as("bob", &issue.key, "While it was down, one.");
        closed.jira.comment_as("alice", &issue.key, "While it was down, two.");
        closed.jira.internal_comment_as("alice", &issue.key, "Between us.");
        let post = closed.start().await;
        let mails = post.mails(4).await;
        assert!(mails[2].text.contains("down, one."), "in their order: {}", mails[2].text);
        assert!(mails[3].text.contains("down, two."), "{}", mails[3].text);
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        post.mails(4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn images_stand_where_the_agent_put_them() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let (post, issue) = told(PostSetup::default().flavour(flavour)).await;
        let picture = vec![0x89; 20_000];
        post.jira.attach_as("bob", &issue.key, "plan.png", picture.clone());
        post.jira.attach_as("bob", &issue.key, "secret.pdf", vec![1; 10]);
        post.jira.comment_as("bob", &issue.key, "Look: !plan.png! <script>alert(1)</script>");
        let mail = post.mails(2).await.pop().unwrap();
        assert_eq!(mail.attachments.len(), 1, "{flavour:?}: only what is shown: {:?}", mail.html);
        let image = &mail.attachments[0];
        assert_eq!(image.bytes, picture);
        let html = mail.html.unwrap();
        let shown = format!("src=\"cid:{}\"", image.cid.as_ref().unwrap());
        assert!(html.contains(&shown), "{shown}: {html}");
        assert!(!html.contains("<script") && !html.contains(post.jira.url().as_str()), "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_carried_holds_no_comment_up() {
    for (of_jira, status) in [(true, 403), (true, 400), (false, 400), (false, 403)] {
        let (post, issue) = told(PostSetup::default()).await;
        post.jira.attach_as("bob", &issue.key, "one.png", vec![1; 2_000]);
        post.jira.attach_as("bob", &issue.key, "two.png", vec![2; 2_000]);
        let rule = |at: &str| FaultRule::from(Fault::Status(status)).at(at).times(1);
        if of_jira {
            post.jira.fault(rule("/attachment/content/"));
        } else {
            post.jmap.fault(rule("/upload/"));
        }
        post.jira.comment_as("bob", &issue.key, "Look: !one.png! !two.png!");
        let mail = post.mails(2).await.pop().unwrap();
        assert_eq!(mail.attachments.len(), 1, "{of_jira} {status}");
        assert_eq!(mail.attachments[0].bytes, vec![2; 2_000]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_goes_to_whoever_asked_in_their_thread() {
    let (post, issue) = told(PostSetup::default()).await;
    let first = letter("Router [not a key]").header("Cc", "Eve <eve@customer.example>");
    post.deliver(&first);
    let router = post.issues(2).await.pop().unwrap();
    let notice = post.mails(2).await.pop().unwrap();
    assert_ne!(router.key, issue.key);
    // Somebody in copy writes last.
    let notice_id = format!("<{}>", notice.message_id.clone().unwrap());
    let eve = Letter::from("Eve <eve@customer.example>", "RE: Re: Router [not a key]");
    post.deliver(&eve.answering(&notice_id).text("I see it too."));
    post.comments(&router.key, 1).await;
    post.jira.comment_as("bob", &router.key, "Restart it.");
    let mail = post.mails(3).await.pop().unwrap();
    assert_eq!(mail.rcpt_to, ["dora@customer.example"], "not the last writer");
    let id = |letter: &Letter| letter.id().trim_matches(['<', '>']).to_owned();
    assert_eq!(mail.in_reply_to, [id(&first)]);
    assert_eq!(mail.references, [id(&first)]);
    assert_eq!(mail.subject.matches(&router.key).count(), 1, "{}", mail.subject);
    assert_eq!(mail.subject, format!("Re: Router [not a key] [{}]", router.key));
    // Her own next mail is what the next answer answers.
    let again = letter(&mail.subject).answering(&format!("<{}>", mail.message_id.unwrap()));
    post.deliver(&again.clone().text("It did not help."));
    post.comments(&router.key, 3).await;
    post.jira.comment_as("bob", &router.key, "Then a new one.");
    let mail = post.mails(4).await.pop().unwrap();
    assert_eq!(mail.in_reply_to, [id(&again)]);
    assert_eq!(mail.references, [id(&first), id(&again)]);
    assert_eq!(mail.subject, format!("Re: Router [not a key] [{}]", router.key));
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_speak_the_mailboxs_language_and_show_the_portal() {
    for (locale, word) in
        [(Locale::En, "We have received your message"), (Locale::Ko, "접수"), (Locale::Fr, "reçu")]
    {
        let setup = PostSetup::default().mailbox(move |mailbox| {
            mailbox.reply.locale = locale;
            mailbox.reply.portal_url = Some("https://help.example.org/portal".parse().unwrap());
        });
        let post = setup.start().await;
        post.deliver(&letter("Drucker <b>kaputt</b>"));
        let mail = post.mails(1).await.remove(0);
        assert!(mail.text.contains(word), "{locale:?}: {}", mail.text);
        assert!(mail.text.contains("https://help.example.org/portal"), "{}", mail.text);
        let key = post.living()[0].key.clone();
        assert!(mail.text.contains(&key) && mail.subject.contains(&key), "{}", mail.text);
        post.jira.comment_as("bob", &key, "Said.");
        let mail = post.mails(2).await.remove(1);
        let intro = match locale {
            Locale::En => "Bob Baker wrote about",
            _ => "Bob Baker",
        };
        assert!(mail.text.contains(intro) && mail.text.contains("Said."), "{}", mail.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_words() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("notice.txt");
    std::fs::write(&file, "Hi {{ name }}, {{ key }} it is: {{ subject }} {{ portal_url }}\n")
        .unwrap();
    let setup = PostSetup::default().mailbox(move |mailbox| {
        mailbox.reply.template_file = Some(file);
        mailbox.reply.portal_url = Some("https://help.example.org/".parse().unwrap());
    });
    let post = setup.start().await;
    post.deliver(&letter("{{ key }} Über {% raw %}"));
    let mail = post.mails(1).await.remove(0);
    let key = &post.living()[0].key;
    assert_eq!(
        mail.text.trim(),
        format!("Hi Dora, {key} it is: {{{{ key }}}} Über {{% raw %}} https://help.example.org/")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notices_comments_still_go_out() {
    let post = PostSetup::default().mailbox(|mailbox| mailbox.reply.enabled = false).start().await;
    let issue = post.issue_of(&letter("Quiet")).await;
    post.mails(0).await;
    post.jira.comment_as("bob", &issue.key, "But heard.");
    post.mails(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_not_answered() {
    let setup =
        PostSetup::default().mailbox(|mailbox| mailbox.filter.automatic = Automatic::Ticket);
    let post = setup.start().await;
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("Precedence", "bulk")] {
        let count = post.living().len() + 1;
        post.deliver(&letter(name).header(name, value));
        post.issues(count).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    post.mails(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_cannot_be_read_holds_up_no_other() {
    for fault in [Fault::Status(403), Fault::Status(400), Fault::Oversized] {
        let (post, first) = told(hearing(false)).await;
        post.deliver(&letter("Scanner"));
        let issues = post.issues(2).await;
        let second = issues.iter().find(|issue| issue.key != first.key).unwrap();
        post.mails(2).await;
        let closed = format!("GET /rest/api/2/issue/{}/comment", first.key);
        post.jira.fault(FaultRule::from(fault).at(&closed));
        post.jira.comment_as("bob", &first.key, "To the closed one.");
        post.jira.comment_as("bob", &second.key, "To the open one.");
        let mails = post.mails(3).await;
        assert!(mails[2].subject.contains(&second.key), "{fault:?}: {}", mails[2].subject);
        post.jira.clear_faults();
        let mails = post.mails(4).await;
        assert!(mails[3].subject.contains(&first.key), "{fault:?}: {}", mails[3].subject);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_was_moved_stays_the_cases_own() {
    let (post, issue) = told(hearing(false)).await;
    let moved = post.jira.move_to_project(&issue.key, "OPS").unwrap();
    assert_ne!(moved, issue.key);
    post.jira.comment_as("bob", &moved, "Operations have it now.");
    let mail = post.mails(2).await.pop().unwrap();
    assert!(mail.subject.contains(&moved), "{}", mail.subject);
    post.deliver(&letter("Re: Printer").text("Thank you."));
    let issue = post.comments(&moved, 2).await;
    assert!(issue.comments[1].body.contains("Thank you."));
    assert_eq!(post.living().len(), 1);
    post.sound().await;
}
