//! Posts: make, change, look up. A write that gave no clear answer is [`ApiError::Ambiguous`];
//! within about 30 s [`MattermostClient::create_post`] may then simply be repeated.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    MattermostClient, malformed, unavailable,
    wire::{Named, PostList, WirePost},
};
use crate::{
    clients::ApiError,
    model::{
        ids::{ChannelId, PostId, UserId},
        post::{NewPost, PostHead},
    },
};

/// `since` never lists more, and does not say which it leaves out. Source: the description of
/// `GET /channels/{channel_id}/posts`.
const SINCE_MAX: usize = 1_000;
/// Posts on a page; the server's most.
const PAGE: usize = 200;
/// Pages that are read at most, for a channel that nobody looked into for long.
const PAGES_MAX: usize = 50;

impl MattermostClient {
    /// Makes a post as the bot. Repeated with the same `pending`, it returns the first post for
    /// about 30 s, as measured; while the first is still being made, the server fails.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a message that is too long and for a root that is itself a
    /// reply, or stands elsewhere; [`ApiError::Forbidden`] where the bot may not write.
    pub async fn create_post(&self, post: &NewPost) -> Result<PostId, ApiError> {
        let mut body = json!({
            "channel_id": post.channel,
            "message": post.message,
            "props": post.props,
            "pending_post_id": post.pending,
        });
        if let Some(root) = &post.root {
            body["root_id"] = json!(root);
        }
        let answer = self.call(self.request(Method::POST, "api/v4/posts").json(&body)).await?;
        let made: Named<PostId> = answer.json().map_err(ApiError::after_write)?;
        Ok(made.id)
    }

    /// Gives a post of the bot's another message, and other props in place of all that it has.
    /// Saying the same twice does no harm.
    ///
    /// # Errors
    /// As [`Self::create_post`]; a post that is not there, or no more, is
    /// [`ApiError::Forbidden`] or [`ApiError::NotFound`], by the server's version.
    pub async fn update_post(
        &self,
        post: &PostId,
        message: &str,
        props: &Value,
    ) -> Result<(), ApiError> {
        let request = self.request(Method::PUT, &format!("api/v4/posts/{post}/patch"));
        let body = json!({"message": message, "props": props});
        let answer = self.call(request.json(&body)).await?;
        let changed: Named<PostId> = answer.json().map_err(ApiError::after_write)?;
        if changed.id == *post {
            return Ok(());
        }
        Err(malformed("another post than the one that was changed").after_write())
    }

    /// What was made, changed or deleted in a channel from `since` on, oldest first. Deleted posts
    /// are among it, without their words.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where the bot does not read, [`ApiError::NotFound`] for no channel;
    /// [`ApiError::Unavailable`] if more than 10,000 posts were made since then.
    pub async fn posts_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<PostHead>, ApiError> {
        // The server lists what changed after that millisecond, and reads 0 as no `since` at all.
        let after = since.as_millisecond().saturating_sub(1).max(1).to_string();
        let list = self.list(channel, &[("since", &after)]).await?;
        if list.order.len() < SINCE_MAX {
            return list.heads();
        }
        // Which ones a full list leaves out, nobody says: the channel is read back, page by page.
        let (size, mut before, mut heads) = (PAGE.to_string(), None::<String>, Vec::new());
        for _ in 0..PAGES_MAX {
            let mut asked = vec![("per_page", size.as_str())];
            asked.extend(before.as_deref().map(|before| ("before", before)));
            let mut page = self.list(channel, &asked).await?.heads()?;
            before = page.first().map(|first| first.id.to_string());
            page.retain(|head| head.created >= since);
            let end = page.len() < PAGE;
            heads.splice(0..0, page);
            if end {
                return Ok(heads);
            }
        }
        Err(unavailable("too many posts since then"))
    }

    /// A thread by any of its posts, oldest first: the post that begins it, then what follows.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn thread(&self, post: &PostId) -> Result<Vec<PostHead>, ApiError> {
        let list: PostList = self.get(&format!("api/v4/posts/{post}/thread")).await?;
        list.heads()
    }

    /// One post.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there, or no more; [`ApiError::Forbidden`] where the
    /// bot does not read.
    pub async fn post(&self, post: &PostId) -> Result<PostHead, ApiError> {
        let post: WirePost = self.get(&format!("api/v4/posts/{post}")).await?;
        Ok(post.into())
    }

    /// Says something in a channel that only one person sees, and only if they are there now.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for a bot that nobody gave the right `create_post_ephemeral`, which
    /// is how bots are made.
    pub async fn ephemeral(
        &self,
        user: &UserId,
        channel: &ChannelId,
        message: &str,
    ) -> Result<(), ApiError> {
        let body = json!({
            "user_id": user,
            "post": {"channel_id": channel, "message": message},
        });
        let request = self.request(Method::POST, "api/v4/posts/ephemeral").json(&body);
        let said: Result<Named<PostId>, ApiError> = self.call(request).await?.json();
        said.map(drop).map_err(ApiError::after_write)
    }

    async fn list(
        &self,
        channel: &ChannelId,
        query: &[(&str, &str)],
    ) -> Result<PostList, ApiError> {
        let path = format!("api/v4/channels/{channel}/posts");
        self.call(self.request(Method::GET, &path).query(query)).await?.json()
    }
}
