//! Carries out what the desk has to say in the chat: a ticket's post, how it stands now, what was
//! done to it, and what came by mail.
//!
//! Comes in: effects of the desk. Goes out: posts, each once. One that may have been made is looked
//! for first, in its channel or thread, by the mark in its props. What ends it: only the supervisor.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use serde_json::Value;
use url::Url;

use super::{
    comment_reader::Trackers,
    desk::{Desk, Task},
    effects::{self, Craft, fault_of, plainly},
    mailboxes::Mailboxes,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, MattermostClient},
    failpoint,
    locale::{Locale, Texts},
    model::{
        desk::{Done, Outcome},
        effect::{Effect, Work, Worker},
        ids::{ChannelId, PostId},
        post::{NewPost, PostHead, SKEW},
    },
    store::StoreError,
};

mod comment;
mod link_back;
mod mail;
mod words;

pub(super) use words::{clock_time, priority_key, state_key};

/// The property of a post that says which effect made it.
const MARK: &str = "ticketd_mark";
/// The pause after a refusal that somebody may take back: the bot is let into the channel, or gets
/// another token.
const LOCKED_OUT: Duration = Duration::from_mins(1);

/// What the poster works with.
pub struct PosterTools {
    /// The chat.
    pub mattermost: MattermostClient,
    /// The trackers of tickets.
    pub trackers: Trackers,
    /// The desk.
    pub desk: Desk,
    /// Where the words of mails are fetched from.
    pub mailboxes: Mailboxes,
    /// Every sentence.
    pub texts: Arc<Texts>,
    /// The channels' language.
    pub locale: Locale,
    /// In which times are shown.
    pub time_zone: TimeZone,
    /// Where buttons lead.
    pub actions_url: Url,
    /// Mattermost, as its users reach it.
    pub chat_url: Url,
}

/// Starts the poster under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_mattermost_poster(
    supervisor: &SupervisorHandle,
    tools: PosterTools,
) -> Result<(), StartFault> {
    let desk = tools.desk.clone();
    effects::start(supervisor, Arc::new(MattermostPoster(tools)), desk).await
}

struct MattermostPoster(PosterTools);

impl Craft for MattermostPoster {
    const WORKER: Worker = Worker::Chat;
    const KIND: &'static str = "mattermost_poster";

    fn carry_out(self: Arc<Self>, task: Task) -> BoxFuture<'static, Result<Outcome, StoreError>> {
        Box::pin(async move {
            let Some(ticket) = &task.case.ticket else { return Ok(plainly()) };
            match (&task.effect.work, &ticket.post) {
                (Work::PostTicket, _) => {
                    let fields = self.0.desk.fields_of(task.case.id).await?;
                    let post = self.0.post(&task.case, ticket, &fields);
                    let texts = self.0.texts(&task.case, ticket, &fields).len();
                    let outcome = self.say(&task, (&ticket.channel, None), post).await?;
                    Ok(with_replies(outcome, texts.saturating_sub(1)))
                }
                (Work::PostRest { part }, Some(post)) => {
                    let fields = self.0.desk.fields_of(task.case.id).await?;
                    let texts = self.0.texts(&task.case, ticket, &fields);
                    let text = usize::try_from(*part).ok().and_then(|part| texts.get(part));
                    let Some(text) = text else { return Ok(plainly()) };
                    let reply = (text.clone(), serde_json::json!({}));
                    self.say(&task, (&ticket.channel, Some(post)), reply).await
                }
                (Work::UpdatePost, Some(post)) => {
                    let fields = self.0.desk.fields_of(task.case.id).await?;
                    let (message, props) = self.0.post(&task.case, ticket, &fields);
                    let done = self.0.mattermost.update_post(post, &message, &props).await;
                    Ok(self.settled(post, done).await)
                }
                (Work::TellChange { by, change }, Some(post)) => {
                    let line =
                        (self.0.line(&task.case, by.as_ref(), change), serde_json::json!({}));
                    self.say(&task, (&ticket.channel, Some(post)), line).await
                }
                (Work::LinkBack { channel, root }, Some(post)) => {
                    self.link_back(&task, ticket, (channel, root), post).await
                }
                (Work::ShowComment { comment }, Some(post)) => {
                    match self.0.comment(&task, comment).await {
                        Ok(Some(line)) => {
                            self.say(
                                &task,
                                (&ticket.channel, Some(post)),
                                (line, serde_json::json!({})),
                            )
                            .await
                        }
                        Ok(None) => Ok(plainly()),
                        Err(error) => Ok(effects::read_failed(&task.effect, &error, LOCKED_OUT)),
                    }
                }
                (Work::ShowMail { mail }, Some(post)) => match self.0.letter(&task, mail).await {
                    Ok(letter) => {
                        let line = self.0.line_of_mail(&task, mail, &letter).await?;
                        self.say(
                            &task,
                            (&ticket.channel, Some(post)),
                            (line, serde_json::json!({})),
                        )
                        .await
                    }
                    Err(error) => Ok(effects::read_failed(&task.effect, &error, LOCKED_OUT)),
                },
                _ => Ok(plainly()),
            }
        })
    }
}

