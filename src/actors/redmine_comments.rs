//! Finds out what agents say in Redmine and which issues they close and open, for Redmine tells
//! nobody: lists what changed, again and again, as a lookout. Notes and how the issues stand go to
//! the desk, which knows each only once.
//!
//! Redmine's times are whole seconds. So an issue that has changed is read once more when that
//! second is over: what came in it after the first read shows no other time.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::{
    desk::Desk,
    lookout::{self, FIRST_LOOK, LookFault, Looked, OVERLAP, Watch, before},
    supervisor::{StartFault, SupervisorHandle},
};
use crate::{
    clients::{ApiError, RedmineDesk},
    model::{
        case::Standing,
        effect::Worker,
        ids::IssueId,
        keys::{CommentId, IssueKey},
        redmine_desk::{Changed, Journal},
    },
};

/// Notes of one issue that are told to the desk when it is read first, the newest.
const NOTES: usize = 100;
/// After this a second that Redmine has shown is over there, and all that was written in it is to
/// be read: a write takes a moment between its time and its end.
const SECOND_OVER: SignedDuration = SignedDuration::from_secs(5);

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
pub async fn start_redmine_comments(
    supervisor: &SupervisorHandle,
    tools: RedmineCommentTools,
) -> Result<(), StartFault> {
    lookout::start(supervisor, tools).await
}

/// Issues as they were seen last.
#[derive(Default)]
pub(super) struct Seen {
    /// Of our cases.
    ours: HashMap<IssueId, Sight>,
    /// Of no case, or not yet, by the time of their last change: the call that made one may still be
    /// unclear, and an agent faster. Kept only while something waits for the creator.
    strangers: HashMap<IssueId, Timestamp>,
    /// Those that Redmine does not show us, for now, by the time of their last change.
    hidden: HashMap<IssueId, Timestamp>,
}

/// How an issue was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    /// Its last change, as Redmine's list said.
    updated: Timestamp,
    /// When we first saw that.
    first: Timestamp,
    /// Whether it was read when that second was over.
    settled: bool,
    /// The highest note that was told to the desk.
    told: u64,
    /// How it stood when it was read last.
    stood: Option<Standing>,
}

impl Sight {
    /// A sight at `now`, after the last one.
    fn of(last: Option<&Self>, updated: Timestamp, now: Timestamp) -> Self {
        let same = last.filter(|last| last.updated == updated);
        let first = same.map_or(now, |last| last.first);
        let settled = now.duration_since(first) >= SECOND_OVER;
        let (told, stood) = last.map_or((0, None), |last| (last.told, last.stood));
        Self { updated, first, settled, told, stood }
    }
}

impl Watch for RedmineCommentTools {
    const KIND: &'static str = "redmine_comments";
    const CURSOR: &'static str = "redmine--comments";
    type Seen = Seen;

    fn desk(&self) -> &Desk {
        &self.desk
    }

