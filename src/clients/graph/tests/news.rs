//! What changed: pages, rounds, states, and the one mail that spoils its page.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::stand::{Asked, Say, Stand, head, page};
use crate::{
    clients::{ApiError, ChangesFault, Head},
    clock,
    model::mail::Folder,
};

/// Answers a folder's changes: the page, and the links by name.
fn delta(stand: &str, items: &[Value], kind: &str, folder: &str, token: &str) -> Say {
    let link = format!("{stand}v1.0/users('u')/mailFolders('{folder}')/messages/delta?${token}");
    Say::json(&page(items, Some((kind, &link))))
}

fn folder_of(asked: &Asked) -> &'static str {
    if asked.line.contains("sentitems") { "sentitems" } else { "inbox" }
}

/// A server whose folders say these pages, one after the other, and then nothing new.
async fn folders(pages: Vec<(&'static str, Vec<Value>, &'static str)>) -> Stand {
    let pages = Mutex::new(pages);
    let number = Mutex::new(0);
    Stand::by(move |asked| {
        if let Some(usual) = super::stand::usual(asked) {
            return usual;
        }
        let host = format!("http://{}/", asked.header("host").unwrap());
        let folder = folder_of(asked);
        let mut pages = pages.lock().unwrap();
        let mut number = number.lock().unwrap();
        *number += 1;
        match pages.iter().position(|(of, ..)| *of == folder) {
            Some(at) => {
                let (_, items, kind) = pages.remove(at);
                delta(&host, &items, kind, folder, &format!("token={number}"))
            }
            None => delta(&host, &[], "delta", folder, &format!("token={number}")),
        }
    })
    .await
}

#[tokio::test]
async fn a_quiet_look_is_one_question_a_folder() {
    let stand = folders(vec![]).await;
    let client = stand.client();
    let state = client.state().await.unwrap();
    assert_eq!(stand.asked().len(), 2);
    let first = &stand.asked()[0];
    assert_eq!(first.what(), "GET mailFolders/sentitems/messages/delta");
    let filter = first.value("$filter").unwrap();
    let since: Timestamp = filter.strip_prefix("receivedDateTime ge ").unwrap().parse().unwrap();
    let ago = clock::now().as_second() - since.as_second();
    assert!((600..700).contains(&ago), "{filter}");
    assert!(first.value("$select").unwrap().contains("internetMessageHeaders"));
    let one = client.news(&state, 200).await.unwrap();
    assert!(one.more && one.mails.is_empty());
    let two = client.news(&one.state, 200).await.unwrap();
    assert!(!two.more && two.mails.is_empty());
    let asked = stand.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked[2].line.contains("mailFolders('sentitems')/messages/delta?$token=1 "));
    assert!(asked[3].line.contains("mailFolders('inbox')/messages/delta?$token=2 "));
    assert!(asked[2].head.contains("\r\nprefer: odata.maxpagesize=50"), "{}", asked[2].head);
    assert!(asked[2].head.contains("\r\nprefer: idtype=\"immutableid\""));
}

