//! Attachments and their buttons: as they are kept, as clients see them, and found again when
//! somebody presses one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ids::new_id;

/// A button or menu, with what only the server sees.
pub(super) struct Action {
    /// `button` or `select`.
    pub(super) kind: String,
    pub(super) data_source: String,
    pub(super) url: String,
    /// In the order of its keys, as Go writes them.
    pub(super) context: Option<BTreeMap<String, Value>>,
}

/// The props as the server keeps them: attachments with all their fields, actions with an id.
pub(super) fn kept(props: &Value) -> Map<String, Value> {
    let mut props = props.as_object().cloned().unwrap_or_default();
    if let Some(Value::Array(attachments)) = props.get_mut("attachments") {
        for attachment in attachments {
            *attachment = attachment_kept(attachment);
        }
    }
    props
}

fn attachment_kept(given: &Value) -> Value {
    let text = |name: &str| given[name].as_str().unwrap_or_default();
    let mut kept = json!({
        "id": given["id"].as_i64().unwrap_or_default(),
        "fields": given.get("fields"),
        "ts": given.get("ts"),
    });
    for name in [
        "fallback",
        "color",
        "pretext",
        "author_name",
        "author_link",
        "author_icon",
        "title",
        "title_link",
        "text",
        "image_url",
        "thumb_url",
        "footer",
        "footer_icon",
    ] {
        kept[name] = json!(text(name));
    }
    if let Some(actions) = given["actions"].as_array() {
        kept["actions"] = actions.iter().map(action_kept).collect();
    }
    kept
}

fn action_kept(given: &Value) -> Value {
    let mut kept = Map::new();
    for name in ["id", "type", "name", "style", "data_source", "options", "integration"] {
        let empty = json!("");
        if let Some(value) = given.get(name).filter(|value| **value != empty && !value.is_null()) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    if !kept.contains_key("id") {
        kept.insert("id".to_owned(), json!(new_id()));
    }
    kept.into()
}

fn actions(props: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let attachments = props.get("attachments").and_then(Value::as_array);
    attachments
        .into_iter()
        .flatten()
        .filter_map(|attachment| attachment["actions"].as_array())
        .flatten()
}

/// The props as clients see them: where a button leads, and its context, stay with the server.
pub(super) fn shown(props: &Map<String, Value>) -> Map<String, Value> {
    let mut props = props.clone();
    let attachments = props.get_mut("attachments").and_then(Value::as_array_mut);
    for attachment in attachments.into_iter().flatten() {
        for action in attachment["actions"].as_array_mut().into_iter().flatten() {
            if let Some(action) = action.as_object_mut() {
                action.remove("integration");
            }
        }
    }
    props
}

/// A button or menu by its id, or by the name that people see.
pub(super) fn find(props: &Map<String, Value>, wanted: &str) -> Option<Action> {
    let by = |field: &'static str| actions(props).find(move |action| action[field] == wanted);
    let action = by("id").or_else(|| by("name"))?;
    // The route of an action takes no other id (recorded).
    let id = action["id"].as_str()?;
    if !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let text = |name: &str| action[name].as_str().unwrap_or_default().to_owned();
    let integration = action.get("integration")?;
    let context = integration["context"].as_object();
    Some(Action {
        kind: text("type"),
        data_source: text("data_source"),
        url: integration["url"].as_str().unwrap_or_default().to_owned(),
        context: context.map(|map| map.clone().into_iter().collect()),
    })
}
