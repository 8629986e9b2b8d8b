//! What the purge takes, and what it leaves.

use super::*;

#[test]
fn a_purge_takes_what_is_over_and_all_that_belongs_to_it() {
    let (_dir, store) = store();
    let desk = store.desk();
    let [busy, with, over, dead] = played(desk);
    let comment = CommentId::parse("1").unwrap();
    let today = crate::clock::now().as_second().div_euclid(86_400);
    let ignored = || MailState::Ignored { rule: "own".into() };
    // A case of more rows than one transaction takes.
    let long = desk
        .write(|tx| {
            let id = open(tx, 100, 10)?;
            settle(tx, id, created(100), 10)?;
            settle(tx, id, Outcome::Done(desk::Done::Plainly), 10)?;
            for number in 101..900 {
                join(tx, number, id, 10)?;
                settle(
                    tx,
                    id,
                    Outcome::Done(desk::Done::Commented { attach: false, watch: false }),
                    10,
                )?;
            }
            Ok(id)
        })
        .unwrap();
    desk.write(|tx| {
        tx.put_mail(&record(50, 10, ignored()))?;
        tx.put_mail(&record(51, 2_000, ignored()))?;
        tx.know_comment(over, &comment, at(1))?;
        tx.know_comment(with, &comment, at(1))?;
        tx.put_sender(1, SenderCount { day: today, ..SenderCount::default() })?;
        tx.put_sender(2, SenderCount { hour: (today - 1) * 24, ..SenderCount::default() })?;
        tx.put_sender(3, SenderCount { hour: 9, day: today - 3, ..SenderCount::default() })?;
        // Idle, but with an effect that is dead.
        let late = open(tx, 60, 10)?;
        settle(tx, late, created(60), 10)?;
        settle(tx, late, refused(), 10).map(drop)
    })
    .unwrap();
    assert!(desk.audit().unwrap().problems.is_empty());
    assert_eq!(desk.purge(at(7), 99).unwrap(), Purged { senders: 1, ..Purged::default() });
    let purged = desk.purge(at(1_000), 99).unwrap();
    assert_eq!(purged, Purged { cases: 2, mails: 802, senders: 0 });

    for gone in [over, long] {
        assert_eq!(desk.case(gone).unwrap(), None);
        assert_eq!(desk.effects_of(gone).unwrap(), []);
        assert_eq!(desk.case_of_issue(&issue(gone.get())).unwrap(), None);
    }
    assert_eq!(desk.mail(&mail_ref(3).key).unwrap(), None);
    assert_eq!(desk.case_of_message(&mailbox(), &message(3)).unwrap(), None);
    assert_eq!(desk.case_of_conversation(&mailbox(), "C3").unwrap(), None);
    assert_eq!(desk.case_of_subject(3).unwrap(), None);
    assert!(!desk.comment_is_known(over, &comment).unwrap());
    assert!(desk.comment_is_known(with, &comment).unwrap());
    assert_eq!(desk.sender(3).unwrap(), SenderCount::default());
    assert!(desk.mail(&mail_ref(5).key).unwrap().is_some(), "a quarantined mail stays");
    assert!(desk.mail(&mail_ref(51).key).unwrap().is_some());
    for kept in [busy, with, dead] {
        assert!(desk.case(kept).unwrap().is_some());
    }
    let audit = desk.audit().unwrap();
    assert_eq!(audit.problems, []);
    assert_eq!(audit.mails, desk.counts().unwrap());
    let left = |name: &str| store.0.engine.db.open_tree(name).unwrap().len();
    assert_eq!(left(<Issues as Schema>::TREE), 2);
    assert_eq!(left(<Mails as Schema>::TREE), 7);
    // A number is never given again.
    assert!(desk.write(|tx| open(tx, 999, 999)).unwrap() > long);
}
