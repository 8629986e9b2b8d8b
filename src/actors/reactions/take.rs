//! An emoji under a post becomes a ticket, once for each post: its nonce follows from the post alone.
//! What cannot be a ticket is left, with a word in the metrics; what fails for a while is an error,
//! and is to be taken again.

use jiff::Timestamp;

use super::{
    ReactionTools,
    pace::{Pace, Verdict},
    words::{Words, may_show},
};
use crate::{
    actors::desk::{NewTicket, Opened},
    clients::{ApiError, Reaction},
    clock,
    config::Form,
    failpoint,
    model::{
        ids::{ChannelId, UserId},
        post::{Channel, PostHead},
        ticket::{Person, Source},
    },
    store::StoreError,
};

/// Why an emoji has to be taken again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Chat(#[from] ApiError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault {
    /// Whether any other emoji would fail as well.
    pub(super) fn is_of_all(&self) -> bool {
        matches!(
            self,
            Self::Store(_)
                | Self::Chat(ApiError::Unauthorized { .. } | ApiError::RateLimited { .. })
        )
    }
}

impl ReactionTools {
    /// Makes a ticket of the post, unless there is one or the emoji is none of ours.
    pub(super) async fn take(&self, reaction: &Reaction, pace: &mut Pace) -> Result<(), Fault> {
        let Some(form) = self.form(&reaction.emoji) else { return Ok(()) };
        let word = self.make(form, reaction, pace).await?;
        self.metrics.ticket("emoji", word);
        Ok(())
    }

    /// The form of this emoji.
    pub(super) fn form(&self, emoji: &str) -> Option<&Form> {
        self.config.forms.iter().find(|form| form.emoji.as_deref() == Some(emoji))
    }

    /// A word for what it came to.
    async fn make(
        &self,
        form: &Form,
        reaction: &Reaction,
        pace: &mut Pace,
    ) -> Result<&'static str, Fault> {
        let us = self.mattermost.me().await?.id;
        if reaction.user == us {
            return Ok("own");
        }
        let nonce = self.desk.secret().post_nonce(&reaction.post);
        if self.desk.ticket_by_nonce(nonce).await?.is_some() {
            return Ok("spent");
        }
        match pace.judge(&reaction.user, &reaction.post, reaction.created) {
            Verdict::Taken => {}
            Verdict::Left { tell } => {
                if tell {
                    self.too_many(reaction);
                }
                return Ok("limit");
            }
        }
        let Some(post) = seen(self.mattermost.post(&reaction.post).await, reaction)? else {
            return Ok("refused");
        };
        if post.deleted || post.by_server {
            return Ok("no_post");
        }
        if post.author == us {
            return Ok("own");
        }
        let Some(here) = seen(self.mattermost.channel(&post.channel).await, reaction)? else {
            return Ok("refused");
        };
        let Some(there) = self.channel_for(form, &here).await? else {
            if pace.is_first_unplaced(reaction) {
                self.no_channel(reaction);
            }
            return Ok("no_channel");
        };
        let new = self.ticket_of(form, reaction, &post, &here, there).await?;
        let opened = self.desk.open_ticket(new).await?;
        failpoint::hit("reactions.recorded").await;
        let Opened::New(case) = opened else { return Ok("spent") };
        self.confirm(case, reaction.user.clone());
        Ok("ok")
    }

    async fn ticket_of(
        &self,
        form: &Form,
        reaction: &Reaction,
        post: &PostHead,
        here: &Channel,
        channel: ChannelId,
    ) -> Result<NewTicket, Fault> {
        let tracker = self.places.get(&form.name).cloned();
        let shown = may_show(here, &channel, tracker.is_some());
        let author = self.person(&post.author).await?;
        let words = Words { texts: &self.texts, locale: self.locale };
        let (subject, fields) = words.of(post, &author.name, self.link(&post.id), shown);
        Ok(NewTicket {
            nonce: self.desk.secret().post_nonce(&post.id),
            // As long as its case.
            expires: Timestamp::MAX,
            day: clock::now().to_zoned(self.config.time_zone.clone()).date(),
            prefix: self.config.prefix.clone(),
            form: form.name.clone(),
            channel,
            asker: self.person(&reaction.user).await?,
            tracker,
            subject,
            fields,
            source: Some(Source {
                channel: post.channel.clone(),
                root: post.root.clone().unwrap_or_else(|| post.id.clone()),
            }),
        })
    }

    /// Somebody, or their id where nobody is there any more.
    async fn person(&self, id: &UserId) -> Result<Person, ApiError> {
        match self.mattermost.user(id).await {
            Err(ApiError::NotFound { .. }) => Ok(Person::new(id.clone(), id.as_str())),
            found => found,
        }
    }

    /// Where the ticket of a post `here` is posted. Direct messages are no team's: there the form's
    /// channel is looked for in each.
    async fn channel_for(
        &self,
        form: &Form,
        here: &Channel,
    ) -> Result<Option<ChannelId>, ApiError> {
        let Some(named) = &form.channel else { return Ok(Some(here.id.clone())) };
        if let Ok(id) = ChannelId::parse(named) {
            return Ok(Some(id));
        }
        let teams = match &here.team {
            Some(team) => vec![team.clone()],
            None => self.mattermost.teams().await?.into_iter().map(|team| team.id).collect(),
        };
        for team in teams {
            match self.channels.find(&self.mattermost, &team, named).await {
                Ok(channel) => return Ok(Some(channel)),
                Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// An emoji's own post or channel; `None` if it is gone, or not the bot's to see.
fn seen<T>(found: Result<T, ApiError>, reaction: &Reaction) -> Result<Option<T>, ApiError> {
    match found {
        Err(error @ (ApiError::NotFound { .. } | ApiError::Forbidden { .. })) => {
            tracing::warn!(post.id = %reaction.post, %error, "a post cannot become a ticket");
            Ok(None)
        }
        found => found.map(Some),
    }
}
