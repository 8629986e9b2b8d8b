//! Which language a chat user reads: asked of Mattermost once, then remembered.
//!
//! It never fails: while Mattermost cannot be asked, everybody reads the configured language, and
//! the question is put again a minute later.

use std::time::{Duration, Instant};

use moka::{Expiry, future::Cache};

use super::MattermostClient;
use crate::{locale::Locale, model::ids::UserId};

/// How long an answer holds.
const KNOWN: Duration = Duration::from_hours(1);
/// How long nobody asks again after a failure.
const UNKNOWN: Duration = Duration::from_mins(1);
/// The longest that a user waits for it: an answer in the wrong language beats a late one.
const PATIENCE: Duration = Duration::from_millis(700);
/// Users that are remembered at once.
const CAPACITY: u64 = 10_000;

/// The languages of users; clones share what is known.
#[derive(Clone)]
pub struct UserLocales {
    mattermost: MattermostClient,
    known: Cache<UserId, Option<Locale>>,
    default: Locale,
}

impl UserLocales {
    /// Starts with nobody known; `default` is for those whose language is not.
    #[must_use]
    pub fn new(mattermost: MattermostClient, default: Locale) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).expire_after(Lifetime).build();
        Self { mattermost, known, default }
    }

    /// The user's language. Many questions at once about one user become one call.
    pub async fn of(&self, user: &UserId) -> Locale {
        if !self.mattermost.has_token() {
            return self.default;
        }
        let known = match self.known.get(user).await {
            Some(known) => known,
            None => self.known.get_with(user.clone(), self.ask(user)).await,
        };
        known.unwrap_or(self.default)
    }

    async fn ask(&self, user: &UserId) -> Option<Locale> {
        match tokio::time::timeout(PATIENCE, self.mattermost.user_locale(user)).await {
            Ok(Ok(tag)) => Some(Locale::from_mattermost(&tag).unwrap_or(self.default)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot look up a user's language");
                None
            }
            Err(_) => {
                tracing::warn!("looking up a user's language takes too long");
                None
            }
        }
    }
}

struct Lifetime;

impl Expiry<UserId, Option<Locale>> for Lifetime {
    fn expire_after_create(
        &self,
        _: &UserId,
        locale: &Option<Locale>,
        _: Instant,
    ) -> Option<Duration> {
        Some(if locale.is_some() { KNOWN } else { UNKNOWN })
    }
}
