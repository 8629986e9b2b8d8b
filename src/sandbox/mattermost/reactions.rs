//! Reactions under posts. One that is put again keeps when it was put first (from the server's
//! source, not recorded); putting or removing one is a change of the post.

use serde_json::{Value, json};

use super::error::Refusal;
use super::posts::{Post, Posts};
use crate::clock;
use crate::sandbox::wire::Request;

#[derive(Clone)]
pub(super) struct Reaction {
    user_id: String,
    post_id: String,
    emoji: String,
    channel_id: String,
    created: i64,
    updated: i64,
}

impl Reaction {
    pub(super) fn body(&self) -> Value {
        json!({
            "user_id": self.user_id,
            "post_id": self.post_id,
            "emoji_name": self.emoji,
            "create_at": self.created,
            "update_at": self.updated,
            "delete_at": 0,
            "remote_id": "",
            "channel_id": self.channel_id,
        })
    }

    fn is(&self, new: &NewReaction) -> bool {
        self.user_id == new.user && self.emoji == new.emoji
    }
}

/// Who puts which emoji under which post.
pub(super) struct NewReaction {
    user: String,
    pub(super) post: String,
    emoji: String,
}

impl NewReaction {
    pub(super) fn of(user: &str, post: &str, emoji: &str) -> Self {
        Self { user: user.to_owned(), post: post.to_owned(), emoji: emoji.to_owned() }
    }

    /// # Errors
    /// 400 for what is no reaction.
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let new = Self::of(text("user_id"), text("post_id"), text("emoji_name"));
        if new.user.is_empty() || new.post.is_empty() || new.emoji.is_empty() {
            return Err(Refusal::body_param("reaction"));
        }
        Ok(new)
    }

    /// # Errors
    /// 403 for whoever does it in another's name.
    pub(super) fn by(&self, user_id: &str) -> Result<(), Refusal> {
        if self.user == user_id { Ok(()) } else { Err(Refusal::no_permission()) }
    }
}

impl Posts {
    /// # Errors
    /// As [`Posts::get`].
    pub(super) fn react(&mut self, new: &NewReaction) -> Result<Value, Refusal> {
        let now = clock::now().as_millisecond();
        let post = self.there(&new.post)?;
        post.updated = now;
        if let Some(known) = post.reactions.iter_mut().find(|known| known.is(new)) {
            known.updated = now;
            return Ok(known.body());
        }
        let reaction = Reaction {
            user_id: new.user.clone(),
            post_id: post.id.clone(),
            emoji: new.emoji.clone(),
            channel_id: post.channel_id.clone(),
            created: now,
            updated: now,
        };
        let body = reaction.body();
        post.reactions.push(reaction);
        Ok(body)
    }

    /// # Errors
    /// As [`Posts::get`].
    pub(super) fn take_back(&mut self, old: &NewReaction) -> Result<Value, Refusal> {
        let now = clock::now().as_millisecond();
        let post = self.there(&old.post)?;
        post.updated = now;
        let (post_id, channel_id) = (post.id.clone(), post.channel_id.clone());
        post.reactions.retain(|known| !known.is(old));
        Ok(json!({
            "user_id": old.user,
            "post_id": post_id,
            "emoji_name": old.emoji,
            "create_at": 0,
            "update_at": now,
            "delete_at": now,
            "remote_id": "",
            "channel_id": channel_id,
        }))
    }

    fn there(&mut self, id: &str) -> Result<&mut Post, Refusal> {
        self.get(id)?;
        let post = self.all.iter_mut().find(|post| post.id == id);
        post.ok_or_else(Refusal::no_permission)
    }
}
