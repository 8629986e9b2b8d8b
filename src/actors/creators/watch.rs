//! Whoever got a copy of a mail, or whom a caller names, watches the issue, if the tracker knows
//! them. To add a watcher twice changes nothing, so an unclear try is simply repeated. One who may
//! not watch stops nobody else.

use super::{Creator, plainly, wanted};
use crate::{
    actors::mailboxes::{Letter, Mailbox},
    clients::ApiError,
    model::{
        desk::Outcome,
        effect::{Effect, MailRef},
        mail::Email,
        request::WATCHERS_MAX,
    },
    store::StoreError,
};

/// People that one mail makes watchers: whoever writes one may name anybody.
const NAMED_MAX: usize = 25;

pub(super) async fn of_mail<C: Creator>(
    by: &C,
    effect: &Effect,
    mailbox: &Mailbox,
    mail: &MailRef,
    issue: &C::Issue,
) -> Outcome {
    let letter = match mailbox.letter(mail, effect.failures).await {
        Ok(letter) => letter,
        Err(error) => return by.read_failed(effect, &error),
    };
    let Letter::Here { mail, .. } = letter else { return plainly() };
    let people: Vec<_> = mail.recipients.into_iter().map(|person| person.email).collect();
    let others = people.iter().take(NAMED_MAX).filter(|email| **email != mailbox.address);
    let others: Vec<_> = others.collect();
    watch(by, effect, &others, issue).await
}

pub(super) async fn of_request<C: Creator>(
    by: &C,
    effect: &Effect,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let wanted = match wanted(by, effect).await? {
        Ok(wanted) => wanted,
        Err(outcome) => return Ok(outcome),
    };
    let people: Vec<_> = wanted.watchers().iter().take(WATCHERS_MAX).collect();
    Ok(watch(by, effect, &people, issue).await)
}

async fn watch<C: Creator>(
    by: &C,
    effect: &Effect,
    people: &[&Email],
    issue: &C::Issue,
) -> Outcome {
    let mut refused = 0;
    for email in people {
        let account = match by.account(email).await {
            Ok(Some(account)) => account,
            Ok(None) => continue,
            Err(error) => return by.read_failed(effect, &error),
        };
        match by.watch(issue, &account).await {
            Ok(()) => {}
            Err(
                ApiError::Forbidden { .. } | ApiError::NotFound { .. } | ApiError::Rejected { .. },
            ) => refused += 1,
            Err(error @ ApiError::Ambiguous { .. }) => {
                return Outcome::Retry { after: None, fault: error.to_string() };
            }
            Err(error) => return by.write_failed(effect, &error),
        }
    }
    if refused > 0 {
        tracing::warn!(
            issue.key = %issue,
            watchers.refused = refused,
            "the tracker does not let everybody watch who was named"
        );
    }
    plainly()
}
