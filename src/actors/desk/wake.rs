//! Word to the workers that there may be something to do.

use tokio::sync::Notify;

use super::Desk;
use crate::model::effect::Worker;

/// Who is told that there may be work.
#[derive(Default)]
pub(super) struct Words {
    jira: Notify,
    redmine: Notify,
    mail: Notify,
    chat: Notify,
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
}

impl Desk {
    /// There may be work for these.
    pub(super) fn wake(&self, workers: &[Worker]) {
        for worker in workers {
            self.0.words.of(*worker).notify_one();
        }
    }
}
