//! Webhooks: signed, told again, and different on each Jira.

use super::*;

struct Hook {
    /// Refuses so many first.
    refusals: Mutex<u32>,
    got: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl crate::sandbox::server::Service for Hook {
    fn answer(&self, request: &Request) -> Reply {
        lock(&self.got).push((request.headers.clone(), request.body.clone()));
        let mut left = lock(&self.refusals);
        let refuse = *left > 0;
        *left = left.saturating_sub(1);
        Reply::empty(if refuse { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK })
    }

    fn login(&self, _: &Request) -> Option<&'static str> {
        None
    }
}

async fn hook(refusals: u32) -> Server<Hook> {
    let hook = Hook { refusals: Mutex::new(refusals), got: Mutex::default() };
    Server::start(|_| hook).await.expect("a port")
}

async fn arrived(hook: &Server<Hook>, count: usize) -> Vec<(HeaderMap, Bytes)> {
    for _ in 0..200 {
        if lock(&hook.service().got).len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Long enough for one too many.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let got = lock(&hook.service().got).clone();
    assert_eq!(got.len(), count);
    got
}

#[tokio::test]
async fn webhooks_are_signed_and_retried_under_one_identifier() {
    let (jira, hook) = (Jira::start().await.expect("a port"), hook(2).await);
    let key = jira.new_issue("x");
    jira.webhook_to(hook.url().join("in?x=1").expect("a URL"), "secret");
    let id = jira.comment_as("alice", &key, "hello <you>");
    let got = arrived(&hook, 3).await;
    let of = |name: &str| -> Vec<Option<String>> {
        got.iter().map(|(headers, _)| Some(headers.get(name)?.to_str().ok()?.to_owned())).collect()
    };
    let identifiers = of("x-atlassian-webhook-identifier");
    assert!(identifiers.iter().all(|one| one.is_some() && *one == identifiers[0]));
    assert_eq!(of("x-atlassian-webhook-retry"), [None, Some("1".into()), Some("2".into())]);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("a key");
    mac.update(&got[0].1);
    let signature = base16ct::lower::encode_string(&mac.finalize().into_bytes());
    assert_eq!(of("x-hub-signature")[0], Some(format!("sha256={signature}")));
    let body: Value = serde_json::from_slice(&got[0].1).expect("JSON");
    assert_eq!(body["webhookEvent"], json!("comment_created"));
    assert_eq!((&body["comment"]["id"], &body["issue"]["key"]), (&json!(id), &json!(key)));
    assert_eq!(body["comment"]["body"], json!("hello <you>"));

    assert!(jira.edit_comment(&key, &id, "hello"));
    let got = arrived(&hook, 4).await;
    let body: Value = serde_json::from_slice(&got[3].1).expect("JSON");
    assert_eq!(body["webhookEvent"], json!("comment_updated"));
    jira.close(&key);
    let got = arrived(&hook, 5).await;
    let body: Value = serde_json::from_slice(&got[4].1).expect("JSON");
    assert_eq!(body["webhookEvent"], json!("jira:issue_updated"));
    // As a public sample of Cloud's has it.
    assert_eq!(body["issue_event_type_name"], json!("issue_generic"));
    let fields = &body["issue"]["fields"];
    assert_eq!(fields["status"]["statusCategory"]["key"], json!("done"));
    assert!(fields["updated"].is_string(), "{fields}");
    let items = json!([
        { "field": "resolution", "fieldtype": "jira", "fieldId": "resolution",
          "from": null, "fromString": null, "to": "10000", "toString": "Done" },
        { "field": "status", "fieldtype": "jira", "fieldId": "status",
          "from": "10000", "fromString": "To Do", "to": "10001", "toString": "Done" },
    ]);
    assert_eq!(body["changelog"]["items"], items);
    assert_eq!(body["user"]["displayName"], json!("Alice Archer"));
}

#[tokio::test]
async fn data_center_tells_of_a_comment_without_its_issue_and_with_it() {
    let (jira, hook) = (data_center().await, hook(0).await);
    let key = jira.new_issue("x");
    jira.webhook_to(hook.url(), "secret");
    let id = jira.comment_as("bob", &key, "once");
    let got = arrived(&hook, 2).await;
    let told: Vec<Value> =
        got.iter().map(|(_, body)| serde_json::from_slice(body).expect("JSON")).collect();
    let of = |event: &str| told.iter().find(|body| body["webhookEvent"] == event).expect(event);
    let (alone, again) = (of("comment_created"), of("jira:issue_updated"));
    assert_eq!((alone.get("issue"), &alone["comment"]["id"]), (None, &json!(id)));
    assert_eq!(again["issue_event_type_name"], json!("issue_commented"));
    assert_eq!((&again["issue"]["key"], &again["comment"]["id"]), (&json!(key), &json!(id)));
    let identifier = |at: usize| &got[at].0["x-atlassian-webhook-identifier"];
    assert_ne!(identifier(0), identifier(1));
}
