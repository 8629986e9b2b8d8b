//! `/ticket`: from a form to a numbered post, and what is done to it.

use serde_json::json;
use ticketd::sandbox::{Mattermost, SubmitResult};

use crate::harness::{eventually, filled, free_address, tickets, told};

#[tokio::test]
async fn a_form_becomes_a_numbered_ticket_and_its_asker_is_told() {
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("alice", "the VPN is down").await;
    assert_eq!(form.user_id, Mattermost::user_id("alice"));
    assert_eq!(form.dialog["elements"][2]["default"], "the VPN is down");
    let result =
        app.mattermost.submit_dialog("alice", &form, filled("The VPN\n@all is *down*")).await;
    assert_eq!(result, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    let name = post.props["ticket_id"].as_str().unwrap().to_owned();
    assert!(name.starts_with("Ticket-20") && name.ends_with("-0001"), "{name}");
    assert_eq!(post.channel_id, Mattermost::channel_id("support"));
    assert!(post.message.contains("@alice asks for help."), "{}", post.message);
    assert!(post.message.contains("**Cluster:** Berlin\n"), "{}", post.message);
    assert!(post.message.contains("> The VPN\n> @\u{200b}all is \\*down\\*"), "{}", post.message);
    let link = format!("{}_redirect/pl/{}", app.mattermost.url(), post.id);
    let args = [("ticket", name.into()), ("link", link.into())];
    assert_eq!(app.late_answers(1).await, [app.say("alice", "ticket-posted", &args)]);
    app.stop();
}

#[tokio::test]
async fn buttons_change_the_post_and_leave_a_line_each() {
    let app = tickets(free_address()).start().await;
    let post = app.new_ticket("alice", "It is broken.").await;
    for (index, action) in ["take", "resolve", "reopen"].into_iter().enumerate() {
        // The buttons are those of how it stands by now.
        let result = app.mattermost.press_button("bob", &post.id, action).await;
        assert_eq!(told(result), "", "{action}");
        eventually("its line", || app.thread(&post).len() > index).await;
    }
    assert_eq!(told(app.mattermost.choose("bob", &post.id, "priority", "urgent").await), "");
    eventually("the last line", || app.thread(&post).len() == 4).await;
    assert_eq!(
        app.thread(&post),
        [
            "@bob has taken this ticket.",
            "@bob has resolved this ticket.",
            "@bob has reopened this ticket.",
            "@bob has set the priority to urgent.",
        ]
    );
    let shown = app.ticket_posts().pop().unwrap().props["attachments"][0]["text"].clone();
    let shown = shown.as_str().unwrap();
    assert!(
        shown.starts_with("**State:** in work\n**Owner:** @bob\n**Priority:** urgent\n"),
        "{shown}"
    );
    // What is so already is said to the presser alone.
    let again = app.mattermost.press_button("bob", &post.id, "take").await;
    assert_eq!(told(again), app.say("bob", "ticket-theirs", &[]));
    let strange = app.mattermost.choose("bob", &post.id, "priority", "huge").await;
    assert_eq!(told(strange), app.say("bob", "ticket-button-strange", &[]));
    assert_eq!(app.thread(&post).len(), 4);
    assert_eq!(json!(app.ticket_posts().len()), json!(1));
    app.stop();
}