    fn pause(&self) -> Duration {
        self.poll
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
    tools: &RedmineCommentTools,
    seen: &Seen,
    until: Timestamp,
    begun: Timestamp,
) -> Result<Looked<Seen>, LookFault> {
    let mut found = changed_since(&tools.redmine, before(until, OVERLAP)).await?;
    // Asked between the list and the desk: an issue of ours in the list was planned before, so it is
    // still waited for here, or known there.
    let unclear = tools.desk.waiting(Worker::Redmine).await? > 0;
    let changed: HashSet<_> = found.iter().map(|(issue, _)| *issue).collect();
    let oldest = before(begun, FIRST_LOOK);
    let waiting = seen.strangers.iter().chain(&seen.hidden).map(|(issue, at)| (*issue, *at));
    found.extend(waiting.filter(|(issue, at)| *at > oldest && !changed.contains(issue)));
    let mut now_seen = Seen::default();
    for (issue, updated) in found {
        let sight = Sight::of(seen.ours.get(&issue), updated, begun);
        match see(tools, seen.ours.get(&issue), issue, sight).await {
            Ok(Some(sight)) => {
                now_seen.ours.insert(issue, sight);
            }
            Ok(None) if unclear => {
                now_seen.strangers.insert(issue, updated);
            }
            Ok(None) => {}
            Err(LookFault::Tracker(error)) if error.is_of_one_thing() => {
                if seen.hidden.get(&issue) != Some(&updated) {
                    tracing::warn!(
                        issue.key = %issue,
                        %error,
                        "the notes of an issue cannot be read; the others are"
                    );
                }
                now_seen.hidden.insert(issue, updated);
            }
            Err(error) => return Err(error),
        }
    }
    let synced = in_step(begun, &now_seen);
    Ok(Looked { seen: now_seen, synced })
}

/// Up to when everything has been seen by a look that began then: who starts anew must come once
/// more to what is hidden, or may become ours.
fn in_step(begun: Timestamp, seen: &Seen) -> Timestamp {
    seen.hidden.values().chain(seen.strangers.values()).copied().fold(begun, Timestamp::min)
}

/// What was changed at that time or later, each issue once, with its last change.
async fn changed_since(
    redmine: &RedmineDesk,
    since: Timestamp,
) -> Result<Vec<(IssueId, Timestamp)>, ApiError> {
    let mut found = HashMap::new();
    let (mut since, mut offset) = (since, 0);
    loop {
        let page = redmine.updated_since(since, offset).await?;
        let count = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        let last = page.items.last().map(|last| last.updated);
        for Changed { id, updated } in page.items {
            let at = found.entry(id).or_insert(updated);
            *at = updated.max(*at);
        }
        let Some(last) = last.filter(|_| offset.saturating_add(count) < page.total) else { break };
        // What is changed meanwhile moves to the end: an offset holds only within one second.
        (since, offset) =
            if last > since { (last, 0) } else { (since, offset.saturating_add(count)) };
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(issue, updated)| (*updated, *issue));
    Ok(found)
}

/// Takes up what is new in an issue; `None` if it is none of ours.
async fn see(
    tools: &RedmineCommentTools,
    last: Option<&Sight>,
    issue: IssueId,
    sight: Sight,
) -> Result<Option<Sight>, LookFault> {
    let key = IssueKey::redmine(issue);
    if let Some(last) = last.filter(|last| last.updated == sight.updated && last.settled) {
        // The desk may take up later what it does not take up now.
        if let Some(standing) = last.stood {
            tools.desk.stands(key, standing).await?;
        }
        return Ok(Some(*last));
    }
    if !tools.desk.knows_issue(key.clone()).await? {
        return Ok(None);
    }
    let us = tools.redmine.myself().await?.id;
    let thread = match tools.redmine.thread(issue).await {
        Ok(thread) => thread,
        // Deleted in between.
        Err(ApiError::NotFound { .. }) => return Ok(Some(sight)),
        Err(error) => return Err(error.into()),
    };
    let standing = thread.standing();
    let adopted = tools.desk.adopted_at(key.clone()).await?;
    let mut told = sight.told;
    for note in of_others(&thread.journals, us, sight.told, adopted) {
        if let Some(comment) = CommentId::parse(&note.id.to_string()) {
            tools.desk.commented(key.clone(), comment).await?;
        }
        told = note.id;
    }
    // What was said comes before what was done.
    tools.desk.stands(key, standing).await?;
    Ok(Some(Sight { told, stood: Some(standing), ..sight }))
}

/// What others said for everybody since that note, the oldest first; the newest ones where it is
/// much. What was said before the issue was `adopted` is no news; Redmine tells whole seconds.
fn of_others(
    journals: &[Journal],
    us: u64,
    told: u64,
    adopted: Option<Timestamp>,
) -> impl Iterator<Item = &Journal> {
    let is_new = move |note: &Journal| {
        adopted.is_none_or(|adopted| note.created.as_second() >= adopted.as_second())
    };
    let is_one = move |note: &&Journal| {
        !note.private && note.author_id != us && note.id > told && is_new(note)
    };
    let mut notes: Vec<_> = journals.iter().filter(is_one).collect();
    notes.sort_by_key(|note| note.id);
    let first = if told == 0 { notes.len().saturating_sub(NOTES) } else { 0 };
    notes.into_iter().skip(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_issue_is_read_until_the_second_of_its_change_is_over() {
        let first = Sight::of(None, at(100), at(100));
        assert!(!first.settled);
        let soon = Sight::of(Some(&Sight { told: 7, ..first }), at(100), at(104));
        assert_eq!((soon.first, soon.settled, soon.told), (at(100), false, 7));
        let late = Sight::of(Some(&soon), at(100), at(105));
        assert_eq!((late.first, late.settled, late.told), (at(100), true, 7));
        // Clocks differ: ours alone counts.
        assert!(!Sight::of(None, at(3), at(900)).settled);
        let next = Sight::of(Some(&late), at(101), at(106));
        assert_eq!((next.first, next.settled, next.told), (at(106), false, 7));
    }

    #[test]
    fn notes_of_others_come_in_their_order_and_never_too_many() {
        let note = |id, author_id, private| Journal {
            id,
            author_id,
            author: String::new(),
            text: "x".to_owned(),
            private,
            created: Timestamp::UNIX_EPOCH,
        };
        let journals = [note(9, 6, false), note(3, 5, false), note(4, 6, true), note(5, 7, false)];
        let ids =
            |told| of_others(&journals, 5, told, None).map(|note| note.id).collect::<Vec<_>>();
        assert_eq!(ids(0), [5, 9]);
        assert_eq!(ids(5), [9]);
        let many: Vec<_> = (1..=300).map(|id| note(id, 6, false)).collect();
        let ids = |told| of_others(&many, 5, told, None).map(|note| note.id).collect::<Vec<_>>();
        assert_eq!((ids(0).len(), ids(0)[0]), (100, 201));
        assert_eq!((ids(10).len(), ids(10)[0]), (290, 11));
    }

    #[test]
    fn what_was_said_before_an_issue_was_adopted_is_no_news() {
        let note = |id, second| Journal {
            id,
            author_id: 6,
            author: String::new(),
            text: "x".to_owned(),
            private: false,
            created: at(second),
        };
        let journals = [note(1, 40), note(2, 50), note(3, 60)];
        let adopted = Timestamp::from_millisecond(50_900).unwrap();
        let ids = |adopted| of_others(&journals, 5, 0, adopted).map(|note| note.id);
        assert_eq!(ids(Some(adopted)).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(ids(None).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_start_comes_back_to_what_was_not_taken_up() {
        for (strangers, hidden, synced) in
            [(&[][..], &[][..], 100), (&[40, 90], &[], 40), (&[40], &[30], 30), (&[120], &[], 100)]
        {
            let of = |seconds: &[i64]| {
                (1..).zip(seconds).map(|(id, second)| (IssueId::from(id), at(*second))).collect()
            };
            let seen = Seen { strangers: of(strangers), hidden: of(hidden), ..Seen::default() };
            assert_eq!(in_step(at(100), &seen), at(synced));
        }
    }
}
