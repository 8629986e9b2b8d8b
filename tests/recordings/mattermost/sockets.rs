//! The recordings of websockets, of reactions and of the bot's channels.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use ticketd::sandbox::Mattermost;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{fixture, get, send_json};
use crate::shape::differences;

const VERSIONS: [&str; 3] = ["", "6.7/", "5.37/"];

/// What differs by version: the stand-in is a 7.6.
fn assert_alike(recorded: &Value, answered: &Value, what: &str) {
    let mut found = differences(recorded, answered);
    found.retain(|difference| {
        !(difference.ends_with("connection_id was not recorded")
            || difference.ends_with(".channel_id was not recorded")
            || difference.ends_with(".last_root_post_at was not recorded")
            || difference.ends_with(".parent_id is missing"))
    });
    assert_eq!(found, [""; 0], "{what}");
}

async fn open(mattermost: &Mattermost, query: &str) -> WebSocketStream<TcpStream> {
    let address = mattermost.address();
    let url = format!("ws://{address}/api/v4/websocket{query}");
    let mut request = url.into_client_request().unwrap();
    let bearer = format!("Bearer {}", Mattermost::bot_token());
    request.headers_mut().insert("Authorization", bearer.parse().unwrap());
    client_async(request, TcpStream::connect(address).await.unwrap()).await.unwrap().0
}

