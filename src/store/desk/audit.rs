//! The audit: every mail followed to its ticket, and every index held against what it indexes.
//!
//! It is the proof that nothing was lost or doubled, so it trusts no index and no count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::error::StoreError;
use super::super::table::fault;
use super::cases::{Cases, Schedule, scheduled};
use super::effects::{Dead, Effects};
use super::links::{Issues, Messages};
use super::mails::Mails;
use super::rows::effect_of;
use super::{Counts, Desk};
use crate::model::case::{Case, MailState, Next};
use crate::model::effect::{Effect, Stage, Work};
use crate::model::keys::{CaseId, EffectId, Lane, MailKey};

mod problem;
mod requests;
mod tickets;

pub use problem::Problem;
use tickets::Tickets;

/// What an audit counted and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Mails by mailbox and the word of their state.
    pub mails: Counts,
    /// Cases.
    pub cases: u64,
    /// Tickets of the chat among them.
    pub tickets: u64,
    /// Effects by the word of their stage.
    pub effects: BTreeMap<&'static str, u64>,
    /// What does not hold together; empty in a store that is well.
    pub problems: Vec<Problem>,
}

/// What is gathered on the way: about 100 bytes a case and a follow-up.
#[derive(Default)]
struct Found {
    audit: Audit,
    /// Each case with whether it has an issue, or will.
    cases: HashMap<CaseId, bool>,
    scheduled: HashMap<(CaseId, Lane), Next>,
    /// Effects that bring a mail to Jira.
    brought: HashMap<(CaseId, MailKey), u32>,
    dead: BTreeSet<EffectId>,
    /// Requests whose words are needed still.
    requests: BTreeSet<EffectId>,
    tickets: Tickets,
}

impl Desk {
    /// Holds every row against those it belongs to. Keeps writers out meanwhile: about 80 µs a
    /// mail. Blocks.
    ///
    /// # Errors
    /// [`StoreError::Row`] for a row that does not open; [`StoreError::Engine`].
    pub fn audit(&self) -> Result<Audit, StoreError> {
        let _moment = self.hold();
        let mut found = Found::default();
        for row in self.tables().scan::<Cases>(&[])? {
            let (_, case) = row?;
            let effects = self.effects_of(case.id)?;
            found.case(&case, &effects);
            self.audit_ticket(&case, &mut found)?;
        }
        self.audit_effects(&mut found)?;
        self.audit_schedule(&mut found)?;
        self.audit_mails(&mut found)?;
        self.audit_links(&mut found)?;
        self.audit_tickets(&mut found)?;
        self.audit_requests(&mut found)?;
        found.audit.problems.sort();
        Ok(found.audit)
    }

    fn audit_effects(&self, found: &mut Found) -> Result<(), StoreError> {
        for row in self.tables().scan::<Effects>(&[])? {
            let (_, effect) = row?;
            *found.audit.effects.entry(effect.stage.word()).or_default() += 1;
            if !found.cases.contains_key(&effect.id.case) {
                found.say(Problem::EffectWithoutCase { effect: effect.id });
            }
            if effect.stage == Stage::Dead {
                found.dead.insert(effect.id);
            }
        }
        for key in self.tables().keys::<Dead>(&[])? {
            let effect = effect_of(key?).map_err(fault::<Dead>)?;
            if !found.dead.remove(&effect) {
                found.say(Problem::NotDead { effect });
            }
        }
        let unlisted = std::mem::take(&mut found.dead);
        found
            .audit
            .problems
            .extend(unlisted.into_iter().map(|effect| Problem::NotAmongDead { effect }));
        Ok(())
    }

    fn audit_schedule(&self, found: &mut Found) -> Result<(), StoreError> {
        for key in self.tables().keys::<Schedule>(&[])? {
            let (next, case) = scheduled(key?)?;
            let queue = (case, next.worker.lane());
            if found.scheduled.get(&queue) == Some(&next) {
                found.scheduled.remove(&queue);
            } else {
                found.say(Problem::Scheduled { case });
            }
        }
        let missing = std::mem::take(&mut found.scheduled);
        let missing = missing.into_keys().map(|(case, _)| Problem::NotScheduled { case });
        found.audit.problems.extend(missing);
        Ok(())
    }

