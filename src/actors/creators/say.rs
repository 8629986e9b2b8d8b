//! A follow-up, what somebody says in a ticket's thread, or what a caller says, becomes a comment,
//! once.

use super::{Creator, goods, plainly, read, wanted};
use crate::{
    actors::{desk::Task, issue_words::Reply, mailboxes::Mailbox},
    model::{
        desk::{Done, Outcome},
        effect::{Effect, MailRef},
        ids::PostId,
        request::Wanted,
    },
    store::StoreError,
};

pub(super) async fn mail<C: Creator>(
    by: &C,
    task: &Task,
    mailbox: &Mailbox,
    mail: &MailRef,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let effect = &task.effect;
    let mark = effect.mark();
    if let Err(outcome) = looked(by, effect, issue, &mark).await {
        return Ok(outcome);
    }
    let reading = match read(by, effect, mailbox, (mail, true)).await {
        Ok(reading) => reading,
        Err(outcome) => return Ok(outcome),
    };
    if !effect.is_unclear() {
        let text = by.writer(mailbox.locale).comment(mailbox, &task.case, &reading);
        if let Err(outcome) = by.say(effect, issue, &mark, &text).await? {
            return Ok(outcome);
        }
        tracing::info!(issue.key = %issue, case.id = %task.case.id, "a mail became a comment");
    }
    let attach = !reading.parcels().is_empty();
    Ok(Outcome::Done(Done::Commented { attach, watch: false }))
}

pub(super) async fn reply<C: Creator>(
    by: &C,
    effect: &Effect,
    post: &PostId,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let (common, mark) = (by.common(), format!("reply-{post}"));
    let commented = Outcome::Done(Done::Commented { attach: false, watch: false });
    if let Err(outcome) = looked(by, effect, issue, &mark).await {
        return Ok(outcome);
    }
    if effect.is_unclear() {
        return Ok(commented);
    }
    let text = match Reply::fetch(common.mattermost, post).await {
        Ok(Some(reply)) => by.writer(common.locale).reply(&reply),
        // Taken back in the chat before it was here.
        Ok(None) => return Ok(plainly()),
        Err(error) => return Ok(by.read_failed(effect, &error)),
    };
    Ok(by.say(effect, issue, &mark, &text).await?.map_or_else(|outcome| outcome, |()| commented))
}

pub(super) async fn remark<C: Creator>(
    by: &C,
    effect: &Effect,
    issue: &C::Issue,
) -> Result<Outcome, StoreError> {
    let common = by.common();
    let mark = format!("remark-{}", common.desk.post_mark(effect.origin()));
    if let Err(outcome) = looked(by, effect, issue, &mark).await {
        return Ok(outcome);
    }
    let wanted = match wanted(by, effect).await? {
        Ok(wanted) => wanted,
        Err(outcome) => return Ok(outcome),
    };
    let Wanted::Remark(new) = &wanted else {
        return Ok(Outcome::Refused { fault: "no comment was asked for".to_owned() });
    };
    let limit = match goods::limit(by, effect, &wanted).await {
        Ok(limit) => limit,
        Err(outcome) => return Ok(outcome),
    };
    let writer = by.writer(common.locale);
    if !effect.is_unclear() {
        let text = writer.remark(new, limit);
        if let Err(outcome) = by.say(effect, issue, &mark, &text).await? {
            return Ok(outcome);
        }
        tracing::info!(issue.key = %issue, "a request became a comment");
    }
    let attach = !writer.parcels_of(&wanted, limit).is_empty();
    Ok(Outcome::Done(Done::Commented { attach, watch: !wanted.watchers().is_empty() }))
}

/// An unclear one is there; an outcome if not, or if that cannot be told.
async fn looked<C: Creator>(
    by: &C,
    effect: &Effect,
    issue: &C::Issue,
    mark: &str,
) -> Result<(), Outcome> {
    if effect.is_unclear() && !by.was_said(effect, issue, mark).await? {
        return Err(Outcome::NotFound);
    }
    Ok(())
}
