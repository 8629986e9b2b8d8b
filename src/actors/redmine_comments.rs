//! Finds out what agents say in Redmine, and which issues they close or open there.

use std::time::Duration;

use super::{
    desk::Desk,
    supervisor::{StartFault, SupervisorHandle},
};
use crate::clients::RedmineDesk;

/// What it works with.
#[derive(Clone)]
pub struct RedmineCommentTools {
    /// Redmine.
    pub redmine: RedmineDesk,
    /// The desk.
    pub desk: Desk,
    /// How often to look.
    pub poll: Duration,
}

/// Starts looking, under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
#[expect(clippy::unused_async, reason = "begun")]
pub async fn start_redmine_comments(
    _supervisor: &SupervisorHandle,
    _tools: RedmineCommentTools,
) -> Result<(), StartFault> {
    Ok(())
}
