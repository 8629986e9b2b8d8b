//! Posts and reactions: read, searched, said, changed, taken back.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    PAGE, Person,
    wire::{Post, PostList, Reaction},
};
use crate::{
    clients::{
        ApiError,
        mattermost::{SERVICE, malformed, unavailable},
    },
    model::{
        chat::{ChatPost, ChatPosts, NewChatPost, PageNo, PostsAt},
        ids::{ChannelId, PostId, TeamId},
    },
};

/// `since` never lists more, and does not say which it leaves out. Source: the description of
/// `GET /channels/{channel_id}/posts`.
const SINCE_MAX: usize = 1_000;
/// Posts on a page when a channel is read back: two hundred long ones are more than an answer may
/// hold.
const BACK: u16 = 60;
/// Pages that are read back at most.
const PAGES_MAX: usize = 170;

impl Person {
    /// Posts of a channel, oldest first, with their files and reactions.
    ///
    /// Where more than 1,000 changed since some time, or more than one answer holds, only those
    /// that were made since then are listed: which ones a list leaves out, the server does not say.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for a channel that they do not read, and for none;
    /// [`ApiError::NotFound`] for a post that is not there; [`ApiError::Unavailable`] if more than
    /// 10,000 posts were made since.
    pub async fn posts(&self, channel: &ChannelId, at: &PostsAt) -> Result<ChatPosts, ApiError> {
        let size = |size: u16| size.clamp(1, PAGE).to_string();
        match at {
            PostsAt::Page(PageNo { number, size: entries }) => {
                let query = [("page", number.to_string()), ("per_page", size(*entries))];
                self.part(channel, &query).await?.posts()
            }
            PostsAt::Before(post, entries) => {
                let query = [("before", post.to_string()), ("per_page", size(*entries))];
                self.part(channel, &query).await?.posts()
            }
            PostsAt::After(post, entries) => {
                let query = [("after", post.to_string()), ("per_page", size(*entries))];
                self.part(channel, &query).await?.posts()
            }
            PostsAt::Since(since) => self.since(channel, *since).await,
        }
    }

    async fn since(&self, channel: &ChannelId, since: Timestamp) -> Result<ChatPosts, ApiError> {
        // The server lists what changed after that millisecond, and reads 0 as no `since` at all.
        let after = since.as_millisecond().saturating_sub(1).max(1).to_string();
        match self.part(channel, &[("since", after)]).await {
            Ok(list) if list.order.len() < SINCE_MAX => {
                let ChatPosts { posts, .. } = list.posts()?;
                return Ok(ChatPosts { posts, older: None, newer: None });
            }
            // It may be larger than an answer may be.
            Ok(_) | Err(ApiError::Malformed { .. }) => {}
            Err(error) => return Err(error),
        }
        let (mut before, mut posts) = (None::<PostId>, Vec::new());
        for _ in 0..PAGES_MAX {
            let mut query = vec![("per_page", BACK.to_string())];
            query.extend(before.as_ref().map(|before| ("before", before.to_string())));
            let mut page = self.part(channel, &query).await?.posts()?.posts;
            before = page.first().map(|first| first.id.clone());
            let end = page.len() < usize::from(BACK);
            let all = page.len();
            page.retain(|post| post.created.as_millisecond() >= since.as_millisecond());
            let older = page.len() < all;
            posts.splice(0..0, page);
            if end || older {
                return Ok(ChatPosts { posts, older: None, newer: None });
            }
        }
        Err(unavailable("too many posts since then"))
    }

    async fn part(
        &self,
        channel: &ChannelId,
        query: &[(&str, String)],
    ) -> Result<PostList, ApiError> {
        let query: Vec<_> = query.iter().map(|(name, text)| (*name, text.as_str())).collect();
        self.get(&format!("channels/{channel}/posts"), &query).await
    }

