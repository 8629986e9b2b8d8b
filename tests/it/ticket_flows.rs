//! What people do with `/ticket`: forms, lists, commands, languages, private channels.

use serde_json::json;
use ticketd::config::{Field, FieldKind};
use ticketd::sandbox::{Fault, FaultRule, Mattermost, PressResult, SubmitResult};

use crate::harness::{
    Setup, TestApp, eventually, field, filled, form, free_address, name_of, number_of, tickets,
    told, with_tickets,
};

const TEXT: FieldKind = FieldKind::Text { min: 0, max: 3_000 };

/// With one more form.
fn with_form(name: &'static str, channel: Option<&'static str>, fields: Vec<Field>) -> Setup {
    let address = free_address();
    Setup::new().config(move |config| {
        with_tickets(config, address);
        config.ticket.as_mut().unwrap().forms.push(form(name, channel, fields));
    })
}

/// A ticket of alice's in a channel: its number.
async fn ticket_in(app: &TestApp, channel: &str, user: &str) -> String {
    let form = app.form_in(channel, user, "").await;
    assert_eq!(app.fill(user, &form, filled("A matter.")).await, SubmitResult::Closed);
    number_of(&app.ticket_posts().pop().unwrap())
}

#[tokio::test]
async fn a_named_form_goes_to_its_own_channel() {
    let fields =
        vec![field("switch", FieldKind::Line { subtype: "", min: 0, max: 9 }), field("what", TEXT)];
    let app = with_form("network", Some("board"), fields).start().await;
    let open = app.open_ticket_form("alice", "network  no link\non 3").await;
    assert_eq!(open.dialog["elements"][1]["default"], "no link\non 3");
    let with = json!({"switch": "s-1", "what": "no link\non 3"});
    assert_eq!(app.fill("alice", &open, with).await, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    assert_eq!(post.channel_id, Mattermost::channel_id("board"));
    let help = app.ticket("alice", "help").await;
    assert!(help.contains("`/ticket network`"), "{help}");
    // Who is in the channel, and who asked, may know of it; nobody else.
    let show = format!("show {}", number_of(&post));
    for (user, knows) in [("alice", true), ("bob", true), ("carol", false)] {
        let shown = app.ticket(user, &show).await;
        assert_eq!(shown.contains("no link"), knows, "{user}: {shown}");
    }
    assert_eq!(app.ticket("carol", &show).await, app.say("carol", "ticket-unknown", &[]));
}

#[tokio::test]
async fn a_form_for_a_channel_that_is_not_there_keeps_the_text() {
    let app = with_form("lost", Some("nowhere"), vec![field("what", TEXT)]).start().await;
    let open = app.open_ticket_form("alice", "lost").await;
    let refused = app.kept("alice", "ticket-form-no-channel", &[]);
    assert_eq!(app.fill("alice", &open, json!({"what": "x"})).await, refused);
    assert_eq!(app.counted("form", "no_channel").await, 1);
    assert_eq!(app.mattermost.bot_posts().len(), 0);
}

#[tokio::test]
async fn a_channel_that_nobody_can_ask_for_keeps_the_text_too() {
    let app = with_form("network", Some("board"), vec![field("what", TEXT)]).start().await;
    app.mattermost.fault(FaultRule::from(Fault::Status(503)).at("/channels/name/"));
    let open = app.open_ticket_form("alice", "network").await;
    let refused = app.kept("alice", "ticket-chat-away", &[]);
    assert_eq!(app.fill("alice", &open, json!({"what": "x"})).await, refused);
    assert_eq!(app.counted("form", "chat").await, 1);
    app.mattermost.clear_faults();
    assert_eq!(app.fill("alice", &open, json!({"what": "x"})).await, SubmitResult::Closed);
}

#[tokio::test]
async fn a_form_for_a_named_channel_is_recorded_while_mattermost_is_away() {
    let setup = with_form("network", Some("board"), vec![field("what", TEXT)]);
    let app = setup.movable_time().start().await;
    let open = app.open_ticket_form("alice", "network").await;
    let asked = |call: &str| app.mattermost.ledger().iter().any(|seen| seen.target.contains(call));
    eventually("the look for the channel", || asked("/channels/name/board")).await;
    // The answer is still to be taken in.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    app.mattermost.fault(FaultRule::from(Fault::Status(503)));
    let kept = app.fill("alice", &open, json!({"what": "x"})).await;
    let SubmitResult::Refused { error, .. } = kept else { panic!("{kept:?}") };
    let name = error.split(' ').find(|word| word.starts_with("Ticket-")).unwrap();
    assert_eq!(error, app.say("alice", "ticket-recorded", &[("ticket", name.into())]));
    app.mattermost.clear_faults();
    app.pass_until("its post", || !app.ticket_posts().is_empty()).await;
    app.pass(std::time::Duration::from_mins(5)).await;
    let posts = app.ticket_posts();
    let [post] = &*posts else { panic!("{posts:?}") };
    assert_eq!(name_of(post), name);
    assert_eq!(post.channel_id, Mattermost::channel_id("board"));
}

#[tokio::test]
async fn twenty_five_tickets_are_listed_by_twenty() {
    let app = tickets(free_address()).start().await;
    assert_eq!(app.ticket("bob", "mine").await, app.say("bob", "ticket-mine-empty", &[]));
    let mut names = Vec::new();
    for n in 1..=25 {
        let who = if n % 5 == 0 { "bob" } else { "alice" };
        names.push(name_of(&app.new_ticket(who, &format!("Matter {n}.")).await));
    }
    let list = app.ticket("alice", "list").await;
    let mut lines = list.lines();
    assert_eq!(lines.next().unwrap(), app.say("alice", "ticket-list", &[("count", 25.into())]));
    for (line, name) in lines.by_ref().zip(names.iter().rev()).take(20) {
        assert!(line.contains(name.as_str()) && line.contains("Matter "), "{name}: {line}");
    }
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [app.say("alice", "ticket-list-more", &[("count", 5.into())])]
    );
    let elsewhere = app.ticket_in("network", "alice", "list").await;
    assert_eq!(elsewhere, app.say("alice", "ticket-list-empty", &[]));
    let mine = app.ticket("bob", "mine").await;
    assert!(
        mine.starts_with(&app.say("bob", "ticket-mine-asked", &[("count", 5.into())])),
        "{mine}"
    );
    let first = names[0].strip_prefix("Ticket-").unwrap();
    app.ticket("bob", &format!("take {first}")).await;
    let mine = app.ticket("bob", "mine").await;
    assert!(
        mine.starts_with(&app.say("bob", "ticket-mine-owned", &[("count", 1.into())])),
        "{mine}"
    );
    app.ticket("bob", &format!("resolve {first}")).await;
    let list = app.ticket("alice", "list").await;
    assert!(list.starts_with(&app.say("alice", "ticket-list", &[("count", 24.into())])), "{list}");
}

