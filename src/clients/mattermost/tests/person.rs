//! What a person asks for: the requests, and what becomes of the answers.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{ALICE, BOT, CHANNEL, CREATED, DIRECT, POST, REPLY, TEAM};
use super::{alice, channel, channel_json, client, post, post_json, say, team};
use crate::{
    clients::{
        ApiError, Person,
        stand::{Asked, Say, Stand},
    },
    model::{
        chat::{ChannelKind, NewChatChannel, NewChatPost, PageNo, PresenceStatus},
        ids::{FileId, UserId},
    },
};

pub(super) const FILE: &str = "drijyboekjbm5cz96xhdk45ckh";
pub(super) const PAGE: PageNo = PageNo { number: 2, size: 30 };
/// What is answered when there is nothing to say.
pub(super) fn done() -> Value {
    json!({"status": "OK"})
}

pub(super) fn person(stand: &Stand) -> Person {
    client(stand).person("session".into())
}

pub(super) fn file() -> FileId {
    FileId::parse(FILE).unwrap()
}

pub(super) fn new_post() -> NewChatPost {
    let (message, pending) = ("hi".to_owned(), format!("{ALICE}:1"));
    NewChatPost { channel: channel(), root: Some(post()), message, files: vec![file()], pending }
}

pub(super) fn new_channel() -> NewChatChannel {
    NewChatChannel {
        team: team(),
        name: "quiet".to_owned(),
        display_name: "Quiet".to_owned(),
        public: false,
        purpose: "p".to_owned(),
        header: "h".to_owned(),
    }
}

pub(super) fn user_json(id: &str, name: &str) -> Value {
    json!({
        "id": id, "username": name, "email": format!("{name}@example.com"), "nickname": "",
        "first_name": "A", "last_name": "B", "roles": "system_user system_admin", "delete_at": 0,
    })
}

pub(super) fn file_json() -> Value {
    json!({
        "id": FILE, "user_id": ALICE, "name": "log ü.txt", "extension": "txt", "size": 15,
        "mime_type": "text/plain; charset=utf-8", "mini_preview": null,
    })
}

/// Method, path with query, and body of each request; each with the person's own token.
pub(super) fn asked(stand: &Stand) -> Vec<(String, Value)> {
    let words = |asked: &Asked| {
        assert_eq!(asked.header("authorization"), Some("bearer session"), "{}", asked.line);
        let line = asked.line.strip_suffix(" HTTP/1.1").unwrap();
        (line.replace("/api/v4/", ""), asked.json())
    };
    stand.all().iter().map(words).collect()
}

#[tokio::test]
async fn who_signs_in_gets_the_token_of_the_head() {
    let stand = Stand::by(|_| {
        let head = "Content-Type: application/json\r\nToken: t0k3n\r\n";
        Say::status(200, head, &user_json(ALICE, "alice").to_string())
    })
    .await;
    let (token, user) = client(&stand).sign_in("alice", &"pass".into()).await.unwrap();
    assert_eq!((token.expose_secret(), user.username.as_str()), ("t0k3n", "alice"));
    assert!(user.is_admin && !user.is_bot && !user.deleted);
    let asked = stand.all();
    assert_eq!(asked[0].line, "POST /api/v4/users/login HTTP/1.1");
    assert_eq!(asked[0].json(), json!({"login_id": "alice", "password": "pass"}));
    assert_eq!(asked[0].header("authorization"), None);
    // Without one there is a session that nobody knows.
    let stand = Stand::by(|_| say(200, &user_json(ALICE, "alice"))).await;
    let lost = client(&stand).sign_in("alice", &"pass".into()).await;
    assert!(matches!(lost, Err(ApiError::Ambiguous { .. })), "{lost:?}");
}

