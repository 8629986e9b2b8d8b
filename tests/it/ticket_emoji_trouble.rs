//! Emoji while something fails: ticketd itself, the connection, a post. None is lost, and nothing is
//! said twice.

use std::sync::Arc;
use std::time::Duration;

use ticketd::sandbox::{Fault, FaultRule, Mattermost};

use crate::harness::emoji::{linked, listening, quiet, replies, with_emoji};
use crate::harness::eventually;

type Accident = fn(&Mattermost, &str);

#[tokio::test]
async fn what_happens_while_ticketd_is_down_becomes_tickets_at_the_start() {
    let chat = Arc::new(Mattermost::start().await.unwrap());
    let old = chat.type_post("support", "alice", "", "Before ticketd.");
    chat.react("bob", &old, "ticket");
    tokio::time::sleep(Duration::from_millis(20)).await;
    let app = listening(with_emoji(None).mattermost(chat.clone())).await;
    let first = chat.type_post("support", "alice", "", "The first.");
    chat.react("bob", &first, "ticket");
    eventually("the reply", || !replies(&app, &first).is_empty()).await;
    let home = app.stop();

    let posts: Vec<_> = ["support", "network", "oncall"]
        .map(|channel| chat.type_post(channel, "alice", "", "While it was down."))
        .into_iter()
        .chain([old.clone()])
        .collect();
    for post in &posts[..3] {
        chat.react("bob", post, "ticket");
    }
    chat.react("alice", &first, "ticket");
    let app = listening(with_emoji(None).mattermost(chat.clone()).home(home)).await;
    eventually("their replies", || posts[..3].iter().all(|post| !replies(&app, post).is_empty()))
        .await;
    quiet().await;
    for post in posts[..3].iter().chain([&first]) {
        linked(&app, post, post);
    }
    assert_eq!(app.ticket_posts().len(), 4, "none of what was before");
    // At the very first start only what was put from then on counts; put again, it does.
    chat.react("carol", &old, "ticket");
    eventually("its reply", || !replies(&app, &old).is_empty()).await;
}

#[tokio::test]
async fn no_emoji_is_lost_when_the_connection_is() {
    let app = listening(with_emoji(None)).await;
    let chat = &app.mattermost;
    let accidents: [fn(&Mattermost); 4] =
        [Mattermost::drop_sockets, Mattermost::restart, Mattermost::lose_event, |chat| {
            chat.fault(FaultRule::from(Fault::Status(503)).at("GET /api/v4/posts/").times(2));
        }];
    let mut posts = Vec::new();
    for accident in accidents {
        let post = |text: &str| chat.type_post("support", "alice", "", text);
        let (before, after) = (post("Before."), post("After."));
        chat.react("bob", &before, "ticket");
        accident(chat);
        chat.react("bob", &after, "ticket");
        // A number that is missing is noticed with the next event.
        post("Something else.");
        posts.extend([before, after]);
        let told = || posts.iter().all(|post| !replies(&app, post).is_empty());
        eventually("the replies", told).await;
    }
    quiet().await;
    for post in &posts {
        linked(&app, post, post);
    }
    assert_eq!(app.ticket_posts().len(), posts.len());
}