    /// A thread by any of its posts, oldest first: the post that begins it, then what follows.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn thread(&self, post: &PostId) -> Result<Vec<ChatPost>, ApiError> {
        let list: PostList = self.get(&format!("posts/{post}/thread"), &[]).await?;
        Ok(list.posts()?.posts)
    }

    /// One post.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there, or no more; [`ApiError::Forbidden`] where they
    /// do not read.
    pub async fn post(&self, post: &PostId) -> Result<ChatPost, ApiError> {
        self.get::<Post>(&format!("posts/{post}"), &[]).await.map(ChatPost::from)
    }

    /// Says something. Repeated with the same `pending`, it returns the first post for about 30 s;
    /// while the first is still being made, the server fails.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for words that are too many or none, and for a root that is itself a
    /// reply, or stands elsewhere; [`ApiError::Forbidden`] where they may not write.
    pub async fn say(&self, new: &NewChatPost) -> Result<ChatPost, ApiError> {
        let mut body = json!({
            "channel_id": new.channel,
            "message": new.message,
            "pending_post_id": new.pending,
        });
        if let Some(root) = &new.root {
            body["root_id"] = json!(root);
        }
        if !new.files.is_empty() {
            body["file_ids"] = json!(new.files);
        }
        let made: Post = self.write(Method::POST, "posts", &body).await?;
        Ok(made.into())
    }

    /// Gives a post of theirs other words.
    ///
    /// # Errors
    /// As [`Self::say`]; a post that is not there, or no more, is [`ApiError::Forbidden`] or
    /// [`ApiError::NotFound`], by the server's version.
    pub async fn edit(&self, post: &PostId, message: &str) -> Result<ChatPost, ApiError> {
        let path = format!("posts/{post}/patch");
        let changed: Post = self.write(Method::PUT, &path, &json!({"message": message})).await?;
        let changed = ChatPost::from(changed);
        if changed.id == *post {
            return Ok(changed);
        }
        Err(malformed("another post than the one that was changed").after_write())
    }

    /// Deletes a post, and what answers it.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for another's, [`ApiError::NotFound`] if it is not there.
    pub async fn delete(&self, post: &PostId) -> Result<(), ApiError> {
        self.remove(&format!("posts/{post}")).await
    }

    /// Puts an emoji, by its name without colons, under a post. Twice is once.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for no emoji's name, [`ApiError::NotFound`] for an emoji or post
    /// that is not there, [`ApiError::Forbidden`] where they do not read.
    pub async fn react(&self, post: &PostId, emoji: &str) -> Result<(), ApiError> {
        let me = self.my_id().await?;
        let body = json!({"user_id": me, "post_id": post, "emoji_name": emoji});
        self.write::<Reaction>(Method::POST, "reactions", &body).await.map(drop)
    }

    /// Takes an emoji back.
    ///
    /// # Errors
    /// As [`Self::react`]; [`ApiError::NotFound`] for what is no emoji's name.
    pub async fn unreact(&self, post: &PostId, emoji: &str) -> Result<(), ApiError> {
        let emoji = emoji_in_path(emoji).ok_or(ApiError::NotFound { service: SERVICE })?;
        self.remove(&format!("users/me/posts/{post}/reactions/{emoji}")).await
    }

    /// Looks for words in the channels of a team that this person is in; newest last, at most a
    /// hundred or what the server is set to. Later pages are empty where the server searches with
    /// its database alone.
    ///
    /// Source: `POST /teams/{team_id}/posts/search`.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for a team that they are not in.
    pub async fn search(
        &self,
        team: &TeamId,
        terms: &str,
        page: PageNo,
    ) -> Result<Vec<ChatPost>, ApiError> {
        let body: Value = json!({
            "terms": terms,
            "is_or_search": false,
            "page": page.number,
            "per_page": page.size.clamp(1, PAGE),
        });
        let list: PostList = self.ask(&format!("teams/{team}/posts/search"), &body).await?;
        Ok(list.posts()?.posts)
    }
}

/// An emoji's name that may stand in a path. Source: the server's route.
fn emoji_in_path(name: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-+".contains(&b);
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}
