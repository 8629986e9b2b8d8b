//! Each call: what is asked, and what becomes of the answer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Canned, client, comment_id, key, made, server::Reply};
use crate::{
    clients::jira::JiraAuth,
    model::{
        jira::{Account, Deployment, IssueStatus, Marks, NewIssue},
        mail::Email,
    },
};

const ISSUE: NewIssue<'static> = NewIssue {
    project: "SUP",
    issue_type: "Task",
    summary: "Printer on fire",
    description: "h1. Help",
    labels: &[],
    priority: None,
    reporter: None,
    mark: "m-1",
};

fn pairs(query: &[(String, String)]) -> Vec<(&str, &str)> {
    query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn an_issue_is_made_with_its_mark_in_one_call() {
    let labels = ["mail-0a".to_owned()];
    for (cloud, reporter) in [(true, json!({"id": "u1"})), (false, json!({"name": "u1"}))] {
        let made = r#"{"id":"10000","key":"SUP-24","self":"https://x/rest/api/2/issue/10000"}"#;
        let server = Canned::start([Reply::json(201, made), Reply::json(201, made)]).await;
        let client = client(&server, Some(cloud));
        let full =
            NewIssue { labels: &labels, priority: Some("High"), reporter: Some("u1"), ..ISSUE };
        assert_eq!(client.create(&full).await, Ok(key("SUP-24")));
        let seen = server.only();
        assert_eq!(seen.line, "POST /rest/api/2/issue");
        assert_eq!(seen.headers["authorization"], "Basic ZGVza0BleGFtcGxlLm9yZzp0b2tlbg==");
        assert_eq!(
            seen.json(),
            json!({
                "fields": {
                    "project": {"key": "SUP"},
                    "issuetype": {"name": "Task"},
                    "summary": "Printer on fire",
                    "description": "h1. Help",
                    "labels": ["mail-0a"],
                    "priority": {"name": "High"},
                    "reporter": reporter,
                },
                "properties": [{"key": "ticketd", "value": {"mark": "m-1"}}],
            })
        );
        assert_eq!(client.create(&ISSUE).await, Ok(key("SUP-24")));
        let fields = server.only().json()["fields"].take();
        assert_eq!((fields.get("priority"), fields.get("reporter")), (None, None));
    }
}

#[tokio::test]
async fn a_token_of_data_center_is_a_bearer() {
    let server = Canned::start([Reply::json(200, r#"{"name":"desk","displayName":"D"}"#)]).await;
    let auth = JiraAuth::Bearer("pat".into());
    let client = made(server.url.clone(), auth, Some(false), Duration::from_secs(5));
    assert_eq!(client.myself().await.unwrap().id, "desk");
    assert_eq!(server.only().headers["authorization"], "Bearer pat");
}

#[tokio::test]
async fn jira_is_asked_once_which_it_is_and_who_we_are() {
    for (info, expected) in [
        (r#"{"deploymentType":"Cloud","version":"1001.0.0"}"#, Deployment::Cloud),
        (r#"{"deploymentType":"Server","version":"9.12.1"}"#, Deployment::DataCenter),
        (r#"{"version":"6.4"}"#, Deployment::DataCenter),
    ] {
        let me =
            r#"{"accountId":"u1","name":"","displayName":"Desk","emailAddress":"D@x.example"}"#;
        // The first try fails: that is not remembered.
        let replies = [Reply::of(503, ""), Reply::json(200, info), Reply::json(200, me)];
        let server = Canned::start(replies).await;
        let client = client(&server, None);
        assert!(client.about().await.is_err());
        let (one, two) = tokio::join!(client.about(), client.about());
        assert_eq!((one, two), (Ok(expected), Ok(expected)));
        let (one, two) = tokio::join!(client.myself(), client.myself());
        let account = Account {
            id: "u1".to_owned(),
            display_name: "Desk".to_owned(),
            email: Email::parse("d@x.example"),
        };
        assert_eq!((one, two), (Ok(account.clone()), Ok(account)));
        let lines: Vec<_> = server.seen().into_iter().map(|seen| seen.line).collect();
        let info = "GET /rest/api/2/serverInfo";
        assert_eq!(lines, [info, info, "GET /rest/api/2/myself"]);
    }
}

#[tokio::test]
async fn an_issue_tells_its_marks_and_how_far_it_is() {
    let marked = r#"{"id":"1","key":"OPS-3","fields":{"labels":["mail-0a"]},
                     "properties":{"ticketd":{"mark":"m-1"}}}"#;
    let bare = r#"{"id":"1","key":"SUP-2","fields":{"labels":[]},"properties":{}}"#;
    let done = r#"{"key":"SUP-2","fields":{"updated":"2026-01-31T12:00:00.000+0000",
                   "status":{"name":"Closed","statusCategory":{"id":3,"key":"done"}}}}"#;
    let gone = r#"{"errorMessages":["Issue does not exist"],"errors":{}}"#;
    let me = r#"{"accountId":"us","displayName":"Desk"}"#;
    let replies =
        [(200, marked), (200, bare), (404, gone), (200, me), (200, done), (404, gone), (200, me)];
    let server = Canned::start(replies.map(|(status, body)| Reply::json(status, body))).await;
    let client = client(&server, Some(true));
    let issue = key("SUP-2");
    let marks = |key, mark: Option<&str>, labels: &[&str]| Marks {
        key,
        mark: mark.map(str::to_owned),
        labels: labels.iter().copied().map(str::to_owned).collect(),
    };
    let moved = marks(key("OPS-3"), Some("m-1"), &["mail-0a"]);
    assert_eq!(client.marks(&issue).await, Ok(Some(moved)));
    assert_eq!(client.marks(&issue).await, Ok(Some(marks(key("SUP-2"), None, &[]))));
    assert_eq!(client.marks(&issue).await, Ok(None));
    let updated = "2026-01-31T12:00:00Z".parse().unwrap();
    let expected = IssueStatus { key: key("SUP-2"), done: true, updated };
    assert_eq!(client.issue_status(&issue).await, Ok(Some(expected)));
    assert_eq!(client.issue_status(&issue).await, Ok(None));
    let mut seen = server.seen();
    seen.retain(|one| one.line == "GET /rest/api/2/issue/SUP-2");
    assert_eq!(seen.len(), 5);
    assert_eq!(pairs(&seen[0].query), [("fields", "labels"), ("properties", "ticketd")]);
    assert_eq!(pairs(&seen[3].query), [("fields", "status,updated")]);
    assert_eq!(client.browse_url(&issue).path(), "/j/browse/SUP-2");
}

#[tokio::test]
async fn searches_read_every_page_of_either_jira() {
    let issue = |key: &str| {
        format!(
            r#"{{"key":"{key}","fields":{{"updated":"2026-01-31T12:00:00.000+0000",
                "status":{{"name":"x","statusCategory":{{"key":"done"}}}}}}}}"#
        )
    };
    for (cloud, path, pages) in [
        (
            true,
            "GET /rest/api/2/search/jql",
            [
                format!(r#"{{"issues":[{}],"nextPageToken":"t2"}}"#, issue("SUP-1")),
                format!(r#"{{"issues":[{}],"isLast":true}}"#, issue("OPS-2")),
            ],
        ),
        (
            false,
            "GET /rest/api/2/search",
            [
                format!(r#"{{"startAt":0,"total":2,"issues":[{}]}}"#, issue("SUP-1")),
                format!(r#"{{"startAt":1,"total":2,"issues":[{}]}}"#, issue("OPS-2")),
            ],
        ),
    ] {
        let twice = pages.iter().chain(&pages).chain(&pages[..1]);
        let server = Canned::start(twice.map(|page| Reply::json(200, page))).await;
        let client = client(&server, Some(cloud));
        let found = client.find_by_label("mail-\"0a").await;
        assert_eq!(found, Ok(vec![key("SUP-1"), key("OPS-2")]));
        let changed = client.updated_since(15, "ticketd").await.unwrap();
        let updated = "2026-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(changed[1], IssueStatus { key: key("OPS-2"), done: true, updated });
        assert_eq!(client.newest_number("SUP").await, Ok(Some(1)));
        let seen = server.seen();
        assert!(seen.iter().all(|one| one.line == path), "{seen:?}");
        let first = pairs(&seen[0].query);
        let jql = r#"labels = "mail-\"0a" ORDER BY created ASC"#;
        assert_eq!(first, [("jql", jql), ("fields", "updated"), ("maxResults", "100")]);
        let next = if cloud { ("nextPageToken", "t2") } else { ("startAt", "1") };
        assert_eq!(pairs(&seen[1].query), [&first[..], &[next]].concat());
        let jql = r#"labels = "ticketd" AND updated >= "-15m" ORDER BY updated ASC"#;
        assert_eq!(seen[2].query[0].1, jql);
        assert_eq!(seen[2].query[1].1, "updated,status");
        let jql = r#"project = "SUP" ORDER BY key DESC"#;
        assert_eq!((seen[4].query[0].1.as_str(), seen[4].query[2].1.as_str()), (jql, "1"));
    }
}

#[tokio::test]
async fn a_search_that_never_ends_is_left() {
    let page = Reply::json(200, r#"{"issues":[],"nextPageToken":"t"}"#);
    let server = Canned::start(std::iter::repeat_n(page, 300)).await;
    let client = client(&server, Some(true));
    assert_eq!(client.find_by_label("x").await.unwrap_err().kind(), "malformed");
    assert_eq!(server.seen().len(), 200);
}

const COMMENT: &str = r#"{"id":"10001","author":{"accountId":"u1","displayName":"Mia"},
    "body":"*hi* !a.png!","created":"2021-01-17T12:34:00.000+0000",
    "renderedBody":"<b>hi</b> <img src=\"/j/secure/attachment/7/a.png\">",
    "properties":[{"key":"ticketd","value":{"mark":"m-9"}}]}"#;

#[tokio::test]
async fn a_comment_is_written_listed_and_read() {
    let internal = r#"{"id":"10000","body":"x","created":"2021-01-17T12:33:00.000+0000",
                       "jsdPublic":false}"#;
    let page = |one: &str, total| format!(r#"{{"comments":[{one}],"total":{total}}}"#);
    let server = Canned::start([
        Reply::json(201, COMMENT),
        Reply::json(200, &page(COMMENT, 3)),
        // Somebody wrote one meanwhile: the first is told again.
        Reply::json(200, &page(COMMENT, 3)),
        Reply::json(200, &page(internal, 3)),
        Reply::json(200, &page(COMMENT, 300)),
        Reply::json(200, COMMENT),
        Reply::json(404, r#"{"errorMessages":["Can not find a comment"]}"#),
        Reply::json(200, "{}"),
    ])
    .await;
    let client = client(&server, Some(true));
    let issue = key("SUP-2");
    assert_eq!(client.comment(&issue, "*hi*", "m-9").await, Ok(comment_id("10001")));
    let seen = server.only();
    assert_eq!(seen.line, "POST /rest/api/2/issue/SUP-2/comment");
    let property = json!([{"key": "ticketd", "value": {"mark": "m-9"}}]);
    assert_eq!(seen.json(), json!({"body": "*hi*", "properties": property}));

    let comments = client.comments(&issue, 500).await.unwrap();
    let told: Vec<_> = comments
        .iter()
        .map(|one| (one.id.as_str(), one.author.id.as_str(), one.mark.as_deref(), one.public))
        .collect();
    assert_eq!(told, [("10001", "u1", Some("m-9"), true), ("10000", "", None, false)]);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(
        pairs(&seen[0].query),
        [
            ("orderBy", "-created"),
            ("expand", "properties"),
            ("startAt", "0"),
            ("maxResults", "100")
        ]
    );
    assert_eq!(seen[2].query[2].1, "2");
    assert_eq!(client.comments(&issue, 1).await.unwrap().len(), 1);
    assert_eq!(server.only().query[3].1, "1");

    let text = client.comment_text(&issue, &comment_id("10001")).await.unwrap().unwrap();
    assert!(text.public && text.html.starts_with("<b>hi</b> <img "));
    assert_eq!((text.mark.as_deref(), text.author.id.as_str()), (Some("m-9"), "u1"));
    assert!(client.comment_text(&issue, &comment_id("10001")).await.unwrap().is_none());
    let seen = server.seen();
    assert_eq!(seen[0].line, "GET /rest/api/2/issue/SUP-2/comment/10001");
    assert_eq!(pairs(&seen[0].query), [("expand", "renderedBody,properties")]);
}

/// A Service Management of one's own says only in a property that a comment is internal.
#[tokio::test]
async fn without_its_properties_a_comment_of_a_data_center_is_not_public() {
    let bare = r#"{"id":"10000","body":"x","created":"2021-01-17T12:33:00.000+0000"}"#;
    let none = bare.replace("\"body\"", "\"properties\":[],\"body\"");
    for (cloud, comment, public) in
        [(true, bare, true), (false, bare, false), (true, &none, true), (false, &none, true)]
    {
        let page = format!(r#"{{"comments":[{comment}],"total":1}}"#);
        let server = Canned::start([Reply::json(200, &page), Reply::json(200, comment)]).await;
        let client = client(&server, Some(cloud));
        let issue = key("SUP-2");
        let listed = client.comments(&issue, 5).await.unwrap();
        let read = client.comment_text(&issue, &comment_id("10000")).await.unwrap().unwrap();
        assert_eq!((listed[0].public, read.public), (public, public), "{cloud} {comment}");
    }
}

#[tokio::test]
async fn people_watch_and_are_found_by_their_whole_address() {
    let users = r#"[{"accountId":"u0","displayName":"Hidden"},
        {"accountId":"u1","emailAddress":"amy@example.org.invalid","active":true},
        {"accountId":"u2","emailAddress":"Amy@Example.org","active":false},
        {"accountId":"u3","emailAddress":"Amy@Example.org","active":true}]"#;
    for (cloud, by) in [(true, "query"), (false, "username")] {
        let replies = [Reply::of(204, ""), Reply::json(200, users), Reply::json(200, "[]")];
        let server = Canned::start(replies).await;
        let client = client(&server, Some(cloud));
        client.watch(&key("SUP-2"), "u\"1").await.unwrap();
        let seen = server.only();
        assert_eq!(seen.line, "POST /rest/api/2/issue/SUP-2/watchers");
        assert_eq!(seen.json(), json!("u\"1"));
        let amy = Email::parse("amy@example.org").unwrap();
        assert_eq!(client.find_account(&amy).await.unwrap().unwrap().id, "u3");
        assert_eq!(client.find_account(&amy).await, Ok(None));
        let seen = server.seen();
        assert_eq!(pairs(&seen[0].query), [(by, "amy@example.org"), ("maxResults", "50")]);
    }
}

#[tokio::test]
async fn a_board_leads_to_its_project() {
    let located = |name: &str, key: &str| {
        format!(r#"{{"id":1,"name":"{name}","location":{{"projectKey":"{key}"}}}}"#)
    };
    let page = |boards: &str, last| format!(r#"{{"values":[{boards}],"isLast":{last}}}"#);
    let bare = page(r#"{"id":7,"name":"Desk"}"#, true);
    let shown = r#"{"id":7,"name":"Desk","filter":{"id":"1001","self":"x"}}"#.to_owned();
    let filter = |jql: &str| format!(r#"{{"id":"1001","jql":"{jql}"}}"#);
    for (answers, expected) in [
        (
            vec![page(&located("Desk 2", "OPS"), false), page(&located("Desk", "SUP"), true)],
            Some("SUP"),
        ),
        (vec![page(&located("desk", "OPS"), true)], None),
        (vec![page(&[located("Desk", "A"), located("Desk", "B")].join(","), true)], None),
        (vec![page(&[located("Desk", "A"), located("Desk", "A")].join(","), true)], Some("A")),
        (vec![bare.clone(), shown.clone(), filter("project = SUP ORDER BY Rank")], Some("SUP")),
        (vec![bare, shown, filter("project in (SUP, OPS)")], None),
        (vec![page("", false)], None),
    ] {
        let server = Canned::start(answers.iter().map(|body| Reply::json(200, body))).await;
        let client = client(&server, Some(true));
        assert_eq!(client.board_project("Desk").await, Ok(expected.map(str::to_owned)));
        let seen = server.seen();
        assert_eq!(seen.len(), answers.len());
        assert_eq!(seen[0].line, "GET /rest/agile/1.0/board");
        assert_eq!(seen[0].query[0].1, "Desk");
        if answers.len() == 3 {
            assert_eq!(seen[1].line, "GET /rest/agile/1.0/board/7/configuration");
            assert_eq!(seen[2].line, "GET /rest/api/2/filter/1001");
        }
    }
}

#[tokio::test]
async fn what_we_may_not_do_in_a_project_is_told() {
    let answer = r#"{"permissions":{"CREATE_ISSUES":{"key":"CREATE_ISSUES","havePermission":true},
        "ADD_COMMENTS":{"havePermission":false},"CREATE_ATTACHMENTS":{"havePermission":true},
        "EDIT_ISSUES":{"havePermission":false}}}"#;
    let server = Canned::start([Reply::json(200, answer)]).await;
    let client = client(&server, Some(false));
    assert_eq!(client.permissions("SUP").await, Ok(vec!["ADD_COMMENTS", "MANAGE_WATCHERS"]));
    let seen = server.only();
    assert_eq!(seen.line, "GET /rest/api/2/mypermissions");
    let keys = "CREATE_ISSUES,ADD_COMMENTS,CREATE_ATTACHMENTS,MANAGE_WATCHERS";
    assert_eq!(pairs(&seen.query), [("projectKey", "SUP"), ("permissions", keys)]);
}

#[tokio::test]
async fn an_empty_search_is_an_answer_while_jira_knows_us() {
    for (cloud, empty) in
        [(true, r#"{"issues":[],"isLast":true}"#), (false, r#"{"issues":[],"total":0}"#)]
    {
        let me = Reply::json(200, r#"{"name":"desk"}"#);
        let server = Canned::start([Reply::json(200, empty), me]).await;
        assert_eq!(client(&server, Some(cloud)).find_by_label("x").await, Ok(vec![]));
        assert_eq!(server.seen()[1].line, "GET /rest/api/2/myself");
    }
}

#[tokio::test]
async fn at_most_eight_reads_run_at_once() {
    let issue = r#"{"key":"SUP-2","fields":{}}"#;
    let reply = Reply::json(200, issue).late(Duration::from_millis(50));
    let server = Canned::start(std::iter::repeat_n(reply, 25)).await;
    let client = client(&server, Some(true));
    // The first one goes alone: Jira must take our sign-in.
    client.marks(&key("SUP-2")).await.unwrap();
    let started = Instant::now();
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let client = client.clone();
        reads.spawn(async move { client.marks(&key("SUP-2")).await });
    }
    assert!(reads.join_all().await.iter().all(Result::is_ok));
    assert!(started.elapsed() >= Duration::from_millis(150));
    assert_eq!(server.most_at_once(), 8);
}
