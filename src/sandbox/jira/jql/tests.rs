//! What is spoken, and what is not.

use super::*;

fn now() -> Timestamp {
    "2030-01-31T12:30:15Z".parse().expect("a time")
}

#[test]
fn what_is_spoken_is_understood() {
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    for (jql, clauses, order) in [
        ("", vec![], vec![]),
        ("project = SUP", vec![Clause::Projects(vec!["SUP".into()])], vec![]),
        (
            "PROJECT=\"SUP\" and labels = 'mail-1' order by created",
            vec![Clause::Projects(vec!["SUP".into()]), Clause::Labels(vec!["mail-1".into()])],
            vec![(Order::Created, false)],
        ),
        (
            "key in (SUP-1, \"OPS-2\") ORDER BY key DESC, updated ASC",
            vec![Clause::Keys(vec!["SUP-1".into(), "OPS-2".into()])],
            vec![(Order::Key, true), (Order::Updated, false)],
        ),
        ("updated >= -10m", vec![Clause::Updated(at("2030-01-31T12:20:15Z"))], vec![]),
        (
            "created >= \"2030-01-30 09:05\" AND creator = currentUser()",
            vec![Clause::Created(at("2030-01-30T09:05:00Z")), Clause::CreatedByMe],
            vec![],
        ),
        ("labels = \"a\\\"b\"", vec![Clause::Labels(vec!["a\"b".into()])], vec![]),
        (
            "project in (SUP, \"OPS\") AND labels in (a)",
            vec![
                Clause::Projects(vec!["SUP".into(), "OPS".into()]),
                Clause::Labels(vec!["a".into()]),
            ],
            vec![],
        ),
        (
            "reporter = alice AND assignee = \"bob\" AND watcher = carol",
            vec![
                Clause::Person(Role::Reporter, "alice".into()),
                Clause::Person(Role::Assignee, "bob".into()),
                Clause::Person(Role::Watcher, "carol".into()),
            ],
            vec![],
        ),
        (
            "status = \"To Do\" AND text ~ \"C\\\\+\\\\+ \\u0041\\tb\"",
            vec![
                Clause::Status("To Do".into()),
                Clause::Text(vec!["c".into(), "a".into(), "b".into()]),
            ],
            vec![],
        ),
        (
            "project = SUP ORDER BY Rank",
            vec![Clause::Projects(vec!["SUP".into()])],
            vec![(Order::Key, false)],
        ),
    ] {
        assert_eq!(parse(jql, now()), Ok(Query { clauses, order }), "{jql}");
    }
}

#[test]
fn anything_else_is_refused() {
    for jql in [
        "project",
        "project = ",
        "project = SUP OR project = OPS",
        "project = SUP AND",
        "project != SUP",
        "(project = SUP)",
        "labels = \"open",
        "labels = a b",
        "labels = a@b",
        "labels = \"a\\x\"",
        "summary ~ \"x\"",
        "text = \"x\"",
        "text ~ \"a+b\"",
        "text ~ \"a OR b\"",
        "text ~ \"a\\\\\"",
        "status = \"a\\u00\"",
        "status in (Done)",
        "project in ()",
        "watcher = currentUser()",
        "key = SUP-1",
        "key in ()",
        "updated >= \"2030-01-30T09:05:00Z\"",
        "updated >= -10",
        "updated >= soon",
        "updated <= -10m",
        "creator = bot",
        "project = SUP ORDER created",
        "project = SUP ORDER BY votes",
        "project = SUP ORDER BY created LIMIT 5",
    ] {
        assert!(parse(jql, now()).is_err(), "{jql}");
    }
}
