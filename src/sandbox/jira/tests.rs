//! The stand-in of Jira, asked without a wire in between; `tests/recordings/jira.rs` has one.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::advance;

use super::{Deployment, Jira, JiraSetup};
use crate::sandbox::JiraWrite;
use crate::sandbox::server::{Server, Service as _};
use crate::sandbox::wire::{Reply, Request, lock};

mod search;
mod webhooks;

fn request(method: &str, target: &str, headers: &[(HeaderName, &str)], body: Bytes) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |(name, value): &(HeaderName, &str)| {
        (name.clone(), HeaderValue::from_str(value).expect("a header"))
    };
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: headers.iter().map(header).collect::<HeaderMap>(),
        body,
    }
}

impl Jira {
    fn credentials(&self) -> String {
        match self.0.service().state.lock().expect("a state").flavour {
            Deployment::Cloud => {
                format!("Basic {}", STANDARD.encode(format!("{}:{}", Self::USER, Self::API_TOKEN)))
            }
            Deployment::DataCenter => format!("Bearer {}", Self::API_TOKEN),
        }
    }

    fn reply(&self, method: &str, target: &str, body: &Value) -> Reply {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let credentials = self.credentials();
        let headers = [(AUTHORIZATION, credentials.as_str()), (CONTENT_TYPE, "application/json")];
        self.0.service().answer(&request(method, target, &headers, bytes))
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.reply(method, &format!("/rest/api/2/{path}"), body);
        let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        (reply.status.as_u16(), body)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &Value::Null)
    }

    fn create(&self, fields: &Value) -> (u16, Value) {
        let mut whole = json!({
            "project": { "key": "SUP" },
            "issuetype": { "name": "Task" },
            "summary": "Printer on fire",
        });
        for (name, value) in fields.as_object().expect("fields") {
            whole[name] = value.clone();
        }
        self.ask("POST", "issue", &json!({ "fields": whole }))
    }

    fn new_issue(&self, label: &str) -> String {
        let (status, made) = self.create(&json!({ "labels": [label] }));
        assert_eq!(status, 201, "{made}");
        made["key"].as_str().expect("a key").to_owned()
    }

    fn hits(&self, jql: &str) -> Vec<String> {
        let (path, key) = match self.0.service().state.lock().expect("a state").flavour {
            Deployment::Cloud => ("search/jql", "id"),
            Deployment::DataCenter => ("search", "id"),
        };
        let (status, found) = self.ask("POST", path, &json!({ "jql": jql, "maxResults": 1_000 }));
        assert_eq!(status, 200, "{jql}: {found}");
        let issues = found["issues"].as_array().expect("issues");
        let id = |issue: &Value| issue[key].as_str().expect("an id").to_owned();
        issues.iter().map(id).collect()
    }
}

async fn data_center() -> Jira {
    let setup = JiraSetup { flavour: Deployment::DataCenter, ..JiraSetup::default() };
    Jira::start_with(setup).await.expect("a port")
}

