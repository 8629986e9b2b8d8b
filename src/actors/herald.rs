//! Tells a mailbox's channel in the chat what only a person can mend. Besides the log, `/ready` and
//! the metrics, so nothing hangs on it: what cannot be posted within an hour is only logged.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    clients::{ApiError, MattermostClient},
    locale::{Locale, Texts},
    model::{
        ids::{ChannelId, PostId},
        post::NewPost,
    },
};

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// Tries in all: an hour of them.
const TRIES: usize = 20;

/// Tells one channel; cheap to clone.
#[derive(Clone)]
pub struct Herald {
    mattermost: MattermostClient,
    channel: ChannelId,
    texts: Arc<Texts>,
    locale: Locale,
}

impl Herald {
    /// For this channel, in its language.
    #[must_use]
    pub fn new(
        mattermost: MattermostClient,
        channel: ChannelId,
        texts: Arc<Texts>,
        locale: Locale,
    ) -> Self {
        Self { mattermost, channel, texts, locale }
    }

    /// Posts the sentence of `key`, in a task of its own.
    pub(super) fn tell(&self, key: &'static str, args: &[(&str, String)]) {
        let args: Vec<_> = args.iter().map(|(name, text)| (*name, text.as_str().into())).collect();
        let post = NewPost {
            channel: self.channel.clone(),
            root: None,
            message: self.texts.say(self.locale, key, &args),
            props: serde_json::json!({}),
            pending: Uuid::new_v4().simple().to_string(),
        };
        let mattermost = self.mattermost.clone();
        let work = async move {
            match posted(&mattermost, &post).await {
                Ok(_) => tracing::debug!("a channel was told what is to be done"),
                Err(error) => tracing::warn!(%error, "a mailbox's channel could not be told"),
            }
        };
        tokio::spawn(work.in_current_span());
    }
}

async fn posted(mattermost: &MattermostClient, post: &NewPost) -> Result<PostId, ApiError> {
    (|| mattermost.create_post(post))
        .retry(ExponentialBuilder::default().with_max_delay(PAUSE_MAX).with_max_times(TRIES))
        .adjust(|error, pause| match error {
            ApiError::RateLimited { after: Some(after), .. } => Some(*after),
            _ => pause,
        })
        .when(|error| matches!(error, ApiError::Unavailable { .. } | ApiError::RateLimited { .. }))
        .await
}
