//! A stand-in of a Mattermost 7.6 server: what slash commands, dialogs, posts and their buttons need
//! of it.
//!
//! Users alice (en), bob (ko), carol (fr) and the bot `ticketd`, one team (`ops`). All four are in
//! `support` and `network`; private are `oncall` (without carol), `board` (bob and the bot) and
//! `closed` (carol alone). Time-outs run on tokio's clock, which tests can pause.

pub(super) mod actions;
mod attachments;
mod channels;
mod control;
pub(super) mod dialog;
mod error;
pub(super) mod hooks;
mod ids;
mod limits;
pub(super) mod posts;
mod reactions;
pub(super) mod slash;
mod sockets;
mod users;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Mutex;

use http::header::HeaderName;
use serde_json::{Value, json};
use url::Url;

use super::controls::controls;
use super::server::{Server, Service, base};
use super::wire::{self, Reply, Request, lock};
use channels::{Channels, TEAM};
use dialog::{OpenedDialog, SubmitResult};
use error::Refusal;
use hooks::{Delayed, Hooks};
use ids::{Triggers, new_id};
use limits::Limits;
use posts::{Draft, Posts};
use reactions::NewReaction;
use slash::SlashForm;
use sockets::{Sockets, event};
use users::Users;

const VERSION: &str = "7.6.0.7.6.0-dev.sandbox.false";

/// An embedded Mattermost, its API below `api/v4/`. Stops when dropped.
pub struct Mattermost(Server<Desk>);

pub(super) struct Desk {
    base: Url,
    triggers: Triggers,
    users: Mutex<Users>,
    hooks: Mutex<Hooks>,
    dialogs: Mutex<Vec<OpenedDialog>>,
    channels: Mutex<Channels>,
    posts: Mutex<Posts>,
    limits: Mutex<Limits>,
    sockets: Sockets,
}

controls!(Mattermost);

impl Mattermost {
    /// Starts on a free port of 127.0.0.1. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let desk = |address| Desk {
            base: base(address),
            triggers: Triggers::new(),
            users: Mutex::new(Users::seed()),
            hooks: Mutex::default(),
            dialogs: Mutex::default(),
            channels: Mutex::new(Channels::seed()),
            posts: Mutex::default(),
            limits: Mutex::default(),
            sockets: Sockets::default(),
        };
        Ok(Self(Server::start(desk).await?))
    }

    /// The bearer token of the bot account.
    #[must_use]
    pub fn bot_token() -> &'static str {
        users::BOT_TOKEN
    }

    /// The token of somebody's session; their websocket takes it, and `users/me`.
    #[must_use]
    pub fn session_token(user: &str) -> String {
        users::session_token(user)
    }

    /// The token of a slash command, `/redmine` or `/ticket`; empty for another one.
    #[must_use]
    pub fn slash_token(command: &str) -> &'static str {
        slash::token(command)
    }

    /// The id of a user by name: `alice`, `bob`, `carol`, `ticketd`; empty for another one.
    #[must_use]
    pub fn user_id(name: &str) -> &'static str {
        users::id_of(name)
    }

    /// Changes the language of a user, as the user would in the settings.
    pub fn set_locale(&self, user_id: &str, locale: &str) {
        lock(&self.0.service().users).set_locale(user_id, locale);
    }

    /// What the server sends when this user types `text` into the channel `support`, for example
    /// `/redmine list`. Text without a command in front is taken as that of `/redmine`.
    #[must_use]
    pub fn slash(&self, user: &str, text: &str) -> SlashForm {
        self.slash_in("support", user, text)
    }

    /// The same in any channel, by name or id; in an unknown one its fields are empty.
    #[must_use]
    pub fn slash_in(&self, channel: &str, user: &str, text: &str) -> SlashForm {
        let desk = self.0.service();
        let channel = lock(&desk.channels).find(channel).cloned();
        let place = channel.as_ref().map_or(("", ""), |channel| (&channel.id, &channel.name));
        let response_url = lock(&desk.hooks).issue(&desk.base, users::id_of(user));
        let trigger_id = desk.triggers.issue(users::id_of(user), place.0);
        SlashForm::new(user, place, text, &response_url, &trigger_id)
    }

    /// Everything that arrived at a `response_url`, oldest first.
    #[must_use]
    pub fn delayed(&self) -> Vec<Delayed> {
        lock(&self.0.service().hooks).arrived()
    }

    /// Every dialog that was opened, oldest first.
    #[must_use]
    pub fn dialogs(&self) -> Vec<OpenedDialog> {
        lock(&self.0.service().dialogs).clone()
    }

    /// Submits a dialog as this user, who need not be the one it was opened for: the server does
    /// not look at that, nor at whether it was ever opened (recorded).
    pub async fn submit_dialog(
        &self,
        user: &str,
        dialog: &OpenedDialog,
        submission: Value,
    ) -> SubmitResult {
        dialog::submit(users::id_of(user), dialog, &submission, false).await
    }

    /// Closes a dialog without submitting; tells the dialog's URL only if it asked for that.
    pub async fn cancel_dialog(&self, user: &str, dialog: &OpenedDialog) -> SubmitResult {
        if dialog.dialog["notify_on_cancel"] != json!(true) {
            return SubmitResult::Closed;
        }
        dialog::submit(users::id_of(user), dialog, &json!({}), true).await
    }
}

