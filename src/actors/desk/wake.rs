//! Word to the workers that there may be something to do, and to whoever waits for a ticket's post
//! that it is there. Whoever waits gives up after a time of their own.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, broadcast, oneshot, watch};

use super::Desk;
use crate::model::{
    desk::{Done, Outcome},
    effect::Worker,
    ids::PostId,
    keys::CaseId,
};

/// Cases of which a waiting request may miss the word and looks instead.
const SETTLED_MAX: usize = 256;

/// Who is told that there may be work.
pub(super) struct Words {
    jira: Notify,
    redmine: Notify,
    mail: Notify,
    chat: Notify,
    /// One a case: a form makes its ticket once.
    posts: Mutex<HashMap<CaseId, oneshot::Sender<PostId>>>,
    /// Cases of which a step was settled.
    settled: broadcast::Sender<CaseId>,
    /// The number of the last event that is durable.
    events: watch::Sender<u64>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            jira: Notify::default(),
            redmine: Notify::default(),
            mail: Notify::default(),
            chat: Notify::default(),
            posts: Mutex::default(),
            settled: broadcast::Sender::new(SETTLED_MAX),
            events: watch::Sender::new(0),
        }
    }
}

impl Words {
    pub(super) fn of(&self, worker: Worker) -> &Notify {
        match worker {
            Worker::Jira => &self.jira,
            Worker::Redmine => &self.redmine,
            Worker::Mail => &self.mail,
            Worker::Chat => &self.chat,
        }
    }

    pub(super) fn settled(&self) -> broadcast::Receiver<CaseId> {
        self.settled.subscribe()
    }

    pub(super) fn events(&self) -> watch::Receiver<u64> {
        self.events.subscribe()
    }

    pub(super) fn tell_event(&self, number: u64) {
        self.events.send_if_modified(|last| {
            let newer = number > *last;
            *last = number.max(*last);
            newer
        });
    }

    fn posts(&self) -> MutexGuard<'_, HashMap<CaseId, oneshot::Sender<PostId>>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// There may be work for these.
    pub(super) fn wake(&self, workers: &[Worker]) {
        for worker in workers {
            self.0.words.of(*worker).notify_one();
        }
    }

    /// The post of a new case's ticket, as soon as it is recorded; nothing if that takes longer than
    /// `patience`, or if the store fails.
    pub async fn post_of(&self, case: CaseId, patience: Duration) -> Option<PostId> {
        let (word, posted) = oneshot::channel();
        self.0.words.posts().insert(case, word);
        let found = tokio::time::timeout(patience, async {
            // It may have come before anybody was there to be told.
            match self.case(case).await.ok()??.ticket?.post {
                Some(post) => Some(post),
                None => posted.await.ok(),
            }
        });
        let found = found.await.ok().flatten();
        self.0.words.posts().remove(&case);
        found
    }

    /// What a try came to is recorded: there may be work for everybody, and if it made a ticket's
    /// post, who waits for that is told.
    pub(super) fn tell_settled(&self, case: CaseId, post: Option<PostId>) {
        if let Some(post) = post
            && let Some(word) = self.0.words.posts().remove(&case)
        {
            // Whoever waited may have given up.
            let _ = word.send(post);
        }
        // Nobody may wait.
        let _ = self.0.words.settled.send(case);
        self.wake(&Worker::ALL);
    }
}

/// The post that a try has made for its ticket.
pub(super) fn post_in(outcome: &Outcome) -> Option<PostId> {
    match outcome {
        Outcome::Done(Done::Posted { post, .. }) => Some(post.clone()),
        _ => None,
    }
}
