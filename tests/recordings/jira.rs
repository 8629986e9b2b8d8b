//! There is no recording of Jira. Its stand-in is held against the published description of the
//! API instead: a sample of its answers has only properties that the schemas know, of their types.
//!
//! The schemas are those of version 3, where `body`, `description` and `environment` are documents;
//! in version 2, which is spoken here, they are text.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use ticketd::sandbox::{Deployment, Fault, FaultRule, Jira, JiraSetup};

use crate::exchange::{Response, send};

const TEXTS: [&str; 3] = ["body", "description", "environment"];

fn schemas() -> Map<String, Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jira/schemas.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Where a value is not as its schema says.
fn strays(schemas: &Map<String, Value>, schema: &Value, at: &str, value: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = schemas.get(name).unwrap_or_else(|| panic!("{name} is not in the fixture"));
        return strays(schemas, schema, at, value);
    }
    let last = at.rsplit('.').next().unwrap_or_default();
    if TEXTS.contains(&last) {
        return if value.is_string() {
            Vec::new()
        } else {
            vec![format!("{at} is no text: {value}")]
        };
    }
    let right = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("string") => value.as_str().is_some_and(|text| {
            schema["format"] != json!("date-time")
                || jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.3f%z", text).is_ok()
        }),
        Some(other) => panic!("{at}: a schema of type {other}"),
    };
    if !right {
        return vec![format!("{at}: {value} is not of {}", schema["type"])];
    }
    let mut found = Vec::new();
    let known = schema["properties"].as_object();
    for (name, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match known.and_then(|known| known.get(name)).or(schema.get("additionalProperties")) {
            Some(schema) => found.extend(strays(schemas, schema, &at, inner)),
            // Where a schema names no property, as of an issue's fields, any will do.
            None if known.is_none() => {}
            None => found.push(format!("{at} is unknown")),
        }
    }
    for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(strays(schemas, &schema["items"], &format!("{at}[{n}]"), inner));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}.{name} is missing"));
        }
    }
    found
}

struct Asking<'a> {
    jira: &'a Jira,
    flavour: Deployment,
    schemas: Map<String, Value>,
}

impl Asking<'_> {
    async fn raw(&self, line: &str, more: &[(&str, &str)], body: &[u8]) -> Response {
        let credentials = match self.flavour {
            Deployment::Cloud => {
                format!("Basic {}", STANDARD.encode(format!("{}:{}", Jira::USER, Jira::API_TOKEN)))
            }
            Deployment::DataCenter => format!("Bearer {}", Jira::API_TOKEN),
        };
        let length = body.len().to_string();
        let mut headers =
            vec![("Authorization", credentials.as_str()), ("Content-Length", &length)];
        headers.extend(more);
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        send(self.jira.address(), &format!("{line} HTTP/1.1"), &headers, body).await
    }

    /// Asks, and holds the answer against the schema; the answer.
    async fn fits(&self, line: &str, body: Value, status: u16, schema: &str) -> Value {
        let bytes = if body.is_null() { String::new() } else { body.to_string() };
        let json = [("Content-Type", "application/json")];
        let line = line.replacen(' ', " /rest/api/2/", 1);
        let response = self.raw(&line, &json, bytes.as_bytes()).await;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, status, "{line}: {text}");
        let kind = response.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/json;charset=UTF-8", "{line}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        self.hold(&line, schema, &answer);
        answer
    }

    fn hold(&self, line: &str, schema: &str, value: &Value) {
        let schema = match schema.strip_suffix("[]") {
            Some(one) => json!({ "type": "array", "items": { "$ref": one } }),
            None => json!({ "$ref": schema }),
        };
        let found = strays(&self.schemas, &schema, "", value);
        assert!(found.is_empty(), "{line}:\n{}", found.join("\n"));
    }
}

/// A form with one file.
fn form() -> Vec<u8> {
    b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n"
        .to_vec()
}