#[tokio::test]
async fn changes_begin_so_late_that_the_inbox_has_few_mails() {
    let asked_for = |asked: &Asked| -> Timestamp {
        asked.value("$filter").unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    let now = clock::now();
    let days = |count: i64| now - jiff::SignedDuration::from_hours(24 * count);
    // Mails a day, and from how many days ago the inbox is told.
    for (daily, least, most) in [(100, 31, 31), (200, 15, 16), (1_000_000, 0, 0)] {
        let stand = Stand::by(move |asked| {
            super::stand::usual(asked).unwrap_or_else(|| {
                let ago = clock::now().duration_since(asked_for(asked)).as_secs();
                let count = ago * daily / 86_400;
                Say::json(&json!({"@odata.count": count, "value": [{"id": "m"}]}))
            })
        })
        .await;
        let state = stand.client().state_since(days(31)).await.unwrap();
        let state: Value = serde_json::from_str(&state).unwrap();
        let ago = |mark: &Value| (now.as_second() - mark["b"]["t"].as_i64().unwrap()) / 3_600;
        assert_eq!(ago(&state["s"]), 0, "nothing is released into the sent mails");
        let inbox = ago(&state["i"]);
        assert!((least * 24 - 1..=most * 24).contains(&inbox), "{daily}: {inbox}");
        for asked in stand.asked() {
            assert_eq!(asked.what(), "GET mailFolders/inbox/messages");
            assert_eq!(asked.value("$count").as_deref(), Some("true"));
        }
        assert!(stand.asked().len() <= 10, "{daily}");
    }
    // A mail that spoils the question keeps no mailbox from being read.
    let stand = Stand::by(|asked| {
        let broken = Say::refusal(500, "ErrorInternalServerError");
        super::stand::usual(asked).unwrap_or(broken)
    })
    .await;
    let state = stand.client().state_since(days(0)).await;
    assert!(state.is_ok(), "{state:?}");
    let one_day = stand.client().state_since(days(1)).await;
    assert!(one_day.is_ok(), "{one_day:?}");
}

#[tokio::test]
async fn links_that_stay_make_a_state_that_stays() {
    let stand = Stand::by(|asked| {
        let host = format!("http://{}/", asked.header("host").unwrap());
        let long = "t".repeat(1_200);
        super::stand::usual(asked)
            .unwrap_or_else(|| delta(&host, &[], "delta", folder_of(asked), &long))
    })
    .await;
    let client = stand.client();
    let state = client.state().await.unwrap();
    assert!(state.len() < 3 * 1_024, "{}", state.len());
    let one = client.news(&state, 50).await.unwrap();
    let two = client.news(&one.state, 50).await.unwrap();
    assert_eq!(two.state, state);
}

#[tokio::test]
async fn heads_come_with_the_page_and_each_once() {
    let removed = json!({"id": "gone", "@removed": {"reason": "deleted"}});
    let mut draft = head("d", "id-of-inbox");
    draft["isDraft"] = json!(true);
    let stand = folders(vec![
        ("sentitems", vec![], "delta"),
        ("inbox", vec![], "delta"),
        ("sentitems", vec![head("s", "id-of-sentitems")], "delta"),
        ("inbox", vec![head("a", "id-of-inbox"), removed, draft], "next"),
        ("inbox", vec![], "next"),
        ("inbox", vec![head("b", "id-of-inbox"), head("b", "id-of-inbox")], "delta"),
    ])
    .await;
    let client = stand.client();
    let mut state = client.state().await.unwrap();
    let mut told = Vec::new();
    let mut rounds = 0;
    loop {
        let news = client.news(&state, 50).await.unwrap();
        state = news.state;
        told.extend(news.mails);
        rounds += 1;
        if !news.more {
            break;
        }
    }
    assert_eq!(rounds, 4);
    assert_eq!(stand.asked().len(), 6, "no question but for the pages");
    let ids: Vec<_> = told.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["s", "a", "d", "b"]);
    let folders: Vec<_> = told
        .iter()
        .map(|(_, head)| match head {
            Head::Mail(mail) => Some(mail.folder),
            _ => None,
        })
        .collect();
    let inbox = Some(Folder::Inbox);
    assert_eq!(folders, [Some(Folder::Sent), inbox, None, inbox]);
}

#[tokio::test]
async fn what_the_page_tells_in_part_is_asked_for() {
    let part = json!({"id": "a", "isDraft": false});
    let pages = [
        ("sentitems", vec![], "delta"),
        ("inbox", vec![], "delta"),
        ("sentitems", vec![], "delta"),
        ("inbox", vec![part], "delta"),
    ];
    let served = folders(pages.to_vec()).await;
    let client = served.client();
    let state = client.state().await.unwrap();
    let one = client.news(&state, 50).await.unwrap();
    // The stand answers the mail itself with a page: unlike the interface, three times.
    let two = client.news(&one.state, 50).await.unwrap();
    assert!(matches!(&two.mails[..], [(id, Head::Unreadable { .. })] if id == "a"));
    assert!(served.asked().iter().any(|asked| asked.what() == "GET messages/a"));
}

