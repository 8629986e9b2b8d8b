//! What one message of the websocket says. Pure; a message that cannot be read says nothing, and an
//! event that cannot be read is [`Told::Unreadable`], so that its number still counts.

use serde::{Deserialize, de::DeserializeOwned};

use super::Event;
use crate::{
    clients::mattermost::wire::{WirePost, WireReaction},
    model::ids::ChannelId,
};

/// What whoever listens makes of the events.
pub trait Tells: Sized {
    /// That the connection stands.
    fn hello(connection_id: String, resumed: bool) -> Self;
    /// That events are lost.
    fn missed() -> Self;
    /// One event; `None` for one that cannot be read.
    fn read(event: &str, text: &str) -> Option<Told<Self>>;
}

/// One message.
pub(super) struct Frame<E> {
    /// The number of an event; answers have none.
    pub(super) seq: Option<u64>,
    /// Whether it is an answer that says no.
    pub(super) failed: bool,
    pub(super) told: Told<E>,
}

/// What an event tells.
pub enum Told<E> {
    /// By which name the connection goes.
    Hello(String),
    News(E),
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

/// An event without its head.
#[derive(Deserialize)]
pub(super) struct Body<D> {
    pub(super) data: D,
    #[serde(default)]
    pub(super) broadcast: Broadcast,
}

/// To whom an event goes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Broadcast {
    #[serde(rename = "channel_id")]
    pub(super) channel: String,
    #[serde(rename = "team_id")]
    pub(super) team: String,
}

#[derive(Deserialize)]
struct Hello {
    connection_id: String,
}

/// A post is JSON in a JSON string, and so is a reaction.
#[derive(Deserialize)]
struct Posted {
    post: String,
}

#[derive(Deserialize)]
struct Reacted {
    reaction: String,
}

impl<E: Tells> Frame<E> {
    /// `None` for what is neither an event nor an answer.
    pub(super) fn read(text: &str) -> Option<Self> {
        let head: Head<'_> = serde_json::from_str(text).ok()?;
        if head.event.is_empty() {
            let failed = head.status? != "OK";
            return Some(Self { seq: None, failed, told: Told::Other });
        }
        let told = if head.event == "hello" {
            hello(text).map_or(Told::Unreadable, Told::Hello)
        } else {
            E::read(&head.event, text).unwrap_or(Told::Unreadable)
        };
        Some(Self { seq: Some(head.seq?), failed: false, told })
    }

    pub(super) fn hello(&self) -> Option<String> {
        match &self.told {
            Told::Hello(connection_id) => Some(connection_id.clone()),
            _ => None,
        }
    }
}

impl Tells for Event {
    fn hello(connection_id: String, resumed: bool) -> Self {
        Self::Hello { connection_id, resumed }
    }

    fn missed() -> Self {
        Self::Missed
    }

    fn read(event: &str, text: &str) -> Option<Told<Self>> {
        match event {
            "posted" => {
                let post: WirePost = post(text)?;
                Some(Told::News(Self::Posted(Box::new(post.into()))))
            }
            "reaction_added" => {
                let (channel, reaction): (_, WireReaction) = reaction(text)?;
                let there = reaction.in_channel(&channel).map(Self::ReactionAdded);
                Some(there.map_or(Told::Other, Told::News))
            }
            _ => Some(Told::Other),
        }
    }
}

fn hello(text: &str) -> Option<String> {
    let body: Body<Hello> = serde_json::from_str(text).ok()?;
    Some(body.data.connection_id)
}

/// The post that an event tells of.
pub(super) fn post<P: DeserializeOwned>(text: &str) -> Option<P> {
    let body: Body<Posted> = serde_json::from_str(text).ok()?;
    serde_json::from_str(&body.data.post).ok()
}

/// The reaction that an event tells of, and where; 5.37 says the latter only beside it.
pub(super) fn reaction<R: DeserializeOwned>(text: &str) -> Option<(ChannelId, R)> {
    let body: Body<Reacted> = serde_json::from_str(text).ok()?;
    let channel = ChannelId::parse(&body.broadcast.channel).ok()?;
    Some((channel, serde_json::from_str(&body.data.reaction).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const RECORDED: [&str; 3] = [
        include_str!("../../../../tests/fixtures/mattermost/09-events.json"),
        include_str!("../../../../tests/fixtures/mattermost/6.7/09-events.json"),
        include_str!("../../../../tests/fixtures/mattermost/5.37/09-events.json"),
    ];

    fn word(frame: Option<Frame<Event>>) -> String {
        let Some(Frame { seq, failed, told }) = frame else { return "nothing".to_owned() };
        let told = match told {
            Told::Hello(id) => format!("hello {}", id.len()),
            Told::News(Event::Posted(post)) => format!("posted {}", post.message),
            Told::News(Event::ReactionAdded(it)) => format!("reacted {} {}", it.emoji, it.channel),
            Told::News(Event::Hello { .. } | Event::Missed) => "of the connection".to_owned(),
            Told::Unreadable => "unreadable".to_owned(),
            Told::Other => "other".to_owned(),
        };
        match seq {
            Some(_) => told,
            None => format!("answer {}", if failed { "no" } else { "yes" }),
        }
    }

    #[test]
    fn every_recorded_message_is_understood() {
        for recorded in RECORDED {
            let recorded: Value = serde_json::from_str(recorded).unwrap();
            let channel = recorded["posted"]["broadcast"]["channel_id"].as_str().unwrap();
            let read = |frame: &Value| word(Frame::read(&frame.to_string()));
            let raw = recorded["posted_raw"].as_str().unwrap();
            let said = "posted hello @ticketd #tag https://example.com";
            assert_eq!(word(Frame::read(raw)), said);
            for (at, expected) in [
                ("hello", "hello 26".to_owned()),
                ("ping_reply", "answer yes".to_owned()),
                ("resumed/0", "posted while away".to_owned()),
                ("reply/0", "posted reply".to_owned()),
                ("patch/0", "other".to_owned()),
                ("delete/0", "other".to_owned()),
                ("dm/0", "posted dm to bot".to_owned()),
                ("bot_own_post/0", "posted by bot".to_owned()),
                ("bot_added/0", "other".to_owned()),
                ("bot_removed/0", "other".to_owned()),
                ("reaction_added/0", format!("reacted ticket {channel}")),
            ] {
                let frame = recorded.pointer(&format!("/{at}")).unwrap();
                assert_eq!(read(frame), expected, "{at}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_still_counts() {
        for (text, expected) in [
            (r#"{"event":"posted","data":{"post":"{}"},"broadcast":{},"seq":4}"#, "unreadable"),
            (r#"{"event":"posted","data":{"post":{}},"seq":4}"#, "unreadable"),
            (r#"{"event":"posted","data":{},"seq":4}"#, "unreadable"),
            (r#"{"event":"reaction_added","data":{"reaction":"{}"},"seq":4}"#, "unreadable"),
            (r#"{"event":"hello","data":{},"seq":0}"#, "unreadable"),
            (r#"{"event":"new one","data":[1],"broadcast":null,"seq":4}"#, "other"),
            (r#"{"event":"posted","data":{"post":"{}"}}"#, "nothing"),
            (r#"{"event":"posted","seq":-1}"#, "nothing"),
            (r#"{"status":"FAIL","seq_reply":1,"error":{"status_code":401}}"#, "answer no"),
            (r#"{"seq_reply":1}"#, "nothing"),
            ("[]", "nothing"),
            ("", "nothing"),
        ] {
            assert_eq!(word(Frame::read(text)), expected, "{text}");
        }
    }
}