impl Service for Desk {
    fn answer(&self, request: &Request) -> Reply {
        let told = lock(&self.limits).take();
        if let Some(told) = &told
            && let Some(refusal) = told.refusal()
        {
            return told.on(Reply { login: self.login(request), ..refusal });
        }
        let reply = self.route(request).unwrap_or_else(Refusal::into_reply);
        let reply = told.iter().fold(reply, |reply, told| told.on(reply));
        let mut reply = reply
            .with(HeaderName::from_static("x-request-id"), &new_id())
            .with(HeaderName::from_static("x-version-id"), VERSION);
        reply.login = self.login(request);
        reply
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        users::authenticated(request).then_some(users::BOT_NAME)
    }
}

impl Desk {
    /// Posts and channels, for the bot alone.
    fn of_the_bot(&self, method: &str, path: &[&str], request: &Request) -> Result<Reply, Refusal> {
        let bot = users::id_of(users::BOT_NAME);
        // A path that is not there is told to anybody.
        let allowed = users::check(request);
        match (method, path) {
            ("POST", ["posts"]) => {
                allowed?;
                let draft = Draft::read(request)?;
                lock(&self.channels).writable(&draft.channel_id, bot)?;
                Ok(json_created(&self.make(bot, draft)?))
            }
            ("POST", ["posts", "ephemeral"]) => {
                allowed?;
                // Only a system admin may (recorded).
                Err(Refusal::no_permission())
            }
            ("GET", ["posts", id]) => {
                allowed?;
                self.readable(id, bot)?;
                Ok(json_ok(&lock(&self.posts).show(id)?))
            }
            ("GET", ["posts", id, "thread"]) => {
                allowed?;
                self.readable(id, bot)?;
                Ok(json_ok(&lock(&self.posts).thread(id)?))
            }
            ("PUT", ["posts", id, "patch"]) => {
                allowed?;
                let change = serde_json::from_slice(&request.body).unwrap_or_default();
                let changed = lock(&self.posts).patch(bot, id, &change)?;
                self.tell(&changed, &event("post_edited", &json!({"post": changed.to_string()})));
                Ok(json_ok(&changed))
            }
            ("POST", ["reactions"]) => {
                allowed?;
                let new = NewReaction::read(request)?;
                new.by(bot)?;
                self.readable(&new.post, bot)?;
                Ok(json_ok(&self.react(&new)?))
            }
            ("DELETE", ["users", user, "posts", post, "reactions", emoji]) => {
                allowed?;
                let old = NewReaction::of(user, post, emoji);
                old.by(bot)?;
                self.readable(post, bot)?;
                self.take_back(&old)?;
                Ok(json_ok(&json!({"status": "OK"})))
            }
            ("GET", ["users", "me", "teams", TEAM, "channels"]) => {
                allowed?;
                Ok(json_ok(&lock(&self.channels).of_the_bot()))
            }
            ("GET", ["users", "me", "teams"]) => {
                allowed?;
                Ok(json_ok(&lock(&self.channels).teams()))
            }
            ("POST", ["channels", "direct"]) => {
                allowed?;
                Ok(json_created(&lock(&self.channels).open_direct(&request.body)?))
            }
            ("GET", ["channels", id]) => {
                allowed?;
                Ok(json_ok(&lock(&self.channels).show(id)?))
            }
            ("GET", ["channels", id, "members", user]) => {
                allowed?;
                Ok(json_ok(&lock(&self.channels).member(id, user)?))
            }
            ("GET", ["channels", id, "posts"]) => {
                allowed?;
                lock(&self.channels).readable(id, bot)?;
                Ok(json_ok(&lock(&self.posts).of_channel(id, request)))
            }
            ("GET", ["teams", team, "channels", "name", name]) => {
                allowed?;
                Ok(json_ok(&lock(&self.channels).show_named(team, name)?))
            }
            _ => Err(not_found(request)),
        }
    }