#[tokio::test]
async fn a_state_that_graph_does_not_know_is_forgotten() {
    let stand = folders(vec![]).await;
    let state = stand.client().state().await.unwrap();
    for (say, forgotten) in [
        (Say::refusal(410, "syncStateNotFound"), true),
        (Say::refusal(410, "resyncRequired"), true),
        (Say::refusal(400, "SyncStateNotFound"), true),
        (Say::refusal(400, "resyncRequired"), true),
        (Say::refusal(410, ""), true),
        (Say::refusal(400, "ErrorInvalidUrlQuery"), false),
        (Say::refusal(500, "ErrorInternalServerError"), false),
        (Say::refusal(404, "ErrorItemNotFound"), false),
    ] {
        let stand = Stand::saying([say]).await;
        let outcome = stand.client().news(&state, 50).await;
        assert_eq!(outcome == Err(ChangesFault::Forgotten), forgotten, "{outcome:?}");
        assert!(outcome.is_err());
    }
    for foreign in ["", "24", "{}"] {
        let outcome = stand.client().news(foreign, 50).await;
        assert_eq!(outcome, Err(ChangesFault::Forgotten), "{foreign}");
    }
    let elsewhere = state.replace("users('u')", "../../x");
    assert!(stand.client().news(&elsewhere, 50).await.is_err());
}

#[tokio::test]
async fn no_link_leads_the_token_elsewhere() {
    let link = "http://evil.example/v1.0/users/u/messages/delta?$x";
    let stand = Stand::saying([Say::json(&page(&[], Some(("delta", link))))]).await;
    let error = stand.client().news(&begin(), 50).await.unwrap_err();
    assert!(matches!(error, ChangesFault::Api(ApiError::Malformed { .. })), "{error:?}");
}

/// A state of which the sent mails are asked anew.
fn begin() -> String {
    json!({"n": "sent", "s": {"b": {"t": 1_790_000_000}}, "i": {"b": {"t": 1_790_000_000}}})
        .to_string()
}

/// A mailbox of ten mails whose pages fail as long as the seventh stands in them.
async fn spoiled(readable: bool, down: Arc<Mutex<bool>>) -> Stand {
    Stand::by(move |asked| {
        let host = format!("http://{}/", asked.header("host").unwrap());
        let broken = Say::refusal(500, "ErrorInternalServerError");
        if *down.lock().unwrap() && !asked.is_sign_in() {
            return broken;
        }
        if let Some(usual) = super::stand::usual(asked) {
            return usual;
        }
        let what = asked.what();
        if let Some(id) = what.strip_prefix("GET messages/") {
            let whole = asked.value("$select").unwrap().contains("subject");
            return match (id, whole && !readable) {
                ("m7", true) => broken,
                (id, _) => Say::json(&numbered(id)),
            };
        }
        if folder_of(asked) == "sentitems" || !what.contains("inbox") {
            return delta(&host, &[], "delta", folder_of(asked), "token=1");
        }
        if what.ends_with("/delta") {
            let since = asked.value("$filter");
            let since = since.and_then(|f| f.rsplit(' ').next()?.parse::<Timestamp>().ok());
            return match since {
                Some(since) if since.as_second() > 1_790_000_007 => {
                    let late: Vec<_> = ["m8", "m9"].map(numbered).into();
                    delta(&host, &late, "delta", "inbox", "token=9")
                }
                _ => broken,
            };
        }
        let number = |name: &str| asked.value(name).unwrap().parse::<usize>().unwrap();
        let (top, skip) = (number("$top"), number("$skip"));
        let since = asked.value("$filter").and_then(|f| f.rsplit(' ').next()?.parse().ok());
        let since = since.map_or(0, |since: Timestamp| since.as_second() - 1_790_000_000);
        let all: Vec<_> = (since.max(0)..10).map(|at| format!("m{at}")).collect();
        let some: Vec<_> = all.iter().skip(skip).take(top).collect();
        let whole = asked.value("$select").unwrap().contains("subject");
        if whole && some.iter().any(|id| *id == "m7") {
            return broken;
        }
        let items: Vec<_> = some.into_iter().map(|id| numbered(id)).collect();
        let next = (skip + top < all.len()).then(|| format!("{host}v1.0/x"));
        Say::json(&page(&items, next.as_deref().map(|next| ("next", next))))
    })
    .await
}

