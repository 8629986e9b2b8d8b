//! Issues that callers of the API read: what is asked, and what is told of the answer.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use super::{desk, desk_within, id, known, value};
use crate::{
    clients::stand::{Asked, Say},
    model::{
        ids::ProjectRef,
        ticket_query::{Field, Sort},
        tracker_read::RedmineSearch,
    },
};

fn search() -> RedmineSearch {
    RedmineSearch {
        project: ProjectRef::parse("helpdesk").unwrap(),
        reporter: None,
        assignee: None,
        watcher: None,
        status: None,
        text: None,
        sort: Sort::NewestFirst,
    }
}

fn issue(id: u32) -> Value {
    json!({
        "id": id,
        "project": {"id": 1, "name": "Help Desk"},
        "tracker": {"id": 3, "name": "Support"},
        "status": {"id": 1, "name": "New", "is_closed": false},
        "author": {"id": 6, "name": "Alice Archer"},
        "subject": "s",
        "description": "a\r\nb",
        "created_on": "2026-11-22T04:14:48Z",
        "journals": [
            {"id": 1, "user": {"id": 6, "name": "Alice Archer"}, "notes": "said",
                "private_notes": false, "created_on": "2026-11-22T04:15:00Z"},
            {"id": 2, "notes": "planted", "private_notes": true,
                "created_on": "2026-11-22T04:15:00Z"},
            {"id": 3, "notes": null, "private_notes": false, "created_on": "2026-11-22T04:15:00Z"},
        ],
        "attachments": [{"id": 9, "filename": "a.txt", "filesize": 5, "content_type": "text/plain",
            "content_url": "https://x/9", "created_on": "2026-11-22T04:15:00Z"}],
        "watchers": [{"id": 7, "name": "Bob Baker"}],
    })
}

fn answer(asked: &Asked) -> Say {
    let line = &asked.line;
    Say::json(&if line.contains("issue_statuses") {
        json!({"issue_statuses": [{"id": 1, "name": "New", "is_closed": false}]})
    } else if line.contains("/issues/") {
        json!({"issue": issue(12)})
    } else {
        json!({"issues": [issue(12), issue(11)], "total_count": 9})
    })
}

#[tokio::test]
async fn a_page_goes_on_by_number() {
    let server = known(answer).await;
    let desk = desk(&server.url);
    for (sort, order, bound) in
        [(Sort::NewestFirst, "id:desc", "<=12"), (Sort::OldestFirst, "id:asc", ">=14")]
    {
        let search = RedmineSearch {
            reporter: Some(6),
            assignee: Some(7),
            watcher: Some(8),
            status: Some(5),
            text: Some("fire|\n=x  water".to_owned()),
            sort,
            ..search()
        };
        let fields = BTreeSet::from([Field::Attachments]);
        let found = desk.tickets(&search, &fields, 2, Some(id(13))).await.unwrap();
        assert_eq!((found.tickets.len(), found.next.as_deref()), (2, Some("11")));
        let all = server.all();
        let list = all.iter().rfind(|asked| asked.line.contains("/issues.json")).unwrap();
        for (name, expected) in [
            ("project_id", "helpdesk"),
            ("subproject_id", "!*"),
            ("author_id", "6"),
            ("assigned_to_id", "7"),
            ("watcher_id", "8"),
            ("status_id", "5"),
            ("subject", "~fire =x water"),
            ("sort", order),
            ("issue_id", bound),
            ("limit", "2"),
            ("include", "attachments"),
        ] {
            assert_eq!(value(list, name).as_deref(), Some(expected), "{name}");
        }
    }
}

#[tokio::test]
async fn an_issue_tells_what_is_for_everybody() {
    let server = known(answer).await;
    let every = [Field::Watchers, Field::Comments, Field::Attachments, Field::Rendered];
    let ticket = desk(&server.url).ticket(id(12), &every.into()).await.unwrap().unwrap();
    let all = server.all();
    let one = all.iter().find(|asked| asked.line.contains("/issues/12.json")).unwrap();
    assert_eq!(value(one, "include").as_deref(), Some("watchers,journals,attachments"));
    let person = |account: &str, name: &str| json!({"account": account, "avatar": null, "name": name, "email": null, "created": null});
    assert_eq!(
        serde_json::to_value(&ticket).unwrap(),
        json!({
            "id": "12",
            "key": "#12",
            "title": "s",
            "body": "a\nb",
            "created": "2026-11-22T04:14:48Z",
            "assignee": null,
            "reporter": person("6", "Alice Archer"),
            "status": {"name": "New", "key": "new", "color-name": "blue-gray"},
            "labels": [],
            "url": format!("{}issues/12", server.url),
            "type": {"name": "Support", "icon": null},
            "project": {"key": "1", "name": "Help Desk"},
            "comments": [{"id": "1", "author": person("6", "Alice Archer"), "body": "said",
                "created": "2026-11-22T04:15:00Z"}],
            "attachments": [{"id": "9", "filename": "a.txt", "size": 5, "type": "text/plain",
                "created": "2026-11-22T04:15:00Z", "url": "https://x/9"}],
            "watchers": [person("7", "Bob Baker")],
        })
    );
}

#[tokio::test]
async fn failures_are_sorted() {
    const JSON: &str = "Content-Type: application/json\r\n";
    for (say, list, one) in [
        (Say::status(403, JSON, ""), "forbidden", "none"),
        (Say::status(404, JSON, ""), "not_found", "none"),
        (Say::status(429, "Retry-After: 2\r\n", ""), "rate_limited", "rate_limited"),
        (Say::status(500, "", ""), "unavailable", "unavailable"),
        (Say::status(200, JSON, "{"), "malformed", "malformed"),
        (Say::Hang, "unavailable", "unavailable"),
    ] {
        let server = known(move |_| say.clone()).await;
        let desk = desk_within(&server.url, Duration::from_millis(800));
        let found = desk.tickets(&search(), &BTreeSet::new(), 5, None).await;
        assert_eq!(found.err().unwrap().kind(), list);
        let found = desk.ticket(id(1), &BTreeSet::new()).await;
        let word = found.map_or_else(|error| error.kind(), |one| one.map_or("none", |_| "some"));
        assert_eq!(word, one);
        let users = desk.users().await.map_or_else(
            |error| error.kind(),
            |all| {
                assert!(all.is_empty());
                "none"
            },
        );
        assert_eq!(users, if list == "forbidden" { "none" } else { list });
    }
}
