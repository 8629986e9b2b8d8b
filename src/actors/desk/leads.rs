//! What leads to a case from outside, as far as an effect that was settled has made it.

use crate::{
    model::{case::Case, effect::Effect, mail::MessageId},
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
        rows.link_issue(issue, case.id)?;
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