fn numbered(id: &str) -> Value {
    let number: i64 = id[1..].parse().unwrap();
    let mut head = head(id, "id-of-inbox");
    head["receivedDateTime"] = json!(Timestamp::from_second(1_790_000_000 + number).unwrap());
    head
}

#[tokio::test]
async fn one_corrupt_mail_is_found_and_the_others_are_told() {
    for readable in [false, true] {
        let stand = spoiled(readable, Arc::default()).await;
        let client = stand.client();
        let mut state = client.news(&begin(), 50).await.unwrap().state;
        for _ in 0..2 {
            let outcome = client.news(&state, 50).await;
            assert!(matches!(outcome, Err(ChangesFault::Api(ApiError::Unavailable { .. }))));
        }
        let mut told = Vec::new();
        for _ in 0..20 {
            let news = client.news(&state, 4).await.unwrap();
            state = news.state;
            told.extend(news.mails);
            if !news.more {
                break;
            }
        }
        let ids: Vec<_> = told.iter().map(|(id, _)| id.as_str()).collect();
        // A page begins with the second in which the one before it ended.
        let all = ["m0", "m1", "m2", "m3", "m3", "m4", "m5", "m6", "m6", "m7", "m8", "m9"];
        assert_eq!(ids[..12], all, "each is told");
        assert_eq!(ids[ids.len() - 2..], ["m8", "m9"], "and the changes go on behind it");
        for (id, head) in &told {
            match head {
                Head::Mail(_) => assert!(id != "m7" || readable),
                Head::Unreadable { remote, raw_blob, received, .. } => {
                    assert!(!readable && remote == "m7");
                    assert_eq!(raw_blob.as_deref(), Some("m7"));
                    assert_eq!(received.unwrap().as_second(), 1_790_000_007);
                }
                other => panic!("{other:?}"),
            }
        }
        let quiet = client.news(&state, 50).await.unwrap();
        assert!(quiet.mails.is_empty() && quiet.more);
    }
}

#[tokio::test]
async fn an_outage_is_no_mails_fault() {
    let down = Arc::new(Mutex::new(false));
    let stand = spoiled(false, down.clone()).await;
    let client = stand.client();
    let state = client.news(&begin(), 50).await.unwrap().state;
    *down.lock().unwrap() = true;
    for _ in 0..10 {
        assert!(client.news(&state, 50).await.is_err());
        assert!(client.query(Folder::Inbox, None, 0, 10).await.is_err());
        assert!(client.heads(&["m1".to_owned()]).await.is_err());
    }
}

#[tokio::test]
async fn a_folder_is_listed_with_the_corrupt_mail_in_it() {
    let stand = spoiled(false, Arc::default()).await;
    let client = stand.client();
    let since = Timestamp::from_second(1_790_000_000).unwrap();
    let ids = client.query(Folder::Inbox, Some(since), 2, 6).await.unwrap();
    assert_eq!(ids, ["m2", "m3", "m4", "m5", "m6", "m7"]);
    let asked = &stand.asked()[0];
    assert_eq!(asked.what(), "GET mailFolders/inbox/messages");
    for (name, value) in [
        ("$select", "id"),
        ("$filter", "receivedDateTime ge 2026-09-21T14:13:20Z"),
        ("$orderby", "receivedDateTime asc"),
        ("$top", "6"),
        ("$skip", "2"),
    ] {
        assert_eq!(asked.value(name).as_deref(), Some(value));
    }
    assert_eq!(client.query(Folder::Inbox, None, 8, 6).await.unwrap(), ["m8", "m9"]);
    let heads = client.heads(&["m1", "m7"].map(str::to_owned)).await.unwrap();
    assert!(matches!(heads[..], [Head::Mail(_), Head::Unreadable { .. }]), "{heads:?}");
}
