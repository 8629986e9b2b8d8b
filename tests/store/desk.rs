//! The desk's tables over crashes, exports and rotations: every transaction is there as a whole or
//! not at all.
//!
//! `KILL_ROUNDS` says how often the writing process is killed, 12 by default.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use ticketd::model::case::{MailRecord, MailState};
use ticketd::model::desk::{self, Done, Outcome, Policy};
use ticketd::model::effect::{MailRef, Worker};
use ticketd::model::form::{Filled, Value};
use ticketd::model::ids::{ChannelId, PostId, UserId};
use ticketd::model::keys::{
    CaseId, CommentId, EffectId, IssueKey, Lane, MailKey, MailboxName, Tracker,
};
use ticketd::model::mail::{Address, Email, Folder, Importance, Mail, MessageId};
use ticketd::model::ticket::{Person, Ticket, TicketNumber, TicketState};
use ticketd::store::{Cursor, Desk, DeskTx, Keyring, SenderCount, Store, StoreError};

use crate::{freed, login, open, user};

/// Holds the directory that the writing process works in.
const ENV: &str = "TICKETD_TEST_DESK";
const ROUNDS: u64 = 12;
/// Between two transactions of a writer, so that the tables stay small enough to be looked through.
const PAUSE: Duration = Duration::from_millis(10);
const POLICY: Policy = Policy {
    tracker: Tracker::Jira,
    notices: true,
    reopen: false,
    index_lag: Duration::from_mins(5),
};

fn keys() -> Keyring {
    Keyring::parse(&"c3".repeat(32).into()).unwrap()
}

fn mailbox() -> MailboxName {
    MailboxName::parse("support").unwrap()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(second.try_into().unwrap()).unwrap()
}

fn case(number: u64) -> CaseId {
    CaseId::new(number).unwrap()
}

fn issue(number: u64) -> IssueKey {
    IssueKey::numbered("SUP", number).unwrap()
}

fn mail(number: u64) -> Mail {
    let email = Email::parse(&format!("writer{}@customer.example", number % 40)).unwrap();
    Mail {
        remote: format!("M{number:0>24}"),
        folder: Folder::Inbox,
        conversation: Some(format!("T{number:0>24}")),
        message_id: MessageId::parse(&format!("{number}.f00d@customer.example")),
        answers: vec![],
        from: Some(Address { name: Some("A Writer".into()), email }),
        reply_to: None,
        recipients: vec![],
        subject: format!("printer {number} is on fire again"),
        importance: Importance::Normal,
        received: at(number),
        automatic: None,
    }
}

fn key(number: u64) -> MailKey {
    MailKey::of(&mailbox(), &mail(number).identity())
}

fn raw(number: u64) -> Vec<u8> {
    vec![u8::try_from(number % 251).unwrap(); 5_000]
}

/// Tickets of one day.
const A_DAY: u64 = 50;

/// The ticket that the case of this mail has as well.
fn ticket_number(number: u64) -> TicketNumber {
    let (days, count) = ((number - 1) / A_DAY, (number - 1) % A_DAY + 1);
    let day = date(2026, 11, 22).saturating_add(i64::try_from(days).unwrap().days());
    TicketNumber { day, count: count.try_into().unwrap() }
}

fn post(number: u64) -> PostId {
    PostId::parse(&format!("{number:0>26}")).unwrap()
}

fn ticket(number: u64) -> Ticket {
    let channel = ChannelId::parse(&"c".repeat(26)).unwrap();
    Ticket {
        form: "network".into(),
        asker: Some(Person { id: UserId::parse(&"a".repeat(26)).unwrap(), name: "ann".into() }),
        post: Some(post(number)),
        state: if number.is_multiple_of(3) { TicketState::Resolved } else { TicketState::Open },
        ..Ticket::new(ticket_number(number), "Ticket".into(), channel)
    }
}

fn fields(number: u64) -> Vec<Filled> {
    let text = format!("printer {number} ").repeat(20);
    vec![Filled { label: "Problem".into(), value: Value::Text(text) }]
}

