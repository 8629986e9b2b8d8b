//! Channels by their names. One that was found is remembered for a while, as somebody may rename
//! it; while Mattermost cannot be asked, it is where it was found last.

use std::time::Duration;

use moka::future::Cache;

use crate::{
    clients::{ApiError, MattermostClient},
    model::ids::{ChannelId, TeamId},
};

/// Names that are remembered.
const MOST: u64 = 1_000;
/// How long one is not looked up again.
const KNOWN: Duration = Duration::from_mins(10);
/// How long Mattermost is asked for one that was found before.
const ASK_LIMIT: Duration = Duration::from_millis(1_500);

type Names = Cache<(TeamId, String), ChannelId>;

/// Channels by team and name, as they were found last; shared by its clones.
#[derive(Clone)]
pub struct Channels {
    fresh: Names,
    last: Names,
}

impl Default for Channels {
    fn default() -> Self {
        let fresh = Cache::builder().max_capacity(MOST).time_to_live(KNOWN).build();
        Self { fresh, last: Cache::new(MOST) }
    }
}

impl Channels {
    /// The channel that a form names, by its id or by its name in `team`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] and [`ApiError::Forbidden`] where there is none that the bot sees;
    /// the other errors of the chat only for a name that was never found.
    pub(in crate::actors) async fn find(
        &self,
        mattermost: &MattermostClient,
        team: &TeamId,
        named: &str,
    ) -> Result<ChannelId, ApiError> {
        if let Ok(id) = ChannelId::parse(named) {
            return Ok(id);
        }
        let key = (team.clone(), named.to_owned());
        if let Some(fresh) = self.fresh.get(&key).await {
            return Ok(fresh);
        }
        let last = self.last.get(&key).await;
        let asked = mattermost.channel_by_name(team, named);
        let found = match last {
            None => asked.await,
            Some(last) => match tokio::time::timeout(ASK_LIMIT, asked).await {
                Ok(Ok(channel)) => Ok(channel),
                Ok(Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. }))) => {
                    self.last.invalidate(&key).await;
                    Err(error)
                }
                Ok(Err(_)) | Err(_) => return Ok(last),
            },
        };
        let id = found?.id;
        self.last.insert(key.clone(), id.clone()).await;
        self.fresh.insert(key, id.clone()).await;
        Ok(id)
    }
}
