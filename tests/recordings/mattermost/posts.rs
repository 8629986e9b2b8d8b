//! The recordings of posts, their buttons and menus, of 5.37, 6.7 and 7.6. The stand-in is a 7.6:
//! what another version has more or less is named here.

use serde_json::{Value, json};
use ticketd::sandbox::{Mattermost, PressResult};

use super::{Bot, fixture, get, pairs, send_json};
use crate::exchange::Response;
use crate::shape::differences;

const VERSIONS: [&str; 3] = ["", "6.7/", "5.37/"];

/// What differs by version, or by who posted: the recordings' people, here the bot.
fn is_known(difference: &str) -> bool {
    [
        ".props.from_bot was not recorded",
        ".parent_id is missing",
        ".has_next was not recorded",
        ".first_inaccessible_post_time was not recorded",
        ".last_root_post_at was not recorded",
    ]
    .iter()
    .any(|known| difference.ends_with(known))
}

fn assert_alike(recorded: &Value, answered: &Value, what: &str) {
    let mut found = differences(recorded, answered);
    found.retain(|difference| !is_known(difference));
    assert_eq!(found, [""; 0], "{what}");
}

fn check(recorded: &Value, answered: &Response, what: &str) -> Value {
    assert_eq!(json!(answered.status), recorded["status"], "{what}");
    assert_eq!(answered.header("content-type"), Some("application/json"), "{what}");
    let body: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_alike(&recorded["body"], &body, what);
    if answered.status >= 400 {
        for field in ["id", "message", "status_code"] {
            assert_eq!(body[field], recorded["body"][field], "{what}: {field}");
        }
    }
    body
}

async fn bot(mattermost: &Mattermost, line: &str, body: &Value) -> Response {
    let (method, path) = line.split_once(' ').unwrap();
    let token = Some(Mattermost::bot_token());
    send_json(mattermost, method, &format!("/api/v4{path}"), token, body).await
}

#[tokio::test]
async fn posts_are_made_changed_and_listed_as_recorded() {
    let channel = Mattermost::channel_id("support");
    for version in VERSIONS {
        let mattermost = Mattermost::start().await.unwrap();
        let recorded = fixture(&format!("{version}08-posts.json"));
        let (mut first, mut reply) = (Value::Null, Value::Null);
        for (name, channel) in [
            ("create_post", "support"),
            ("dedupe_same_pending_post_id", "support"),
            ("reply", "support"),
            ("reply_to_reply", "support"),
            ("reply_wrong_channel", "oncall"),
            ("post_where_bot_is_no_member", "closed"),
            ("bot_own_post", "support"),
            ("empty_message", "support"),
        ] {
            let mut body = recorded[name]["request"]["body"].clone();
            body["channel_id"] = json!(Mattermost::channel_id(channel));
            match name {
                "reply_to_reply" => body["root_id"] = reply["id"].clone(),
                "reply" | "reply_wrong_channel" => body["root_id"] = first["id"].clone(),
                _ => {}
            }
            let answered = bot(&mattermost, "POST /posts", &body).await;
            let made = check(&recorded[name], &answered, &format!("{version}{name}"));
            match name {
                "create_post" => first = made,
                "dedupe_same_pending_post_id" => assert_eq!(made["id"], first["id"]),
                "reply" => reply = made,
                _ => {}
            }
        }
        for (length, status) in [(16_383, 201), (16_384, 400)] {
            let body = json!({"channel_id": channel, "message": "é".repeat(length)});
            let answered = bot(&mattermost, "POST /posts", &body).await;
            assert_eq!(answered.status, status, "{version}{length}");
            if status == 400 {
                check(&recorded["too_long"], &answered, &format!("{version}too_long"));
            }
        }
        let id = first["id"].as_str().unwrap();
        let edit = &recorded["patch"];
        let line = format!("PUT /posts/{id}/patch");
        let answered = bot(&mattermost, &line, &edit["request"]["body"]).await;
        let changed = check(edit, &answered, &format!("{version}patch"));
        assert_eq!((&changed["message"], &changed["id"]), (&json!("edited"), &first["id"]));
        mattermost.delete_post(id);
        check_since(&mattermost, &recorded["posts_since"], version, &first).await;
    }
}

