//! The channels, who is in them, and the direct messages of two or more.

use serde_json::{Value, json};

use super::error::Refusal;
use super::teams::{TEAM, TEAM_NAME};
use super::users;
use crate::clock;

mod making;

/// Id, name, display name, `O` for open or `P` for private, who is in it.
type Seed = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const SEED: [Seed; 5] = [
    (
        "piwx1dj1uib9pq4ynbsi3euo9y",
        "support",
        "Support",
        "O",
        &[users::BOT_NAME, "alice", "bob", "carol"],
    ),
    (
        "6ys19xucfbgufqmf7zey1e9tjc",
        "network",
        "Network",
        "O",
        &[users::BOT_NAME, "alice", "bob", "carol"],
    ),
    ("op5zba3d138gbdf63zx9nn333e", "oncall", "On-call", "P", &[users::BOT_NAME, "alice", "bob"]),
    ("m9j9hk84nbfydeyfq48fuadxfw", "board", "Board", "P", &[users::BOT_NAME, "bob"]),
    ("fezkw6zu33r1upx87s6kod6azr", "closed", "Closed", "P", &["carol"]),
];

/// The id of a channel that is there from the start; empty for another name.
pub(super) fn id_of(name: &str) -> &'static str {
    SEED.iter().find(|(_, known, ..)| *known == name).map_or("", |(id, ..)| id)
}

#[derive(Clone)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    display_name: String,
    /// `O`, `P`, `D` or `G`.
    pub(super) kind: &'static str,
    /// Id and name; both empty for direct messages.
    team: (String, String),
    header: String,
    purpose: String,
    creator: String,
    created: i64,
    pub(super) last_post: i64,
    pub(super) deleted: i64,
    /// The ids of who is in it.
    members: Vec<String>,
}

impl Channel {
    pub(super) fn has(&self, user_id: &str) -> bool {
        self.members.iter().any(|member| member == user_id)
    }

    /// Whether it is of two people or a few, whom nobody joins.
    pub(super) fn is_direct(&self) -> bool {
        self.team.0.is_empty()
    }

    /// The team's id and name; none for direct messages.
    pub(super) fn team(&self) -> (&str, &str) {
        (&self.team.0, &self.team.1)
    }

    /// The ids of who is in it.
    pub(super) fn members(&self) -> &[String] {
        &self.members
    }

    /// What the event of a post says of the channel: the name that others see, its name, its kind.
    pub(super) fn title(&self, sender: &str) -> (String, &str, &'static str) {
        let shown = if self.kind == "D" { sender } else { &self.display_name };
        (shown.to_owned(), &self.name, self.kind)
    }

    /// Somebody in it, as the server shows that.
    pub(super) fn member_body(&self, user_id: &str) -> Value {
        json!({
            "channel_id": self.id,
            "user_id": user_id,
            "roles": "channel_user",
            "last_viewed_at": 0,
            "msg_count": 0,
            "mention_count": 0,
            "mention_count_root": 0,
            "msg_count_root": 0,
            "notify_props": {
                "desktop": "default",
                "email": "default",
                "ignore_channel_mentions": "default",
                "mark_unread": "all",
                "push": "default",
            },
            "last_update_at": self.created,
            "scheme_guest": false,
            "scheme_user": true,
            "scheme_admin": false,
            "explicit_roles": "",
        })
    }

    pub(super) fn body(&self) -> Value {
        json!({
            "id": self.id,
            "create_at": self.created,
            "update_at": self.created.max(self.deleted),
            "delete_at": self.deleted,
            "team_id": self.team.0,
            "type": self.kind,
            "display_name": self.display_name,
            "name": self.name,
            "header": self.header,
            "purpose": self.purpose,
            "last_post_at": self.last_post,
            "total_msg_count": 0,
            "extra_update_at": 0,
            "creator_id": self.creator,
            "scheme_id": null,
            "props": null,
            "group_constrained": null,
            "shared": if self.is_direct() { json!(false) } else { Value::Null },
            "total_msg_count_root": 0,
            "policy_id": null,
            "last_root_post_at": 0,
        })
    }
}

pub(super) struct Channels(pub(super) Vec<Channel>);

