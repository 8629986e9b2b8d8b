//! Finds out what agents say in Jira and which issues they close and open, where no webhook tells
//! it, or one got lost: searches for issues that changed, again and again, as a lookout. Their
//! comments and how they stand go to the desk, which knows each only once.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{
    desk::Desk,
    lookout::{self, FIRST_LOOK, LookFault, Looked, OVERLAP, Watch, before},
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, JiraClient},
    model::{case::Standing, jira::Marks, keys::IssueKey},
};

/// Comments of one issue that a look reads, the newest first.
const COMMENTS: usize = 100;
/// How much rarer looks are where webhooks tell the news.
const BESIDES_WEBHOOKS: u32 = 10;
/// The longest pause between two looks, however rare they are.
const PAUSE_MAX: Duration = Duration::from_mins(30);

/// What it works with.
#[derive(Clone)]
pub struct CommentTools {
    /// Jira.
    pub jira: JiraClient,
    /// The desk.
    pub desk: Desk,
    /// The label of all our issues.
    pub label: String,
    /// How often to look.
    pub poll: Duration,
    /// How long the index may not see a change.
    pub index_lag: Duration,
    /// Whether webhooks tell the news.
    pub webhooks: bool,
}

/// Issues as they were seen last, by the time of their last change.
#[derive(Default)]
pub(super) struct Seen {
    /// Of our cases.
    ours: HashMap<IssueKey, Standing>,
    /// Of no case, or not yet: the call that made one may still be unclear, and an agent faster.
    strangers: HashMap<IssueKey, Standing>,
    /// Those whose comments Jira does not give, for now.
    closed: HashMap<IssueKey, Standing>,
}

/// Starts looking, under the supervisor.
///
/// # Errors
/// [`StartFault`] if the supervisor does not get it to run.
pub async fn start_jira_comments(
    supervisor: &SupervisorHandle,
    tools: CommentTools,
) -> Result<(), StartFault> {
    lookout::start(supervisor, tools).await
}

impl Watch for CommentTools {
    const KIND: &'static str = "jira_comments";
    const CURSOR: &'static str = "jira--comments";
    type Seen = Seen;

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn pause(&self) -> Duration {
        let rarely = if self.webhooks { BESIDES_WEBHOOKS } else { 1 };
        self.poll.saturating_mul(rarely).min(PAUSE_MAX.max(self.poll))
    }

    fn look<'l>(
        &'l self,
        seen: &'l Seen,
        until: Timestamp,
        begun: Timestamp,
    ) -> BoxFuture<'l, Result<Looked<Seen>, LookFault>> {
        Box::pin(look(self, seen, until, begun))
    }
}

async fn look(
    tools: &CommentTools,
    seen: &Seen,
    until: Timestamp,
    begun: Timestamp,
) -> Result<Looked<Seen>, LookFault> {
    let since = before(until, OVERLAP + tools.index_lag);
    // A clock that was set back must not make it look through everything.
    let minutes = (begun.duration_since(since).as_secs() / 60 + 1).max(1);
    let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
    let found = tools.jira.updated_since(minutes, &tools.label).await?.into_iter();
    let mut found: Vec<_> = found.map(|status| (status.key.clone(), status.standing())).collect();
    let changed: HashSet<_> = found.iter().map(|(issue, _)| issue.clone()).collect();
    let oldest = before(begun, FIRST_LOOK);
    let waiting = seen.strangers.iter().chain(&seen.closed);
    let waiting = waiting.map(|(issue, standing)| (issue.clone(), *standing));
    found.extend(waiting.filter(|(issue, last)| last.at > oldest && !changed.contains(issue)));
    let mut now_seen = Seen::default();
    for (issue, standing) in found {
        let list = match see(tools, seen, &issue, standing).await {
            Ok(true) => &mut now_seen.ours,
            Ok(false) => &mut now_seen.strangers,
            Err(LookFault::Tracker(error)) if error.is_of_one_thing() => {
                if seen.closed.get(&issue) != Some(&standing) {
                    tracing::warn!(
                        issue.key = %issue,
                        %error,
                        "the comments of an issue cannot be read; the others are"
                    );
                }
                &mut now_seen.closed
            }
            Err(error) => return Err(error),
        };
        list.insert(issue, standing);
    }
    let synced = in_step(begun, &now_seen.closed);
    Ok(Looked { seen: now_seen, synced })
}

/// Up to when everything has been seen by a look that began then: who starts anew must come to
/// what is closed once more.
fn in_step(begun: Timestamp, closed: &HashMap<IssueKey, Standing>) -> Timestamp {
    closed.values().map(|last| last.at).fold(begun, Timestamp::min)
}

/// Takes up what is new in an issue; whether it is one of ours.
async fn see(
    tools: &CommentTools,
    seen: &Seen,
    issue: &IssueKey,
    standing: Standing,
) -> Result<bool, LookFault> {
    let mut taken = Ok(());
    if seen.ours.get(issue) != Some(&standing) {
        // Jira is asked about a stranger once; the desk, whether it has become ours, each time.
        let asked = seen.strangers.get(issue) == Some(&standing);
        let known = tools.desk.knows_issue(issue.clone()).await?;
        if !known && (asked || !is_ours(tools, issue).await?) {
            return Ok(false);
        }
        taken = take(tools, issue).await;
    }
    // What was said comes before what was done, and neither waits for the other. The desk may take
    // up later what it does not take up now.
    tools.desk.stands(issue.clone(), standing).await?;
    taken.map(|()| true)
}

/// Whether an issue that the desk does not know is one of ours: by its mark, one that was moved to
/// another project, or made twice.
async fn is_ours(tools: &CommentTools, issue: &IssueKey) -> Result<bool, LookFault> {
    let Some(Marks { mark: Some(mark), .. }) = tools.jira.marks(issue).await? else {
        return Ok(false);
    };
    let Some(case) = tools.desk.case_of_mark(&mark).await? else { return Ok(false) };
    // The creator may just be about to settle it.
    let Some(known) = case.issue else { return Ok(false) };
    match tools.jira.marks(&known).await? {
        Some(there) if there.key != *issue => {
            tracing::error!(
                issue.key = %issue,
                issue.first = %known,
                case.id = %case.id,
                "two issues were made of one mail; close the second by hand"
            );
            Ok(false)
        }
        _ => {
            tracing::info!(issue.key = %issue, issue.former = %known, "an issue was moved");
            tools.desk.moved(case.id, issue.clone()).await?;
            Ok(true)
        }
    }
}

async fn take(tools: &CommentTools, issue: &IssueKey) -> Result<(), LookFault> {
    let us = tools.jira.myself().await?;
    let mut comments = match tools.jira.comments(issue, COMMENTS).await {
        Ok(comments) => comments,
        // Deleted in between.
        Err(ApiError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // The oldest first, as they were said.
    comments.reverse();
    for comment in comments {
        if comment.public && comment.mark.is_none() && comment.author.id != us.id {
            tools.desk.commented(issue.clone(), comment.id).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_comes_back_to_what_was_closed() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (closed, synced) in [(&[][..], 100), (&[40, 30, 90], 30), (&[120], 100)] {
            let issues = (1..).zip(closed).map(|(number, second)| {
                let standing = Standing { closed: false, at: at(*second) };
                (IssueKey::numbered("SUP", number).unwrap(), standing)
            });
            assert_eq!(in_step(at(100), &issues.collect()), at(synced), "{closed:?}");
        }
    }
}
