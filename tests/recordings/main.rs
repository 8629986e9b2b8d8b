//! Holds the stand-ins against what real servers answered: the same request, the same status, the
//! same shape of answer, the same words where a user reads them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by failing"
)]

mod exchange;
mod graph;
mod jira;
mod jmap;
mod mattermost;
mod redmine;
mod shape;
