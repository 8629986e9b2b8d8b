//! What leads to a case from outside, as far as an effect that was settled has made it.

use crate::{
    model::{case::Case, effect::Effect, keys::IssueKey, mail::MessageId},
    store::{DeskTx, StoreError},
};

/// Keeps what leads to the case; `created` if the effect has just made its issue.
pub(super) fn keep(
    rows: &mut DeskTx<'_>,
    case: &Case,
    effect: &Effect,
    created: bool,
) -> Result<(), StoreError> {
    if let Some(issue) = &case.issue {
        link_issue(rows, case, issue)?;
    }
    // By its mark the issue is known again when its key has changed.
    let mark = MessageId::parse(&effect.mark()).filter(|_| created);
    if let (Some(mailbox), Some(mark)) = (case.mailbox(), mark) {
        rows.link_message(mailbox, &mark, case.id)?;
    }
    if let Some(post) = case.ticket.as_ref().and_then(|ticket| ticket.post.as_ref())
        && rows.case_of_post(post)? != Some(case.id)
    {
        rows.link_post(post, case.id)?;
    }
    Ok(())
}

/// What happens to the issue belongs to this case; if it only adopted it, unless the case that made
/// it has come to it meanwhile.
pub(super) fn link_issue(
    rows: &mut DeskTx<'_>,
    case: &Case,
    issue: &IssueKey,
) -> Result<(), StoreError> {
    if case.is_adopted()
        && let Some(other) = rows.case_of_issue(issue)?.filter(|other| *other != case.id)
        && rows.case(other)?.is_some_and(|other| !other.is_adopted())
    {
        return Ok(());
    }
    rows.link_issue(issue, case.id)
}