impl MattermostPoster {
    /// Makes a post, in the channel or in the thread of `root`, unless an earlier try has.
    async fn say(
        &self,
        task: &Task,
        (channel, root): (&ChannelId, Option<&PostId>),
        (message, mut props): (String, Value),
    ) -> Result<Outcome, StoreError> {
        let mark = self.0.desk.post_mark(task.effect.origin());
        if task.effect.is_unclear() {
            return Ok(match self.find(&task.effect, (channel, root), &mark).await {
                Ok(Some(post)) if root.is_none() => {
                    Outcome::Done(Done::Posted { post, replies: 0 })
                }
                Ok(Some(_)) => plainly(),
                Ok(None) => Outcome::NotFound,
                Err(error) => effects::read_failed(&task.effect, &error, LOCKED_OUT),
            });
        }
        self.0.desk.begin(&task.effect, None).await?;
        failpoint::hit("mattermost_poster.begun").await;
        props[MARK] = mark.as_str().into();
        let post = NewPost {
            channel: channel.clone(),
            root: root.cloned(),
            message,
            props,
            pending: mark,
        };
        let made = self.0.mattermost.create_post(&post).await;
        failpoint::hit("mattermost_poster.posted").await;
        Ok(match (made, root) {
            (Ok(post), None) => Outcome::Done(Done::Posted { post, replies: 0 }),
            // A channel where the bot only reads stays one, and what comes after this waits.
            (Err(error @ ApiError::Forbidden { .. }), Some(_))
                if matches!(task.effect.work, Work::LinkBack { .. }) =>
            {
                Outcome::Refused { fault: fault_of(&error) }
            }
            (made, Some(root)) => self.settled(root, made.map(drop)).await,
            (Err(error), None) => failed(&error),
        })
    }

    /// What a write to a post or to its thread came to. A post that somebody has deleted is what
    /// they wanted.
    async fn settled(&self, post: &PostId, done: Result<(), ApiError>) -> Outcome {
        let Err(error) = done else { return plainly() };
        let refused = matches!(
            error,
            ApiError::Forbidden { .. } | ApiError::NotFound { .. } | ApiError::Rejected { .. }
        );
        if refused && self.is_gone(post).await {
            tracing::warn!("a ticket's post was deleted");
            return plainly();
        }
        failed(&error)
    }

    async fn is_gone(&self, post: &PostId) -> bool {
        match self.0.mattermost.post(post).await {
            Ok(head) => head.deleted,
            Err(error) => matches!(error, ApiError::NotFound { .. }),
        }
    }

    /// The post that an earlier try has made.
    async fn find(
        &self,
        effect: &Effect,
        (channel, root): (&ChannelId, Option<&PostId>),
        mark: &str,
    ) -> Result<Option<PostId>, ApiError> {
        let us = self.0.mattermost.me().await?;
        let posts = if let Some(root) = root {
            self.0.mattermost.thread(root).await?
        } else {
            let begun = effect.trace.begun.unwrap_or(effect.planned);
            let since = begun.saturating_sub(SKEW).unwrap_or(begun);
            self.0.mattermost.posts_since(channel, since).await?
        };
        let is_it = |post: &PostHead| {
            post.author == us.id && post.props.get(MARK).and_then(Value::as_str) == Some(mark)
        };
        Ok(posts.into_iter().find(is_it).map(|post| post.id))
    }
}

/// A post that is there, with so many replies to come.
fn with_replies(outcome: Outcome, replies: usize) -> Outcome {
    match outcome {
        Outcome::Done(Done::Posted { post, .. }) => {
            let replies = u32::try_from(replies).unwrap_or(u32::MAX);
            Outcome::Done(Done::Posted { post, replies })
        }
        other => other,
    }
}

/// What a write that failed came to. Where the bot may not write it is tried again: somebody may
/// let it in.
fn failed(error: &ApiError) -> Outcome {
    match error {
        ApiError::Forbidden { .. } | ApiError::NotFound { .. } => {
            Outcome::Retry { after: Some(LOCKED_OUT), fault: fault_of(error) }
        }
        error => effects::write_failed(error, LOCKED_OUT),
    }
}
