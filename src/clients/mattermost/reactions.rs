//! Reactions: the emoji that people put under posts.

use http::Method;
use jiff::Timestamp;

use super::{MattermostClient, wire::ReactedList};
use crate::{
    clients::ApiError,
    model::ids::{ChannelId, PostId, UserId},
};

/// Posts on a page; the server's most.
const PAGE: usize = 200;
/// `since` never lists more, and does not say which it leaves out.
const SINCE_MAX: usize = 1_000;
/// Pages that are read at most where `since` cannot be relied on.
const PAGES_MAX: usize = 50;

/// Somebody put an emoji under a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Who.
    pub user: UserId,
    /// Under which post.
    pub post: PostId,
    /// The emoji's name without colons, such as `ticket` or `+1`.
    pub emoji: String,
    /// Where that post stands.
    pub channel: ChannelId,
    /// When, to the millisecond; if they took it back and put it again, the last time.
    pub created: Timestamp,
}

impl MattermostClient {
    /// The reactions in a channel that were added from `since` on and are still there, oldest
    /// first, however old their posts are: a reaction counts as a change of its post.
    ///
    /// Where more than 1,000 posts changed since then, or more than one answer holds, only the reactions under the last 10,000
    /// posts are found: which posts a list leaves out, the server does not say.
    ///
    /// Source: the description of `GET /channels/{channel_id}/posts`, and the server's source for
    /// reactions, which moves `update_at` of the post and lists them in its `metadata`.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where the bot does not read, [`ApiError::NotFound`] for no channel.
    pub async fn reactions_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<Reaction>, ApiError> {
        let after = since.as_millisecond().saturating_sub(1).max(1).to_string();
        let list = match self.reacted(channel, &[("since", &after)]).await {
            Ok(list) => (list.order.len() < SINCE_MAX).then_some(list),
            // It may be larger than an answer may be.
            Err(ApiError::Malformed { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        if let Some(list) = list {
            found = list.reactions(channel);
        } else {
            let (size, mut before) = (PAGE.to_string(), None::<String>);
            for _ in 0..PAGES_MAX {
                let mut asked = vec![("per_page", size.as_str())];
                asked.extend(before.as_deref().map(|before| ("before", before)));
                let page = self.reacted(channel, &asked).await?;
                before = page.order.last().map(ToString::to_string);
                let end = page.order.len() < PAGE;
                found.extend(page.reactions(channel));
                if end {
                    break;
                }
            }
        }
        // The server's times end at the millisecond.
        let first = since.as_millisecond();
        found.retain(|reaction| reaction.created.as_millisecond() >= first);
        found.sort_by(|a, b| (a.created, &a.post).cmp(&(b.created, &b.post)));
        Ok(found)
    }

    async fn reacted(
        &self,
        channel: &ChannelId,
        query: &[(&str, &str)],
    ) -> Result<ReactedList, ApiError> {
        let path = format!("api/v4/channels/{channel}/posts");
        self.call(self.request(Method::GET, &path).query(query)).await?.json()
    }
}
