//! Finding the server, being known there, and the sorting of failures.

use std::time::Duration;

use secrecy::SecretString;

use super::{
    super::{ApiError, JmapAuth},
    recorded,
    stand::{Say, Stand, usual},
};

const UNAUTHORIZED: ApiError = ApiError::Unauthorized { service: "jmap" };
const NONE: &str = recorded!("12-email-changes-none.response");
const STATE: &str =
    r#"{"methodResponses":[["Email/get",{"state":"24","list":[],"notFound":[]},"a"]]}"#;

fn state() -> Say {
    Say::status(200, "Content-Type: application/json\r\n", STATE)
}

#[tokio::test]
async fn the_session_is_asked_for_once_and_every_call_is_signed() {
    let stand = Stand::saying([state(), Say::raw(NONE)]).await;
    let client = stand.client();
    assert_eq!(client.state().await.as_deref(), Ok("24"));
    assert_eq!(client.changes("24", 50).await.unwrap().state, "24");
    let all = stand.all();
    let lines: Vec<_> = all.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(lines, ["GET /jmap/ HTTP/1.1", "POST /jmap/ HTTP/1.1", "POST /jmap/ HTTP/1.1"]);
    for asked in all {
        assert!(asked.head.contains("authorization: basic c3vwcg9yddpzzwnyzxq="), "{asked:?}");
    }
    assert!(client.part().is_well());
}

#[tokio::test]
async fn the_well_known_address_leads_to_the_session() {
    let mut stand = Stand::by(|asked| {
        let host = asked.head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        match asked.line.as_str() {
            "GET /.well-known/jmap HTTP/1.1" => {
                let moved = recorded!("01-wellknown.response");
                Say::raw(&moved.replace("127.0.0.1:18080", host))
            }
            "GET /jmap HTTP/1.1" => Say::raw(recorded!("02-session-noslash.response")),
            _ => state(),
        }
    })
    .await;
    stand.url.set_path("/.well-known/jmap");
    assert_eq!(stand.client().state().await.as_deref(), Ok("24"));
    assert_eq!(stand.all().last().unwrap().line, "POST /jmap/ HTTP/1.1");
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_server_only() {
    for (location, found) in [("/jmap/", true), ("http://localhost:1/jmap/", false)] {
        let mut stand = Stand::by(move |asked| {
            if asked.line.starts_with("GET /.well-known/jmap ") {
                return Say::status(301, &format!("Location: {location}\r\n"), "");
            }
            usual(asked).unwrap_or_else(state)
        })
        .await;
        stand.url.set_path("/.well-known/jmap");
        let outcome = stand.client().state().await;
        assert_eq!(outcome.is_ok(), found, "{location}: {outcome:?}");
        assert!(stand.all().iter().all(|asked| found || asked.line.contains("well-known")));
    }
    let round = Stand::by(|_| Say::status(302, "Location: /jmap/\r\n", "")).await;
    let error = round.client().state().await.unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once() {
    let stand = Stand::by(|_| Say::raw(recorded!("04-unauth.response"))).await;
    assert_eq!(stand.client().state().await, Err(UNAUTHORIZED));
    let token = JmapAuth::Token(SecretString::from("t"));
    assert_eq!(stand.client_with(token).state().await, Err(UNAUTHORIZED));
    assert_eq!(stand.all().len(), 2);
}

#[tokio::test]
async fn a_token_that_was_renewed_is_read_again() {
    let stand = Stand::by(|asked| {
        if !asked.head.contains("authorization: bearer new") {
            return Say::raw(recorded!("04-unauth.response"));
        }
        usual(asked).unwrap_or_else(state)
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let client = stand.client_with(JmapAuth::TokenFile(file.clone()));
    assert_eq!(client.state().await, Err(UNAUTHORIZED), "no file yet");
    std::fs::write(&file, "old\n").unwrap();
    assert_eq!(client.state().await, Err(UNAUTHORIZED));
    assert_eq!(stand.all().len(), 1, "the same token is not tried again");
    std::fs::write(&file, "new\n").unwrap();
    assert_eq!(client.state().await.as_deref(), Ok("24"));
    assert_eq!(client.state().await.as_deref(), Ok("24"));
}

#[tokio::test]
async fn a_lost_account_is_looked_for_once() {
    let lost = recorded!("27-bad-account.response");
    let stand = Stand::saying([Say::raw(lost), state(), Say::raw(lost), Say::raw(lost)]).await;
    let client = stand.client();
    assert_eq!(client.state().await.as_deref(), Ok("24"));
    assert_eq!(client.state().await, Err(ApiError::NotFound { service: "jmap" }));
    let sessions = stand.all().iter().filter(|asked| asked.line.starts_with("GET")).count();
    assert_eq!(sessions, 3);
}

#[tokio::test]
async fn trouble_is_sorted_by_what_to_do_about_it() {
    let problem = recorded!("28-not-json.response");
    let login_page = Say::status(200, "Content-Type: text/html\r\n", "<html>");
    for (say, expected) in [
        (Say::status(429, "Retry-After: 7\r\n", ""), "rate_limited"),
        (Say::status(403, "", ""), "forbidden"),
        (Say::status(500, "", ""), "unavailable"),
        (Say::raw(problem), "unavailable"),
        (Say::Hang, "unavailable"),
        (Say::Cut, "unavailable"),
        (login_page, "malformed"),
        (Say::status(200, "Content-Type: application/json\r\n", "{"), "malformed"),
        (Say::methods(&[]), "malformed"),
        (Say::method("Foo/get", serde_json::json!({})), "malformed"),
        (Say::error("serverFail"), "unavailable"),
        (Say::error("serverUnavailable"), "unavailable"),
        (Say::error("rateLimit"), "rate_limited"),
        (Say::raw(recorded!("26-unknown-method.response")), "rejected"),
    ] {
        let stand = Stand::saying([say.clone(), Say::Cut]).await;
        let error = stand.client().state().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{say:?}: {error}");
    }
    let error = Stand::saying([Say::error("tooLarge")]).await.client().state().await.unwrap_err();
    let reasons = vec!["tooLarge: so it is".to_owned()];
    assert_eq!(error, ApiError::Rejected { service: "jmap", status: 200, reasons });
}

#[tokio::test]
async fn a_read_is_tried_again_when_the_connection_broke_and_only_then() {
    let stand = Stand::saying([Say::Cut, state()]).await;
    assert_eq!(stand.client().state().await.as_deref(), Ok("24"));
    let stand = Stand::saying([Say::status(500, "", ""), state()]).await;
    assert!(stand.client().state().await.is_err());
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn no_more_than_four_calls_are_made_at_once() {
    let stand = Stand::by(|asked| usual(asked).unwrap_or(Say::Hang)).await;
    let client = stand.client();
    client.folders().await.unwrap();
    let calls = futures_util::future::join_all((0..6).map(|_| client.state()));
    let soon = Duration::from_millis(500);
    assert!(tokio::time::timeout(soon, calls).await.is_err(), "all wait");
    assert_eq!(stand.asked().len(), 4);
    let late = futures_util::future::join_all((0..6).map(|_| client.state())).await;
    assert!(late.iter().all(|outcome| outcome.as_ref().is_err_and(ApiError::is_outage)));
}
