//! The recordings of Redmine 5.0.4, replayed in their order from the seed on.
//!
//! With `REDMINE_URL` set, to a server fresh from the seed, that server gets every request too,
//! and the stand-in must answer the same values, times apart:
//! `REDMINE_URL=$(RESET=1 tests/real/redmine/up.sh) cargo test --test recordings redmine`.

use std::net::SocketAddr;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;
use ticketd::sandbox::Redmine;
use url::Url;

use crate::exchange::{Response, send};
use crate::shape::{differences, timeless};

struct Recording {
    name: String,
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    response: Response,
}

/// The recordings up to this number were made on the untouched seed: there every value counts.
const SEED: &str = "069";

/// Sent to both servers after the recordings, when there is a real one.
const FURTHER_WRITES: [(&str, &str, &str); 18] = [
    (
        "bot",
        "PUT /issues/4.json",
        r#"{"issue":{"status_id":3,"notes":"for us","private_notes":true}}"#,
    ),
    ("alice", "PUT /issues/4.json", r#"{"issue":{"status_id":4,"notes":"a\r\nb"}}"#),
    ("bob", "PUT /issues/4.json", r#"{"issue":{"notes":"hidden?","private_notes":true}}"#),
    (
        "alice",
        "PUT /issues/5.json",
        r#"{"issue":{"assigned_to_id":6,"description":"x\ny","done_ratio":30}}"#,
    ),
    ("alice", "PUT /issues/5.json", r#"{"issue":{"assigned_to_id":7}}"#),
    (
        "alice",
        "PUT /issues/5.json",
        r#"{"issue":{"is_private":true,"priority_id":4,"notes":"   "}}"#,
    ),
    ("bot", "PUT /issues/5.json", r#"{"issue":{"is_private":true,"due_date":"2030-02-01"}}"#),
    ("bot", "PUT /issues/5.json", r#"{"issue":{"due_date":"","start_date":"2030-13-01"}}"#),
    ("bob", "PUT /issues/5.json", r#"{"issue":{"notes":"may I?"}}"#),
    ("bob", "PUT /issues/7.json", r#"{"issue":{"notes":"by a reporter","status_id":5}}"#),
    ("bot", "PUT /issues/7.json", r#"{"issue":{"status_id":"6"}}"#),
    ("bot", "PUT /issues/7.json", r#"{"issue":{"status_id":1}}"#),
    (
        "bot",
        "PUT /issues/7.json",
        r#"{"issue":{"tracker_id":2,"category_id":4,"estimated_hours":"2.5"}}"#,
    ),
    ("bot", "PUT /issues/7.json", r#"{"issue":{"estimated_hours":"soon"}}"#),
    (
        "bot",
        "PUT /issues/7.json",
        r#"{"issue":{"category_id":"","custom_fields":[{"id":1,"value":""}]}}"#,
    ),
    ("admin", "PUT /issues/8.json", r#"{"issue":{"status_id":6,"notes":"no"}}"#),
    (
        "bob",
        "POST /issues.json",
        r#"{"issue":{"project_id":2,"subject":"mine","assigned_to_id":"me","is_private":true}}"#,
    ),
    ("alice", "POST /issues.json?project_id=infra", r#"{"issue":{"subject":"x"}}"#),
];

/// Asked of both servers at the end, when there is a real one: what became of all the writes.
const AFTERWARDS: [&str; 15] = [
    "/issues.json?updated_on=%3E%3D2020-01-01T00:00:00Z&status_id=*&sort=updated_on:asc,id:asc&limit=100",
    "/issues.json?status_id=closed&sort=subject:desc,id",
    "/issues.json?status_id=*&assigned_to_id=!5&author_id=5|6&sort=priority:desc,status",
    "/issues.json?status_id=!5&limit=100",
    "/issues/1.json?include=journals,watchers,allowed_statuses",
    "/issues/2.json?include=journals,watchers,allowed_statuses",
    "/issues/3.json?include=journals,allowed_statuses",
    "/issues/4.json?include=journals,watchers,allowed_statuses",
    "/issues/5.json?include=journals,watchers,allowed_statuses",
    "/issues/7.json?include=journals,watchers,allowed_statuses",
    "/issues/8.json?include=journals,watchers,allowed_statuses,attachments",
    "/issues.json?include=attachments&status_id=*&limit=100&project_id=infra",
    "/users.json?name=a&limit=3",
    "/attachments/1.json",
    "/search.json?q=reporter&limit=100",
];

#[tokio::test]
async fn redmine_answers_as_recorded() {
    let stand_in = Redmine::start().await.unwrap();
    let real = env::var("REDMINE_URL").ok().map(|url| socket(&url));
    let recordings = recordings();
    let mut wrong = Vec::new();
    for recording in &recordings {
        let ask = |server| send(server, &recording.line, &recording.headers, &recording.body);
        let answered = ask(stand_in.address()).await;
        let mut found = compare(recording, &answered);
        if let Some(real) = real {
            found.extend(disagreement(&answered, stand_in.address(), &ask(real).await, real));
        }
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", recording.name)));
    }
    if let Some(real) = real {
        for (login, line, body) in afterwards() {
            let line = format!("{line} HTTP/1.1");
            let headers = headers(login, body);
            let answered = send(stand_in.address(), &line, &headers, body.as_bytes()).await;
            let truth = send(real, &line, &headers, body.as_bytes()).await;
            let found = disagreement(&answered, stand_in.address(), &truth, real);
            wrong.extend(found.map(|what| format!("{line} {body} as {login}: {what}")));
        }
    }
    assert!(recordings.len() >= 200, "only {} recordings", recordings.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn afterwards() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    let writes = FURTHER_WRITES.map(|(login, line, body)| (login, line.to_owned(), body));
    let reads = AFTERWARDS.iter().flat_map(|target| {
        ["admin", "bot", "alice", "bob"].map(|login| (login, format!("GET {target}"), ""))
    });
    writes.into_iter().chain(reads)
}

fn headers(login: &str, body: &str) -> Vec<(String, String)> {
    [
        ("X-Redmine-API-Key", Redmine::user_key(login).to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("Content-Length", body.len().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Where the stand-in differs from a real server asked the same at the same time.
fn disagreement(
    answered: &Response,
    at: SocketAddr,
    truth: &Response,
    real: SocketAddr,
) -> Option<String> {
    let plain = |response: &Response, host: SocketAddr| {
        let body = String::from_utf8_lossy(&response.body).replace(&host.to_string(), "host");
        let body = serde_json::from_str(&body).map_or(Value::Null, |body| timeless(&body));
        (response.status, body)
    };
    let (ours, theirs) = (plain(answered, at), plain(truth, real));
    (ours != theirs).then(|| format!("answered {ours:?}\n  really {theirs:?}"))
}

fn compare(recording: &Recording, answered: &Response) -> Vec<String> {
    let recorded = &recording.response;
    let mut found = Vec::new();
    if recorded.status != answered.status {
        found.push(format!("status {} was {}", answered.status, recorded.status));
    }
    for header in ["content-type", "www-authenticate"] {
        // A request that puma refuses has no headers at all.
        if recorded.header(header) != answered.header(header) && recorded.headers.len() > 2 {
            let (old, new) = (recorded.header(header), answered.header(header));
            found.push(format!("{header} {new:?} was {old:?}"));
        }
    }
    if recorded.header("location").is_some() != answered.header("location").is_some() {
        found.push(format!("location {:?}", answered.header("location")));
    }
    let is_json = recorded.header("content-type").is_some_and(|kind| kind.contains("json"));
    if !is_json {
        return found;
    }
    match (json(&recorded.body), json(&answered.body)) {
        (Some(old), Some(new)) => {
            found.extend(differences(&old, &new));
            if old["errors"] != new["errors"] {
                found.push(format!("errors {} were {}", new["errors"], old["errors"]));
            }
            let (old, new) = (timeless(&old), timeless(&new));
            if found.is_empty() && recording.name.as_str() < SEED && old != new {
                found.push(format!("answered {new}\n  recorded {old}"));
            }
        }
        (None, None) => {
            let (old, new) = (recorded.body.trim_ascii(), answered.body.trim_ascii());
            if old != new {
                found.push(format!("body {:?}", String::from_utf8_lossy(new)));
            }
        }
        (old, new) => found.push(format!("JSON {new:?} was {old:?}")),
    }
    found
}

fn json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

fn socket(url: &str) -> SocketAddr {
    let url = Url::parse(url).expect("REDMINE_URL is a URL");
    *url.socket_addrs(|| None).unwrap().first().expect("an address")
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/redmine");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// A recording: request line, headers, blank line, body, a mark, and the response.
fn read(file: &Path) -> Recording {
    let bytes = fs::read(file).unwrap();
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let (request, response) = text.split_once("-------- response").expect("the mark");
    let (_, response) = response.split_once('\n').unwrap();
    let (head, body) = request.split_once("\n\n").expect("a blank line");
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| *name != "Host")
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "Content-Length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    Recording {
        name: file.file_stem().unwrap().to_string_lossy().into_owned(),
        line,
        headers,
        body: body.as_bytes()[..length].to_vec(),
        response: Response::parse(response.as_bytes()),
    }
}