/// The list after the first post was deleted: with it, its reply went.
async fn check_since(mattermost: &Mattermost, recorded: &Value, version: &str, first: &Value) {
    let channel = Mattermost::channel_id("support");
    let since = first["create_at"].as_i64().unwrap() - 1;
    let path = format!("/channels/{channel}/posts?since={since}");
    let answered = get(mattermost, &path, Some(Mattermost::bot_token())).await;
    let list: Value = serde_json::from_slice(&answered.body).unwrap();
    let posts = |list: &Value| -> Vec<Value> {
        let order: Vec<String> = serde_json::from_value(list["order"].clone()).unwrap();
        order.iter().map(|id| list["posts"][id].clone()).collect()
    };
    let frame = |list: &Value| {
        let mut frame = list.clone();
        frame["posts"] = json!({});
        frame
    };
    assert_alike(&frame(&recorded["body"]), &frame(&list), version);
    let (old, new) = (posts(&recorded["body"]), posts(&list));
    let is_gone = |post: &&Value| post["delete_at"] != json!(0);
    let here = |posts: &[Value]| posts.iter().find(|post| !is_gone(post)).cloned().unwrap();
    // Recorded with properties of their own, as big as they go.
    let plain = |mut post: Value| {
        post["props"] = json!({});
        post
    };
    assert_alike(&plain(here(&old)), &plain(here(&new)), version);
    let gone: Vec<_> = new.iter().filter(is_gone).collect();
    assert_eq!(gone.len(), 2, "{version}: {gone:?}");
    let mut before = old.iter().find(is_gone).cloned().unwrap();
    // Nobody reacts to posts here.
    before.as_object_mut().unwrap().remove("has_reactions");
    for gone in gone {
        assert_alike(&before, gone, version);
        assert_eq!((&gone["message"], &gone["hashtags"]), (&json!(""), &json!("")));
    }
    let made: Vec<_> = new.iter().map(|post| post["create_at"].as_i64()).collect();
    assert!(made.is_sorted_by(|a, b| a >= b), "newest first");
}

#[tokio::test]
async fn channels_and_their_people_are_as_recorded() {
    for version in VERSIONS {
        let mattermost = Mattermost::start().await.unwrap();
        let recorded = fixture(&format!("{version}08-posts.json"));
        let ids = [Mattermost::user_id("ticketd"), Mattermost::user_id("bob")];
        let answered = bot(&mattermost, "POST /channels/direct", &json!(ids)).await;
        let direct = check(&recorded["dm_create_by_bot"], &answered, version);
        let mut names = ids;
        names.sort_unstable();
        assert_eq!(direct["name"], json!(names.join("__")));
        let again = bot(&mattermost, "POST /channels/direct", &json!(ids)).await;
        let again: Value = serde_json::from_slice(&again.body).unwrap();
        assert_eq!(again["id"], direct["id"]);

        let mut whisper = recorded["ephemeral"]["request"]["body"].clone();
        whisper["post"]["channel_id"] = json!(Mattermost::channel_id("support"));
        let answered = bot(&mattermost, "POST /posts/ephemeral", &whisper).await;
        check(&recorded["ephemeral"], &answered, version);

        let path = format!("/channels/{}/members/{}", Mattermost::channel_id("support"), ids[1]);
        let answered = get(&mattermost, &path, Some(Mattermost::bot_token())).await;
        let member: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_alike(&recorded["members"]["body"][1], &member, version);
    }
}

/// The body of a press without what is different each time, its fields in their order.
fn blotted(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap();
    let mut out = body.to_owned();
    for name in ["user_id", "channel_id", "team_id", "post_id", "trigger_id"] {
        let value = json[name].as_str().unwrap_or_default();
        out = out.replace(&format!("\"{name}\":\"{value}\""), &format!("\"{name}\":…"));
    }
    let name = json["channel_name"].as_str().unwrap_or_default();
    if name.contains("__") { out.replace(name, "…__…") } else { out }
}

