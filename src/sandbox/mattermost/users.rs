//! The users: their names, passwords, rights and presence. Who was made later has names of
//! their own, which the stand-in keeps as long as the process runs.

use serde_json::{Value, json};

use super::error::Refusal;
use super::ids::new_id;
use crate::clock;

pub(super) const BOT_NAME: &str = "ticketd";
pub(super) const ADMIN: &str = "admin";

/// Id, name, first name, last name, locale.
const PEOPLE: [[&str; 5]; 5] = [
    ["q5pbqyei4igfjrsrdsf5xxheyo", BOT_NAME, "ticketd", "", "en"],
    ["x57qoutf8pg8mgx1q1ysq5mzty", "alice", "Alice", "Example", "en"],
    ["iwrq5ncozjfxzbyqwscp4uojue", "bob", "Bob", "Example", "ko"],
    ["c4r8oyn1ejgxbqkm5dszt7wuha", "carol", "Carol", "Example", "fr"],
    ["zfxgeqfio3dapgbejd4cjdnnic", ADMIN, "", "", "en"],
];

/// The id of somebody who is there from the start; empty for another name.
pub(super) fn id_of(name: &str) -> &'static str {
    PEOPLE.iter().find(|[_, known, ..]| *known == name).map_or("", |[id, ..]| id)
}

/// The ids of all who are there from the start.
pub(super) fn seeds() -> impl Iterator<Item = &'static str> {
    PEOPLE.iter().map(|[id, ..]| *id)
}

