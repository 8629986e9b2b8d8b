//! The recordings of Mattermost 7.6: slash requests, response URLs, dialogs, users; posts and their
//! buttons.

mod posts;
mod sockets;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use ticketd::sandbox::{Mattermost, OpenedDialog, SlashForm, SubmitResult};
use tokio::net::TcpListener;
use url::Url;

use crate::exchange::{Response, send};
use crate::shape::differences;

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mattermost").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    serde_json::from_value(value.clone()).unwrap()
}

/// What changes from one command to the next.
fn unique(name: &str) -> bool {
    ["response_url", "trigger_id"].contains(&name)
}

/// Compares the request that a recorded command caused with that of the stand-in.
fn check_slash(form: &SlashForm, recorded: &Value, typed: &str) {
    let url: Url = "http://127.0.0.1:9999/slash/redmine".parse().unwrap();
    let fields = pairs(&recorded["form"]);
    let mask = |fields: &[(String, String)]| -> Vec<(String, String)> {
        let blot = |(name, value): &(String, String)| {
            (name.clone(), if unique(name) { "…".to_owned() } else { value.clone() })
        };
        fields.iter().map(blot).collect()
    };
    assert_eq!(mask(&form.fields), mask(&fields), "{typed:?}");
    // The same fields must make the same bytes.
    let again = SlashForm { fields };
    assert_eq!(again.body(), recorded["body"].as_str().unwrap(), "{typed:?}");
    assert_eq!(again.headers(&url), pairs(&recorded["headers"]), "{typed:?}");
    assert_eq!(form.field("trigger_id").len() % 4, 0);
}

#[tokio::test]
async fn slash_requests_are_byte_for_byte_as_recorded() {
    let mattermost = Mattermost::start().await.unwrap();
    let first = fixture("02-slash-request.json");
    let variants = fixture("02-slash-request-variants.json");
    let more =
        ["no_text", "upper_case_trigger", "extra_spaces", "newline_after_trigger", "in_thread"];
    let all = [&first].into_iter().chain(more.iter().map(|name| &variants[*name]));
    for recorded in all {
        let typed = recorded["execute"]["request"]["body"]["command"].as_str().unwrap();
        check_slash(&mattermost.slash("alice", typed), &recorded["request_to_bot"], typed);
    }
}

/// Posts JSON or text to a path of the stand-in.
async fn post(mattermost: &Mattermost, path: &str, body: &Value) -> Response {
    let (kind, body) = match body {
        // The recorder sent broken JSON as JSON, and plain text as text.
        Value::String(text) if text.starts_with('{') => ("application/json", text.clone()),
        Value::String(text) => ("text/plain", text.clone()),
        other => ("application/json", other.to_string()),
    };
    let headers = [("Content-Type", kind.to_owned()), ("Content-Length", body.len().to_string())]
        .map(|(name, value)| (name.to_owned(), value));
    let line = format!("POST {path} HTTP/1.1");
    send(mattermost.address(), &line, &headers, body.as_bytes()).await
}

/// Status, content type and body; ids and details that name the request differ.
fn check_answer(recorded: &Value, answered: &Response, what: &str) {
    assert_eq!(json!(answered.status), recorded["status"], "{what}");
    let kind = pairs(&recorded["headers"]).into_iter().find(|(name, _)| name == "Content-Type");
    assert_eq!(answered.header("content-type"), kind.as_ref().map(|(_, value)| value.as_str()));
    if let Value::String(text) = &recorded["body"] {
        assert_eq!(String::from_utf8_lossy(&answered.body), *text, "{what}");
        return;
    }
    let body: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(differences(&recorded["body"], &body), [""; 0], "{what}");
    for field in ["id", "message", "status_code", "status"] {
        if recorded["status"] != json!(200) || field == "status" {
            assert_eq!(body[field], recorded["body"][field], "{what}: {field}");
        }
    }
}

