//! Tickets that are read: what is asked of either Jira, and what is told of the answer.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{Canned, client, client_within, key, server::Reply};
use crate::{
    clients::ApiError,
    model::{
        ticket_query::{Field, Sort},
        tracker_read::JiraSearch,
    },
};

const EVERY: [Field; 4] = [Field::Watchers, Field::Comments, Field::Attachments, Field::Rendered];
const FIELDS: &str =
    "summary,description,created,assignee,reporter,status,labels,issuetype,project";

fn search() -> JiraSearch {
    JiraSearch { projects: vec!["SUP".to_owned()], ..JiraSearch::default() }
}

fn issue(kind: &str) -> serde_json::Value {
    let comment = |id: &str, more: &str| {
        let mut comment = json!({
            "id": id,
            "author": {"accountId": "u2", "displayName": "Bob", "avatarUrls": {"48x48": "https://x/b"}},
            "body": format!("*said* {id}"),
            "created": "2026-01-31T12:00:00.000+0000",
        });
        match more {
            "role" => comment["visibility"] = json!({"type": "role", "value": "Agents"}),
            "internal" => comment["jsdPublic"] = json!(false),
            _ => {}
        }
        comment
    };
    json!({
        "id": "10042",
        "key": "SUP-42",
        "fields": {
            "summary": "Printer on fire",
            "description": null,
            "created": "2026-01-31T12:00:00.000+0100",
            "assignee": null,
            "reporter": {"accountId": "u1", "displayName": "Alice", "emailAddress": "a@x.example",
                "avatarUrls": {"16x16": "https://x/s", "48x48": "https://x/a"}},
            "status": {"name": "In Arbeit",
                "statusCategory": {"key": "indeterminate", "colorName": "yellow"}},
            "labels": ["web"],
            "issuetype": {"name": "Task", "iconUrl": "https://x/t"},
            "project": {"key": "SUP", "name": "Support", "projectTypeKey": kind},
            "watches": {"watchCount": 3, "isWatching": true},
            "attachment": [{"id": "7", "filename": "a.txt", "size": 5, "mimeType": "text/plain",
                "created": "2026-01-31T12:00:00.000+0000", "content": "https://x/7"}],
            "comment": {"total": 3, "maxResults": 3, "startAt": 0, "comments":
                [comment("1", ""), comment("2", "role"), comment("3", "internal")]},
        },
        "renderedFields": {
            "summary": null,
            "description": "",
            "created": "31/Jan/26 12:00 PM",
            "comment": {"comments": [{"id": "1", "body": "<b>said</b> 1", "created": "yesterday"}]},
        },
    })
}