/// One mail taken up, with a ticket in the chat: rows in seventeen tables, and the settling of the
/// case before it.
fn take_up(tx: &mut DeskTx<'_>) -> Result<u64, StoreError> {
    let id = tx.next_case()?;
    let number = id.get();
    let mail = mail(number);
    let now = at(number);
    let mail_ref = MailRef { key: key(number), remote: mail.remote.clone() };
    let (mut opened, effects) = desk::open(id, &mailbox(), (&mail, mail_ref), None, POLICY, now);
    tx.put_mail(&MailRecord {
        key: key(number),
        mailbox: mailbox(),
        remote: mail.remote.clone(),
        folder: mail.folder,
        from: mail.from.as_ref().map(|from| from.email.clone()),
        subject: mail.subject.clone(),
        received: mail.received,
        recorded: now,
        state: MailState::Ticket { case: id },
    })?;
    tx.keep_raw(&key(number), &raw(number))?;
    let ticket = ticket(number);
    assert_eq!(tx.number_ticket(ticket.number.day, id)?, ticket.number);
    opened.ticket = Some(ticket);
    tx.keep_fields(id, &fields(number))?;
    tx.link_post(&post(number), id)?;
    tx.spend_state(&u128::from(number).to_be_bytes(), id, now)?;
    tx.put_case(&opened)?;
    effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
    tx.link_message(&mailbox(), mail.message_id.as_ref().unwrap(), id)?;
    tx.link_conversation(&mailbox(), mail.conversation.as_ref().unwrap(), id)?;
    tx.link_subject(number, id, now)?;
    let count = tx.sender(number % 40)?;
    tx.put_sender(number % 40, SenderCount { mails: count.mails + 1, ..count })?;
    tx.put_cursor(&mailbox(), &Cursor { state: number.to_string(), synced: now, since: now })?;
    if number > 1 {
        settle(tx, number - 1)?;
    }
    Ok(number)
}

/// The issue of a case is there; of each fifth it cannot be made.
fn settle(tx: &mut DeskTx<'_>, number: u64) -> Result<(), StoreError> {
    let mut case = tx.case(case(number))?.unwrap();
    let mut effect = tx.effect(case.head_id(Lane::Desk).unwrap())?.unwrap();
    let outcome = if number.is_multiple_of(5) {
        Outcome::Refused { fault: "400".into() }
    } else {
        let issue = issue(number);
        tx.link_issue(&issue, case.id)?;
        tx.know_comment(case.id, &CommentId::parse("10001").unwrap(), at(number))?;
        Outcome::Done(Done::Created { issue, attach: false, watch: false })
    };
    let more = desk::settle(&mut case, &mut effect, None, outcome, POLICY, at(number));
    tx.put_case(&case)?;
    tx.put_effect(&effect)?;
    more.iter().try_for_each(|effect| tx.put_effect(effect))
}

/// What of the transaction that took up this mail is in the store: all, or nothing.
fn is_there(desk: &Desk, number: u64) -> bool {
    let mail = mail(number);
    let id = case(number);
    let (message, conversation) = (mail.message_id.unwrap(), mail.conversation.unwrap());
    // Nothing is settled with the first.
    let settled = if number == 1 {
        desk.mail(&key(1)).unwrap().is_some()
    } else {
        let before =
            desk.effect(EffectId { case: case(number - 1), lane: Lane::Desk, step: 0 }).unwrap();
        let settled = before.is_some_and(|effect| effect.is_over());
        let (dead, issue) = ((number - 1).is_multiple_of(5), issue(number - 1));
        if !dead {
            assert_eq!(desk.case_of_issue(&issue).unwrap().is_some(), settled);
            let comment = CommentId::parse("10001").unwrap();
            assert_eq!(desk.comment_is_known(case(number - 1), &comment).unwrap(), settled);
        }
        settled
    };
    let cursor = desk.cursor(&mailbox()).unwrap();
    let found = [
        desk.mail(&key(number)).unwrap().is_some(),
        desk.raw(&key(number)).unwrap() == raw(number),
        desk.case(id).unwrap().is_some(),
        desk.effect(EffectId { case: id, lane: Lane::Desk, step: 0 }).unwrap().is_some(),
        desk.case_of_message(&mailbox(), &message).unwrap() == Some(id),
        desk.case_of_conversation(&mailbox(), &conversation).unwrap() == Some(id),
        desk.case_of_subject(number).unwrap().is_some(),
        desk.case_of_ticket(ticket_number(number)).unwrap() == Some(id),
        desk.case_of_post(&post(number)).unwrap() == Some(id),
        desk.case_of_state(&u128::from(number).to_be_bytes()).unwrap() == Some(id),
        desk.fields_of(id).unwrap() == fields(number),
        cursor.is_some_and(|cursor| cursor.state.parse::<u64>().unwrap() >= number),
        settled,
    ];
    assert!(found.iter().all(|there| *there == found[0]), "mail {number} is in parts: {found:?}");
    found[0]
}

/// How many mails are in the store, each of them whole.
fn whole(desk: &Desk) -> u64 {
    let count = desk.cases(1).unwrap().first().map_or(0, |case| case.id.get());
    assert!((1..=count).all(|number| is_there(desk, number)), "mails up to {count} are there");
    assert!(!is_there(desk, count + 1), "nothing of the next one");
    let counted: u64 = (0..40).map(|who| u64::from(desk.sender(who).unwrap().mails)).sum();
    assert_eq!(counted, count);
    let audit = desk.audit().unwrap();
    assert_eq!(audit.problems, []);
    assert_eq!((audit.cases, audit.mails.values().sum::<u64>()), (count, count));
    assert_eq!(desk.dead().unwrap().len() as u64, count.saturating_sub(1) / 5);
    assert_eq!(desk.count_open_tickets().unwrap() as u64, count - count / 3);
    let never = |_| false;
    assert_eq!(
        desk.due(Worker::Jira, Timestamp::MAX, 9, &never).unwrap().len(),
        usize::from(count > 0)
    );
    count
}

