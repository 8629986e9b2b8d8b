//! The channels, who is in them, and the direct messages of two.

use serde_json::{Value, json};

use super::error::Refusal;
use super::ids::new_id;
use super::users;
use crate::clock;

pub(super) const TEAM: &str = "4gm8cqtksjnb9rhzgjh6dqqouy";
pub(super) const TEAM_NAME: &str = "ops";

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
    display_name: &'static str,
    /// `O`, `P` or `D`.
    kind: &'static str,
    created: i64,
    /// The ids of who is in it.
    members: Vec<String>,
}

impl Channel {
    pub(super) fn has(&self, user_id: &str) -> bool {
        self.members.iter().any(|member| member == user_id)
    }

    /// Whether somebody of the team may read it.
    fn reads(&self, user_id: &str) -> bool {
        self.kind == "O" || self.has(user_id)
    }

    /// The team's id and name; none for direct messages.
    pub(super) fn team(&self) -> (&'static str, &'static str) {
        if self.kind == "D" { ("", "") } else { (TEAM, TEAM_NAME) }
    }

    /// The ids of who is in it.
    pub(super) fn members(&self) -> &[String] {
        &self.members
    }

    /// What the event of a post says of the channel: the name that others see, its name, its kind.
    pub(super) fn title(&self, sender: &str) -> (String, &str, &'static str) {
        let shown = if self.kind == "D" { sender } else { self.display_name };
        (shown.to_owned(), &self.name, self.kind)
    }

    fn body(&self) -> Value {
        json!({
            "id": self.id,
            "create_at": self.created,
            "update_at": self.created,
            "delete_at": 0,
            "team_id": self.team().0,
            "type": self.kind,
            "display_name": self.display_name,
            "name": self.name,
            "header": "",
            "purpose": "",
            "last_post_at": 0,
            "total_msg_count": 0,
            "extra_update_at": 0,
            "creator_id": if self.kind == "D" { users::id_of(users::BOT_NAME) } else { "" },
            "scheme_id": null,
            "props": null,
            "group_constrained": null,
            "shared": if self.kind == "D" { json!(false) } else { Value::Null },
            "total_msg_count_root": 0,
            "policy_id": null,
            "last_root_post_at": 0,
        })
    }
}

pub(super) struct Channels(Vec<Channel>);

impl Channels {
    pub(super) fn seed() -> Self {
        let created = clock::now().as_millisecond();
        let channel = |(id, name, display_name, kind, members): Seed| Channel {
            id: id.to_owned(),
            name: name.to_owned(),
            display_name,
            kind,
            created,
            members: members.iter().map(|name| users::id_of(name).to_owned()).collect(),
        };
        Self(SEED.into_iter().map(channel).collect())
    }

    /// A channel by id or name.
    pub(super) fn find(&self, channel: &str) -> Option<&Channel> {
        self.0.iter().find(|known| known.id == channel || known.name == channel)
    }

    /// The teams of the bot: the only one.
    pub(super) fn teams(&self) -> Value {
        let created = self.0.first().map_or(0, |channel| channel.created);
        json!([{
            "id": TEAM,
            "create_at": created,
            "update_at": created,
            "delete_at": 0,
            "display_name": "Ops",
            "name": TEAM_NAME,
            "description": "",
            "email": "",
            "type": "O",
            "company_name": "",
            "allowed_domains": "",
            "invite_id": "hrbpt18emi8rmdcn9fd7wogpcw",
            "allow_open_invite": false,
            "scheme_id": null,
            "group_constrained": null,
            "policy_id": null,
            "cloud_limits_archived": false,
        }])
    }

    /// The channels that the bot is in.
    pub(super) fn of_the_bot(&self) -> Value {
        let bot = users::id_of(users::BOT_NAME);
        self.0.iter().filter(|channel| channel.has(bot)).map(Channel::body).collect()
    }

    /// The channel for whoever may read it.
    ///
    /// # Errors
    /// 403 for everybody else, and for no channel: the server asks for the right first.
    pub(super) fn readable(&self, channel: &str, user_id: &str) -> Result<&Channel, Refusal> {
        let channel = self.0.iter().find(|known| known.id == channel);
        channel.filter(|channel| channel.reads(user_id)).ok_or_else(Refusal::no_permission)
    }

