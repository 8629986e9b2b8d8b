//! What one message of the websocket says. Pure; a message that cannot be read says nothing, and an
//! event that cannot be read is [`Told::Unreadable`], so that its number still counts.

use serde::Deserialize;

use crate::{
    clients::mattermost::{
        Reaction,
        wire::{WirePost, WireReaction},
    },
    model::{ids::ChannelId, post::PostHead},
};

/// One message.
pub(super) struct Frame {
    /// The number of an event; answers have none.
    pub(super) seq: Option<u64>,
    /// Whether it is an answer that says no.
    pub(super) failed: bool,
    pub(super) told: Told,
}

/// What an event tells.
pub(super) enum Told {
    /// By which name the connection goes.
    Hello(String),
    Posted(Box<PostHead>),
    ReactionAdded(Reaction),
    Unreadable,
    Other,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default, borrow)]
    event: std::borrow::Cow<'a, str>,
    seq: Option<u64>,
    status: Option<&'a str>,
}

#[derive(Deserialize)]
struct Body<D> {
    data: D,
    #[serde(default)]
    broadcast: Broadcast,
}

#[derive(Default, Deserialize)]
struct Broadcast {
    #[serde(default)]
    channel_id: String,
}

#[derive(Deserialize)]
struct Hello {
    connection_id: String,
}

#[derive(Deserialize)]
struct Posted {
    post: String,
}

#[derive(Deserialize)]
struct Reacted {
    reaction: String,
}

impl Frame {
    /// `None` for what is neither an event nor an answer.
    pub(super) fn read(text: &str) -> Option<Self> {
        let head: Head<'_> = serde_json::from_str(text).ok()?;
        if head.event.is_empty() {
            let failed = head.status? != "OK";
            return Some(Self { seq: None, failed, told: Told::Other });
        }
        let told = match head.event.as_ref() {
            "hello" => hello(text),
            "posted" => posted(text),
            "reaction_added" => reacted(text),
            _ => Some(Told::Other),
        };
        Some(Self { seq: Some(head.seq?), failed: false, told: told.unwrap_or(Told::Unreadable) })
    }

    pub(super) fn hello(&self) -> Option<String> {
        match &self.told {
            Told::Hello(connection_id) => Some(connection_id.clone()),
            _ => None,
        }
    }
}

fn hello(text: &str) -> Option<Told> {
    let body: Body<Hello> = serde_json::from_str(text).ok()?;
    Some(Told::Hello(body.data.connection_id))
}

/// The post is JSON in a JSON string.
fn posted(text: &str) -> Option<Told> {
    let body: Body<Posted> = serde_json::from_str(text).ok()?;
    let post: WirePost = serde_json::from_str(&body.data.post).ok()?;
    Some(Told::Posted(Box::new(post.into())))
}

fn reacted(text: &str) -> Option<Told> {
    let body: Body<Reacted> = serde_json::from_str(text).ok()?;
    let reaction: WireReaction = serde_json::from_str(&body.data.reaction).ok()?;
    let channel = ChannelId::parse(&body.broadcast.channel_id).ok()?;
    Some(reaction.in_channel(&channel).map_or(Told::Other, Told::ReactionAdded))
}