#[tokio::test]
async fn commands_do_what_buttons_do() {
    let app = tickets(free_address()).start().await;
    let post = app.new_ticket("alice", "It is broken.").await;
    let number = number_of(&post);
    let link = format!("{}_redirect/pl/{}", app.mattermost.url(), post.id);
    let linked = format!("[{}]({link})", name_of(&post));
    let done = |user: &str, key: &str| app.say(user, key, &[("ticket", (&*linked).into())]);
    let typed = [
        ("bob", format!("take {number}"), done("bob", "ticket-taken")),
        ("bob", format!("TAKE ticket-{number}"), app.say("bob", "ticket-theirs", &[])),
        ("bob", format!("assign {number} @carol"), done("bob", "ticket-assigned")),
        ("bob", format!("assign {number} carol,"), app.say("bob", "ticket-theirs", &[])),
        (
            "alice",
            format!("assign {number} @nobody"),
            app.say("alice", "ticket-no-user", &[("name", "nobody".into())]),
        ),
        (
            "alice",
            format!("assign {number} @../../x"),
            app.say("alice", "ticket-no-user", &[("name", "../../x".into())]),
        ),
        ("alice", format!("assign {number}"), app.say("alice", "ticket-nobody", &[])),
        ("carol", format!("resolve {number}"), done("carol", "ticket-resolved")),
        ("carol", format!("resolve {number}"), app.say("carol", "ticket-is-resolved", &[])),
        ("carol", format!("take {number}"), app.say("carol", "ticket-is-resolved", &[])),
        (
            "carol",
            "take".to_owned(),
            app.say("carol", "ticket-no-number", &[("command", "take".into())]),
        ),
        ("carol", "show 20261122-9999".to_owned(), app.say("carol", "ticket-unknown", &[])),
    ];
    for (user, text, said) in typed {
        assert_eq!(app.ticket(user, &text).await, said, "{user}: {text}");
    }
    eventually("its lines", || app.thread(&post).len() == 3).await;
    assert_eq!(
        app.thread(&post),
        [
            "@bob has taken this ticket.",
            "@bob has given this ticket to @carol.",
            "@carol has resolved this ticket.",
        ]
    );
}

