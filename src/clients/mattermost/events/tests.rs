//! Connections that break in every way, against the stand-in.

use std::time::Duration;

use secrecy::SecretString;

use super::{Event, Events, EventsFault, MESSAGE_MAX, Resume};
use crate::{
    clients::{ApiError, MattermostClient},
    model::ids::ChannelId,
    sandbox::{Fault, FaultRule, Mattermost},
    telemetry::Metrics,
};

async fn both() -> (Mattermost, MattermostClient) {
    crate::prepare_process();
    let mattermost = Mattermost::start().await.unwrap();
    let token = Some(Mattermost::bot_token().into());
    let client = MattermostClient::new(mattermost.url(), token, Metrics::new()).unwrap();
    (mattermost, client)
}

fn token(user: &str) -> SecretString {
    Mattermost::session_token(user).into()
}

async fn listening(client: &MattermostClient, resume: Option<Resume>) -> (Events, bool) {
    let mut events = client.events(&token("ticketd"), resume).await.unwrap();
    match events.next().await.unwrap() {
        Event::Hello { connection_id, resumed } => {
            assert_eq!(connection_id.len(), 26);
            (events, resumed)
        }
        other => panic!("no hello: {other:?}"),
    }
}

/// A word for what came next.
async fn next(events: &mut Events) -> Result<String, EventsFault> {
    let event = tokio::time::timeout(Duration::from_mins(5), events.next()).await.expect("a limit");
    Ok(match event? {
        Event::Hello { resumed, .. } => format!("hello {resumed}"),
        Event::Missed => "missed".to_owned(),
        Event::Posted(post) => post.message,
        Event::ReactionAdded(reaction) => format!(":{}:", reaction.emoji),
    })
}

async fn all(events: &mut Events, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    for _ in 0..count {
        words.push(next(events).await.unwrap());
    }
    words
}

#[tokio::test]
async fn posts_and_reactions_are_told_in_order_and_the_rest_is_left_out() {
    let (mattermost, client) = both().await;
    let (mut events, resumed) = listening(&client, None).await;
    assert!(!resumed);
    let root = mattermost.type_post("support", "alice", "", "one");
    mattermost.type_post("closed", "carol", "", "not for the bot");
    mattermost.react("bob", &root, "ticket");
    mattermost.unreact("bob", &root, "ticket");
    mattermost.type_post("support", "bob", &root, "two");
    let Event::Posted(post) = events.next().await.unwrap() else { panic!("no post") };
    assert_eq!((post.id.as_str(), post.message.as_str()), (root.as_str(), "one"));
    assert_eq!(post.author.as_str(), Mattermost::user_id("alice"));
    let Event::ReactionAdded(reaction) = events.next().await.unwrap() else { panic!("none") };
    assert_eq!((reaction.post, reaction.emoji.as_str()), (post.id.clone(), "ticket"));
    assert_eq!(reaction.user.as_str(), Mattermost::user_id("bob"));
    assert_eq!(reaction.channel.as_str(), Mattermost::channel_id("support"));
    let Event::Posted(reply) = events.next().await.unwrap() else { panic!("no post") };
    assert_eq!((reply.root.as_ref(), reply.message.as_str()), (Some(&post.id), "two"));
    assert_eq!(events.resume().next_seq, 5, "the one that was left out counts");
}

#[tokio::test]
async fn each_hears_what_they_may_with_their_own_token() {
    let (mattermost, client) = both().await;
    let mut carol = client.events(&token("carol"), None).await.unwrap();
    let (mut bot, _) = listening(&client, None).await;
    assert_eq!(mattermost.socket_count(), 2);
    mattermost.type_post("oncall", "alice", "", "without carol");
    mattermost.type_post("closed", "carol", "", "carol alone");
    mattermost.type_post("support", "alice", "", "all");
    assert_eq!(all(&mut carol, 3).await, ["hello false", "carol alone", "all"]);
    assert_eq!(all(&mut bot, 2).await, ["without carol", "all"]);
}

#[tokio::test]
async fn a_connection_that_broke_goes_on_without_loss_or_doubles() {
    let (mattermost, client) = both().await;
    let (mut events, _) = listening(&client, None).await;
    mattermost.type_post("support", "alice", "", "heard");
    assert_eq!(next(&mut events).await.unwrap(), "heard");
    for round in 0..3 {
        // Some were sent and did not arrive, others never were.
        mattermost.type_post("support", "alice", "", &format!("{round} sent"));
        mattermost.drop_sockets();
        for n in 0..100 {
            mattermost.type_post("support", "alice", "", &format!("{round} waits {n}"));
        }
        let (mut again, resumed) = listening(&client, Some(events.resume())).await;
        assert!(resumed);
        mattermost.type_post("support", "alice", "", &format!("{round} after"));
        let words = all(&mut again, 102).await;
        assert_eq!(
            (words[0].clone(), words[1].clone()),
            (format!("{round} sent"), format!("{round} waits 0"))
        );
        assert_eq!(words[101], format!("{round} after"));
        events = again;
    }
    // With nothing to tell it is resumed as well.
    mattermost.drop_sockets();
    let (events, resumed) = listening(&client, Some(events.resume())).await;
    assert!(resumed);
    assert_eq!(mattermost.socket_count(), 1);
    drop(events);
}

