//! Each call: what is asked, and what becomes of the answer.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    ALICE, BOT, CHANNEL, CREATED, DIRECT, POST, REPLY, TEAM, alice, channel, channel_json, client,
    new_post, post, post_json, say, team, user_json,
};
use crate::{
    clients::{
        ApiError,
        stand::{Asked, Say, Stand},
    },
    model::ids::PostId,
};

/// The only request so far: its method and target, which must come with the bot's token.
fn only(stand: &Stand) -> (String, Value) {
    let asked = stand.all();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(asked.header("authorization"), Some("bearer bot-token"));
    (target(asked), asked.json())
}

fn target(asked: &Asked) -> String {
    asked.line.trim_end_matches(" HTTP/1.1").to_owned()
}

#[tokio::test]
async fn a_post_is_made_with_our_own_name_of_it() {
    for root in [None, Some(post())] {
        let stand = Stand::by(|_| say(201, &post_json(REPLY, "", 0))).await;
        let mut new = new_post();
        new.root.clone_from(&root);
        let made = client(&stand).create_post(&new).await;
        assert_eq!(made, Ok(PostId::parse(REPLY).unwrap()));
        let mut expected = json!({
            "channel_id": CHANNEL, "message": "hello", "pending_post_id": "c-1/1",
            "props": {"ticketd": {"case": "c-1"}},
        });
        if root.is_some() {
            expected["root_id"] = json!(POST);
        }
        assert_eq!(only(&stand), ("POST /api/v4/posts".to_owned(), expected));
    }
}

#[tokio::test]
async fn a_post_is_changed_with_all_its_props() {
    let stand = Stand::by(|_| say(200, &post_json(POST, "", 0))).await;
    let changed = client(&stand).update_post(&post(), "edited", &json!({"a": 1})).await;
    assert_eq!(changed, Ok(()));
    let expected = json!({"message": "edited", "props": {"a": 1}});
    assert_eq!(only(&stand), (format!("PUT /api/v4/posts/{POST}/patch"), expected));
    let stand = Stand::by(|_| say(200, &post_json(REPLY, "", 0))).await;
    let changed = client(&stand).update_post(&post(), "edited", &json!({})).await;
    assert!(matches!(changed, Err(ApiError::Ambiguous { .. })), "{changed:?}");
}

#[tokio::test]
async fn what_changed_since_is_listed_oldest_first_with_what_is_gone() {
    let stand = Stand::by(|_| {
        let mut gone = post_json(POST, "", 0);
        gone["delete_at"] = json!(CREATED + 1_291);
        gone["message"] = json!("");
        gone["props"] = json!({"deleteBy": ALICE});
        // Recorded of 6.7: what the post said before it was edited.
        let old = "deyiooj6wtyfucw1tqgcncp19w";
        let mut before = post_json(old, "", 0);
        before["original_id"] = json!(POST);
        before["delete_at"] = json!(CREATED + 379);
        let root = "wybu9w8ojpdd88ppnk7gfdnh3r";
        let posts = json!({
            POST: gone, REPLY: post_json(REPLY, POST, 20), old: before,
            root: post_json(root, "", -9),
        });
        say(200, &json!({"order": [REPLY, POST, old], "posts": posts}))
    })
    .await;
    let since = Timestamp::from_millisecond(CREATED).unwrap();
    let heads = client(&stand).posts_since(&channel(), since).await.unwrap();
    assert_eq!(heads.len(), 2);
    let [gone, reply] = &heads[..] else { panic!("{heads:?}") };
    assert_eq!((gone.deleted, gone.message.as_str(), &gone.root), (true, "", &None));
    assert_eq!((gone.created, &gone.id, &gone.channel), (since, &post(), &channel()));
    assert_eq!((reply.deleted, reply.message.as_str()), (false, "by bot"));
    assert_eq!((reply.root.as_ref(), reply.author.as_str()), (Some(&post()), BOT));
    assert_eq!(reply.props, json!({"from_bot": "true"}));
    // That very millisecond is included.
    let expected = format!("GET /api/v4/channels/{CHANNEL}/posts?since={}", CREATED - 1);
    assert_eq!(only(&stand), (expected, Value::Null));
}