/// Asks for what no write changes; the people whose address begins with Alice's.
async fn unchanging(ask: &Asking<'_>, cloud: bool) -> Value {
    let nothing = || Value::Null;
    let server = ask.fits("GET serverInfo", nothing(), 200, "ServerInformation").await;
    assert_eq!(server["deploymentType"], json!(if cloud { "Cloud" } else { "Server" }));
    ask.fits("GET myself", nothing(), 200, "User").await;
    let search = if cloud { "query" } else { "username" };
    let line = format!("GET user/search?{search}=alice@example.org");
    let people = ask.fits(&line, nothing(), 200, "User[]").await;
    assert_eq!(people.as_array().unwrap().len(), 2);
    ask.fits("GET project/SUP", nothing(), 200, "Project").await;
    ask.fits("GET priority", nothing(), 200, "Priority[]").await;
    ask.fits("GET issuetype", nothing(), 200, "IssueTypeDetails[]").await;
    ask.fits("GET filter/10100", nothing(), 200, "Filter").await;
    ask.fits("GET attachment/meta", nothing(), 200, "AttachmentSettings").await;
    let line = "GET mypermissions?permissions=CREATE_ISSUES,BROWSE_PROJECTS";
    let may = ask.fits(line, nothing(), 200, "Permissions").await;
    ask.hold(line, "UserPermission", &may["permissions"]["CREATE_ISSUES"]);
    if cloud {
        let types = "GET issue/createmeta/SUP/issuetypes";
        ask.fits(types, nothing(), 200, "PageOfCreateMetaIssueTypes").await;
        let fields = format!("{types}/10002");
        ask.fits(&fields, nothing(), 200, "PageOfCreateMetaIssueTypeWithField").await;
    }
    people
}

#[tokio::test]
async fn jira_answers_as_described() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let cloud = flavour == Deployment::Cloud;
        let setup = JiraSetup { flavour, ..JiraSetup::default() };
        let jira = Jira::start_with(setup).await.unwrap();
        let ask = Asking { jira: &jira, flavour, schemas: schemas() };
        let nothing = || Value::Null;

        let people = unchanging(&ask, cloud).await;
        let issue = json!({
            "fields": {
                "project": { "key": "SUP" },
                "issuetype": { "name": "Task" },
                "summary": "Printer on fire",
                "description": "It *burns*.",
                "labels": ["mail-1"],
            },
            "properties": [{ "key": "ticketd", "value": { "mail": 1 } }],
        });
        let made = ask.fits("POST issue", issue, 201, "CreatedIssue").await;
        assert_eq!(made["key"], json!("SUP-1"));
        ask.fits("POST issue", json!({ "fields": {} }), 400, "ErrorCollection").await;
        ask.fits("GET issue/SUP-2", nothing(), 404, "ErrorCollection").await;
        let line = "GET issue/SUP-1/properties/ticketd";
        ask.fits(line, nothing(), 200, "EntityProperty").await;
        ask.fits("GET issue/SUP-1/transitions", nothing(), 200, "Transitions").await;

        let comment = json!({
            "body": "for _you_",
            "properties": [{ "key": "ticketd", "value": 1 }],
            "visibility": { "type": "role", "value": "Administrators" },
        });
        let line = "POST issue/SUP-1/comment?expand=properties";
        let made = ask.fits(line, comment, 201, "Comment").await;
        assert_eq!(made["visibility"]["value"], json!("Administrators"));
        let line = format!("GET issue/SUP-1/comment/{}", made["id"].as_str().unwrap());
        ask.fits(&line, nothing(), 200, "Comment").await;
        ask.fits("GET issue/SUP-1/comment", nothing(), 200, "PageOfComments").await;

        let headers = [
            ("Content-Type", "multipart/form-data; boundary=b"),
            ("X-Atlassian-Token", "no-check"),
        ];
        let line = "POST /rest/api/2/issue/SUP-1/attachments";
        let response = ask.raw(line, &headers, &form()).await;
        let files: Value = serde_json::from_slice(&response.body).unwrap();
        ask.hold(line, "Attachment[]", &files);
        let content = files[0]["content"].as_str().unwrap();
        let target = &content[jira.url().as_str().len() - 1..];
        let response = ask.raw(&format!("GET {target}"), &[], b"").await;
        assert_eq!(response.status, if cloud { 303 } else { 200 }, "{content}");

        let alice = match flavour {
            Deployment::Cloud => people[1]["accountId"].clone(),
            Deployment::DataCenter => people[1]["name"].clone(),
        };
        let body = alice.to_string();
        let json = [("Content-Type", "application/json")];
        let line = "POST /rest/api/2/issue/SUP-1/watchers";
        assert_eq!(ask.raw(line, &json, body.as_bytes()).await.status, 204);
        let watchers = ask.fits("GET issue/SUP-1/watchers", nothing(), 200, "Watchers").await;
        assert_eq!(watchers["watchers"][0]["displayName"], json!("Alice Archer"));

        let line = "GET issue/SUP-1?properties=*all";
        let shown = ask.fits(line, nothing(), 200, "IssueBean").await;
        let fields = &shown["fields"];
        for (name, schema) in [
            ("project", "Project"),
            ("issuetype", "IssueTypeDetails"),
            ("priority", "Priority"),
            ("status", "StatusDetails"),
            ("reporter", "UserDetails"),
            ("comment", "PageOfComments"),
            ("attachment", "Attachment[]"),
        ] {
            ask.hold(&format!("{line}: {name}"), schema, &fields[name]);
        }
        assert_eq!(fields["description"], json!("It *burns*."));

        let by_label =
            json!({ "jql": "project = SUP AND labels = \"mail-1\"", "fields": ["*all"] });
        let ids = json!({ "jql": "labels = \"mail-1\"" });
        if cloud {
            let schema = "SearchAndReconcileResults";
            ask.fits("POST search/jql", by_label, 200, schema).await;
            let found = ask.fits("POST search/jql", ids.clone(), 200, schema).await;
            assert_eq!(found["issues"], json!([{ "id": shown["id"] }]));
            let line = "POST search/approximate-count";
            ask.fits(line, ids.clone(), 200, "JQLCountResultsBean").await;
            ask.fits("POST search", ids, 410, "ErrorCollection").await;
        } else {
            let found = ask.fits("POST search", by_label, 200, "SearchResults").await;
            assert_eq!(found["total"], json!(1));
            ask.fits("POST search", json!({ "jql": "oops" }), 400, "ErrorCollection").await;
        }
    }
}

