//! What a try comes to, and what the operator decided that follows from it.

use std::time::Duration;

use crate::model::{
    case::Standing,
    ids::PostId,
    keys::{IssueKey, Tracker},
};

/// What the operator decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Where issues are made of mails.
    pub tracker: Tracker,
    /// Tell the reporter of the issue.
    pub notices: bool,
    /// A follow-up reopens a closed issue.
    pub reopen: bool,
    /// How long the tracker's search may not see a new issue.
    pub index_lag: Duration,
}

/// What a worker brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has happened.
    Done(Done),
    /// It has surely not happened; try again, after this pause where the service names one.
    Retry {
        /// The pause; none for the usual, growing one.
        after: Option<Duration>,
        /// Why, in a word or a few.
        fault: String,
    },
    /// The call may have happened.
    Unclear {
        /// Why, in a word or a few.
        fault: String,
    },
    /// The try panicked: the call may have happened, and the next try may panic too.
    Panicked,
    /// An uncertain one was looked for everywhere, and is nowhere.
    NotFound,
    /// An uncertain one could not be looked for.
    LookAgain {
        /// The pause; none for the usual, growing one.
        after: Option<Duration>,
        /// Why, in a word or a few.
        fault: String,
    },
    /// It will not work, however often it is tried.
    Refused {
        /// Why, in a word or a few.
        fault: String,
    },
    /// The case's issue has been deleted.
    IssueGone,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// What was to be done, with nothing to add.
    Plainly,
    /// The issue is there.
    Created {
        /// Its key.
        issue: IssueKey,
        /// There are files to hang on it.
        attach: bool,
        /// There is somebody to watch it.
        watch: bool,
    },
    /// The comment is there.
    Commented {
        /// There are files to hang on the issue.
        attach: bool,
        /// There is somebody to watch it from now on.
        watch: bool,
    },
    /// The ticket has its post.
    Posted {
        /// The post.
        post: PostId,
        /// How many replies take what it has no room for.
        replies: u32,
    },
    /// The issue stands so now.
    Stands(Standing),
}