#[tokio::test]
async fn a_thread_and_a_post_are_looked_up() {
    let stand = Stand::by(|asked| {
        if asked.line.contains("/thread") {
            let posts = json!({POST: post_json(POST, "", 0), REPLY: post_json(REPLY, POST, 9)});
            say(200, &json!({"order": [REPLY, POST], "posts": posts, "has_next": false}))
        } else {
            say(200, &post_json(REPLY, POST, 9))
        }
    })
    .await;
    let client = client(&stand);
    let thread = client.thread(&post()).await.unwrap();
    let ids: Vec<_> = thread.iter().map(|head| head.id.as_str()).collect();
    assert_eq!(ids, [POST, REPLY]);
    let reply = client.post(&thread[1].id).await.unwrap();
    assert_eq!(reply, thread[1]);
    let asked: Vec<_> = stand.all().iter().map(target).collect();
    let expected =
        [format!("GET /api/v4/posts/{POST}/thread"), format!("GET /api/v4/posts/{REPLY}")];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn only_a_member_is_one_and_a_bot_that_does_not_read_cannot_tell() {
    let forbidden = Err(ApiError::Forbidden { service: "mattermost" });
    for (status, user, expected) in [
        (200, ALICE, Ok(true)),
        (404, ALICE, Ok(false)),
        (200, BOT, Ok(false)),
        (403, ALICE, forbidden),
    ] {
        let stand = Stand::by(move |_| {
            say(status, &json!({"channel_id": CHANNEL, "user_id": user, "roles": "channel_user"}))
        })
        .await;
        assert_eq!(client(&stand).is_member(&channel(), &alice()).await, expected, "{status}");
        let expected = format!("GET /api/v4/channels/{CHANNEL}/members/{ALICE}");
        assert_eq!(only(&stand).0, expected);
    }
}

#[tokio::test]
async fn a_channel_is_found_by_id_and_by_name() {
    let stand = Stand::by(|asked| {
        if asked.line.contains(DIRECT) {
            say(200, &channel_json(DIRECT, "", &format!("{BOT}__{ALICE}")))
        } else {
            say(200, &channel_json(CHANNEL, TEAM, "support"))
        }
    })
    .await;
    let client = client(&stand);
    let support = client.channel(&channel()).await.unwrap();
    assert_eq!((support.name.as_str(), support.team), ("support", Some(team())));
    assert_eq!(client.channel_by_name(&team(), "support").await.unwrap().id, channel());
    let direct = crate::model::ids::ChannelId::parse(DIRECT).unwrap();
    assert_eq!(client.channel(&direct).await.unwrap().team, None);
    // What is no name reaches no path.
    for name in ["", ".", "..", "a/../../users/me", "a?b", "a b", "é"] {
        let none = ApiError::NotFound { service: "mattermost" };
        assert_eq!(client.channel_by_name(&team(), name).await, Err(none.clone()), "{name}");
        assert_eq!(client.user_by_name(name).await.err(), Some(none), "{name}");
    }
    let asked: Vec<_> = stand.all().iter().map(target).collect();
    let expected = [
        format!("GET /api/v4/channels/{CHANNEL}"),
        format!("GET /api/v4/teams/{TEAM}/channels/name/support"),
        format!("GET /api/v4/channels/{DIRECT}"),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn the_bot_looks_itself_up_once_and_writes_to_people() {
    let stand = Stand::by(|asked| {
        if asked.line.contains("/users/me") {
            say(200, &user_json(BOT, "ticketd"))
        } else {
            say(201, &channel_json(DIRECT, "", "x"))
        }
    })
    .await;
    let client = client(&stand);
    for _ in 0..2 {
        assert_eq!(client.direct_channel(&alice()).await.unwrap().as_str(), DIRECT);
        assert_eq!(client.clone().me().await.unwrap().name, "ticketd");
    }
    let asked = stand.all();
    let lines: Vec<_> = asked.iter().map(target).collect();
    let direct = "POST /api/v4/channels/direct";
    assert_eq!(lines, ["GET /api/v4/users/me", direct, direct]);
    assert_eq!(asked[1].json(), json!([BOT, ALICE]));
}

#[tokio::test]
async fn people_are_found_by_id_and_by_name() {
    let stand = Stand::by(|_| say(200, &user_json(ALICE, "alice"))).await;
    let client = client(&stand);
    let by_id = client.user(&alice()).await.unwrap();
    assert_eq!((&by_id.id, by_id.name.as_str()), (&alice(), "alice"));
    assert_eq!(client.user_by_name("alice").await.unwrap().id, alice());
    assert_eq!(client.user_locale(&alice()).await.as_deref(), Ok("en"));
    let asked: Vec<_> = stand.all().iter().map(target).collect();
    let by_id = format!("GET /api/v4/users/{ALICE}");
    assert_eq!(asked, [&by_id, "GET /api/v4/users/username/alice", &by_id]);
}

#[tokio::test]
async fn the_bots_teams_are_listed() {
    let listed = json!([{"id": TEAM, "display_name": "Ops", "name": "ops", "type": "O"}]);
    let stand = Stand::by(move |_| say(200, &listed)).await;
    let teams = client(&stand).teams().await.unwrap();
    assert_eq!(teams, [crate::model::post::Team { id: team(), name: "ops".to_owned() }]);
    assert_eq!(only(&stand), ("GET /api/v4/users/me/teams".to_owned(), Value::Null));
}

#[tokio::test]
async fn what_one_person_sees_is_sent_to_them() {
    let stand = Stand::by(|_| say(201, &post_json(POST, "", 0))).await;
    assert_eq!(client(&stand).ephemeral(&alice(), &channel(), "psst").await, Ok(()));
    let expected = json!({"user_id": ALICE, "post": {"channel_id": CHANNEL, "message": "psst"}});
    assert_eq!(only(&stand), ("POST /api/v4/posts/ephemeral".to_owned(), expected));
}

#[tokio::test]
async fn the_version_is_what_the_last_answer_said() {
    let ok = || json!({"status": "OK", "id": POST, "username": "x"});
    // Whether answers name it in their head, and how often it is then asked for.
    for (named, version, asks) in [(true, (7, 6), 1), (false, (10, 11), 2)] {
        let stand = Stand::by(move |asked| {
            if asked.line.starts_with("GET /api/v4/config/client?format=old ") {
                return Say::json(&json!({"Version": "10.11.1", "BuildNumber": "x"}));
            }
            if named { say(200, &ok()) } else { Say::json(&ok()) }
        })
        .await;
        assert_eq!(client(&stand).server_version().await, Ok(version));
        assert_eq!(stand.all().len(), asks);
        assert!(stand.all().iter().all(|asked| asked.header("authorization").is_none()));
    }
    let stand = Stand::by(move |asked| {
        if asked.line.contains("/ping") {
            say(200, &ok())
        } else {
            let head = "Content-Type: application/json\r\nX-Version-Id: 11.1.0.x.y.false\r\n";
            Say::status(200, head, &user_json(ALICE, "alice").to_string())
        }
    })
    .await;
    let client = client(&stand);
    assert_eq!(client.server_version().await, Ok((7, 6)));
    client.user(&alice()).await.unwrap();
    assert_eq!(client.server_version().await, Ok((11, 1)), "after an upgrade");
}
