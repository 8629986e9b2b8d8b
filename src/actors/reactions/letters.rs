//! What those read who put an emoji, each alone, as a direct message: where their ticket is, or why
//! there is none. One that cannot be sent is a line in the log; the ticket stands.

use std::time::Duration;

use tracing::Instrument;

use super::ReactionTools;
use crate::{
    clients::{ApiError, Reaction},
    locale::Locale,
    model::{
        case::Case,
        ids::{PostId, UserId},
        post::{self, NewPost},
    },
};

/// How long its asker is not told of a ticket while it has no post.
const PATIENCE: Duration = Duration::from_secs(10);

impl ReactionTools {
    /// Where a post is, whichever team it is in.
    pub(super) fn link(&self, post: &PostId) -> String {
        post::permalink(&self.chat_url, post)
    }

    /// Tells the asker where their ticket is; or, while it cannot be posted, that it is recorded.
    pub(super) fn confirm(&self, case: Case, user: UserId) {
        let Some(ticket) = case.ticket else { return };
        let (tools, name) = (self.clone(), ticket.name());
        let told = async move {
            let post = tools.desk.post_of(case.id, PATIENCE).await;
            let say = |locale| match &post {
                Some(post) => {
                    let args = [("ticket", name.into()), ("link", tools.link(post).into())];
                    tools.texts.say(locale, "ticket-posted", &args)
                }
                None => {
                    tools.texts.say(locale, "ticket-emoji-recorded", &[("ticket", name.into())])
                }
            };
            tools.write(&user, say).await;
        };
        tokio::spawn(told.in_current_span());
    }

    /// Tells somebody that this emoji, and others after it, are more than a minute holds.
    pub(super) fn too_many(&self, reaction: &Reaction) {
        tracing::warn!(user.id = %reaction.user, "somebody asks for too many tickets by emoji");
        self.explain(reaction, "ticket-emoji-too-many");
    }

    /// Tells somebody that there is nowhere to post the ticket.
    pub(super) fn no_channel(&self, reaction: &Reaction) {
        tracing::warn!("the channel of a form cannot be found; see ticket.channel");
        self.explain(reaction, "ticket-emoji-no-channel");
    }

    fn explain(&self, reaction: &Reaction, key: &'static str) {
        let (tools, reaction) = (self.clone(), reaction.clone());
        let told = async move {
            let say = |locale| {
                let args = [
                    ("emoji", reaction.emoji.as_str().into()),
                    ("link", tools.link(&reaction.post).into()),
                    ("count", tools.per_minute.get().into()),
                ];
                tools.texts.say(locale, key, &args)
            };
            tools.write(&reaction.user, say).await;
        };
        tokio::spawn(told.in_current_span());
    }

    async fn write(&self, user: &UserId, say: impl FnOnce(Locale) -> String) {
        let message = say(self.locales.of(user).await);
        if let Err(error) = self.send(user, message).await {
            tracing::warn!(%error, "a ticket's asker could not be told of it");
        }
    }

    async fn send(&self, user: &UserId, message: String) -> Result<(), ApiError> {
        let post = NewPost {
            channel: self.mattermost.direct_channel(user).await?,
            root: None,
            message,
            props: serde_json::json!({}),
            pending: String::new(),
        };
        self.mattermost.create_post(&post).await.map(drop)
    }
}
