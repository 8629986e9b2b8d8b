//! Bad input to `/ticket`: each its own answer, a number in the metrics, no ticket and no post.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use ticketd::config::FieldKind;
use ticketd::sandbox::{Mattermost, OpenedDialog, PostSnapshot, PressResult, SubmitResult};

use crate::harness::{
    Setup, TestApp, eventually, field, filled, form, free_address, name_of, number_of, tickets,
    told, with_tickets,
};

/// Nothing came of what was sent in; it was counted so often under this word.
async fn nothing_came_of_it(app: &TestApp, outcome: &str, times: u64) {
    assert_eq!(app.counted("form", outcome).await, times, "{outcome}");
    assert_eq!(app.counted("form", "ok").await, 0, "{outcome}");
    assert_eq!(app.mattermost.bot_posts().len(), 0, "{outcome}");
    assert_eq!(app.ticket("alice", "list").await, app.say("alice", "ticket-list-empty", &[]));
}

#[tokio::test]
async fn a_form_that_is_closed_is_no_ticket() {
    let app = tickets(free_address()).start().await;
    let mut form = app.open_ticket_form("alice", "half a sen").await;
    form.dialog["notify_on_cancel"] = json!(true);
    assert_eq!(app.mattermost.cancel_dialog("alice", &form).await, SubmitResult::Closed);
    let body = json!({
        "type": "dialog_submission", "callback_id": "ticket", "state": form.dialog["state"],
        "user_id": form.user_id, "channel_id": form.channel_id, "team_id": form.team_id,
        "submission": null, "cancelled": true,
    });
    assert_eq!(app.post_json(&form.url, &body).await.json(), json!({}));
    nothing_came_of_it(&app, "cancelled", 2).await;
}

#[tokio::test]
async fn an_empty_form_says_which_fields_are_needed() {
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("alice", "").await;
    let needed = app.say("alice", "ticket-field-needed", &[]);
    let all = ["cluster", "problem", "resource"].map(|name| (name.to_owned(), needed.clone()));
    let expected = SubmitResult::Refused { error: String::new(), errors: all.into() };
    for empty in [
        json!({}),
        json!({"cluster": "", "resource": null, "problem": " \n ", "network": ""}),
        json!({"other": "x"}),
    ] {
        assert_eq!(app.fill("alice", &form, empty).await, expected);
    }
    nothing_came_of_it(&app, "fields", 3).await;
    // It is still open, and still good.
    assert_eq!(app.fill("alice", &form, filled("Now.")).await, SubmitResult::Closed);
}

#[tokio::test]
async fn texts_that_are_too_long_are_told_at_their_fields() {
    let app = tickets(free_address()).start().await;
    let form = app.open_ticket_form("alice", "").await;
    let long = |count: u64, max: u64| {
        let args = [("count", count.into()), ("max", max.into())];
        app.say("alice", "ticket-field-too-long", &args)
    };
    let refused = |name: &str, fault: String| SubmitResult::Refused {
        error: String::new(),
        errors: [(name.to_owned(), fault)].into(),
    };
    let with = filled(&"가".repeat(3_001));
    assert_eq!(app.fill("alice", &form, with).await, refused("problem", long(3_001, 3_000)));
    let mut with = filled("x");
    with["cluster"] = json!("x".repeat(151));
    assert_eq!(app.fill("alice", &form, with).await, refused("cluster", long(151, 150)));
    let mut with = filled("x");
    with["cluster"] = json!("two\nlines");
    let strange = app.kept_at("alice", "cluster", "ticket-field-strange");
    assert_eq!(app.fill("alice", &form, with).await, strange);
    nothing_came_of_it(&app, "fields", 3).await;
    assert_eq!(app.fill("alice", &form, filled(&"가".repeat(3_000))).await, SubmitResult::Closed);
}

