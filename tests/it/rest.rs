//! Callers of the API make, find and comment tickets.

use serde_json::{Value, json};
use ticketd::sandbox::{Fault, FaultRule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::Post;
use crate::harness::api::{CONTEXT, FORM, Part, form};
use crate::harness::wire;

/// A request line, headers and body; the status and the kind of problem.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c [u8], u16, &'c str);

fn printer() -> Value {
    json!({
        "title": "The printer is out of order",
        "body": "It shows E-42 since this morning.",
        "reporter": "ann@customer.example",
        "board": "support",
        "category": "general"
    })
}

#[tokio::test]
async fn a_ticket_is_made_read_and_commented() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let made = post.app.api_json("POST /tickets/", &token, &printer()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let ticket = made.json();
    let key = ticket["key"].as_str().unwrap().to_owned();
    assert_eq!(ticket["title"], "The printer is out of order");
    assert_eq!(made.header("location"), Some(format!("{CONTEXT}/tickets/{key}").as_str()));
    for field in ["id", "body", "created", "status", "labels", "url", "type", "project"] {
        assert!(!ticket[field].is_null(), "{field}: {ticket}");
    }
    assert!(ticket["status"]["color-name"].is_string(), "{ticket}");
    assert_eq!((&ticket["comments"], &ticket["attachments"]), (&json!([]), &json!([])));

    let comment = json!({"body": "It works again.", "author": "ann@customer.example"});
    let line = format!("POST /tickets/{key}/comment");
    let said = post.app.api_json(&line, &token, &comment).await;
    assert_eq!((said.status, said.body.as_str()), (204, ""), "{said:?}");
    let read = post.app.api(&format!("GET /tickets/{key}"), &token, &[], b"").await;
    let comments = read.json()["comments"].clone();
    assert!(comments[0]["body"].as_str().unwrap().contains("It works again."), "{comments}");
    assert_eq!(post.issues(1).await.len(), 1);
    let line = "GET /tickets/?boards=support&categories=general&q=printer&fields=watchers";
    let listed = post.app.api(line, &token, &[], b"").await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed[0]["key"], &listed[0]["watchers"]), (&json!(key), &json!([])));

    let nowhere = post.app.api_json("POST /tickets/SUP-999/comment", &token, &comment).await;
    assert_eq!((nowhere.status, nowhere.problem().0.as_str()), (404, "not-found"));
    let nowhere = post.app.api("GET /tickets/SUP-999", &token, &[], b"").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn the_same_key_is_the_same_request() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let asking = (0..100).map(|_| async {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "one")];
        let body = printer().to_string();
        post.app.api("POST /tickets/", &token, &headers, body.as_bytes()).await
    });
    let answers = futures_util::future::join_all(asking).await;
    let first = answers[0].json()["key"].clone();
    for answer in &answers {
        assert_eq!((answer.status, &answer.json()["key"]), (201, &first), "{answer:?}");
    }
    assert_eq!(post.living().len(), 1);
    let mut other = printer();
    other["title"] = "Something else".into();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "one")];
    let other = other.to_string();
    let refused = post.app.api("POST /tickets/", &token, &headers, other.as_bytes()).await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (422, "key-reused"));
    assert_eq!(post.living().len(), 1);
}

