//! Rounds of a delta: pages, links, what is gone, what the server forgot, what is awkward.

use serde_json::Value;

use super::{Site, plain};
use crate::sandbox::GraphOddities;

const INBOX: &str = "mailFolders/inbox/messages/delta";

/// One round from this link: the ids told of, the ids gone, the requests it took, the next link.
async fn round(site: &Site, from: &str, prefer: &str) -> (Vec<String>, Vec<String>, usize, String) {
    let (mut told, mut gone) = (Vec::new(), Vec::new());
    let mut link = from.to_owned();
    for pages in 1..100 {
        let answer = site.prefer(&link, &format!("IdType=\"ImmutableId\", {prefer}")).await;
        let body = answer.json();
        assert_eq!(answer.status, 200, "{body}");
        for one in body["value"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap().to_owned();
            assert_eq!(one["@odata.type"], "#microsoft.graph.message");
            if one["@removed"]["reason"] == "deleted" { gone.push(id) } else { told.push(id) }
        }
        assert_ne!(body.get("@odata.nextLink").is_some(), body.get("@odata.deltaLink").is_some());
        if let Some(done) = body["@odata.deltaLink"].as_str() {
            assert!(done.contains("$deltatoken="));
            return (told, gone, pages, done.to_owned());
        }
        body["@odata.nextLink"].as_str().unwrap().clone_into(&mut link);
        assert!(link.contains("$skiptoken="));
    }
    panic!("no end");
}

#[tokio::test]
async fn a_round_comes_in_pages_and_the_next_tells_what_changed() {
    let site = Site::start().await;
    let mails = site.graph.deliver_many((0..5).map(plain).collect());
    let (told, gone, pages, link) = round(&site, INBOX, "odata.maxpagesize=2").await;
    assert_eq!((told, gone, pages), (mails.clone(), vec![], 3));
    let (told, _, pages, link) = round(&site, &link, "").await;
    assert_eq!((told, pages), (vec![], 1), "nothing new");
    let new = site.graph.deliver(plain(5));
    site.graph.mark_read(&mails[0], true);
    site.graph.move_to(&mails[1], "archive");
    site.graph.destroy(&mails[2]);
    let (mut told, mut gone, _, _) = round(&site, &link, "").await;
    told.sort();
    gone.sort();
    let mut expected = vec![new, mails[0].clone()];
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(gone, [mails[1].clone(), mails[2].clone()]);
    // The same link again says the same: a client that lost the answer loses nothing.
    assert_eq!(round(&site, &link, "").await.0.len(), 2);
    let (told, ..) = round(&site, "mailFolders/archive/messages/delta", "").await;
    assert_eq!(told, [mails[1].clone()]);
    let deltas = site.graph.requests("GET messages/delta");
    assert_eq!(deltas, 7);
    assert_eq!(site.graph.graph_requests(), deltas);
}

#[tokio::test]
async fn options_of_the_first_request_hold_for_all() {
    let site = Site::start().await;
    let at = |second: i64| jiff::Timestamp::from_second(1_790_000_000 + second).unwrap();
    let old = site.graph.deliver_at("inbox", plain(0), at(0));
    let new = site.graph.deliver_at("inbox", plain(1), at(60));
    let path = format!(
        "{INBOX}?changeType=created&$select=subject&$filter=receivedDateTime ge {}",
        at(30)
    );
    let first = site.prefer(&path, "IdType=\"ImmutableId\"").await.json();
    let page = first["value"].as_array().unwrap();
    assert_eq!((page.len(), page[0]["id"].as_str()), (1, Some(new.as_str())));
    assert!(page[0].get("body").is_none() && page[0]["subject"] == "mail 1");
    let link = first["@odata.deltaLink"].as_str().unwrap().to_owned();
    site.graph.mark_read(&new, true);
    site.graph.destroy(&old);
    let later = site.graph.deliver_at("inbox", plain(2), at(90));
    // Options of a later request are not looked at.
    let body = site.get(&format!("{link}&$select=body&changeType=deleted")).await.json();
    let page = body["value"].as_array().unwrap();
    assert_eq!((page.len(), page[0]["id"].as_str()), (1, Some(later.as_str())), "only what came");
    assert!(page[0].get("body").is_none());

    for option in
        ["$filter=isRead eq true", "$orderby=subject", "$search=x", "$skip=1", "changeType=x"]
    {
        let refusal = site.get(&format!("{INBOX}?{option}")).await.refusal();
        assert_eq!(refusal, (400, "ErrorInvalidUrlQuery".to_owned()), "{option}");
    }
    let refusal = site.get(&format!("{INBOX}?$deltatoken=rubbish")).await.refusal();
    assert_eq!(refusal, (400, "BadRequest".to_owned()));
}

