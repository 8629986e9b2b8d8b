//! What `[ticket]` takes and refuses.

use crate::config::tests::{Files, env};
use crate::config::{FieldKind, Ticket};

const TOKEN: &str = "9dkz1w4yebnu7cjmoxrf5t8qsh";

fn around(toml: &str) -> String {
    format!("[ticket]\nslash_tokens = ['{TOKEN}']\n{toml}")
}

fn least() -> Vec<(String, String)> {
    env(&[
        ("TICKETD_STORE__MASTER_KEY", "the-master-key-of-this-test"),
        ("TICKETD_HTTP__PUBLIC_URL", "https://desk.example.org"),
        ("TICKETD_MATTERMOST__BOT_TOKEN", "the-token-of-the-bot"),
    ])
}

fn read(toml: &str) -> Ticket {
    Files::with(&around(toml)).load(least()).unwrap().ticket.unwrap()
}

#[test]
fn a_token_is_enough() {
    let ticket = read("");
    assert_eq!(ticket.prefix, "Ticket");
    assert_eq!(ticket.time_zone.iana_name(), Some("UTC"));
    let [form] = ticket.forms.try_into().unwrap();
    assert_eq!((form.name.as_str(), form.title, form.channel), ("", None, None));
    assert!(form.fields.is_empty());
}

#[test]
fn a_full_example_is_read() {
    let ticket = read(
        "prefix = 'Ops'\ntime_zone = 'Asia/Seoul'\ntitle = 'Help'\nchannel = 'helpdesk'\n\
         emoji = 'ticket'\n\
         [[ticket.field]]\nname = 'cluster'\nlabel = 'Cluster'\ntype = 'select'\n\
         options = ['Berlin', 'Seoul']\ndefault = 'Seoul'\nhelp = 'Where'\n\
         [[ticket.field]]\nname = 'mail'\nlabel = 'Mail'\ntype = 'email'\noptional = true\n\
         [[ticket.form]]\nname = 'network'\nchannel = 'net'\nemoji = '+1'\n\
         [[ticket.form.field]]\nname = 'text'\nlabel = 'Text'\ntype = 'textarea'\n\
         max_length = 500\nmin_length = 3\n\
         [[ticket.form.field]]\nname = 'who'\nlabel = 'Who'\ntype = 'user'\n",
    );
    assert_eq!((ticket.prefix.as_str(), ticket.time_zone.iana_name()), ("Ops", Some("Asia/Seoul")));
    let [first, network] = ticket.forms.try_into().unwrap();
    assert_eq!(
        (first.title.as_deref(), first.channel.as_deref()),
        (Some("Help"), Some("helpdesk"))
    );
    assert_eq!((first.emoji.as_deref(), network.emoji.as_deref()), (Some("ticket"), Some("+1")));
    let [cluster, mail] = first.fields.try_into().unwrap();
    let options = vec!["Berlin".to_owned(), "Seoul".to_owned()];
    assert_eq!(cluster.kind, FieldKind::Options { options, radio: false });
    assert_eq!(
        (cluster.default.as_deref(), cluster.help.as_deref()),
        (Some("Seoul"), Some("Where"))
    );
    assert_eq!(mail.kind, FieldKind::Line { subtype: "email", min: 0, max: 150 });
    assert!(mail.optional && !cluster.optional);
    assert_eq!((network.name.as_str(), network.channel.as_deref()), ("network", Some("net")));
    let [text, who] = network.fields.try_into().unwrap();
    assert_eq!(text.kind, FieldKind::Text { min: 3, max: 500 });
    assert_eq!(who.kind, FieldKind::User);
}

#[test]
fn what_else_it_needs_is_told_together() {
    let key = ("TICKETD_STORE__MASTER_KEY", "the-master-key-of-this-test");
    let faults = Files::with(&around("")).faults(env(&[key]));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("http.public_url is not"), "{faults:?}");
    assert!(faults[1].contains("mattermost.bot_token is not"), "{faults:?}");
}

