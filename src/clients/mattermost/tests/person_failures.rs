//! Each call of a person's against a server that refuses, fails, is silent, or answers nonsense.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;

use super::person::{done, file, new_channel, new_post};
use super::{ALICE, alice, channel, client_within, post, say, team};
use crate::{
    clients::{
        ApiError, Person,
        stand::{Say, Stand},
    },
    model::chat::{PageNo, PostsAt},
};

type Call = fn(Person) -> BoxFuture<'static, Result<(), ApiError>>;

macro_rules! call {
    ($person:ident => $call:expr) => {
        |$person| Box::pin(async move { $call.await.map(drop) })
    };
}

const PAGE: PageNo = PageNo { number: 0, size: 30 };

/// A call, and whether it writes. Those that first ask who asks are asked by somebody known.
const CALLS: [(&str, bool, Call); 35] = [
    ("me", false, call!(p => p.me())),
    ("user", false, call!(p => p.user(&alice()))),
    ("user_by_name", false, call!(p => p.user_by_name("alice"))),
    ("users", false, call!(p => p.users(PAGE))),
    ("users_by_ids", false, call!(p => p.users_by_ids(&[alice()]))),
    ("statuses", false, call!(p => p.statuses(&[alice()]))),
    ("typing", true, call!(p => p.typing(&channel(), None))),
    ("teams", false, call!(p => p.teams())),
    ("all_teams", false, call!(p => p.all_teams(PAGE))),
    ("team_by_name", false, call!(p => p.team_by_name("ops"))),
    ("channels", false, call!(p => p.channels(&team()))),
    ("public_channels", false, call!(p => p.public_channels(&team(), PAGE))),
    ("channel", false, call!(p => p.channel(&channel()))),
    ("channel_by_name", false, call!(p => p.channel_by_name(&team(), "support"))),
    ("members", false, call!(p => p.members(&channel(), PAGE))),
    ("create_channel", true, call!(p => p.create_channel(&new_channel()))),
    ("leave", true, call!(p => p.leave(&channel()))),
    ("add_member", true, call!(p => p.add_member(&channel(), &alice()))),
    ("remove_member", true, call!(p => p.remove_member(&channel(), &alice()))),
    ("remove_channel", true, call!(p => p.remove_channel(&channel()))),
    ("mark_read", true, call!(p => p.mark_read(&channel()))),
    ("posts", false, call!(p => p.posts(&channel(), &PostsAt::Page(PAGE)))),
    ("thread", false, call!(p => p.thread(&post()))),
    ("post", false, call!(p => p.post(&post()))),
    ("say", true, call!(p => p.say(&new_post()))),
    ("edit", true, call!(p => p.edit(&post(), "x"))),
    ("delete", true, call!(p => p.delete(&post()))),
    ("unreact", true, call!(p => p.unreact(&post(), "+1"))),
    ("search", false, call!(p => p.search(&team(), "x", PAGE))),
    ("file_info", false, call!(p => p.file_info(&file()))),
    ("create_user", true, call!(p => p.create_user("d", "d@x.example", &"password".into()))),
    ("set_active", true, call!(p => p.set_active(&alice(), true))),
    ("create_team", true, call!(p => p.create_team("x", "X", true))),
    ("add_to_team", true, call!(p => p.add_to_team(&team(), &alice()))),
    ("sign_out", true, call!(p => p.sign_out())),
];

async fn outcome(call: Call, limit: Duration, say: Say) -> (Result<(), ApiError>, usize) {
    let stand = Stand::by(move |_| say.clone()).await;
    let outcome = call(client_within(&stand, limit).person("session".into())).await;
    (outcome, stand.all().len())
}

fn refusal(status: u16) -> Say {
    let body = json!({
        "id": "api.context.permissions.app_error", "message": "You may not.",
        "detailed_error": "", "request_id": "x", "status_code": status,
    });
    say(status, &body)
}

