//! The desk's tables in use: transactions, schedules, links, the audit's eyes and the purge.

use std::time::Duration;

use super::cases::{Cases, Schedule};
use super::effects::{Dead, Effects};
use super::links::{Issues, Link, Messages};
use super::mails::{Mails, Raw};
use super::rows::{Nothing, case_key, effect_key, joined};
use super::*;
use crate::model::case::{Case, MailRecord, MailState, Next};
use crate::model::desk::samples::{POLICY, at, mail, mail_ref, mailbox, message};
use crate::model::desk::{self, Outcome};
use crate::model::effect::{Effect, Stage, Work, Worker};
use crate::model::keys::{CaseId, CommentId, EffectId, IssueKey, Lane};
use crate::store::{Keyring, Store};

mod audit;
mod purge;
mod requests;
mod tickets;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store"), Keyring::generate()).unwrap();
    (dir, store)
}

fn issue(number: u64) -> IssueKey {
    IssueKey::numbered("SUP", number).unwrap()
}

fn record(number: u64, recorded: i64, state: MailState) -> MailRecord {
    let mail = mail(number);
    MailRecord {
        key: mail_ref(number).key,
        mailbox: mailbox(),
        remote: mail.remote,
        folder: mail.folder,
        from: mail.from.map(|from| from.email),
        subject: mail.subject,
        received: mail.received,
        recorded: at(recorded),
        state,
    }
}

/// A mail that opens a case at this second, as the desk would take it up.
fn open(tx: &mut DeskTx<'_>, number: u64, second: i64) -> Result<CaseId, StoreError> {
    let id = tx.next_case()?;
    let mail = (&mail(number), mail_ref(number));
    let (case, effects) = desk::open(id, &mailbox(), mail, None, POLICY, at(second));
    tx.put_mail(&record(number, second, MailState::Ticket { case: id }))?;
    tx.put_case(&case)?;
    effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
    tx.link_message(&mailbox(), &message(number), id)?;
    tx.link_conversation(&mailbox(), &format!("C{number}"), id)?;
    tx.link_subject(number, id, at(second))?;
    Ok(id)
}

/// A mail that joins a case.
fn join(tx: &mut DeskTx<'_>, number: u64, id: CaseId, second: i64) -> Result<(), StoreError> {
    let mut case = tx.case(id)?.unwrap();
    let effects = desk::join(&mut case, &mail(number), mail_ref(number), 7, POLICY, at(second));
    tx.put_mail(&record(number, second, MailState::Comment { case: id }))?;
    tx.put_case(&case)?;
    effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
    tx.link_message(&mailbox(), &message(number), id)
}

/// What a worker brings back about the head of a case.
fn settle(
    tx: &mut DeskTx<'_>,
    id: CaseId,
    outcome: Outcome,
    second: i64,
) -> Result<EffectId, StoreError> {
    let mut case = tx.case(id)?.unwrap();
    let head = Lane::ALL.into_iter().find_map(|lane| case.head_id(lane)).unwrap();
    let mut effect = tx.effect(head)?.unwrap();
    let following = tx.effect(EffectId { step: head.step + 1, ..head })?;
    let more =
        desk::settle(&mut case, &mut effect, following.as_ref(), outcome, POLICY, at(second));
    if let Some(issue) = &case.issue {
        tx.link_issue(issue, id)?;
    }
    tx.put_case(&case)?;
    tx.put_effect(&effect)?;
    more.iter().try_for_each(|effect| tx.put_effect(effect))?;
    Ok(head)
}

fn created(number: u64) -> Outcome {
    Outcome::Done(desk::Done::Created { issue: issue(number), attach: false, watch: false })
}

fn refused() -> Outcome {
    Outcome::Refused { fault: "no".into() }
}

/// Works a case off to its end.
fn finish(tx: &mut DeskTx<'_>, id: CaseId, second: i64) -> Result<(), StoreError> {
    settle(tx, id, created(id.get()), second)?;
    settle(tx, id, Outcome::Done(desk::Done::Plainly), second)?;
    assert!(tx.case(id)?.unwrap().is_idle());
    Ok(())
}

