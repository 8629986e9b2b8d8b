//! Lists of posts as a person asks for them, and files.

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::json;

use super::person::{PAGE, asked, file, file_json, person};
use super::{ALICE, BOT, CHANNEL, CREATED, DIRECT, POST, REPLY, TEAM};
use super::{channel, post, post_json, say, team};
use crate::{
    clients::{
        ApiError,
        stand::{Say, Stand},
    },
    model::chat::PostsAt,
};

#[tokio::test]
async fn posts_are_listed_oldest_first_and_say_where_the_rest_is() {
    let stand = Stand::by(|_| {
        let mut reply = post_json(REPLY, POST, 9);
        reply["edit_at"] = json!(CREATED + 10);
        reply["metadata"] = json!({
            "files": [file_json()],
            "reactions": [
                {"user_id": ALICE, "post_id": REPLY, "emoji_name": "+1", "create_at": CREATED},
                {"user_id": BOT, "post_id": REPLY, "emoji_name": "x", "create_at": 1, "delete_at": 2},
            ],
        });
        say(200, &json!({
            "order": [REPLY, POST], "posts": {POST: post_json(POST, "", 0), REPLY: reply},
            "next_post_id": "", "prev_post_id": DIRECT, "has_next": false,
        }))
    })
    .await;
    let person = person(&stand);
    for at in [
        PostsAt::Page(PAGE),
        PostsAt::Before(post(), 500),
        PostsAt::After(post(), 0),
        PostsAt::Since(Timestamp::from_millisecond(CREATED).unwrap()),
    ] {
        let list = person.posts(&channel(), &at).await.unwrap();
        let ids: Vec<_> = list.posts.iter().map(|post| post.id.as_str()).collect();
        assert_eq!(ids, [POST, REPLY]);
        let is_since = matches!(at, PostsAt::Since(_));
        assert_eq!(list.older.is_some(), !is_since);
        assert_eq!(list.newer, None);
        let reply = &list.posts[1];
        assert_eq!(reply.edited.unwrap().as_millisecond(), CREATED + 10);
        assert_eq!((reply.files[0].id.clone(), reply.files[0].size), (file(), 15));
        let emoji: Vec<_> = reply.reactions.iter().map(|it| it.emoji.as_str()).collect();
        assert_eq!(emoji, ["+1"], "one that was taken back is none");
    }
    assert_eq!(person.thread(&post()).await.unwrap().len(), 2);
    assert_eq!(person.search(&team(), "a \"b", PAGE).await.unwrap().len(), 2);
    let path = format!("GET channels/{CHANNEL}/posts?");
    let asked: Vec<_> = asked(&stand);
    let lines: Vec<_> = asked.iter().map(|(line, _)| line.clone()).collect();
    assert_eq!(
        lines,
        [
            format!("{path}page=2&per_page=30"),
            format!("{path}before={POST}&per_page=200"),
            format!("{path}after={POST}&per_page=1"),
            format!("{path}since={}", CREATED - 1),
            format!("GET posts/{POST}/thread"),
            format!("POST teams/{TEAM}/posts/search"),
        ]
    );
    let terms = json!({"terms": "a \"b", "is_or_search": false, "page": 2, "per_page": 30});
    assert_eq!(asked[5].1, terms);
}

#[tokio::test]
async fn who_was_away_for_long_reads_back_page_by_page() {
    // How many posts there are; the list of what changed holds at most a thousand.
    for (all, found, requests) in [(999, 999, 1), (1_000, 1_000, 18), (1_700, 1_700, 30)] {
        let stand =
            Stand::by(move |asked| answer(all, asked.line.split_once('?').unwrap().1)).await;
        let since = PostsAt::Since(Timestamp::from_millisecond(CREATED).unwrap());
        let list = person(&stand).posts(&channel(), &since).await.unwrap();
        assert_eq!((list.posts.len(), stand.all().len()), (found, requests), "{all}");
        assert!(list.posts.is_sorted_by(|a, b| a.created < b.created), "{all}");
    }
}

fn answer(all: usize, query: &str) -> Say {
    let page = |end: usize, count: usize| {
        let ids: Vec<_> = (end.saturating_sub(count)..end).rev().collect();
        let id = |at: usize| format!("{at:026}");
        let body = |at: &usize| (id(*at), post_json(&id(*at), "", i64::try_from(*at).unwrap()));
        let posts: serde_json::Map<_, _> = ids.iter().map(body).collect();
        let order: Vec<_> = ids.iter().map(|at| id(*at)).collect();
        say(200, &json!({"order": order, "posts": posts}))
    };
    if query.starts_with("since=") {
        return page(all.min(1_000), 1_000);
    }
    match query.split_once("before=") {
        Some((_, before)) => page(before[..26].parse().unwrap(), 60),
        None => page(all, 60),
    }
}

#[tokio::test]
async fn files_go_up_and_down_as_streams() {
    let stand = Stand::by(|asked| {
        if asked.line.starts_with("POST") {
            say(201, &json!({"file_infos": [file_json()], "client_ids": null}))
        } else if asked.line.contains("/info") {
            say(200, &file_json())
        } else {
            Say::status(200, "Content-Type: text/html\r\n", "PNG not really")
        }
    })
    .await;
    let person = person(&stand);
    let bytes = || {
        let pieces = ["PNG not", " really"].map(|text| Ok(Bytes::from_static(text.as_bytes())));
        futures_util::stream::iter(pieces)
    };
    let made = person.upload(&channel(), "log ü&.txt", 14, bytes()).await.unwrap();
    assert_eq!((made.id.clone(), made.name.as_str()), (file(), "log ü.txt"));
    assert_eq!(person.file_info(&file()).await.unwrap(), made);
    let whole = person.file(&file()).await.unwrap().beginning(100).await.unwrap();
    assert_eq!(whole, "PNG not really");
    let all = stand.all();
    let name = "log+%C3%BC%26.txt";
    assert_eq!(
        all[0].line,
        format!("{} /api/v4/files?channel_id={CHANNEL}&filename={name} HTTP/1.1", Method::POST)
    );
    assert_eq!(
        (all[0].body.as_slice(), all[0].header("content-length")),
        (&b"PNG not really"[..], Some("14"))
    );
    // One of another length than announced never was whole.
    let wrong = person.upload(&channel(), "x", 15, bytes()).await;
    assert!(matches!(wrong, Err(ApiError::Malformed { .. })), "{wrong:?}");
}
