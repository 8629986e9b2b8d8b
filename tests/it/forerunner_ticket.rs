//! What the dialog service before ticketd got wrong, each fault a test.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, SubmitResult};

use crate::harness::{
    Setup, filled, free_address, name_of, number_of, tickets, wire, with_tickets, within_an_hour,
};

#[tokio::test]
async fn numbers_go_on_after_a_restart() {
    within_an_hour(async || {
        let address = free_address();
        let mut app = tickets(address).start().await;
        for count in 1..=3 {
            let post = app.new_ticket("alice", "Once more.").await;
            assert!(name_of(&post).ends_with(&format!("-000{count}")), "{}", name_of(&post));
            let home = app.stop();
            app = tickets(address).home(home).start().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_worker_gives_no_number_twice() {
    within_an_hour(async || {
        let app = tickets(free_address()).start().await;
        app.new_ticket("alice", "The first.").await;
        let home = app.home();
        // One store, one process: the second is told so, and the first goes on.
        let second = tickets(free_address()).home(home).try_start().await;
        let refused = second.map(drop).unwrap_err();
        assert!(refused.contains("in use"), "{refused}");
        let mut forms = Vec::new();
        for _ in 0..20 {
            forms.push(app.open_ticket_form("alice", "").await);
        }
        let submits = forms.iter().map(|form| app.fill("alice", form, filled("At once.")));
        let results = join_all(submits).await;
        assert!(results.iter().all(|result| *result == SubmitResult::Closed), "{results:?}");
        let posts = app.ticket_posts();
        let names: BTreeSet<_> = posts.iter().map(name_of).collect();
        let last = names.last().unwrap().clone();
        assert_eq!((posts.len(), names.len()), (21, 21));
        assert!(last.ends_with("-0021"), "{last}");
    })
    .await;
}

#[tokio::test]
async fn nobody_posts_as_the_bot() {
    let app = tickets(free_address()).start().await;
    let body = json!({
        "type": "dialog_submission", "callback_id": "ticket", "state": "", "cancelled": false,
        "user_id": Mattermost::user_id("bob"), "team_id": Mattermost::TEAM,
        "channel_id": Mattermost::channel_id("board"), "submission": filled("Forged."),
    });
    for path in ["dialog", "ticket/submit", "ticket/submit/", "ticket/submit/0123456789abcdef"] {
        let answer = app.post_json(&format!("http://{}/{path}", app.address), &body).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    // Whoever opened a form knows the address; a submission to it proves nothing.
    let form = app.open_ticket_form("bob", "").await;
    let mut blank = form.clone();
    blank.dialog["state"] = json!("");
    let strange = app.kept("bob", "ticket-form-strange", &[]);
    assert_eq!(app.fill("bob", &blank, filled("Forged.")).await, strange);
    blank.dialog["state"] = json!("forged");
    assert_eq!(app.fill("bob", &blank, filled("Forged.")).await, strange);
    let mut elsewhere = form.clone();
    Mattermost::channel_id("oncall").clone_into(&mut elsewhere.channel_id);
    let refused = app.kept("bob", "ticket-form-elsewhere", &[]);
    assert_eq!(app.fill("bob", &elsewhere, filled("Forged.")).await, refused);
    let foreign = app.kept("alice", "ticket-form-strange", &[]);
    assert_eq!(app.fill("alice", &form, filled("Forged.")).await, foreign);
    assert_eq!(app.mattermost.bot_posts().len(), 0);
    assert_eq!(app.counted("form", "forged").await, 2);
    assert_eq!(app.counted("form", "channel").await, 1);
    assert_eq!(app.counted("form", "foreign").await, 1);
    // What was refused spends nothing.
    assert_eq!(app.fill("bob", &form, filled("True.")).await, SubmitResult::Closed);
}

#[tokio::test]
async fn mentions_and_markdown_stay_text() {
    const EVIL: &str = "@all @channel @here ~board **b** [x](http://evil.example) ![i](y)\n# head\n\
                        ```\ncode\n| a | b |\n---\n> quote";
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("alice", "").await;
    let line = "@all # [x](http://evil.example) `c`";
    let with = json!({"cluster": line, "resource": "_i_", "problem": EVIL, "network": EVIL});
    assert_eq!(app.fill("alice", &form, with).await, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    for evil in ["@all", "@channel", "@here", "**b**", "[x]", "![i]", "\n#  head", "```", "| a |"] {
        assert!(!post.message.contains(evil), "{evil}: {}", post.message);
    }
    assert!(post.message.contains("**Cluster:** @\u{200b}all # \\[x\\]"), "{}", post.message);
    // Each line of a text is quoted, and the quote ends before the next field.
    let inside = post.message.split("**Problem:**\n").nth(1).unwrap();
    let (quoted, after) = inside.split_once("\n\n").unwrap();
    assert_eq!(quoted.lines().count(), EVIL.lines().count());
    assert!(quoted.lines().all(|line| line.starts_with("> ")), "{quoted}");
    assert!(after.starts_with("**Network:**\n> "), "{after}");
    // Nor does it come to life in a list.
    let list = app.ticket("bob", "list").await;
    assert!(!list.contains("@all") && !list.contains("**b**"), "{list}");
    let shown = app.ticket("bob", &format!("show {}", number_of(&post))).await;
    assert!(!shown.contains("@all") && !shown.contains("[x]"), "{shown}");
}

#[tokio::test]
async fn while_mattermost_fails_the_user_is_told_and_no_text_is_lost() {
    let app = tickets(free_address()).movable_time().start().await;
    let form = app.open_ticket_form("alice", "").await;
    app.mattermost.fault(Fault::Status(500));
    let result = app.fill("alice", &form, filled("Long and carefully written.")).await;
    let SubmitResult::Refused { error, errors } = result else { panic!("{result:?}") };
    let (name, rest) = error.split_once(' ').unwrap();
    assert_eq!(error, app.say("alice", "ticket-recorded", &[("ticket", name.into())]), "{rest}");
    assert!(errors.is_empty());
    assert_eq!(app.mattermost.bot_posts().len(), 0);
    app.mattermost.clear_faults();
    // Sent again while it stands there: the same ticket.
    let again = app.kept("alice", "ticket-form-spent", &[("ticket", name.into())]);
    assert_eq!(app.fill("alice", &form, filled("Another text.")).await, again);
    // What may have been posted is not posted again before it is sure that it was not.
    app.pass_until("its post", || app.ticket_posts().len() == 1).await;
    let [post] = app.ticket_posts().try_into().unwrap();
    assert_eq!(name_of(&post), name);
    assert!(post.message.contains("> Long and carefully written."), "{}", post.message);
    assert_eq!(app.mattermost.bot_posts().len(), 1);
}

#[tokio::test]
async fn a_form_sent_in_twice_is_one_ticket() {
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("alice", "").await;
    let results = join_all((0..5).map(|_| app.fill("alice", &form, filled("Click, click.")))).await;
    let [post] = app.ticket_posts().try_into().unwrap();
    let spent = app.kept("alice", "ticket-form-spent", &[("ticket", name_of(&post).into())]);
    let closed = results.iter().filter(|result| **result == SubmitResult::Closed).count();
    let told = results.iter().filter(|result| **result == spent).count();
    assert_eq!((closed, told), (1, 4), "{results:?}");
    assert_eq!(app.counted("form", "spent").await, 4);
    assert_eq!(app.late_answers(1).await.len(), 1, "and the asker is told once");
}

#[tokio::test]
async fn a_body_of_30_megabytes_is_refused_unread() {
    let app = tickets(free_address()).start().await;
    let post = app.new_ticket("alice", "Small.").await;
    let form = app.open_ticket_form("alice", "").await.url;
    let button = post.props["attachments"][0]["actions"][0]["integration"]["url"].clone();
    let slash = format!("http://{}/ticket", app.address);
    for (url, kind) in [
        (form.as_str(), "application/json"),
        (button.as_str().unwrap(), "application/json"),
        (&slash, "application/x-www-form-urlencoded"),
    ] {
        let path = url::Url::parse(url).unwrap().path().to_owned();
        let mut head = wire::request(&format!("POST {path}"), &[("Content-Type", kind)], b"");
        head.truncate(head.len() - 2);
        head.extend(b"Content-Length: 31457280\r\n\r\nx");
        // Announced, it need not even come.
        assert_eq!(app.exchange(&head).await.status, 413, "{kind}");
        let mut chunked = wire::request(&format!("POST {path}"), &[("Content-Type", kind)], b"");
        chunked.truncate(chunked.len() - 2);
        chunked.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        for _ in 0..32 {
            chunked.extend(b"4000\r\n");
            chunked.extend(vec![b'x'; 0x4000]);
            chunked.extend(b"\r\n");
        }
        assert_eq!(app.exchange(&chunked).await.status, 413, "{kind}, unannounced");
    }
    app.new_ticket("alice", "It goes on.").await;
}

#[tokio::test]
async fn a_token_that_is_not_ascii_is_only_wrong() {
    const SECOND: &str = "n3qk8w1xyzabcdefghijkmnopq";
    let address = free_address();
    let setup = Setup::new().config(move |config| {
        with_tickets(config, address);
        config.ticket.as_mut().unwrap().slash_tokens.push(SECOND.into());
    });
    let app = setup.start().await;
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for token in ["ünïcödé", "🎫", "토큰", "n3qk8w1xyzabcdefghijkmnopq\u{e9}"] {
        let mut form = app.mattermost.slash("alice", "/ticket list");
        for (name, value) in &mut form.fields {
            if name == "token" {
                token.clone_into(value);
            }
        }
        let header = format!("Token {token}");
        let bytes = wire::request("POST /ticket", &[kind], form.body().as_bytes());
        assert_eq!(app.exchange(&bytes).await.status, 401, "{token}");
        let both = [kind, ("Authorization", header.as_str())];
        let bytes = wire::request("POST /ticket", &both, form.body().as_bytes());
        assert_eq!(app.exchange(&bytes).await.status, 401, "{token}");
        for path in ["ticket/submit", "actions"] {
            let url = format!("http://{address}/{path}/{token}");
            assert_eq!(app.post_json(&url, &json!({})).await.status, 404, "{url}");
        }
    }
    app.mattermost.fault(FaultRule::from(Fault::Status(503)).at("/users/").times(1));
    assert_eq!(app.ticket("alice", "list").await, app.say("alice", "ticket-list-empty", &[]));
}
