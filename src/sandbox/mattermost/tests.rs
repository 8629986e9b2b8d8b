//! What no recording holds: time, faults, and what people do in the chat.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Mattermost;
use crate::sandbox::{Fault, FaultRule, PressResult};

/// A request of the bot's: status, or 0 for no answer, and JSON.
async fn ask(mattermost: &Mattermost, line: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(mattermost.address()).await.unwrap();
    let body = body.to_string();
    let (method, path) = line.split_once(' ').unwrap();
    let request = format!(
        "{method} /api/v4{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \
         {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Mattermost::bot_token(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn support(message: &str, pending: &str) -> Value {
    let channel = Mattermost::channel_id("support");
    json!({"channel_id": channel, "message": message, "pending_post_id": pending})
}

#[tokio::test]
async fn a_pending_id_is_remembered_for_30_seconds_even_if_the_answer_is_lost() {
    let mattermost = Mattermost::start().await.unwrap();
    for fault in [Fault::CutAfterCommit, Fault::StatusAfterCommit(502)] {
        mattermost.fault(FaultRule::from(fault).at("POST /api/v4/posts").times(1));
        let lost = ask(&mattermost, "POST /posts", &support("once", "p-1")).await;
        assert!([0, 502].contains(&lost.0), "{lost:?}");
    }
    let (status, again) = ask(&mattermost, "POST /posts", &support("twice", "p-1")).await;
    assert_eq!((status, &again["message"]), (201, &json!("once")));
    assert_eq!(mattermost.bot_posts().len(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let (_, later) = ask(&mattermost, "POST /posts", &support("twice", "p-1")).await;
    assert_ne!(later["id"], again["id"]);
    let posts = mattermost.bot_posts();
    let pending: Vec<_> = posts.iter().map(|post| post.pending.as_str()).collect();
    assert_eq!(pending, ["p-1", "p-1"]);
}

#[tokio::test]
async fn a_refused_request_makes_no_post() {
    let mattermost = Mattermost::start().await.unwrap();
    mattermost.set_rate_limit(Some((10, 1)));
    let mut statuses = Vec::new();
    for n in 0..3 {
        statuses.push(ask(&mattermost, "POST /posts", &support("x", &format!("p-{n}"))).await.0);
    }
    assert_eq!(statuses, [201, 201, 429]);
    assert_eq!((mattermost.bot_posts().len(), mattermost.refused()), (2, 1));
    mattermost.set_rate_limit(None);
    assert_eq!(ask(&mattermost, "POST /posts", &support("x", "p-3")).await.0, 201);
}

#[tokio::test]
async fn threads_pages_and_what_is_gone() {
    let mattermost = Mattermost::start().await.unwrap();
    let (_, root) = ask(&mattermost, "POST /posts", &support("root", "")).await;
    let root = root["id"].as_str().unwrap();
    let reply = mattermost.type_post("support", "alice", root, "me too");
    assert_eq!(mattermost.type_post("support", "alice", &reply, "deeper"), "");
    let newest = mattermost.type_post("support", "bob", "", "other");
    let (_, thread) = ask(&mattermost, &format!("GET /posts/{reply}/thread"), &json!({})).await;
    assert_eq!(thread["order"], json!([reply, root]));
    let channel = Mattermost::channel_id("support");
    let page = |query: String| format!("GET /channels/{channel}/posts?{query}");
    let (_, list) = ask(&mattermost, &page("per_page=1&page=1".into()), &json!({})).await;
    assert_eq!(list["order"], json!([reply]));
    let (_, list) = ask(&mattermost, &page(format!("before={newest}")), &json!({})).await;
    assert_eq!(list["order"], json!([reply, root]));
    for (query, order) in [
        (format!("after={root}"), json!([newest, reply])),
        (format!("after={root}&per_page=1"), json!([reply])),
        (format!("after={root}&per_page=1&page=1"), json!([newest])),
        (format!("after={newest}"), json!([])),
    ] {
        let (_, list) = ask(&mattermost, &page(query), &json!({})).await;
        assert_eq!(list["order"], order);
    }

    mattermost.delete_post(root);
    let show = format!("GET /posts/{reply}");
    assert_eq!(ask(&mattermost, &show, &json!({})).await.0, 404, "goes with its root");
    let patch = format!("PUT /posts/{root}/patch");
    assert_eq!(ask(&mattermost, &patch, &json!({"message": "x"})).await.0, 403);
    let (_, list) = ask(&mattermost, &page("per_page=9".into()), &json!({})).await;
    assert_eq!(list["order"], json!([newest]));
    let (_, since) = ask(&mattermost, &page("since=1".into()), &json!({})).await;
    assert_eq!(since["order"], json!([newest, reply, root]));
    assert_eq!(since["posts"][root]["props"]["deleteBy"], json!(Mattermost::user_id("ticketd")));
    assert!(mattermost.posts().iter().filter(|post| post.deleted).count() == 2);
}

#[tokio::test]
async fn the_bot_sees_what_it_may() {
    let mattermost = Mattermost::start().await.unwrap();
    let [bot, alice, carol] = ["ticketd", "alice", "carol"].map(Mattermost::user_id);
    let [support, board, closed] = ["support", "board", "closed"].map(Mattermost::channel_id);
    let team = Mattermost::TEAM;
    let nobody = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (line, status) in [
        (format!("GET /channels/{support}/members/{alice}"), 200),
        (format!("GET /channels/{board}/members/{alice}"), 404),
        (format!("GET /channels/{closed}/members/{carol}"), 403),
        (format!("GET /channels/{nobody}/members/{alice}"), 403),
        (format!("GET /channels/{board}"), 200),
        (format!("GET /channels/{closed}"), 403),
        (format!("GET /channels/{nobody}"), 404),
        (format!("GET /channels/{closed}/posts?since=1"), 403),
        (format!("GET /teams/{team}/channels/name/network"), 200),
        (format!("GET /teams/{team}/channels/name/closed"), 404),
        (format!("GET /teams/{team}/channels/name/nosuch"), 404),
        (format!("GET /posts/{nobody}"), 404),
        (format!("GET /posts/{nobody}/thread"), 404),
        ("GET /nosuch".to_owned(), 404),
    ] {
        assert_eq!(ask(&mattermost, &line, &json!({})).await.0, status, "{line}");
    }
    mattermost.set_member("board", "alice", true);
    mattermost.set_member("support", "ticketd", false);
    let member = format!("GET /channels/{board}/members/{alice}");
    assert_eq!(ask(&mattermost, &member, &json!({})).await.0, 200);
    assert_eq!(ask(&mattermost, "POST /posts", &self::support("x", "")).await.0, 403);
    let (_, one) = ask(&mattermost, "POST /channels/direct", &json!([bot, alice])).await;
    assert_eq!(one["id"], json!(mattermost.direct_id("alice")));
    assert_eq!(ask(&mattermost, "POST /channels/direct", &json!([carol, alice])).await.0, 403);
}

#[tokio::test]
async fn a_dialog_stays_where_it_was_opened() {
    let mattermost = Mattermost::start().await.unwrap();
    let direct = mattermost.direct_id("alice");
    for channel in ["network", &direct] {
        let form = mattermost.slash_in(channel, "alice", "/ticket new");
        let id = form.field("channel_id").to_owned();
        assert!([Mattermost::channel_id("network"), &direct].contains(&id.as_str()));
        let open = json!({
            "trigger_id": form.field("trigger_id"), "url": "http://127.0.0.1:9/d", "dialog": {},
        });
        assert_eq!(ask(&mattermost, "POST /actions/dialogs/open", &open).await.0, 200);
        let opened = mattermost.dialogs().pop().unwrap();
        assert_eq!((opened.channel_id, opened.team_id.as_str()), (id, Mattermost::TEAM));
    }
    assert_eq!(mattermost.slash_in("nosuch", "alice", "/ticket").field("channel_id"), "");
}

#[tokio::test]
async fn who_is_not_there_presses_nothing() {
    let mattermost = Mattermost::start().await.unwrap();
    let url = "http://127.0.0.1:9/action";
    let action =
        |id: &str| json!({"id": id, "name": id, "type": "button", "integration": {"url": url}});
    let mut post = support("buttons", "");
    post["channel_id"] = json!(Mattermost::channel_id("board"));
    post["props"] = json!({"attachments": [{"actions": [action("ack"), action("has-dash")]}]});
    let (_, post) = ask(&mattermost, "POST /posts", &post).await;
    let id = post["id"].as_str().unwrap();
    for (user, action, result) in [
        ("bob", "ack", PressResult::Failed),
        ("alice", "ack", PressResult::Refused(403)),
        ("bob", "nosuch", PressResult::Refused(404)),
        ("bob", "has-dash", PressResult::Refused(404)),
    ] {
        assert_eq!(mattermost.press_button(user, id, action).await, result, "{user} {action}");
    }
    assert_eq!(mattermost.press_button("bob", "nosuch", "ack").await, PressResult::Refused(404));
}
