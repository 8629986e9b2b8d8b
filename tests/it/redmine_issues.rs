//! Issues: list, look, create, comment, close, search.

use serde_json::json;

use crate::harness::{Setup, TestApp, flows};

async fn app() -> TestApp {
    let app = TestApp::start().await;
    flows::everybody_signs_in(&app).await;
    app
}

#[tokio::test]
async fn listing() {
    flows::listing(&app().await).await;
}

#[tokio::test]
async fn looking_around() {
    flows::looking_around(&app().await).await;
}

#[tokio::test]
async fn creating() {
    flows::creating(&app().await).await;
}

#[tokio::test]
async fn commenting() {
    flows::commenting(&app().await).await;
}

#[tokio::test]
async fn closing() {
    flows::closing(&app().await).await;
}

#[tokio::test]
async fn a_list_is_one_call_and_shows_each_issue_as_a_link() {
    let app = app().await;
    app.change_issue("bot", 2, json!({"subject": "a|b *c* <script>alert(1)</script> @here"})).await;
    let before = app.calls().len();
    let text = app.slash("alice", "list helpdesk").await;
    let nobody = app.say("alice", "redmine-nobody", &[]);
    let row = |id: u64, subject: &str, who: &str| {
        format!("- {} (Support, **New**, {who})", app.titled(id, subject))
    };
    let odd = "a\\|b \\*c\\* <script>alert(1)</script> @\u{200b}here";
    let rows: Vec<_> = text.lines().skip(2).collect();
    let expected = [
        row(5, "Helpdesk request 5", "Help Bot"),
        row(4, "Helpdesk request 4", &nobody),
        row(3, "Helpdesk request 3", "Help Bot"),
        row(2, odd, &nobody),
        row(1, "Helpdesk request 1", "Help Bot"),
    ];
    let (mut rows, mut expected) = (rows, expected.to_vec());
    // Changes within one second are in no order.
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected);
    let asked = app.calls().split_off(before);
    assert_eq!(asked.iter().filter(|call| call.target.starts_with("/issues")).count(), 1);
}

#[tokio::test]
async fn an_issue_shows_its_facts_its_text_and_the_last_three_notes() {
    let app = app().await;
    let issue = json!({
        "project_id": "helpdesk", "subject": "Mail", "description": "# Big\nsecond <b>line</b>",
        "assigned_to_id": 6,
    });
    let id = app.put_issue("bot", issue).await;
    for n in 1..=5 {
        app.change_issue("bot", id, json!({"notes": format!("note {n}")})).await;
    }
    let facts = [
        ("project", "Help Desk".into()),
        ("tracker", "Bug".into()),
        ("status", "New".into()),
        ("priority", "Normal".into()),
        ("author", "Help Bot".into()),
        ("assignee", "Alice Archer".into()),
    ];
    let found = app.ask("bot", &format!("issues/{id}.json?include=journals")).await;
    let written = found["issue"]["journals"][4]["created_on"].as_str().unwrap();
    let by = [("author", "Help Bot".into()), ("date", written[..10].into())];
    let wrote = app.say("alice", "redmine-issue-comment", &by);
    let expected = [
        format!("**{}**", app.titled(id, "Mail")),
        app.say("alice", "redmine-issue-facts", &facts),
        "> \\# Big\n> second <b>line</b>".to_owned(),
        app.say("alice", "redmine-issue-more-comments", &[("count", 2.into())]),
        format!("{wrote}\n> note 3"),
        format!("{wrote}\n> note 4"),
        format!("{wrote}\n> note 5"),
    ];
    assert_eq!(app.slash("alice", &format!("issue #{id}")).await, expected.join("\n\n"));
}

#[tokio::test]
async fn the_status_that_closes_can_be_chosen_and_must_be_allowed() {
    let setup = Setup::new().config(|config| config.redmine.close_status = Some("Rejected".into()));
    let app = setup.start().await;
    flows::everybody_signs_in(&app).await;
    let said = |user: &str, key: &str, status: &str| {
        let link = app.titled(2, "Helpdesk request 2");
        app.say(user, key, &[("issue", link.into()), ("status", status.into())])
    };
    // The Developers' workflow knows "Closed" alone.
    let text = app.slash("alice", "close 2").await;
    assert_eq!(text, said("alice", "redmine-close-not-allowed", "New"));
    assert_eq!(app.slash("carol", "close 2").await, said("carol", "redmine-closed", "Rejected"));
    assert_eq!(app.issue(2).await.0["status"]["name"], json!("Rejected"));
}
