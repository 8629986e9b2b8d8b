//! Where the reading of a mailbox stands, as a text that its caller keeps: for each of the two
//! folders a link of Graph's, or how far a list of its mails has been read. Graph's links are kept
//! whole but for the address in front of them. A text that is none of ours is `None`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::mail::Folder;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The folder that is asked next.
    #[serde(rename = "n")]
    pub(super) next: Folder,
    #[serde(rename = "s")]
    sent: Mark,
    #[serde(rename = "i")]
    inbox: Mark,
}

/// How far a folder is read. Times are in seconds since 1970: Graph's have no fractions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    /// The changes go on at this link; all that came before `t` is told.
    #[serde(rename = "l")]
    Link { u: String, t: i64 },
    /// The changes are asked anew, for mails received at `t` or later.
    #[serde(rename = "b")]
    Begin { t: i64 },
    /// The folder is listed: the mails received at `t` or later, of which `k` are told. The list
    /// was begun at `w`; the last mail that could not be listed was received at `g`.
    #[serde(rename = "o")]
    List { t: i64, k: usize, w: i64, g: i64 },
}

impl State {
    pub(super) fn new(sent: Mark, inbox: Mark) -> Self {
        Self { next: Folder::Sent, sent, inbox }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The mark of the folder that is asked next.
    pub(super) fn mark(&self) -> &Mark {
        match self.next {
            Folder::Sent => &self.sent,
            Folder::Inbox => &self.inbox,
        }
    }

    /// Moves that folder's mark. Says whether there is more to ask for in this round: of a round,
    /// the sent mails come first, so that answers meet what they answer.
    pub(super) fn moved(&mut self, mark: Mark, folder_is_done: bool) -> bool {
        let folder = self.next;
        match folder {
            Folder::Sent => self.sent = mark,
            Folder::Inbox => self.inbox = mark,
        }
        if !folder_is_done {
            return true;
        }
        self.next = match folder {
            Folder::Sent => Folder::Inbox,
            Folder::Inbox => Folder::Sent,
        };
        folder == Folder::Sent
    }
}

impl Mark {
    /// From when on a list tells what this mark has not told.
    pub(super) fn told(&self) -> i64 {
        match self {
            Self::Link { t, .. } | Self::Begin { t } | Self::List { t, .. } => *t,
        }
    }
}

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_short_and_comes_back_as_it_was() {
        let link = |c: &str| Mark::Link { u: c.repeat(1_200), t: 1_790_000_000 };
        let state = State::new(link("a"), link("b"));
        let text = state.text();
        assert!(text.len() < 3 * 1_024, "{}", text.len());
        assert_eq!(State::parse(&text), Some(state));
        for text in ["", "24", "{}", "{\"n\":\"inbox\"}"] {
            assert_eq!(State::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_round_is_the_sent_mails_and_then_the_inbox() {
        let mut state = State::new(Mark::Begin { t: 1 }, Mark::Begin { t: 2 });
        for (done, next, more) in [
            (false, Folder::Sent, true),
            (true, Folder::Inbox, true),
            (false, Folder::Inbox, true),
            (true, Folder::Sent, false),
        ] {
            assert_eq!(state.moved(Mark::Begin { t: 3 }, done), more);
            assert_eq!(state.next, next);
        }
    }
}
