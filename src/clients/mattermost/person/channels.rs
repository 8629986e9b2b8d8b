//! Channels: found, made, joined, left, archived; and who is in them.

use http::Method;
use serde_json::json;

use super::{
    Person,
    people::strings,
    wire::{Channel, Member},
};
use crate::{
    clients::{
        ApiError,
        mattermost::{SERVICE, name_in_path},
    },
    model::{
        chat::{ChatChannel, NewChatChannel, PageNo},
        ids::{ChannelId, TeamId, UserId},
    },
};

impl From<Member> for UserId {
    fn from(member: Member) -> Self {
        member.user_id
    }
}

impl Person {
    /// The channels of a team that this person is in, with all their direct messages.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for a team that they are not in.
    pub async fn channels(&self, team: &TeamId) -> Result<Vec<ChatChannel>, ApiError> {
        self.list::<Channel, _>(&format!("users/me/teams/{team}/channels"), &[]).await
    }

    /// A page of a team's public channels, by name, those that they are not in too.
    ///
    /// # Errors
    /// As [`Self::channels`].
    pub async fn public_channels(
        &self,
        team: &TeamId,
        page: PageNo,
    ) -> Result<Vec<ChatChannel>, ApiError> {
        self.page::<Channel, _>(&format!("teams/{team}/channels"), page).await
    }

    /// A channel by its id.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there, [`ApiError::Forbidden`] if they may not see it.
    pub async fn channel(&self, channel: &ChannelId) -> Result<ChatChannel, ApiError> {
        self.get::<Channel>(&format!("channels/{channel}"), &[]).await.map(ChatChannel::from)
    }

    /// A channel of a team by the name in its address.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there or they may not see it.
    pub async fn channel_by_name(
        &self,
        team: &TeamId,
        name: &str,
    ) -> Result<ChatChannel, ApiError> {
        let name = name_in_path(name).ok_or(ApiError::NotFound { service: SERVICE })?;
        let path = format!("teams/{team}/channels/name/{name}");
        self.get::<Channel>(&path, &[]).await.map(ChatChannel::from)
    }

    /// A page of who is in a channel.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for a channel that they do not read.
    pub async fn members(
        &self,
        channel: &ChannelId,
        page: PageNo,
    ) -> Result<Vec<UserId>, ApiError> {
        self.page::<Member, _>(&format!("channels/{channel}/members"), page).await
    }

    /// Whether this person is in a channel.
    ///
    /// # Errors
    /// Any outage.
    pub async fn is_in(&self, channel: &ChannelId) -> Result<bool, ApiError> {
        match self.get::<Member>(&format!("channels/{channel}/members/me"), &[]).await {
            Ok(_) => Ok(true),
            // A channel that they do not read, or none at all, is forbidden before it is looked at.
            Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a channel; they are in it.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a name that is taken or is none, [`ApiError::Forbidden`] where
    /// they may not.
    pub async fn create_channel(&self, new: &NewChatChannel) -> Result<ChatChannel, ApiError> {
        let body = json!({
            "team_id": new.team,
            "name": new.name,
            "display_name": new.display_name,
            "type": if new.public { "O" } else { "P" },
            "purpose": new.purpose,
            "header": new.header,
        });
        let made: Channel = self.write(Method::POST, "channels", &body).await?;
        Ok(made.into())
    }

    /// Where this person and one other, or two to seven, write to each other; made if it is not
    /// there. Asking twice gives the same channel.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for somebody who is not there, [`ApiError::Rejected`] for too many
    /// or too few; [`ApiError::Forbidden`] where they may not.
    pub async fn direct(&self, others: &[UserId]) -> Result<ChatChannel, ApiError> {
        let me = self.my_id().await?;
        let (path, body) = match others {
            [other] => ("channels/direct", json!([me, other])),
            // The server adds who asks.
            others => ("channels/group", strings(others).collect()),
        };
        let channel: Channel = self.write(Method::POST, path, &body).await?;
        Ok(channel.into())
    }

    /// Joins a public channel. Who is in it already stays so.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for one that is not public, [`ApiError::NotFound`] for none.
    pub async fn join(&self, channel: &ChannelId) -> Result<(), ApiError> {
        let me = self.my_id().await?;
        self.add_member(channel, me).await
    }

    /// Leaves a channel.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for the channel that everybody is in, and for direct messages;
    /// [`ApiError::NotFound`] or [`ApiError::Rejected`] for who is not in it.
    pub async fn leave(&self, channel: &ChannelId) -> Result<(), ApiError> {
        self.remove(&format!("channels/{channel}/members/me")).await
    }

    /// Puts somebody into a channel.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where they may not, [`ApiError::NotFound`] for nobody or none.
    pub async fn add_member(&self, channel: &ChannelId, user: &UserId) -> Result<(), ApiError> {
        let path = format!("channels/{channel}/members");
        self.write::<Member>(Method::POST, &path, &json!({"user_id": user})).await.map(drop)
    }

    /// Puts somebody out of a channel.
    ///
    /// # Errors
    /// As [`Self::leave`]; [`ApiError::Forbidden`] where they may not.
    pub async fn remove_member(&self, channel: &ChannelId, user: &UserId) -> Result<(), ApiError> {
        self.remove(&format!("channels/{channel}/members/{user}")).await
    }

    /// Archives a channel: it can be read, and nobody writes there any more.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where they may not, [`ApiError::Rejected`] for one that cannot be
    /// archived.
    pub async fn remove_channel(&self, channel: &ChannelId) -> Result<(), ApiError> {
        self.remove(&format!("channels/{channel}")).await
    }

    /// Notes that this person has read a channel up to now.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub async fn mark_read(&self, channel: &ChannelId) -> Result<(), ApiError> {
        let body = json!({"channel_id": channel});
        self.done(Method::POST, "channels/members/me/view", &body).await
    }
}