fn value<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_page_is_one_search_of_typed_parts() {
    for (cloud, path, going_on, more, next) in [
        (
            true,
            "search/jql",
            "nextPageToken",
            json!({"nextPageToken": "t2", "isLast": false}),
            "t2",
        ),
        (false, "search", "startAt", json!({"startAt": 4, "maxResults": 1, "total": 9}), "5"),
    ] {
        let mut page = more;
        page["issues"] = json!([issue("software")]);
        let server = Canned::start([Reply::json(200, &page.to_string())]).await;
        let search = JiraSearch {
            labels: vec!["web".to_owned(), "mail".to_owned()],
            reporter: Some("u1".to_owned()),
            assignee: Some("u\"2".to_owned()),
            watcher: Some("u3".to_owned()),
            status: Some("To Do".to_owned()),
            text: Some("C++".to_owned()),
            sort: Sort::OldestFirst,
            ..search()
        };
        let client = client(&server, Some(cloud));
        let from = if cloud { "t1" } else { "4" };
        let found = client.tickets(&search, &EVERY.into(), 20, Some(from)).await.unwrap();
        let seen = server.only();
        assert_eq!(seen.line, format!("GET /rest/api/2/{path}"));
        let jql = r#"project in ("SUP") AND labels in ("web", "mail") AND reporter = "u1" AND assignee = "u\"2" AND watcher = "u3" AND status = "To Do" AND text ~ "C\\+\\+" ORDER BY created ASC, key ASC"#;
        assert_eq!(value(&seen.query, "jql"), Some(jql));
        let fields = format!("{FIELDS},watches,comment,attachment");
        assert_eq!(value(&seen.query, "fields"), Some(fields.as_str()));
        assert_eq!(value(&seen.query, "expand"), Some("renderedFields"));
        assert_eq!(value(&seen.query, "maxResults"), Some("20"));
        assert_eq!(value(&seen.query, going_on), Some(from));
        assert_eq!(found.next.as_deref(), Some(next));
        let ticket = &found.tickets[0];
        assert_eq!((ticket.watch_count, ticket.watched_by_us), (3, true));
        assert!(!ticket.comments_left_out);
        let shown = serde_json::to_value(&ticket.view).unwrap();
        let author = json!({"account": "u2", "avatar": "https://x/b", "name": "Bob", "email": null,
            "created": null});
        assert_eq!(
            shown,
            json!({
                "id": "10042",
                "key": "SUP-42",
                "title": "Printer on fire",
                "body": "",
                "created": "2026-01-31T11:00:00Z",
                "assignee": null,
                "reporter": {"account": "u1", "avatar": "https://x/a", "name": "Alice",
                    "email": "a@x.example", "created": null},
                "status": {"name": "In Arbeit", "key": "indeterminate", "color-name": "yellow"},
                "labels": ["web"],
                "url": format!("{}/browse/SUP-42", server.url),
                "type": {"name": "Task", "icon": "https://x/t"},
                "project": {"key": "SUP", "name": "Support"},
                "comments": [{"id": "1", "author": author, "body": "*said* 1",
                    "created": "2026-01-31T12:00:00Z", "rendered": "<b>said</b> 1"}],
                "attachments": [{"id": "7", "filename": "a.txt", "size": 5, "type": "text/plain",
                    "created": "2026-01-31T12:00:00Z", "url": "https://x/7"}],
                "rendered": {"body": ""},
            })
        );
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_neither_asked_nor_told() {
    let last = json!({"issues": [issue("software")], "isLast": true});
    let server = Canned::start([Reply::json(200, &last.to_string())]).await;
    let found = client(&server, Some(true)).tickets(&search(), &BTreeSet::new(), 1, None).await;
    let seen = server.only();
    assert_eq!(value(&seen.query, "fields"), Some(FIELDS));
    assert_eq!(value(&seen.query, "expand"), None);
    let found = found.unwrap();
    assert_eq!(found.next, None);
    let view = &found.tickets[0].view;
    assert_eq!((&view.comments, &view.attachments, &view.rendered), (&None, &None, &None));
    let nowhere = JiraSearch::default();
    let none = client(&server, Some(true)).tickets(&nowhere, &BTreeSet::new(), 1, None).await;
    assert!(none.unwrap().tickets.is_empty() && server.seen().is_empty());
}

#[tokio::test]
async fn on_data_center_a_service_projects_comments_are_asked_for_apart() {
    for (cloud, kind, left_out, told) in [
        (false, json!("service_desk"), true, 0),
        (false, json!(null), true, 0),
        (false, json!("software"), false, 1),
        (true, json!("service_desk"), false, 1),
    ] {
        let mut one = issue("");
        one["fields"]["project"]["projectTypeKey"] = kind.clone();
        let server = Canned::start([Reply::json(200, &one.to_string())]).await;
        let fields = BTreeSet::from([Field::Comments]);
        let ticket = client(&server, Some(cloud)).ticket(&key("SUP-42"), &fields).await;
        let ticket = ticket.unwrap().unwrap();
        assert_eq!(server.only().line, "GET /rest/api/2/issue/SUP-42");
        assert_eq!(ticket.comments_left_out, left_out, "{kind}");
        assert_eq!(ticket.view.comments.unwrap().len(), told, "{kind}");
    }
}

#[tokio::test]
async fn all_comments_for_people_outside_are_read_in_pages() {
    let comment = |id: usize, internal: bool| {
        json!({"id": id.to_string(), "body": "x", "created": "2026-01-31T12:00:00.000+0000",
            "renderedBody": "<p>x</p>",
            "properties": [{"key": "sd.public.comment", "value": {"internal": internal}}]})
    };
    let page = |ids: std::ops::Range<usize>| {
        let comments: Vec<_> = ids.map(|id| comment(id, id % 2 == 1)).collect();
        Reply::json(200, &json!({"comments": comments, "total": 150}).to_string())
    };
    let server = Canned::start([page(0..100), page(100..150)]).await;
    let said = client(&server, Some(false)).said(&key("SUP-1"), true).await.unwrap();
    assert_eq!(said.len(), 75);
    assert_eq!(said[74].rendered.as_deref(), Some("<p>x</p>"));
    let seen = server.seen();
    assert_eq!(seen[1].line, "GET /rest/api/2/issue/SUP-1/comment");
    assert_eq!(value(&seen[1].query, "startAt"), Some("100"));
    assert_eq!(value(&seen[1].query, "expand"), Some("properties,renderedBody"));
}

#[tokio::test]
async fn watchers_and_we_are_told_as_people() {
    let watchers =
        r#"{"watchCount":2,"isWatching":true,"watchers":[{"name":"a","displayName":"A"}]}"#;
    let hidden = r#"{"watchCount":2,"isWatching":false}"#;
    let me = r#"{"accountId":"us","displayName":"Desk","emailAddress":""}"#;
    let server = Canned::start([watchers, hidden, me].map(|body| Reply::json(200, body))).await;
    let client = client(&server, Some(true));
    let found = client.watchers(&key("SUP-1")).await.unwrap();
    assert_eq!((found[0].account.as_str(), found[0].name.as_str()), ("a", "A"));
    assert!(client.watchers(&key("SUP-1")).await.unwrap().is_empty());
    let us = client.my_view().await.unwrap();
    assert_eq!((us.account.as_str(), us.email), ("us", None));
    let lines: Vec<_> = server.seen().into_iter().map(|seen| seen.line).collect();
    let list = "GET /rest/api/2/issue/SUP-1/watchers";
    assert_eq!(lines, [list, list, "GET /rest/api/2/myself"]);
}

#[tokio::test]
async fn what_is_not_there_is_none_and_no_hits_are_proved() {
    let me = r#"{"accountId":"us","displayName":"Desk"}"#;
    let replies = [
        Reply::json(404, r#"{"errorMessages":["Issue does not exist"]}"#),
        Reply::json(200, me),
        Reply::json(200, r#"{"issues":[],"isLast":true}"#),
        Reply::of(401, ""),
    ];
    let server = Canned::start(replies).await;
    let client = client(&server, Some(true));
    let none = client.ticket(&key("SUP-9"), &BTreeSet::new()).await;
    assert!(none.unwrap().is_none());
    let found = client.tickets(&search(), &BTreeSet::new(), 5, None).await;
    assert_eq!(found.err(), Some(ApiError::Unauthorized { service: "jira" }));
}

#[tokio::test]
async fn failures_are_sorted() {
    let words = r#"{"errorMessages":["The value 'x' does not exist for the field 'status'."]}"#;
    let mut odd = issue("software");
    odd["key"] = json!("../SUP-1");
    let odd = json!({"issues": [odd]}).to_string();
    for (reply, kind) in [
        (Reply::json(400, words), "rejected"),
        (Reply::of(429, "").with("retry-after", "2"), "rate_limited"),
        (Reply::of(500, ""), "unavailable"),
        (Reply::json(200, "{"), "malformed"),
        (Reply::json(200, &odd), "malformed"),
        (Reply::json(200, "{}").late(Duration::from_secs(5)), "unavailable"),
        (Reply::json(200, &format!("\"{}\"", "x".repeat(5 * 1024 * 1024))), "malformed"),
    ] {
        let server = Canned::start([reply.clone(), reply]).await;
        let client = client_within(&server, Some(true), Duration::from_millis(500));
        let found = client.tickets(&search(), &BTreeSet::new(), 5, None).await;
        assert_eq!(found.err().unwrap().kind(), kind);
    }
}
