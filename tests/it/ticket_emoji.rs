//! An emoji under a post makes a ticket of it: once, linked both ways, whatever fails meanwhile.

use std::sync::Arc;
use std::time::Duration;

use ticketd::config::Place;
use ticketd::sandbox::{Fault, FaultRule, Mattermost, PostSnapshot};

use crate::harness::{
    PostSetup, Setup, TestApp, eventually, form, free_address, name_of, tickets, with_tickets,
};

/// A `/ticket` whose usual form has the emoji `ticket` and this channel.
fn with_emoji(channel: Option<&'static str>) -> Setup {
    with_limit(channel, 6_000)
}

/// The same, where a minute holds so many.
fn with_limit(channel: Option<&'static str>, per_minute: u32) -> Setup {
    let address = free_address();
    Setup::new().config(move |config| {
        with_tickets(config, address);
        config.limits.per_user_per_minute = per_minute.try_into().unwrap();
        let form = &mut config.ticket.as_mut().unwrap().forms[0];
        form.emoji = Some("ticket".to_owned());
        form.channel = channel.map(str::to_owned);
    })
}

/// Once the feed stands, and what was before has been asked for.
async fn listening(setup: Setup) -> TestApp {
    let app = setup.start().await;
    eventually("the websocket", || app.mattermost.socket_count() > 0).await;
    quiet().await;
    app
}

fn replies(app: &TestApp, root: &str) -> Vec<PostSnapshot> {
    let mut posts = app.mattermost.bot_posts();
    posts.retain(|post| post.root_id == root);
    posts
}

/// What the bot wrote to this person alone.
fn letters(app: &TestApp, user: &str) -> Vec<String> {
    let direct = app.mattermost.direct_id(user);
    let mut posts = app.mattermost.bot_posts();
    posts.retain(|post| post.channel_id == direct && post.props["is_ticket"].is_null());
    posts.into_iter().map(|post| post.message).collect()
}

fn link(app: &TestApp, post: &str) -> String {
    format!("{}_redirect/pl/{post}", app.mattermost.url())
}

/// One ticket of this post, which it links, and one reply that links the ticket.
fn linked(app: &TestApp, original: &str, root: &str) -> PostSnapshot {
    let mut posts = app.ticket_posts();
    posts.retain(|post| post.message.contains(&link(app, original)));
    let [ticket] = posts.try_into().unwrap();
    let lines: Vec<_> = replies(app, root).into_iter().map(|post| post.message).collect();
    let args = [("ticket", name_of(&ticket).into()), ("link", link(app, &ticket.id).into())];
    let line = app.say("alice", "ticket-emoji-linked", &args);
    assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{lines:?}");
    ticket
}

async fn quiet() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

#[tokio::test]
async fn one_post_makes_one_ticket_whoever_asks() {
    let app = listening(with_emoji(Some("network"))).await;
    let chat = &app.mattermost;
    let original = chat.type_post("support", "alice", "", "The VPN *is* down\nsince @all noon");
    chat.react("bob", &original, "ticket");
    for user in ["alice", "bob", "carol"].into_iter().cycle().take(20) {
        chat.unreact(user, &original, "ticket");
        chat.react(user, &original, "ticket");
    }
    eventually("the reply", || !replies(&app, &original).is_empty()).await;
    eventually("the letter", || !letters(&app, "bob").is_empty()).await;
    quiet().await;
    let ticket = linked(&app, &original, &original);
    assert_eq!(app.ticket_posts().len(), 1);
    assert_eq!(ticket.channel_id, Mattermost::channel_id("network"));
    assert_eq!(
        ticket.message,
        format!(
            "#### {}\n@bob asks for help.\n\n**Message:**\n> The VPN \\*is\\* down\n> since \
             @\u{200b}all noon\n\n**Written by:** @\u{200b}alice\n**Original:** {}",
            name_of(&ticket),
            link(&app, &original)
        )
    );
    let args = [("ticket", name_of(&ticket).into()), ("link", link(&app, &ticket.id).into())];
    assert_eq!(letters(&app, "bob"), [app.say("bob", "ticket-posted", &args)]);
    assert_eq!(letters(&app, "alice"), [""; 0]);
    assert_eq!(app.counted("emoji", "ok").await, 1);
    assert!(app.counted("emoji", "spent").await >= 20);
    assert!(app.ticket("alice", "mine").await.contains("no open"), "not the author's");
    assert!(app.ticket("bob", "mine").await.contains("The VPN"), "the asker's");
    assert!(app.get("/ready").await.body.contains("chat_feed"));
}