async fn text(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

async fn frame(socket: &mut WebSocketStream<TcpStream>) -> Value {
    serde_json::from_str(&text(socket).await).unwrap()
}

/// An event with what is JSON in its strings laid open.
fn opened(event: &Value) -> Value {
    let mut event = event.clone();
    for name in ["post", "reaction", "mentions"] {
        if let Some(inner) = event["data"][name].as_str() {
            event["data"][name] = serde_json::from_str(inner).unwrap();
        }
    }
    event
}

#[tokio::test]
async fn events_are_told_as_recorded() {
    for version in VERSIONS {
        let recorded = fixture(&format!("{version}09-events.json"));
        let mattermost = Mattermost::start().await.unwrap();
        let mut socket = open(&mattermost, "").await;
        let hello = frame(&mut socket).await;
        assert_alike(&recorded["hello"], &hello, version);
        socket.send(Message::text(r#"{"seq":3,"action":"ping"}"#)).await.unwrap();
        let pong = frame(&mut socket).await;
        assert_alike(&recorded["ping_reply"], &pong, version);
        assert_eq!((&pong["status"], &pong["seq_reply"]), (&json!("OK"), &json!(3)));

        let said = "hello @ticketd #tag https://example.com";
        let root = mattermost.type_post("support", "alice", "", said);
        let raw = text(&mut socket).await;
        if version.is_empty() {
            bytes_are_alike(recorded["posted_raw"].as_str().unwrap(), &raw);
        }
        let posted: Value = serde_json::from_str(&raw).unwrap();
        assert_alike(&opened(&recorded["posted"]), &opened(&posted), version);
        mattermost.type_post("support", "bob", &root, "reply");
        let reply = frame(&mut socket).await;
        assert_alike(&opened(&recorded["reply"][0]), &opened(&reply), version);
        mattermost.react("alice", &root, "ticket");
        let added = frame(&mut socket).await;
        assert_alike(&opened(&recorded["reaction_added"][0]), &opened(&added), version);
        mattermost.type_post(&mattermost.direct_id("alice"), "alice", "", "dm to bot");
        let direct = frame(&mut socket).await;
        assert_alike(&opened(&recorded["dm"][0]), &opened(&direct), version);
        assert_eq!(direct["data"]["channel_display_name"], "@alice");
    }
}

#[tokio::test]
async fn changes_and_who_comes_and_goes_are_told_as_recorded() {
    let carol = Mattermost::session_token("carol");
    let (bot, closed) = (Mattermost::user_id("ticketd"), Mattermost::channel_id("closed"));
    for version in VERSIONS {
        let recorded = fixture(&format!("{version}09-events.json"));
        let mattermost = Mattermost::start().await.unwrap();
        let mut socket = open(&mattermost, "").await;
        frame(&mut socket).await;
        let ask = async |line: &str, body: Value| {
            let (method, path) = line.split_once(' ').unwrap();
            let path = format!("/api/v4/{path}");
            let answered = send_json(&mattermost, method, &path, Some(&carol), &body).await;
            assert!(answered.status < 300, "{line}: {}", answered.status);
        };
        let root = mattermost.type_post("support", "carol", "", "hello");
        frame(&mut socket).await;
        ask(&format!("PUT posts/{root}/patch"), json!({"message": "edited"})).await;
        let edited = frame(&mut socket).await;
        assert_alike(&opened(&recorded["patch"][0]), &opened(&edited), version);
        mattermost.react("alice", &root, "ticket");
        frame(&mut socket).await;
        ask(&format!("DELETE posts/{root}"), json!({})).await;
        let gone = frame(&mut socket).await;
        let mut before = opened(&recorded["delete"][0]);
        // 5.37 shows what the others leave out.
        before["data"]["post"].as_object_mut().unwrap().remove("metadata");
        assert_alike(&before, &opened(&gone), version);
        ask(&format!("POST channels/{closed}/members"), json!({"user_id": bot})).await;
        for at in 0..2 {
            let told = frame(&mut socket).await;
            assert_alike(&opened(&recorded["bot_added"][at]), &opened(&told), version);
        }
        ask(&format!("DELETE channels/{closed}/members/{bot}"), json!({})).await;
        let told = frame(&mut socket).await;
        assert_alike(&opened(&recorded["bot_removed"][0]), &opened(&told), version);
    }
}

/// The same but for what is of this one post.
fn bytes_are_alike(recorded: &str, told: &str) {
    let frame = |text: &str| -> (String, String) {
        let (before, rest) = text.split_once("\"post\":\"").unwrap();
        let (_, after) = rest.split_once("}\",\"sender_name\"").unwrap();
        let (after, _) = after.rsplit_once("\"seq\":").unwrap();
        (before.to_owned(), after.to_owned())
    };
    assert_eq!(frame(told), frame(recorded));
    assert!(told.ends_with("}\n") && recorded.ends_with("}\n"));
}

#[tokio::test]
async fn a_connection_is_resumed_without_a_hello() {
    let recorded = fixture("09-events.json");
    let mattermost = Mattermost::start().await.unwrap();
    let mut socket = open(&mattermost, "").await;
    let hello = frame(&mut socket).await;
    drop(socket);
    while mattermost.socket_count() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    mattermost.type_post("support", "alice", "", "while away");
    let id = hello["data"]["connection_id"].as_str().unwrap();
    let mut socket = open(&mattermost, &format!("?connection_id={id}&sequence_number=1")).await;
    let missed = frame(&mut socket).await;
    assert_alike(&opened(&recorded["resumed"][0]), &opened(&missed), "resumed");
    assert_eq!(missed["seq"], recorded["resumed"][0]["seq"]);
    // A name that nobody knows, as after a start anew.
    let mut socket = open(&mattermost, "?connection_id=bad&sequence_number=9").await;
    let hello = frame(&mut socket).await;
    assert_alike(&recorded["hello"], &hello, "unknown");
    assert_ne!(hello["data"]["connection_id"], json!(id));
}

#[tokio::test]
async fn who_is_nobody_is_sent_away_without_a_word() {
    let mattermost = Mattermost::start().await.unwrap();
    let address = mattermost.address();
    let request = format!("ws://{address}/api/v4/websocket").into_client_request().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    tokio::time::pause();
    let end = socket.next().await;
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
}

#[tokio::test]
async fn reactions_and_own_channels_are_as_recorded() {
    let token = Some(Mattermost::bot_token());
    for version in VERSIONS {
        let recorded = fixture(&format!("{version}09-events.json"));
        let mattermost = Mattermost::start().await.unwrap();
        let _ = mattermost.direct_id("alice");
        let post = mattermost.type_post("support", "alice", "", "hello");
        let (bot, alice) = (Mattermost::user_id("ticketd"), Mattermost::user_id("alice"));
        let body = |user: &str| json!({"user_id": user, "post_id": post, "emoji_name": "ticket"});
        let line = "/api/v4/reactions";
        let answered = send_json(&mattermost, "POST", line, token, &body(bot)).await;
        assert_eq!(json!(answered.status), recorded["reaction"]["status"]);
        let made: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_alike(&recorded["reaction"]["body"], &made, version);
        let answered = send_json(&mattermost, "POST", line, token, &body(alice)).await;
        assert_eq!(answered.status, 403, "in another's name");
        let answered = get(&mattermost, &format!("/posts/{post}"), token).await;
        let shown: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_eq!(shown["metadata"]["reactions"], json!([made]));
        let line = format!("/api/v4/users/{bot}/posts/{post}/reactions/ticket");
        let answered = send_json(&mattermost, "DELETE", &line, token, &json!({})).await;
        assert_eq!(answered.status, 200);
        let answered = get(&mattermost, &format!("/posts/{post}"), token).await;
        let shown: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_eq!(shown["metadata"], json!({}));

        let path = format!("/users/me/teams/{}/channels", Mattermost::TEAM);
        let answered = get(&mattermost, &path, token).await;
        assert_eq!(json!(answered.status), recorded["me_channels"]["status"]);
        let channels: Value = serde_json::from_slice(&answered.body).unwrap();
        assert!(channels.as_array().unwrap().iter().any(|channel| channel["type"] == "D"));
    }
}