    /// The channel for whoever may write into it.
    ///
    /// # Errors
    /// As [`Self::readable`].
    pub(super) fn writable(&self, channel: &str, user_id: &str) -> Result<&Channel, Refusal> {
        let channel = self.0.iter().find(|known| known.id == channel);
        channel.filter(|channel| channel.has(user_id)).ok_or_else(Refusal::no_permission)
    }

    /// # Errors
    /// 404 for no channel (from the server's source, not recorded), 403 for one that the bot may
    /// not see.
    pub(super) fn show(&self, id: &str) -> Result<Value, Refusal> {
        let channel = self.0.iter().find(|known| known.id == id).ok_or_else(|| {
            let text = "Unable to find the existing channel.";
            Refusal::new(404, "app.channel.get.existing.app_error", text, "")
        })?;
        if !channel.reads(users::id_of(users::BOT_NAME)) {
            return Err(Refusal::no_permission());
        }
        Ok(channel.body())
    }

    /// # Errors
    /// 404 for no channel of the team, and for one that the bot may not see (from the server's
    /// source, not recorded).
    pub(super) fn show_named(&self, team: &str, name: &str) -> Result<Value, Refusal> {
        let bot = users::id_of(users::BOT_NAME);
        let mut of_team = self.0.iter().filter(|known| known.team().0 == team && !team.is_empty());
        let found = of_team.find(|known| known.name == name && known.reads(bot));
        found.map(Channel::body).ok_or_else(|| {
            let text = "Channel does not exist.";
            Refusal::new(404, "app.channel.get_by_name.missing.app_error", text, "")
        })
    }

    /// # Errors
    /// 404 for who is not in it (from the server's source, not recorded), 403 where the bot does
    /// not read.
    pub(super) fn member(&self, id: &str, user_id: &str) -> Result<Value, Refusal> {
        let bot = users::id_of(users::BOT_NAME);
        // The right is `read_channel`, which an open channel gives to its members only.
        let channel = self.writable(id, bot)?;
        let user_id = if user_id == "me" { bot } else { user_id };
        if !channel.has(user_id) {
            let text = "No channel member found for that user ID and channel ID.";
            return Err(Refusal::new(404, "app.channel.get_member.missing.app_error", text, ""));
        }
        Ok(json!({
            "channel_id": channel.id,
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
            "last_update_at": channel.created,
            "scheme_guest": false,
            "scheme_user": true,
            "scheme_admin": false,
            "explicit_roles": "",
        }))
    }

    /// The direct messages of two; made where they are not there.
    pub(super) fn direct(&mut self, one: &str, other: &str) -> Channel {
        let name = if one < other { format!("{one}__{other}") } else { format!("{other}__{one}") };
        if let Some(known) = self.0.iter().find(|known| known.name == name) {
            return known.clone();
        }
        let channel = Channel {
            id: new_id(),
            name,
            display_name: "",
            kind: "D",
            created: clock::now().as_millisecond(),
            members: vec![one.to_owned(), other.to_owned()],
        };
        self.0.push(channel.clone());
        channel
    }

    /// Answers the bot that asks for the direct messages of two, of which it must be one.
    ///
    /// # Errors
    /// 400 for a body that is not two ids, 403 for two others; 404 for an unknown user (from the
    /// server's source, not recorded).
    pub(super) fn open_direct(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let ids: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
        let [one, other] = ids.as_slice() else {
            return Err(Refusal::body_param("user_ids"));
        };
        if !ids.iter().any(|id| id == users::id_of(users::BOT_NAME)) {
            return Err(Refusal::no_permission());
        }
        if ids.iter().any(|id| users::name_of(id).is_empty()) {
            return Err(users::missing(one));
        }
        Ok(self.direct(one, other).body())
    }

    /// Somebody joins a channel, or leaves it.
    pub(super) fn set_member(&mut self, channel: &str, user_id: &str, is_in: bool) {
        let found = self.0.iter_mut().find(|known| known.id == channel || known.name == channel);
        let Some(channel) = found else { return };
        channel.members.retain(|member| member != user_id);
        if is_in {
            channel.members.push(user_id.to_owned());
        }
    }
}
