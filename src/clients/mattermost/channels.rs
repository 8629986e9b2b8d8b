//! Channels, and who is in them.

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;

use super::{
    MattermostClient, SERVICE, name_in_path,
    wire::{Named, WireChannel},
};
use crate::{
    clients::ApiError,
    model::{
        ids::{ChannelId, TeamId, UserId},
        post::Channel,
    },
};

impl MattermostClient {
    /// Whether somebody is in a channel.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] if the bot itself does not read the channel, and so cannot tell:
    /// the call needs its right `read_channel`.
    pub async fn is_member(&self, channel: &ChannelId, user: &UserId) -> Result<bool, ApiError> {
        #[derive(serde::Deserialize)]
        struct Member {
            user_id: UserId,
        }
        let path = format!("api/v4/channels/{channel}/members/{user}");
        let answer = match self.call(self.request(Method::GET, &path)).await {
            Err(ApiError::NotFound { .. }) => return Ok(false),
            answer => answer?,
        };
        Ok(answer.json::<Member>()?.user_id == *user)
    }

    /// A channel by its id.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there, [`ApiError::Forbidden`] if the bot may not see it.
    pub async fn channel(&self, channel: &ChannelId) -> Result<Channel, ApiError> {
        let channel: WireChannel = self.get(&format!("api/v4/channels/{channel}")).await?;
        Ok(channel.into())
    }

    /// Every channel that the bot is in, its direct messages among them.
    ///
    /// # Errors
    /// As [`Self::me`].
    pub async fn own_channels(&self) -> Result<Vec<ChannelId>, ApiError> {
        let mut found = BTreeSet::new();
        // Direct messages are listed with each team. All teams at once can be asked for only from
        // 6.1 on.
        for team in self.teams().await? {
            let path = format!("api/v4/users/me/teams/{}/channels", team.id);
            let channels: Vec<Named<ChannelId>> = self.get(&path).await?;
            found.extend(channels.into_iter().map(|channel| channel.id));
        }
        Ok(found.into_iter().collect())
    }

    /// A channel of a team by the name in its address, such as `support`.
    ///
    /// # Errors
    /// As [`Self::channel`].
    pub async fn channel_by_name(&self, team: &TeamId, name: &str) -> Result<Channel, ApiError> {
        let name = name_in_path(name).ok_or(ApiError::NotFound { service: SERVICE })?;
        let path = format!("api/v4/teams/{team}/channels/name/{name}");
        let channel: WireChannel = self.get(&path).await?;
        Ok(channel.into())
    }

    /// Where the bot and somebody write to each other; made if it is not there. Asking twice gives
    /// the same channel.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where direct messages are kept within teams that the two do not
    /// share; as [`Self::me`].
    pub async fn direct_channel(&self, user: &UserId) -> Result<ChannelId, ApiError> {
        let me = self.me().await?;
        let request = self.request(Method::POST, "api/v4/channels/direct");
        let answer = self.call(request.json(&json!([me.id, user]))).await?;
        let channel: Named<ChannelId> = answer.json().map_err(ApiError::after_write)?;
        Ok(channel.id)
    }
}