#[tokio::test]
async fn a_response_url_takes_five_answers() {
    let mattermost = Mattermost::start().await.unwrap();
    let recorded = fixture("04-response-url.json");
    let url: Url = mattermost.slash("alice", "/redmine").field("response_url").parse().unwrap();
    let uses = recorded["uses"].as_array().unwrap();
    for one in uses {
        let one = &one["result"];
        let answered = post(&mattermost, url.path(), &one["request"]["body"]).await;
        check_answer(one, &answered, &one["request"]["body"].to_string());
    }
    let arrived = mattermost.delayed();
    assert_eq!(arrived.len(), 5, "the sixth is not posted");
    assert_eq!(arrived[1].text(), "delayed 2");
    assert_eq!((arrived[0].in_channel(), arrived[1].in_channel()), (false, true));
    assert_eq!(arrived[0].user_id, Mattermost::user_id("alice"));

    let unknown = &recorded["unknown_hook"];
    let path = unknown["request"]["path"].as_str().unwrap();
    check_answer(unknown, &post(&mattermost, path, &unknown["request"]["body"]).await, "unknown");
    let url: Url = mattermost.slash("bob", "/redmine").field("response_url").parse().unwrap();
    for (name, case) in [("plain", &recorded["plain"]["result"]), ("bad", &recorded["bad_json"])] {
        check_answer(case, &post(&mattermost, url.path(), &case["request"]["body"]).await, name);
    }
    assert_eq!(mattermost.delayed().last().unwrap().text(), "plain delayed");
}

const OPEN: &str = "/api/v4/actions/dialogs/open";

#[tokio::test]
async fn dialogs_open_as_recorded() {
    let mattermost = Mattermost::start().await.unwrap();
    let recorded = fixture("05-dialog-open.json");
    let cases = [
        ("open", true),
        ("open_without_any_token", true),
        ("open_bad_trigger", false),
        ("open_no_url", true),
        ("open_invalid_elements", true),
    ];
    let mut trigger = String::new();
    for (name, fresh) in cases {
        let mut body = recorded[name]["request"]["body"].clone();
        if fresh {
            mattermost.slash("alice", "/redmine new").field("trigger_id").clone_into(&mut trigger);
            body["trigger_id"] = json!(trigger);
        }
        check_answer(&recorded[name], &post(&mattermost, OPEN, &body).await, name);
    }
    let mut again = recorded["open_again_same_trigger"]["request"]["body"].clone();
    again["trigger_id"] = json!(trigger);
    check_answer(&recorded["open"], &post(&mattermost, OPEN, &again).await, "again");
    let opened = mattermost.dialogs();
    assert_eq!(opened.len(), 4);
    assert_eq!(opened[0].user_id, Mattermost::user_id("alice"));
    assert_eq!(opened[0].dialog, recorded["open"]["request"]["body"]["dialog"]);
    assert_eq!(opened[0].problems, [""; 0]);
    assert_eq!(opened[2].problems.len(), 2, "{:?}", opened[2].problems);
}

#[tokio::test]
async fn a_trigger_id_expires_as_recorded() {
    let mattermost = Mattermost::start().await.unwrap();
    let recorded = fixture("05-dialog-open.json");
    let trigger = mattermost.slash("alice", "/redmine new").field("trigger_id").to_owned();
    for (name, wait) in [("open_after_2.5s", 2_500), ("open_after_3.2s", 700)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(wait)).await;
        tokio::time::resume();
        let mut body = recorded[name]["request"]["body"].clone();
        body["trigger_id"] = json!(trigger);
        check_answer(&recorded[name], &post(&mattermost, OPEN, &body).await, name);
    }
}