#[test]
fn a_transaction_sees_its_own_writes_and_leaves_all_or_nothing() {
    let (_dir, store) = store();
    let desk = store.desk();
    let refused = desk.write(|tx| {
        let id = open(tx, 1, 10)?;
        assert_eq!(id, CaseId::first());
        assert_eq!(tx.mail(&mail_ref(1).key)?.unwrap().state.case(), Some(id));
        assert_eq!(tx.case(id)?.unwrap().subject, "printer");
        assert_eq!(tx.next_case()?, id.next());
        Err::<(), _>(StoreError::Closing)
    });
    assert!(matches!(refused, Err(StoreError::Closing)));
    assert_eq!(desk.case(CaseId::first()).unwrap(), None);
    assert_eq!(desk.audit().unwrap(), Audit::default());

    let id = desk.write(|tx| open(tx, 1, 10)).unwrap();
    assert_eq!(id, CaseId::first(), "the number was free again");
    assert_eq!(desk.write(|tx| open(tx, 2, 20)).unwrap(), id.next());
    assert_eq!(desk.case_of_message(&mailbox(), &message(1)).unwrap(), Some(id));
    assert_eq!(desk.case_of_conversation(&mailbox(), "C2").unwrap(), Some(id.next()));
    assert_eq!(desk.case_of_subject(1).unwrap(), Some((id, at(10))));
    let other = MailboxName::parse("sales").unwrap();
    assert_eq!(desk.case_of_message(&other, &message(1)).unwrap(), None);

    // Nobody takes over a mail of another case by claiming its id.
    desk.write(|tx| tx.link_message(&mailbox(), &message(1), id.next())).unwrap();
    assert_eq!(desk.case_of_message(&mailbox(), &message(1)).unwrap(), Some(id));
}

#[test]
fn a_row_too_long_calls_the_transaction_off() {
    let (_dir, store) = store();
    let desk = store.desk();
    let mut long = record(1, 0, MailState::Ignored { rule: "own".into() });
    long.remote = "x".repeat(4096);
    let cursor = Cursor { state: "x".repeat(3_585), synced: at(0), since: at(0) };
    for fault in [
        desk.write(|tx| open(tx, 2, 0).and_then(|_| tx.put_mail(&long))),
        desk.write(|tx| tx.put_cursor(&mailbox(), &cursor)),
        desk.write(|tx| tx.keep_raw(&long.key, &vec![0; RAW_MAX + 1])),
    ] {
        assert!(matches!(fault, Err(StoreError::RowTooLong { .. })), "{fault:?}");
    }
    assert_eq!(desk.audit().unwrap(), Audit::default());
    desk.write(|tx| open(tx, 2, 0)).unwrap();
}

#[test]
fn a_raw_text_is_kept_whole_and_replaced_whole() {
    let (_dir, store) = store();
    let desk = store.desk();
    let (key, neighbour) = (mail_ref(1).key, mail_ref(2).key);
    desk.write(|tx| tx.keep_raw(&neighbour, b"other")).unwrap();
    for len in [0, 1, 3584, 3585, RAW_MAX, 10_000] {
        let raw: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
        desk.write(|tx| tx.keep_raw(&key, &raw)).unwrap();
        assert_eq!(desk.raw(&key).unwrap(), raw, "{len}");
    }
    assert_eq!(desk.raw(&neighbour).unwrap(), b"other");
}

#[test]
fn what_is_seen_comes_back() {
    let (_dir, store) = store();
    let desk = store.desk();
    assert_eq!(desk.sender(1).unwrap(), SenderCount::default());
    assert_eq!(desk.cursor(&mailbox()).unwrap(), None);
    let count = SenderCount { hour: 3, mails: 4, day: 5, answers: 6 };
    let cursor = Cursor { state: "s1".into(), synced: at(9), since: at(1) };
    let comment = CommentId::parse("10007").unwrap();
    desk.write(|tx| {
        tx.put_sender(1, count)?;
        tx.put_cursor(&mailbox(), &cursor)?;
        tx.know_comment(CaseId::first(), &comment, at(1))
    })
    .unwrap();
    assert_eq!(desk.sender(1).unwrap(), count);
    assert_eq!(desk.cursor(&mailbox()).unwrap(), Some(cursor));
    assert!(desk.comment_is_known(CaseId::first(), &comment).unwrap());
    assert!(!desk.comment_is_known(CaseId::first().next(), &comment).unwrap());
}

