//! One thing that the desk does to the outside, written down before it is tried.
//!
//! `planned → sending → done | dead (→ requeued)`, and `uncertain` in between when a call may have happened:
//! such an effect is looked for before it is tried again. Nothing here can fail.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::discreet::discreet;
use super::ids::{ChannelId, PostId};
use super::keys::{CommentId, EffectId, IssueKey, MailKey, Tracker};
use super::ticket::{Change, Person};
pub use super::worker::Worker;

/// The pause after the first failure; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// The mail that an effect is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRef {
    /// Its key in the register.
    pub key: MailKey,
    /// The mailbox's own id, by which its text is fetched.
    pub remote: String,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Work {
    /// Make the case's issue of this mail.
    CreateIssue {
        /// The mail.
        mail: MailRef,
        /// The issue that was deleted in Jira, where this one takes its place.
        replaces: Option<IssueKey>,
    },
    /// Hang the mail's attachments on the issue.
    Attach {
        /// The mail.
        mail: MailRef,
        /// It became a comment, without what it quotes.
        answer: bool,
    },
    /// Make the mail's recipients watchers of the issue.
    Watch {
        /// The mail.
        mail: MailRef,
    },
    /// Make the mail a comment of the issue.
    AddComment {
        /// The mail.
        mail: MailRef,
    },
    /// Reopen the issue if it is closed: a follow-up came.
    Reopen,
    /// Make the issue stand as the case's ticket does, closed or open.
    FollowState,
    /// Tell the reporter by mail that there is an issue.
    SendNotice,
    /// Send an agent's comment to the reporter by mail.
    SendComment {
        /// The comment.
        comment: CommentId,
    },
    /// Make the case's issue of its ticket.
    FileTicket,
    /// Make what was said in the ticket's thread a comment of the issue.
    AddReply {
        /// The post.
        post: PostId,
    },
    /// Make the case's issue of what a caller asks.
    FileRequest,
    /// Make what a caller says a comment of the issue.
    AddRemark,
    /// Hang the files of a request on the issue.
    AttachUploads {
        /// The request.
        of: EffectId,
    },
    /// Make those whom a request names watchers of the issue.
    WatchRequest {
        /// The request.
        of: EffectId,
    },
    /// Show an agent's comment in the ticket's thread.
    ShowComment {
        /// The comment.
        comment: CommentId,
    },
    /// Show what a mail says in the ticket's thread.
    ShowMail {
        /// The mail.
        mail: MailRef,
    },
    /// Post the case's ticket in its channel.
    PostTicket,
    /// Say in the ticket's thread what its post has no room for.
    PostRest {
        /// Which part of it; the post itself is part 0.
        part: u32,
    },
    /// Make the ticket's post show how the ticket stands now.
    UpdatePost,
    /// Tell the ticket's thread what was done to the ticket.
    TellChange {
        /// By whom; nobody where it was done in the tracker.
        by: Option<Person>,
        /// What.
        #[serde(flatten)]
        change: Change,
    },
    /// Tell the thread of the post that the ticket was made of where its ticket is.
    LinkBack {
        /// The channel of that post.
        channel: ChannelId,
        /// The post that begins its thread.
        root: PostId,
    },
}

impl Work {
    /// Who does it, where the case's issue lives in this tracker.
    #[must_use]
    pub fn worker(&self, tracker: Tracker) -> Worker {
        match self {
            Self::CreateIssue { .. }
            | Self::Attach { .. }
            | Self::Watch { .. }
            | Self::AddComment { .. }
            | Self::Reopen
            | Self::FollowState
            | Self::FileTicket
            | Self::AddReply { .. }
            | Self::FileRequest
            | Self::AddRemark
            | Self::AttachUploads { .. }
            | Self::WatchRequest { .. } => tracker.into(),
            Self::SendNotice | Self::SendComment { .. } => Worker::Mail,
            Self::PostTicket
            | Self::PostRest { .. }
            | Self::UpdatePost
            | Self::TellChange { .. }
            | Self::LinkBack { .. }
            | Self::ShowComment { .. }
            | Self::ShowMail { .. } => Worker::Chat,
        }
    }

    /// The mail that it is about.
    #[must_use]
    pub fn mail(&self) -> Option<&MailRef> {
        match self {
            Self::CreateIssue { mail, .. }
            | Self::Attach { mail, .. }
            | Self::Watch { mail }
            | Self::AddComment { mail }
            | Self::ShowMail { mail } => Some(mail),
            Self::Reopen
            | Self::FollowState
            | Self::SendNotice
            | Self::SendComment { .. }
            | Self::PostTicket
            | Self::PostRest { .. }
            | Self::UpdatePost
            | Self::TellChange { .. }
            | Self::LinkBack { .. }
            | Self::FileTicket
            | Self::AddReply { .. }
            | Self::FileRequest
            | Self::AddRemark
            | Self::AttachUploads { .. }
            | Self::WatchRequest { .. }
            | Self::ShowComment { .. } => None,
        }
    }

