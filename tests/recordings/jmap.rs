//! The recordings of Cyrus 3.6.1, replayed in their order on a stand-in that got the same mail.
//! Ids and states are each server's own: what the recorded answer calls one thing, the stand-in's
//! answer names at the same place, and the requests that follow use its name.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use ticketd::sandbox::Jmap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::exchange::{Response, send};
use crate::shape::{differences, timeless};

/// Where not only the shape but every value counts, ids and times apart. Elsewhere stand words of
/// Cyrus' JSON parser, sizes of mails that a server writes itself, and lists of what Cyrus can do
/// and the stand-in cannot.
const EXACT: [&str; 20] = [
    "05", "06", "07", "08", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23",
    "25", "26", "27", "29",
];

#[tokio::test]
async fn jmap_answers_as_recorded() {
    let stand_in = Jmap::start().await.unwrap();
    let mail = read("10-blob-raw-message.response");
    stand_in.deliver_at(
        "inbox",
        Response::parse(&mail).body,
        "2026-11-22T05:01:31Z".parse().unwrap(),
    );
    let mut names = BTreeMap::new();
    let mut wrong = Vec::new();
    let recordings = recordings("request");
    for name in recordings.iter().filter(|name| !name.starts_with("sse")) {
        let recorded = Response::parse(&read(&format!("{name}.response")));
        let answered = ask(stand_in.address(), name, &names).await;
        let found = compare(name, &recorded, &answered, &mut names);
        wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(recordings.len() >= 40, "only {} recordings", recordings.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    let sent = stand_in.submissions();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text, "We are on it. Ticket #1\n");
    assert_eq!(sent[0].rcpt_to, ["bob@customer.example"]);
}

/// Sends a recorded request, with the stand-in's names for things.
async fn ask(at: SocketAddr, name: &str, names: &BTreeMap<String, String>) -> Response {
    let text = String::from_utf8(read(&format!("{name}.request"))).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a blank line");
    let translated = |text: &str, left: &str, right: &str| {
        names.iter().fold(text.to_owned(), |text, (old, new)| {
            text.replace(&format!("{left}{old}{right}"), &format!("{left}{new}{right}"))
        })
    };
    let head = translated(head, "/", "/");
    let body = translated(body, "\"", "\"");
    let mut lines = head.lines();
    let line = lines.next().unwrap();
    let mut headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    headers.push(("Content-Length".to_owned(), body.len().to_string()));
    send(at, line, &headers, body.as_bytes()).await
}

fn compare(
    name: &str,
    recorded: &Response,
    answered: &Response,
    names: &mut BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.status != answered.status {
        found.push(format!("status {} was {}", answered.status, recorded.status));
    }
    for header in [
        "content-type",
        "content-disposition",
        "cache-control",
        "accept-ranges",
        "www-authenticate",
    ] {
        let (old, new) = (recorded.header(header), answered.header(header));
        if old != new {
            found.push(format!("{header} {new:?} was {old:?}"));
        }
    }
    if recorded.header("location").is_some() != answered.header("location").is_some() {
        found.push(format!("location {:?}", answered.header("location")));
    }
    let kind = recorded.header("content-type").unwrap_or_default();
    if kind.contains("html") {
        return found;
    }
    if !kind.contains("json") {
        if recorded.body != answered.body {
            found.push("another body".to_owned());
        }
        return found;
    }
    let json = |body: &[u8]| serde_json::from_slice::<Value>(body).expect("JSON");
    let (old, new) = (json(&recorded.body), json(&answered.body));
    learn(&old, &new, names);
    let old = translated(&old, names);
    found.extend(differences(&old, &new));
    let (old, new) = (sorted(&timeless(&old)), sorted(&timeless(&new)));
    if found.is_empty() && EXACT.contains(&&name[..2]) && old != new {
        found.push(format!("answered {new}\n  recorded {old}"));
    }
    found
}

/// Learns what the stand-in calls what was recorded: strings under the names of ids and states.
fn learn(old: &Value, new: &Value, names: &mut BTreeMap<String, String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let other = &new.get(key).cloned().unwrap_or_default();
                let is_name =
                    key.ends_with("Id") || key == "id" || key.to_lowercase().ends_with("state");
                match (value, other) {
                    // What is the same on both sides is no name but a value, as `"sessionState":"0"`.
                    (Value::String(was), Value::String(is)) if is_name && was != is => {
                        names.insert(was.clone(), is.clone());
                    }
                    _ => learn(value, other, names),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            old.iter().zip(new).for_each(|(old, new)| learn(old, new, names));
        }
        _ => {}
    }
}

