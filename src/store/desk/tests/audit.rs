//! The audit finds each fault, and none where there is none.

use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "one table of faults")]
fn the_audit_names_each_fault_and_nothing_else() {
    type Plant = fn(&mut DeskTx<'_>, [CaseId; 4]) -> Result<(), StoreError>;
    let key = |number| mail_ref(number).key;
    let plants: [(Plant, Vec<String>); 14] = [
        (|_, _| Ok(()), vec![]),
        (
            |tx, _| tx.put_mail(&record(9, 9, MailState::Ticket { case: nobody() })),
            vec![format!("mail {} belongs to case 99, which is not there", key(9))],
        ),
        (
            |tx, _| tx.put_mail(&record(9, 9, MailState::Comment { case: nobody() })),
            vec![format!("mail {} belongs to case 99, which is not there", key(9))],
        ),
        (
            |tx, [_, _, over, _]| alter(tx, over, |case| case.issue = None),
            vec![format!(
                "mail {} opened case 3, which has no issue and nothing that will make one",
                key(3)
            )],
        ),
        (
            |tx, [_, with, ..]| tx.put_mail(&record(9, 9, MailState::Comment { case: with })),
            vec![format!(
                "mail {} joined case 2, where 0 effects bring it to jira instead of one",
                key(9)
            )],
        ),
        (
            |tx, [_, with, ..]| join(tx, 12, with, 7),
            vec![format!(
                "mail {} joined case 2, where 2 effects bring it to jira instead of one",
                key(12)
            )],
        ),
        (
            |tx, _| tx.view.0.remove::<Raw>(&joined(mail_ref(5).key.as_bytes(), &[0, 0])),
            vec![format!("mail {} is quarantined, and its raw text is missing", key(5))],
        ),
        (
            |tx, [_, _, over, _]| {
                tx.view.0.remove::<Effects>(&effect_key(EffectId {
                    case: over,
                    lane: Lane::Desk,
                    step: 1,
                }))
            },
            vec!["case 3 has steps up to 2, and its effects are others".into()],
        ),
        (
            |tx, [_, _, over, _]| {
                stage(tx, EffectId { case: over, lane: Lane::Desk, step: 0 }, Stage::Uncertain)
            },
            vec!["case 3 is at step 2, and effect 3.0 is uncertain".into()],
        ),
        (
            |tx, [busy, ..]| {
                let mut case = tx.case(busy)?.unwrap();
                case.desk.next = Some(Next { worker: Worker::Mail, at: at(1) });
                tx.put_case(&case)
            },
            vec!["case 1 is not due when its next effect is".into()],
        ),
        (
            |tx, _| {
                let keys = tx.view.0.keys::<Schedule>(&[0])?;
                tx.view.0.remove::<Schedule>(&keys[0])
            },
            vec!["case 1 is due and not in the schedule".into()],
        ),
        (
            |tx, [busy, ..]| alter(tx, busy, |case| case.desk.next = None),
            vec![
                "case 1 is not due when its next effect is".into(),
                "the schedule has an entry for case 1 that the case does not ask for".into(),
            ],
        ),
        (
            |tx, [_, _, over, dead]| {
                let [over, dead] = [over, dead]
                    .map(|case| effect_key(EffectId { case, lane: Lane::Desk, step: 0 }));
                tx.view.0.remove::<Dead>(&dead)?;
                tx.view.0.put::<Dead>(&over, &Nothing {})
            },
            vec![
                "effect 4.0 is dead and not among the dead".into(),
                "effect 3.0 is among the dead and is not dead".into(),
            ],
        ),
        (
            |tx, _| {
                tx.link_issue(&issue(9), nobody())?;
                tx.view.0.put::<Messages>(&[9; 16], &Link { case: nobody() })?;
                let id = EffectId { case: nobody(), lane: Lane::Desk, step: 0 };
                tx.put_effect(&Effect::new(id, Work::Reopen, at(0)))
            },
            vec![
                "effect 99.0 belongs to a case that is not there".into(),
                "issue SUP-9 leads to case 99, which is not there".into(),
                "a message-id leads to case 99, which is not there".into(),
            ],
        ),
    ];
    for (plant, expected) in plants {
        let (_dir, store) = store();
        let desk = store.desk();
        let cases = played(desk);
        desk.write(|tx| plant(tx, cases)).unwrap();
        let found: Vec<_> = desk.audit().unwrap().problems.iter().map(Problem::to_string).collect();
        assert_eq!(found, expected);
    }
}

fn nobody() -> CaseId {
    CaseId::new(99).unwrap()
}

/// Past the schedule.
fn alter(tx: &mut DeskTx<'_>, id: CaseId, change: fn(&mut Case)) -> Result<(), StoreError> {
    let mut case = tx.case(id)?.unwrap();
    change(&mut case);
    tx.view.0.put::<Cases>(&case_key(id), &case)
}

fn stage(tx: &mut DeskTx<'_>, id: EffectId, stage: Stage) -> Result<(), StoreError> {
    let mut effect = tx.effect(id)?.unwrap();
    effect.stage = stage;
    tx.put_effect(&effect)
}

#[test]
fn one_that_queued_up_again_is_counted_once() {
    let (_dir, store) = store();
    let desk = store.desk();
    desk.write(|tx| {
        let id = open(tx, 1, 1)?;
        finish(tx, id, 2)?;
        join(tx, 2, id, 3)?;
        join(tx, 3, id, 3)?;
        let dead = settle(tx, id, refused(), 4)?;
        let (mut case, mut effect) = (tx.case(id)?.unwrap(), tx.effect(dead)?.unwrap());
        let more = desk::retry(&mut case, &mut effect, at(5));
        assert_eq!(more.len(), 1);
        tx.put_case(&case)?;
        tx.put_effect(&effect)?;
        more.iter().try_for_each(|effect| tx.put_effect(effect))
    })
    .unwrap();
    assert_eq!(desk.audit().unwrap().problems, []);
}