#[tokio::test]
async fn what_the_server_forgot_is_said_to_be_missing() {
    let (mattermost, client) = both().await;
    // It started anew.
    let (events, _) = listening(&client, None).await;
    mattermost.restart();
    let (mut events, resumed) = listening(&client, Some(events.resume())).await;
    assert!(!resumed);
    // More were sent than it keeps, and more wait than it keeps.
    let heard = events.resume();
    for _ in 0..129 {
        mattermost.type_post("support", "alice", "", "sent");
    }
    all(&mut events, 129).await;
    mattermost.drop_sockets();
    let (events, resumed) = listening(&client, Some(heard)).await;
    assert!(!resumed);
    mattermost.drop_sockets();
    for _ in 0..257 {
        mattermost.type_post("support", "alice", "", "waits");
    }
    let (mut events, resumed) = listening(&client, Some(events.resume())).await;
    assert!(!resumed);
    // One has no number.
    mattermost.lose_event();
    for word in ["lost", "next", "last"] {
        mattermost.type_post("support", "alice", "", word);
    }
    assert_eq!(all(&mut events, 3).await, ["missed", "next", "last"]);
}

#[tokio::test]
async fn a_connection_that_stands_for_the_server_is_not_taken_over() {
    let (_mattermost, client) = both().await;
    let (events, _) = listening(&client, None).await;
    let (_second, resumed) = listening(&client, Some(events.resume())).await;
    assert!(!resumed);
}

#[tokio::test]
async fn a_break_is_told() {
    let (mattermost, client) = both().await;
    let (mut events, _) = listening(&client, None).await;
    mattermost.drop_sockets();
    assert_eq!(next(&mut events).await, Err(EventsFault::Closed));
    assert_eq!(next(&mut events).await, Err(EventsFault::Closed));
    let (mut events, _) = listening(&client, None).await;
    mattermost.stop().await;
    assert_eq!(next(&mut events).await, Err(EventsFault::Closed));
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    let (mattermost, client) = both().await;
    let (mut events, _) = listening(&client, None).await;
    let emoji = "x".repeat(MESSAGE_MAX);
    let post = mattermost.type_post("support", "alice", "", "small");
    mattermost.react("bob", &post, &emoji);
    assert_eq!(next(&mut events).await.unwrap(), "small");
    assert_eq!(next(&mut events).await, Err(EventsFault::TooLarge));
}

#[tokio::test]
async fn silence_ends_the_connection_and_a_quiet_chat_does_not() {
    let (mattermost, client) = both().await;
    let (mut events, _) = listening(&client, None).await;
    tokio::time::pause();
    let quiet = tokio::time::timeout(Duration::from_mins(3), events.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    mattermost.type_post("support", "alice", "", "still here");
    assert_eq!(next(&mut events).await.unwrap(), "still here");
    mattermost.silence_sockets();
    let begun = tokio::time::Instant::now();
    assert_eq!(next(&mut events).await, Err(EventsFault::Silent));
    assert!(begun.elapsed() < Duration::from_mins(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_token_that_is_not_accepted_or_no_longer_is_told() {
    let (mattermost, client) = both().await;
    let mut alice = client.events(&token("alice"), None).await.unwrap();
    alice.next().await.unwrap();
    tokio::time::pause();
    let wrong = client.events(&"nobody's".into(), None).await.err();
    assert!(matches!(wrong, Some(ApiError::Unauthorized { .. })), "{wrong:?}");
    mattermost.end_session("alice");
    mattermost.type_post("support", "bob", "", "not for alice");
    assert_eq!(next(&mut alice).await, Err(EventsFault::Unauthorized));
}

#[tokio::test]
async fn a_way_without_websockets_is_told_apart_from_an_outage() {
    let (mattermost, client) = both().await;
    for (fault, of_one_thing) in [
        (Fault::Status(400), true),
        (Fault::Status(403), true),
        (Fault::Status(404), true),
        (Fault::Status(426), true),
        (Fault::HtmlOk, true),
        (Fault::Status(302), true),
        (Fault::Status(502), false),
        (Fault::CutConnection, false),
    ] {
        mattermost.fault(FaultRule::from(fault).at("GET /api/v4/websocket").times(1));
        let error = client.events(&token("ticketd"), None).await.err().unwrap();
        assert_eq!(error.is_of_one_thing(), of_one_thing, "{fault:?}: {error:?}");
    }
    listening(&client, None).await;
}

#[tokio::test]
async fn reactions_are_found_by_asking_under_however_old_a_post() {
    let (mattermost, client) = both().await;
    let channels = client.own_channels().await.unwrap();
    let support = ChannelId::parse(Mattermost::channel_id("support")).unwrap();
    assert!(channels.contains(&support));
    assert!(channels.iter().all(|id| id.as_str() != Mattermost::channel_id("closed")));
    let old = mattermost.type_post("support", "alice", "", "old");
    mattermost.react("alice", &old, "eyes");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let since = crate::clock::now();
    mattermost.react("bob", &old, "ticket");
    mattermost.react("bob", &old, "taken-back");
    mattermost.unreact("bob", &old, "taken-back");
    let found = client.reactions_since(&support, since).await.unwrap();
    let words: Vec<_> = found.iter().map(|it| (it.emoji.as_str(), it.post.as_str())).collect();
    assert_eq!(words, [("ticket", old.as_str())]);
    assert_eq!(found[0].channel, support);
    // A list that is too large is read page by page.
    mattermost.fault(FaultRule::from(Fault::Oversized).at("since=").times(1));
    assert_eq!(client.reactions_since(&support, since).await, Ok(found));
    // Beyond what one list holds, page by page.
    for n in 0..1_000 {
        mattermost.type_post("support", "alice", "", &n.to_string());
    }
    let found = client.reactions_since(&support, since).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}
