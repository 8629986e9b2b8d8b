//! An emoji under a post makes a ticket of it: once, linked both ways; and words stay where they may be
//! read.

use std::time::Duration;

use ticketd::config::{Form, Place};
use ticketd::sandbox::{Fault, FaultRule, Mattermost};

use crate::harness::emoji::{
    letters, link, linked, listening, quiet, replies, with_emoji, with_limit,
};
use crate::harness::{
    PostSetup, Setup, eventually, form, free_address, name_of, tickets, with_tickets,
};

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
async fn help_names_the_emoji() {
    let address = free_address();
    let setup = Setup::new().config(move |config| {
        with_tickets(config, address);
        let forms = &mut config.ticket.as_mut().unwrap().forms;
        forms[0].emoji = Some("ticket".into());
        let (name, emoji) = ("network".into(), Some("net".into()));
        forms.push(Form { name, emoji, ..forms[0].clone() });
    });
    let app = setup.start().await;
    let named = [("emoji", ":ticket:, :net: (`/ticket network`)".into())];
    let help = app.ticket("alice", "help").await;
    assert_eq!(help.lines().last(), Some(app.say("alice", "ticket-help-emoji", &named).as_str()));
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
    let letter = [app.say("bob", "ticket-emoji-no-channel", &args)];
    assert_eq!(letters(&app, "bob"), letter);
    // Heard of again, it is no news.
    app.mattermost.restart();
    quiet().await;
    eventually("the websocket", || app.mattermost.socket_count() > 0).await;
    app.mattermost.react("alice", &original, "globe");
    eventually("the reply", || !replies(&app, &original).is_empty()).await;
    let ticket = linked(&app, &original, &original);
    assert_eq!(ticket.channel_id, Mattermost::channel_id("network"));
    for _ in 0..25 {
        if app.counted("emoji", "no_channel").await > 1 {
            break;
        }
        quiet().await;
    }
    assert!(app.counted("emoji", "no_channel").await > 1, "heard of again");
    quiet().await;
    assert_eq!(letters(&app, "bob"), letter);
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