#[tokio::test]
async fn people_teams_and_channels_are_asked_for_as_published() {
    let stand = Stand::by(|asked| {
        let line = &asked.line;
        let channel = || {
            let mut channel = channel_json(CHANNEL, TEAM, "support");
            channel["last_post_at"] = json!(CREATED);
            channel
        };
        let status = json!([{"user_id": ALICE, "status": "dnd", "last_activity_at": CREATED},
                            {"user_id": BOT, "status": "in a meeting"}]);
        say(
            200,
            &match line {
                _ if line.contains("/status/ids") => status,
                _ if line.contains("/members?") => {
                    json!([{"channel_id": CHANNEL, "user_id": ALICE}])
                }
                _ if line.contains("/members/me ") => {
                    json!({"channel_id": CHANNEL, "user_id": ALICE})
                }
                _ if line.contains("/channels ") || line.contains("/channels?") => {
                    json!([channel()])
                }
                _ if line.contains("/channels/") => channel(),
                _ if line.contains("/teams/name/") => json!({"id": TEAM, "name": "ops"}),
                _ if line.contains("/teams") => json!([{"id": TEAM, "name": "ops"}]),
                _ if line.contains("/users?") || line.contains("/ids") => {
                    json!([user_json(ALICE, "a")])
                }
                _ => user_json(ALICE, "alice"),
            },
        )
    })
    .await;
    let person = person(&stand);
    assert_eq!(person.me().await.unwrap().id, alice());
    assert_eq!(person.user(&alice()).await.unwrap().email, "alice@example.com");
    assert_eq!(person.user_by_name("alice").await.unwrap().id, alice());
    assert_eq!(person.users(PAGE).await.unwrap().len(), 1);
    assert_eq!(person.users_by_ids(&[alice()]).await.unwrap().len(), 1);
    let there = person.statuses(&[alice()]).await.unwrap();
    assert_eq!((there[0].status, there[1].status), (PresenceStatus::Dnd, PresenceStatus::Away));
    assert_eq!(there[0].last_active.unwrap().as_millisecond(), CREATED);
    assert_eq!(person.teams().await.unwrap()[0].name, "ops");
    assert_eq!(person.all_teams(PAGE).await.unwrap()[0].id, team());
    assert_eq!(person.team_by_name("ops").await.unwrap().id, team());
    let mine = person.channels(&team()).await.unwrap();
    assert_eq!((mine[0].kind, mine[0].team.clone()), (ChannelKind::Public, Some(team())));
    assert_eq!(mine[0].last_post.unwrap().as_millisecond(), CREATED);
    assert_eq!(person.public_channels(&team(), PAGE).await.unwrap(), mine);
    assert_eq!(person.channel(&channel()).await.unwrap(), mine[0]);
    assert_eq!(person.channel_by_name(&team(), "support").await.unwrap(), mine[0]);
    assert_eq!(person.members(&channel(), PAGE).await.unwrap(), [alice()]);
    assert_eq!(person.is_in(&channel()).await, Ok(true));
    let get = |path: &str| (format!("GET {path}"), Value::Null);
    let page = "page=2&per_page=30";
    assert_eq!(
        asked(&stand),
        [
            get("users/me"),
            get(&format!("users/{ALICE}")),
            get("users/username/alice"),
            get(&format!("users?{page}")),
            ("POST users/ids".to_owned(), json!([ALICE])),
            ("POST users/status/ids".to_owned(), json!([ALICE])),
            get("users/me/teams"),
            get(&format!("teams?{page}")),
            get("teams/name/ops"),
            get(&format!("users/me/teams/{TEAM}/channels")),
            get(&format!("teams/{TEAM}/channels?{page}")),
            get(&format!("channels/{CHANNEL}")),
            get(&format!("teams/{TEAM}/channels/name/support")),
            get(&format!("channels/{CHANNEL}/members?{page}")),
            get(&format!("channels/{CHANNEL}/members/me")),
        ]
    );
}

