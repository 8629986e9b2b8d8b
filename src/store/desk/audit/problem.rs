//! What an audit can find: each a sentence for the operator. Nothing here fails.

use jiff::civil::Date;

use crate::model::keys::{CaseId, EffectId, IssueKey, MailKey};
use crate::model::ticket::TicketNumber;

/// Two rows of the desk that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Problem {
    /// A mail's case is missing.
    #[error("mail {mail} belongs to case {case}, which is not there")]
    MailWithoutCase {
        /// The mail.
        mail: MailKey,
        /// The case.
        case: CaseId,
    },
    /// A ticket will never be one.
    #[error("mail {mail} opened case {case}, which has no issue and nothing that will make one")]
    TicketWithoutIssue {
        /// The mail.
        mail: MailKey,
        /// The case.
        case: CaseId,
    },
    /// A follow-up is lost or doubled.
    #[error(
        "mail {mail} joined case {case}, where {found} effects bring it to jira instead of one"
    )]
    CommentEffects {
        /// The mail.
        mail: MailKey,
        /// The case.
        case: CaseId,
        /// How many effects there are for it.
        found: u32,
    },
    /// A quarantined mail cannot be looked at.
    #[error("mail {mail} is quarantined, and its raw text is missing")]
    NoRawText {
        /// The mail.
        mail: MailKey,
    },
    /// A step of a case is missing, or one too many.
    #[error("case {case} has steps up to {tail}, and its effects are others")]
    Steps {
        /// The case.
        case: CaseId,
        /// The case's own count.
        tail: u32,
    },
    /// The queue's head is not where the work is.
    #[error("case {case} is at step {head}, and effect {effect} is {stage}")]
    Head {
        /// The case.
        case: CaseId,
        /// The case's own head.
        head: u32,
        /// The effect that contradicts it.
        effect: EffectId,
        /// The effect's stage.
        stage: &'static str,
    },
    /// A case is due at another time than its head.
    #[error("case {case} is not due when its next effect is")]
    Due {
        /// The case.
        case: CaseId,
    },
    /// A case is missing in the schedule.
    #[error("case {case} is due and not in the schedule")]
    NotScheduled {
        /// The case.
        case: CaseId,
    },
    /// An entry of the schedule that no case asks for.
    #[error("the schedule has an entry for case {case} that the case does not ask for")]
    Scheduled {
        /// The case.
        case: CaseId,
    },
    /// An effect without its case.
    #[error("effect {effect} belongs to a case that is not there")]
    EffectWithoutCase {
        /// The effect.
        effect: EffectId,
    },
    /// A dead effect that nobody will find.
    #[error("effect {effect} is dead and not among the dead")]
    NotAmongDead {
        /// The effect.
        effect: EffectId,
    },
    /// An effect among the dead that is not dead.
    #[error("effect {effect} is among the dead and is not dead")]
    NotDead {
        /// The effect.
        effect: EffectId,
    },
    /// An issue's link leads nowhere.
    #[error("issue {issue} leads to case {case}, which is not there")]
    IssueLink {
        /// The issue.
        issue: IssueKey,
        /// The case.
        case: CaseId,
    },
    /// A Message-ID's link leads nowhere.
    #[error("a message-id leads to case {case}, which is not there")]
    MessageLink {
        /// The case.
        case: CaseId,
    },
    /// A ticket's number is not its own.
    #[error("case {case} has ticket {number}, and that number does not lead to it")]
    NumberMissing {
        /// The case.
        case: CaseId,
        /// The number.
        number: TicketNumber,
    },
    /// A number leads to a case that does not bear it.
    #[error("ticket {number} leads to case {case}, which is not there or has another number")]
    NumberLink {
        /// The number.
        number: TicketNumber,
        /// The case.
        case: CaseId,
    },
    /// The numbers of a day have a gap, or go beyond the count.
    #[error(
        "of {day} the last ticket is {last} and {purged} are purged, and there are {found} numbers \
         up to it and {beyond} beyond"
    )]
    Numbers {
        /// The day.
        day: Date,
        /// The day's own count.
        last: u32,
        /// How many of them have been purged.
        purged: u32,
        /// How many of them are there.
        found: u32,
        /// How many are above the day's own count.
        beyond: u32,
    },
    /// What was filled into a form is lost.
    #[error("case {case} has a ticket, and what was filled into its form is missing or broken")]
    NoFields {
        /// The case.
        case: CaseId,
    },
    /// What was filled into a form belongs to nothing.
    #[error("fields of a form belong to case {case}, which is not there or has no ticket")]
    FieldsLink {
        /// The case.
        case: CaseId,
    },
    /// An open ticket that no list shows.
    #[error("case {case} has an open ticket that is not among the open ones")]
    NotAmongOpen {
        /// The case.
        case: CaseId,
    },
    /// A list shows a ticket that is not open.
    #[error("case {case} is among the open tickets and has none that is open")]
    NotOpen {
        /// The case.
        case: CaseId,
    },
    /// A ticket's post does not lead to it: its buttons would not work.
    #[error("case {case} has a post in the chat that does not lead to it")]
    PostMissing {
        /// The case.
        case: CaseId,
    },
    /// A post leads nowhere.
    #[error("a post leads to case {case}, which is not there or has no ticket")]
    PostLink {
        /// The case.
        case: CaseId,
    },
    /// What a caller asked for is lost before the tracker has it.
    #[error("the words of request {request} are missing, and not all of it is done")]
    NoRequest {
        /// The request.
        request: EffectId,
    },
    /// The words of a request belong to nothing.
    #[error("request {request} belongs to a case that is not there")]
    RequestLink {
        /// The request.
        request: EffectId,
    },
    /// A caller's key leads nowhere.
    #[error("a caller's key leads to case {case}, which is not there")]
    AskedLink {
        /// The case.
        case: CaseId,
    },
    /// A caller's file belongs to nothing.
    #[error("a file that was sent belongs to case {case}, which is not there")]
    UploadLink {
        /// The case.
        case: CaseId,
    },
    /// An event has a number that has not been given yet.
    #[error("there is an event {number}, and the last one is {last}")]
    EventNumber {
        /// The event's number.
        number: u64,
        /// The number given last.
        last: u64,
    },
    /// A dialog's state leads nowhere: it could be used again.
    #[error("a dialog's state leads to case {case}, which is not there or has no ticket")]
    StateLink {
        /// The case.
        case: CaseId,
    },
}
