//! What a person's own connection tells, as [`ChatNews`]. Kinds that nobody here asks for are left
//! out; one that cannot be read counts as missed.
//!
//! Source: recorded from 5.37 to 7.6 for posts, reactions, presence and who is in a channel; the
//! server's source (`model.WebsocketEvent…` and where each is published) for the others.

use serde::Deserialize;

use super::frame::{Body, Broadcast, Tells, Told, post, reaction};
use crate::{
    clients::mattermost::person::wire::{Post, Reaction, Status},
    model::{
        chat::{ChatNews, PresenceStatus},
        ids::{ChannelId, PostId, TeamId, UserId},
    },
};

/// What a person's connection tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonEvent {
    /// The connection stands; the first event of each, and told again when the server begins
    /// anew.
    Hello {
        /// The name to resume it by.
        connection_id: String,
        /// Whether all that was missed follows. If not, events are lost.
        resumed: bool,
    },
    /// Events are lost here: a number is missing, or an event could not be read.
    Missed,
    /// Something happened.
    News(ChatNews),
}

impl Tells for PersonEvent {
    fn hello(connection_id: String, resumed: bool) -> Self {
        Self::Hello { connection_id, resumed }
    }

    fn missed() -> Self {
        Self::Missed
    }

    fn read(event: &str, text: &str) -> Option<Told<Self>> {
        let news = match event {
            "posted" => ChatNews::Posted(Box::new(post::<Post>(text)?.into())),
            "post_edited" => ChatNews::Edited(Box::new(post::<Post>(text)?.into())),
            "post_deleted" => ChatNews::Deleted(Box::new(post::<Post>(text)?.gone())),
            "reaction_added" => {
                let (channel, reaction): (_, Reaction) = reaction(text)?;
                ChatNews::Reacted { channel, reaction: reaction.into() }
            }
            "reaction_removed" => {
                let (channel, reaction): (_, Reaction) = reaction(text)?;
                ChatNews::Unreacted { channel, reaction: reaction.into() }
            }
            // The others' data may have any shape.
            event if !KINDS.contains(&event) => return Some(Told::Other),
            event => about(event, text)?,
        };
        Some(Told::News(Self::News(news)))
    }
}

/// What such events may say; which of it they do hangs on their kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    user_id: String,
    channel_id: String,
    team_id: String,
    parent_id: String,
    status: String,
    channel: String,
    team: String,
    /// An object.
    user: Option<Named>,
}

#[derive(Default, Deserialize)]
struct Named {
    id: String,
}

/// Kinds that say what they are about in a few fields.
const KINDS: [&str; 16] = [
    "typing",
    "status_change",
    "user_added",
    "user_removed",
    "channel_created",
    "direct_added",
    "group_added",
    "channel_updated",
    "channel_converted",
    "channel_restored",
    "channel_deleted",
    "channel_viewed",
    "added_to_team",
    "leave_team",
    "delete_team",
    "user_updated",
];

fn about(event: &str, text: &str) -> Option<ChatNews> {
    let Body { data, broadcast }: Body<Data> = serde_json::from_str(text).ok()?;
    Some(match event {
        "typing" => ChatNews::Typing {
            channel: channel(&data, &broadcast)?,
            user: UserId::parse(&data.user_id).ok()?,
            root: PostId::parse(&data.parent_id).ok(),
        },
        "status_change" => ChatNews::PresenceChanged {
            user: UserId::parse(&data.user_id).ok()?,
            status: status(&data.status)?,
        },
        "user_added" => ChatNews::Joined {
            channel: channel(&data, &broadcast)?,
            user: UserId::parse(&data.user_id).ok()?,
        },
        // The channel is told who, and the person is told where.
        "user_removed" => ChatNews::Left {
            channel: channel(&data, &broadcast)?,
            user: UserId::parse(&data.user_id).ok(),
        },
        "channel_created" | "direct_added" | "group_added" => {
            ChatNews::ChannelMade { channel: channel(&data, &broadcast)? }
        }
        "channel_updated" | "channel_converted" | "channel_restored" => {
            ChatNews::ChannelChanged { channel: channel(&data, &broadcast)? }
        }
        "channel_deleted" => ChatNews::ChannelGone { channel: channel(&data, &broadcast)? },
        "channel_viewed" => ChatNews::Viewed { channel: channel(&data, &broadcast)? },
        "added_to_team" => ChatNews::TeamJoined {
            team: team(&data, &broadcast)?,
            user: UserId::parse(&data.user_id).ok()?,
        },
        "leave_team" => ChatNews::TeamLeft {
            team: team(&data, &broadcast)?,
            user: UserId::parse(&data.user_id).ok()?,
        },
        "delete_team" => ChatNews::TeamGone { team: team(&data, &broadcast)? },
        _ => ChatNews::UserChanged { user: UserId::parse(&data.user?.id).ok()? },
    })
}

fn status(text: &str) -> Option<PresenceStatus> {
    let text = serde_json::Value::from(text);
    Some(serde_json::from_value::<Status>(text).ok()?.into())
}

/// Beside the event, in it, or in the whole channel that it carries as JSON in a string.
fn channel(data: &Data, broadcast: &Broadcast) -> Option<ChannelId> {
    let whole = serde_json::from_str::<Named>(&data.channel).unwrap_or_default();
    let mut places = [&data.channel_id, &broadcast.channel, &whole.id].into_iter();
    places.find_map(|id| ChannelId::parse(id).ok())
}

fn team(data: &Data, broadcast: &Broadcast) -> Option<TeamId> {
    let whole = serde_json::from_str::<Named>(&data.team).unwrap_or_default();
    let mut places = [&data.team_id, &broadcast.team, &whole.id].into_iter();
    places.find_map(|id| TeamId::parse(id).ok())
}

#[cfg(test)]
mod tests;
