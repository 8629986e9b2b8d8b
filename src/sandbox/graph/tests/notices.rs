//! Subscriptions and what they tell, to a listener of the test's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::{Graph, Site, plain};
use crate::sandbox::Lifecycle;

/// Hears notices: answers a validation as it should, or otherwise with `answer`.
struct Ear {
    url: String,
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Clone, Copy)]
enum Manners {
    Good,
    WrongToken,
    WrongType,
    Refuses,
}

impl Ear {
    async fn open(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hear(stream, manners, Arc::clone(&ears)));
            }
        });
        Self { url, heard, _task: AbortOnDropHandle::new(task) }
    }

    /// The notices so far, once there are so many.
    async fn heard(&self, count: usize) -> Vec<Value> {
        for _ in 0..300 {
            if self.heard.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let heard = self.heard.lock().unwrap();
        assert_eq!(heard.len(), count);
        heard.iter().map(|(_, notice)| notice["value"][0].clone()).collect()
    }
}

async fn hear(mut stream: TcpStream, manners: Manners, heard: Arc<Mutex<Vec<(String, Value)>>>) {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    let body = loop {
        let read = stream.read(&mut piece).await.unwrap_or(0);
        text.extend_from_slice(&piece[..read]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        let Some((top, body)) = whole.split_once("\r\n\r\n") else { continue };
        let length = top.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if read == 0 || body.len() >= length.and_then(|l| l.parse().ok()).unwrap_or(0) {
            break body.to_owned();
        }
    };
    let line = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default();
    let url = url::Url::parse("http://x").unwrap().join(path).unwrap();
    let token = url.query_pairs().find(|(name, _)| name == "validationToken");
    let (status, kind, answer) = match (token, manners) {
        (_, Manners::Refuses) => (500, "text/plain", String::new()),
        (Some((_, token)), Manners::Good) => (200, "text/plain", token.into_owned()),
        (Some((_, token)), Manners::WrongType) => (200, "text/html", token.into_owned()),
        (Some(_), Manners::WrongToken) => (200, "text/plain", "another".to_owned()),
        (None, _) => {
            heard.lock().unwrap().push((line, serde_json::from_str(&body).unwrap()));
            (202, "text/plain", String::new())
        }
    };
    let length = answer.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{answer}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn wanted(site: &Site, ear: &Ear, days: i64) -> Value {
    let at = site.graph.now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    json!({
        "changeType": "created,updated",
        "notificationUrl": ear.url,
        "lifecycleNotificationUrl": ear.url,
        "resource": format!("users/{}/mailFolders('inbox')/messages", Graph::ADDRESS),
        "expirationDateTime": at.to_string(),
        "clientState": "our secret",
    })
}

async fn subscribe(site: &Site, ear: &Ear) -> String {
    let answer = site.ask("POST", "/v1.0/subscriptions", &wanted(site, ear, 2)).await;
    let body = answer.json();
    assert_eq!(answer.status, 201, "{body}");
    assert_eq!(body["clientState"], "our secret");
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_subscription_is_made_only_where_somebody_listens() {
    let site = Site::start().await;
    for manners in [Manners::WrongToken, Manners::WrongType, Manners::Refuses] {
        let ear = Ear::open(manners).await;
        let answer = site.ask("POST", "/v1.0/subscriptions", &wanted(&site, &ear, 1)).await;
        assert_eq!(answer.refusal(), (400, "ValidationError".to_owned()));
    }
    let ear = Ear::open(Manners::Good).await;
    let good = wanted(&site, &ear, 1);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let cases = [
        (with("notificationUrl", json!("http://hooks.example.com/")), 400, "InvalidRequest"),
        (with("lifecycleNotificationUrl", json!("ftp://x/")), 400, "InvalidRequest"),
        (with("notificationUrl", json!("https://hooks.example.com/")), 400, "ValidationError"),
        (with("changeType", json!("everything")), 400, "InvalidRequest"),
        (with("changeType", Value::Null), 400, "InvalidRequest"),
        (with("expirationDateTime", json!("2020-01-01T00:00:00Z")), 400, "InvalidRequest"),
        (wanted(&site, &ear, 3), 400, "ExtensionError"),
        (with("resource", json!("users/nobody@example.org/messages")), 404, "ErrorInvalidUser"),
        (with("resource", json!("me/messages")), 400, "BadRequest"),
        (with("resource", json!("users/support@example.org/events")), 400, "InvalidRequest"),
    ];
    // 4,230 minutes are less than three days.
    let long = site.ask("POST", "/v1.0/subscriptions", &wanted(&site, &ear, 3)).await.json();
    let words = "Subscription expiration can only be 4230 minutes in the future.";
    assert_eq!(long["error"]["message"], words);
    for (body, status, code) in cases {
        let answer = site.ask("POST", "/v1.0/subscriptions", &body).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{body}");
    }
    assert!(site.graph.subscriptions().is_empty());
    let id = subscribe(&site, &ear).await;
    let path = format!("/v1.0/subscriptions/{id}");
    let shown = site.get(&path).await.json();
    assert_eq!((&shown["id"], &shown["clientState"]), (&json!(id), &Value::Null));
    let list = site.get("/v1.0/subscriptions").await.json();
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(site.ask("DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(site.get(&path).await.refusal(), (404, "ResourceNotFound".to_owned()));
}

#[tokio::test]
async fn changes_are_told_with_the_client_state() {
    let site = Site::start().await;
    let ear = Ear::open(Manners::Good).await;
    let subscription = subscribe(&site, &ear).await;
    let id = site.graph.deliver(plain(1));
    site.graph.deliver_to("sent", plain(2));
    let notice = ear.heard(1).await.pop().unwrap();
    let user = notice["resource"].as_str().unwrap().split('/').nth(1).unwrap().to_owned();
    let path = format!("Users/{user}/Messages/{id}");
    let cases = [
        ("/subscriptionId", json!(subscription)),
        ("/clientState", json!("our secret")),
        ("/changeType", json!("created")),
        ("/tenantId", json!(Graph::TENANT)),
        ("/resource", json!(path)),
        ("/resourceData/@odata.type", json!("#Microsoft.Graph.Message")),
        ("/resourceData/@odata.id", json!(path)),
        ("/resourceData/id", json!(id)),
    ];
    for (pointer, expected) in cases {
        assert_eq!(notice.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(notice["resourceData"]["@odata.etag"].as_str().unwrap().starts_with("W/\""));
    assert!(notice["subscriptionExpirationDateTime"].is_string());
    let by_user = site.get(&format!("/v1.0/users/{user}/messages/{id}")).await;
    assert_eq!(by_user.status, 200, "a user is named by its id as well");
    site.graph.mark_read(&id, true);
    assert_eq!(ear.heard(2).await[1]["changeType"], "updated");
    site.graph.destroy(&id);
    tokio::time::sleep(Duration::from_millis(50)).await;
    ear.heard(2).await;
    assert_eq!(site.graph.notices().delivered, 2);
}

#[tokio::test]
async fn a_share_of_the_notices_is_lost() {
    let site = Site::start().await;
    let ear = Ear::open(Manners::Good).await;
    subscribe(&site, &ear).await;
    site.graph.deliver_share(80);
    site.graph.deliver_many((0..100).map(plain).collect());
    let dropped = usize::try_from(site.graph.notices().dropped).unwrap();
    assert!((10..=30).contains(&dropped), "{dropped}");
    ear.heard(100 - dropped).await;
}

#[tokio::test]
async fn a_subscription_lives_by_its_renewals() {
    let site = Site::start().await;
    let ear = Ear::open(Manners::Good).await;
    let id = subscribe(&site, &ear).await;
    let path = format!("/v1.0/subscriptions/{id}");
    let until = |days: i64| -> Timestamp {
        site.graph.now().checked_add(SignedDuration::from_hours(24 * days)).unwrap()
    };
    let renew = async |mut site: Site| {
        site.token = site.graph.token();
        let at = site.graph.now().checked_add(SignedDuration::from_hours(48)).unwrap();
        let body = json!({ "expirationDateTime": at.to_string() });
        let answer = site.ask("PATCH", &path, &body).await;
        (site, answer)
    };
    assert!(site.graph.subscriptions()[0].1 <= until(2));
    let (mut site, mut answer) = renew(site).await;
    for _ in 0..30 {
        site.graph.advance(SignedDuration::from_hours(24));
        (site, answer) = renew(site).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    assert_eq!(site.graph.renewals(), 31);
    assert_eq!(answer.json()["id"], json!(id));
    site.graph.fail_renewals(1, 503);
    (site, answer) = renew(site).await;
    assert_eq!(answer.refusal(), (503, "ServiceNotAvailable".to_owned()));
    site.graph.advance(SignedDuration::from_hours(49));
    (site, answer) = renew(site).await;
    assert_eq!(answer.refusal(), (404, "ResourceNotFound".to_owned()), "too late");
    site.graph.deliver(plain(1));
    ear.heard(0).await;
    let again = subscribe(&site, &ear).await;
    assert_ne!(again, id);
}

#[tokio::test]
async fn lifecycle_events_come_to_their_address() {
    let site = Site::start().await;
    let ear = Ear::open(Manners::Good).await;
    let id = subscribe(&site, &ear).await;
    assert_eq!(site.graph.lifecycle(Lifecycle::Missed), 1);
    let notice = ear.heard(1).await.pop().unwrap();
    assert_eq!(notice["lifecycleEvent"], "missed");
    assert_eq!(
        (&notice["clientState"], &notice["subscriptionId"]),
        (&json!("our secret"), &json!(id))
    );
    assert!(notice.get("resourceData").is_none());

    site.graph.lifecycle(Lifecycle::ReauthorizationRequired);
    assert_eq!(ear.heard(2).await[1]["lifecycleEvent"], "reauthorizationRequired");
    site.graph.deliver(plain(1));
    ear.heard(2).await;
    let path = format!("/v1.0/subscriptions/{id}/reauthorize");
    assert_eq!(site.ask("POST", &path, &Value::Null).await.status, 204);
    site.graph.deliver(plain(2));
    assert_eq!(ear.heard(3).await[2]["changeType"], "created");

    site.graph.lifecycle(Lifecycle::SubscriptionRemoved);
    assert_eq!(ear.heard(4).await[3]["lifecycleEvent"], "subscriptionRemoved");
    assert!(site.graph.subscriptions().is_empty());
    let at = site.graph.now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let body = json!({ "expirationDateTime": at.to_string() });
    let renewal = site.ask("PATCH", &format!("/v1.0/subscriptions/{id}"), &body).await;
    assert_eq!(renewal.status, 404);
}
