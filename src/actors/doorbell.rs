//! What is told at our door about a mailbox: rung there, heard by the mailbox's streamer. It says
//! that something may have changed, never what; so nothing of it need outlive the process, which
//! looks at its start anyway. What is rung while a streamer starts anew is heard by the next one.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::model::graph_hook::Lifecycle;

/// Words about subscriptions that wait at most: there are two, and each word can be told twice.
const WORDS_MAX: usize = 64;

/// The bell of one mailbox.
#[derive(Default)]
pub struct Doorbell {
    rung: Notify,
    told: Notify,
    words: Mutex<Vec<(String, Lifecycle)>>,
}

impl Doorbell {
    /// There may be news.
    pub fn ring(&self) {
        self.rung.notify_one();
    }

    /// Something is up with this subscription.
    pub fn tell(&self, subscription: String, word: Lifecycle) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() < WORDS_MAX {
            words.push((subscription, word));
        }
        self.told.notify_one();
    }

    /// Waits until it rings, or has rung since the last time.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Waits for words about subscriptions.
    pub(super) async fn told(&self) -> Vec<(String, Lifecycle)> {
        self.told.notified().await;
        std::mem::take(&mut *self.words.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_is_told_while_nobody_listens_is_heard_later() {
        let bell = Doorbell::default();
        bell.ring();
        bell.ring();
        bell.tell("s1".to_owned(), Lifecycle::Missed);
        bell.rung().await;
        assert_eq!(bell.told().await, [("s1".to_owned(), Lifecycle::Missed)]);
        let silence = tokio::time::timeout(Duration::from_millis(20), bell.rung()).await;
        assert!(silence.is_err(), "it rings once for all");
    }
}
