//! What is taken, and how every fault is told.

use serde_json::json;

use super::*;

fn desks() -> Desks {
    let board = |key: &str, tracker, place: &str| Board {
        key: key.to_owned(),
        tracker,
        place: place.to_owned(),
    };
    Desks {
        boards: vec![
            board("support", Tracker::Jira, "Support"),
            board("network", Tracker::Redmine, "network-ops"),
        ],
        categories: vec!["general".to_owned(), "bug".to_owned()],
        default_board: None,
        default_category: None,
    }
}

fn whole() -> Map<String, Value> {
    let given = json!({
        "title": "  The printer ", "body": "It is\r\nout of order.", "reporter": "Ann@example.org",
        "board": "network", "category": "bug", "watchers": ["bob@example.org", "bob@example.org"],
        "priority": "high"
    });
    given.as_object().unwrap().clone()
}

fn faults(given: Map<String, Value>) -> Vec<(String, &'static str)> {
    let faults = ticket(given, &desks()).unwrap_err();
    let mut shown: Vec<_> = faults.iter().map(Fault::shown).collect();
    shown.sort();
    shown
}

#[test]
fn a_whole_body_becomes_a_request() {
    let new = ticket(whole(), &desks()).unwrap();
    assert_eq!((&*new.title, &*new.body), ("The printer", "It is\nout of order."));
    assert_eq!(new.reporter.as_str(), "ann@example.org");
    assert_eq!((new.tracker, &*new.place), (Tracker::Redmine, "network-ops"));
    assert_eq!(new.category.as_deref(), Some("bug"));
    assert_eq!(new.watchers.len(), 1);
    assert_eq!(new.priority, Some(RequestPriority::High));
}

#[test]
fn all_faults_are_told_at_once() {
    let given = json!({
        "title": "  abc  ", "body": 7, "board": "x", "watchers": ["ok@example.org", "no", 3],
        "priority": "urgent", "a/b": 1
    });
    assert_eq!(
        faults(given.as_object().unwrap().clone()),
        [
            ("/a~1b", "api-fault-unknown-field"),
            ("/board", "api-fault-choice"),
            ("/body", "api-fault-text"),
            ("/category", "api-fault-missing"),
            ("/priority", "api-fault-choice"),
            ("/reporter", "api-fault-missing"),
            ("/title", "api-fault-short"),
            ("/watchers/1", "api-fault-email"),
            ("/watchers/2", "api-fault-email"),
        ]
        .map(|(place, key)| (place.to_owned(), key))
    );
}

#[test]
fn every_field_has_its_limits() {
    let long = "x".repeat(256);
    let longer = "x".repeat(32_001);
    for (field, value, fault) in [
        ("title", json!("abcde"), None),
        ("title", json!("x".repeat(255)), None),
        ("title", json!(long), Some("api-fault-long")),
        ("title", json!("a\nbcde"), Some("api-fault-control")),
        ("title", json!("\n\nabcde\n"), None),
        ("title", json!("\u{1c}abcd\u{1c}"), Some("api-fault-short")),
        ("title", json!(null), Some("api-fault-text")),
        ("body", json!("a\tb\nc\r\nd"), None),
        ("body", json!("abc\u{0}defg"), Some("api-fault-control")),
        ("body", json!(longer), Some("api-fault-long")),
        ("reporter", json!("ann"), Some("api-fault-email")),
        ("reporter", json!(" ann@example.org"), Some("api-fault-email")),
        ("category", json!("Bug"), Some("api-fault-choice")),
        ("watchers", json!([]), None),
        ("watchers", json!("a@example.org"), Some("api-fault-list")),
        ("watchers", json!(vec!["a@example.org"; 51]), Some("api-fault-many")),
        ("priority", json!(null), None),
        ("priority", json!("normal"), Some("api-fault-choice")),
        ("attachments", json!([]), Some("api-fault-unknown-field")),
    ] {
        let mut given = whole();
        given.insert(field.to_owned(), value.clone());
        let found = ticket(given, &desks()).err().map(|faults| faults[0].shown().1);
        assert_eq!(found, fault, "{field}: {value}");
    }
}

#[test]
fn defaults_stand_in_for_a_board_and_a_category() {
    let mut desks = desks();
    desks.default_board = Some("support".to_owned());
    desks.default_category = Some("general".to_owned());
    let mut given = whole();
    given.remove("board");
    given.remove("category");
    let new = ticket(given.clone(), &desks).unwrap();
    assert_eq!((&*new.place, new.category.as_deref()), ("Support", Some("general")));
    desks.categories.clear();
    desks.default_category = None;
    assert_eq!(ticket(given, &desks).unwrap().category, None);
}

#[test]
fn a_comment_has_a_text_and_somebody_who_says_it() {
    let given = json!({"body": "It works again.", "author": "ann@example.org"});
    let new = remark(given.as_object().unwrap().clone()).unwrap();
    assert_eq!((&*new.body, new.author.as_str()), ("It works again.", "ann@example.org"));
    let faults = remark(Map::new()).unwrap_err();
    assert_eq!(
        faults.iter().map(|fault| fault.shown().0).collect::<Vec<_>>(),
        ["/body", "/author"]
    );
}