#[tokio::test]
async fn a_post_that_cannot_be_read_holds_up_no_other() {
    let chat = Arc::new(Mattermost::start().await.unwrap());
    let app = listening(with_emoji(None).mattermost(chat.clone())).await;
    let home = app.stop();
    let posts = ["support", "network", "oncall"]
        .map(|channel| chat.type_post(channel, "alice", "", "While it was down."));
    for post in &posts {
        chat.react("bob", post, "ticket");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    chat.fault(FaultRule::from(Fault::Status(500)).at(format!("GET /api/v4/posts/{}", posts[0])));
    let app = listening(with_emoji(None).mattermost(chat.clone()).home(home)).await;
    eventually("the others", || posts[1..].iter().all(|post| !replies(&app, post).is_empty()))
        .await;
    // Nor is it forgotten, after another start either.
    let home = app.stop();
    let app = listening(with_emoji(None).mattermost(chat.clone()).home(home)).await;
    chat.clear_faults();
    eventually("its reply", || !replies(&app, &posts[0]).is_empty()).await;
    for post in &posts {
        linked(&app, post, post);
    }
    assert_eq!(app.ticket_posts().len(), posts.len());
}

#[tokio::test]
async fn what_stands_before_mattermost_refuses_no_emoji() {
    let app = listening(with_emoji(None)).await;
    let chat = &app.mattermost;
    for (target, fault) in [
        ("GET /api/v4/posts/", Fault::HtmlOk),
        ("GET /api/v4/channels/", Fault::HtmlOk),
        ("GET /api/v4/users/", Fault::HtmlOk),
        ("GET /api/v4/users/", Fault::Status(403)),
    ] {
        let post = chat.type_post("support", "alice", "", "Behind a proxy.");
        chat.fault(FaultRule::from(fault).at(target).times(1));
        chat.react("bob", &post, "ticket");
        eventually("the reply", || !replies(&app, &post).is_empty()).await;
        linked(&app, &post, &post);
    }
    // Nor those of a whole channel, while its list cannot be read.
    let post = chat.type_post("support", "alice", "", "Behind a proxy.");
    chat.fault(FaultRule::from(Fault::HtmlOk).at("/posts?").times(12));
    chat.lose_event();
    chat.react("bob", &post, "ticket");
    // A number that is missing is noticed with the next event.
    chat.type_post("support", "alice", "", "Something else.");
    eventually("the reply to it", || !replies(&app, &post).is_empty()).await;
    linked(&app, &post, &post);
    assert_eq!(app.counted("emoji", "refused").await, 0);
}

#[tokio::test]
async fn a_link_is_said_once_whatever_becomes_of_the_call() {
    for (fault, times) in [
        (Fault::CutAfterCommit, 3),
        (Fault::StatusAfterCommit(502), 3),
        (Fault::BrokenJson, 2),
        (Fault::Status(503), 4),
        (Fault::CutConnection, 3),
    ] {
        let app = listening(with_emoji(Some("network")).movable_time()).await;
        let original = app.mattermost.type_post("support", "alice", "", "Once.");
        app.mattermost.fault(FaultRule::from(fault).at("POST /api/v4/posts").times(times));
        app.mattermost.react("bob", &original, "ticket");
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.pass_until("the reply", || !replies(&app, &original).is_empty()).await;
        app.pass(Duration::from_mins(2)).await;
        app.pass(Duration::from_mins(2)).await;
        linked(&app, &original, &original);
        assert_eq!(app.ticket_posts().len(), 1, "{fault:?}");
        assert_eq!(replies(&app, &original).len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_post_that_cannot_be_answered_any_more_is_given_up() {
    let accidents: [(&str, Accident); 2] = [
        ("oncall", |chat, _| chat.set_member("oncall", "ticketd", false)),
        ("support", |chat, post| chat.delete_post(post)),
    ];
    for (channel, accident) in accidents {
        let app = listening(with_emoji(Some("network")).movable_time()).await;
        let chat = &app.mattermost;
        let original = chat.type_post(channel, "alice", "", "Gone soon.");
        chat.fault(FaultRule::from(Fault::Status(503)).at("POST /api/v4/posts"));
        chat.react("alice", &original, "ticket");
        let tried = || chat.ledger().iter().any(|call| call.target == "/api/v4/posts");
        eventually("a try", tried).await;
        accident(chat, &original);
        chat.clear_faults();
        app.pass_until("the ticket", || app.ticket_posts().len() == 1).await;
        app.pass(Duration::from_mins(5)).await;
        let posted = || {
            let calls = chat.ledger().into_iter();
            calls.filter(|call| call.method == "POST" && call.target == "/api/v4/posts").count()
        };
        let before = posted();
        for _ in 0..5 {
            app.pass(Duration::from_mins(2)).await;
        }
        assert_eq!((posted(), replies(&app, &original).len()), (before, 0), "{channel}");
        let ticket = app.ticket_posts().pop().unwrap();
        chat.press_button("bob", &ticket.id, "take").await;
        eventually("the line", || app.thread(&ticket).len() == 1).await;
    }
}

#[tokio::test]
async fn a_channel_where_the_bot_only_reads_holds_up_nothing() {
    let app = listening(with_emoji(Some("network")).movable_time()).await;
    let chat = &app.mattermost;
    let original = chat.type_post("support", "alice", "", "Read this.");
    let post = || FaultRule::from(Fault::Slow(Duration::from_millis(600))).at("POST /api/v4/posts");
    chat.fault(post().times(1));
    chat.react("alice", &original, "ticket");
    let tried = || chat.ledger().iter().filter(|call| call.target == "/api/v4/posts").count();
    eventually("the ticket's call", || tried() == 1).await;
    chat.fault(FaultRule { fault: Fault::Status(403), ..post() });
    // The reply, and the letter to who asked.
    eventually("their calls", || tried() == 3).await;
    quiet().await;
    chat.clear_faults();
    let ticket = app.ticket_posts().pop().unwrap();
    chat.press_button("bob", &ticket.id, "take").await;
    eventually("the line", || app.thread(&ticket).len() == 1).await;
    app.pass(Duration::from_mins(5)).await;
    assert_eq!(replies(&app, &original).len(), 0);
}

#[tokio::test]
async fn a_post_whose_ticket_is_forgotten_makes_another() {
    let app = listening(with_emoji(None).movable_time()).await;
    let original = app.mattermost.type_post("support", "alice", "", "Again and again.");
    app.mattermost.react("bob", &original, "ticket");
    eventually("the reply", || replies(&app, &original).len() == 1).await;
    let ticket = linked(&app, &original, &original);
    app.pass(Duration::from_hours(7)).await;
    app.mattermost.react("carol", &original, "ticket");
    app.pass(Duration::from_mins(2)).await;
    assert_eq!(app.ticket_posts().len(), 1, "as long as it is known");
    app.mattermost.press_button("bob", &ticket.id, "resolve").await;
    eventually("the line", || app.thread(&ticket).len() == 1).await;
    app.pass(Duration::from_hours(24 * 400)).await;
    app.pass(Duration::from_hours(7)).await;
    app.mattermost.react("alice", &original, "ticket");
    eventually("another", || replies(&app, &original).len() == 2).await;
    assert_eq!(app.ticket_posts().len(), 2);
}
