//! The teams, and who is in them.

use serde_json::{Value, json};

use super::error::Refusal;
use super::ids::new_id;
use super::users;
use crate::clock;

pub(super) const TEAM: &str = "4gm8cqtksjnb9rhzgjh6dqqouy";
pub(super) const TEAM_NAME: &str = "ops";

pub(super) struct Team {
    pub(super) id: String,
    pub(super) name: String,
    display_name: String,
    /// `O` for open, `I` for who is invited.
    kind: String,
    /// Who made it, and may remove it.
    pub(super) owner: String,
    pub(super) members: Vec<String>,
    created: i64,
    pub(super) deleted: i64,
}

impl Team {
    pub(super) fn body(&self) -> Value {
        json!({
            "id": self.id,
            "create_at": self.created,
            "update_at": self.created.max(self.deleted),
            "delete_at": self.deleted,
            "display_name": self.display_name,
            "name": self.name,
            "description": "",
            "email": "",
            "type": self.kind,
            "company_name": "",
            "allowed_domains": "",
            "invite_id": "hrbpt18emi8rmdcn9fd7wogpcw",
            "allow_open_invite": false,
            "scheme_id": null,
            "group_constrained": null,
            "policy_id": null,
            "cloud_limits_archived": false,
        })
    }

    pub(super) fn has(&self, user_id: &str) -> bool {
        self.members.iter().any(|member| member == user_id)
    }
}

pub(super) struct Teams(pub(super) Vec<Team>);

impl Teams {
    pub(super) fn seed() -> Self {
        Self(vec![Team {
            id: TEAM.to_owned(),
            name: TEAM_NAME.to_owned(),
            display_name: "Ops".to_owned(),
            kind: "O".to_owned(),
            owner: users::id_of(users::ADMIN).to_owned(),
            members: users::seeds().map(str::to_owned).collect(),
            created: clock::now().as_millisecond(),
            deleted: 0,
        }])
    }

    /// The teams that somebody is in.
    pub(super) fn of(&self, user_id: &str) -> Value {
        let there = |team: &&Team| team.deleted == 0 && team.has(user_id);
        self.0.iter().filter(there).map(Team::body).collect()
    }

    /// All teams; for who is no administrator those that they are in, as none here is open to all.
    pub(super) fn page(&self, skip: usize, take: usize, user_id: &str, admin: bool) -> Value {
        let mut all: Vec<_> = self.0.iter().filter(|team| admin || team.has(user_id)).collect();
        all.sort_by_key(|team| &team.display_name);
        all.into_iter().skip(skip).take(take).map(Team::body).collect()
    }

    /// A team that is there, by id.
    ///
    /// # Errors
    /// 404 for none (from the server's source, not recorded).
    pub(super) fn get(&self, id: &str) -> Result<&Team, Refusal> {
        self.0.iter().find(|team| team.id == id && team.deleted == 0).ok_or_else(|| {
            Refusal::new(
                404,
                "app.team.get.find.app_error",
                "Unable to find the existing team.",
                "",
            )
        })
    }

    /// # Errors
    /// As [`Self::get`].
    pub(super) fn get_mut(&mut self, id: &str) -> Result<&mut Team, Refusal> {
        self.get(id)?;
        let found = self.0.iter_mut().find(|team| team.id == id);
        found.ok_or_else(Refusal::no_permission)
    }

    /// # Errors
    /// 404 for none, 403 for who is not in it (from the server's source, not recorded).
    pub(super) fn by_name(&self, name: &str, user_id: &str, admin: bool) -> Result<Value, Refusal> {
        let found = self.0.iter().find(|team| team.name == name && team.deleted == 0);
        let team = found.ok_or_else(|| {
            let text = "Unable to find the existing team.";
            Refusal::new(404, "app.team.get_by_name.missing.app_error", text, "")
        })?;
        if !admin && !team.has(user_id) {
            return Err(Refusal::no_permission());
        }
        Ok(team.body())
    }

    /// Whether somebody is in a team that is there.
    pub(super) fn has(&self, id: &str, user_id: &str) -> bool {
        self.get(id).is_ok_and(|team| team.has(user_id))
    }

    /// # Errors
    /// 400 for a name that is taken or is none (from the server's source, not recorded).
    pub(super) fn create(&mut self, body: &[u8], owner: &str) -> Result<Value, Refusal> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        if !body.is_object() {
            return Err(Refusal::body_param("team"));
        }
        let name = text("name");
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.len() < 2 || !name.bytes().all(plain) {
            let text = "Name must be 2 or more lowercase alphanumeric characters.";
            let id = "model.team.is_valid.characters.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        if self.0.iter().any(|team| team.name == name) {
            let text = "A team with that name already exists.";
            return Err(Refusal::new(400, "app.team.save_member.exists.app_error", text, ""));
        }
        let team = Team {
            id: new_id(),
            name,
            display_name: text("display_name"),
            kind: text("type"),
            owner: owner.to_owned(),
            members: vec![owner.to_owned()],
            created: clock::now().as_millisecond(),
            deleted: 0,
        };
        let shown = team.body();
        self.0.push(team);
        Ok(shown)
    }
}
