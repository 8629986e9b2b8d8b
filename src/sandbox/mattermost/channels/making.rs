//! Channels that are made: in a team, and for the direct messages of two or more.

use serde_json::Value;

use super::{Channel, Channels};
use crate::clock;
use crate::sandbox::mattermost::error::Refusal;
use crate::sandbox::mattermost::ids::new_id;
use crate::sandbox::mattermost::teams::Team;
use crate::sandbox::mattermost::users::{self, Users};

impl Channels {
    /// The direct messages of these; made where they are not there, which is told beside.
    pub(in crate::sandbox::mattermost) fn direct(&mut self, ids: &[&str]) -> (Channel, bool) {
        let mut members: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        members.sort_unstable();
        members.dedup();
        // The name of a group is a digest in truth.
        let name = members.join("__");
        if let Some(known) = self.0.iter().find(|known| known.name == name) {
            return (known.clone(), false);
        }
        let channel = Channel {
            id: new_id(),
            name,
            display_name: String::new(),
            kind: if members.len() > 2 { "G" } else { "D" },
            team: Default::default(),
            header: String::new(),
            purpose: String::new(),
            creator: ids.first().map_or("", |id| id).to_owned(),
            created: clock::now().as_millisecond(),
            last_post: 0,
            deleted: 0,
            members,
        };
        self.0.push(channel.clone());
        (channel, true)
    }

    /// Answers whoever asks for the direct messages of two, of whom they must be one.
    ///
    /// # Errors
    /// 400 for a body that is not two ids, 403 for two others; 404 for an unknown user (from the
    /// server's source, not recorded).
    pub(in crate::sandbox::mattermost) fn open_direct(
        &mut self,
        users: &Users,
        user_id: &str,
        body: &[u8],
    ) -> Result<(Channel, bool), Refusal> {
        let ids: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
        let [one, other] = ids.as_slice() else {
            return Err(Refusal::body_param("user_ids"));
        };
        if !ids.iter().any(|id| id == user_id) {
            return Err(Refusal::no_permission());
        }
        if ids.iter().any(|id| users.name(id).is_empty()) {
            return Err(users::missing(one));
        }
        Ok(self.direct(&[one, other]))
    }

    /// The same of three to eight (from the server's source, not recorded).
    ///
    /// # Errors
    /// 400 for a body that is not so many ids, 404 for an unknown user.
    pub(in crate::sandbox::mattermost) fn open_group(
        &mut self,
        users: &Users,
        user_id: &str,
        body: &[u8],
    ) -> Result<(Channel, bool), Refusal> {
        let mut ids: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
        if !ids.iter().any(|id| id == user_id) {
            ids.push(user_id.to_owned());
        }
        if !(3..=8).contains(&ids.len()) {
            let text = "Group message channels must contain at least 3 and no more than 8 users.";
            let id = "api.channel.create_group.bad_size.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        if let Some(nobody) = ids.iter().find(|id| users.name(id).is_empty()) {
            return Err(users::missing(nobody));
        }
        Ok(self.direct(&ids.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    /// Makes a channel in a team (the refusals from the server's source, not recorded).
    ///
    /// # Errors
    /// 400 for a name that is taken or is none.
    pub(in crate::sandbox::mattermost) fn create(
        &mut self,
        team: &Team,
        creator: &str,
        asked: &Value,
    ) -> Result<Channel, Refusal> {
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            let text = "Name must be 1 or more lowercase alphanumeric characters.";
            let id = "model.channel.is_valid.1_or_more.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        if self.0.iter().any(|known| known.team.0 == team.id && known.name == name) {
            let text = "A channel with that name already exists on the same team.";
            let id = "store.sql_channel.save_channel.exists.app_error";
            return Err(Refusal::new(400, id, text, ""));
        }
        let kind = match text("type").as_str() {
            "O" => "O",
            "P" => "P",
            _ => return Err(Refusal::body_param("channel")),
        };
        let channel = Channel {
            id: new_id(),
            name,
            display_name: text("display_name"),
            kind,
            team: (team.id.clone(), team.name.clone()),
            header: text("header"),
            purpose: text("purpose"),
            creator: creator.to_owned(),
            created: clock::now().as_millisecond(),
            last_post: 0,
            deleted: 0,
            members: vec![creator.to_owned()],
        };
        self.0.push(channel.clone());
        Ok(channel)
    }
}
