//! Who carries effects out, and in which of a case's queues their work stands. Nothing here can
//! fail.

use serde::{Deserialize, Serialize};

use super::keys::{Lane, Tracker};

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// The Jira creator.
    Jira,
    /// The Redmine creator.
    Redmine,
    /// The mail replier.
    Mail,
    /// The Mattermost poster.
    Chat,
}

impl From<Tracker> for Worker {
    fn from(tracker: Tracker) -> Self {
        match tracker {
            Tracker::Jira => Self::Jira,
            Tracker::Redmine => Self::Redmine,
        }
    }
}

impl Worker {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jira, Self::Redmine, Self::Mail, Self::Chat];

    /// The queue that its work stands in.
    #[must_use]
    pub fn lane(self) -> Lane {
        match self {
            Self::Jira | Self::Redmine | Self::Mail => Lane::Desk,
            Self::Chat => Lane::Chat,
        }
    }

    /// What counts the cases that wait for it, among the metrics.
    #[must_use]
    pub fn waiting(self) -> &'static str {
        match self {
            Self::Jira => "waiting_for_jira",
            Self::Redmine => "waiting_for_redmine",
            Self::Mail => "waiting_for_mail",
            Self::Chat => "waiting_for_chat",
        }
    }
}
