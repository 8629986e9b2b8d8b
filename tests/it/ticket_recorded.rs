//! `/ticket` in the bytes of real servers: their ids become those of the stand-in, which are as
//! long; beyond that only what a server takes from us is ours.

use serde_json::{Value, json};
use ticketd::config::FieldKind;
use ticketd::sandbox::{Mattermost, PostSnapshot};

use crate::harness::{
    Setup, TestApp, VERSIONS, field, filled, form, free_address, posted, read, requests,
    with_tickets,
};

/// The ids of one server's recordings, and the stand-in's in their place.
fn renamed(version: &str, text: &str) -> String {
    let plain = &requests(version)[0];
    [
        ("user_id", Mattermost::user_id("alice")),
        ("user_mentions_ids", Mattermost::user_id("bob")),
        ("channel_id", Mattermost::channel_id("support")),
        ("team_id", Mattermost::TEAM),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (field, ours)| text.replace(&plain.field(field), ours))
}

/// The form without a name, and one like that of the recordings.
fn both_forms(address: std::net::SocketAddr) -> Setup {
    let line = |subtype| FieldKind::Line { subtype, min: 0, max: 150 };
    let options = |options: [&str; 2]| options.map(str::to_owned).to_vec();
    let mut fields = vec![
        field("subject", line("")),
        field("mail", line("email")),
        field("count", line("number")),
        field("body", FieldKind::Text { min: 0, max: 3_000 }),
        field("prio", FieldKind::Options { options: options(["low", "high"]), radio: false }),
        field("who", FieldKind::User),
        field("private", FieldKind::Bool),
        field("kind", FieldKind::Options { options: options(["bug", "wish"]), radio: true }),
    ];
    for at in [1, 7] {
        fields[at].optional = true;
    }
    Setup::new().config(move |config| {
        with_tickets(config, address);
        let ticket = config.ticket.as_mut().unwrap();
        ticket.forms.push(form("recorded", None, fields));
        let tokens = VERSIONS.map(|version| requests(version)[0].token().into());
        ticket.slash_tokens.extend(tokens);
    })
}

/// Types `/ticket <text>` in this server's bytes: where the form goes, and its state.
async fn open(app: &TestApp, version: &str, text: &str) -> (String, String) {
    let typed = app.mattermost.slash("alice", &format!("/ticket {text}"));
    let bytes = requests(version)[0].with(&typed);
    let bytes = renamed(version, &String::from_utf8(bytes).unwrap());
    // The token is the server's own, the path and the command ours.
    let token = requests(version)[0].token();
    let bytes = bytes.replace("POST /slash/redmine ", "POST /ticket ");
    let bytes = bytes.replace(Mattermost::slash_token("/ticket"), &token);
    assert_eq!(app.exchange(bytes.as_bytes()).await.json()["text"], json!(""), "{version}");
    let dialog = app.mattermost.dialogs().pop().unwrap();
    (url_path(&dialog.url), dialog.dialog["state"].as_str().unwrap().to_owned())
}

fn url_path(url: &str) -> String {
    url::Url::parse(url).unwrap().path().to_owned()
}

/// Sends a recorded submission with this state, and perhaps with other fields.
async fn submit(
    app: &TestApp,
    version: &str,
    name: &str,
    (path, state): &(String, String),
    fields: Option<&Value>,
) -> Value {
    let recorded = posted(version, "05-dialog-submit.json");
    let recorded = recorded.iter().find(|one| one.name == name).unwrap();
    let bytes = recorded.sent_to(path, |body| {
        let body = renamed(version, body).replace("opaque-state-ü", state);
        let Some(fields) = fields else { return body };
        let (before, rest) = body.split_once("\"submission\":").unwrap();
        let (_, after) = rest.rsplit_once(",\"cancelled\"").unwrap();
        format!("{before}\"submission\":{fields},\"cancelled\"{after}")
    });
    app.exchange(&bytes).await.json()
}

/// Sends a recorded press of one of a post's buttons.
async fn press(app: &TestApp, version: &str, name: &str, post: &PostSnapshot, at: usize) -> Value {
    let action = &post.props["attachments"][0]["actions"][at]["integration"];
    let path = url_path(action["url"].as_str().unwrap());
    let recorded = posted(version, "06-post-action.json");
    let recorded = recorded.iter().find(|one| one.name == name).unwrap();
    let bytes = recorded.sent_to(&path, |body| {
        let body = renamed(version, body);
        let sent: Value = serde_json::from_str(&body).unwrap();
        let body = body.replace(sent["post_id"].as_str().unwrap(), &post.id);
        let mut context = action["context"].clone();
        if !sent["context"]["selected_option"].is_null() {
            context["selected_option"] = sent["context"]["selected_option"].clone();
        }
        let (before, _) = body.split_once("\"context\":").unwrap();
        format!("{before}\"context\":{context}}}")
    });
    app.exchange(&bytes).await.json()
}