#[tokio::test]
async fn a_refusal_is_told_apart() {
    let service = "mattermost";
    let rejected =
        ApiError::Rejected { service, status: 400, reasons: vec!["You may not.".to_owned()] };
    for (name, _, call) in CALLS {
        for (status, expected) in [
            (401, ApiError::Unauthorized { service }),
            (403, ApiError::Forbidden { service }),
            (404, ApiError::NotFound { service }),
            (400, rejected.clone()),
        ] {
            let (outcome, asked) = outcome(call, Duration::from_secs(5), refusal(status)).await;
            assert_eq!(outcome, Err(expected), "{name}");
            assert_eq!(asked, 1, "{name}: {status}");
        }
    }
    let stand = Stand::by(|_| refusal(401)).await;
    let wrong = client_within(&stand, Duration::from_secs(5)).sign_in("a", &"b".into()).await;
    assert_eq!(wrong.err(), Some(ApiError::Unauthorized { service }));
}

#[tokio::test]
async fn only_a_write_without_a_clear_answer_is_ambiguous() {
    let (short, long) = (Duration::from_millis(150), Duration::from_secs(5));
    let half = Say::status(200, "Content-Type: application/json\r\n", r#"{"id":"ds1ie"#);
    let bad = Say::json(&json!({"id": "no id", "order": ["no id"], "status": "FAIL"}));
    let page = Say::status(200, "Content-Type: text/html\r\n", "<html>Sign in</html>");
    for (name, writes, call) in CALLS {
        for (what, limit, say) in [
            ("500", long, refusal(500)),
            ("502", long, Say::status(502, "Content-Type: text/html\r\n", "<html>")),
            ("cut", long, Say::Cut),
            ("no answer", short, Say::Hang),
        ] {
            let kind = outcome(call, limit, say).await.0.map_err(|error| error.kind());
            let expected = if writes { "ambiguous" } else { "unavailable" };
            assert_eq!(kind, Err(expected), "{name}: {what}");
        }
        for (what, say) in [("half", &half), ("other JSON", &bad), ("a page", &page)] {
            let kind = outcome(call, long, say.clone()).await.0.map_err(|error| error.kind());
            let expected = if writes { "ambiguous" } else { "malformed" };
            assert_eq!(kind, Err(expected), "{name}: {what}");
        }
    }
}

#[tokio::test]
async fn after_a_429_nobody_asks_until_it_is_over() {
    for (name, _, call) in CALLS {
        let stand =
            Stand::by(|_| Say::status(429, "Retry-After: 30\r\n", "limit exceeded\n")).await;
        let client = client_within(&stand, Duration::from_secs(2));
        for _ in 0..2 {
            let kind = call(client.person("session".into())).await.map_err(|error| error.kind());
            assert_eq!(kind, Err("rate_limited"), "{name}");
        }
        let download = client.person("another".into()).file(&file()).await.err();
        assert_eq!(download.map(|error| error.kind()), Some("rate_limited"));
        assert_eq!(stand.all().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_missing_page_is_an_empty_one_and_a_forbidden_channel_is_not_mine() {
    let stand = Stand::by(|_| Say::json(&json!(null))).await;
    let person = client_within(&stand, Duration::from_secs(5)).person("session".into());
    assert_eq!(person.members(&channel(), PAGE).await, Ok(Vec::new()));
    for (status, expected) in [(403, Ok(false)), (404, Ok(false)), (500, Err("unavailable"))] {
        let stand = Stand::by(move |_| refusal(status)).await;
        let person = client_within(&stand, Duration::from_secs(5)).person("session".into());
        let is_in = person.is_in(&channel()).await.map_err(|error| error.kind());
        assert_eq!(is_in, expected, "{status}");
    }
    // Who asks is looked up once, and whoever lost that can try again.
    let stand = Stand::by({
        let first = std::sync::atomic::AtomicBool::new(true);
        move |asked| {
            if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                return Say::Hang;
            }
            if asked.line.contains("/users/me ") {
                return say(200, &super::person::user_json(ALICE, "alice"));
            }
            if asked.line.contains("/members") {
                return say(201, &json!({"user_id": ALICE}));
            }
            say(200, &done())
        }
    })
    .await;
    let person = client_within(&stand, Duration::from_millis(300)).person("session".into());
    let lost = person.join(&channel()).await.map_err(|error| error.kind());
    assert_eq!(lost, Err("unavailable"), "nothing was written");
    for _ in 0..2 {
        person.join(&channel()).await.unwrap();
    }
    let lines = stand.all().iter().filter(|asked| asked.line.contains("/users/me ")).count();
    assert_eq!(lines, 2);
}
