//! What changes something and is told over websockets: to those who may know it at that moment.
//! Locks are taken in the order posts, channels, teams, users.

use serde_json::{Value, json};

use super::Desk;
use super::channels::{Channel, no_member};
use super::error::Refusal;
use super::posts::Draft;
use super::reactions::NewReaction;
use super::told::{Event, event, posted};
use super::users;
use crate::clock;
use crate::sandbox::wire::{lock, to_json};

impl Desk {
    /// Makes a post and tells of it.
    ///
    /// # Errors
    /// As [`Posts::create`](super::posts::Posts::create).
    pub(super) fn make(&self, user_id: &str, draft: Draft) -> Result<Value, Refusal> {
        let mut posts = lock(&self.posts);
        let before = posts.all.len();
        let files = draft.files.clone();
        let mut made = posts.create(user_id, draft)?;
        // A repeat is no news.
        if posts.all.len() > before {
            let files = lock(&self.files).hang(&files, user_id, &made);
            made = posts.hang(made, files);
            let mut channels = lock(&self.channels);
            let channel = channels.find_mut(made["channel_id"].as_str().unwrap_or_default());
            if let Some(channel) = channel {
                channel.last_post = made["create_at"].as_i64().unwrap_or_default();
                let told = posted(&lock(&self.users), channel, user_id, &made);
                self.sockets.tell(channel, &told);
            }
        }
        Ok(made)
    }

    /// Tells those who are in the channel of a post.
    pub(super) fn tell(&self, post: &Value, event: &Event) {
        let channels = lock(&self.channels);
        if let Some(channel) = channels.find(post["channel_id"].as_str().unwrap_or_default()) {
            self.sockets.tell(channel, event);
        }
    }

    /// Deletes a post and what answers it.
    pub(super) fn erase(&self, id: &str) {
        let before = lock(&self.posts).delete(id);
        if let Some(before) = before {
            self.tell(&before, &event("post_deleted", &json!({"post": to_json(&before)})));
        }
    }

    /// # Errors
    /// As [`Posts::get`](super::posts::Posts::get).
    pub(super) fn react(&self, new: &NewReaction) -> Result<Value, Refusal> {
        let added = lock(&self.posts).react(new)?;
        self.tell(&added, &event("reaction_added", &json!({"reaction": added.to_string()})));
        Ok(added)
    }

    /// # Errors
    /// As [`Posts::get`](super::posts::Posts::get).
    pub(super) fn take_back(&self, old: &NewReaction) -> Result<(), Refusal> {
        let gone = lock(&self.posts).take_back(old)?;
        self.tell(&gone, &event("reaction_removed", &json!({"reaction": gone.to_string()})));
        Ok(())
    }

