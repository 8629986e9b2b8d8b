//! What Mattermost writes, and what becomes of it. An id that is none makes the answer malformed.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use super::Reaction;
use crate::{
    clients::ApiError,
    model::{
        ids::{ChannelId, PostId, TeamId, UserId},
        post::{Channel, PostHead, Team},
        ticket::Person,
    },
};

/// What only says which thing was meant.
#[derive(Deserialize)]
pub(super) struct Named<I> {
    pub(super) id: I,
}

#[derive(Deserialize)]
pub(super) struct WireUser {
    id: UserId,
    username: String,
    #[serde(default)]
    pub(super) locale: String,
}

impl From<WireUser> for Person {
    fn from(user: WireUser) -> Self {
        Self { id: user.id, name: user.username }
    }
}

#[derive(Deserialize)]
pub(super) struct WireTeam {
    id: TeamId,
    name: String,
}

impl From<WireTeam> for Team {
    fn from(team: WireTeam) -> Self {
        Self { id: team.id, name: team.name }
    }
}

#[derive(Deserialize)]
pub(super) struct WireChannel {
    id: ChannelId,
    #[serde(deserialize_with = "none_if_empty")]
    team_id: Option<TeamId>,
    name: String,
    #[serde(default)]
    display_name: String,
    /// `O` for a public one, `P` for a private one, `D` and `G` for direct messages.
    #[serde(default, rename = "type")]
    kind: String,
}

impl From<WireChannel> for Channel {
    fn from(channel: WireChannel) -> Self {
        let WireChannel { id, team_id: team, name, display_name, kind } = channel;
        Self { id, team, name, display_name, public: kind == "O" }
    }
}

#[derive(Clone, Deserialize)]
pub(super) struct WirePost {
    id: PostId,
    channel_id: ChannelId,
    #[serde(deserialize_with = "none_if_empty")]
    root_id: Option<PostId>,
    /// Of what a post said before it was edited: the post.
    #[serde(default)]
    original_id: String,
    user_id: UserId,
    #[serde(default)]
    message: String,
    /// Empty for what people and bots write as most do.
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    props: Option<Map<String, Value>>,
    #[serde(deserialize_with = "milliseconds")]
    create_at: Timestamp,
    #[serde(default)]
    delete_at: i64,
    #[serde(default)]
    metadata: Option<PostMetadata>,
}

#[derive(Clone, Deserialize)]
struct PostMetadata {
    #[serde(default)]
    files: Option<Vec<WireFile>>,
}

#[derive(Clone, Deserialize)]
struct WireFile {
    #[serde(default)]
    name: String,
}

impl From<WirePost> for PostHead {
    fn from(post: WirePost) -> Self {
        let files = post.metadata.and_then(|metadata| metadata.files).unwrap_or_default();
        // Source: the server's `model.PostSystemMessagePrefix`, `PostTypeMe` (what is typed behind
        // `/me`) and `PostTypeSlackAttachment` (what comes by a webhook).
        let by_server = post.kind.starts_with("system_");
        let spoken = matches!(post.kind.as_str(), "" | "me" | "slack_attachment");
        Self {
            files: files.into_iter().map(|file| file.name).collect(),
            by_server,
            id: post.id,
            channel: post.channel_id,
            root: post.root_id,
            author: post.user_id,
            // What the server itself says is nobody's word, and what burns when it is read is no
            // other's.
            message: if spoken { post.message } else { String::new() },
            props: Value::Object(post.props.unwrap_or_default()),
            created: post.create_at,
            deleted: post.delete_at != 0,
        }
    }
}

/// Posts, and which of them were asked for: the beginnings of threads may be added. 6.7 lists what
/// an edited post said before as a deleted post.
#[derive(Deserialize)]
pub(super) struct PostList {
    pub(super) order: Vec<PostId>,
    /// Missing or null where there are none.
    #[serde(default)]
    posts: Option<HashMap<PostId, WirePost>>,
}

impl PostList {
    /// The posts that were asked for as they are now, oldest first.
    ///
    /// # Errors
    /// [`ApiError::Malformed`] if one of them is missing.
    pub(super) fn heads(self) -> Result<Vec<PostHead>, ApiError> {
        let mut posts = self.posts.unwrap_or_default();
        let mut heads = Vec::with_capacity(self.order.len());
        for id in &self.order {
            let missing = || super::malformed("a post of the list is missing");
            let post = posts.remove(id).ok_or_else(missing)?;
            if post.original_id.is_empty() {
                heads.push(PostHead::from(post));
            }
        }
        heads.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(heads)
    }
}