#[tokio::test]
async fn a_reply_becomes_a_ticket_that_its_thread_is_told_of() {
    let app = listening(with_emoji(None)).await;
    let chat = &app.mattermost;
    let root = chat.type_post("support", "alice", "", "Good morning.");
    let reply = chat.type_post("support", "carol", &root, "And the printer burns.");
    chat.react("alice", &reply, "ticket");
    eventually("the reply", || !replies(&app, &root).is_empty()).await;
    let ticket = linked(&app, &reply, &root);
    assert_eq!(ticket.channel_id, Mattermost::channel_id("support"));
    assert!(ticket.message.contains("> And the printer burns."), "{}", ticket.message);
    // The post that begins the thread may become one of its own.
    chat.react("alice", &root, "ticket");
    eventually("another", || replies(&app, &root).len() == 2).await;
    linked(&app, &root, &root);
    // What is done to the ticket is said in its own thread.
    chat.press_button("bob", &ticket.id, "take").await;
    eventually("the line", || app.thread(&ticket).len() == 1).await;
    assert_eq!(replies(&app, &root).len(), 2);
}

#[tokio::test]
async fn what_is_no_message_of_somebodys_makes_none() {
    let app = listening(with_emoji(None)).await;
    let chat = &app.mattermost;
    let post = |text| chat.type_post("support", "alice", "", text);
    let original = post("Something.");
    chat.react("bob", &original, "tickets");
    chat.react("bob", &original, "+1");
    chat.react("ticketd", &original, "ticket");
    let deleted = post("Forget it.");
    chat.fault(FaultRule::from(Fault::Slow(Duration::from_millis(300))).at("GET /api/v4/posts/"));
    chat.react("bob", &deleted, "ticket");
    chat.delete_post(&deleted);
    quiet().await;
    chat.clear_faults();
    quiet().await;
    assert_eq!(app.ticket_posts().len(), 0);
    chat.react("bob", &original, "ticket");
    eventually("the reply", || replies(&app, &original).len() == 1).await;
    let ticket = linked(&app, &original, &original);
    // Neither the ticket nor the reply is one.
    chat.react("bob", &ticket.id, "ticket");
    chat.react("bob", &replies(&app, &original)[0].id, "ticket");
    quiet().await;
    assert_eq!(app.ticket_posts().len(), 1);
    assert_eq!(app.counted("emoji", "own").await, 3);
}

#[tokio::test]
async fn each_form_has_its_emoji_and_without_one_nothing_listens() {
    let app = tickets(free_address()).start().await;
    quiet().await;
    assert_eq!(app.mattermost.socket_count(), 0);
    assert!(!app.get("/ready").await.body.contains("chat_feed"));
    drop(app);

    let address = free_address();
    let app = listening(Setup::new().config(move |config| {
        with_tickets(config, address);
        for (name, channel, emoji) in [("net", "network", "globe"), ("lost", "nowhere", "ghost")] {
            let mut form = form(name, Some(channel), Vec::new());
            form.emoji = Some(emoji.to_owned());
            config.ticket.as_mut().unwrap().forms.push(form);
        }
    }))
    .await;
    let original = app.mattermost.type_post("support", "alice", "", "No route.");
    app.mattermost.react("bob", &original, "ghost");
    eventually("the letter", || !letters(&app, "bob").is_empty()).await;
    let args =
        [("emoji", "ghost".into()), ("link", link(&app, &original).into()), ("count", 0.into())];
    assert_eq!(letters(&app, "bob"), [app.say("bob", "ticket-emoji-no-channel", &args)]);
    app.mattermost.react("alice", &original, "globe");
    eventually("the reply", || !replies(&app, &original).is_empty()).await;
    let ticket = linked(&app, &original, &original);
    assert_eq!(ticket.channel_id, Mattermost::channel_id("network"));
}

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
    type Accident = fn(&Mattermost);
    let accidents: [Accident; 4] =
        [Mattermost::drop_sockets, Mattermost::restart, Mattermost::lose_event, |chat| {
            chat.fault(FaultRule::from(Fault::Status(503)).at("GET /api/v4/posts/").times(2))
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
    type Accident = fn(&Mattermost, &str);
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
        let tries = || {
            let calls = chat.ledger().into_iter();
            calls.filter(|call| call.method == "POST" && call.target == "/api/v4/posts").count()
        };
        let before = tries();
        for _ in 0..5 {
            app.pass(Duration::from_mins(2)).await;
        }
        assert_eq!((tries(), replies(&app, &original).len()), (before, 0), "{channel}");
        let ticket = app.ticket_posts().pop().unwrap();
        chat.press_button("bob", &ticket.id, "take").await;
        eventually("the line", || app.thread(&ticket).len() == 1).await;
    }
}