    /// Makes a post and tells of it.
    ///
    /// # Errors
    /// As [`Posts::create`].
    fn make(&self, user_id: &str, draft: Draft) -> Result<Value, Refusal> {
        let mut posts = lock(&self.posts);
        let before = posts.all.len();
        let made = posts.create(user_id, draft)?;
        // A repeat is no news.
        if posts.all.len() > before {
            let channels = lock(&self.channels);
            if let Some(channel) = channels.find(made["channel_id"].as_str().unwrap_or_default()) {
                self.sockets.tell(channel, &sockets::posted(channel, user_id, &made));
            }
        }
        Ok(made)
    }

    /// Tells those who are in the channel of a post.
    fn tell(&self, post: &Value, event: &sockets::Event) {
        let channels = lock(&self.channels);
        if let Some(channel) = channels.find(post["channel_id"].as_str().unwrap_or_default()) {
            self.sockets.tell(channel, event);
        }
    }

    /// # Errors
    /// As [`Posts::get`].
    fn react(&self, new: &NewReaction) -> Result<Value, Refusal> {
        let added = lock(&self.posts).react(new)?;
        self.tell(&added, &event("reaction_added", &json!({"reaction": added.to_string()})));
        Ok(added)
    }

    /// # Errors
    /// As [`Posts::get`].
    fn take_back(&self, old: &NewReaction) -> Result<(), Refusal> {
        let gone = lock(&self.posts).take_back(old)?;
        self.tell(&gone, &event("reaction_removed", &json!({"reaction": gone.to_string()})));
        Ok(())
    }

    /// # Errors
    /// As [`Posts::get`] and [`Channels::readable`].
    fn readable(&self, post: &str, user_id: &str) -> Result<(), Refusal> {
        let channel = lock(&self.posts).get(post)?.channel_id.clone();
        lock(&self.channels).readable(&channel, user_id).map(drop)
    }

    fn route(&self, request: &Request) -> Result<Reply, Refusal> {
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["api", "v4", "system", "ping"]) => Ok(json_ok(&json!({
                "AndroidLatestVersion": "",
                "AndroidMinVersion": "",
                "IosLatestVersion": "",
                "IosMinVersion": "",
                "status": "OK",
            }))),
            ("GET", ["api", "v4", "users", "username", name]) => {
                users::check(request)?;
                Ok(json_ok(&lock(&self.users).by_name(name)?))
            }
            ("GET", ["api", "v4", "websocket"]) => {
                let user = users::holder(request);
                let hello = json!({"server_version": VERSION});
                // From the server's source, not recorded.
                self.sockets.open(user, request, hello).ok_or_else(|| {
                    let id = "api.web_socket.connect.upgrade.app_error";
                    Refusal::new(400, id, "URL Blocked because of CORS. Url: ", "")
                })
            }
            ("GET", ["api", "v4", "users", "me"]) if !users::authenticated(request) => {
                let user = users::holder(request).ok_or_else(users::expired)?;
                Ok(json_ok(&lock(&self.users).by_id(user)?))
            }
            ("GET", ["api", "v4", "users", id]) => {
                users::check(request)?;
                Ok(json_ok(&lock(&self.users).by_id(id)?))
            }
            ("POST", ["api", "v4", "actions", "dialogs", "open"]) => {
                let opened = dialog::open(&self.triggers, &request.body)?;
                lock(&self.dialogs).push(opened);
                Ok(json_ok(&json!({ "status": "OK" })))
            }
            (method, ["api", "v4", rest @ ..]) => self.of_the_bot(method, rest, request),
            ("POST", ["hooks", "commands", id]) => {
                lock(&self.hooks).take(id, request)?;
                Ok(Reply::text(http::StatusCode::OK, "text/plain", "ok"))
            }
            _ => Err(not_found(request)),
        }
    }
}

fn not_found(request: &Request) -> Refusal {
    let path = &request.path;
    Refusal::new(
        404,
        "api.context.404.app_error",
        "Sorry, we could not find the page.",
        format!(
            "There doesn't appear to be an api call for the url='{path}'.  Typo? are you missing a \
             team_id or user_id as part of the url?"
        ),
    )
}

fn json_created(body: &Value) -> Reply {
    wire::Reply::json(http::StatusCode::CREATED, "application/json", body)
}

fn json_ok(body: &Value) -> Reply {
    wire::Reply::json(http::StatusCode::OK, "application/json", body)
}
