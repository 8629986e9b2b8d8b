//! The desk: what follows from what. Pure functions from a case and an event to the case's next
//! state and the effects to carry out.
//!
//! The store writes both in one step, before anything is tried; workers try the heads of a case's
//! queues and bring back an [`Outcome`]. So whatever dies, and when, replaying what is stored leads
//! to the same tickets. Order is kept within a queue, and neither queues nor cases wait for each other.

use std::time::Duration;

use jiff::Timestamp;

pub use outcome::{Done, Outcome, Policy};
pub use requests::{adopt, open_request, remark};

use super::{
    case::{Case, Conversation, Standing},
    effect::{Effect, MailRef, Stage, Work, later},
    ids::PostId,
    keys::{CaseId, CommentId, Lane, MailboxName, Tracker},
    mail::{Folder, Mail},
    ticket::{Change, Person, Source, Ticket, TicketState, Unchanged},
};

/// How long after an unclear call its traces are looked for where looking is exact: the longest
/// that a call may still be under way at the remote.
const UNDER_WAY: Duration = Duration::from_secs(30);
/// The same for posts: Mattermost itself knows a repeat by its pending id, for about 30 s, as long
/// as it comes to the same of its servers; only what is on its way through another one is waited for.
const POST_UNDER_WAY: Duration = Duration::from_secs(5);
/// The longest pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// A mail's own case: its issue is to be made, and its ticket posted, where the chat is to hear of
/// it.
#[must_use]
pub fn open(
    id: CaseId,
    mailbox: &MailboxName,
    (mail, mail_ref): (&Mail, MailRef),
    ticket: Option<Ticket>,
    policy: Policy,
    now: Timestamp,
) -> (Case, Vec<Effect>) {
    let mut case = Case::new(id, &mail.subject, now);
    case.tracker = Some(policy.tracker);
    case.mail = Some(Conversation {
        mailbox: mailbox.clone(),
        reporter: mail.answer_to().map(Case::address_of),
        quiet: mail.automatic.is_some(),
        first: Case::nameable(mail.message_id.as_ref()),
        last: Case::nameable(mail.message_id.as_ref()),
        streak: 0,
        streak_of: 0,
        people: Vec::new(),
    });
    let mut work = vec![Work::CreateIssue { mail: mail_ref.clone(), replaces: None }];
    if ticket.is_some() {
        work.extend([Work::PostTicket, Work::ShowMail { mail: mail_ref }]);
    }
    case.ticket = ticket;
    let effects = case.append(work, now);
    (case, effects)
}

/// A ticket's own case: it is to be posted. `subject` is what stands in lists; `tracker` is where
/// its issue is made, if it gets one; `source` is the post that it is made of, which is told where
/// the ticket is.
#[must_use]
pub fn open_ticket(
    id: CaseId,
    subject: &str,
    tracker: Option<Tracker>,
    ticket: Ticket,
    source: Option<Source>,
    now: Timestamp,
) -> (Case, Vec<Effect>) {
    let mut case = Case::new(id, subject, now);
    case.tracker = tracker;
    case.ticket = Some(ticket);
    let mut work = vec![Work::PostTicket];
    work.extend(source.map(|Source { channel, root }| Work::LinkBack { channel, root }));
    let effects = case.append(work, now);
    (case, effects)
}

/// Somebody does something to the case's ticket: its post and its thread are to say so.
///
/// # Errors
/// [`Unchanged`], with nothing changed, if the ticket stands so already or cannot.
pub fn change(
    case: &mut Case,
    by: &Person,
    change: &Change,
    now: Timestamp,
) -> Result<Vec<Effect>, Unchanged> {
    case.ticket.as_mut().ok_or(Unchanged::NoTicket)?.change(by, change, now)?;
    let told = Work::TellChange { by: Some(by.clone()), change: change.clone() };
    let mut work = vec![Work::UpdatePost, told];
    let moves = matches!(change, Change::Resolve | Change::Reopen);
    work.extend((moves && case.tracker.is_some()).then_some(Work::FollowState));
    Ok(case.append(work, now))
}

/// The tracker says how the case's issue stands: the ticket follows where that is news. Nothing has
/// changed if there is none to keep.
///
/// As long as the issue is still to follow the ticket, nothing is: what is told may be our own
/// doing, already overtaken in the chat. How the issue stands is looked at when it has followed.
pub fn stands(case: &mut Case, standing: Standing, now: Timestamp) -> Option<Vec<Effect>> {
    let known = case.stands;
    let older = known.is_some_and(|known| known.at >= standing.at);
    // One that was just made is open; how an adopted one stood is kept for what comes after.
    let same = known
        .map_or(!case.is_adopted() && !standing.closed, |known| known.closed == standing.closed);
    if older || same || case.follows_from(case.desk.head) {
        return None;
    }
    let work = keep(case, standing, now);
    Some(case.append(work, now))
}

/// Keeps how the issue stands; what that changes in the ticket is to be told.
fn keep(case: &mut Case, standing: Standing, now: Timestamp) -> Vec<Work> {
    case.stands = Some(standing);
    let change = case.ticket.as_mut().and_then(|ticket| ticket.follow(standing.closed, now));
    change.map_or_else(Vec::new, |change| {
        vec![Work::UpdatePost, Work::TellChange { by: None, change }]
    })
}

