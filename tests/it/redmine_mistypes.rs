//! What people mistype, and what they paste: told in words, and Redmine hears nothing of it.

use crate::harness::{TestApp, flows};

#[tokio::test]
async fn a_mistake_is_told_and_goes_no_further() {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    let word = |key: &str, name: &'static str, word: &str| {
        app.say("alice", key, &[(name, word.to_owned().into())])
    };
    let usage = |command: &str| word("redmine-usage", "command", command);
    let count = |key: &str, count: usize, max: usize| {
        app.say("alice", key, &[("count", count.into()), ("max", max.into())])
    };
    let help = || app.say("alice", "redmine-help", &[]);
    let subject = format!("create helpdesk {}", "x".repeat(300));
    let note = format!("comment 1 {}", "x".repeat(16_001));
    let before = app.calls().len();
    for (text, sentence) in [
        ("", help()),
        ("   ", help()),
        ("HELP", help()),
        ("frobnicate 1", word("redmine-unknown", "command", "frobnicate")),
        ("<b>|`@all`*_", word("redmine-unknown", "command", "<b>|@all*_")),
        ("login alice", usage("login")),
        ("me too", usage("me")),
        ("list a b", usage("list")),
        ("list mine all closed", usage("list")),
        ("list 0", usage("list")),
        ("list ../admin", word("redmine-bad-project", "word", "../admin")),
        ("issue", usage("issue")),
        ("issue 1 2", usage("issue")),
        ("issue abc", word("redmine-bad-issue", "word", "abc")),
        ("issue 0", word("redmine-bad-issue", "word", "0")),
        ("issue -1", word("redmine-bad-issue", "word", "-1")),
        ("issue 4294967297", word("redmine-bad-issue", "word", "4294967297")),
        ("issue 1.json?key=x", word("redmine-bad-issue", "word", "1.json?key=x")),
        ("close 1/../../projects/1", word("redmine-bad-issue", "word", "1/../../projects/1")),
        ("close", usage("close")),
        ("comment 1", usage("comment")),
        ("comment", usage("comment")),
        ("create helpdesk", usage("create")),
        ("create", usage("create")),
        ("create ../x y", word("redmine-bad-project", "word", "../x")),
        ("search", usage("search")),
        ("search x", app.say("alice", "redmine-search-too-short", &[])),
        ("search printer page 0", usage("search")),
        ("projects many", usage("projects")),
        (&subject, count("redmine-subject-too-long", 300, 255)),
        (&note, count("redmine-note-too-long", 16_001, 16_000)),
    ] {
        assert_eq!(app.slash("alice", text).await, sentence, "{text:.40}");
    }
    assert_eq!(app.calls().len(), before);
}

#[tokio::test]
async fn whatever_is_typed_is_answered() {
    let app = TestApp::start().await;
    app.sign_in("alice", "alice").await;
    let long = "🎫".repeat(4_000);
    for text in [
        "\u{0}\u{1}\u{7f}",
        "list \u{202e}\u{200b}",
        "search \\x00 %00 ' OR 1=1 --",
        "search {{7*7}} ${env} <script>",
        "create helpdesk {\"subject\": \"json\"}",
        "comment 1 \r\n\r\nHTTP/1.1 200 OK\r\n",
        &long,
        &format!("search {long}"),
    ] {
        app.slash("alice", text).await;
    }
    assert_eq!(app.newest().await.0["subject"], "{\"subject\": \"json\"}");
}