#[test]
fn the_schedule_follows_the_cases() {
    let (_dir, store) = store();
    let desk = store.desk();
    let never = |_| false;
    let [third, first, second] = [30_i64, 10, 20]
        .map(|second| desk.write(|tx| open(tx, second.cast_unsigned(), second)).unwrap());
    let due = |now, limit| desk.due(Worker::Jira, at(now), limit, &never).unwrap();
    assert_eq!(due(9, 9), []);
    assert_eq!(due(10, 9), [first]);
    assert_eq!(due(99, 9), [first, second, third]);
    assert_eq!(due(99, 2), [first, second]);
    let busy = |case| case == first;
    assert_eq!(desk.due(Worker::Jira, at(99), 1, &busy).unwrap(), [second]);
    assert_eq!(desk.next_due(Worker::Jira, &never).unwrap(), Some(at(10)));
    assert_eq!(desk.next_due(Worker::Jira, &busy).unwrap(), Some(at(20)));
    assert_eq!(desk.waiting(Worker::Jira).unwrap(), 3);
    assert_eq!(desk.next_due(Worker::Mail, &never).unwrap(), None);

    // The notice is the other worker's; a retry is later; who is dead or done waits for nobody.
    desk.write(|tx| settle(tx, first, created(1), 40)).unwrap();
    assert_eq!(desk.due(Worker::Mail, at(40), 9, &never).unwrap(), [first]);
    let retry = Outcome::Retry { after: Some(Duration::from_mins(1)), fault: "503".into() };
    desk.write(|tx| settle(tx, second, retry, 40)).unwrap();
    let dead = desk.write(|tx| settle(tx, third, refused(), 40)).unwrap();
    assert_eq!(desk.waiting(Worker::Jira).unwrap(), 1);
    assert!(desk.next_due(Worker::Jira, &never).unwrap() >= Some(at(100)));
    assert_eq!(desk.dead().unwrap(), [dead]);
    desk.write(|tx| settle(tx, first, Outcome::Done(desk::Done::Plainly), 41)).unwrap();
    assert_eq!(desk.waiting(Worker::Mail).unwrap(), 0);
    assert_eq!(desk.effects_of(first).unwrap().len(), 2);
    assert_eq!(desk.case_of_issue(&issue(1)).unwrap(), Some(first));

    // Tried again by the operator, it is no longer among the dead.
    desk.write(|tx| {
        let (mut case, mut effect) = (tx.case(third)?.unwrap(), tx.effect(dead)?.unwrap());
        assert!(desk::retry(&mut case, &mut effect, at(50)).is_empty());
        tx.put_case(&case)?;
        tx.put_effect(&effect)
    })
    .unwrap();
    assert_eq!(desk.dead().unwrap(), []);
    assert_eq!(due(50, 9), [third]);
    assert_eq!(desk.audit().unwrap().problems, []);
    let listed = |limit| desk.cases(limit).unwrap().iter().map(|case| case.id).collect::<Vec<_>>();
    assert_eq!(listed(2), [second, first]);
    assert_eq!(listed(9), [second, first, third]);
}