#[tokio::test]
async fn presses_are_sent_and_read_as_recorded() {
    for version in VERSIONS {
        let mattermost = Mattermost::start().await.unwrap();
        let integration = Bot::default();
        let url = integration.start().await;
        let recorded = fixture(&format!("{version}06-post-action.json"));
        let made = &recorded["post_created_by_bot"];
        let mut cases = 0;
        for (name, case) in recorded.as_object().unwrap() {
            let Some(path) = case["click_result"]["request"]["path"].as_str() else { continue };
            cases += 1;
            let what = format!("{version}{name}");
            let text = made["request"]["body"].to_string();
            let text = text.replace("http://127.0.0.1:9999/dialog", url.as_str());
            let text = text.replace("http://127.0.0.1:9999/action", url.as_str());
            let mut body: Value = serde_json::from_str(&text).unwrap();
            body["channel_id"] = match name.as_str() {
                "in_private_channel" => json!(Mattermost::channel_id("oncall")),
                "in_dm" | "bob_not_in_dm" => json!(mattermost.direct_id("alice")),
                _ => json!(Mattermost::channel_id("support")),
            };
            let post = check(made, &bot(&mattermost, "POST /posts", &body).await, &what);
            let id = post["id"].as_str().unwrap();

            let usual = json!({"status": 200, "ct": "application/json", "body": "{}"});
            let answer = case.get("bot_answered").unwrap_or(&usual);
            answer.clone_into(&mut integration.answer.lock().unwrap());
            let action = path.rsplit_once('/').unwrap().1;
            // Ids that the server gave are new each time.
            let action = if action.len() == 26 { "noid" } else { action };
            let user = if name == "bob_not_in_dm" { "bob" } else { "alice" };
            let chosen = &case["click_result"]["request"]["body"]["selected_option"];
            let result = match chosen.as_str() {
                Some(option) => mattermost.choose(user, id, action, option).await,
                None => mattermost.press_button(user, id, action).await,
            };

            let said = answer["body"].as_str().unwrap();
            let said: Value = serde_json::from_str(said).unwrap_or_default();
            let said = said["ephemeral_text"].as_str().unwrap_or_default();
            let ephemeral_text = if name == "button" {
                "acked [l](https://example.com)".to_owned()
            } else {
                said.to_owned()
            };
            let expected = match case["click_result"]["status"].as_u64().unwrap() {
                // 5.37 minds an empty answer, later ones do not.
                400 if what == "5.37/empty_body_answer" => PressResult::Done { ephemeral_text },
                200 => PressResult::Done { ephemeral_text },
                400 => PressResult::Failed,
                other => PressResult::Refused(u16::try_from(other).unwrap()),
            };
            assert_eq!(result, expected, "{what}");

            let seen = integration.seen.lock().unwrap().pop();
            let request = &case["request_to_bot"];
            assert_eq!(seen.is_some(), !request.is_null(), "{what}");
            if let Some((headers, body)) = seen {
                let names = pairs(&request["headers"]).into_iter().map(|(name, _)| name);
                let names: Vec<_> = names.map(|name| name.to_lowercase()).collect();
                assert_eq!(headers, names, "{what}");
                assert_eq!(blotted(&body), blotted(request["body"].as_str().unwrap()), "{what}");
            }
            let path = format!("/posts/{id}");
            let now = get(&mattermost, &path, Some(Mattermost::bot_token())).await;
            let now: Value = serde_json::from_slice(&now.body).unwrap();
            match name.as_str() {
                "update" => {
                    assert_alike(&recorded["post_after_update"], &now, &what);
                    for field in ["message", "props"] {
                        assert_eq!(now[field], recorded["post_after_update"][field], "{what}");
                    }
                }
                "update_no_props" => {
                    assert_alike(&recorded["post_after_update_no_props"], &now, &what);
                    assert_eq!(now["message"], json!("only message changed"));
                }
                _ => {
                    let unchanged = [&post["message"], &post["props"]];
                    assert_eq!([&now["message"], &now["props"]], unchanged, "{what}");
                }
            }
        }
        assert_eq!(cases, 19, "{version}");
        assert!(!mattermost.bot_posts().is_empty());
    }
}
