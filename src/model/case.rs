//! A case: one conversation with its ticket, and what of it is still to be done. The desk moves
//! it; the store keeps it in one short row.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    discreet::discreet,
    effect::{Effect, Work, Worker},
    keys::{CaseId, EffectId, IssueKey, Lane, MailKey, MailboxName, Tracker},
    mail::{Address, Email, Folder, Mail, MessageId},
    render,
    ticket::Ticket,
};

/// Characters of the subject that a case keeps.
const SUBJECT_MAX: usize = 200;
/// Characters of the reporter's name that a case keeps.
const NAME_MAX: usize = 100;
/// Bytes of the longest Message-ID that a reply will name.
const MESSAGE_ID_MAX: usize = 400;

/// People that a case keeps.
const PEOPLE_MAX: usize = 50;

/// One matter: its ticket, and what of it is still to be done.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// The subject, on one line.
    pub subject: String,
    /// What its issue lives in, or will; without one it has no issue.
    pub tracker: Option<Tracker>,
    /// The issue, once it is there.
    pub issue: Option<IssueKey>,
    /// How the issue was last known to stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<Standing>,
    /// The last step that makes the issue stand as the ticket does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<u32>,
    /// Where its issue is made, if a caller of the API asked for it: the name of a board of Jira's, a
    /// project of Redmine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<String>,
    /// What is said by mail, if it began with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Conversation>,
    /// What is said in the chat, if it has a thread there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// When it began.
    pub opened: Timestamp,
    /// When something last happened.
    pub changed: Timestamp,
    /// What is to be done in the tracker and by mail.
    pub desk: Queue,
    /// What is to be done in the chat.
    #[serde(default, skip_serializing_if = "Queue::is_fresh")]
    pub chat: Queue,
}

discreet!(Case { id, tracker, issue, stands, mail, ticket, desk, chat });

/// What of a case is still to be done, one step after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// The step that is next to be done.
    pub head: u32,
    /// The step that the next effect gets.
    pub tail: u32,
    /// When the head is due, and who does it; none when nothing is to be done, or the head is dead.
    pub next: Option<Next>,
}

impl Queue {
    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.head == self.tail
    }

    fn is_fresh(&self) -> bool {
        *self == Self::default()
    }
}

/// How an issue stood in its tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it was closed.
    pub closed: bool,
    /// When the issue had last changed, by the tracker's clock.
    pub at: Timestamp,
}

/// A case's side in the mailbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The mailbox that it came to, and that answers.
    pub mailbox: MailboxName,
    /// Who asked, and gets the answers; nobody where the first mail had no sender.
    pub reporter: Option<Address>,
    /// A machine opened it: it is never answered by ticketd itself.
    pub quiet: bool,
    /// The reporter's first mail, which replies refer to.
    pub first: Option<MessageId>,
    /// The reporter's last mail, which replies answer.
    pub last: Option<MessageId>,
    /// Mails of one sender in a row with no answer in between.
    pub streak: u32,
    /// Whose: a short keyed digest of the address.
    pub streak_of: u64,
    /// Who takes part in it, by the short digests of the addresses; the first ones.
    pub people: Vec<u32>,
}

discreet!(Conversation { mailbox });

/// When a case wants attention, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// Whose.
    pub worker: Worker,
    /// Not before.
    pub at: Timestamp,
}

impl Case {
    /// A new one, in which nothing is to be done yet.
    #[must_use]
    pub(super) fn new(id: CaseId, subject: &str, now: Timestamp) -> Self {
        Self {
            id,
            subject: Self::subject_of(subject),
            tracker: None,
            issue: None,
            stands: None,
            follows: None,
            asked_for: None,
            mail: None,
            ticket: None,
            opened: now,
            changed: now,
            desk: Queue::default(),
            chat: Queue::default(),
        }
    }

    /// One of its queues.
    #[must_use]
    pub fn queue(&self, lane: Lane) -> &Queue {
        match lane {
            Lane::Desk => &self.desk,
            Lane::Chat => &self.chat,
        }
    }