#[tokio::test]
async fn what_was_not_offered_cannot_be_chosen() {
    let address = free_address();
    let setup = Setup::new().config(move |config| {
        with_tickets(config, address);
        let options = vec!["low".to_owned(), "high".to_owned()];
        let fields = vec![
            field("prio", FieldKind::Options { options, radio: false }),
            field("who", FieldKind::User),
            field("where", FieldKind::Channel),
        ];
        config.ticket.as_mut().unwrap().forms.push(form("choice", None, fields));
    });
    let app = setup.start().await;
    let form = app.open_ticket_form("alice", "choice").await;
    let (bob, network) = (Mattermost::user_id("bob"), Mattermost::channel_id("network"));
    let nobody = "z".repeat(26);
    let mut times = 0;
    for (name, value) in [
        ("prio", json!("hacked")),
        ("prio", json!("LOW")),
        ("who", json!("bob")),
        ("who", json!(nobody)),
        ("where", json!("../../x")),
        ("where", json!(nobody)),
    ] {
        let mut with = json!({"prio": "low", "who": bob, "where": network});
        with[name] = value.clone();
        let refused = app.kept_at("alice", name, "ticket-field-not-offered");
        assert_eq!(app.fill("alice", &form, with).await, refused, "{name} {value}");
        times += 1;
    }
    nothing_came_of_it(&app, "fields", times).await;
    let with = json!({"prio": "low", "who": bob, "where": network});
    assert_eq!(app.fill("alice", &form, with).await, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    assert!(post.message.ends_with("**prio:** low\n**who:** @bob\n**where:** ~network"));
}

#[tokio::test]
async fn a_form_of_four_hours_ago_is_not_taken() {
    let app = tickets(free_address()).movable_time().start().await;
    let late = app.open_ticket_form("alice", "").await;
    let in_time = app.open_ticket_form("alice", "").await;
    app.pass(Duration::from_mins(3 * 60 + 58)).await;
    assert_eq!(app.fill("alice", &in_time, filled("In time.")).await, SubmitResult::Closed);
    app.pass(Duration::from_mins(2)).await;
    let expired = app.kept("alice", "ticket-form-expired", &[]);
    assert_eq!(app.fill("alice", &late, filled("Too late.")).await, expired);
    assert_eq!(app.counted("form", "expired").await, 1);
    // Sent again when nobody remembers it any more.
    app.pass(Duration::from_hours(48)).await;
    assert_eq!(app.fill("alice", &in_time, filled("In time.")).await, expired);
    assert_eq!(app.ticket_posts().len(), 1);
}

#[tokio::test]
async fn only_who_opened_it_and_where_may_send_it_in() {
    let app = tickets(free_address()).start().await;
    let form = app.form_in("oncall", "alice", "").await;
    let strange = app.kept("bob", "ticket-form-strange", &[]);
    assert_eq!(app.fill("bob", &form, filled("Not mine.")).await, strange);
    nothing_came_of_it(&app, "foreign", 1).await;
    for channel in ["support", "board", "closed"] {
        let mut moved = form.clone();
        Mattermost::channel_id(channel).clone_into(&mut moved.channel_id);
        let elsewhere = app.kept("alice", "ticket-form-elsewhere", &[]);
        assert_eq!(app.fill("alice", &moved, filled("Elsewhere.")).await, elsewhere);
    }
    nothing_came_of_it(&app, "channel", 3).await;
    app.mattermost.set_member("oncall", "alice", false);
    let gone = app.kept("alice", "ticket-form-not-member", &[]);
    assert_eq!(app.fill("alice", &form, filled("I am out.")).await, gone);
    nothing_came_of_it(&app, "member", 1).await;
    app.mattermost.set_member("oncall", "alice", true);
    assert_eq!(app.fill("alice", &form, filled("I am in.")).await, SubmitResult::Closed);
}

#[tokio::test]
async fn a_form_that_was_removed_or_changed_says_so() {
    let address = free_address();
    let with_network = move |names: &'static [&'static str]| {
        Setup::new().config(move |config| {
            with_tickets(config, address);
            let fields = names
                .iter()
                .map(|name| field(name, FieldKind::Line { subtype: "", min: 0, max: 150 }));
            let fields: Vec<_> = fields.collect();
            if !fields.is_empty() {
                config.ticket.as_mut().unwrap().forms.push(form("network", None, fields));
            }
        })
    };
    let app = with_network(&["switch"]).start().await;
    let open = app.open_ticket_form("alice", "network").await;
    let home = app.stop();
    let app = with_network(&[]).home(home).start().await;
    let gone = app.kept("alice", "ticket-form-gone", &[]);
    assert_eq!(app.fill("alice", &open, json!({"switch": "3"})).await, gone);
    nothing_came_of_it(&app, "form", 1).await;
    let home = app.stop();
    let app = with_network(&["switch", "port"]).home(home).start().await;
    let needed = app.kept_at("alice", "port", "ticket-field-needed");
    assert_eq!(app.fill("alice", &open, json!({"switch": "3"})).await, needed);
    nothing_came_of_it(&app, "fields", 1).await;
    let both = json!({"switch": "3", "port": "4", "gone": "5"});
    assert_eq!(app.fill("alice", &open, both).await, SubmitResult::Closed);
}