#[tokio::test]
async fn what_a_person_does_is_sent_as_published() {
    let stand = Stand::by(|asked| {
        let line = asked.line.as_str();
        say(
            200,
            &match line {
                _ if line.contains("/users/me ") || line.contains("/users ") => {
                    user_json(ALICE, "a")
                }
                _ if line.contains("/channels/group") || line.contains("/channels/direct") => {
                    channel_json(DIRECT, "", "x")
                }
                _ if line.starts_with("POST /api/v4/channels ") => {
                    channel_json(CHANNEL, TEAM, "quiet")
                }
                _ if line.starts_with("POST /api/v4/teams ") => json!({"id": TEAM, "name": "new"}),
                _ if line.starts_with("POST") && line.contains("/members ") => {
                    json!({"channel_id": CHANNEL, "user_id": ALICE})
                }
                _ if line.starts_with("POST") && line.contains("/posts ") => {
                    post_json(REPLY, POST, 0)
                }
                _ if line.contains("/patch") => post_json(POST, "", 0),
                _ if line.contains("/reactions ") => json!({
                    "user_id": ALICE, "post_id": POST, "emoji_name": "+1", "create_at": CREATED,
                }),
                _ => done(),
            },
        )
    })
    .await;
    let person = person(&stand);
    assert_eq!(person.say(&new_post()).await.unwrap().root, Some(post()));
    assert_eq!(person.edit(&post(), "other").await.unwrap().id, post());
    person.delete(&post()).await.unwrap();
    person.react(&post(), "+1").await.unwrap();
    person.unreact(&post(), "+1").await.unwrap();
    person.typing(&channel(), Some(&post())).await.unwrap();
    person.mark_read(&channel()).await.unwrap();
    assert_eq!(person.create_channel(&new_channel()).await.unwrap().id, channel());
    let bot = UserId::parse(BOT).unwrap();
    assert_eq!(person.direct(std::slice::from_ref(&bot)).await.unwrap().team, None);
    person.direct(&[bot.clone(), alice()]).await.unwrap();
    person.join(&channel()).await.unwrap();
    person.leave(&channel()).await.unwrap();
    person.add_member(&channel(), &bot).await.unwrap();
    person.remove_member(&channel(), &bot).await.unwrap();
    person.remove_channel(&channel()).await.unwrap();
    person.create_user("dave", "dave@example.com", &"password".into()).await.unwrap();
    person.set_active(&bot, false).await.unwrap();
    person.remove_user(&bot).await.unwrap();
    person.create_team("new", "New", true).await.unwrap();
    person.remove_team(&team()).await.unwrap();
    person.add_to_team(&team(), &bot).await.unwrap();
    person.sign_out().await.unwrap();
    let with = |line: &str, body: Value| (line.to_owned(), body);
    let alone = |line: String| (line, Value::Null);
    let made = json!({"channel_id": CHANNEL, "message": "hi", "root_id": POST, "file_ids": [FILE],
                      "pending_post_id": format!("{ALICE}:1")});
    let quiet = json!({"team_id": TEAM, "name": "quiet", "display_name": "Quiet", "type": "P",
                       "purpose": "p", "header": "h"});
    let dave = json!({"username": "dave", "email": "dave@example.com", "password": "password"});
    assert_eq!(
        asked(&stand),
        [
            with("POST posts", made),
            with(&format!("PUT posts/{POST}/patch"), json!({"message": "other"})),
            alone(format!("DELETE posts/{POST}")),
            alone("GET users/me".to_owned()),
            with("POST reactions", json!({"user_id": ALICE, "post_id": POST, "emoji_name": "+1"})),
            alone(format!("DELETE users/me/posts/{POST}/reactions/+1")),
            with("POST users/me/typing", json!({"channel_id": CHANNEL, "parent_id": POST})),
            with("POST channels/members/me/view", json!({"channel_id": CHANNEL})),
            with("POST channels", quiet),
            with("POST channels/direct", json!([ALICE, BOT])),
            with("POST channels/group", json!([BOT, ALICE])),
            with(&format!("POST channels/{CHANNEL}/members"), json!({"user_id": ALICE})),
            alone(format!("DELETE channels/{CHANNEL}/members/me")),
            with(&format!("POST channels/{CHANNEL}/members"), json!({"user_id": BOT})),
            alone(format!("DELETE channels/{CHANNEL}/members/{BOT}")),
            alone(format!("DELETE channels/{CHANNEL}")),
            with("POST users", dave),
            with(&format!("PUT users/{BOT}/active"), json!({"active": false})),
            alone(format!("DELETE users/{BOT}")),
            with("POST teams", json!({"name": "new", "display_name": "New", "type": "O"})),
            alone(format!("DELETE teams/{TEAM}")),
            with(&format!("POST teams/{TEAM}/members"), json!({"team_id": TEAM, "user_id": BOT})),
            with("POST users/logout", json!({})),
        ]
    );
}

#[tokio::test]
async fn what_is_no_name_reaches_no_path() {
    let stand = Stand::by(|_| Say::Cut).await;
    let person = person(&stand);
    let none = Some(ApiError::NotFound { service: "mattermost" });
    for name in ["", ".", "..", "a/../../users/me", "a?b", "a b", "a%2fb", "é", "a#b"] {
        assert_eq!(person.user_by_name(name).await.err(), none, "{name}");
        assert_eq!(person.team_by_name(name).await.err(), none, "{name}");
        assert_eq!(person.channel_by_name(&team(), name).await.err(), none, "{name}");
        assert_eq!(person.unreact(&post(), name).await.err(), none, "{name}");
    }
    assert_eq!(person.users_by_ids(&[]).await, Ok(Vec::new()));
    assert!(stand.all().is_empty());
}