fn translated(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::from(names.get(text).unwrap_or(text).clone()),
        Value::Array(list) => list.iter().map(|value| translated(value, names)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (names.get(key).unwrap_or(key).clone(), translated(value, names)))
            .collect(),
        other => other.clone(),
    }
}

/// Lists of ids are sets.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(sorted).collect();
            if list.iter().all(Value::is_string) {
                list.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
            Value::Array(list)
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_event_source_streams_as_recorded() {
    // Some streams were recorded without the request that began them.
    let asked = recordings("request").into_iter().filter(|name| name.starts_with("sse-"));
    let streams = asked.map(|name| tokio::spawn(stream(name)));
    let mut wrong = Vec::new();
    let mut count = 0;
    for stream in streams {
        count += 1;
        wrong.extend(stream.await.unwrap());
    }
    assert_eq!(count, 12);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Opens one recorded stream; a mail arrives for each frame that was recorded, unless the frame
/// was there to catch up with.
async fn stream(name: String) -> Option<String> {
    let stand_in = Jmap::start().await.unwrap();
    stand_in.deliver("Subject: first\r\n\r\n");
    stand_in.deliver("Subject: second\r\n\r\n");
    let fresh = stand_in.deliver("Subject: third\r\n\r\n");
    assert!(!fresh.is_empty());
    // Two mails back is old; the ids of the recordings are those of another server.
    let current = state(&stand_in).await;
    let old = (current.parse::<u64>().unwrap() - 2).to_string();
    let request = String::from_utf8(read(&format!("{name}.request"))).unwrap();
    // HTTP/1.0 has no chunks, and shows the stream as it is.
    let request = request
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace("ping=3", "ping=1")
        .replace("Last-Event-ID: 57", &format!("Last-Event-ID: {current}"))
        .replace("Last-Event-ID: 40", &format!("Last-Event-ID: {old}"));
    let recorded = Response::parse(&read(&format!("{name}.raw")));
    let expected = blotted(&String::from_utf8(recorded.body.clone()).unwrap());
    // A second is as good as three.
    let expected = expected.replace("\"interval\":3", "\"interval\":1");
    let mut connection = TcpStream::connect(stand_in.address()).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut deliveries = expected.matches("event: state").count();
    if request.contains("Last-Event-ID") {
        deliveries = 0;
    }
    let mut frames = 0;
    loop {
        let wait = if expected.contains("ping") { 4_000 } else { 300 };
        let mut buffer = [0; 4_096];
        match timeout(Duration::from_millis(wait), connection.read(&mut buffer)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read.unwrap()]),
        }
        let so_far = String::from_utf8_lossy(&bytes).matches("event: ").count();
        if so_far >= expected.matches("event: ").count() && so_far > 0 {
            break;
        }
        if so_far == frames && deliveries > 0 && frames > 0 {
            continue;
        }
        frames = so_far;
        if deliveries > 0 {
            deliveries -= 1;
            if name == "sse-burst" {
                for nth in 0..100 {
                    stand_in.deliver(format!("Subject: {nth}\r\n\r\n"));
                }
            }
            stand_in.deliver("Subject: news\r\n\r\n");
        }
    }
    let answered = Response::parse(&bytes);
    let body = blotted(&String::from_utf8(answered.body.clone()).unwrap());
    let same = ["content-type", "cache-control"]
        .iter()
        .all(|header| recorded.header(header) == answered.header(header));
    let right = recorded.status == answered.status && same && body.trim() == expected.trim();
    (!right).then(|| format!("{name}: {answered:?}\n{body}\nrecorded\n{expected}"))
}

async fn state(stand_in: &Jmap) -> String {
    let answered = ask(stand_in.address(), "06-mailbox-get", &BTreeMap::new()).await;
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    answer["methodResponses"][0][1]["state"].as_str().unwrap().to_owned()
}

/// Without the states, which are the server's own; `"Mailbox":"22"` and intervals stay.
fn blotted(body: &str) -> String {
    let lines = body.lines().map(|line| {
        if line.starts_with("id: ") {
            return "id: <state>".to_owned();
        }
        match line.split_once("\"Email\":\"") {
            Some((before, after)) => {
                let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{before}\"Email\":\"<state>{after}")
            }
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jmap")
}

fn read(file: &str) -> Vec<u8> {
    fs::read(folder().join(file)).unwrap()
}

/// The recordings with a file of this kind, in order, without the ending.
fn recordings(kind: &str) -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|ending| ending == kind));
    let mut names: Vec<String> =
        files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