    pub(super) fn queue_mut(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Desk => &mut self.desk,
            Lane::Chat => &mut self.chat,
        }
    }

    /// Who does this work in this case. Where no tracker is named nobody has anything to do there.
    pub(super) fn worker(&self, work: &Work) -> Worker {
        work.worker(self.tracker.unwrap_or(Tracker::Jira))
    }

    /// When an effect of its is due, and whose it is.
    #[must_use]
    pub fn next_of(&self, effect: &Effect) -> Next {
        Next { worker: self.worker(&effect.work), at: effect.due }
    }

    /// Where its issue is made, as far as the case says: a mailbox has its place configured.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        let ticket = || self.ticket.as_ref().and_then(|ticket| ticket.place.as_deref());
        self.asked_for.as_deref().or_else(ticket)
    }

    /// Whether it only took up an issue that somebody else has made: it makes none itself.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.mail.is_none() && self.ticket.is_none() && self.asked_for.is_none()
    }

    /// The mailbox that it came to.
    #[must_use]
    pub fn mailbox(&self) -> Option<&MailboxName> {
        self.mail.as_ref().map(|mail| &mail.mailbox)
    }

    /// Who asked by mail.
    #[must_use]
    pub fn reporter(&self) -> Option<&Address> {
        self.mail.as_ref().and_then(|mail| mail.reporter.as_ref())
    }

    /// Cut to what a row holds: the subject.
    #[must_use]
    pub fn subject_of(text: &str) -> String {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        render::cut(line.trim(), SUBJECT_MAX)
    }

    /// Cut to what a row holds: an address.
    pub(super) fn address_of(address: &Address) -> Address {
        let name = address.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Address { name: name.map(|name| render::cut(name, NAME_MAX)), email: address.email.clone() }
    }

    /// A Message-ID that a reply may name.
    pub(super) fn nameable(id: Option<&MessageId>) -> Option<MessageId> {
        id.filter(|id| id.as_str().len() <= MESSAGE_ID_MAX && id.as_str().is_ascii()).cloned()
    }

    /// Puts work at the end of its queue.
    pub(super) fn append(&mut self, work: Vec<Work>, now: Timestamp) -> Vec<Effect> {
        let case = self.id;
        let effects = work.into_iter().map(|work| {
            let worker = self.worker(&work);
            let lane = worker.lane();
            let queue = self.queue_mut(lane);
            let effect = Effect::new(EffectId { case, lane, step: queue.tail }, work, now);
            if queue.is_idle() {
                queue.next = Some(Next { worker, at: effect.due });
            }
            queue.tail += 1;
            if effect.work == Work::FollowState {
                self.follows = Some(effect.id.step);
            }
            effect
        });
        let effects = effects.collect();
        self.changed = now;
        effects
    }

    /// Whether the issue is still to be made to stand as the ticket does, by this step or a later
    /// one.
    pub(super) fn follows_from(&self, step: u32) -> bool {
        self.follows.is_some_and(|follows| follows >= step)
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.desk.is_idle() && self.chat.is_idle()
    }

    /// The id of the step that is next to be done in this queue.
    #[must_use]
    pub fn head_id(&self, lane: Lane) -> Option<EffectId> {
        let queue = self.queue(lane);
        (!queue.is_idle()).then_some(EffectId { case: self.id, lane, step: queue.head })
    }
}

impl Conversation {
    /// A mail joins it; `sender` is the digest of its sender.
    pub(super) fn hear(&mut self, mail: &Mail, inbound: bool, sender: u64) {
        let by_reporter = mail.from.iter().chain(&mail.reply_to).any(|writer| {
            self.reporter.as_ref().is_some_and(|reporter| reporter.email == writer.email)
        });
        if by_reporter && let Some(id) = Case::nameable(mail.message_id.as_ref()) {
            self.last = Some(id);
        }
        self.streak = if inbound && self.streak_of == sender { self.streak + 1 } else { 1 };
        self.streak_of = if inbound { sender } else { 0 };
    }

    /// The address of this digest takes part in it. Beyond the first ones nobody is kept.
    pub fn admit(&mut self, who: u64) {
        if self.people.len() < PEOPLE_MAX && !self.knows(who) {
            self.people.push(short(who));
        }
    }

    /// Whether the address of this digest takes part in it.
    #[must_use]
    pub fn knows(&self, who: u64) -> bool {
        self.people.contains(&short(who))
    }
}

/// Half a digest: enough to tell some people apart, and short enough for a row.
fn short(who: u64) -> u32 {
    (who >> 32) as u32
}

/// What became of a mail: exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MailState {
    /// It opened a case.
    Ticket {
        /// The case.
        case: CaseId,
    },
    /// It joined a case.
    Comment {
        /// The case.
        case: CaseId,
    },
    /// A rule of the filter keeps it out.
    Ignored {
        /// The rule's word.
        rule: String,
    },
    /// It could not be read. Its raw text is kept.
    Quarantined {
        /// Why, in a few words.
        reason: String,
    },
}

impl MailState {
    /// A word for lists and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ticket { .. } => "ticket",
            Self::Comment { .. } => "comment",
            Self::Ignored { .. } => "ignored",
            Self::Quarantined { .. } => "quarantined",
        }
    }

    /// The case that it belongs to.
    #[must_use]
    pub fn case(&self) -> Option<CaseId> {
        match self {
            Self::Ticket { case } | Self::Comment { case } => Some(*case),
            Self::Ignored { .. } | Self::Quarantined { .. } => None,
        }
    }
}

/// The register's row of a mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Its key.
    pub key: MailKey,
    /// The mailbox.
    pub mailbox: MailboxName,
    /// The mailbox's own id.
    pub remote: String,
    /// The folder that it lay in.
    pub folder: Folder,
    /// Who wrote it.
    pub from: Option<Email>,
    /// Its subject, cut.
    pub subject: String,
    /// When the mailbox got it.
    pub received: Timestamp,
    /// When ticketd recorded it.
    pub recorded: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub state: MailState,
}

discreet!(MailRecord { key, mailbox, remote, state });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::desk::{
        open,
        samples::{POLICY, at, mail, mail_ref, mailbox},
    };

    #[test]
    fn a_case_keeps_the_first_people_once() {
        let now = at(0);
        let (case, _) =
            open(CaseId::first(), &mailbox(), (&mail(1), mail_ref(1)), None, POLICY, now);
        let mut case = case.mail.unwrap();
        let who = |n: u64| n << 32;
        for n in (1..=60).chain(1..=60) {
            case.admit(who(n));
        }
        assert_eq!(case.people.len(), PEOPLE_MAX);
        assert!(case.knows(who(1)) && case.knows(who(50)) && !case.knows(who(51)));
        assert!(!case.knows(who(0)));
    }
}
