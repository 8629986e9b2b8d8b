//! Folders, changes, lists and bytes.

use futures_util::stream;
use serde_json::json;

use super::{
    super::{ApiError, ChangesFault},
    recorded,
    stand::{DRAFTS, INBOX, SENT, Say, Stand},
};
use crate::model::mail::Folder;

const MAIL: &str = "M3014ac1ca35e79e72bffd05e";

#[tokio::test]
async fn folders_are_known_by_their_roles() {
    let stand = Stand::saying([]).await;
    let client = stand.client();
    let folders = client.folders().await.unwrap();
    assert_eq!((&*folders.inbox, &*folders.sent, &*folders.drafts), (INBOX, SENT, DRAFTS));
    client.folders().await.unwrap();
    assert_eq!(stand.all().len(), 2, "the session and the folders, each once");
    let bare = Stand::by(|asked| {
        if asked.call().0 == "Mailbox/get" {
            let inbox = json!({"id": "i", "role": "inbox"});
            return Say::method("Mailbox/get", json!({"state": "1", "list": [inbox]}));
        }
        super::stand::usual(asked).unwrap_or(Say::Cut)
    })
    .await;
    let error = bare.client().folders().await.unwrap_err().to_string();
    assert!(error.contains("no folder has the role sent"), "{error}");
}

#[tokio::test]
async fn changes_are_told_once_each() {
    let both = json!({"oldState": "1", "newState": "3", "hasMoreChanges": true,
        "created": ["a", "b"], "updated": ["b", "c"], "destroyed": ["d"]});
    let stand = Stand::saying([
        Say::raw(recorded!("12-email-changes-none.response")),
        Say::raw(recorded!("13-email-changes-0.response")),
        Say::raw(recorded!("21-email-changes-after-set.response")),
        Say::method("Email/changes", both),
    ])
    .await;
    let client = stand.client();
    for (since, state, more, ids) in [
        ("24", "24", false, &[][..]),
        ("0", "24", false, &[MAIL][..]),
        ("24", "26", false, &[MAIL][..]),
        ("1", "3", true, &["a", "b", "c"][..]),
    ] {
        let changes = client.changes(since, 50).await.unwrap();
        assert_eq!((changes.state.as_str(), changes.more), (state, more));
        assert_eq!(changes.ids, ids);
    }
    let (name, asked) = stand.asked()[0].call();
    assert_eq!(name, "Email/changes");
    assert_eq!(asked, json!({"accountId": "support", "sinceState": "24", "maxChanges": 50}));
}

#[tokio::test]
async fn more_changes_without_a_step_are_no_answer() {
    let stays = json!({"oldState": "7", "newState": "7", "hasMoreChanges": true,
        "created": [], "updated": [], "destroyed": []});
    let stand = Stand::saying([Say::method("Email/changes", stays)]).await;
    let error = stand.client().news("7", 50).await.unwrap_err();
    let ChangesFault::Api(ApiError::Malformed { cause, .. }) = error else { panic!("{error:?}") };
    assert!(cause.contains("does not move"), "{cause}");
    assert_eq!(stand.asked().len(), 1, "it is not asked on and on");
}

#[tokio::test]
async fn a_forgotten_state_is_told_apart_from_an_outage() {
    let wrong_max = json!({"type": "invalidArguments", "arguments": ["maxChanges"]});
    let stand = Stand::saying([
        Say::raw(recorded!("14-email-changes-bogus.response")),
        Say::error("cannotCalculateChanges"),
        Say::method("error", wrong_max),
        Say::status(503, "", ""),
    ])
    .await;
    let client = stand.client();
    assert_eq!(client.changes("nonsense", 9).await, Err(ChangesFault::Forgotten));
    assert_eq!(client.changes("1", 9).await, Err(ChangesFault::Forgotten));
    for kind in ["rejected", "unavailable"] {
        let Err(ChangesFault::Api(error)) = client.changes("1", 9).await else { panic!("{kind}") };
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn a_folder_is_listed_from_its_oldest_mail() {
    let found = json!({"queryState": "1", "canCalculateChanges": true, "position": 100,
        "ids": ["M1", "M2"]});
    let stand = Stand::saying([Say::method("Email/query", found)]).await;
    let after = "2026-11-22T05:01:31.75Z".parse().unwrap();
    let ids = stand.client().query(Folder::Sent, Some(after), 100, 50).await;
    assert_eq!(ids.unwrap(), ["M1", "M2"]);
    assert_eq!(
        stand.asked()[0].call().1,
        json!({
            "accountId": "support",
            "filter": {"inMailbox": SENT, "after": "2026-11-22T05:01:31Z"},
            "sort": [{"property": "receivedAt", "isAscending": true}],
            "position": 100, "limit": 50,
        })
    );
}

#[tokio::test]
async fn bytes_go_up_and_come_down() {
    let mail = recorded!("10-blob-raw-message.response");
    let stand = Stand::saying([
        Say::raw(mail),
        Say::raw(mail),
        Say::raw(recorded!("11-blob-404.response")),
        Say::raw(recorded!("22-upload.response")),
        Say::raw(recorded!("22-upload.response")),
        Say::status(413, "", ""),
    ])
    .await;
    let client = stand.client();
    assert_eq!(client.raw("G1", 1_000_000).await.unwrap().len(), 7_735);
    let first = client.raw("G1", 100).await.unwrap();
    assert!(first.len() == 100 && first.starts_with(b"Return-Path: <bob@"));
    let gone = client.download("G2", "a b.png", "image/png").await.map(drop);
    assert_eq!(gone, Err(ApiError::NotFound { service: "jmap" }));
    let blob = "Ga0bdc58831ab2b60f01379d5e75cd64b3bcf0563";
    let flowing = |pieces: &'static [&'static str]| {
        stream::iter(pieces.iter().map(|piece| Ok((*piece).into())))
    };
    for pieces in [["hi"].as_slice(), &["one", "two"]] {
        let uploaded = client.upload_stream(flowing(pieces), "image/png").await;
        assert_eq!(uploaded.as_deref(), Ok(blob));
    }
    let error = client.upload_stream(flowing(&["large"]), "image/png").await.unwrap_err();
    assert_eq!(error.kind(), "rejected");
    let asked = stand.asked();
    assert_eq!(
        asked[2].line,
        "GET /jmap/download/support/G2/a%20b.png?accept=image%2Fpng HTTP/1.1"
    );
    assert_eq!(asked[3].line, "POST /jmap/upload/support/ HTTP/1.1");
    assert!(asked[3].head.contains("content-type: image/png"));
    assert_eq!(asked[3].body, b"2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(asked[4].body, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}
