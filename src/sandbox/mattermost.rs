//! A stand-in of a Mattermost 7.6 server: what slash commands, dialogs, posts and their buttons need
//! of it, and what people do with their own sessions.
//!
//! Users alice (en), bob (ko), carol (fr), the bot `ticketd` and `admin`, who administers; one team
//! (`ops`), in which all are. The first four are in `support` and `network`; private are `oncall`
//! (without carol), `board` (bob and the bot) and `closed` (carol alone). Time-outs run on tokio's clock, which tests can pause.

pub(super) mod actions;
mod attachments;
mod channels;
mod control;
pub(super) mod dialog;
mod doings;
mod error;
mod files;
pub(super) mod hooks;
mod ids;
mod limits;
pub(super) mod posts;
mod reactions;
mod rest;
mod sessions;
pub(super) mod slash;
mod sockets;
mod teams;
mod told;
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
use channels::Channels;
use dialog::{OpenedDialog, SubmitResult};
use error::Refusal;
use files::Files;
use hooks::{Delayed, Hooks};
use ids::{Triggers, new_id};
use limits::Limits;
use posts::Posts;
use sessions::Sessions;
use slash::SlashForm;
use sockets::Sockets;
use teams::Teams;
use users::Users;

const VERSION: &str = "7.6.0.7.6.0-dev.sandbox.false";

/// An embedded Mattermost, its API below `api/v4/`. Stops when dropped.
pub struct Mattermost(Server<Desk>);

pub(super) struct Desk {
    base: Url,
    triggers: Triggers,
    users: Mutex<Users>,
    sessions: Mutex<Sessions>,
    teams: Mutex<Teams>,
    files: Mutex<Files>,
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
        let users = Users::seed();
        let desk = |address| Desk {
            base: base(address),
            triggers: Triggers::new(),
            sessions: Mutex::new(Sessions::seed(&users)),
            users: Mutex::new(users),
            teams: Mutex::new(Teams::seed()),
            files: Mutex::default(),
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
        sessions::BOT_TOKEN
    }

    /// The token of a session that somebody has from the start.
    #[must_use]
    pub fn session_token(user: &str) -> String {
        sessions::token_of(user)
    }

    /// With what somebody who is there from the start signs in.
    #[must_use]
    pub fn password(user: &str) -> String {
        users::password_of(user)
    }

    /// The token of a slash command, `/redmine` or `/ticket`; empty for another one.
    #[must_use]
    pub fn slash_token(command: &str) -> &'static str {
        slash::token(command)
    }

    /// The id of a user by name: `alice`, `bob`, `carol`, `ticketd`, `admin`; empty for
    /// another one.
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
        let id = lock(&self.sessions).holder(request)?;
        Some(lock(&self.users).name(id))
    }
}

impl Desk {
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
            ("GET", ["api", "v4", "websocket"]) => {
                let id = lock(&self.sessions).holder(request);
                let user = id.zip(sessions::bearer(request).map(str::to_owned));
                let hello = json!({"server_version": VERSION});
                // From the server's source, not recorded.
                self.sockets.open(user, request, hello).ok_or_else(|| {
                    let id = "api.web_socket.connect.upgrade.app_error";
                    Refusal::new(400, id, "URL Blocked because of CORS. Url: ", "")
                })
            }
            ("POST", ["api", "v4", "users", "login"]) => {
                let users = lock(&self.users);
                lock(&self.sessions).sign_in(&users, &request.body)
            }
            ("POST", ["api", "v4", "actions", "dialogs", "open"]) => {
                let opened = dialog::open(&self.triggers, &request.body)?;
                lock(&self.dialogs).push(opened);
                Ok(json_ok(&json!({ "status": "OK" })))
            }
            (method, ["api", "v4", rest @ ..]) => self.asked(method, rest, request),
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
