//! Issues on their way out and back.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Say, Stand, desk, id, issue, known, query, value};
use crate::{
    clients::ApiError,
    model::{
        ids::{IssueId, ProjectRef},
        redmine::Status,
        redmine_desk::{Changed, NewRedmineIssue},
    },
};

#[tokio::test]
async fn an_issue_is_made_of_what_is_given() {
    let made = Say::status(201, "Content-Type: application/json\r\n", r#"{"issue":{"id":12}}"#);
    let server = Stand::by(move |_| made.clone()).await;
    let desk = desk(&server.url);
    let project = ProjectRef::parse("helpdesk").unwrap();
    let plain = NewRedmineIssue {
        project: &project,
        tracker: None,
        priority: None,
        subject: "s",
        description: "a\nb",
    };
    let full = NewRedmineIssue { tracker: Some(3), priority: Some(4), ..plain };
    for (new, body) in [
        (plain, json!({"project_id": "helpdesk", "subject": "s", "description": "a\nb"})),
        (
            full,
            json!({"project_id": "helpdesk", "tracker_id": 3, "priority_id": 4, "subject": "s",
                "description": "a\nb"}),
        ),
    ] {
        assert_eq!(desk.create(&new).await, Ok(id(12)));
        let asked = server.all().pop().unwrap();
        assert!(asked.line.starts_with("POST /issues.json "), "{}", asked.line);
        assert_eq!(asked.json()["issue"], body);
    }
}

/// A Redmine with these issues of ours, as it pages; `gone_after` is deleted after the first page.
async fn own(ids: Vec<u32>, gone_after: Option<u32>) -> Stand {
    known(move |asked| {
        let number = |name| value(asked, name).unwrap().parse::<usize>().unwrap();
        let gone = gone_after.filter(|_| number("offset") > 0);
        let left = ids.iter().copied().filter(|id| Some(*id) != gone);
        let page = left.skip(number("offset")).take(number("limit").min(100));
        let issues: Vec<Value> = page.map(issue).collect();
        Say::json(&json!({"issues": issues, "total_count": ids.len()}))
    })
    .await
}

#[tokio::test]
async fn our_issues_above_a_number_are_all_found() {
    let numbers = |last: u32| (1..=last).rev().collect::<Vec<u32>>();
    for (there, above, found, requests) in [
        (vec![], None, vec![], 2),
        (vec![], Some(7), vec![], 2),
        (vec![7], Some(7), vec![], 1),
        (vec![9, 8, 5], Some(7), vec![9, 8], 1),
        (vec![9, 8], Some(7), vec![9, 8], 2),
        (numbers(99), None, numbers(99), 2),
        (numbers(100), None, numbers(100), 3),
        (numbers(250), None, numbers(250), 4),
        (numbers(250), Some(100), (101..=250).rev().collect(), 2),
    ] {
        let server = own(there.clone(), None).await;
        let issues = desk(&server.url).own_above(above.map(IssueId::from)).await.unwrap();
        let ids: Vec<IssueId> = issues.iter().map(|issue| issue.id).collect();
        let found: Vec<IssueId> = found.into_iter().map(IssueId::from).collect();
        assert_eq!(ids, found, "above {above:?} of {there:?}");
        assert!(issues.iter().all(|issue| issue.description == "a\nb"));
        let asked = server.all();
        assert_eq!(asked.len(), requests, "above {above:?} of {there:?}");
        let fixed = [("author_id", "me"), ("status_id", "*"), ("sort", "id:desc")];
        for (name, wanted) in fixed {
            assert_eq!(value(&asked[0], name).as_deref(), Some(wanted));
        }
    }
}

#[tokio::test]
async fn nothing_slips_over_the_edge_of_a_page() {
    let ids: Vec<u32> = (1..=150).rev().collect();
    // One of the first page is gone: what was 101st is now 100th.
    let server = own(ids.clone(), Some(120)).await;
    let lost = desk(&server.url).own_above(None).await;
    assert_eq!(lost.unwrap_err().kind(), "unavailable");
    let server = own(ids, Some(10)).await;
    assert_eq!(desk(&server.url).own_above(None).await.unwrap().len(), 149);
}

#[tokio::test]
async fn the_search_has_an_end() {
    let ids: Vec<u32> = (1..=6_000).rev().collect();
    let server = own(ids, None).await;
    let desk = desk(&server.url);
    assert_eq!(desk.own_above(None).await.unwrap_err().kind(), "unavailable");
    assert_eq!(server.all().len(), 50);
    assert_eq!(desk.own_above(Some(id(1_100))).await.unwrap().len(), 4_900);
}

#[tokio::test]
async fn our_newest_issue_is_one_request() {
    let server = own(vec![9, 8], None).await;
    assert_eq!(desk(&server.url).own_newest().await, Ok(Some(id(9))));
    let asked = server.all();
    assert_eq!((asked.len(), value(&asked[0], "limit").as_deref()), (1, Some("1")));
    let server = own(vec![], None).await;
    assert_eq!(desk(&server.url).own_newest().await, Ok(None));
}

/// Whom Redmine no longer knows, it tells that there is nothing: believing it would make every
/// issue twice.
#[tokio::test]
async fn nothing_is_missing_when_redmine_no_longer_knows_us() {
    let server = Stand::by(|asked| {
        if asked.line.contains("/users/current.json") {
            return Say::status(401, "", "");
        }
        if asked.line.contains("/attachments/") {
            return Say::status(302, "Location: http://127.0.0.1:9/login\r\n", "");
        }
        Say::json(&json!({"issues": [], "total_count": 0}))
    })
    .await;
    let desk = desk(&server.url);
    for outcome in [
        desk.own_above(Some(id(3))).await.map(drop),
        desk.own_newest().await.map(drop),
        desk.updated_since(Timestamp::UNIX_EPOCH, 0).await.map(drop),
        desk.attachment(7).await.map(drop),
    ] {
        assert_eq!(outcome, Err(ApiError::Unauthorized { service: "redmine" }));
    }
}

#[tokio::test]
async fn a_thread_is_read_at_once() {
    let server = Stand::by(|_| {
        let mut issue = issue(12);
        issue["journals"] = json!([
            {"id": 1, "user": {"id": 6, "name": "Alice"}, "notes": "a\r\nb", "private_notes": true,
             "created_on": "2026-11-22T04:14:48Z", "details": []},
            {"id": 2, "user": {"id": 6, "name": "Alice"}, "notes": "", "private_notes": false,
             "created_on": "2026-11-22T04:14:49Z", "details": [{"property": "attr"}]},
            {"id": 3, "notes": null, "created_on": "2026-11-22T04:14:49Z"},
            {"id": 4, "notes": "c", "created_on": "2026-11-22T04:14:50Z"},
        ]);
        issue["attachments"] = json!([{
            "id": 9, "filename": "a.txt", "filesize": 5, "content_type": null,
            "author": {"id": 5, "name": "Help Bot"},
        }]);
        issue["watchers"] = json!([{"id": 7, "name": "Bob"}]);
        issue["allowed_statuses"] = json!([{"id": 5, "name": "Closed", "is_closed": true}]);
        Say::json(&json!({ "issue": issue }))
    })
    .await;
    let thread = desk(&server.url).thread(id(12)).await.unwrap();
    assert_eq!((thread.id, thread.project.id), (id(12), 1));
    let said: Vec<_> = thread
        .journals
        .iter()
        .map(|one| (one.id, one.author_id, one.text.as_str(), one.private))
        .collect();
    assert_eq!(said, [(1, 6, "a\nb", true), (4, 0, "c", false)]);
    let file = &thread.attachments[0];
    assert_eq!((file.id, file.filename.as_str(), file.size, file.author_id), (9, "a.txt", 5, 5));
    assert_eq!(thread.watchers, Some(vec![7]));
    let closed = Status { id: 5, name: "Closed".to_owned(), closed: true };
    assert_eq!(thread.allowed, Some(vec![closed]));
    let asked = server.all();
    assert_eq!(asked.len(), 1);
    let include = "journals,attachments,watchers,allowed_statuses".to_owned();
    assert_eq!(query(&asked[0]), [("include".to_owned(), include)]);
}

/// Releases before 5.0 say in the list of all states alone which of them are closed.
#[tokio::test]
async fn an_older_redmine_tells_what_is_closed_elsewhere() {
    let server = known(|asked| {
        if asked.line.contains("issue_statuses") {
            return Say::json(&json!({"issue_statuses": [
                {"id": 1, "name": "New"}, {"id": 5, "name": "Closed", "is_closed": true},
            ]}));
        }
        let mut issue = issue(12);
        issue["status"] = json!({"id": 5, "name": "Closed"});
        Say::json(&json!({"issue": issue, "issues": [issue], "total_count": 1}))
    })
    .await;
    let desk = desk(&server.url);
    let thread = desk.thread(id(12)).await.unwrap();
    assert!(thread.status.closed);
    assert_eq!((thread.allowed, thread.watchers), (None, None));
}

#[tokio::test]
async fn changes_are_asked_for_in_whole_seconds() {
    let server = known(|_| Say::json(&json!({"issues": [issue(3)], "total_count": 101}))).await;
    let since: Timestamp = "2026-11-22T04:14:48.9Z".parse().unwrap();
    let page = desk(&server.url).updated_since(since, 100).await.unwrap();
    let updated = "2026-11-22T04:14:48Z".parse().unwrap();
    assert_eq!((page.total, page.items), (101, vec![Changed { id: id(3), updated }]));
    let asked = server.all();
    assert!(asked[0].line.contains("updated_on=%3E%3D2026-11-22T04"), "{}", asked[0].line);
    let wanted = [
        ("updated_on", ">=2026-11-22T04:14:48Z"),
        ("status_id", "*"),
        ("sort", "updated_on:asc,id:asc"),
        ("limit", "25"),
        ("offset", "100"),
    ];
    assert_eq!(query(&asked[0]), wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn what_is_changed_is_sent_and_nothing_else() {
    let server = Stand::by(|_| Say::status(204, "", "")).await;
    let desk = desk(&server.url);
    let last = || server.all().pop().unwrap();
    desk.note(id(3), "a").await.unwrap();
    assert!(last().line.starts_with("PUT /issues/3.json "));
    assert_eq!(last().json(), json!({"issue": {"notes": "a"}}));
    desk.set_status(id(3), 5, None).await.unwrap();
    assert_eq!(last().json(), json!({"issue": {"status_id": 5}}));
    desk.set_status(id(3), 5, Some("done")).await.unwrap();
    assert_eq!(last().json(), json!({"issue": {"status_id": 5, "notes": "done"}}));
    desk.watch(id(3), 7).await.unwrap();
    assert!(last().line.starts_with("POST /issues/3/watchers.json "));
    assert_eq!(last().json(), json!({"user_id": 7}));
}