/// A form whose state is another.
fn with_state(form: &OpenedDialog, state: &str) -> OpenedDialog {
    let mut forged = form.clone();
    forged.dialog["state"] = json!(state);
    forged
}

#[tokio::test]
async fn of_a_thousand_forged_or_replayed_forms_none_is_taken() {
    let app = tickets(free_address()).start().await;
    let spent = app.open_ticket_form("alice", "").await;
    assert_eq!(app.fill("alice", &spent, filled("Once.")).await, SubmitResult::Closed);
    let fresh = app.open_ticket_form("alice", "").await;
    let state = fresh.dialog["state"].as_str().unwrap();
    let (payload, signature) = state.split_once('.').unwrap();
    let other = spent.dialog["state"].as_str().unwrap().split_once('.').unwrap();
    let mut forms = Vec::new();
    for n in 0..250_usize {
        let mut bytes = state.as_bytes().to_vec();
        let at = n * 7 % bytes.len();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let crossed = match n % 5 {
            0 => format!("{payload}.{}", other.1),
            1 => format!("{}.{signature}", other.0),
            2 => payload.to_owned(),
            3 => format!("{payload}."),
            _ => "x".repeat(n),
        };
        let changed = String::from_utf8(bytes).unwrap();
        forms.push(("alice", with_state(&fresh, &changed)));
        forms.push(("alice", with_state(&fresh, &crossed)));
        forms.push(("bob", fresh.clone()));
        forms.push(("alice", spent.clone()));
    }
    assert_eq!(forms.len(), 1_000);
    for some in forms.chunks(50) {
        let submits = some.iter().map(|(user, form)| app.fill(user, form, filled("Forged.")));
        for result in join_all(submits).await {
            assert!(matches!(result, SubmitResult::Refused { .. }), "{result:?}");
        }
    }
    assert_eq!(app.ticket_posts().len(), 1);
    assert_eq!(app.counted("form", "ok").await, 1);
    assert_eq!(app.counted("form", "forged").await, 500);
    assert_eq!(app.counted("form", "foreign").await, 250);
    assert_eq!(app.counted("form", "spent").await, 250);
    assert_eq!(app.fill("alice", &fresh, filled("True.")).await, SubmitResult::Closed);
}

/// What Mattermost sends when alice presses the button at this place, and where it leads.
fn press_of(post: &PostSnapshot, at: usize) -> (String, Value) {
    let action = &post.props["attachments"][0]["actions"][at];
    let body = json!({
        "user_id": Mattermost::user_id("alice"), "user_name": "alice",
        "channel_id": post.channel_id, "channel_name": "support",
        "team_id": Mattermost::TEAM, "team_domain": "ops", "post_id": post.id,
        "trigger_id": "t", "type": "button", "data_source": "",
        "context": action["integration"]["context"],
    });
    (action["integration"]["url"].as_str().unwrap().to_owned(), body)
}