/// Not a test but the process that is killed: it says what is durable.
#[test]
fn writing() {
    let Some(path) = std::env::var_os(ENV) else { return };
    let store = Store::open(Path::new(&path), keys()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    // Logins are written and barriers run meanwhile, so that batches and flushes meet.
    let other = store.clone();
    runtime.spawn(async move {
        for n in 0.. {
            other.logins().remember(&user(n % 50), &login(n)).unwrap();
            other.barrier().await.unwrap();
        }
    });
    println!("ready");
    loop {
        let mut last = 0;
        for _ in 0..3 {
            last = store.desk().write(take_up).unwrap();
        }
        runtime.block_on(store.barrier()).unwrap();
        println!("acked {last}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_each_transaction_whole_or_not_at_all() {
    let rounds = std::env::var("KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let seed: u64 = std::env::var("SEED").map_or(11, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let (mut mails, mut unacknowledged) = (0, 0);
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["desk::writing", "--exact", "--nocapture"])
            .env(ENV, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.ends_with("ready")), "the writer began");
        let after = Duration::from_micros(random.next_u64() % 250_000);
        let killer = std::thread::spawn(move || {
            std::thread::park_timeout(after);
            child.kill().unwrap();
            child.wait().unwrap()
        });
        let acked = lines.filter_map(|line| line.strip_prefix("acked ")?.parse().ok()).last();
        killer.join().unwrap();
        let store = open(&path, &keys());
        let count = whole(store.desk());
        assert!(count >= acked.unwrap_or(mails), "round {round}: acknowledged mails are missing");
        unacknowledged += count - acked.unwrap_or(mails);
        mails = count;
        drop(store);
        freed(&path);
    }
    println!("{rounds} kills, {mails} mails, {unacknowledged} found beyond what was acknowledged");
    assert!(mails > rounds, "the writer hardly wrote");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_export_is_one_moment_of_the_desk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = open(&path, &keys());
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (desk, stop) = (store.desk().clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut last = 0;
            while !stop.load(Ordering::Relaxed) {
                last = desk.write(take_up).unwrap();
                std::thread::park_timeout(PAUSE);
            }
            last
        })
    };
    let mut grown = Vec::new();
    for round in 0..4 {
        let (file, back) =
            (dir.path().join(format!("{round}.jsonl")), dir.path().join(format!("back-{round}")));
        while store.desk().cases(1).unwrap().first().map_or(0, |case| case.id.get())
            <= grown.last().copied().unwrap_or_default()
        {
            tokio::task::yield_now().await;
        }
        store.export(&file).unwrap();
        Store::restore(&back, &file, keys()).unwrap();
        let restored = open(&back, &keys());
        grown.push(whole(restored.desk()));
        assert_eq!(restored.desk().secret().expose(), store.desk().secret().expose());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(grown.is_sorted() && grown[0] < grown[3], "{grown:?}");
    let last = writer.join().unwrap();
    assert_eq!(whole(store.desk()), last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_rotation_takes_nothing_from_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = open(&path, &keys());
    for _ in 0..60 {
        store.desk().write(take_up).unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let (desk, stop) = (store.desk().clone(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut counted = 0;
                while !stop.load(Ordering::Relaxed) {
                    // Each reads what the other wrote: a row that a rotation put back would show.
                    desk.write(|tx| {
                        for who in 100..120 {
                            let count = tx.sender(who)?;
                            tx.put_sender(who, SenderCount { mails: count.mails + 1, ..count })?;
                        }
                        take_up(tx)
                    })
                    .unwrap();
                    counted += 1;
                    std::thread::park_timeout(PAUSE);
                }
                counted
            })
        })
        .collect();
    let mut ring = keys();
    for _ in 0..5 {
        ring = ring.with_new_current();
        let done = store.reseal(ring.clone()).await.unwrap();
        assert_eq!(done.unreadable, 0);
        assert!(done.resealed > 500, "{done:?}");
        ring = Keyring::parse(&ring.current_line()).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let counted: u32 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert!(counted > 5, "the writers did work");
    store.close().await.unwrap();
    freed(&path);
    let store = open(&path, &ring);
    for who in 100..120 {
        assert_eq!(store.desk().sender(who).unwrap().mails, counted);
    }
    assert_eq!(whole(store.desk()), u64::from(counted) + 60);
}
