//! Marks and pauses.

use super::*;
use crate::model::keys::{CaseId, Lane, MailboxName};

#[test]
fn the_mark_is_the_mails_and_survives_a_new_plan() {
    let key = MailKey::of(&MailboxName::parse("support").unwrap(), "1@x");
    let mail = MailRef { key, remote: "M1".into() };
    let id = |step| EffectId { case: CaseId::first(), lane: Lane::Desk, step };
    let now = Timestamp::UNIX_EPOCH;
    let create = Work::CreateIssue { mail: mail.clone(), replaces: None };
    let mark = Effect::new(id(0), create.clone(), now).mark();
    assert_eq!(mark, Effect::new(id(9), create, now).mark());
    assert_eq!(mark.len(), 25);
    assert_eq!(Effect::new(id(3), Work::SendNotice, now).mark(), "effect-1.3");
}

#[test]
fn pauses_grow_to_a_limit_and_obey_the_service() {
    let now = Timestamp::UNIX_EPOCH;
    let id = EffectId { case: CaseId::new(16).unwrap(), lane: Lane::Desk, step: 0 };
    let mut effect = Effect::new(id, Work::Reopen, now);
    let mut last = 0;
    for _ in 0..40 {
        effect.postpone(None, now);
        let pause = effect.due.as_second();
        assert!(pause >= last && pause <= 300, "{pause}");
        last = pause;
    }
    assert_eq!(last, 300);
    effect.postpone(Some(Duration::from_secs(17)), now);
    assert_eq!(effect.due.as_second(), 17);
}
