//! Posts and channels of the chat, as much as a desk needs of them. Nothing here can fail.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::{
    discreet::discreet,
    ids::{ChannelId, PostId, TeamId, UserId},
};

/// How far Mattermost's clock may be from ours. A post's time is Mattermost's: whoever looks for a post
/// by a time of our own clock begins this much before it.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Where a post is found in this chat, whichever team it is in.
///
/// Source: Mattermost's web application, which leads `/_redirect/pl/{post}` to the team of whoever
/// follows it.
#[must_use]
pub fn permalink(chat: &Url, post: &PostId) -> String {
    format!("{chat}_redirect/pl/{post}")
}

/// A post to be made.
#[derive(Clone, PartialEq)]
pub struct NewPost {
    /// Where.
    pub channel: ChannelId,
    /// The post that begins the thread; a reply to a reply is refused.
    pub root: Option<PostId>,
    /// In Markdown, at most [`POST_MAX`](super::render::POST_MAX) characters.
    pub message: String,
    /// An object: attachments with buttons, and what we keep with the post.
    pub props: Value,
    /// Our own name of the post. A repeat with the same one makes no second post, but returns the
    /// first, for about 30 s.
    pub pending: String,
}

discreet!(NewPost { channel, root, pending });

/// A post as it is now.
#[derive(Clone, PartialEq)]
pub struct PostHead {
    /// Its id.
    pub id: PostId,
    /// Where it stands.
    pub channel: ChannelId,
    /// The post that begins its thread, unless this is that post.
    pub root: Option<PostId>,
    /// Who wrote it.
    pub author: UserId,
    /// In Markdown; empty once it is deleted, and of posts that nobody simply says.
    pub message: String,
    /// The names of its files.
    pub files: Vec<String>,
    /// Whether the server itself says it, such as who joined: it is nobody's word.
    pub by_server: bool,
    /// Its properties, without the buttons' URLs and contexts, which the server keeps to itself. Of
    /// a deleted post only who deleted it is left.
    pub props: Value,
    /// When it was made, to the millisecond.
    pub created: Timestamp,
    /// Whether it is gone for everybody.
    pub deleted: bool,
}

discreet!(PostHead { id, channel, root, author, created, deleted });

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// The name in its address, such as `ops`.
    pub name: String,
}

/// A channel, or the direct messages of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Whose it is; direct messages are no team's.
    pub team: Option<TeamId>,
    /// The name in its address, such as `support`.
    pub name: String,
    /// The name that people see; empty for direct messages.
    pub display_name: String,
    /// Whether everybody in its team may read it.
    pub public: bool,
}