#[tokio::test]
async fn who_is_not_in_the_channel_does_not_learn_of_its_tickets() {
    let app = tickets(free_address()).start().await;
    let oncall = ticket_in(&app, "oncall", "alice").await;
    let board = ticket_in(&app, "board", "bob").await;
    for (user, number, knows) in [
        ("carol", &oncall, false),
        ("bob", &oncall, true),
        ("alice", &board, false),
        ("bob", &board, true),
    ] {
        let unknown = app.say(user, "ticket-unknown", &[]);
        for command in ["show", "take", "resolve"] {
            // From another channel: nothing says that they are in the ticket's.
            let said = app.ticket(user, &format!("{command} {number}")).await;
            assert_eq!(said != unknown, knows, "{user} {command}: {said}");
        }
        let said = app.ticket(user, &format!("assign {number} @bob")).await;
        assert_eq!(said != unknown, knows, "{user} assign: {said}");
    }
    // Nor by a button, wherever they know it from: the chat does not let them.
    let post = app.ticket_posts().remove(0);
    assert!(matches!(
        app.mattermost.press_button("carol", &post.id, "reopen").await,
        PressResult::Refused(403)
    ));
    // The bot itself is not in this one; that is no reason to tell.
    let form = app.form_in("closed", "carol", "").await;
    let SubmitResult::Refused { error, .. } = app.fill("carol", &form, filled("Hush.")).await
    else {
        panic!("it is posted")
    };
    let name = error.split(' ').next().unwrap().to_owned();
    assert_eq!(error, app.say("carol", "ticket-recorded", &[("ticket", (&*name).into())]));
    let number = name.strip_prefix("Ticket-").unwrap();
    let said = app.ticket("alice", &format!("show {number}")).await;
    assert_eq!(said, app.say("alice", "ticket-unknown", &[]));
    let said = app.ticket("carol", &format!("show {number}")).await;
    assert!(said.contains("Hush."), "{said}");
}

#[tokio::test]
async fn everybody_fills_in_their_own_language() {
    let app = tickets(free_address()).start().await;
    for user in ["bob", "carol"] {
        let open = app.open_ticket_form(user, "").await;
        assert_eq!(open.dialog["title"], app.say(user, "ticket-form-title", &[]));
        assert_eq!(open.dialog["submit_label"], app.say(user, "ticket-form-submit", &[]));
        let label = app.say(user, "ticket-field-problem", &[]);
        assert_eq!(open.dialog["elements"][2]["display_name"], label);
        let needed = app.say(user, "ticket-field-needed", &[]);
        let refused = app.fill(user, &open, json!({"cluster": "a", "resource": "b"})).await;
        let errors = [("problem".to_owned(), needed)].into();
        assert_eq!(refused, SubmitResult::Refused { error: String::new(), errors });
        let text = "네트워크가 안 됩니다.\nLe réseau est en panne.";
        assert_eq!(app.fill(user, &open, filled(text)).await, SubmitResult::Closed);
        let post = app.ticket_posts().pop().unwrap();
        // The channel reads the channel's language, whoever pressed.
        let shown = [
            &format!("@{user} asks for help.\n\n**Cluster:** Berlin\n**VM or resource:** vm-7\n"),
            "**Problem:**\n> 네트워크가 안 됩니다.\n> Le réseau est en panne.",
        ];
        assert!(post.message.ends_with(&shown.concat()), "{}", post.message);
        assert_eq!(told(app.mattermost.press_button(user, &post.id, "take").await), "");
        eventually("the line", || app.thread(&post).len() == 1).await;
        assert_eq!(app.thread(&post), [format!("@{user} has taken this ticket.")]);
        let again = told(app.mattermost.press_button(user, &post.id, "take").await);
        assert_eq!(again, app.say(user, "ticket-theirs", &[]));
    }
    let told = app.late_answers(2).await;
    assert!(told[0] != told[1] && told[0].contains("-0001"), "{told:?}");
}