/// Somebody has said something, at `created`, in the thread of the case's ticket: it is to stand in
/// its issue too, unless the ticket was resolved by then.
pub fn replied(case: &mut Case, post: PostId, created: Timestamp, now: Timestamp) -> Vec<Effect> {
    let takes = |ticket: &Ticket| ticket.resolved.is_none_or(|resolved| created <= resolved);
    if case.tracker.is_none() || !case.ticket.as_ref().is_some_and(takes) {
        return Vec::new();
    }
    case.append(vec![Work::AddReply { post }], now)
}

/// A mail that belongs to the case; `sender` is the digest of its sender.
pub fn join(
    case: &mut Case,
    mail: &Mail,
    mail_ref: MailRef,
    sender: u64,
    policy: Policy,
    now: Timestamp,
) -> Vec<Effect> {
    let inbound = mail.folder == Folder::Inbox;
    if let Some(conversation) = &mut case.mail {
        conversation.hear(mail, inbound, sender);
    }
    let mut work = vec![Work::AddComment { mail: mail_ref.clone() }];
    work.extend(case.ticket.is_some().then_some(Work::ShowMail { mail: mail_ref }));
    if policy.reopen && inbound && mail.automatic.is_none() {
        work.push(Work::Reopen);
    }
    case.append(work, now)
}

/// An agent's comment, seen for the first time: it goes to the reporter, and into the thread.
pub fn agent_commented(case: &mut Case, comment: CommentId, now: Timestamp) -> Vec<Effect> {
    let mut work = Vec::new();
    if let Some(conversation) = &mut case.mail {
        conversation.streak = 0;
        let answered = conversation.reporter.is_some();
        work.extend(answered.then(|| Work::SendComment { comment: comment.clone() }));
    }
    work.extend(case.ticket.is_some().then_some(Work::ShowComment { comment }));
    case.append(work, now)
}

/// Takes up what a worker brings back about the head of the case's queue; `following` is the
/// effect behind it. Returns what is new in the queue.
pub fn settle(
    case: &mut Case,
    effect: &mut Effect,
    following: Option<&Effect>,
    outcome: Outcome,
    policy: Policy,
    now: Timestamp,
) -> Vec<Effect> {
    let mut more = Vec::new();
    match outcome {
        Outcome::Done(done) => {
            effect.stage = Stage::Done;
            effect.fault = None;
            more = follow(case, effect, done, policy, now);
        }
        Outcome::Retry { after, fault } => {
            effect.stage = Stage::Planned;
            effect.trace.begun = None;
            effect.fault = Some(fault);
            effect.postpone(after, now);
        }
        Outcome::Unclear { fault } => unclear(effect, fault, now),
        Outcome::Panicked => {
            effect.trace.panics += 1;
            unclear(effect, "it panicked".to_owned(), now);
        }
        // Cut short by a crash: when the call was really sent, nobody knows.
        Outcome::NotFound if effect.stage == Stage::Sending => {
            effect.stage = Stage::Uncertain;
            effect.trace.begun = Some(now);
            effect.due = later(now, (window(case, effect, policy) / 5).min(LOOK_AGAIN));
        }
        Outcome::NotFound => {
            let window = window(case, effect, policy);
            let begun = effect.trace.begun.unwrap_or(now);
            if now >= later(begun, window) {
                effect.stage = Stage::Planned;
                effect.trace.begun = None;
                effect.due = now;
            } else {
                effect.stage = Stage::Uncertain;
                effect.due = later(now, (window / 5).min(LOOK_AGAIN));
            }
        }
        Outcome::LookAgain { after, fault } => {
            effect.stage = Stage::Uncertain;
            effect.fault = Some(fault);
            effect.postpone(after, now);
        }
        Outcome::Refused { fault } => {
            effect.stage = Stage::Dead;
            effect.fault = Some(fault);
        }
        Outcome::IssueGone => more = replace_issue(case, effect, now),
    }
    advance(case, effect, following);
    case.append(more, now)
}

/// Whether the operator can have it tried again: it is dead, or waits after a try that failed.
#[must_use]
pub fn can_retry(case: &Case, effect: &Effect) -> bool {
    let waits = !effect.is_over() && effect.failures > 0;
    effect.stage == Stage::Dead || waits && case.head_id(effect.id.lane) == Some(effect.id)
}

/// Tries an effect again that is dead, or waits, by the operator's word. Returns what is new in the
/// queue.
pub fn retry(case: &mut Case, effect: &mut Effect, now: Timestamp) -> Vec<Effect> {
    if !can_retry(case, effect) {
        return Vec::new();
    }
    effect.trace.panics = 0;
    let lane = effect.id.lane;
    if case.head_id(lane) == Some(effect.id) {
        effect.stage = if effect.trace.begun.is_some() { Stage::Uncertain } else { Stage::Planned };
        effect.failures = 0;
        effect.due = now;
        case.queue_mut(lane).next = Some(case.next_of(effect));
        case.changed = now;
        return Vec::new();
    }
    // Its turn has passed: it queues up again. The mark of a mail's work stays the same.
    effect.stage = Stage::Requeued;
    let mut again = case.append(vec![effect.work.clone()], now);
    for new in &mut again {
        // What the tries before have left is left still.
        new.trace = effect.trace.clone();
        new.trace.origin = Some(effect.origin());
        new.stage = if new.trace.begun.is_some() { Stage::Uncertain } else { Stage::Planned };
    }
    again
}