#[tokio::test]
async fn fields_are_refused_in_jiras_words() {
    let jira = Jira::start().await.expect("a port");
    jira.reject_field("environment");
    let long = "x".repeat(32_768);
    for (fields, name, text) in [
        (json!({ "project": { "key": "NONE" } }), "project", "valid project"),
        (json!({ "issuetype": { "name": "Epic" } }), "issuetype", "valid issue type"),
        (json!({ "summary": "a\nb" }), "summary", "newline"),
        (json!({ "summary": "é".repeat(256) }), "summary", "255"),
        (json!({ "summary": "  " }), "summary", "must specify"),
        (json!({ "description": { "type": "doc" } }), "description", "must be a string"),
        (json!({ "labels": ["a b"] }), "labels", "The label 'a b' contains spaces"),
        (json!({ "priority": { "name": "Soon" } }), "priority", "invalid"),
        (json!({ "reporter": { "name": "alice" } }), "reporter", "reporter"),
        (json!({ "environment": "x" }), "environment", "not on the appropriate screen"),
        (json!({ "customfield_1": "x" }), "customfield_1", "not on the appropriate screen"),
    ] {
        let (status, body) = jira.create(&fields);
        assert_eq!(status, 400, "{fields}");
        let said = body["errors"][name].as_str().unwrap_or_default();
        assert!(said.contains(text), "{name}: {body}");
    }
    assert_eq!(jira.new_issue("x"), "SUP-1");
    let (status, body) = jira.create(&json!({ "description": long }));
    assert_eq!((status, &body["errors"]["description"]), (400, &json!(super::fields::TOO_LONG)));
    let full = json!({
        "description": "x".repeat(32_767),
        "priority": { "name": "High" },
        "reporter": { "accountId": super::people::PEOPLE[2].account_id },
        "issuetype": { "name": "Bug" },
    });
    assert_eq!(jira.create(&full).1["key"], json!("SUP-3"), "the long text took a number");
    let issue = jira.issue("SUP-3").expect("an issue");
    assert_eq!((issue.priority.as_str(), issue.reporter.as_str()), ("High", "alice"));
    jira.move_numbers_on(10);
    assert_eq!(jira.new_issue("x"), "SUP-14");
    jira.reject_field("priority");
    assert_eq!(jira.create(&json!({ "priority": { "name": "High" } })).0, 400);
    jira.forbid("CREATE_ISSUES");
    assert_eq!(jira.create(&json!({})).0, 403);
    assert_eq!((jira.writes(), jira.writes_of(JiraWrite::Issue)), (3, 3));
}

#[tokio::test]
async fn comments_hold_properties_and_who_may_see_them() {
    let jira = Jira::start().await.expect("a port");
    let key = jira.new_issue("x");
    let path = format!("issue/{key}/comment");
    let (status, made) = jira.ask(
        "POST",
        &format!("{path}?expand=properties"),
        &json!({ "body": "hello", "properties": [{ "key": "ticketd", "value": { "mail": 1 } }] }),
    );
    assert_eq!((status, &made["jsdPublic"]), (201, &json!(true)));
    assert_eq!(made["properties"], json!([{ "key": "ticketd", "value": { "mail": 1 } }]));
    assert_eq!(jira.get(&format!("{path}/{}", made["id"].as_str().expect("an id"))).0, 200);
    let internal = jira.internal_comment_as("alice", &key, "psst");
    jira.restricted_comment_as("bob", &key, "for admins");
    let (_, list) = jira.get(&format!("{path}?orderBy=-created&maxResults=2&expand=properties"));
    assert_eq!((&list["total"], &list["maxResults"]), (&json!(3), &json!(2)));
    assert_eq!(list["comments"][0]["visibility"]["type"], json!("role"));
    assert_eq!(list["comments"][1]["jsdPublic"], json!(false));
    assert_eq!(list["comments"][1]["properties"][0]["value"], json!({ "internal": true }));
    assert_eq!(jira.get(&format!("{path}?orderBy=votes")).0, 400);
    let issue = jira.issue(&key).expect("an issue");
    assert_eq!(issue.comments[1].id, internal);
    assert_eq!(
        issue.comments.iter().map(|one| one.internal).collect::<Vec<_>>(),
        [false, true, false]
    );
    for body in [json!({}), json!({ "body": " " }), json!({ "body": "x".repeat(32_768) })] {
        assert_eq!(jira.ask("POST", &path, &body).0, 400);
    }
    assert_eq!(jira.ask("POST", "issue/SUP-9/comment", &json!({ "body": "x" })).0, 404);
    assert_eq!(jira.comment_as("nobody", &key, "x"), "");
    for n in 3..5_000 {
        jira.comment_as("alice", &key, &n.to_string());
    }
    let (status, body) = jira.ask("POST", &path, &json!({ "body": "one more" }));
    assert_eq!(status, 400, "{body}");
    jira.forbid("ADD_COMMENTS");
    assert_eq!(jira.ask("POST", &path, &json!({ "body": "x" })).0, 400);
}

