//! A stand-in of a Mattermost 7.6 server: what a slash command and a dialog need of it.
//!
//! Users alice (en), bob (ko), carol (fr) and the bot `ticketd`, one team (`ops`) with one channel
//! (`support`). Time-outs run on tokio's clock, which tests can pause.

pub(super) mod dialog;
mod error;
pub(super) mod hooks;
mod ids;
pub(super) mod slash;
mod users;

use std::io;
use std::sync::Mutex;

use http::header::HeaderName;
use serde_json::{Value, json};
use url::Url;

use super::controls::controls;
use super::server::{Server, Service, base};
use super::wire::{self, Reply, Request, lock};
use dialog::{OpenedDialog, SubmitResult};
use error::Refusal;
use hooks::{Delayed, Hooks};
use ids::{Triggers, new_id};
use slash::SlashForm;
use users::Users;

/// An embedded Mattermost, its API below `api/v4/`. Stops when dropped.
pub struct Mattermost(Server<Desk>);

pub(super) struct Desk {
    base: Url,
    triggers: Triggers,
    users: Mutex<Users>,
    hooks: Mutex<Hooks>,
    dialogs: Mutex<Vec<OpenedDialog>>,
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
        };
        Ok(Self(Server::start(desk).await?))
    }

    /// The bearer token of the bot account.
    #[must_use]
    pub fn bot_token() -> &'static str {
        users::BOT_TOKEN
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
        let desk = self.0.service();
        let response_url = lock(&desk.hooks).issue(&desk.base, users::id_of(user));
        let trigger_id = desk.triggers.issue(users::id_of(user));
        SlashForm::new(user, text, &response_url, &trigger_id)
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
        let reply = self.route(request).unwrap_or_else(Refusal::into_reply);
        let mut reply = reply
            .with(HeaderName::from_static("x-request-id"), &new_id())
            .with(HeaderName::from_static("x-version-id"), "7.6.0.7.6.0-dev.sandbox.false");
        reply.login = self.login(request);
        reply
    }

    fn login(&self, request: &Request) -> Option<&'static str> {
        users::authenticated(request).then_some(users::BOT_NAME)
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
            ("GET", ["api", "v4", "users", "username", name]) => {
                users::check(request)?;
                Ok(json_ok(&lock(&self.users).by_name(name)?))
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
            ("POST", ["hooks", "commands", id]) => {
                lock(&self.hooks).take(id, request)?;
                Ok(Reply::text(http::StatusCode::OK, "text/plain", "ok"))
            }
            _ => Err(Refusal::new(
                404,
                "api.context.404.app_error",
                "Sorry, we could not find the page.",
                "There doesn't appear to be an api call for the url='".to_owned()
                    + &request.path
                    + "'.  Typo? are you missing a team_id or user_id as part of the url?",
            )),
        }
    }
}

fn json_ok(body: &Value) -> Reply {
    wire::Reply::json(http::StatusCode::OK, "application/json", body)
}
