//! What is told over websockets, before it is numbered.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::channels::Channel;
use super::users::Users;
use crate::sandbox::wire::to_json;

/// An event before it is numbered.
#[derive(Clone)]
pub(super) struct Event {
    name: &'static str,
    data: String,
}

/// An event with its data.
pub(super) fn event(name: &'static str, data: &Value) -> Event {
    Event { name, data: to_json(data) }
}

/// That a post was made.
pub(super) fn posted(users: &Users, channel: &Channel, user_id: &str, post: &Value) -> Event {
    let by_server = post["type"].as_str().is_some_and(|kind| kind.starts_with("system_"));
    let sender = if by_server { "System".to_owned() } else { format!("@{}", users.name(user_id)) };
    let (shown, name, kind) = channel.title(&sender);
    let mut data = json!({
        "channel_display_name": shown,
        "channel_name": name,
        "channel_type": kind,
        "post": to_json(post),
        "sender_name": sender,
        "set_online": true,
        "team_id": channel.team().0,
    });
    if post["file_ids"].is_array() {
        data["otherFile"] = json!("true");
    }
    let mut mentioned = users.mentioned(post["message"].as_str().unwrap_or_default());
    if channel.is_direct() {
        // Whoever is written to is meant (recorded).
        let others = channel.members().iter().filter(|id| *id != user_id);
        mentioned = others.map(|id| users.find(id).map_or("", |user| user.id)).collect();
    }
    if by_server {
        // Whoever is put in is meant, by their name in front (recorded).
        let added = users.find(post["props"]["addedUserId"].as_str().unwrap_or_default());
        mentioned = added.into_iter().map(|user| user.id).collect();
    }
    if !mentioned.is_empty() {
        data["mentions"] = json!(to_json(&mentioned));
    }
    event("posted", &data)
}

/// To whom an event goes, in the order of the wire.
#[derive(Default, Serialize)]
pub(super) struct Broadcast<'a> {
    pub(super) omit_users: Option<HashMap<&'a str, bool>>,
    pub(super) user_id: &'a str,
    pub(super) channel_id: &'a str,
    pub(super) team_id: &'a str,
    pub(super) connection_id: &'a str,
    pub(super) omit_connection_id: &'a str,
}

impl Event {
    pub(super) fn to_text(&self, broadcast: &Broadcast<'_>) -> String {
        let Self { name, data } = self;
        format!("{{\"event\":\"{name}\",\"data\":{data},\"broadcast\":{}", to_json(broadcast))
    }
}
