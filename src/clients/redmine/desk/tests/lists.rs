//! Who we are, and what there is.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{KEY, Say, Stand, desk, id, issue, known, value};
use crate::{
    clients::ApiError,
    model::{
        ids::ProjectRef,
        mail::Email,
        redmine::Status,
        redmine_desk::{DeskProject, Named},
    },
};

fn named(id: u64, name: &str) -> Named {
    Named { id, name: name.to_owned() }
}

#[tokio::test]
async fn what_is_configured_by_name_is_found_by_number() {
    let server = Stand::by(|asked| {
        Say::json(&match asked.line.split(['?', ' ']).nth(1).unwrap() {
            "/projects/helpdesk.json" => json!({"project": {
                "id": 1, "identifier": "helpdesk", "name": "Help Desk", "status": 1,
                "trackers": [{"id": 3, "name": "Support"}],
            }}),
            "/trackers.json" => json!({"trackers": [{"id": 1, "name": "Bug"}]}),
            "/enumerations/issue_priorities.json" => json!({"issue_priorities": [
                {"id": 1, "name": "Low", "is_default": false, "active": true},
                {"id": 2, "name": "Old", "active": false},
                {"id": 3, "name": "High"},
            ]}),
            "/issue_statuses.json" => json!({"issue_statuses": [
                {"id": 1, "name": "New", "is_closed": false},
                {"id": 5, "name": "Closed", "is_closed": true},
            ]}),
            _ => return Say::status(404, "", ""),
        })
    })
    .await;
    let desk = desk(&server.url);
    let project = desk.project(&ProjectRef::parse("helpdesk").unwrap()).await;
    assert_eq!(
        project,
        Ok(DeskProject {
            id: 1,
            identifier: "helpdesk".to_owned(),
            name: "Help Desk".to_owned(),
            trackers: vec![named(3, "Support")],
        })
    );
    assert_eq!(desk.trackers().await, Ok(vec![named(1, "Bug")]));
    assert_eq!(desk.priorities().await, Ok(vec![named(1, "Low"), named(3, "High")]));
    let status = |id, name: &str, closed| Status { id, name: name.to_owned(), closed };
    let statuses = Ok(vec![status(1, "New", false), status(5, "Closed", true)]);
    assert_eq!(desk.statuses().await, statuses);
    assert_eq!(desk.clone().statuses().await, statuses);
    let asked = server.all();
    assert_eq!(asked.len(), 4, "the states are asked for once");
    assert!(asked.iter().all(|asked| asked.header("x-redmine-api-key") == Some(KEY)));
    assert!(asked.iter().all(|asked| !asked.line.contains(KEY)));
    let nowhere = desk.project(&ProjectRef::parse("nowhere").unwrap()).await;
    assert_eq!(nowhere, Err(ApiError::NotFound { service: "redmine" }));
}

#[tokio::test]
async fn who_we_are_is_asked_once_and_a_refusal_is_not_kept() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Stand::by(move |_| {
        let first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        if first { Say::status(401, "", "") } else { super::me() }
    })
    .await;
    let desk = desk(&server.url);
    assert_eq!(desk.myself().await, Err(ApiError::Unauthorized { service: "redmine" }));
    for _ in 0..3 {
        assert_eq!(desk.myself().await.unwrap().id, 5);
    }
    assert_eq!(server.all().len(), 2);
}

#[tokio::test]
async fn a_user_is_found_by_the_whole_address() {
    let server = Stand::by(|asked| {
        Say::json(&match value(asked, "name").unwrap().as_str() {
            "ann@example.org" => json!({"users": [
                {"id": 8, "login": "x", "mail": "joann@example.org"},
                {"id": 9, "login": "y"},
                {"id": 7, "login": "ann", "mail": "Ann@Example.org"},
            ]}),
            "bo@example.org" => json!({"users": [{"id": 8, "mail": "jimbo@example.org"}]}),
            _ => return Say::status(403, "Content-Type: application/json\r\n", ""),
        })
    })
    .await;
    let desk = desk(&server.url);
    for (address, user) in [("ann@example.org", Some(7)), ("bo@example.org", None), ("c@d.e", None)]
    {
        let found = desk.find_user(&Email::parse(address).unwrap()).await;
        assert_eq!(found, Ok(user), "{address}");
    }
}

#[tokio::test]
async fn a_small_redmine_is_not_run_over() {
    let server = known(|_| {
        let slowly = Duration::from_millis(30);
        Say::Late(slowly, Box::new(Say::json(&json!({"issue": issue(1)}))))
    })
    .await;
    let desk = desk(&server.url);
    let read = join_all((0..20).map(|_| desk.thread(id(1)))).await;
    assert!(read.iter().all(Result::is_ok));
    assert_eq!(server.most_in_flight(), super::super::CALLS_MAX);
}