#[test]
fn a_form_that_wants_tickets_needs_a_token() {
    let field = "[[ticket.form.field]]\nname = 'a'\nlabel = 'A'\n";
    let form = format!("[[ticket.form]]\nname = 'a'\nemoji = 'b'\n{field}");
    let redmine = "[redmine]\nslash_tokens = ['x57qoutf8pg8mgx1q1ysq5mzty']\n";
    let faults = |toml: &str| Files::with(&format!("{redmine}{toml}")).faults(least());
    let filed = "api_key = 'k'\n[ticket]\ntracker = 'redmine'\nproject = 'a'\n";
    for (toml, keys) in [
        ("[ticket]\nemoji = 'ticket'\n", &["ticket.emoji"][..]),
        (filed, &["ticket.tracker"]),
        (&form, &["ticket.form[#1].emoji"]),
        (&format!("[ticket]\nemoji = 'c'\n{form}"), &["ticket.emoji", "ticket.form[#1].emoji"]),
    ] {
        let faults = faults(toml);
        assert_eq!(faults.len(), keys.len(), "{toml}: {faults:#?}");
        for (fault, key) in faults.iter().zip(keys) {
            let expected = format!("{key}: set, but ticket.slash_tokens is not, and without it");
            assert!(fault.starts_with(&expected), "{toml}: {fault}");
        }
    }
    // What only says how a form would look is no wish for one.
    let config = Files::with(&format!("{redmine}[ticket]\ntitle = 'Help'\n")).load(least());
    assert!(config.unwrap().ticket.is_none());
}

#[test]
fn every_fault_says_what_to_write() {
    let field = |keys: &str| format!("[[ticket.field]]\nname = 'a'\nlabel = 'A'\n{keys}");
    let form = |keys: &str| {
        format!("[[ticket.form]]\n{keys}\n[[ticket.form.field]]\nname = 'a'\nlabel = 'A'\n")
    };
    let long = "x".repeat(25);
    for (toml, expected) in [
        ("prefix = 'Tick et'".to_owned(), "ticket.prefix: write 1 to 24 of"),
        ("time_zone = 'Mars'".to_owned(), "ticket.time_zone: \"Mars\" is no time zone"),
        (format!("title = '{long}'"), "ticket.title: Mattermost shows 24 characters at most"),
        ("titel = 'x'".to_owned(), "ticket.titel: unknown key; did you mean ticket.title?"),
        (field("type = 'date'"), "ticket.field[#1].type: \"date\" is none of its values"),
        (field("type = 'select'"), "ticket.field[#1].options: write 1 to 100 texts"),
        (field("default = 'x'\ntype = 'radio'\noptions = ['y']"), "ticket.field[#1].default: none"),
        (field("max_length = 151"), "ticket.field[#1].max_length: write a whole number from 1 to"),
        (field("options = ['a']"), "ticket.field[#1].options: unknown key"),
        (format!("{0}\n{0}", field("")), "ticket.field[#2].name: another field of this form"),
        (
            format!("[[ticket.field]]\nlabel = '{long}'\nname = 'a'"),
            "ticket.field[#1].label: Matter",
        ),
        ("emoji = ':ticket:'".to_owned(), "ticket.emoji: write the emoji's name without colons"),
        (
            format!("emoji = 'a'\n{}", form("name = 'b'\nemoji = 'a'")),
            "ticket.form[#1].emoji: another form has this emoji",
        ),
        (form("name = 'list'"), "ticket.form[#1].name: `/ticket list` is a command already"),
        (form("title = 'x'"), "ticket.form[#1].name: not set; write what follows /ticket"),
        (format!("{0}{0}", form("name = 'a'")), "ticket.form[#2].name: another form has this name"),
        ("[[ticket.form]]\nname = 'a'".to_owned(), "ticket.form[#1].field: not set"),
        ("field = 'x'".to_owned(), "ticket.field: write each under [[ticket.field]]"),
    ] {
        let faults = Files::with(&around(&toml)).faults(least());
        assert_eq!(faults.len(), 1, "{toml}: {faults:#?}");
        assert!(faults[0].contains(expected), "{toml}: {} is not {expected}", faults[0]);
    }
    let text = |n| format!("[[ticket.field]]\nname = 'a{n}'\nlabel = 'A'\ntype = 'textarea'\n");
    let toml: String = (0..5).map(text).collect();
    let faults = Files::with(&around(&toml)).faults(least());
    assert!(faults[0].contains("more than the 12000 characters of a post"), "{faults:?}");
}
