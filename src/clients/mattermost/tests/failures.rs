//! Each call against a server that refuses, fails, is silent, or answers nonsense.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;

use super::{alice, channel, client, client_within, new_post, post, say, team};
use crate::{
    clients::{
        ApiError, MattermostClient,
        stand::{Say, Stand},
    },
    model::ids::ResponseHook,
};

type Call = fn(MattermostClient) -> BoxFuture<'static, Result<(), ApiError>>;

macro_rules! call {
    ($client:ident => $call:expr) => {
        |$client| Box::pin(async move { $call.await.map(drop) })
    };
}

/// A call, and whether it writes.
const CALLS: [(&str, bool, Call); 14] = [
    ("create_post", true, call!(c => c.create_post(&new_post()))),
    ("update_post", true, call!(c => c.update_post(&post(), "edited", &json!({})))),
    ("ephemeral", true, call!(c => c.ephemeral(&alice(), &channel(), "psst"))),
    ("posts_since", false, call!(c => c.posts_since(&channel(), Timestamp::UNIX_EPOCH))),
    ("thread", false, call!(c => c.thread(&post()))),
    ("post", false, call!(c => c.post(&post()))),
    ("is_member", false, call!(c => c.is_member(&channel(), &alice()))),
    ("channel", false, call!(c => c.channel(&channel()))),
    ("channel_by_name", false, call!(c => c.channel_by_name(&team(), "support"))),
    ("me", false, call!(c => c.me())),
    ("teams", false, call!(c => c.teams())),
    ("user", false, call!(c => c.user(&alice()))),
    ("user_by_name", false, call!(c => c.user_by_name("alice"))),
    ("server_version", false, call!(c => c.server_version())),
];

/// As the server words it.
fn refusal(status: u16) -> Say {
    let body = json!({
        "id": "api.context.permissions.app_error", "message": "You may not.",
        "detailed_error": "", "request_id": "x", "status_code": status,
    });
    say(status, &body)
}

/// A failed call's kind; the version is asked for without a token, by whatever answers.
async fn outcome(call: Call, limit: Duration, say: Say) -> (Result<(), ApiError>, usize) {
    let stand = Stand::by(move |_| say.clone()).await;
    let outcome = call(client_within(&stand, limit)).await;
    (outcome, stand.all().len())
}

#[tokio::test]
async fn a_refusal_is_told_apart() {
    let service = "mattermost";
    for (name, _, call) in CALLS {
        let rejected =
            ApiError::Rejected { service, status: 400, reasons: vec!["You may not.".to_owned()] };
        for (status, expected) in [
            (401, ApiError::Unauthorized { service }),
            (403, ApiError::Forbidden { service }),
            (404, ApiError::NotFound { service }),
            (400, rejected),
        ] {
            if (name, status) == ("is_member", 404) {
                continue;
            }
            let (outcome, asked) = outcome(call, Duration::from_secs(5), refusal(status)).await;
            assert_eq!(outcome, Err(expected), "{name}");
            assert_eq!(asked, 1, "{name}: {status}");
        }
    }
}

#[tokio::test]
async fn only_a_write_without_a_clear_answer_is_ambiguous() {
    let short = Duration::from_millis(150);
    let long = Duration::from_secs(5);
    let half = Say::status(200, "Content-Type: application/json\r\n", r#"{"id":"ds1ie"#);
    let bad = Say::json(&json!({"id": "no id", "order": ["no id"]}));
    let page = Say::status(200, "Content-Type: text/html\r\n", "<html>Sign in</html>");
    for (name, writes, call) in CALLS {
        for (what, limit, say) in [
            ("500", long, refusal(500)),
            ("502", long, Say::status(502, "Content-Type: text/html\r\n", "<html>")),
            ("cut", long, Say::Cut),
            ("no answer", short, Say::Hang),
        ] {
            let (outcome, asked) = outcome(call, limit, say).await;
            let kind = outcome.unwrap_err().kind();
            assert_eq!(kind, if writes { "ambiguous" } else { "unavailable" }, "{name}: {what}");
            let repeated = what == "cut" && !writes;
            assert_eq!(asked, if repeated { 2 } else { 1 }, "{name}: {what}");
        }
        for (what, say) in [("half", &half), ("other JSON", &bad), ("a page", &page)] {
            let kind = outcome(call, long, say.clone()).await.0.map_err(|error| error.kind());
            let expected = if writes { "ambiguous" } else { "malformed" };
            assert_eq!(kind, Err(expected), "{name}: {what}");
        }
    }
}

#[tokio::test]
async fn after_a_429_nothing_is_sent_for_anybody_until_it_is_over() {
    let limited = |after| ApiError::RateLimited {
        service: "mattermost",
        after: Some(Duration::from_secs(after)),
    };
    // As the description shows it, and as its source does it; a body that is no JSON.
    for (head, after) in [
        ("X-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 60\r\n", 60),
        ("Retry-After: 30\r\nX-RateLimit-Reset: 60\r\n", 30),
        ("", 5),
    ] {
        for (name, _, call) in CALLS {
            let stand = Stand::by(move |_| Say::status(429, head, "limit exceeded\n")).await;
            let client = client_within(&stand, Duration::from_secs(2));
            assert_eq!(call(client.clone()).await, Err(limited(after)), "{name}");
            for (other, _, call) in CALLS {
                let refused = call(client.clone()).await;
                assert!(matches!(refused, Err(ApiError::RateLimited { .. })), "{name}, {other}");
            }
            let hook = "http://x/hooks/commands/xz4ss77qpirj9embs17iy3bmae";
            let late = client.deliver(&ResponseHook::parse(hook).unwrap(), "late").await;
            assert!(matches!(late, Err(ApiError::RateLimited { .. })), "{late:?}");
            let url = stand.url.clone();
            let dialog = client.open_dialog("trigger", &url, &json!({})).await;
            assert!(matches!(dialog, Err(ApiError::RateLimited { .. })), "{dialog:?}");
            assert_eq!(stand.all().len(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn who_can_wait_for_the_end_of_a_rest_does() {
    let stand = Stand::by({
        let first = std::sync::atomic::AtomicBool::new(true);
        move |_| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                Say::status(429, "Retry-After: 1\r\n", "limit exceeded\n")
            } else {
                say(200, &super::user_json(super::ALICE, "alice"))
            }
        }
    })
    .await;
    let client = client(&stand);
    let started = Instant::now();
    assert!(client.user(&alice()).await.is_err());
    let dialog = client.open_dialog("trigger", &stand.url, &json!({})).await;
    assert!(matches!(dialog, Err(ApiError::RateLimited { .. })), "a trigger cannot wait");
    assert!(started.elapsed() < Duration::from_millis(900));
    assert_eq!(client.user(&alice()).await.map(|user| user.id), Ok(alice()));
    assert!(started.elapsed() >= Duration::from_secs(1));
}
