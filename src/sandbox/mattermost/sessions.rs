//! Who is signed in, and who may sign in. Everybody who is there from the start has a session with
//! a known token besides; the bot has no other.

use std::collections::HashMap;

use http::header::HeaderName;
use serde_json::Value;

use super::error::Refusal;
use super::ids::new_id;
use super::json_ok;
use super::users::{self, BOT_NAME, Users};
use crate::sandbox::wire::{Reply, Request};

pub(super) const BOT_TOKEN: &str = "s7f5q1yhdjrn8c4mkpxe6w3ozr";

/// The token of a person's session that is there from the start.
pub(super) fn token_of(name: &str) -> String {
    if name == BOT_NAME { BOT_TOKEN.to_owned() } else { format!("session-of-{name}") }
}

pub(super) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

pub(super) fn expired() -> Refusal {
    Refusal::new(
        401,
        "api.context.session_expired.app_error",
        "Invalid or expired session, please login again.",
        "",
    )
}

/// Whose each token is, by id.
pub(super) struct Sessions(HashMap<String, &'static str>);

impl Sessions {
    pub(super) fn seed(users: &Users) -> Self {
        Self(users::seeds().map(|id| (token_of(users.name(id)), id)).collect())
    }

    /// The id of whose token the request carries.
    pub(super) fn holder(&self, request: &Request) -> Option<&'static str> {
        self.0.get(bearer(request)?).copied()
    }

    /// Signs somebody in (from the server's source, not recorded).
    ///
    /// # Errors
    /// 401 for a wrong name or password, the bot, and who is deactivated.
    pub(super) fn sign_in(&mut self, users: &Users, body: &[u8]) -> Result<Reply, Refusal> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let refuse = |id, text: &str| Err(Refusal::new(401, id, text, ""));
        let login = text("login_id").to_lowercase();
        let known = users.find(&login).filter(|user| user.id != login);
        let Some(user) = known.filter(|user| user.is_bot() || user.password == text("password"))
        else {
            let text = "Enter a valid email or username and/or password.";
            return refuse("api.user.login.invalid_credentials_email_username", text);
        };
        if user.is_bot() {
            let text = "Bot login is forbidden.";
            return refuse("api.user.login.bot_login_forbidden.app_error", text);
        }
        if user.deleted != 0 {
            let text = "Login failed because your account has been deactivated.  Please contact an \
                        administrator.";
            return refuse("api.user.login.inactive.app_error", text);
        }
        let token = new_id();
        let reply = json_ok(&user.body(user.id)).with(HeaderName::from_static("token"), &token);
        self.0.insert(token, user.id);
        Ok(reply)
    }

    /// Ends one session.
    pub(super) fn end(&mut self, token: &str) {
        self.0.remove(token);
    }

    /// Ends all sessions of somebody; gives their tokens.
    pub(super) fn end_all(&mut self, user_id: &str) -> Vec<String> {
        self.0.extract_if(|_, id| *id == user_id).map(|(token, _)| token).collect()
    }
}
