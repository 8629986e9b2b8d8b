//! When a mailbox is compared with the register though its server knows our cursor.
//!
//! A JMAP server that was set back to a backup counts its states from below. If it has come past our
//! state before it is asked, it tells only what changed after that, and nobody can see that mails
//! are missing between. So what came since is compared at each start, as most of the time nobody
//! asked is before one, and once a day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::{actors::mailboxes::Mailbox, clients::MailboxClient};

/// How long before the mailbox was last in step at the start.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);
/// How often, while it is read all the time; then that far back.
const EVERY: Duration = Duration::from_hours(24);

pub(super) struct LookBack {
    /// Graph's links say themselves that they are not good any more.
    needed: bool,
    next: Instant,
    reach: SignedDuration,
    from: Option<Timestamp>,
}

impl LookBack {
    pub(super) fn of(mailbox: &Mailbox) -> Self {
        Self::new(matches!(mailbox.source, MailboxClient::Jmap(_)))
    }

    fn new(needed: bool) -> Self {
        Self { needed, next: Instant::now(), reach: BEFORE, from: None }
    }

    /// From when on the mailbox is to be compared now, after a round that went well. `synced` is
    /// when the mailbox was in step before that round, `more` whether there is more to be read.
    pub(super) fn due(&mut self, synced: Timestamp, more: bool) -> Option<Timestamp> {
        let now = Instant::now();
        if self.needed && self.from.is_none() && self.next <= now {
            self.from = Some(synced - self.reach);
        }
        self.from.filter(|_| !more)
    }

    /// It was compared, for whatever reason.
    pub(super) fn done(&mut self) {
        self.from = None;
        self.reach = SignedDuration::from_hours(24) + BEFORE;
        self.next = Instant::now() + EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn at_each_start_and_once_a_day_when_nothing_waits() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let mut back = LookBack::new(true);
        assert_eq!(back.due(at(100), true), None, "first what waits is read");
        assert_eq!(back.due(at(120), false), Some(at(99)), "from before the start");
        assert_eq!(back.due(at(120), false), Some(at(99)), "until it went well");
        back.done();
        assert_eq!(back.due(at(121), false), None);
        tokio::time::advance(EVERY).await;
        assert_eq!(back.due(at(144), false), Some(at(119)));
        assert_eq!(LookBack::new(false).due(at(1), false), None);
    }
}
