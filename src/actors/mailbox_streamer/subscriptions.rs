//! The news of a mailbox behind Graph, which are told at a door of ours: listens there, and keeps a
//! subscription to each folder standing. Whatever fails here only makes the mailbox slower: it is
//! polled meanwhile, and what was missed is found by the next look.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;

use super::news::Told;
use crate::{
    actors::mailboxes::{Hook, Mailbox},
    clients::{ApiError, GraphClient},
    clock,
    model::{graph_hook::Lifecycle, mail::Folder},
};

/// How long a subscription is asked for. Source: "subscription resource type": a mail's lasts at
/// most 4,230 minutes where older limits still hold.
const LIFETIME: Duration = Duration::from_mins(4_230);
/// The first and the longest pause after a failure.
const PAUSES: [Duration; 2] = [Duration::from_secs(5), Duration::from_mins(10)];

/// Listens until `tell` says that nobody does any more.
pub(super) async fn listen(
    mailbox: &Mailbox,
    source: &GraphClient,
    tell: &(impl Fn(Told) -> bool + Sync),
) {
    let bell = async {
        loop {
            mailbox.bell.rung().await;
            if !tell(Told::News) {
                return;
            }
        }
    };
    match &mailbox.hook {
        None => bell.await,
        Some(hook) => {
            let keeper = Keeper { mailbox, source, hook };
            tokio::select! {
                () = bell => {}
                () = keeper.keep(tell) => {}
            }
        }
    }
}

/// A subscription that stands.
struct Standing {
    id: String,
    ends: Timestamp,
    renew: Timestamp,
}

/// Both folders', and whether older ones may be in the way.
struct Both {
    all: [(Folder, Option<Standing>); 2],
    tidy: bool,
}

struct Keeper<'a> {
    mailbox: &'a Mailbox,
    source: &'a GraphClient,
    hook: &'a Hook,
}

impl Keeper<'_> {
    async fn keep(&self, tell: &(impl Fn(Told) -> bool + Sync)) {
        let mut both = Both { all: [(Folder::Sent, None), (Folder::Inbox, None)], tidy: true };
        let (mut pause, mut complained) = (pauses(), false);
        loop {
            let outcome = self.mend(&mut both).await;
            let (news, wait) = match outcome {
                Ok(news) => {
                    (pause, complained) = (pauses(), false);
                    (news, both.next().map_or(PAUSES[1], until))
                }
                Err(error) => {
                    // There may be one that we do not know.
                    both.tidy = true;
                    self.complain(&error, std::mem::replace(&mut complained, true));
                    let said = match error {
                        ApiError::RateLimited { after, .. } => after,
                        _ => None,
                    };
                    (false, said.or_else(|| pause.next()).unwrap_or(PAUSES[1]))
                }
            };
            let stands = both.stand(clock::now());
            if !tell(Told::Pushes(stands)) || (news && !tell(Told::News)) {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                words = self.mailbox.bell.told() => {
                    if both.heed(words) && !tell(Told::News) {
                        return;
                    }
                }
            }
        }
    }

    /// Brings both to where they should be. Says whether something may have been missed before.
    async fn mend(&self, both: &mut Both) -> Result<bool, ApiError> {
        let mut missed = false;
        for at in 0..both.all.len() {
            if let Some(standing) = &both.all[at].1
                && standing.renew <= clock::now()
            {
                both.all[at].1 = self.renewed(standing).await?;
            }
            if both.all[at].1.is_some() {
                continue;
            }
            if both.tidy {
                // What an earlier run left would tell everything twice, or with a secret of old.
                self.remove_others(both).await?;
                both.tidy = false;
            }
            both.all[at].1 = Some(self.subscribed(both.all[at].0).await?);
            missed = true;
        }
        Ok(missed)
    }

    async fn subscribed(&self, folder: Folder) -> Result<Standing, ApiError> {
        let Hook { url, client_state } = self.hook;
        let until = lifetime();
        let made = self.source.subscribe(folder, url, url, client_state, until).await?;
        tracing::info!(folder = ?folder, "graph tells its news of a folder");
        Ok(standing(made.id, made.ends))
    }

    /// The same subscription for longer; `None` if there is none any more.
    async fn renewed(&self, old: &Standing) -> Result<Option<Standing>, ApiError> {
        match self.source.renew(&old.id, lifetime()).await {
            Ok(renewed) => Ok(Some(standing(renewed.id, renewed.ends))),
            Err(ApiError::NotFound { .. }) => Ok(None),
            // Nobody can renew what has ended.
            Err(_) if old.ends <= clock::now() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn remove_others(&self, both: &Both) -> Result<(), ApiError> {
        let ours = |id: &str| both.all.iter().flat_map(|(_, one)| one).any(|one| one.id == id);
        for one in self.source.subscriptions().await? {
            if one.notification_url == self.hook.url.as_str() && !ours(&one.id) {
                self.source.unsubscribe(&one.id).await?;
            }
        }
        Ok(())
    }

    /// Once in a row of failures.
    fn complain(&self, error: &ApiError, again: bool) {
        if again || self.source.sign_in_needed().is_some() {
            return;
        }
        tracing::warn!(
            %error,
            poll_s = self.mailbox.poll.as_secs(),
            "graph does not tell its news; the mailbox is polled meanwhile"
        );
    }
}

impl Both {
    /// What Graph says about the subscriptions themselves. Says whether something was missed.
    fn heed(&mut self, words: Vec<(String, Lifecycle)>) -> bool {
        let mut missed = false;
        for (id, word) in words {
            tracing::info!(word = ?word, "graph says something about a subscription");
            let known =
                self.all.iter_mut().find(|(_, one)| one.as_ref().is_some_and(|one| one.id == id));
            match (word, known) {
                (Lifecycle::ReauthorizationRequired, Some((_, Some(one)))) => {
                    one.renew = clock::now();
                }
                (Lifecycle::SubscriptionRemoved, Some((_, slot))) => *slot = None,
                (Lifecycle::Missed, _) => missed = true,
                _ => {}
            }
        }
        missed
    }

    /// When the next one is to be renewed.
    fn next(&self) -> Option<Timestamp> {
        self.all.iter().flat_map(|(_, one)| one).map(|one| one.renew).min()
    }

    fn stand(&self, now: Timestamp) -> bool {
        self.all.iter().all(|(_, one)| one.as_ref().is_some_and(|one| one.ends > now))
    }
}

fn pauses() -> ExponentialBackoff {
    let [first, longest] = PAUSES;
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(first)
        .with_max_delay(longest)
        .without_max_times()
        .build()
}

fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(clock::now())).unwrap_or_default()
}

fn lifetime() -> Timestamp {
    let now = clock::now();
    now.saturating_add(LIFETIME).unwrap_or(now)
}

fn standing(id: String, ends: Timestamp) -> Standing {
    let now = clock::now();
    let renew = now.saturating_add(ends.duration_since(now) / 2).unwrap_or(now);
    Standing { id, ends, renew }
}
