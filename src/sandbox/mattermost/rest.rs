//! What somebody asks over REST with a session of their own, the bot with its token: the routes,
//! and who may. The rights are those that a server is installed with (from its source; recorded
//! where the recordings have them).

use serde_json::{Value, json};

use super::channels::Channel;
use super::error::Refusal;
use super::posts::Draft;
use super::reactions::NewReaction;
use super::told::event;
use super::{Desk, json_created, json_ok, not_found, sessions};
use crate::clock;
use crate::sandbox::wire::{Reply, Request, lock};

/// With what the paths begin that want a session.
const AREAS: [&str; 6] = ["posts", "reactions", "channels", "users", "teams", "files"];

impl Desk {
    /// # Errors
    /// 404 for no route, which anybody is told; 401 for nobody's session.
    pub(super) fn asked(
        &self,
        method: &str,
        path: &[&str],
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let area = path.first().copied().unwrap_or_default();
        if !AREAS.contains(&area) {
            return Err(not_found(request));
        }
        let me = lock(&self.sessions).holder(request).ok_or_else(sessions::expired)?;
        let path: Vec<_> = path.iter().map(|part| if *part == "me" { me } else { part }).collect();
        match area {
            "posts" | "reactions" => self.posts_asked(method, &path, me, request),
            "channels" => self.channels_asked(method, &path, me, request),
            "users" => self.users_asked(method, &path, me, request),
            "teams" => self.teams_asked(method, &path, me, request),
            _ => self.files_asked(method, &path, me, request),
        }
    }

    pub(super) fn is_admin(&self, me: &str) -> bool {
        lock(&self.users).find(me).is_some_and(|user| user.admin)
    }

    /// Whether somebody may read a channel.
    pub(super) fn reads(&self, channel: &Channel, me: &str) -> bool {
        let of_team = || lock(&self.teams).has(channel.team().0, me);
        channel.has(me) || channel.kind == "O" && of_team() || self.is_admin(me)
    }

    /// # Errors
    /// 404 for no post, 403 where they do not read.
    fn reads_post(&self, post: &str, me: &str) -> Result<(), Refusal> {
        let channel = lock(&self.posts).get(post)?.channel_id.clone();
        lock(&self.channels).readable(&channel, |channel| self.reads(channel, me)).map(drop)
    }

    fn posts_asked(
        &self,
        method: &str,
        path: &[&str],
        me: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        match (method, path) {
            ("POST", ["posts"]) => {
                let draft = Draft::read(request)?;
                lock(&self.channels).writable(&draft.channel_id, me)?;
                Ok(json_created(&self.make(me, draft)?))
            }
            // Only a system admin may (recorded), and what they say here nobody reads.
            ("POST", ["posts", "ephemeral"]) => Err(Refusal::no_permission()),
            ("GET", ["posts", id]) => {
                self.reads_post(id, me)?;
                Ok(json_ok(&lock(&self.posts).show(id)?))
            }
            ("GET", ["posts", id, "thread"]) => {
                self.reads_post(id, me)?;
                Ok(json_ok(&lock(&self.posts).thread(id)?))
            }
            ("PUT", ["posts", id, "patch"]) => {
                let change = serde_json::from_slice(&request.body).unwrap_or_default();
                let changed = lock(&self.posts).patch(me, id, &change)?;
                self.tell(&changed, &event("post_edited", &json!({"post": changed.to_string()})));
                Ok(json_ok(&changed))
            }
            ("DELETE", ["posts", id]) => {
                self.reads_post(id, me)?;
                let theirs = lock(&self.posts).get(id)?.user_id == me;
                if !theirs && !self.is_admin(me) {
                    return Err(Refusal::no_permission());
                }
                self.erase(id);
                Ok(done())
            }
            ("POST", ["reactions"]) => {
                let new = NewReaction::read(request)?;
                new.by(me)?;
                self.reads_post(&new.post, me)?;
                Ok(json_ok(&self.react(&new)?))
            }
            _ => Err(not_found(request)),
        }
    }

