//! What an administrator of the server does: people and teams. For anybody else each call is
//! [`ApiError::Forbidden`], but where the server lets them.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    Person,
    wire::{Team, User},
};
use crate::{
    clients::ApiError,
    model::{
        chat::{ChatTeam, ChatUser, PageNo},
        ids::{TeamId, UserId},
    },
};

/// Whom an answer puts into a team.
#[derive(serde::Deserialize)]
struct TeamMember {
    #[serde(rename = "user_id")]
    _user: UserId,
}

impl Person {
    /// Makes an account.
    ///
    /// Source: `POST /users`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a name or an address that is taken or is none, and for a
    /// password that is too weak, in the server's words.
    pub async fn create_user(
        &self,
        username: &str,
        email: &str,
        password: &SecretString,
    ) -> Result<ChatUser, ApiError> {
        let body = json!({
            "username": username,
            "email": email,
            "password": password.expose_secret(),
        });
        let made: User = self.write(Method::POST, "users", &body).await?;
        Ok(made.into())
    }

    /// Activates or deactivates an account; the latter ends its sessions.
    ///
    /// Source: `PUT /users/{user_id}/active`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn set_active(&self, user: &UserId, active: bool) -> Result<(), ApiError> {
        self.done(Method::PUT, &format!("users/{user}/active"), &json!({"active": active})).await
    }

    /// Deactivates an account: what it said stays.
    ///
    /// Source: `DELETE /users/{user_id}`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn remove_user(&self, user: &UserId) -> Result<(), ApiError> {
        self.remove(&format!("users/{user}")).await
    }

    /// A page of all teams; for who is no administrator only the open ones.
    ///
    /// # Errors
    /// Any outage.
    pub async fn all_teams(&self, page: PageNo) -> Result<Vec<ChatTeam>, ApiError> {
        self.page::<Team, _>("teams", page).await
    }

    /// Makes a team; they are in it.
    ///
    /// Source: `POST /teams`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a name that is taken or is none.
    pub async fn create_team(
        &self,
        name: &str,
        display_name: &str,
        open: bool,
    ) -> Result<ChatTeam, ApiError> {
        let kind = if open { "O" } else { "I" };
        let body = json!({"name": name, "display_name": display_name, "type": kind});
        let made: Team = self.write(Method::POST, "teams", &body).await?;
        Ok(made.into())
    }

    /// Archives a team with all its channels.
    ///
    /// Source: `DELETE /teams/{team_id}`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for none.
    pub async fn remove_team(&self, team: &TeamId) -> Result<(), ApiError> {
        self.remove(&format!("teams/{team}")).await
    }

    /// Puts somebody into a team, and so into its first channels.
    ///
    /// Source: `POST /teams/{team_id}/members`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody or none.
    pub async fn add_to_team(&self, team: &TeamId, user: &UserId) -> Result<(), ApiError> {
        let body = json!({"team_id": team, "user_id": user});
        let path = format!("teams/{team}/members");
        self.write::<TeamMember>(Method::POST, &path, &body).await.map(drop)
    }
}
