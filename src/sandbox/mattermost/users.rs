//! The users, and who may ask about them.

use serde_json::{Value, json};

use super::error::Refusal;
use crate::clock;
use crate::sandbox::wire::Request;

pub(super) const BOT_NAME: &str = "ticketd";
pub(super) const BOT_TOKEN: &str = "s7f5q1yhdjrn8c4mkpxe6w3ozr";

/// Id, name, first name, last name, locale.
const PEOPLE: [[&str; 5]; 4] = [
    ["q5pbqyei4igfjrsrdsf5xxheyo", BOT_NAME, "ticketd", "", "en"],
    ["x57qoutf8pg8mgx1q1ysq5mzty", "alice", "Alice", "Example", "en"],
    ["iwrq5ncozjfxzbyqwscp4uojue", "bob", "Bob", "Example", "ko"],
    ["c4r8oyn1ejgxbqkm5dszt7wuha", "carol", "Carol", "Example", "fr"],
];

pub(super) fn id_of(name: &str) -> &'static str {
    PEOPLE.iter().find(|[_, known, ..]| *known == name).map_or("", |[id, ..]| id)
}

pub(super) fn name_of(id: &str) -> &'static str {
    PEOPLE.iter().find(|[known, ..]| *known == id).map_or("", |[_, name, ..]| name)
}

/// Nobody has this id (from the server's source, not recorded).
pub(super) fn missing(id: &str) -> Refusal {
    Refusal::new(
        404,
        "app.user.missing_account.const",
        "Unable to find the user.",
        format!("resource: User id: {id}"),
    )
}

/// Whether the request carries the bot's token; of REST, only its part is played here.
pub(super) fn authenticated(request: &Request) -> bool {
    bearer(request) == Some(BOT_TOKEN)
}

/// The token of a person's session.
pub(super) fn session_token(name: &str) -> String {
    if name == BOT_NAME { BOT_TOKEN.to_owned() } else { format!("session-of-{name}") }
}

/// Whose token the request carries.
pub(super) fn holder(request: &Request) -> Option<&'static str> {
    let token = bearer(request)?;
    PEOPLE.iter().find(|[_, name, ..]| session_token(name) == token).map(|[id, ..]| *id)
}

fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// # Errors
/// 401 for nobody, in the words of a session that ran out.
pub(super) fn check(request: &Request) -> Result<(), Refusal> {
    if authenticated(request) { Ok(()) } else { Err(expired()) }
}

pub(super) fn expired() -> Refusal {
    Refusal::new(
        401,
        "api.context.session_expired.app_error",
        "Invalid or expired session, please login again.",
        "",
    )
}

/// The ids of those whom the words call by name.
pub(super) fn mentioned(message: &str) -> Vec<&'static str> {
    let called = |name: &str| message.contains(&format!("@{name}"));
    PEOPLE.iter().filter(|[_, name, ..]| called(name)).map(|[id, ..]| *id).collect()
}

pub(super) struct Users {
    created: i64,
    /// In the order of `PEOPLE`.
    locales: [String; 4],
}

impl Users {
    pub(super) fn seed() -> Self {
        Self {
            created: clock::now().as_millisecond(),
            locales: PEOPLE.map(|[.., locale]| locale.to_owned()),
        }
    }

    pub(super) fn set_locale(&mut self, user_id: &str, locale: &str) {
        for ([id, ..], slot) in PEOPLE.iter().zip(&mut self.locales) {
            if *id == user_id {
                locale.clone_into(slot);
            }
        }
    }

    /// A user by id, or the bot itself as `me`.
    ///
    /// # Errors
    /// 400 for what is no id, 404 for an unknown one (from the server's source, not recorded).
    pub(super) fn by_id(&self, id: &str) -> Result<Value, Refusal> {
        let id = if id == "me" { PEOPLE[0][0] } else { id };
        if id.len() != 26 {
            return Err(Refusal::new(
                400,
                "api.context.invalid_url_param.app_error",
                "Invalid or missing user_id parameter in request URL.",
                "",
            ));
        }
        let at = PEOPLE.iter().position(|[known, ..]| *known == id).ok_or_else(|| missing(id))?;
        Ok(self.body(at))
    }

    /// # Errors
    /// 404 for an unknown name.
    pub(super) fn by_name(&self, name: &str) -> Result<Value, Refusal> {
        let at = PEOPLE.iter().position(|[_, known, ..]| *known == name).ok_or_else(|| {
            Refusal::new(
                404,
                "app.user.get_by_username.app_error",
                "Unable to find an existing account matching your username for this team. This team \
                 may require an invite from the team owner to join.",
                format!("failed to find User: resource: User id: username={name}"),
            )
        })?;
        Ok(self.body(at))
    }

    /// As the bot sees a user; of itself it sees more.
    fn body(&self, at: usize) -> Value {
        let [id, name, first, last, _] = PEOPLE[at];
        let mut body = json!({
            "id": id,
            "create_at": self.created,
            "update_at": self.created,
            "delete_at": 0,
            "username": name,
            "auth_data": "",
            "auth_service": "",
            "email": format!("{name}@{}", if at == 0 { "localhost" } else { "example.com" }),
            "nickname": "",
            "first_name": first,
            "last_name": last,
            "position": "",
            "roles": "system_user",
            "locale": self.locales[at],
            "timezone": {
                "automaticTimezone": "",
                "manualTimezone": "",
                "useAutomaticTimezone": "true",
            },
            "disable_welcome_email": false,
        });
        if at == 0 {
            body["is_bot"] = json!(true);
            body["bot_description"] = json!("");
            body["last_password_update"] = json!(self.created);
            body["notify_props"] = json!({
                "channel": "true",
                "comments": "never",
                "desktop": "mention",
                "desktop_sound": "true",
                "desktop_threads": "all",
                "email": "true",
                "email_threads": "all",
                "first_name": "false",
                "mention_keys": "",
                "push": "mention",
                "push_status": "away",
                "push_threads": "all",
            });
        }
        body
    }
}
