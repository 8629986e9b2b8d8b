//! Buttons and menus under posts: what the server sends to the integration when somebody presses
//! one, and what it makes of the answer.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::attachments::{self, Action};
use super::channels::Channels;
use super::ids::Triggers;
use super::posts::Posts;
use super::slash::outgoing;
use super::users;
use crate::sandbox::wire::{lock, post, to_json};

/// What the user sees after pressing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PressResult {
    /// It was taken: words that only this user sees, or none. The post may look different now.
    Done {
        /// May be empty.
        ephemeral_text: String,
    },
    /// "Action integration error.": no answer within 30 s, any status but 200, or broken JSON.
    Failed,
    /// The server asks nobody: 404 for no such post or button, 403 for a channel that the user is
    /// not in.
    Refused(u16),
}

/// What a press sends, in the order of the wire.
#[derive(Serialize)]
struct Sent<'a> {
    user_id: &'a str,
    user_name: &'a str,
    channel_id: &'a str,
    channel_name: &'a str,
    team_id: &'a str,
    team_domain: &'a str,
    post_id: &'a str,
    trigger_id: &'a str,
    r#type: &'a str,
    data_source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<BTreeMap<String, Value>>,
}

/// What counts in an answer; anything else in it is nothing to the server.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answered {
    update: Option<Update>,
    ephemeral_text: String,
    skip_slack_parsing: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Update {
    message: String,
    props: Option<Value>,
}

/// Where a press happens.
pub(super) struct Place<'a> {
    pub(super) posts: &'a Mutex<Posts>,
    pub(super) channels: &'a Mutex<Channels>,
    pub(super) triggers: &'a Triggers,
}

/// Presses a button, or chooses an option of a menu, which need not be one of those offered.
pub(super) async fn press(
    place: Place<'_>,
    user: &str,
    post_id: &str,
    action: &str,
    option: Option<&str>,
) -> PressResult {
    let user_id = users::id_of(user);
    let found = lock(place.posts).find(post_id).cloned();
    let Some(found) = found else { return PressResult::Refused(404) };
    let channel = lock(place.channels).find(&found.channel_id).cloned();
    let Some(channel) = channel.filter(|channel| channel.has(user_id)) else {
        return PressResult::Refused(403);
    };
    let Some(Action { kind, data_source, url, mut context }) =
        attachments::find(&found.props, action)
    else {
        return PressResult::Refused(404);
    };
    if let Some(option) = option {
        let context = context.get_or_insert_default();
        context.insert("selected_option".to_owned(), option.into());
    }
    let (team_id, team_domain) = channel.team();
    let body = to_json(&Sent {
        user_id,
        user_name: user,
        channel_id: &channel.id,
        channel_name: &channel.name,
        team_id,
        team_domain,
        post_id,
        trigger_id: &place.triggers.issue(user_id, &channel.id),
        r#type: &kind,
        data_source: &data_source,
        context,
    });
    let Ok(url) = Url::parse(&url) else { return PressResult::Failed };
    let headers = outgoing(&url, &body, "application/json");
    let Ok(answer) = post(&url, &headers, body).await else { return PressResult::Failed };
    if answer.status != 200 {
        return PressResult::Failed;
    }
    // An empty body is an empty answer (recorded).
    let said = if answer.body.is_empty() { b"{}" } else { &answer.body[..] };
    let Ok(said) = serde_json::from_slice::<Answered>(said) else { return PressResult::Failed };
    if let Some(update) = said.update {
        let props = update.props.as_ref().map(attachments::kept);
        lock(place.posts).change(post_id, Some(&update.message), props);
    }
    let text = said.ephemeral_text;
    let ephemeral_text = if said.skip_slack_parsing { text } else { slack_links(&text) };
    PressResult::Done { ephemeral_text }
}

/// Slack's `<url|text>` becomes `[text](url)`, as the server writes it unless it is told not to.
fn slack_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<http") {
        let Some(end) = rest[start..].find('>').map(|end| start + end) else { break };
        out.push_str(&rest[..start]);
        match rest[start + 1..end].split_once('|') {
            Some((url, label)) => out.extend(["[", label, "](", url, ")"]),
            None => out.push_str(&rest[start..=end]),
        }
        rest = &rest[end + 1..];
    }
    out + rest
}