    /// A word for logs, metrics and lists.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::CreateIssue { .. } => "create_issue",
            Self::Attach { .. } => "attach",
            Self::Watch { .. } => "watch",
            Self::AddComment { .. } => "add_comment",
            Self::Reopen => "reopen",
            Self::FollowState => "follow_state",
            Self::SendNotice => "send_notice",
            Self::SendComment { .. } => "send_comment",
            Self::PostTicket => "post_ticket",
            Self::PostRest { .. } => "post_rest",
            Self::UpdatePost => "update_post",
            Self::TellChange { .. } => "tell_change",
            Self::LinkBack { .. } => "link_back",
            Self::FileTicket => "file_ticket",
            Self::AddReply { .. } => "add_reply",
            Self::FileRequest => "file_request",
            Self::AddRemark => "add_remark",
            Self::AttachUploads { .. } => "attach_uploads",
            Self::WatchRequest { .. } => "watch_request",
            Self::ShowComment { .. } => "show_comment",
            Self::ShowMail { .. } => "show_mail",
        }
    }
}

/// How far an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not tried, or surely without effect.
    Planned,
    /// Being tried; after a crash the same as uncertain.
    Sending,
    /// It may have happened.
    Uncertain,
    /// It has happened.
    Done,
    /// It will not happen unless the operator has it tried again.
    Dead,
    /// The operator had it tried again: a later step of its case stands for it.
    Requeued,
}

impl Stage {
    /// A word for lists and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Requeued => "requeued",
        }
    }
}

/// What must be known to find out whether a try had its effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trace {
    /// When the try began that is not settled.
    pub begun: Option<Timestamp>,
    /// What the try makes has a number above this one: the highest issue of the project, or the
    /// highest attachment, known when it began.
    pub above: Option<u64>,
    /// The draft that the try sends.
    pub draft: Option<String>,
    /// Parts that are done: attachments, watchers.
    pub parts: u32,
    /// How many of them are not to be had, or the tracker does not take: they are nowhere at the
    /// remote.
    pub lost: u32,
    /// Tries of a mail in which an image did not come across.
    pub broken: u32,
    /// Tries that panicked.
    pub panics: u32,
    /// Fields that Jira does not take from us in this issue.
    pub without: Vec<String>,
    /// The step that this one stands for, by whose mark what it made is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<EffectId>,
}

/// One thing to be done to the outside.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its id: stable from the first plan to the end.
    pub id: EffectId,
    /// What.
    pub work: Work,
    /// How far it is.
    pub stage: Stage,
    /// Tries that failed.
    pub failures: u32,
    /// Not before this time.
    pub due: Timestamp,
    /// When it was planned.
    pub planned: Timestamp,
    /// What the present try leaves behind.
    pub trace: Trace,
    /// What went wrong last, in a word or a few; no address and no text of a mail.
    pub fault: Option<String>,
}

discreet!(Effect { id, work, stage, failures, due, trace });

impl Effect {
    /// A new one, due at once.
    #[must_use]
    pub fn new(id: EffectId, work: Work, now: Timestamp) -> Self {
        let trace = Trace::default();
        let stage = Stage::Planned;
        Self { id, work, stage, failures: 0, due: now, planned: now, trace, fault: None }
    }

    /// The mark that it leaves at the remote: the same for every try of the same work.
    #[must_use]
    pub fn mark(&self) -> String {
        match self.work.mail() {
            Some(mail) => format!("mail-{:.20}", mail.key.to_string()),
            None => format!("effect-{}", self.id),
        }
    }

    /// The step whose mark it leaves in the chat: its own, or of the one that it stands for.
    #[must_use]
    pub fn origin(&self) -> EffectId {
        self.trace.origin.unwrap_or(self.id)
    }

    /// The request whose words it needs, if it is about one.
    #[must_use]
    pub fn request(&self) -> Option<EffectId> {
        match self.work {
            Work::FileRequest | Work::AddRemark => Some(self.origin()),
            Work::AttachUploads { of } | Work::WatchRequest { of } => Some(of),
            _ => None,
        }
    }

    /// Whether an earlier try of it may have worked.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        matches!(self.stage, Stage::Sending | Stage::Uncertain)
    }

    /// Whether it will not change by itself any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Dead | Stage::Requeued)
    }

    /// A try begins; `above` as in [`Trace`]. To be stored, durably, before the call.
    pub fn begin(&mut self, above: Option<u64>, now: Timestamp) {
        self.stage = Stage::Sending;
        self.trace.begun = Some(now);
        self.trace.above = above.or(self.trace.above);
    }

    /// When to try again after one more failure. Doubling, with a share that differs by effect so
    /// that what failed together does not come back together.
    pub(super) fn postpone(&mut self, after: Option<Duration>, now: Timestamp) {
        let doubled = PAUSE.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        let pause = after.unwrap_or(doubled);
        let share = (self.id.case.get() * 7 + u64::from(self.id.step)) % 16;
        let spread = pause / 64 * u32::try_from(share).unwrap_or_default();
        self.failures = self.failures.saturating_add(1);
        self.due = later(now, pause + spread);
    }
}

/// `now` and so long after it; the end of time at most.
#[must_use]
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
