//! The chat as one person sees it: who is there, where they talk, what is said, and what happens.
//! Nothing here can fail.

use jiff::Timestamp;

use super::{
    discreet::discreet,
    ids::{ChannelId, FileId, PostId, TeamId, UserId},
};

/// Somebody, as far as the one who asks may know.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatUser {
    /// Their id, which stays.
    pub id: UserId,
    /// Their name without `@`, which may pass to somebody else.
    pub username: String,
    /// Empty where the server does not show it.
    pub email: String,
    /// May be empty.
    pub nickname: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Whether it is a program's account.
    pub is_bot: bool,
    /// Whether they administer the server (`system_admin`).
    pub is_admin: bool,
    /// Whether the account is deactivated.
    pub deleted: bool,
}

discreet!(ChatUser { id, is_bot, is_admin, deleted });

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatTeam {
    /// Its id.
    pub id: TeamId,
    /// The name in its address.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
}

/// Who may find a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Everybody in the team finds it, reads it and may join.
    Public,
    /// Only who is in it knows of it.
    Private,
    /// Two people, or one and a program.
    Direct,
    /// Three to eight people.
    Group,
}

/// A channel.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatChannel {
    /// Its id.
    pub id: ChannelId,
    /// None for direct messages.
    pub team: Option<TeamId>,
    /// The name in its address; of direct messages `id__id`.
    pub name: String,
    /// The name that people see; empty for direct messages.
    pub display_name: String,
    /// Who may find it.
    pub kind: ChannelKind,
    /// What it is for; may be empty.
    pub purpose: String,
    /// What stands above it, in Markdown; may be empty.
    pub header: String,
    /// When something was last said, if ever.
    pub last_post: Option<Timestamp>,
    /// Whether it is archived.
    pub deleted: bool,
}

discreet!(ChatChannel { id, team, kind, deleted });

/// A file of a post.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatFile {
    /// Its id.
    pub id: FileId,
    /// As its author called it.
    pub name: String,
    /// As the server guessed it, such as `image/png`; may be empty.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
}

discreet!(ChatFile { id, size });

/// An emoji that somebody put under a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatReaction {
    /// Who.
    pub user: UserId,
    /// Under which post.
    pub post: PostId,
    /// The emoji's name without colons, such as `+1`.
    pub emoji: String,
    /// When, to the millisecond.
    pub created: Timestamp,
}

/// A post as it is now.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatPost {
    /// Its id.
    pub id: PostId,
    /// Where it stands.
    pub channel: ChannelId,
    /// Who wrote it.
    pub author: UserId,
    /// The post that begins its thread, unless this is that post.
    pub root: Option<PostId>,
    /// In Markdown; empty once it is deleted.
    pub message: String,
    /// Mattermost's type: empty for an ordinary one, `system_…` for what the server says.
    pub kind: String,
    /// When it was made, to the millisecond.
    pub created: Timestamp,
    /// When its words were last changed, if ever.
    pub edited: Option<Timestamp>,
    /// Whether it is gone for everybody.
    pub deleted: bool,
    /// Its files.
    pub files: Vec<ChatFile>,
    /// The emoji under it. What tells of a change need not list them.
    pub reactions: Vec<ChatReaction>,
    /// How many posts its thread has besides the first.
    pub replies: u64,
}

discreet!(ChatPost { id, channel, author, root, kind, created, edited, deleted, replies });

/// Posts of a channel, oldest first, and where the rest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatPosts {
    /// The posts.
    pub posts: Vec<ChatPost>,
    /// The newest post that is older than these, if there is one.
    pub older: Option<PostId>,
    /// The oldest post that is newer than these, if there is one.
    pub newer: Option<PostId>,
}

/// Which posts of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostsAt {
    /// The newest, page by page.
    Page(PageNo),
    /// The newest ones before a post, at most this many.
    Before(PostId, u16),
    /// The oldest ones after a post, at most this many.
    After(PostId, u16),
    /// All that was made, changed or deleted from then on. Deleted ones have no words.
    Since(Timestamp),
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNo {
    /// From 0.
    pub number: u32,
    /// Entries on it; the server gives at most 200.
    pub size: u16,
}

/// What somebody says.
#[derive(Clone, PartialEq, Eq)]
pub struct NewChatPost {
    /// Where.
    pub channel: ChannelId,
    /// The post that begins the thread; a reply to a reply is refused.
    pub root: Option<PostId>,
    /// In Markdown.
    pub message: String,
    /// Files that the same person brought into the same channel, at most ten.
    pub files: Vec<FileId>,
    /// The sender's own name of the post. A repeat with the same one makes no second post, but
    /// returns the first, for about 30 s. The server asks nobody whose it is: it must not be
    /// guessed by others.
    pub pending: String,
}