#[tokio::test]
async fn files_are_checked_stored_and_fetched() {
    let setup = JiraSetup { attachment_limit: 10, ..JiraSetup::default() };
    let jira = Jira::start_with(setup).await.expect("a port");
    let key = jira.new_issue("x");
    let form = |bytes: &str| {
        Bytes::from(format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n{bytes}\r\n--b--\r\n"
        ))
    };
    let send = |token: &str, body: Bytes| {
        let credentials = jira.credentials();
        let headers = [
            (AUTHORIZATION, credentials.as_str()),
            (CONTENT_TYPE, "multipart/form-data; boundary=b"),
            (HeaderName::from_static("x-atlassian-token"), token),
        ];
        let path = format!("/rest/api/2/issue/{key}/attachments");
        jira.0.service().answer(&request("POST", &path, &headers, body))
    };
    assert_eq!(send("check", form("hello")).status, 403);
    assert_eq!(send("no-check", form("eleven byte")).status, 413);
    assert_eq!(send("no-check", Bytes::from_static(b"--b\r\n")).status, 415);
    let reply = send("no-check", form("hello"));
    assert_eq!(reply.status, 200);
    let files: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!((&files[0]["filename"], &files[0]["size"]), (&json!("a.txt"), &json!(5)));
    let stored = &jira.issue(&key).expect("an issue").attachments;
    assert_eq!(stored.len(), 1);
    assert_eq!(
        stored[0].sha256,
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
    let path = format!("/rest/api/2/attachment/content/{}", stored[0].id);
    let there = jira.reply("GET", &path, &Value::Null);
    assert_eq!(there.status, 303);
    let link = there.headers["location"].to_str().expect("a link");
    let target = link.strip_prefix(jira.url().as_str()).expect("a link to here");
    let fetched =
        jira.0.service().answer(&request("GET", &format!("/{target}"), &[], Bytes::new()));
    assert_eq!((fetched.status, &fetched.body[..]), (StatusCode::OK, &b"hello"[..]));
    assert_eq!(
        &jira.reply("GET", &format!("{path}?redirect=false"), &Value::Null).body[..],
        b"hello"
    );
    jira.forbid("CREATE_ATTACHMENTS");
    assert_eq!(send("no-check", form("hello")).status, 403);
}

#[tokio::test]
async fn watchers_are_bare_strings() {
    for (jira, forbidden) in
        [(Jira::start().await.expect("a port"), 403), (data_center().await, 401)]
    {
        let key = jira.new_issue("x");
        let path = format!("issue/{key}/watchers");
        let of = |name: &str| {
            let person = super::people::whoever(name).expect("a person");
            json!(person.handle(lock(&jira.0.service().state).flavour))
        };
        jira.forbid_watching("bob@example.org");
        assert_eq!(jira.ask("POST", &path, &of("alice")).0, 204);
        assert_eq!(jira.ask("POST", &path, &of("bob")).0, forbidden);
        assert_eq!(jira.ask("POST", &path, &json!("nobody")).0, 404);
        assert_eq!(jira.ask("POST", &path, &json!({ "accountId": "x" })).0, 400);
        assert_eq!(jira.get(&path).1["watchCount"], json!(1));
        assert_eq!(jira.issue(&key).expect("an issue").watchers, ["alice"]);
        let query = format!("accountId={0}&username={0}", of("alice").as_str().expect("text"));
        assert_eq!(jira.ask("DELETE", &format!("{path}?{query}"), &Value::Null).0, 204);
        jira.forbid("MANAGE_WATCHERS");
        assert_eq!(jira.ask("POST", &path, &of("alice")).0, forbidden);
        assert_eq!(jira.issue(&key).expect("an issue").watchers, [""; 0]);
    }
}

