//! What the mail service before ticketd got wrong in its API, one test a fault. What a running process
//! shows of it, its log, sockets and memory, is in `tests/process/forerunner_api.rs`.

use serde_json::json;

use crate::harness::Post;
use crate::harness::api::{CONTEXT, FORM, form};
use crate::harness::wire;

/// The JQL of the last search.
fn asked(post: &Post) -> String {
    let calls = post.asked("jql=");
    let (_, query) = calls.last().unwrap().target.split_once('?').unwrap();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "jql").unwrap().1.into_owned()
}

/// The JQL with what stands in quotes taken out, and what stood there, its escapes undone.
fn taken_apart(jql: &str) -> (String, Vec<String>) {
    let (mut bare, mut texts) = (String::new(), Vec::new());
    let mut letters = jql.chars();
    while let Some(letter) = letters.next() {
        bare.push(letter);
        if letter != '"' {
            continue;
        }
        let mut text = String::new();
        loop {
            match letters.next().expect("an end of the text") {
                '"' => break,
                '\\' => text.push(match letters.next().unwrap() {
                    'n' => '\n',
                    other => other,
                }),
                other => text.push(other),
            }
        }
        bare.push('"');
        texts.push(text);
    }
    (bare, texts)
}

/// `q` and `status` were put into the JQL as they came: whoever closed the quotes read every project.
#[tokio::test]
async fn what_a_caller_searches_for_stays_in_its_quotes() {
    let post = Post::start().await;
    let token = post.app.token("portal", "read").await;
    post.jira.file_as("alice", "SUP", "Shown", &["general"]);
    let hidden = post.jira.file_as("alice", "OPS", "secret of another project", &["general"]);
    for injection in [
        r#"x" OR project = "OPS"#,
        r#"x\" OR project = "OPS"#,
        r#"x\\" OR project = OPS OR text ~ "x"#,
        "x' OR 'a' = 'a",
        r#"") OR (project = OPS"#,
        "x\" ORDER BY key\n--",
        "secret OR shown",
        "sec*",
    ] {
        for parameter in ["q", "status"] {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let query = query.append_pair(parameter, injection).finish();
            let line = format!("GET /tickets/?{query}");
            let answer = post.app.api(&line, &token, &[], b"").await;
            assert_eq!(answer.status, 200, "{line}: {answer:?}");
            assert!(!answer.body.contains(&hidden), "{line}: {answer:?}");
            let (bare, texts) = taken_apart(&asked(&post));
            let term = if parameter == "q" { "text ~ \"\"" } else { "status = \"\"" };
            assert_eq!(
                bare,
                format!(
                    "project in (\"\") AND labels in (\"\") AND {term} ORDER BY created DESC, \
                     key DESC"
                ),
                "{line}"
            );
            assert_eq!(&texts[..2], ["SUP", "general"], "{line}");
            if parameter == "status" {
                assert_eq!(texts[2], injection, "{line}");
            }
        }
    }
    // A key is none unless it has the form of one.
    for key in ["SUP-1%22%20OR%20project=OPS", "..%2f..%2fOPS-1", &hidden] {
        let answer = post.app.api(&format!("GET /tickets/{key}"), &token, &[], b"").await;
        assert_eq!(answer.status, 404, "{key}: {answer:?}");
    }
}

/// Whoever reached its port read and wrote every ticket.
#[tokio::test]
async fn nothing_is_read_or_written_without_a_token() {
    let post = Post::start().await;
    let key = post.jira.file_as("alice", "SUP", "Shown", &["general"]);
    let calls = post.asked("/rest/").len();
    let body = json!({
        "title": "The printer is out of order",
        "body": "It shows E-42.",
        "reporter": "ann@customer.example",
        "author": "ann@customer.example"
    });
    let body = body.to_string();
    let files = form(&[("attachments", Some(("a.txt", "text/plain")), b"x")]);
    for line in [
        "GET /tickets/".to_owned(),
        "POST /tickets/".to_owned(),
        format!("GET /tickets/{key}"),
        format!("POST /tickets/{key}/comment"),
        "GET /tickets/supported-boards".to_owned(),
        "GET /tickets/supported-categories".to_owned(),
        "GET /tickets/events".to_owned(),
        "GET /requests/1.1".to_owned(),
    ] {
        let (method, path) = line.split_once(' ').unwrap();
        let to = format!("{method} {CONTEXT}{path}");
        let json = ("Content-Type", "application/json");
        let unknown = ("Authorization", "Bearer ticketd_000000000000_00");
        for (headers, body) in [
            (vec![json], body.as_bytes()),
            (vec![json, unknown], body.as_bytes()),
            (vec![json, ("Authorization", "Basic YW5uOmFubg==")], body.as_bytes()),
            (vec![json, ("Cookie", "token=ticketd_000000000000_00")], body.as_bytes()),
            (vec![FORM], &files),
        ] {
            let body = if method == "GET" { &b""[..] } else { body };
            let answer =
                wire::exchange(post.app.address, &wire::request(&to, &headers, body)).await;
            assert!(matches!(answer.status, 401 | 429), "{line}: {answer:?}");
            assert!(!answer.body.contains("Shown"), "{line}: {answer:?}");
        }
    }
    // What polls Jira for news goes on by itself.
    let asked = post.asked("/rest/").split_off(calls);
    assert!(asked.iter().all(|call| call.method == "GET" && !call.target.contains(&key)));
    assert_eq!(post.living().len(), 1);
}

/// It made 15 calls to Jira for one ticket.
#[tokio::test]
async fn a_ticket_takes_few_calls_to_jira() {
    let quiet = |jira: &mut ticketd::config::Jira| jira.poll = std::time::Duration::from_mins(10);
    let post = crate::harness::PostSetup::default().tracker(quiet).start().await;
    let token = post.app.token("portal", "write").await;
    let ticket = |watchers: &[&str]| {
        json!({
            "title": "The printer is out of order",
            "body": "It shows E-42.",
            "reporter": "ann@customer.example",
            "watchers": watchers
        })
    };
    // What is true for hours is asked once.
    let first = post.app.api_json("POST /tickets/", &token, &ticket(&[])).await;
    assert_eq!(first.status, 201, "{first:?}");
    post.settled().await;
    for (watchers, most) in [(&[][..], 3), (&["bob@example.org"], 6)] {
        let before = post.jira.ledger().len();
        let made = post.app.api_json("POST /tickets/", &token, &ticket(watchers)).await;
        assert_eq!(made.status, 201, "{made:?}");
        post.settled().await;
        let calls = post.jira.ledger().split_off(before);
        let calls: Vec<_> =
            calls.iter().map(|call| format!("{} {}", call.method, call.target)).collect();
        println!("figure jira_calls_per_ticket {}", calls.len());
        assert!(calls.len() <= most, "{calls:#?}");
    }
}