discreet!(NewChatPost { channel, root, files });

/// A channel to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct NewChatChannel {
    /// In which team.
    pub team: TeamId,
    /// The name in its address: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
    /// Whether all of the team find it, or only who is in it.
    pub public: bool,
    /// What it is for; may be empty.
    pub purpose: String,
    /// What stands above it; may be empty.
    pub header: String,
}

discreet!(NewChatChannel { team, public });

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresenceStatus {
    /// They are.
    Online,
    /// Not for a while.
    Away,
    /// They do not want to be disturbed.
    Dnd,
    /// They are not.
    Offline,
}

/// Whether somebody is there, and when they last were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Whether they are there.
    pub status: PresenceStatus,
    /// When they last did something, where the server says it.
    pub last_active: Option<Timestamp>,
}

/// What happens, as one person's own connection tells it: only what they may know at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatNews {
    /// A post was made, by anybody, that person among them.
    Posted(Box<ChatPost>),
    /// A post has other words, files or properties.
    Edited(Box<ChatPost>),
    /// A post is gone, and all that answered it. It carries no words.
    Deleted(Box<ChatPost>),
    /// Somebody put an emoji under a post.
    Reacted {
        /// Where the post stands.
        channel: ChannelId,
        /// Who, which and where.
        reaction: ChatReaction,
    },
    /// Somebody took one back; `created` says when it was put, or is 1970.
    Unreacted {
        /// Where the post stands.
        channel: ChannelId,
        /// Who, which and where.
        reaction: ChatReaction,
    },
    /// Somebody is writing; told about every 5 s while they do, and never of that person.
    Typing {
        /// Where.
        channel: ChannelId,
        /// Who.
        user: UserId,
        /// In which thread.
        root: Option<PostId>,
    },
    /// Somebody came or went. Servers tell it of that person alone: ask for the others.
    PresenceChanged {
        /// Who.
        user: UserId,
        /// What it is now.
        status: PresenceStatus,
    },
    /// Somebody came into a channel, perhaps that person.
    Joined {
        /// Which.
        channel: ChannelId,
        /// Who.
        user: UserId,
    },
    /// Somebody left a channel, or was put out, perhaps that person.
    Left {
        /// Which.
        channel: ChannelId,
        /// Who; `None` is the person whose connection it is.
        user: Option<UserId>,
    },
    /// That person is in a channel that was just made: theirs, or somebody writes to them.
    ChannelMade {
        /// Which.
        channel: ChannelId,
    },
    /// A channel has another name, purpose, header or kind, or is there again.
    ChannelChanged {
        /// Which.
        channel: ChannelId,
    },
    /// A channel was archived: nobody writes there any more.
    ChannelGone {
        /// Which.
        channel: ChannelId,
    },
    /// Somebody came into a team, perhaps that person.
    TeamJoined {
        /// Which.
        team: TeamId,
        /// Who.
        user: UserId,
    },
    /// Somebody left a team and so all its channels, perhaps that person.
    TeamLeft {
        /// Which.
        team: TeamId,
        /// Who.
        user: UserId,
    },
    /// A team was archived, with all its channels.
    TeamGone {
        /// Which.
        team: TeamId,
    },
    /// That person read a channel, here or elsewhere.
    Viewed {
        /// Which.
        channel: ChannelId,
    },
    /// Somebody changed their name, picture or address.
    UserChanged {
        /// Who.
        user: UserId,
    },
}

impl ChatNews {
    /// In which channel it happened, if in one.
    #[must_use]
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Posted(post) | Self::Edited(post) | Self::Deleted(post) => Some(&post.channel),
            Self::Reacted { channel, .. }
            | Self::Unreacted { channel, .. }
            | Self::Typing { channel, .. }
            | Self::Joined { channel, .. }
            | Self::Left { channel, .. }
            | Self::ChannelMade { channel }
            | Self::ChannelChanged { channel }
            | Self::ChannelGone { channel }
            | Self::Viewed { channel } => Some(channel),
            Self::PresenceChanged { .. }
            | Self::TeamJoined { .. }
            | Self::TeamLeft { .. }
            | Self::TeamGone { .. }
            | Self::UserChanged { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