/// The boards are no part of the platform's description: only the way to their JQL counts.
#[tokio::test]
async fn a_board_leads_to_its_jql() {
    let jira = Jira::start().await.unwrap();
    let ask = Asking { jira: &jira, flavour: Deployment::Cloud, schemas: schemas() };
    let get = async |path: String| -> Value {
        let response = ask.raw(&format!("GET {path}"), &[], b"").await;
        assert_eq!(response.status, 200, "{path}");
        serde_json::from_slice(&response.body).unwrap()
    };
    let boards = get("/rest/agile/1.0/board?name=support".to_owned()).await;
    assert_eq!((&boards["total"], &boards["values"][0]["name"]), (&json!(1), &json!("Support")));
    let id = &boards["values"][0]["id"];
    let configuration = get(format!("/rest/agile/1.0/board/{id}/configuration")).await;
    let filter = configuration["filter"]["id"].as_str().unwrap();
    let filter = get(format!("/rest/api/2/filter/{filter}")).await;
    assert_eq!(filter["jql"], json!("project = SUP ORDER BY Rank"));
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_deed() {
    let jira = Jira::start().await.unwrap();
    let ask = Asking { jira: &jira, flavour: Deployment::Cloud, schemas: schemas() };
    let issue = json!({
        "fields": { "project": { "key": "SUP" }, "issuetype": { "name": "Bug" }, "summary": "x" },
    });
    let json = [("Content-Type", "application/json")];
    let body = issue.to_string();
    for (fault, status) in [(Fault::StatusAfterCommit(502), 502), (Fault::Status(503), 503)] {
        jira.fault(FaultRule::from(fault).at("POST /rest/api/2/issue").times(1));
        let response = ask.raw("POST /rest/api/2/issue", &json, body.as_bytes()).await;
        assert_eq!(response.status, status);
    }
    assert_eq!((jira.issues().len(), jira.writes()), (1, 1));
    let seen: Vec<_> = jira.ledger().iter().map(|call| (call.login, call.status)).collect();
    assert_eq!(seen, [(Some("bot"), Some(502)), (Some("bot"), Some(503))]);
}

#[test]
fn a_stray_is_seen() {
    let schemas = schemas();
    let of = |schema: &str, value: Value| strays(&schemas, &json!({ "$ref": schema }), "", &value);
    let time = "2030-01-31T10:00:00.000+0000";
    let right = json!({ "id": "1", "body": "x", "created": time, "author": { "active": true } });
    assert_eq!(of("Comment", right), [""; 0]);
    let wrong = json!({
        "id": 1,
        "body": { "type": "doc" },
        "created": "2030-01-31T10:00:00Z",
        "author": { "activ": true },
        "properties": [{ "key": 1 }],
    });
    assert_eq!(of("Comment", wrong).len(), 5);
    assert_eq!(of("Filter", json!({})), [".\"name\" is missing"]);
    assert_eq!(of("Permissions", json!({ "permissions": { "X": { "id": 1 } } })).len(), 1);
}
