//! Users, and who the bot is.

use super::{
    MattermostClient, SERVICE, name_in_path,
    wire::{WireTeam, WireUser},
};
use crate::{
    clients::ApiError,
    model::{ids::UserId, post::Team, ticket::Person},
};

impl MattermostClient {
    /// The bot whose token we hold; asked once.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] without or with a wrong token.
    pub async fn me(&self) -> Result<Person, ApiError> {
        // Boxed, for it is large, and whoever awaits it would be.
        let ask = Box::pin(async {
            let user: WireUser = self.get("api/v4/users/me").await?;
            Ok(user.into())
        });
        self.shared.me.get_or_try_init(|| ask).await.cloned()
    }

    /// The teams that the bot is in.
    ///
    /// # Errors
    /// As [`Self::me`].
    pub async fn teams(&self) -> Result<Vec<Team>, ApiError> {
        let teams: Vec<WireTeam> = self.get("api/v4/users/me/teams").await?;
        Ok(teams.into_iter().map(Team::from).collect())
    }

    /// Somebody by their id.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn user(&self, user: &UserId) -> Result<Person, ApiError> {
        self.look_up(user).await.map(Person::from)
    }

    /// Somebody by their name, without `@`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn user_by_name(&self, name: &str) -> Result<Person, ApiError> {
        let name = name_in_path(name).ok_or(ApiError::NotFound { service: SERVICE })?;
        let user: WireUser = self.get(&format!("api/v4/users/username/{name}")).await?;
        Ok(user.into())
    }

    /// The language that a user set, as Mattermost writes it (`en`, `fr`, `pt-BR` …). It is not in
    /// the slash request.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] without or with a wrong token.
    pub async fn user_locale(&self, user: &UserId) -> Result<String, ApiError> {
        Ok(self.look_up(user).await?.locale)
    }

    async fn look_up(&self, user: &UserId) -> Result<WireUser, ApiError> {
        self.get(&format!("api/v4/users/{user}")).await
    }
}
