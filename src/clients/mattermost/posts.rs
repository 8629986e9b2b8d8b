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
/// Pages that one answer holds at most, for a channel that nobody looked into for long.
const PAGES_MAX: usize = 50;
/// The last page that is looked at for where to begin: nobody has a channel of 200 million posts.
const PAGE_LAST: usize = 1_000_000;

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
    /// Where more than 1,000 posts changed since then, only what was made since then is in it; where
    /// that is more than 10,000 posts, the first 10,000 of them, or a few more or less: go on from the
    /// last one's time.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] where the bot does not read, [`ApiError::NotFound`] for no channel;
    /// [`ApiError::Unavailable`] where they are too many to be looked through.
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
        self.first_since(channel, since).await
    }

    /// The first posts that were made since then, oldest first.
    ///
    /// Source: the description of `GET /channels/{channel_id}/posts`, `page` and `after`; the server
    /// compares times for `after`, to the millisecond.
    async fn first_since(
        &self,
        channel: &ChannelId,
        since: Timestamp,
    ) -> Result<Vec<PostHead>, ApiError> {
        let size = PAGE.to_string();
        let (mut heads, mut last) = whole(self.edge(channel, since).await?);
        for _ in 0..PAGES_MAX {
            let Some(anchor) = last else { break };
            let asked = [("per_page", size.as_str()), ("after", anchor.as_str())];
            let page = self.list(channel, &asked).await?.heads()?;
            if page.len() < PAGE {
                heads.extend(page);
                break;
            }
            let (page, anchor) = whole(page);
            heads.extend(page);
            last = anchor;
        }
        heads.retain(|head| head.created >= since);
        Ok(heads)
    }

    /// A page that holds the first post since then, and one before it or the channel's beginning; two
    /// where one is too little to go on from.
    async fn edge(&self, channel: &ChannelId, since: Timestamp) -> Result<Vec<PostHead>, ApiError> {
        // Pages are numbered from the newest. What is posted meanwhile moves posts to later ones, so
        // a page counts as it was read.
        let is_edge = |page: &[PostHead]| {
            page.len() < PAGE || page.first().is_none_or(|first| first.created < since)
        };
        let (mut low, mut high) = (0, PAGES_MAX / 2);
        let mut edge = loop {
            let page = self.page(channel, high).await?;
            if is_edge(&page) {
                break page;
            }
            (low, high) = (high, high * 2);
            if high > PAGE_LAST {
                return Err(unavailable("too many posts since then"));
            }
        };
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            let page = self.page(channel, middle).await?;
            if is_edge(&page) {
                (edge, high) = (page, middle);
            } else {
                low = middle;
            }
        }
        let [first, last] = [edge.first(), edge.last()].map(|head| head.map(|head| head.created));
        if first == last {
            // Nothing can be gone on from behind one millisecond, or nothing. Posts move only from
            // the newer page to the older one, which is read last.
            let newer = self.page(channel, high - 1).await?;
            edge = self.page(channel, high).await?;
            edge.retain(|head| newer.iter().all(|other| other.id != head.id));
            edge.extend(newer);
        }
        Ok(edge)
    }

    async fn page(&self, channel: &ChannelId, number: usize) -> Result<Vec<PostHead>, ApiError> {
        let (size, number) = (PAGE.to_string(), number.to_string());
        self.list(channel, &[("per_page", &size), ("page", &number)]).await?.heads()
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

/// What of a page may be gone on from, and the post to do so by: where it ends within a millisecond,
/// the posts of that one are left to the next page.
fn whole(mut page: Vec<PostHead>) -> (Vec<PostHead>, Option<PostId>) {
    if let Some(last) = page.last().map(|last| last.created) {
        let earlier = page.partition_point(|head| head.created < last);
        if earlier > 0 {
            page.truncate(earlier);
        }
    }
    let anchor = page.last().map(|last| last.id.clone());
    (page, anchor)
}
