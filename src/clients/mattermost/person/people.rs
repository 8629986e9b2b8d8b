//! People, their presence, and the teams that one is in.

use http::Method;
use serde_json::{Value, json};

use super::{
    PAGE, Person,
    wire::{Team, User, WirePresence},
};
use crate::{
    clients::{
        ApiError,
        mattermost::{SERVICE, name_in_path},
    },
    model::{
        chat::{ChatTeam, ChatUser, PageNo, Presence},
        ids::{ChannelId, PostId, UserId},
    },
};

impl Person {
    /// Who is signed in.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] if the session has ended.
    pub async fn me(&self) -> Result<ChatUser, ApiError> {
        self.get::<User>("users/me", &[]).await.map(ChatUser::from)
    }

    /// A page of everybody, the deactivated among them, by name.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where people may not see each other.
    pub async fn users(&self, page: PageNo) -> Result<Vec<ChatUser>, ApiError> {
        self.page::<User, _>("users", page).await
    }

    /// People by their ids, in any order, without those who are not there; at most 200 a call, so
    /// it may take several.
    ///
    /// # Errors
    /// As [`Self::me`].
    pub async fn users_by_ids(&self, users: &[UserId]) -> Result<Vec<ChatUser>, ApiError> {
        self.of_each::<User, _>("users/ids", users).await
    }

    /// Somebody by their id.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn user(&self, user: &UserId) -> Result<ChatUser, ApiError> {
        self.get::<User>(&format!("users/{user}"), &[]).await.map(ChatUser::from)
    }

    /// Somebody by their name, without `@`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for nobody.
    pub async fn user_by_name(&self, name: &str) -> Result<ChatUser, ApiError> {
        let name = name_in_path(name).ok_or(ApiError::NotFound { service: SERVICE })?;
        self.get::<User>(&format!("users/username/{name}"), &[]).await.map(ChatUser::from)
    }

    /// The presence of people; at most 200 a call, so it may take several.
    ///
    /// # Errors
    /// As [`Self::me`].
    pub async fn statuses(&self, users: &[UserId]) -> Result<Vec<Presence>, ApiError> {
        self.of_each::<WirePresence, _>("users/status/ids", users).await
    }

    /// Lets the others in a channel, or in one of its threads, know that this person is writing.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where they may not write.
    pub async fn typing(&self, channel: &ChannelId, root: Option<&PostId>) -> Result<(), ApiError> {
        let root = root.map_or("", PostId::as_str);
        let body = json!({"channel_id": channel, "parent_id": root});
        self.done(Method::POST, "users/me/typing", &body).await
    }

    /// The teams that this person is in.
    ///
    /// # Errors
    /// As [`Self::me`].
    pub async fn teams(&self) -> Result<Vec<ChatTeam>, ApiError> {
        self.list::<Team, _>("users/me/teams", &[]).await
    }

    /// A team by the name in its address.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for none, [`ApiError::Forbidden`] for one that is closed to them.
    pub async fn team_by_name(&self, name: &str) -> Result<ChatTeam, ApiError> {
        let name = name_in_path(name).ok_or(ApiError::NotFound { service: SERVICE })?;
        self.get::<Team>(&format!("teams/name/{name}"), &[]).await.map(ChatTeam::from)
    }

    async fn of_each<T, U>(&self, path: &str, users: &[UserId]) -> Result<Vec<U>, ApiError>
    where
        T: serde::de::DeserializeOwned,
        U: From<T>,
    {
        let mut found = Vec::with_capacity(users.len());
        // The server minds an empty list.
        for some in users.chunks(usize::from(PAGE)) {
            let list: Option<Vec<T>> = self.ask(path, &strings(some).collect::<Value>()).await?;
            found.extend(list.into_iter().flatten().map(U::from));
        }
        Ok(found)
    }
}

pub(super) fn strings(users: &[UserId]) -> impl Iterator<Item = &str> {
    users.iter().map(UserId::as_str)
}