impl Channels {
    pub(super) fn seed() -> Self {
        let created = clock::now().as_millisecond();
        let channel = |(id, name, display_name, kind, members): Seed| Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            kind,
            team: (TEAM.to_owned(), TEAM_NAME.to_owned()),
            header: String::new(),
            purpose: String::new(),
            creator: String::new(),
            created,
            last_post: 0,
            deleted: 0,
            members: members.iter().map(|name| users::id_of(name).to_owned()).collect(),
        };
        Self(SEED.into_iter().map(channel).collect())
    }

    /// A channel by id or name.
    pub(super) fn find(&self, channel: &str) -> Option<&Channel> {
        self.0.iter().find(|known| known.id == channel || known.name == channel)
    }

    pub(super) fn find_mut(&mut self, channel: &str) -> Option<&mut Channel> {
        self.0.iter_mut().find(|known| known.id == channel || known.name == channel)
    }

    /// The channels of a team that somebody is in, with all their direct messages.
    pub(super) fn of(&self, team: &str, user_id: &str) -> Value {
        let here = |channel: &&Channel| {
            channel.has(user_id)
                && channel.deleted == 0
                && (channel.is_direct() || channel.team.0 == team)
        };
        self.0.iter().filter(here).map(Channel::body).collect()
    }

    /// A page of the public channels of a team, by the name that people see.
    pub(super) fn public(&self, team: &str, skip: usize, take: usize) -> Value {
        let open = |channel: &&Channel| {
            channel.kind == "O" && channel.deleted == 0 && channel.team.0 == team
        };
        let mut all: Vec<_> = self.0.iter().filter(open).collect();
        all.sort_by_key(|channel| &channel.display_name);
        all.into_iter().skip(skip).take(take).map(Channel::body).collect()
    }

    /// The channel for whoever may read it.
    ///
    /// # Errors
    /// 403 for everybody else, and for no channel: the server asks for the right first.
    pub(super) fn readable(
        &self,
        channel: &str,
        reads: impl Fn(&Channel) -> bool,
    ) -> Result<&Channel, Refusal> {
        let channel = self.0.iter().find(|known| known.id == channel);
        channel.filter(|channel| reads(channel)).ok_or_else(Refusal::no_permission)
    }

    /// The channel for whoever may write into it.
    ///
    /// # Errors
    /// As [`Self::readable`]; 400 for one that is archived (from the server's source, not
    /// recorded).
    pub(super) fn writable(&self, channel: &str, user_id: &str) -> Result<&Channel, Refusal> {
        let channel = self.within(channel, user_id)?;
        if channel.deleted != 0 {
            let id = "api.post.create_post.can_not_post_to_deleted.error";
            return Err(Refusal::new(400, id, "Can not post to deleted channel.", ""));
        }
        Ok(channel)
    }

    /// The channel for whoever is in it.
    ///
    /// # Errors
    /// As [`Self::readable`].
    pub(super) fn within(&self, channel: &str, user_id: &str) -> Result<&Channel, Refusal> {
        let channel = self.0.iter().find(|known| known.id == channel);
        channel.filter(|channel| channel.has(user_id)).ok_or_else(Refusal::no_permission)
    }

    /// # Errors
    /// 404 for no channel (from the server's source, not recorded).
    pub(super) fn get(&self, id: &str) -> Result<&Channel, Refusal> {
        self.0.iter().find(|known| known.id == id).ok_or_else(|| {
            let text = "Unable to find the existing channel.";
            Refusal::new(404, "app.channel.get.existing.app_error", text, "")
        })
    }

    /// # Errors
    /// As [`Self::get`]; 403 for one that they may not see.
    pub(super) fn show(
        &self,
        id: &str,
        reads: impl Fn(&Channel) -> bool,
    ) -> Result<Value, Refusal> {
        let channel = self.get(id)?;
        if !reads(channel) {
            return Err(Refusal::no_permission());
        }
        Ok(channel.body())
    }

    /// # Errors
    /// 404 for no channel of the team, and for one that they may not see (from the server's
    /// source, not recorded).
    pub(super) fn show_named(
        &self,
        team: &str,
        name: &str,
        reads: impl Fn(&Channel) -> bool,
    ) -> Result<Value, Refusal> {
        let mut of_team = self.0.iter().filter(|known| known.team.0 == team && !team.is_empty());
        let found = of_team.find(|known| known.name == name && reads(known));
        found.map(Channel::body).ok_or_else(|| {
            let text = "Channel does not exist.";
            Refusal::new(404, "app.channel.get_by_name.missing.app_error", text, "")
        })
    }

    /// # Errors
    /// 404 for who is not in it (from the server's source, not recorded), 403 where who asks does
    /// not read.
    pub(super) fn member(
        &self,
        id: &str,
        user_id: &str,
        reads: impl Fn(&Channel) -> bool,
    ) -> Result<Value, Refusal> {
        let channel = self.readable(id, reads)?;
        if !channel.has(user_id) {
            return Err(no_member());
        }
        Ok(channel.member_body(user_id))
    }

    /// Somebody joins a channel, or leaves it.
    pub(super) fn set_member(&mut self, channel: &str, user_id: &str, is_in: bool) {
        let Some(channel) = self.find_mut(channel) else { return };
        channel.members.retain(|member| member != user_id);
        if is_in {
            channel.members.push(user_id.to_owned());
        }
    }
}

pub(super) fn no_member() -> Refusal {
    let text = "No channel member found for that user ID and channel ID.";
    Refusal::new(404, "app.channel.get_member.missing.app_error", text, "")
}
