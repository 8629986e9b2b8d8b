//! The reply below the post that a ticket was made of: where its ticket is. It belongs to that
//! post's thread, not to the ticket's; where the bot cannot write any more it is given up.

use super::MattermostPoster;
use crate::{
    actors::{
        desk::Task,
        effects::{fault_of, ours, plainly},
    },
    clients::ApiError,
    model::{
        desk::Outcome,
        ids::{ChannelId, PostId},
        post,
        ticket::Ticket,
    },
    store::StoreError,
};

impl MattermostPoster {
    /// Says in the thread of `root` that `ticket`, whose post is `post`, was made.
    pub(super) async fn link_back(
        &self,
        task: &Task,
        ticket: &Ticket,
        (channel, root): (&ChannelId, &PostId),
        post: &PostId,
    ) -> Result<Outcome, StoreError> {
        let to = post::permalink(&self.0.chat_url, post);
        let args = [("ticket", ticket.name().into()), ("link", to.into())];
        let line = self.0.texts.say(self.0.locale, "ticket-emoji-linked", &args);
        let there = (channel, Some(root));
        let said = self.say(task, there, (line, serde_json::json!({}))).await?;
        let failed = matches!(
            said,
            Outcome::Retry { .. } | Outcome::LookAgain { .. } | Outcome::Refused { .. }
        );
        if !failed {
            return Ok(said);
        }
        let refused = match &said {
            Outcome::Refused { fault } => Some(fault.clone()),
            _ => None,
        };
        let shut = self.shut(channel, root).await.or(refused);
        let Some(cause) = shut else { return Ok(said) };
        tracing::warn!(
            channel.id = %channel,
            cause = ours(&cause),
            "a post is not told of its ticket: the bot cannot write there any more"
        );
        Ok(plainly())
    }

    /// Why nothing can be said in a thread of this channel; `None` while Mattermost does not say so.
    async fn shut(&self, channel: &ChannelId, root: &PostId) -> Option<String> {
        let us = self.0.mattermost.me().await.ok()?;
        match self.0.mattermost.is_member(channel, &us.id).await {
            Ok(true) => {}
            Ok(false) => return Some("the bot has left the channel".to_owned()),
            Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) => {
                return Some(fault_of(&error));
            }
            Err(_) => return None,
        }
        self.is_gone(root).await.then(|| "the post was deleted".to_owned())
    }
}