#[tokio::test]
async fn words_of_a_private_channel_stay_there() {
    for (channel, from, shown) in [
        (None, "oncall", true),
        (Some("oncall"), "oncall", true),
        (Some("network"), "oncall", false),
        (Some("network"), "support", true),
        (Some("oncall"), "support", true),
    ] {
        let app = listening(with_emoji(channel)).await;
        let original = app.mattermost.type_post(from, "alice", "", "The secret plan.");
        app.mattermost.react("bob", &original, "ticket");
        eventually("the reply", || !replies(&app, &original).is_empty()).await;
        let ticket = linked(&app, &original, &original);
        assert_eq!(ticket.channel_id, Mattermost::channel_id(channel.unwrap_or(from)));
        assert_eq!(ticket.message.contains("secret"), shown, "{channel:?} {from}");
        assert_eq!(ticket.message.contains("alice"), shown, "{channel:?} {from}");
        let mine = app.ticket("bob", "mine").await;
        assert_eq!(mine.contains("secret"), shown, "{mine}");
    }
}

#[tokio::test]
async fn a_direct_message_to_the_bot_becomes_a_ticket_there() {
    let app = listening(with_emoji(None)).await;
    let direct = app.mattermost.direct_id("alice");
    let original = app.mattermost.type_post(&direct, "alice", "", "For you alone.");
    app.mattermost.react("alice", &original, "ticket");
    eventually("the reply", || !replies(&app, &original).is_empty()).await;
    let ticket = linked(&app, &original, &original);
    assert_eq!(ticket.channel_id, direct);
    assert!(ticket.message.contains("For you alone."));
    // A form's channel is found from there too, and hears no words.
    let app = listening(with_emoji(Some("network"))).await;
    let direct = app.mattermost.direct_id("alice");
    let original = app.mattermost.type_post(&direct, "alice", "", "For you alone.");
    app.mattermost.react("alice", &original, "ticket");
    eventually("the reply", || !replies(&app, &original).is_empty()).await;
    let ticket = linked(&app, &original, &original);
    assert_eq!(ticket.channel_id, Mattermost::channel_id("network"));
    assert!(!ticket.message.contains("alone"), "{}", ticket.message);
}

#[tokio::test]
async fn who_asks_for_too_many_is_told_once() {
    let app = listening(with_limit(None, 3)).await;
    let chat = &app.mattermost;
    let posts: Vec<_> = (0..6)
        .map(|number| chat.type_post("support", "carol", "", &format!("Number {number}.")))
        .collect();
    for post in &posts {
        chat.react("alice", post, "ticket");
    }
    eventually("three tickets", || app.ticket_posts().len() == 3).await;
    eventually("the letters", || letters(&app, "alice").len() == 4).await;
    quiet().await;
    let args =
        [("emoji", "ticket".into()), ("link", link(&app, &posts[3]).into()), ("count", 3.into())];
    let told = app.say("alice", "ticket-emoji-too-many", &args);
    assert_eq!(letters(&app, "alice").iter().filter(|line| **line == told).count(), 1);
    assert_eq!((app.counted("emoji", "ok").await, app.counted("emoji", "limit").await), (3, 3));
    // Anybody else may still ask.
    chat.react("bob", &posts[5], "ticket");
    eventually("the reply", || !replies(&app, &posts[5]).is_empty()).await;
    linked(&app, &posts[5], &posts[5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_a_post_becomes_an_issue() {
    let address = free_address();
    let setup = PostSetup::default().config(move |config| {
        with_tickets(config, address);
        let form = &mut config.ticket.as_mut().unwrap().forms[0];
        form.emoji = Some("ticket".to_owned());
        form.place = Some(Place::Jira("support".to_owned()));
    });
    let post = setup.start().await;
    let app = &post.app;
    eventually("the websocket", || app.mattermost.socket_count() > 0).await;
    let original =
        app.mattermost.type_post("support", "alice", "", "The VPN *is* down\nsince noon");
    app.mattermost.react("bob", &original, "ticket");
    post.until("the issue", || post.living().len() == 1).await;
    let issue = post.living().pop().unwrap();
    assert_eq!(issue.summary, "The VPN *is* down");
    assert!(issue.description.contains("since noon"), "{}", issue.description);
    assert!(issue.description.contains(&link(app, &original)), "{}", issue.description);
    eventually("the reply", || !replies(app, &original).is_empty()).await;
    let ticket = linked(app, &original, &original);
    // What is said below the original is none of the ticket's.
    app.mattermost.type_post("support", "carol", &original, "Not here.");
    app.mattermost.type_post("support", "carol", &ticket.id, "But here.");
    let comments = || post.jira.issue(&issue.key).unwrap().comments;
    eventually("the comment", || comments().len() == 1).await;
    assert!(comments()[0].body.contains("But here."));

    // Words of a private channel go into no tracker.
    let private = app.mattermost.type_post("oncall", "alice", "", "The secret plan.");
    app.mattermost.react("bob", &private, "ticket");
    post.until("its issue", || post.living().len() == 2).await;
    let issues = post.living();
    let issue = issues.iter().find(|issue| !issue.summary.contains("VPN")).unwrap();
    assert!(issue.description.contains(&link(app, &private)), "{}", issue.description);
    assert!(!format!("{issue:?}").contains("secret"), "{issue:?}");
    post.settled().await;
    post.sound().await;
}