#[test]
fn mails_are_listed_by_their_recording_and_counted_in_step() {
    let (_dir, store) = store();
    let desk = store.desk();
    let ignored = || MailState::Ignored { rule: "own".into() };
    let quarantined = || MailState::Quarantined { reason: "no head".into() };
    assert!(desk.counts().unwrap().is_empty());
    desk.write(|tx| {
        open(tx, 1, 10)?;
        tx.put_mail(&record(2, 20, ignored()))?;
        tx.put_mail(&record(3, 30, quarantined()))?;
        tx.put_mail(&record(4, 40, quarantined()))?;
        tx.keep_raw(&mail_ref(3).key, b"?")?;
        tx.keep_raw(&mail_ref(4).key, b"?")
    })
    .unwrap();
    let remotes = |mails: Vec<MailRecord>| {
        mails.into_iter().map(|mail| mail.remote).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(remotes(desk.mails("quarantined", 9).unwrap()), "M4 M3");
    assert_eq!(remotes(desk.mails("quarantined", 1).unwrap()), "M4");
    assert_eq!(remotes(desk.mails("ignored", 9).unwrap()), "M2");
    assert_eq!(remotes(desk.mails("ticket", 9).unwrap()), "M1");
    assert_eq!(desk.mails("comment", 9).unwrap(), []);
    // The operator has one taken up after all.
    desk.write(|tx| tx.put_mail(&record(4, 40, ignored()))).unwrap();
    let counts = desk.counts().unwrap();
    let words: Vec<_> = counts.iter().map(|((_, word), count)| (*word, *count)).collect();
    assert_eq!(words, [("ignored", 2), ("quarantined", 1), ("ticket", 1)]);
    let audit = desk.audit().unwrap();
    assert_eq!((audit.mails, audit.cases, audit.problems), (counts, 1, vec![]));
    assert_eq!(audit.effects, [("planned", 1)].into());
}

#[test]
fn the_secret_is_made_once_and_outlives_keys_and_exports() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let (old, again) = (Keyring::generate(), dir.path().join("again"));
    let both = old.with_new_current();
    let store = Store::open(&path, old.clone()).unwrap();
    let secret = *store.desk().secret().expose();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.reseal(both.clone())).unwrap();
    drop(store);
    let new = Keyring::parse(&both.current_line()).unwrap();
    let store = Store::open(&path, new.clone()).unwrap();
    assert_eq!(*store.desk().secret().expose(), secret);
    Store::restore(&again, &path.join("export.jsonl"), new.clone()).unwrap();
    assert_eq!(*Store::open(&again, new).unwrap().desk().secret().expose(), secret);
    let other = Store::open(&dir.path().join("other"), old).unwrap();
    assert_ne!(*other.desk().secret().expose(), secret);
}

#[test]
fn a_commit_that_breaks_off_is_the_last_one() {
    let (_dir, store) = store();
    let desk = store.desk();
    desk.write(|tx| open(tx, 1, 0)).unwrap();
    drop(HalfWay(&desk.0.barrier));
    let fault = desk.write(|tx| open(tx, 2, 0)).unwrap_err();
    assert!(matches!(fault, StoreError::SyncFailed { .. }), "{fault}");
    assert!(desk.0.barrier.now().is_err() && store.stats().failed);
    assert!(desk.case(CaseId::first()).unwrap().is_some());
}

#[test]
fn writers_take_turns() {
    let (_dir, store) = store();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let desk = store.desk().clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    desk.write(|tx| {
                        let count = tx.sender(1)?;
                        tx.put_sender(1, SenderCount { mails: count.mails + 1, ..count })
                    })
                    .unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(store.desk().sender(1).unwrap().mails, 200);
}

/// A desk with one of each: a case at work, one with a follow-up, one that is over, one dead.
fn played(desk: &Desk) -> [CaseId; 4] {
    desk.write(|tx| {
        let cases = [open(tx, 1, 1)?, open(tx, 2, 2)?, open(tx, 3, 3)?, open(tx, 4, 4)?];
        settle(tx, cases[1], created(2), 5)?;
        join(tx, 12, cases[1], 6)?;
        finish(tx, cases[2], 7)?;
        settle(tx, cases[3], refused(), 8)?;
        tx.put_mail(&record(5, 9, MailState::Quarantined { reason: "no head".into() }))?;
        tx.keep_raw(&mail_ref(5).key, b"raw")?;
        Ok(cases)
    })
    .unwrap()
}
