//! Limits and faults: what a client meets on bad days.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Site, plain};
use crate::sandbox::{Fault, FaultRule, GraphSetup};

#[tokio::test]
async fn the_fifth_request_at_once_is_too_many() {
    let site = Site::start().await;
    site.graph.fault(FaultRule::from(Fault::Slow(Duration::from_millis(300))).times(4));
    let slow = async { site.get("messages").await };
    let fifth = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let refused = site.get("messages").await;
        // Elsewhere there is room.
        (refused, site.get("/v1.0/subscriptions").await.status)
    };
    let all =
        tokio::join!(slow, site.get("messages"), site.get("messages"), site.get("messages"), fifth);
    assert_eq!([all.0.status, all.1.status, all.2.status, all.3.status], [200; 4]);
    let (refused, elsewhere) = all.4;
    assert_eq!(refused.refusal(), (429, "ApplicationThrottled".to_owned()));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "Application is over its MailboxConcurrency limit.");
    assert_eq!((refused.header("retry-after"), elsewhere), ("1", 200));
    assert_eq!((site.graph.max_in_flight(), site.graph.throttled()), (5, 1));
    assert_eq!(site.get("messages").await.status, 200, "places come back");
    site.graph.throttle(1);
    assert_eq!(site.get("messages").await.status, 429);
    assert_eq!(site.get("messages").await.status, 200);

    let setup = GraphSetup { requests_per_10_minutes: Some(2), ..GraphSetup::default() };
    let site = Site::with(setup).await;
    let statuses = [(); 3].map(|()| site.get("messages"));
    let [a, b, c] = statuses;
    assert_eq!([a.await.status, b.await.status], [200; 2]);
    let refused = c.await;
    assert_eq!(refused.refusal(), (429, "ApplicationThrottled".to_owned()));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((590..=601).contains(&wait), "{wait}");
}

#[tokio::test]
async fn faults_are_by_template_and_may_come_after_the_deed() {
    let site = Site::start().await;
    let id = site.graph.deliver(plain(1));
    site.graph.fault(FaultRule::from(Fault::Status(503)).at("[GET messages]").times(1));
    site.graph
        .fault(FaultRule::from(Fault::StatusAfterCommit(504)).at("POST createReply").times(1));
    site.graph.fault(FaultRule::from(Fault::CutAfterCommit).at("POST send").times(1));
    site.graph.fault(FaultRule::from(Fault::BrokenJson).at("GET messages/delta").times(1));
    site.graph.fault(FaultRule::from(Fault::Status(500)).at("PATCH message").times(1));
    assert_eq!(site.get(&format!("messages/{id}")).await.status, 200, "another template");
    assert_eq!(site.get("messages").await.status, 503);
    let reply = format!("messages/{id}/createReply");
    assert_eq!(site.ask("POST", &reply, &Value::Null).await.status, 504);
    let draft = site.graph.emails("drafts").pop().expect("made all the same");
    let patched = site.ask("PATCH", &format!("messages/{draft}"), &json!({ "subject": "x" })).await;
    assert_eq!(patched.status, 500);
    let sent = site.ask("POST", &format!("messages/{draft}/send"), &Value::Null).await;
    assert_eq!(sent.status, 0, "cut");
    assert_eq!(site.graph.submissions()[0].subject, "RE: mail 1", "sent all the same, unchanged");
    let delta = site.get("mailFolders/inbox/messages/delta").await;
    assert!(delta.status == 200 && delta.json().is_null());
    let calls = site.graph.ledger();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.target.rsplit_once(" [").unwrap().1.trim_end_matches(']'), call.status))
        .collect();
    assert_eq!(
        seen,
        [
            ("GET message", Some(200)),
            ("GET messages", Some(503)),
            ("POST createReply", Some(504)),
            ("PATCH message", Some(500)),
            ("POST send", None),
            ("GET messages/delta", Some(200)),
        ]
    );
    assert!(calls.iter().all(|call| call.login == Some("application")));
}

#[tokio::test]
async fn a_token_may_end_in_the_middle_of_a_round() {
    let mut site = Site::start().await;
    site.graph.deliver_many((0..4).map(plain).collect());
    let first = site.prefer("mailFolders/inbox/messages/delta", "odata.maxpagesize=2").await.json();
    let next = first["@odata.nextLink"].as_str().unwrap();
    site.graph.expire_tokens_after(0);
    assert_eq!(site.prefer(next, "odata.maxpagesize=2").await.status, 401);
    site.token = site.graph.token();
    let page = site.prefer(next, "odata.maxpagesize=2").await.json();
    assert_eq!(page["value"].as_array().map(Vec::len), Some(2), "the link outlives the token");
}