pub(super) fn password_of(name: &str) -> String {
    format!("password of {name}")
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

pub(super) struct User {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    first: String,
    last: String,
    pub(super) email: String,
    locale: String,
    pub(super) password: String,
    pub(super) admin: bool,
    /// When it was deactivated.
    pub(super) deleted: i64,
    created: i64,
    /// As set by hand; else it hangs on whether a websocket stands.
    pub(super) status: Option<&'static str>,
}

impl User {
    pub(super) fn is_bot(&self) -> bool {
        self.name == BOT_NAME
    }

    /// As others see them; of themselves people see more.
    pub(super) fn body(&self, viewer: &str) -> Value {
        let mut body = json!({
            "id": self.id,
            "create_at": self.created,
            "update_at": self.created.max(self.deleted),
            "delete_at": self.deleted,
            "username": self.name,
            "auth_data": "",
            "auth_service": "",
            "email": self.email,
            "nickname": "",
            "first_name": self.first,
            "last_name": self.last,
            "position": "",
            "roles": if self.admin { "system_admin system_user" } else { "system_user" },
            "locale": self.locale,
            "timezone": {
                "automaticTimezone": "",
                "manualTimezone": "",
                "useAutomaticTimezone": "true",
            },
            "disable_welcome_email": false,
        });
        if self.is_bot() {
            body["is_bot"] = json!(true);
            body["bot_description"] = json!("");
        }
        if self.id == viewer {
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

pub(super) struct Users(Vec<User>);

impl Users {
    pub(super) fn seed() -> Self {
        let created = clock::now().as_millisecond();
        let user = |[id, name, first, last, locale]: [&'static str; 5]| User {
            id,
            name,
            first: first.to_owned(),
            last: last.to_owned(),
            email: format!("{name}@{}", if name == BOT_NAME { "localhost" } else { "example.com" }),
            locale: locale.to_owned(),
            password: password_of(name),
            admin: name == ADMIN,
            deleted: 0,
            created,
            status: None,
        };
        Self(PEOPLE.map(user).into())
    }

    /// Somebody by id, name or address.
    pub(super) fn find(&self, who: &str) -> Option<&User> {
        self.0.iter().find(|user| user.id == who || user.name == who || user.email == who)
    }

    pub(super) fn find_mut(&mut self, who: &str) -> Option<&mut User> {
        self.0.iter_mut().find(|user| user.id == who || user.name == who)
    }

    /// The id of somebody by name; empty for nobody.
    pub(super) fn id(&self, name: &str) -> &'static str {
        self.find(name).map_or("", |user| user.id)
    }

    /// The name of somebody by id; empty for nobody.
    pub(super) fn name(&self, id: &str) -> &'static str {
        self.find(id).map_or("", |user| user.name)
    }

    /// The ids of those whom the words call by name.
    pub(super) fn mentioned(&self, message: &str) -> Vec<&'static str> {
        let called = |user: &&User| message.contains(&format!("@{}", user.name));
        self.0.iter().filter(called).map(|user| user.id).collect()
    }

    pub(super) fn set_locale(&mut self, user_id: &str, locale: &str) {
        if let Some(user) = self.find_mut(user_id) {
            locale.clone_into(&mut user.locale);
        }
    }

    /// A user by id.
    ///
    /// # Errors
    /// 400 for what is no id, 404 for an unknown one (from the server's source, not recorded).
    pub(super) fn by_id(&self, id: &str, viewer: &str) -> Result<Value, Refusal> {
        if id.len() != 26 {
            return Err(Refusal::new(
                400,
                "api.context.invalid_url_param.app_error",
                "Invalid or missing user_id parameter in request URL.",
                "",
            ));
        }
        self.find(id).map(|user| user.body(viewer)).ok_or_else(|| missing(id))
    }

    /// # Errors
    /// 404 for an unknown name.
    pub(super) fn by_name(&self, name: &str, viewer: &str) -> Result<Value, Refusal> {
        let user = self.0.iter().find(|user| user.name == name).ok_or_else(|| {
            Refusal::new(
                404,
                "app.user.get_by_username.app_error",
                "Unable to find an existing account matching your username for this team. This team \
                 may require an invite from the team owner to join.",
                format!("failed to find User: resource: User id: username={name}"),
            )
        })?;
        Ok(user.body(viewer))
    }

    /// A page of all, by name.
    pub(super) fn page(&self, skip: usize, take: usize, viewer: &str) -> Value {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_key(|user| user.name);
        all.into_iter().skip(skip).take(take).map(|user| user.body(viewer)).collect()
    }

    /// Those of the list who are there.
    pub(super) fn of(&self, ids: &[String], viewer: &str) -> Value {
        let listed = |user: &&User| ids.iter().any(|id| id == user.id);
        self.0.iter().filter(listed).map(|user| user.body(viewer)).collect()
    }

    /// Makes an account (the refusals from the server's source, not recorded).
    ///
    /// # Errors
    /// 400 for a name or an address that is taken or is none, and for a short password.
    pub(super) fn create(&mut self, body: &[u8], viewer: &str) -> Result<Value, Refusal> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        if !body.is_object() {
            return Err(Refusal::body_param("user"));
        }
        let (name, email, password) = (text("username"), text("email"), text("password"));
        let refuse = |id, text: &str| Err(Refusal::new(400, id, text, ""));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || !(3..=22).contains(&name.len()) || !name.bytes().all(plain) {
            let text = "Username must begin with a letter, and contain between 3 to 22 lowercase \
                        characters made up of numbers, letters, and the symbols \".\", \"-\", and \
                        \"_\".";
            return refuse("model.user.is_valid.username.app_error", text);
        }
        if !email.contains('@') {
            return refuse("model.user.is_valid.email.app_error", "Invalid email.");
        }
        if password.len() < 8 {
            let text = "Your password must contain at least 8 characters.";
            return refuse("model.user.is_valid.pwd.app_error", text);
        }
        if self.0.iter().any(|user| user.name == name) {
            let text = "An account with that username already exists.";
            return refuse("app.user.save.username_exists.app_error", text);
        }
        if self.0.iter().any(|user| user.email == email) {
            let text = "An account with that email already exists.";
            return refuse("app.user.save.email_exists.app_error", text);
        }
        let user = User {
            id: new_id().leak(),
            name: name.to_owned().leak(),
            first: text("first_name").to_owned(),
            last: text("last_name").to_owned(),
            email: email.to_owned(),
            locale: "en".to_owned(),
            password: password.to_owned(),
            admin: false,
            deleted: 0,
            created: clock::now().as_millisecond(),
            status: None,
        };
        let shown = user.body(viewer);
        self.0.push(user);
        Ok(shown)
    }
}