    fn channels_asked(
        &self,
        method: &str,
        path: &[&str],
        me: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let reads = |channel: &Channel| self.reads(channel, me);
        match (method, path) {
            ("POST", ["channels"]) => Ok(json_created(&self.make_channel(me, &request.body)?)),
            ("POST", ["channels", kind @ ("direct" | "group")]) => {
                let mut channels = lock(&self.channels);
                let users = lock(&self.users);
                let (channel, new) = if *kind == "direct" {
                    channels.open_direct(&users, me, &request.body)?
                } else {
                    channels.open_group(&users, me, &request.body)?
                };
                if new {
                    self.tell_of_direct(me, &channel);
                }
                Ok(json_created(&channel.body()))
            }
            ("POST", ["channels", "members", user, "view"]) => {
                if *user != me {
                    return Err(Refusal::no_permission());
                }
                let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let id = asked["channel_id"].as_str().unwrap_or_default();
                lock(&self.channels).within(id, me)?;
                self.sockets.tell_user(me, &event("channel_viewed", &json!({"channel_id": id})));
                let at = clock::now().as_millisecond();
                Ok(json_ok(&json!({"status": "OK", "last_viewed_at_times": {id: at}})))
            }
            ("GET", ["channels", id]) => Ok(json_ok(&lock(&self.channels).show(id, reads)?)),
            ("DELETE", ["channels", id]) => {
                self.archive_channel(me, id)?;
                Ok(done())
            }
            ("GET", ["channels", id, "members"]) => {
                let channels = lock(&self.channels);
                let channel = channels.readable(id, |channel| channel.has(me) || reads(channel))?;
                let (skip, take) = page(request);
                let members = channel.members().iter().skip(skip).take(take);
                Ok(json_ok(&members.map(|id| channel.member_body(id)).collect::<Value>()))
            }
            ("POST", ["channels", id, "members"]) => {
                Ok(json_created(&self.add_member(me, id, &request.body)?))
            }
            ("GET", ["channels", id, "members", user]) => {
                let admin = self.is_admin(me);
                Ok(json_ok(&lock(&self.channels).member(id, user, |channel| {
                    // The right is `read_channel`, which an open channel gives to its members only.
                    admin || channel.has(me)
                })?))
            }
            ("DELETE", ["channels", id, "members", user]) => {
                self.remove_member(me, id, user)?;
                Ok(done())
            }
            ("GET", ["channels", id, "posts"]) => {
                lock(&self.channels).readable(id, reads)?;
                Ok(json_ok(&lock(&self.posts).of_channel(id, request)))
            }
            _ => Err(not_found(request)),
        }
    }

    fn users_asked(
        &self,
        method: &str,
        path: &[&str],
        me: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let ids = || serde_json::from_slice::<Vec<String>>(&request.body).unwrap_or_default();
        match (method, path) {
            ("GET", ["users"]) => {
                let (skip, take) = page(request);
                Ok(json_ok(&lock(&self.users).page(skip, take, me)))
            }
            ("POST", ["users"]) => {
                if !self.is_admin(me) {
                    let text = "This server does not allow open signups.  Please speak with your \
                                Administrator to receive an invitation.";
                    let id = "api.user.create_user.no_open_server";
                    return Err(Refusal::new(403, id, text, ""));
                }
                Ok(json_created(&lock(&self.users).create(&request.body, me)?))
            }
            ("POST", ["users", "ids"]) => {
                let ids = ids();
                if ids.is_empty() {
                    return Err(Refusal::body_param("user_ids"));
                }
                Ok(json_ok(&lock(&self.users).of(&ids, me)))
            }
            ("POST", ["users", "status", "ids"]) => {
                let ids = ids();
                if ids.is_empty() {
                    return Err(Refusal::body_param("user_ids"));
                }
                Ok(json_ok(&ids.iter().map(|id| self.presence(id)).collect::<Value>()))
            }
            ("POST", ["users", "logout"]) => {
                let token = sessions::bearer(request).unwrap_or_default();
                lock(&self.sessions).end(token);
                self.sockets.end([token.to_owned()]);
                Ok(done())
            }
            ("GET", ["users", "username", name]) => {
                Ok(json_ok(&lock(&self.users).by_name(name, me)?))
            }
            ("GET", ["users", id]) => Ok(json_ok(&lock(&self.users).by_id(id, me)?)),
            ("PUT", ["users", id, "active"]) => {
                let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let active = asked["active"].as_bool();
                let active = active.ok_or_else(|| Refusal::body_param("active"))?;
                self.set_active(me, id, active)?;
                Ok(done())
            }
            ("DELETE", ["users", id]) => {
                self.set_active(me, id, false)?;
                Ok(done())
            }
            ("POST", ["users", user, "typing"]) => {
                if *user != me {
                    return Err(Refusal::no_permission());
                }
                self.typing(me, &request.body)?;
                Ok(done())
            }
            ("GET", ["users", user, "teams"]) if *user == me => {
                Ok(json_ok(&lock(&self.teams).of(me)))
            }
            ("GET", ["users", user, "teams", team, "channels"]) if *user == me => {
                if !lock(&self.teams).has(team, me) {
                    return Err(Refusal::no_permission());
                }
                Ok(json_ok(&lock(&self.channels).of(team, me)))
            }
            ("DELETE", ["users", user, "posts", post, "reactions", emoji]) => {
                let old = NewReaction::of(user, post, emoji);
                old.by(me)?;
                self.reads_post(post, me)?;
                self.take_back(&old)?;
                Ok(done())
            }
            _ => Err(not_found(request)),
        }
    }