/// The call may have happened, at the latest now.
fn unclear(effect: &mut Effect, fault: String, now: Timestamp) {
    effect.stage = Stage::Uncertain;
    effect.trace.begun = Some(now);
    effect.failures = effect.failures.saturating_add(1);
    effect.fault = Some(fault);
    effect.due = now;
}

/// What follows from what has happened.
fn follow(
    case: &mut Case,
    effect: &Effect,
    done: Done,
    policy: Policy,
    now: Timestamp,
) -> Vec<Work> {
    let mut work = Vec::new();
    let followed_again = case.follows_from(effect.id.step + 1);
    let mail = effect.work.mail().cloned();
    match done {
        Done::Plainly => {}
        Done::Created { issue, attach, watch } => {
            work.extend(requests::besides(effect, attach, watch));
            let first = matches!(effect.work, Work::CreateIssue { replaces: None, .. });
            let answered =
                case.mail.as_ref().is_some_and(|mail| !mail.quiet && mail.reporter.is_some());
            if first && policy.notices && answered {
                work.push(Work::SendNotice);
            }
            work.extend(case.ticket.is_some().then_some(Work::UpdatePost));
            if let Some(mail) = mail {
                work.extend(attach.then(|| Work::Attach { mail: mail.clone(), answer: false }));
                work.extend(watch.then_some(Work::Watch { mail }));
            }
            case.issue = Some(issue);
            // A new issue is open, whatever became of the ticket while there was none.
            case.stands = None;
            let resolved = |ticket: &Ticket| ticket.state == TicketState::Resolved;
            let behind = !followed_again && case.ticket.as_ref().is_some_and(resolved);
            work.extend(behind.then_some(Work::FollowState));
        }
        Done::Posted { post, replies } => {
            work.extend((1..=replies).map(|part| Work::PostRest { part }));
            if let Some(ticket) = &mut case.ticket {
                ticket.post = Some(post);
                let file = case.tracker.is_some() && case.mail.is_none() && case.issue.is_none();
                work.extend(file.then_some(Work::FileTicket));
            }
        }
        // What was decided in the chat since then has a step of its own.
        Done::Stands(standing) if followed_again => case.stands = Some(standing),
        Done::Stands(standing) => work = keep(case, standing, now),
        Done::Commented { attach, watch } => {
            work.extend(requests::besides(effect, attach, watch));
            work.extend(mail.filter(|_| attach).map(|mail| Work::Attach { mail, answer: true }));
        }
    }
    work
}

/// The issue is gone: a mail becomes a new one, and what belonged to the old one is over.
fn replace_issue(case: &mut Case, effect: &mut Effect, now: Timestamp) -> Vec<Work> {
    let replaces = case.issue.take();
    if let Work::AddComment { mail } = &effect.work {
        let work = Work::CreateIssue { mail: mail.clone(), replaces };
        *effect = Effect::new(effect.id, work, now);
    } else {
        case.issue = replaces;
        // Whoever asked for it must hear that it is not there.
        let asked = effect.work == Work::AddRemark;
        effect.stage = if asked { Stage::Dead } else { Stage::Done };
        effect.fault = Some("the issue is gone".to_owned());
    }
    Vec::new()
}

/// Moves the effect's queue on. Only the missing issue of a mail or of a request, or a ticket's
/// missing post, holds up what comes after it.
fn advance(case: &mut Case, effect: &Effect, following: Option<&Effect>) {
    let first =
        matches!(effect.work, Work::CreateIssue { .. } | Work::PostTicket | Work::FileRequest);
    let holds_up = effect.stage == Stage::Dead && first;
    let lane = effect.id.lane;
    if case.head_id(lane) == Some(effect.id) && effect.is_over() && !holds_up {
        case.queue_mut(lane).head += 1;
    }
    let head = case.head_id(lane);
    let mut near = [Some(effect), following].into_iter().flatten();
    let due = near.find(|effect| head == Some(effect.id) && !effect.is_over());
    case.queue_mut(lane).next = due.map(|effect| case.next_of(effect));
}

fn window(case: &Case, effect: &Effect, policy: Policy) -> Duration {
    // Redmine has no index: its lists say what there is.
    let lags = case.tracker != Some(Tracker::Redmine);
    match &effect.work {
        Work::CreateIssue { .. } | Work::FileTicket | Work::FileRequest if lags => policy.index_lag,
        _ if effect.id.lane == Lane::Chat => policy.index_lag.min(POST_UNDER_WAY),
        _ => policy.index_lag.min(UNDER_WAY),
    }
}

mod outcome;
mod requests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