#[tokio::test]
async fn the_default_form_works_in_the_bytes_of_three_servers() {
    for version in VERSIONS {
        let app = both_forms(free_address()).start().await;
        let form = open(&app, version, "").await;
        let said = submit(&app, version, "ok_empty_object", &form, Some(&filled("Bytes."))).await;
        assert_eq!(said, json!({}), "{version}");
        let [post] = app.ticket_posts().try_into().unwrap();
        assert!(post.message.contains("@alice asks for help."), "{version}: {}", post.message);
        assert!(post.message.contains("**Problem:**\n> Bytes."), "{version}: {}", post.message);
        assert_eq!(post.channel_id, Mattermost::channel_id("support"), "{version}");

        assert_eq!(press(&app, version, "button", &post, 0).await, json!({}), "{version}");
        let again = press(&app, version, "update", &post, 0).await;
        let told = app.say("alice", "ticket-theirs", &[]);
        assert_eq!(again, json!({"ephemeral_text": told, "skip_slack_parsing": true}), "{version}");
        // 6.7 was not recorded choosing from a menu of our options.
        let chosen = if version == "6.7" { "select_users" } else { "select" };
        let said = press(&app, version, chosen, &post, 2).await;
        let strange = app.say("alice", "ticket-button-strange", &[]);
        let expected = match version {
            "6.7" => json!({"ephemeral_text": strange, "skip_slack_parsing": true}),
            _ => json!({}),
        };
        assert_eq!(said, expected, "{version}");
    }
}

#[tokio::test]
async fn the_recorded_forms_own_fields_are_taken_as_they_came() {
    for version in VERSIONS {
        let app = both_forms(free_address()).start().await;
        let form = open(&app, version, "recorded").await;
        assert_eq!(submit(&app, version, "ok_empty_object", &form, None).await, json!({}));
        let [post] = app.ticket_posts().try_into().unwrap();
        let shown = [
            "**subject:** Printer\n**count:** 5\n**body:**\n> multi\n> line\n\n",
            "**prio:** high\n**who:** @bob\n**private:** yes",
        ];
        assert!(post.message.ends_with(&shown.concat()), "{version}: {}", post.message);
    }
}

#[tokio::test]
async fn what_was_recorded_closed_or_forged_is_no_ticket() {
    for version in VERSIONS {
        let app = both_forms(free_address()).start().await;
        let form = open(&app, version, "").await;
        for name in ["cancel", "cancel_null_submission"] {
            assert_eq!(submit(&app, version, name, &form, None).await, json!({}), "{version}");
        }
        let forged = "forged_by_bob_no_dialog_ever_opened";
        let strange = app.say("bob", "ticket-form-strange", &[]);
        assert_eq!(submit(&app, version, forged, &form, None).await, json!({"error": strange}));
        assert_eq!(app.counted("form", "cancelled").await, 2);
        assert_eq!(app.counted("form", "forged").await, 1);
        assert_eq!(app.mattermost.bot_posts().len(), 0);
    }
}

#[tokio::test]
async fn every_recorded_command_opens_the_form_with_its_text() {
    let app = both_forms(free_address()).start().await;
    let mut opened = 0;
    for version in VERSIONS {
        for recorded in requests(version) {
            let bytes = String::from_utf8(recorded.bytes()).unwrap();
            let bytes = bytes.replace("POST /slash/redmine ", "POST /ticket ");
            let bytes = bytes.replace("GET /slash/redmine?", "GET /ticket?");
            let text = read(&app.exchange(bytes.as_bytes()).await);
            // Its trigger is long spent, which is not the fault of whoever typed; or it was typed
            // among the direct messages of two others.
            let channel = bytes.split_once("channel_name=").unwrap().1;
            let channel = channel.split('&').next().unwrap();
            let ours = channel.contains(Mattermost::user_id("ticketd"));
            let among_others = channel.contains("__") && !ours;
            let key = if among_others { "ticket-not-here" } else { "ticket-form-failed" };
            assert_eq!(text, app.say("alice", key, &[]), "{}", recorded.name);
            opened += 1;
        }
    }
    assert!(opened > 6, "{opened}");
}