    fn teams_asked(
        &self,
        method: &str,
        path: &[&str],
        me: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let within = |team: &str| {
            let may = lock(&self.teams).has(team, me) || self.is_admin(me);
            if may { Ok(()) } else { Err(Refusal::no_permission()) }
        };
        match (method, path) {
            ("GET", ["teams"]) => {
                let (skip, take) = page(request);
                let admin = self.is_admin(me);
                Ok(json_ok(&lock(&self.teams).page(skip, take, me, admin)))
            }
            // As a server is installed, anybody may.
            ("POST", ["teams"]) => Ok(json_created(&self.make_team(me, &request.body)?)),
            ("GET", ["teams", "name", name]) => {
                let admin = self.is_admin(me);
                Ok(json_ok(&lock(&self.teams).by_name(name, me, admin)?))
            }
            ("GET", ["teams", id]) => {
                let shown = lock(&self.teams).get(id)?.body();
                within(id)?;
                Ok(json_ok(&shown))
            }
            ("DELETE", ["teams", id]) => {
                self.archive_team(me, id)?;
                Ok(done())
            }
            ("GET", ["teams", id, "channels"]) => {
                within(id)?;
                let (skip, take) = page(request);
                Ok(json_ok(&lock(&self.channels).public(id, skip, take)))
            }
            ("GET", ["teams", id, "channels", "name", name]) => {
                let reads = |channel: &Channel| self.reads(channel, me);
                Ok(json_ok(&lock(&self.channels).show_named(id, name, reads)?))
            }
            ("POST", ["teams", id, "members"]) => {
                within(id)?;
                Ok(json_created(&self.add_to_team(id, &request.body)?))
            }
            ("POST", ["teams", id, "posts", "search"]) => {
                within(id)?;
                let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let Some(terms) = asked["terms"].as_str().filter(|terms| !terms.is_empty()) else {
                    return Err(Refusal::body_param("terms"));
                };
                let page = asked["page"].as_u64().unwrap_or_default();
                let posts = lock(&self.posts);
                let channels = lock(&self.channels);
                let reads = |channel: &str| {
                    let found = channels.find(channel);
                    found.is_some_and(|it| it.has(me) && (it.is_direct() || it.team().0 == *id))
                };
                Ok(json_ok(&posts.search(terms, page, reads)))
            }
            _ => Err(not_found(request)),
        }
    }

    fn files_asked(
        &self,
        method: &str,
        path: &[&str],
        me: &str,
        request: &Request,
    ) -> Result<Reply, Refusal> {
        let may = |id: &str| {
            let (channel, owner) = lock(&self.files).place(id)?;
            let reads = |channel: &Channel| self.reads(channel, me);
            match owner {
                Some(owner) if owner == me => Ok(()),
                Some(_) => Err(Refusal::no_permission()),
                None => lock(&self.channels).readable(&channel, reads).map(drop),
            }
        };
        match (method, path) {
            ("POST", ["files"]) => {
                let channel = request.query("channel_id").unwrap_or_default();
                lock(&self.channels).writable(channel, me)?;
                Ok(json_created(&lock(&self.files).take(me, request)))
            }
            ("GET", ["files", id]) => {
                may(id)?;
                lock(&self.files).download(id)
            }
            ("GET", ["files", id, "info"]) => {
                may(id)?;
                Ok(json_ok(&lock(&self.files).info(id)?))
            }
            _ => Err(not_found(request)),
        }
    }
}

/// Entries to pass over, and to take at most.
fn page(request: &Request) -> (usize, usize) {
    let number = |name: &str| request.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(60).min(200);
    (number("page").unwrap_or(0).saturating_mul(size), size)
}

fn done() -> Reply {
    json_ok(&json!({"status": "OK"}))
}