    /// # Errors
    /// 403 where they may not write.
    pub(super) fn typing(&self, me: &str, body: &[u8]) -> Result<(), Refusal> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| asked[name].as_str().unwrap_or_default();
        let channels = lock(&self.channels);
        let channel = channels.within(text("channel_id"), me)?;
        let told = json!({"parent_id": text("parent_id"), "user_id": me});
        self.sockets.tell_others(channel, me, &event("typing", &told));
        Ok(())
    }

    /// Somebody's presence as the server lists it.
    pub(super) fn presence(&self, id: &str) -> Value {
        let set = lock(&self.users).find(id).and_then(|user| user.status);
        let there = if self.sockets.is_there(id) { "online" } else { "offline" };
        json!({
            "user_id": id,
            "status": set.unwrap_or(there),
            "manual": set.is_some(),
            "last_activity_at": clock::now().as_millisecond(),
            "active_channel": "",
        })
    }

    /// Makes a channel in which only who made it is.
    ///
    /// # Errors
    /// 403 for who is not in the team, 400 for a bad name.
    pub(super) fn make_channel(&self, me: &str, body: &[u8]) -> Result<Value, Refusal> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let team = asked["team_id"].as_str().unwrap_or_default();
        let mut channels = lock(&self.channels);
        let teams = lock(&self.teams);
        let team = teams.get(team).ok().filter(|team| team.has(me));
        let team = team.ok_or_else(Refusal::no_permission)?;
        let made = channels.create(team, me, &asked)?;
        let told = json!({"channel_id": made.id, "team_id": team.id});
        self.sockets.tell_user(me, &event("channel_created", &told));
        Ok(made.body())
    }

    /// That somebody began direct messages.
    pub(super) fn tell_of_direct(&self, me: &str, channel: &Channel) {
        let others: Vec<_> = channel.members().iter().filter(|id| *id != me).collect();
        let told = if channel.kind == "D" {
            let other = others.first().map_or(me, |id| id.as_str());
            event("direct_added", &json!({"creator_id": me, "teammate_id": other}))
        } else {
            event("group_added", &json!({"teammate_ids": to_json(&channel.members())}))
        };
        self.sockets.tell(channel, &told);
    }

    /// Somebody joins a channel or is put into it.
    ///
    /// # Errors
    /// 403 for a private one that who asks is not in, 404 for none, nobody, and who is not in the
    /// team.
    pub(super) fn add_member(&self, me: &str, id: &str, body: &[u8]) -> Result<Value, Refusal> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let user = asked["user_id"].as_str().filter(|id| id.len() == 26);
        let user = user.ok_or_else(|| Refusal::body_param("user_id or user_ids"))?;
        let admin = self.is_admin(me);
        let name = lock(&self.users).name(user);
        if name.is_empty() {
            return Err(users::missing(user));
        }
        let channel = lock(&self.channels).get(id)?.clone();
        let may = admin || channel.has(me) || channel.kind == "O" && user == me;
        if !may || channel.is_direct() {
            return Err(Refusal::no_permission());
        }
        if !lock(&self.teams).has(channel.team().0, user) {
            let text = "No team member found for that user ID and team ID.";
            return Err(Refusal::new(404, "app.team.get_member.missing.app_error", text, ""));
        }
        if channel.has(user) {
            return Ok(channel.member_body(user));
        }
        self.enter(id, user);
        let by = lock(&self.users).name(me);
        let (kind, message, props) = if user == me {
            (
                "system_join_channel",
                format!("{name} joined the channel."),
                json!({"username": name}),
            )
        } else {
            let props = json!({
                "addedUserId": user, "addedUsername": name, "userId": me, "username": by,
            });
            ("system_add_to_channel", format!("{name} added to the channel by {by}."), props)
        };
        let _ = self.make(me, Draft::system(id, kind, &message, props));
        Ok(channel.member_body(user))
    }

    /// Somebody is in a channel from now on.
    pub(super) fn enter(&self, channel: &str, user: &str) {
        let mut channels = lock(&self.channels);
        channels.set_member(channel, user, true);
        if let Some(channel) = channels.find(channel) {
            let told = json!({"team_id": channel.team().0, "user_id": user});
            self.sockets.tell(channel, &event("user_added", &told));
        }
    }

    /// Somebody leaves a channel or is put out of it.
    ///
    /// # Errors
    /// 403 where who asks is not in it, 404 for who is not, 400 for direct messages.
    pub(super) fn remove_member(&self, me: &str, id: &str, user: &str) -> Result<(), Refusal> {
        let channel = lock(&self.channels).get(id)?.clone();
        if channel.is_direct() {
            let text = "Unable to remove user from channel.";
            let id = "api.channel.remove_channel_member.type.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        if user != me && !channel.has(me) && !self.is_admin(me) {
            return Err(Refusal::no_permission());
        }
        if !channel.has(user) {
            return Err(no_member());
        }
        self.go(id, user, me);
        let name = lock(&self.users).name(user);
        let (kind, message, props) = if user == me {
            let message = format!("{name} has left the channel.");
            ("system_leave_channel", message, json!({"username": name}))
        } else {
            let message = format!("{name} was removed from the channel.");
            let props = json!({"removedUserId": user, "removedUsername": name});
            ("system_remove_from_channel", message, props)
        };
        let _ = self.make(me, Draft::system(id, kind, &message, props));
        Ok(())
    }

    /// Somebody is not in a channel from now on: those who are hear who, and they hear where.
    pub(super) fn go(&self, channel: &str, user: &str, remover: &str) {
        let mut channels = lock(&self.channels);
        channels.set_member(channel, user, false);
        if let Some(channel) = channels.find(channel) {
            let told = json!({"user_id": user, "remover_id": remover});
            self.sockets.tell(channel, &event("user_removed", &told));
            let told = json!({"channel_id": channel.id, "remover_id": remover});
            self.sockets.tell_user(user, &event("user_removed", &told));
        }
    }

    /// # Errors
    /// 404 for none, 403 for who is not in it, 400 for direct messages and one that is archived.
    pub(super) fn archive_channel(&self, me: &str, id: &str) -> Result<(), Refusal> {
        let admin = self.is_admin(me);
        let mut channels = lock(&self.channels);
        let channel = channels.get(id)?;
        if channel.is_direct() {
            let id = "api.channel.delete_channel.type.invalid";
            return Err(Refusal::new(
                400,
                id,
                "Unable to delete direct or group message channels",
                "",
            ));
        }
        if !admin && !channel.has(me) {
            return Err(Refusal::no_permission());
        }
        if channel.deleted != 0 {
            let text = "The channel has been archived or deleted.";
            let id = "api.channel.delete_channel.deleted.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        let now = clock::now().as_millisecond();
        if let Some(channel) = channels.find_mut(id) {
            channel.deleted = now;
        }
        let channel = channels.get(id)?;
        let told = event("channel_deleted", &json!({"channel_id": id, "delete_at": now}));
        if channel.kind == "O" {
            if let Ok(team) = lock(&self.teams).get(channel.team().0) {
                self.sockets.tell_team(team, &told);
            }
        } else {
            self.sockets.tell(channel, &told);
        }
        Ok(())
    }

    /// # Errors
    /// 400 for a bad name.
    pub(super) fn make_team(&self, me: &str, body: &[u8]) -> Result<Value, Refusal> {
        let made = lock(&self.teams).create(body, me)?;
        let told = json!({"team_id": made["id"], "user_id": me});
        self.sockets.tell_user(me, &event("added_to_team", &told));
        Ok(made)
    }

    /// # Errors
    /// 404 for none, 403 for who neither made it nor administers.
    pub(super) fn archive_team(&self, me: &str, id: &str) -> Result<(), Refusal> {
        let admin = self.is_admin(me);
        let mut teams = lock(&self.teams);
        let team = teams.get_mut(id)?;
        if !admin && team.owner != me {
            return Err(Refusal::no_permission());
        }
        team.deleted = clock::now().as_millisecond();
        let told = event("delete_team", &json!({"team": to_json(&team.body())}));
        self.sockets.tell_team(team, &told);
        Ok(())
    }

    /// # Errors
    /// 404 for none and nobody.
    pub(super) fn add_to_team(&self, id: &str, body: &[u8]) -> Result<Value, Refusal> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let user = asked["user_id"].as_str().filter(|id| id.len() == 26);
        let user = user.ok_or_else(|| Refusal::body_param("user_id"))?;
        let mut teams = lock(&self.teams);
        let team = teams.get_mut(id)?;
        if lock(&self.users).name(user).is_empty() {
            return Err(users::missing(user));
        }
        if !team.has(user) {
            team.members.push(user.to_owned());
            let told = json!({"team_id": id, "user_id": user});
            self.sockets.tell_user(user, &event("added_to_team", &told));
        }
        Ok(json!({
            "team_id": id,
            "user_id": user,
            "roles": "team_user",
            "delete_at": 0,
            "scheme_guest": false,
            "scheme_user": true,
            "scheme_admin": false,
            "explicit_roles": "",
        }))
    }

    /// Activates or deactivates an account; the latter ends its sessions.
    ///
    /// # Errors
    /// 403 for who does not administer, 404 for nobody.
    pub(super) fn set_active(&self, me: &str, user: &str, active: bool) -> Result<(), Refusal> {
        if !self.is_admin(me) {
            return Err(Refusal::no_permission());
        }
        let now = if active { 0 } else { clock::now().as_millisecond() };
        let mut users = lock(&self.users);
        users.find_mut(user).ok_or_else(|| users::missing(user))?.deleted = now;
        if !active {
            self.end_sessions(user);
        }
        Ok(())
    }

    /// All sessions of somebody end: their websockets stand, but tell nothing any more.
    pub(super) fn end_sessions(&self, user_id: &str) {
        self.sockets.end(lock(&self.sessions).end_all(user_id));
    }
}
