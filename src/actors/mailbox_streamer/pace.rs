//! How long until the next look of its own at a mailbox.

use std::time::Duration;

use tokio::time::Instant;

use crate::{actors::mailboxes::Mailbox, clients::MailboxClient};

/// Where the server pushes, how often to look all the same.
const LOOK_ANYWAY: Duration = Duration::from_mins(5);
/// The pause after there were mails: an answer often follows soon.
const FAST: Duration = Duration::from_secs(2);
/// How long after that. From then on the pauses grow to the configured one.
const FAST_FOR: Duration = Duration::from_mins(3);
/// How long the pushes are not relied on after a mail that they did not tell.
const DOUBT: Duration = Duration::from_mins(10);

/// The pace of one mailbox.
pub(super) struct Pace {
    poll: Duration,
    /// Whether the pauses adapt: of a server that only answers questions more are asked when
    /// somebody is there.
    adapts: bool,
    pushes: bool,
    told: bool,
    busy: Option<Instant>,
    doubt: Option<Instant>,
}

impl Pace {
    pub(super) fn of(mailbox: &Mailbox) -> Self {
        let adapts = matches!(mailbox.source, MailboxClient::Graph(_));
        Self::new(mailbox.poll, adapts)
    }

    fn new(poll: Duration, adapts: bool) -> Self {
        Self { poll, adapts, pushes: false, told: false, busy: None, doubt: None }
    }

    /// There may be news, the server says.
    pub(super) fn told(&mut self) {
        self.told = true;
    }

    /// Whether the server pushes from now on; gives whether it did.
    pub(super) fn pushed(&mut self, pushes: bool) -> bool {
        std::mem::replace(&mut self.pushes, pushes)
    }

    /// The pause after a look that went well; `found` is whether there were mails.
    pub(super) fn next(&mut self, found: bool) -> Duration {
        let now = Instant::now();
        let told = std::mem::take(&mut self.told);
        if found {
            self.busy = Some(now);
            if self.pushes && self.adapts && !told {
                self.doubt = Some(now + DOUBT);
            }
        }
        let relied = self.pushes && self.doubt.is_none_or(|until| until <= now);
        match self.busy {
            _ if relied && self.adapts => LOOK_ANYWAY.min(self.poll),
            _ if relied => LOOK_ANYWAY,
            Some(busy) if self.adapts => {
                let quiet = now.duration_since(busy).saturating_sub(FAST_FOR);
                (FAST + quiet / 4).min(self.poll)
            }
            _ => self.poll,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn after_a_mail_the_looks_are_close_and_then_ever_rarer() {
        let mut pace = Pace::new(POLL, true);
        assert_eq!(pace.next(false), POLL);
        assert_eq!(pace.next(true), FAST);
        let mut pauses = Vec::new();
        for _ in 0..15 {
            tokio::time::advance(Duration::from_secs(30)).await;
            pauses.push(pace.next(false).as_secs());
        }
        assert_eq!(pauses, [2, 2, 2, 2, 2, 2, 9, 17, 24, 32, 39, 47, 54, 60, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn pushes_are_relied_on_until_a_mail_comes_that_they_did_not_tell() {
        let mut pace = Pace::new(Duration::from_mins(30), true);
        assert!(!pace.pushed(true));
        pace.told();
        assert_eq!(pace.next(true), LOOK_ANYWAY);
        assert_eq!(pace.next(true), FAST, "nobody told of this one");
        tokio::time::advance(DOUBT).await;
        assert_eq!(pace.next(false), LOOK_ANYWAY);
        assert!(pace.pushed(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_with_a_stream_is_polled_as_configured() {
        let mut pace = Pace::new(POLL, false);
        assert_eq!(pace.next(true), POLL);
        pace.pushed(true);
        assert_eq!(pace.next(true), LOOK_ANYWAY);
    }
}