#[tokio::test]
async fn a_direct_message_to_the_bot_is_a_place_for_tickets() {
    let app = tickets(free_address()).start().await;
    let direct = app.mattermost.direct_id("alice");
    let number = ticket_in(&app, &direct, "alice").await;
    let post = app.ticket_posts().pop().unwrap();
    assert_eq!(post.channel_id, direct);
    assert_eq!(told(app.mattermost.press_button("alice", &post.id, "resolve").await), "");
    eventually("the line", || app.thread(&post).len() == 1).await;
    let unknown = app.say("bob", "ticket-unknown", &[]);
    assert_eq!(app.ticket("bob", &format!("show {number}")).await, unknown);

    // Among the messages of two others nobody could let the bot in.
    let mut form = app.mattermost.slash("alice", "/ticket");
    let name = format!("{}__{}", Mattermost::user_id("alice"), Mattermost::user_id("bob"));
    for field in form.fields.iter_mut().filter(|field| field.0 == "channel_name") {
        field.1.clone_from(&name);
    }
    let before = app.mattermost.dialogs().len();
    assert_eq!(app.send_ticket(&form).await, app.say("alice", "ticket-not-here", &[]));
    assert_eq!(app.mattermost.dialogs().len(), before);
}

#[tokio::test]
async fn every_kind_of_field_reads_well() {
    let options = |radio| FieldKind::Options { options: vec!["a_b".into(), "c".into()], radio };
    let fields = vec![
        field("count", FieldKind::Line { subtype: "number", min: 0, max: 9 }),
        field("mail", FieldKind::Line { subtype: "email", min: 0, max: 99 }),
        field("who", FieldKind::User),
        field("where", FieldKind::Channel),
        field("now", FieldKind::Bool),
        field("later", FieldKind::Bool),
        field("one", options(false)),
        field("other", options(true)),
    ];
    let app = with_form("kinds", None, fields).start().await;
    let open = app.open_ticket_form("alice", "kinds").await;
    let with = json!({
        "count": 12.5, "mail": "ann@example.org", "who": Mattermost::user_id("carol"),
        "where": Mattermost::channel_id("network"), "now": true, "later": null,
        "one": "a_b", "other": "c",
    });
    assert_eq!(app.fill("alice", &open, with).await, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    let shown = "**count:** 12.5\n**mail:** ann@\u{200b}example.org\n**who:** @carol\n\
                 **where:** ~network\n**now:** yes\n**later:** no\n**one:** a\\_b\n**other:** c";
    assert!(post.message.ends_with(shown), "{}", post.message);
}

#[tokio::test]
async fn what_the_post_has_no_room_for_stands_in_its_thread() {
    let fields = ["one", "two", "three", "four"].map(|name| field(name, TEXT)).into();
    let app = with_form("long", None, fields).start().await;
    let open = app.open_ticket_form("alice", "long").await;
    // Empty lines grow most in a quote: nothing that a form takes needs more room than this.
    let numbers: Vec<_> = (1_000..1_216).map(|number: u32| number.to_string()).collect();
    let texts: Vec<_> = numbers.chunks(54).map(|some| some.join(&"\n".repeat(51))).collect();
    assert!(texts.iter().all(|text| (2_900..=3_000).contains(&text.len())));
    let with = json!({"one": texts[0], "two": texts[1], "three": texts[2], "four": texts[3]});
    assert_eq!(app.fill("alice", &open, with).await, SubmitResult::Closed);
    let [post] = app.ticket_posts().try_into().unwrap();
    eventually("the rest", || app.thread(&post).len() == 2).await;
    let goes_on = app.say("alice", "ticket-goes-on", &[]);
    assert!(post.message.ends_with(&goes_on), "{}", post.message);
    assert_eq!(told(app.mattermost.press_button("bob", &post.id, "take").await), "");
    let taken = "@bob has taken this ticket.";
    eventually("the line", || app.thread(&post).last().is_some_and(|line| line == taken)).await;
    // All of it can be read, in its order, and once.
    let changed = app.ticket_posts().pop().unwrap();
    assert_eq!(changed.message, post.message);
    let mut parts = vec![post.message.clone()];
    parts.extend(app.thread(&post));
    assert!(parts.iter().all(|part| part.chars().count() <= 16_383));
    parts.pop();
    let whole = parts.join("\n");
    let read = whole.lines().filter_map(|line| line.strip_prefix("> "));
    assert_eq!(read.filter(|line| !line.is_empty()).collect::<Vec<_>>(), numbers);
    let labels = whole.lines().filter(|line| line.starts_with("**"));
    assert_eq!(labels.collect::<Vec<_>>(), ["**one:**", "**two:**", "**three:**", "**four:**"]);
}
