//! The client against a server that says what it was told to say.

mod calls;
mod failures;
mod pages;
mod person;
mod person_failures;
mod person_posts;

use std::time::Duration;

use serde_json::{Value, json};

use super::MattermostClient;
use crate::{
    clients::stand::{Say, Stand},
    model::{
        ids::{ChannelId, PostId, TeamId, UserId},
        post::NewPost,
    },
    telemetry::Metrics,
};

const CHANNEL: &str = "piwx1dj1uib9pq4ynbsi3euo9y";
const TEAM: &str = "4gm8cqtksjnb9rhzgjh6dqqouy";
const BOT: &str = "q5pbqyei4igfjrsrdsf5xxheyo";
const ALICE: &str = "x57qoutf8pg8mgx1q1ysq5mzty";
const POST: &str = "ds1ie7559tbsmqef3rmqbztu3w";
const REPLY: &str = "tssworecsbbcj8psi35qobhnqo";
const DIRECT: &str = "6h3qfkaynjy9ub944nb611tetr";

fn client(stand: &Stand) -> MattermostClient {
    client_within(stand, Duration::from_secs(5))
}

fn client_within(stand: &Stand, limit: Duration) -> MattermostClient {
    let token = Some("bot-token".into());
    MattermostClient::with_limit(stand.url.clone(), token, Metrics::new(), limit).unwrap()
}

fn channel() -> ChannelId {
    ChannelId::parse(CHANNEL).unwrap()
}

fn team() -> TeamId {
    TeamId::parse(TEAM).unwrap()
}

fn alice() -> UserId {
    UserId::parse(ALICE).unwrap()
}

fn post() -> PostId {
    PostId::parse(POST).unwrap()
}

fn new_post() -> NewPost {
    NewPost {
        channel: channel(),
        root: None,
        message: "hello".to_owned(),
        props: json!({"ticketd": {"case": "c-1"}}),
        pending: "c-1/1".to_owned(),
    }
}

/// JSON with a status and the head that each answer of 7.6 has.
fn say(status: u16, body: &Value) -> Say {
    let head = "Content-Type: application/json\r\nX-Version-Id: 7.6.0.7.6.0-dev.b896.false\r\n";
    Say::status(status, head, &body.to_string())
}

/// As a user looks to the bot.
fn user_json(id: &str, name: &str) -> Value {
    json!({"id": id, "username": name, "locale": "en", "first_name": "", "roles": "system_user"})
}

fn channel_json(id: &str, team: &str, name: &str) -> Value {
    json!({"id": id, "team_id": team, "type": "O", "name": name, "display_name": "Support"})
}

/// As recorded, made at this many milliseconds past a point in time.
fn post_json(id: &str, root: &str, at: i64) -> Value {
    json!({
        "id": id, "create_at": CREATED + at, "update_at": CREATED + at, "edit_at": 0,
        "delete_at": 0, "is_pinned": false, "user_id": BOT, "channel_id": CHANNEL,
        "root_id": root, "original_id": "", "message": "by bot", "type": "",
        "props": {"from_bot": "true"}, "hashtags": "", "pending_post_id": "", "reply_count": 0,
        "last_reply_at": 0, "participants": null, "metadata": {},
    })
}

const CREATED: i64 = 1_795_322_079_432;