/// A reaction as an event carries it, and in what is listed of a post.
#[derive(Clone, Deserialize)]
pub(super) struct WireReaction {
    user_id: UserId,
    post_id: PostId,
    emoji_name: String,
    #[serde(deserialize_with = "milliseconds")]
    create_at: Timestamp,
    /// One that was taken back and put again keeps when it was put first. Source: the server's
    /// store of reactions.
    #[serde(default, deserialize_with = "milliseconds")]
    update_at: Timestamp,
    #[serde(default)]
    delete_at: i64,
}

impl WireReaction {
    /// The reaction, if it is still there. 5.37 does not say in which channel.
    pub(super) fn in_channel(self, channel: &ChannelId) -> Option<Reaction> {
        (self.delete_at == 0).then(|| Reaction {
            user: self.user_id,
            post: self.post_id,
            emoji: self.emoji_name,
            channel: channel.clone(),
            created: self.create_at.max(self.update_at),
        })
    }
}

/// Posts by their reactions alone.
#[derive(Deserialize)]
pub(super) struct ReactedList {
    pub(super) order: Vec<PostId>,
    #[serde(default)]
    posts: Option<HashMap<PostId, Reacted>>,
}

#[derive(Deserialize)]
struct Reacted {
    #[serde(default)]
    metadata: Option<Reactions>,
}

#[derive(Deserialize)]
struct Reactions {
    #[serde(default)]
    reactions: Option<Vec<WireReaction>>,
}

impl ReactedList {
    pub(super) fn reactions(self, channel: &ChannelId) -> Vec<Reaction> {
        let posts = self.posts.unwrap_or_default().into_values();
        let lists = posts.filter_map(|post| post.metadata?.reactions);
        lists.flatten().filter_map(|reaction| reaction.in_channel(channel)).collect()
    }
}

/// The server's settings for everybody.
#[derive(Deserialize)]
pub(super) struct ClientConfig {
    #[serde(rename = "Version")]
    pub(super) version: String,
}

/// `(7, 6)` out of `7.6.0` and out of `7.6.0.7.6.0-dev.b896fedc0660386f6139d8ddf8058261.false`.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

/// Mattermost writes an empty text where there is no id.
pub(super) fn none_if_empty<'de, D, I>(from: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: TryFrom<String>,
    I::Error: std::fmt::Display,
{
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    I::try_from(text).map(Some).map_err(D::Error::custom)
}

pub(super) fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    Timestamp::from_millisecond(i64::deserialize(from)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{PostHead, WirePost, version};

    /// As recorded from 7.6, without what nobody reads.
    #[test]
    fn a_post_names_its_files_and_who_says_it() {
        for (kind, metadata, message, files, by_server) in [
            ("", json!({"files": [{"name": "log ü.txt"}]}), "see file", &["log ü.txt"][..], false),
            ("", json!({}), "see file", &[], false),
            ("me", json!(null), "see file", &[], false),
            ("burn_on_read", json!({}), "", &[], false),
            ("system_join_channel", json!({}), "", &[], true),
        ] {
            let post = json!({
                "id": "jrn6gsc487y67kdxiota5dm5xy",
                "channel_id": "piwx1dj1uib9pq4ynbsi3euo9y",
                "root_id": "",
                "user_id": "x57qoutf8pg8mgx1q1ysq5mzty",
                "message": "see file",
                "type": kind,
                "create_at": 1_795_322_116_871_i64,
                "metadata": metadata,
            });
            let head = PostHead::from(serde_json::from_value::<WirePost>(post).unwrap());
            assert_eq!((head.message.as_str(), head.by_server), (message, by_server), "{kind}");
            assert_eq!(head.files, files, "{kind}");
        }
    }

    #[test]
    fn a_version_is_its_first_two_numbers() {
        for (text, expected) in [
            ("7.6.0.7.6.0-dev.b896fedc0660386f6139d8ddf8058261.false", Some((7, 6))),
            ("5.37.0.5.37.0.5cd08b7ce4b0bd2f4f8dc4fbc9d32ed7.false", Some((5, 37))),
            ("10.11.2", Some((10, 11))),
            ("11.1", Some((11, 1))),
            ("11", None),
            ("", None),
            ("v7.6", None),
        ] {
            assert_eq!(version(text), expected, "{text:?}");
        }
    }
}