    fn audit_mails(&self, found: &mut Found) -> Result<(), StoreError> {
        for row in self.tables().scan::<Mails>(&[])? {
            let (_, mail) = row?;
            let key = mail.key;
            let state = (mail.mailbox, mail.state.word());
            *found.audit.mails.entry(state).or_default() += 1;
            match mail.state {
                MailState::Ticket { case } => match found.cases.get(&case) {
                    None => found.say(Problem::MailWithoutCase { mail: key, case }),
                    Some(false) => found.say(Problem::TicketWithoutIssue { mail: key, case }),
                    Some(true) => {}
                },
                MailState::Comment { case } => {
                    let count = found.brought.get(&(case, key)).copied().unwrap_or_default();
                    if !found.cases.contains_key(&case) {
                        found.say(Problem::MailWithoutCase { mail: key, case });
                    } else if count != 1 {
                        found.say(Problem::CommentEffects { mail: key, case, found: count });
                    }
                }
                MailState::Quarantined { .. } if !self.has_raw(&key)? => {
                    found.say(Problem::NoRawText { mail: key });
                }
                MailState::Quarantined { .. } | MailState::Ignored { .. } => {}
            }
        }
        Ok(())
    }

    fn audit_links(&self, found: &mut Found) -> Result<(), StoreError> {
        for row in self.tables().scan::<Issues>(&[])? {
            let (_, link) = row?;
            if !found.cases.contains_key(&link.case) {
                found.say(Problem::IssueLink { issue: link.issue, case: link.case });
            }
        }
        for row in self.tables().scan::<Messages>(&[])? {
            let (_, link) = row?;
            if !found.cases.contains_key(&link.case) {
                found.say(Problem::MessageLink { case: link.case });
            }
        }
        Ok(())
    }
}

impl Found {
    fn say(&mut self, problem: Problem) {
        self.audit.problems.push(problem);
    }

    /// A case with its effects, in the order of the steps.
    fn case(&mut self, case: &Case, effects: &[Effect]) {
        self.audit.cases += 1;
        let makes = |effect: &Effect| {
            matches!(effect.work, Work::CreateIssue { .. })
                && !matches!(effect.stage, Stage::Done | Stage::Requeued)
        };
        let needed = |effect: &&Effect| !matches!(effect.stage, Stage::Done | Stage::Requeued);
        self.requests.extend(effects.iter().filter(needed).filter_map(Effect::request));
        self.cases.insert(case.id, case.issue.is_some() || effects.iter().any(makes));
        for lane in Lane::ALL {
            self.queue(case, lane, effects);
        }
    }

    /// One of its queues.
    fn queue(&mut self, case: &Case, lane: Lane, effects: &[Effect]) {
        let queue = case.queue(lane);
        let steps = || effects.iter().filter(|effect| effect.id.lane == lane);
        if !steps().map(|effect| effect.id.step).eq(0..queue.tail) {
            self.say(Problem::Steps { case: case.id, tail: queue.tail });
        }
        for effect in steps() {
            if let Work::CreateIssue { mail, .. } | Work::AddComment { mail } = &effect.work {
                let again = effect.stage == Stage::Requeued;
                *self.brought.entry((case.id, mail.key)).or_default() += u32::from(!again);
            }
            let fits = match effect.id.step.cmp(&queue.head) {
                std::cmp::Ordering::Less => effect.is_over(),
                std::cmp::Ordering::Equal => effect.stage != Stage::Done,
                std::cmp::Ordering::Greater => !effect.is_over(),
            };
            if !fits {
                let (effect, stage) = (effect.id, effect.stage.word());
                self.say(Problem::Head { case: case.id, head: queue.head, effect, stage });
            }
        }
        let head = steps().find(|effect| effect.id.step == queue.head);
        let due = head.filter(|effect| !effect.is_over()).map(|effect| case.next_of(effect));
        if queue.next != due {
            self.say(Problem::Due { case: case.id });
        }
        self.scheduled.extend(queue.next.map(|next| ((case.id, lane), next)));
    }
}
