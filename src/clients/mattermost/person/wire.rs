//! What Mattermost writes to a person, and what becomes of it. An id that is none makes the answer
//! malformed; what newer servers add is passed over.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    clients::{
        ApiError,
        mattermost::{
            malformed,
            wire::{milliseconds, none_if_empty},
        },
    },
    model::{
        chat::{
            ChannelKind, ChatChannel, ChatFile, ChatPost, ChatPosts, ChatReaction, ChatTeam,
            ChatUser, Presence, PresenceStatus,
        },
        ids::{ChannelId, FileId, PostId, TeamId, UserId},
    },
};

#[derive(Deserialize)]
pub(in crate::clients::mattermost) struct User {
    id: UserId,
    username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    nickname: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    /// Names with spaces between.
    #[serde(default)]
    roles: String,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    delete_at: i64,
}

impl From<User> for ChatUser {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            nickname: user.nickname,
            first_name: user.first_name,
            last_name: user.last_name,
            is_bot: user.is_bot,
            is_admin: user.roles.split(' ').any(|role| role == "system_admin"),
            deleted: user.delete_at != 0,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Team {
    id: TeamId,
    name: String,
    #[serde(default)]
    display_name: String,
}

impl From<Team> for ChatTeam {
    fn from(Team { id, name, display_name }: Team) -> Self {
        Self { id, name, display_name }
    }
}

#[derive(Deserialize)]
pub(super) struct Channel {
    id: ChannelId,
    #[serde(deserialize_with = "none_if_empty")]
    team_id: Option<TeamId>,
    name: String,
    #[serde(default)]
    display_name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    header: String,
    #[serde(default, deserialize_with = "none_if_zero")]
    last_post_at: Option<Timestamp>,
    #[serde(default)]
    delete_at: i64,
}

#[derive(Deserialize)]
enum Kind {
    O,
    P,
    D,
    G,
}

impl From<Channel> for ChatChannel {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id,
            team: channel.team_id,
            name: channel.name,
            display_name: channel.display_name,
            kind: match channel.kind {
                Kind::O => ChannelKind::Public,
                Kind::P => ChannelKind::Private,
                Kind::D => ChannelKind::Direct,
                Kind::G => ChannelKind::Group,
            },
            purpose: channel.purpose,
            header: channel.header,
            last_post: channel.last_post_at,
            deleted: channel.delete_at != 0,
        }
    }
}

/// Who is in a channel.
#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) user_id: UserId,
}

#[derive(Deserialize)]
pub(in crate::clients::mattermost) struct Reaction {
    user_id: UserId,
    post_id: PostId,
    emoji_name: String,
    #[serde(default, deserialize_with = "milliseconds")]
    create_at: Timestamp,
    #[serde(default)]
    delete_at: i64,
}

impl From<Reaction> for ChatReaction {
    fn from(reaction: Reaction) -> Self {
        Self {
            user: reaction.user_id,
            post: reaction.post_id,
            emoji: reaction.emoji_name,
            created: reaction.create_at,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct File {
    id: FileId,
    #[serde(default)]
    name: String,
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    size: u64,
}

impl From<File> for ChatFile {
    fn from(file: File) -> Self {
        Self { id: file.id, name: file.name, media_type: file.mime_type, size: file.size }
    }
}

/// What an upload answers.
#[derive(Deserialize)]
pub(super) struct Uploaded {
    pub(super) file_infos: Vec<File>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    files: Option<Vec<File>>,
    reactions: Option<Vec<Reaction>>,
}

#[derive(Deserialize)]
pub(in crate::clients::mattermost) struct Post {
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
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(deserialize_with = "milliseconds")]
    create_at: Timestamp,
    #[serde(default, deserialize_with = "none_if_zero")]
    edit_at: Option<Timestamp>,
    #[serde(default)]
    delete_at: i64,
    #[serde(default)]
    reply_count: u64,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Post {
    /// The post that was just deleted: what tells of it still has its words, and no time.
    pub(in crate::clients::mattermost) fn gone(self) -> ChatPost {
        let post = ChatPost::from(self);
        let (message, files, reactions) = Default::default();
        ChatPost { deleted: true, message, files, reactions, ..post }
    }
}

impl From<Post> for ChatPost {
    fn from(post: Post) -> Self {
        let Metadata { files, reactions } = post.metadata.unwrap_or_default();
        let there = |reaction: &Reaction| reaction.delete_at == 0;
        Self {
            id: post.id,
            channel: post.channel_id,
            author: post.user_id,
            root: post.root_id,
            message: post.message,
            kind: post.kind,
            created: post.create_at,
            edited: post.edit_at,
            deleted: post.delete_at != 0,
            files: files.into_iter().flatten().map(ChatFile::from).collect(),
            reactions: reactions.into_iter().flatten().filter(there).map(Into::into).collect(),
            replies: post.reply_count,
        }
    }
}

/// Posts, and which of them were asked for: the beginnings of threads may be added. 6.7 lists what
/// an edited post said before as a deleted post.
#[derive(Deserialize)]
pub(super) struct PostList {
    pub(super) order: Vec<PostId>,
    #[serde(default)]
    posts: Option<HashMap<PostId, Post>>,
    #[serde(default, deserialize_with = "none_if_empty")]
    next_post_id: Option<PostId>,
    #[serde(default, deserialize_with = "none_if_empty")]
    prev_post_id: Option<PostId>,
}

impl PostList {
    /// The posts that were asked for, oldest first.
    ///
    /// # Errors
    /// [`ApiError::Malformed`] if one of them is missing.
    pub(super) fn posts(self) -> Result<ChatPosts, ApiError> {
        let (older, newer) = (self.prev_post_id, self.next_post_id);
        let mut all = self.posts.unwrap_or_default();
        let mut posts = Vec::with_capacity(self.order.len());
        for id in &self.order {
            let post = all.remove(id).ok_or_else(|| malformed("a post of the list is missing"))?;
            if post.original_id.is_empty() {
                posts.push(ChatPost::from(post));
            }
        }
        posts.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(ChatPosts { posts, older, newer })
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::clients::mattermost) enum Status {
    Online,
    Away,
    Dnd,
    Offline,
    /// Whatever newer servers add: neither there nor gone.
    #[serde(other)]
    Other,
}

impl From<Status> for PresenceStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Online => Self::Online,
            Status::Away | Status::Other => Self::Away,
            Status::Dnd => Self::Dnd,
            Status::Offline => Self::Offline,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WirePresence {
    user_id: UserId,
    status: Status,
    #[serde(default, deserialize_with = "none_if_zero")]
    last_activity_at: Option<Timestamp>,
}

impl From<WirePresence> for Presence {
    fn from(presence: WirePresence) -> Self {
        let WirePresence { user_id: user, status, last_activity_at: last_active } = presence;
        Self { user, status: status.into(), last_active }
    }
}

/// The answer to what has nothing else to say.
#[derive(Deserialize)]
pub(super) struct Done {
    pub(super) status: String,
}

fn none_if_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let at = i64::deserialize(from)?;
    if at == 0 {
        return Ok(None);
    }
    Timestamp::from_millisecond(at).map(Some).map_err(D::Error::custom)
}