#[tokio::test]
async fn a_slow_tracker_gives_a_place_to_ask() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    post.jira.fault(FaultRule::from(Fault::Status(503)).at("POST /rest/api/2/issue").times(1));
    let later = post.app.api_json("POST /tickets/", &token, &printer()).await;
    assert_eq!(later.status, 202, "{later:?}");
    let place = later.header("location").unwrap().strip_prefix(CONTEXT).unwrap().to_owned();
    assert!(later.header("retry-after").is_some());
    assert_eq!(later.json()["state"], "delayed");
    post.issues(1).await;
    let line = format!("GET {place}");
    let done = loop {
        let asked = post.app.api(&line, &token, &[], b"").await.json();
        if asked["state"] == "done" {
            break asked;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(done["key"], post.living()[0].key.as_str());
    let unknown = post.app.api("GET /requests/999.1", &token, &[], b"").await;
    assert_eq!(unknown.status, 404);

    post.jira.fault(FaultRule::from(Fault::Status(400)).at("POST /rest/api/2/issue").times(1));
    let refused = post.app.api_json("POST /tickets/", &token, &printer()).await;
    assert_eq!((refused.status, refused.problem().0.as_str()), (409, "tracker-refused"));
}

#[tokio::test]
async fn files_come_with_a_form_in_any_order() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let large = vec![b'x'; 300_000];
    let sent = form(&[
        ("attachments", Some(("log.txt", "text/plain")), b"first\r\nline"),
        ("watchers", None, b"bob@customer.example"),
        ("title", None, b"The printer is out of order"),
        ("watchers", None, b"eve@customer.example"),
        ("attachments", Some(("shot.png", "image/png")), &large),
        ("body", None, b"It shows E-42."),
        ("reporter", None, b"ann@customer.example"),
        ("attachments", Some(("", "application/octet-stream")), b""),
    ]);
    let made = post.app.api("POST /tickets/", &token, &[FORM], &sent).await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for _ in 0..100 {
        let read = post.app.api(&format!("GET /tickets/{key}"), &token, &[], b"").await.json();
        found = read["attachments"].as_array().unwrap().clone();
        if found.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut names: Vec<_> =
        found.iter().map(|file| (file["filename"].clone(), file["size"].clone())).collect();
    names.sort_by_key(|name| name.0.to_string());
    assert_eq!(names, [(json!("log.txt"), json!(11)), (json!("shot.png"), json!(300_000))]);
}

#[tokio::test]
async fn what_is_wrong_is_told_all_at_once() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let app = &post.app;
    let wrong = json!({"title": "abc", "watchers": ["x"], "colour": "red"});
    let refused = app.api_json("POST /tickets/", &token, &wrong).await;
    let (kind, mut places) = refused.problem();
    places.sort();
    assert_eq!((refused.status, kind.as_str()), (400, "invalid-body"));
    assert_eq!(places, ["/body", "/colour", "/reporter", "/title", "/watchers/0"]);
    let json_type = [("Content-Type", "application/json")];
    let french = [("Content-Type", "application/json"), ("Accept-Language", "fr")];
    let huge = vec![b'x'; 9 * 1024 * 1024];
    let too_much = form(&[("attachments", Some(("x", "text/plain")), &huge)]);
    let one: Part<'_> = ("attachments", Some(("x", "a/b")), b"x");
    let too_many = form(&[one; 21]);
    let broken = b"--b0undary\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nThe";
    let cases: [Case<'_>; 13] = [
        ("POST /tickets/", &json_type, b"{", 400, "invalid-body"),
        ("POST /tickets/", &french, b"[]", 400, "invalid-body"),
        ("POST /tickets/", &[], b"title=x", 415, "unsupported-media-type"),
        ("POST /tickets/", &[("Content-Type", "text/plain")], b"x", 415, "unsupported-media-type"),
        ("POST /tickets/", &[("Content-Type", "multipart/form-data")], b"x", 400, "invalid-body"),
        ("POST /tickets/", &[FORM], broken, 400, "invalid-body"),
        ("POST /tickets/", &[FORM], &too_many, 413, "too-large"),
        ("POST /tickets/", &[FORM], &too_much, 413, "too-large"),
        ("GET /tickets/?limit=0&x=1", &[], b"", 400, "invalid-parameters"),
        ("GET /tickets/?cursor=forged", &[], b"", 404, "not-found"),
        ("DELETE /tickets/SUP-1", &[], b"", 405, "method-not-allowed"),
        ("GET /nothing", &[], b"", 404, "not-found"),
        ("GET /tickets/..%2f..%2fmyself", &[], b"", 404, "not-found"),
    ];
    for (line, headers, body, status, kind) in cases {
        let answer = app.api(line, &token, headers, body).await;
        assert_eq!((answer.status, answer.problem().0.as_str()), (status, kind), "{line}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{line}");
    }
    assert!(post.living().is_empty());
}

#[tokio::test]
async fn tokens_open_what_their_scope_says_until_they_are_taken_back() {
    let post = Post::start().await;
    let app = &post.app;
    let (reads, writes) = (app.token("reader", "read").await, app.token("writer", "write").await);
    let boards = "GET /tickets/supported-boards";
    for (token, line, status) in [
        (reads.as_str(), boards, 200),
        (&writes, boards, 200),
        (&reads, "POST /tickets/", 403),
        ("", boards, 401),
        ("ticketd_000000000000_00", boards, 401),
        (&reads, "OPTIONS /tickets/", 204),
    ] {
        let answer = app.api(line, token, &[], b"").await;
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{line}");
    }
    let boards_told = app.api(boards, &reads, &[], b"").await;
    assert_eq!(boards_told.json(), json!(["support"]));
    let categories = app.api("GET /tickets/supported-categories", &reads, &[], b"").await;
    assert_eq!(categories.json(), json!(["general"]));
    app.operator(&json!({"revoke_token": "reader"})).await;
    assert_eq!(app.api(boards, &reads, &[], b"").await.status, 401);
    let listed = app.operator(&json!("tokens")).await;
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 1);
    assert!(listed["tokens"][0]["used"].is_string(), "{listed}");
}

#[tokio::test]
async fn the_description_and_its_page_need_no_token() {
    let post = Post::start().await;
    let get = |path: &'static str| {
        let line = format!("GET {CONTEXT}{path}");
        let address = post.app.address;
        async move { wire::exchange(address, &wire::request(&line, &[], b"")).await }
    };
    let described = get("/openapi.json").await.json();
    assert!(described["paths"]["/tickets/"]["post"].is_object());
    let page = get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    let moved = get("/docs").await;
    assert_eq!(moved.header("location"), Some("/api/tickets/v1/docs/"));
}

#[tokio::test]
async fn events_are_heard_as_they_happen_and_again_later() {
    let post = Post::start().await;
    let token = post.app.token("portal", "write").await;
    let listen = async |after: Option<&str>, until: &str| {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(after.map(|after| ("Last-Event-ID", after)));
        let line = format!("GET {CONTEXT}/tickets/events");
        let mut stream = tokio::net::TcpStream::connect(post.app.address).await.unwrap();
        stream.write_all(&wire::request(&line, &headers, b"")).await.unwrap();
        let (mut heard, mut buffer) = (String::new(), vec![0; 4096]);
        while !heard.contains(until) {
            let count = stream.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "{heard}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        heard
    };
    let making = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        post.app.api_json("POST /tickets/", &token, &printer()).await
    };
    let (heard, made) = tokio::join!(listen(None, "event: created"), making);
    assert_eq!(made.status, 201);
    assert!(heard.contains("text/event-stream"), "{heard}");
    let again = listen(Some("0"), "\"board\":\"support\"").await;
    assert!(again.contains("id: 1\nevent: created\ndata: {\"key\":\"SUP-1\""), "{again}");
}