#[tokio::test]
async fn of_a_thousand_forged_or_replayed_presses_none_is_taken() {
    let app = tickets(free_address()).start().await;
    let one = app.new_ticket("alice", "One.").await;
    let two = app.new_ticket("alice", "Two.").await;
    assert_eq!(told(app.mattermost.press_button("alice", &one.id, "take").await), "");
    eventually("the line", || app.thread(&one).len() == 1).await;
    let (url, take) = press_of(&one, 0);
    let (_, resolve) = press_of(&one, 1);
    let (_, priority) = press_of(&one, 2);
    let (_, take_two) = press_of(&two, 0);
    let mut forged = Vec::new();
    for n in 0..100_usize {
        let mut add = |from: &Value, path: &[&str], value: Value| {
            let mut body = from.clone();
            let mut place = &mut body;
            for key in path {
                place = &mut place[*key];
            }
            *place = value;
            forged.push(body);
        };
        let signature = &resolve["context"]["signature"];
        add(&take, &["context", "signature"], json!(format!("{n:032x}")));
        add(&take, &["context", "signature"], signature.clone());
        add(&take, &["context", "action"], json!("resolve"));
        add(&take, &["context", "case"], take_two["context"]["case"].clone());
        add(&resolve, &["context", "case"], json!(n + 3));
        add(
            &resolve,
            &["context"],
            [json!(null), json!([n]), json!({}), json!("x")][n % 4].clone(),
        );
        // Mattermost never sends it: whoever does knows our address, and a button.
        add(&resolve, &["post_id"], json!(two.id));
        add(
            &priority,
            &["context", "selected_option"],
            json!(["huge", "", "URGENT", "Ürgent"][n % 4]),
        );
        add(&priority, &["context", "selected_option"], json!({"a": n}));
        add(&take, &["type"], json!("select"));
    }
    assert_eq!(forged.len(), 1_000);
    let strange = app.say("alice", "ticket-button-strange", &[]);
    let theirs = app.say("alice", "ticket-theirs", &[]);
    for some in forged.chunks(50) {
        for answer in join_all(some.iter().map(|body| app.post_json(&url, body))).await {
            let text = answer.json()["ephemeral_text"].take();
            assert!(text == json!(strange) || text == json!(theirs), "{text}");
        }
    }
    assert_eq!(app.counted("button", "ok").await, 1);
    assert_eq!(app.counted("button", "forged").await, 900);
    assert_eq!(app.counted("button", "unchanged").await, 100, "pressed again");
    assert_eq!((app.thread(&one).len(), app.thread(&two).len()), (1, 0));
    assert_eq!(app.mattermost.bot_posts().len(), 3);
    // At another path nobody is at home.
    let elsewhere = url.replace("/actions/", "/actions/0");
    assert_eq!(app.post_json(&elsewhere, &take).await.status, 404);
    let outside = app.mattermost.press_button("nobody", &one.id, "resolve").await;
    assert_eq!(outside, PressResult::Refused(403));
    let shown = app.ticket("bob", &format!("show {}", number_of(&one))).await;
    assert!(shown.contains(&app.say("bob", "ticket-state-taken", &[])), "{shown}");
    assert!(shown.contains(&name_of(&one)), "{shown}");
    let priority = app.say("bob", "ticket-priority-normal", &[]);
    let priority = app.say("bob", "ticket-priority", &[("priority", priority.into())]);
    assert!(shown.lines().any(|line| line == priority), "{shown}");
    // To the minute, in the tickets' time zone.
    for (key, there) in
        [("ticket-opened-at", true), ("ticket-taken-at", true), ("ticket-resolved-at", false)]
    {
        let sentence = app.say("bob", key, &[("time", "2".into())]);
        let line = shown.lines().find(|line| line.starts_with(&sentence));
        assert_eq!(line.is_some(), there, "{key}: {shown}");
        assert!(line.is_none_or(|line| line.len() == sentence.len() + 15), "{key}: {shown}");
    }
}
