//! Forms as they are filled in.

use serde_json::json;

use super::*;

pub(in super::super) fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        label: name.to_uppercase(),
        kind,
        optional: false,
        help: None,
        placeholder: None,
        default: None,
    }
}

pub(in super::super) fn form(fields: Vec<Field>) -> Form {
    Form { name: String::new(), title: None, channel: None, place: None, emoji: None, fields }
}

fn every_kind() -> Form {
    let line = |subtype| FieldKind::Line { subtype, min: 2, max: 10 };
    let options = |radio| FieldKind::Options { options: vec!["a".into(), "b".into()], radio };
    form(vec![
        field("line", line("")),
        field("text", FieldKind::Text { min: 0, max: 3_000 }),
        field("select", options(false)),
        field("radio", options(true)),
        field("number", FieldKind::Line { subtype: "number", min: 0, max: 10 }),
        field("email", line("email")),
        field("url", FieldKind::Line { subtype: "url", min: 0, max: 150 }),
        field("user", FieldKind::User),
        field("channel", FieldKind::Channel),
        field("bool", FieldKind::Bool),
    ])
}

fn good() -> Map<String, Value> {
    let id = "x57qoutf8pg8mgx1q1ysq5mzty";
    let filled = json!({
        "line": " abc ", "text": "one\r\ntwo", "select": "a", "radio": "b", "number": 12,
        "email": "a@b.de", "url": "https://x.example", "user": id, "channel": id, "bool": true,
    });
    filled.as_object().unwrap().clone()
}

#[test]
fn what_is_filled_in_is_taken_in_the_forms_order() {
    let texts = Texts::load().unwrap();
    let forms = Forms { texts: &texts, locale: Locale::En };
    let given = forms.check(&every_kind(), &good()).unwrap();
    let id = "x57qoutf8pg8mgx1q1ysq5mzty";
    let expected = [
        ("LINE", Given::Line("abc".into())),
        ("TEXT", Given::Text("one\ntwo".into())),
        ("SELECT", Given::Line("a".into())),
        ("RADIO", Given::Line("b".into())),
        ("NUMBER", Given::Line("12".into())),
        ("EMAIL", Given::Line("a@b.de".into())),
        ("URL", Given::Line("https://x.example".into())),
        ("USER", Given::User(UserId::parse(id).unwrap())),
        ("CHANNEL", Given::Channel(ChannelId::parse(id).unwrap())),
        ("BOOL", Given::Bool(true)),
    ];
    assert_eq!(given, expected.map(|(label, given)| (label.to_lowercase(), given)));
    assert_eq!(subject(&given, "title"), "one");
}

#[test]
fn whatever_is_wrong_is_told_at_its_field() {
    let texts = Texts::load().unwrap();
    let forms = Forms { texts: &texts, locale: Locale::En };
    for (name, value, expected) in [
        ("line", Value::Null, "Please fill this in."),
        ("line", json!("   "), "Please fill this in."),
        ("line", json!("a"), "Please write at least 2 characters."),
        ("line", json!("a2345678901"), "This has 11 characters; 10 is the most."),
        ("line", json!("a\nb"), "I cannot read this."),
        ("line", json!({"a": 1}), "I cannot read this."),
        ("line", json!(["abc"]), "I cannot read this."),
        ("text", json!("x".repeat(3_001)), "This has 3001 characters; 3000 is the most."),
        ("select", json!("c"), "Please choose one of those offered."),
        ("radio", json!(""), "Please fill this in."),
        ("number", json!("12a"), "Please write a number"),
        ("number", json!("inf"), "Please write a number"),
        ("email", json!("a@"), "Please write a mail address"),
        ("url", json!("javascript:x"), "Please write an address that begins with"),
        ("user", json!("../x"), "Please choose one of those offered."),
        ("channel", json!("general"), "Please choose one of those offered."),
        ("bool", json!("yes"), "I cannot read this."),
    ] {
        let mut filled = good();
        filled.insert(name.to_owned(), value.clone());
        let faults = forms.check(&every_kind(), &filled).unwrap_err();
        assert_eq!(faults.keys().collect::<Vec<_>>(), [name], "{value}");
        let said = faults[name].replace("3,001", "3001").replace("3,000", "3000");
        assert!(said.starts_with(expected), "{name} {value}: {said}");
    }
}

#[test]
fn nothing_filled_in_is_no_ticket() {
    let texts = Texts::load().unwrap();
    let forms = Forms { texts: &texts, locale: Locale::En };
    let mut optional = field("line", FieldKind::Line { subtype: "", min: 0, max: 10 });
    optional.optional = true;
    let form = form(vec![optional, field("bool", FieldKind::Bool)]);
    for filled in [json!({}), json!({"line": "", "bool": true}), json!({"line": null})] {
        let faults = forms.check(&form, filled.as_object().unwrap()).unwrap_err();
        assert_eq!(faults.keys().collect::<Vec<_>>(), ["line"]);
    }
    // What the form does not ask for is not looked at.
    let filled = json!({"line": "x", "other": {"a": []}});
    assert_eq!(forms.check(&form, filled.as_object().unwrap()).unwrap().len(), 2);
}