#[tokio::test]
async fn properties_and_the_way_through_the_workflow() {
    let jira = Jira::start().await.expect("a port");
    let body = json!({
        "fields": { "project": { "id": "10001" }, "issuetype": { "id": "10004" }, "summary": "x" },
        "properties": [{ "key": "ticketd", "value": { "token": "t" } }],
    });
    let (status, made) = jira.ask("POST", "issue", &body);
    assert_eq!((status, &made["key"]), (201, &json!("OPS-1")));
    assert_eq!(jira.get("issue/OPS-1/properties/ticketd").1["value"], json!({ "token": "t" }));
    assert_eq!(jira.get("issue/OPS-1/properties/other").0, 404);
    assert_eq!(jira.ask("PUT", "issue/OPS-1/properties/a%3Ab", &json!(1)).0, 201);
    assert_eq!(jira.ask("PUT", "issue/OPS-1/properties/a%3Ab", &json!(2)).0, 200);
    let (_, shown) = jira.get("issue/ops-1?properties=*all&fields=status");
    assert_eq!(shown["properties"], json!({ "a:b": 2, "ticketd": { "token": "t" } }));
    let (_, steps) = jira.get("issue/OPS-1/transitions");
    let steps = steps["transitions"].as_array().expect("steps");
    let done = steps.iter().find(|step| step["to"]["statusCategory"]["key"] == "done");
    let id = done.expect("a step")["id"].clone();
    let step = json!({ "transition": { "id": id } });
    assert_eq!(jira.ask("POST", "issue/OPS-1/transitions", &step).0, 204);
    assert_eq!(jira.ask("POST", "issue/OPS-1/transitions", &step).0, 400, "already there");
    assert_eq!(jira.issue("OPS-1").expect("an issue").status, "Done");
    jira.reopen("OPS-1");
    assert_eq!(jira.issue("OPS-1").expect("an issue").status, "To Do");
    jira.forbid("BROWSE_PROJECTS");
    assert_eq!(jira.get("issue/OPS-1").0, 404);
    let (_, may) = jira.get("mypermissions?permissions=BROWSE_PROJECTS,CREATE_ISSUES");
    assert_eq!(may["permissions"]["BROWSE_PROJECTS"]["havePermission"], json!(false));
    assert_eq!(may["permissions"]["CREATE_ISSUES"]["havePermission"], json!(true));
}

#[tokio::test]
async fn people_are_found_by_what_they_show() {
    let found = |jira: &Jira, query: &str| {
        let (_, list) = jira.get(&format!("user/search?{query}"));
        let names = list.as_array().expect("people").iter();
        names.map(|one| one["displayName"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let cloud = Jira::start().await.expect("a port");
    for (text, names) in [
        ("alice@example.org", &["Ali Ames", "Alice Archer"][..]),
        ("bob@example.org", &["Bob Baker"]),
        ("carol@example.org", &[]),
        ("Carol", &["Carol Cole"]),
        ("example.org", &[]),
    ] {
        assert_eq!(found(&cloud, &format!("query={text}")), names, "{text}");
    }
    assert_eq!(cloud.get("user/search").0, 400);
    assert_eq!(found(&data_center().await, "username=carol"), ["Carol Cole"]);
}

#[tokio::test]
async fn wrong_logins_are_refused_and_then_locked() {
    let jira = Jira::start().await.expect("a port");
    let ask = |path: &str, credentials: Option<&str>| {
        let headers: Vec<_> = credentials.map(|value| (AUTHORIZATION, value)).into_iter().collect();
        jira.0.service().answer(&request("GET", path, &headers, Bytes::new()))
    };
    assert_eq!(ask("/rest/api/2/serverInfo", None).status, 200);
    let bearer = format!("Bearer {}", Jira::API_TOKEN);
    let reasons: Vec<bool> = [None, Some("Basic eDp5"), Some(bearer.as_str()), Some("Basic ?")]
        .map(|credentials| {
            let reply = ask("/rest/api/2/myself", credentials);
            assert_eq!(reply.status, 401);
            reply.headers.contains_key("x-seraph-loginreason")
        })
        .to_vec();
    assert_eq!(reasons, [false, false, true, true]);
    assert_eq!(jira.get("myself").1["emailAddress"], json!(Jira::USER));
    jira.expire_token();
    assert_eq!(jira.get("serverInfo").0, 401);
    jira.renew_token();
    assert_eq!(jira.get("serverInfo").0, 200);
}

#[tokio::test(start_paused = true)]
async fn too_many_writes_are_sent_away() {
    let setup = JiraSetup { writes_per_second: Some(5), ..JiraSetup::default() };
    let jira = Jira::start_with(setup).await.expect("a port");
    let statuses: Vec<u16> = (0..8).map(|_| jira.create(&json!({})).0).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429, 429, 429]);
    assert_eq!((jira.writes(), jira.refused(), jira.busiest_second()), (5, 3, 5));
    assert_eq!(jira.hits("project = SUP").len(), 5, "a search is no write");
    advance(Duration::from_secs(1)).await;
    assert_eq!(jira.create(&json!({})).0, 201);
}
