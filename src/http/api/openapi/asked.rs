//! What callers send: the bodies, with the limits that `fields` keeps.

use serde_json::{Map, Value, json};

use super::{Desks, Limits};
use crate::{
    http::api::fields::{BODY_MAX, EMAIL_MAX, TEXT_MIN, TITLE_MAX},
    model::request::WATCHERS_MAX,
};

/// The schemas of all bodies.
pub(super) fn schemas(desks: &Desks, limits: &Limits) -> Map<String, Value> {
    let files = json!({
        "type": "array",
        "maxItems": limits.files,
        "description": format!(
            "Files to hang on the ticket, together at most {} bytes.", limits.bytes
        ),
        "items": {"type": "string", "format": "binary"}
    });
    let form = |mut schema: Value, example: &Value| {
        schema["properties"]["attachments"] = files.clone();
        // What a form leaves empty is not given; it has no other null.
        let properties = &mut schema["properties"];
        properties["watchers"]["items"] = json!({"anyOf": [address(), {"const": ""}]});
        if let Some(priority) = properties.get_mut("priority") {
            *priority = json!({
                "type": "string",
                "enum": ["low", "high", ""],
                "description": "How much it matters."
            });
        }
        for name in ["board", "category"] {
            if let Some(field) = properties.get_mut(name)
                && field.get("default").is_some()
                && let Some(choices) = field["enum"].as_array_mut()
            {
                choices.push("".into());
            }
        }
        // What a page puts into the fields of a form; without one it makes something up.
        for (name, value) in example.as_object().into_iter().flatten() {
            schema["properties"][name]["example"] = value.clone();
        }
        schema
    };
    Map::from_iter([
        ("CreateTicket".to_owned(), ticket(desks)),
        ("CreateTicketForm".to_owned(), form(ticket(desks), &ticket_example(desks))),
        ("CreateComment".to_owned(), comment()),
        ("CreateCommentForm".to_owned(), form(comment(), &comment_example())),
    ])
}

/// An example that is taken as it is.
pub(super) fn ticket_example(desks: &Desks) -> Value {
    let mut example = json!({
        "title": "The printer on the second floor is out of order",
        "body": "It shows the error E-42 since this morning.",
        "reporter": "ann@example.org",
        "watchers": ["bob@example.org"],
        "priority": "high"
    });
    if let Some(board) = desks.boards.first() {
        example["board"] = board.key.as_str().into();
    }
    if let Some(category) = desks.categories.first() {
        example["category"] = category.as_str().into();
    }
    example
}

/// As [`ticket_example`].
pub(super) fn comment_example() -> Value {
    json!({"body": "It works again.", "author": "ann@example.org"})
}

fn ticket(desks: &Desks) -> Value {
    let mut required = vec!["title", "body", "reporter"];
    let keys: Vec<_> = desks.boards.iter().map(|board| board.key.as_str()).collect();
    let mut properties = json!({
        "title": {
            "type": "string",
            "minLength": TEXT_MIN,
            "maxLength": TITLE_MAX,
            "pattern": pattern(r"\x00-\x1f\x7f-\x9f"),
            "description": "What the ticket is called, on one line."
        },
        "body": body(),
        "reporter": email("Who asks."),
        "board": {
            "type": "string",
            "enum": keys,
            "description": "Where the ticket is made."
        },
        "watchers": watchers(),
        "priority": {
            "type": ["string", "null"],
            "enum": ["low", "high", null],
            "default": null,
            "description": "How much it matters."
        }
    });
    match &desks.default_board {
        Some(board) => properties["board"]["default"] = board.as_str().into(),
        None => required.push("board"),
    }
    if !desks.categories.is_empty() {
        properties["category"] = json!({
            "type": "string",
            "enum": desks.categories,
            "description": "What the ticket is filed under."
        });
        match &desks.default_category {
            Some(category) => properties["category"]["default"] = category.as_str().into(),
            None => required.push("category"),
        }
    }
    object(&properties, &required)
}

fn comment() -> Value {
    let properties = json!({
        "body": body(),
        "author": email("Who says so."),
        "watchers": watchers()
    });
    object(&properties, &["body", "author"])
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

fn body() -> Value {
    json!({
        "type": "string",
        "minLength": TEXT_MIN,
        "maxLength": BODY_MAX,
        "pattern": pattern(r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"),
        "description": "What is to be said, as plain text."
    })
}

fn email(what: &str) -> Value {
    json!({"type": "string", "format": "email", "maxLength": EMAIL_MAX, "description": what})
}

fn watchers() -> Value {
    json!({
        "type": "array",
        "default": [],
        "maxItems": WATCHERS_MAX,
        "items": {"type": "string", "format": "email", "maxLength": EMAIL_MAX},
        "description": "Who is to watch the ticket."
    })
}

/// At least five characters between the blanks at both ends, none of them one of `odd`.
fn pattern(odd: &str) -> String {
    let end = format!(r"[^\s{odd}]");
    format!(r"^\s*{end}[^{odd}]{{{},}}{end}\s*$", TEXT_MIN - 2)
}

/// The schema of an address in a query.
pub(super) fn address() -> Value {
    json!({"type": "string", "format": "email", "maxLength": EMAIL_MAX})
}