#[tokio::test]
async fn what_changes_during_a_round_is_not_lost() {
    let site = Site::start().await;
    let mails = site.graph.deliver_many((0..4).map(plain).collect());
    let options = format!("{INBOX}?changeType=created&$select=id");
    let body = site.prefer(&options, "IdType=\"ImmutableId\", odata.maxpagesize=2").await.json();
    let next = body["@odata.nextLink"].as_str().unwrap().to_owned();
    // The mail of the second page is read, and another one comes.
    site.graph.mark_read(&mails[3], true);
    let new = site.graph.deliver(plain(4));
    let again = site.prefer(&next, "IdType=\"ImmutableId\", odata.maxpagesize=2").await.json();
    let (told, _, _, link) = round(&site, &next, "odata.maxpagesize=2").await;
    assert_eq!(told, [mails[2].clone(), mails[3].clone()]);
    assert_eq!(again["value"].as_array().map(Vec::len), Some(2), "a page can be asked for twice");
    assert_eq!(round(&site, &link, "").await.0, [new]);
}

#[tokio::test]
async fn a_forgotten_state_is_gone() {
    let site = Site::start().await;
    site.graph.deliver_many((0..4).map(plain).collect());
    let body = site.prefer(INBOX, "odata.maxpagesize=2").await.json();
    let next = body["@odata.nextLink"].as_str().unwrap().to_owned();
    let (.., link) = round(&site, INBOX, "").await;
    site.graph.forget_changes();
    for link in [next, link] {
        let refusal = site.get(&link).await.refusal();
        assert_eq!(refusal, (410, "SyncStateNotFound".to_owned()));
    }
    assert_eq!(round(&site, INBOX, "").await.0.len(), 4);
}

#[tokio::test]
async fn rounds_can_be_awkward() {
    let site = Site::start().await;
    let mails = site.graph.deliver_many((0..12).map(plain).collect());
    let odd = GraphOddities::default();
    let cases = [
        (GraphOddities { duplicates: true, ..odd }, 24, 6),
        (GraphOddities { disorder: true, ..odd }, 12, 3),
        (GraphOddities { empty_pages: true, ..odd }, 12, 6),
        (GraphOddities { duplicates: true, disorder: true, empty_pages: true }, 24, 12),
    ];
    for (oddities, count, requests) in cases {
        site.graph.set_oddities(oddities);
        let (told, _, pages, link) = round(&site, INBOX, "odata.maxpagesize=4").await;
        assert_eq!((told.len(), pages), (count, requests), "{oddities:?}");
        assert_eq!(told == mails, !oddities.disorder && !oddities.duplicates);
        let mut sorted = told;
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), mails.len(), "all of them");
        let again = round(&site, &link, "").await.0;
        assert_eq!(again.len(), usize::from(oddities.duplicates), "one from before");
    }
}

#[tokio::test]
async fn one_corrupt_message_breaks_every_page_with_it() {
    let site = Site::start().await;
    let mails = site.graph.deliver_many((0..5).map(plain).collect());
    site.graph.break_over(&mails[2]);
    let corrupt = (500, "ErrorCorruptData".to_owned());
    let inbox = "mailFolders/inbox/messages?$orderby=receivedDateTime asc";
    let cases = [
        (INBOX.to_owned(), true),
        (inbox.to_owned(), true),
        (format!("{inbox}&$top=2"), false),
        (format!("{inbox}&$top=1&$skip=2"), true),
        (format!("{inbox}&$top=2&$skip=3"), false),
        (format!("messages/{}", mails[2]), true),
        (format!("messages/{}/attachments", mails[2]), true),
        (format!("messages/{}", mails[3]), false),
    ];
    for (path, breaks) in &cases {
        let answer = site.get(path).await;
        assert_eq!(answer.refusal() == corrupt, *breaks, "{path}");
    }
    let first = site.prefer(INBOX, "odata.maxpagesize=2").await.json();
    let next = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(site.prefer(next, "odata.maxpagesize=2").await.refusal(), corrupt);
    site.graph.mend();
    for (path, _) in &cases {
        assert_eq!(site.get(path).await.status, 200, "{path}");
    }
    let _: Value = site.prefer(next, "odata.maxpagesize=2").await.json();
}