/// An integration that answers as it was told, and keeps what it got.
#[derive(Clone, Default)]
struct Bot {
    answer: Arc<Mutex<Value>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// The names of a request's headers in their order, and its body.
type Seen = (Vec<String>, String);

impl Bot {
    async fn start(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/dialog", listener.local_addr().unwrap()).parse().unwrap();
        let bot = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bot = bot.clone();
                let service = service_fn(move |request| bot.clone().serve(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        url
    }

    async fn serve(
        self,
        request: http::Request<hyper::body::Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, &'static str> {
        let names = request.headers().keys().map(ToString::to_string).collect();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        self.seen.lock().unwrap().push((names, body));
        let answer = self.answer.lock().unwrap().clone();
        if answer["drop"] == json!(true) {
            return Err("dropped, as recorded");
        }
        let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
        let mut response = http::Response::builder().status(status);
        if let Some(kind) = answer["ct"].as_str() {
            response = response.header("content-type", kind);
        }
        let body = answer["body"].as_str().unwrap().to_owned();
        Ok(response.body(Full::new(Bytes::from(body))).unwrap())
    }
}

/// What the recorded answer of the server means to the user.
fn meaning(result: &Value) -> SubmitResult {
    if result["status"] != json!(200) {
        return SubmitResult::Failed;
    }
    let error = result["body"]["error"].as_str().unwrap_or_default().to_owned();
    let errors = result["body"].get("errors").cloned().unwrap_or_else(|| json!({}));
    let errors: std::collections::BTreeMap<_, _> = serde_json::from_value(errors).unwrap();
    if error.is_empty() && errors.is_empty() {
        return SubmitResult::Closed;
    }
    SubmitResult::Refused { error, errors }
}

#[tokio::test]
async fn submissions_are_sent_and_read_as_recorded() {
    let mattermost = Mattermost::start().await.unwrap();
    let bot = Bot::default();
    let url = bot.start().await;
    let recorded = fixture("05-dialog-submit.json");
    let others = ["no_session", "foreign_channel", "in_dm_without_team", "in_dm_with_team"];
    for (name, case) in recorded.as_object().unwrap() {
        if others.contains(&name.as_str()) {
            continue;
        }
        *bot.answer.lock().unwrap() = case["bot_answered"].clone();
        let sent = &case["submit_result"]["request"]["body"];
        let dialog = OpenedDialog {
            user_id: Mattermost::user_id("alice").to_owned(),
            channel_id: Mattermost::channel_id("support").to_owned(),
            team_id: Mattermost::TEAM.to_owned(),
            url: url.to_string(),
            dialog: json!({
                "callback_id": sent["callback_id"],
                "state": sent["state"],
                "notify_on_cancel": true,
            }),
            problems: Vec::new(),
        };
        let user = if name.starts_with("forged_by_bob") { "bob" } else { "alice" };
        let result = if sent["cancelled"] == json!(true) {
            mattermost.cancel_dialog(user, &dialog).await
        } else {
            mattermost.submit_dialog(user, &dialog, sent["submission"].clone()).await
        };
        assert_eq!(result, meaning(&case["submit_result"]), "{name}");

        let (headers, body) = bot.seen.lock().unwrap().pop().expect("a request");
        let request = &case["request_to_bot"];
        let names: Vec<_> =
            pairs(&request["headers"]).into_iter().map(|(name, _)| name.to_lowercase()).collect();
        assert_eq!(headers, names, "{name}");
        // The recorder could also cancel without a submission, which a client does not.
        if name != "cancel_null_submission" {
            assert_eq!(body, request["body"].as_str().unwrap(), "{name}");
        }
    }
    assert_eq!(bot.seen.lock().unwrap().len(), 0, "one request a submission");
}

#[tokio::test]
async fn users_are_shown_as_recorded() {
    let mattermost = Mattermost::start().await.unwrap();
    let recorded = fixture("08-users.json");
    let bot = Some(Mattermost::bot_token());
    let cases = [
        ("bad_token", Some("nonsense")),
        ("no_token", None),
        ("bot_me", bot),
        ("me_teams", bot),
        ("alice_as_bot_sees", bot),
        ("alice_by_username", bot),
        ("user_404", bot),
    ];
    for (name, token) in cases {
        let path = recorded[name]["request"]["path"].as_str().unwrap();
        check_answer(&recorded[name], &get(&mattermost, path, token).await, name);
    }
    let alice = Mattermost::user_id("alice");
    let locales = [("bob", "ko"), ("carol", "fr"), ("alice", "en")];
    for (user, locale) in locales {
        let id = Mattermost::user_id(user);
        let answered = get(&mattermost, &format!("/users/{id}"), bot).await;
        let body: Value = serde_json::from_slice(&answered.body).unwrap();
        assert_eq!(body["locale"], json!(locale), "{user}");
    }
    mattermost.set_locale(alice, "de");
    let answered = get(&mattermost, &format!("/users/{alice}"), bot).await;
    let body: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(body["locale"], json!("de"));
    let logins: Vec<_> = mattermost.ledger().into_iter().take(3).map(|call| call.login).collect();
    assert_eq!(logins, [None, None, Some("ticketd")]);
}

async fn get(mattermost: &Mattermost, path: &str, token: Option<&str>) -> Response {
    let headers: Vec<_> = token
        .map(|token| ("Authorization".to_owned(), format!("Bearer {token}")))
        .into_iter()
        .collect();
    let line = format!("GET /api/v4{path} HTTP/1.1");
    send(mattermost.address(), &line, &headers, b"").await
}

/// A request with JSON.
async fn send_json(
    mattermost: &Mattermost,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> Response {
    let body = body.to_string();
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Content-Length".to_owned(), body.len().to_string()),
    ];
    headers.extend(token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}"))));
    let line = format!("{method} {path} HTTP/1.1");
    send(mattermost.address(), &line, &headers, body.as_bytes()).await
}
