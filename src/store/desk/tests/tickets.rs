//! Tickets in the tables: numbers, fields, posts, who is open; their audit and their purge.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use super::super::rows::Nothing;
use super::super::tickets::{
    Day, Days, Fields, Numbers, OpenTickets, Posts, Spent, SpentState, day_key, number_key,
    post_key,
};
use super::*;
use crate::model::desk::samples::{id, person, ticket};
use crate::model::form::{Filled, Value};
use crate::model::ids::PostId;
use crate::model::mail::{Email, MessageId};
use crate::model::ticket::{Change, Priority, Ticket, TicketNumber, TicketState};

const DAY: Date = date(2026, 11, 22);

fn fields(text: &str) -> Vec<Filled> {
    vec![
        Filled { label: "Problem".into(), value: Value::Text(text.into()) },
        Filled { label: "Who".into(), value: Value::Person(person('u')) },
        Filled { label: "Urgent".into(), value: Value::Bool(true) },
    ]
}

fn post(letter: char) -> PostId {
    PostId::parse(&id(letter)).unwrap()
}

fn number(count: u32) -> TicketNumber {
    TicketNumber { day: DAY, count }
}

fn nonce(case: CaseId) -> [u8; 16] {
    u128::from(case.get()).to_be_bytes()
}

/// A ticket made at this second, as the desk would.
fn make(tx: &mut DeskTx<'_>, day: Date, second: i64) -> Result<CaseId, StoreError> {
    let id = tx.next_case()?;
    let number = tx.number_ticket(day, id)?;
    let (case, effects) = desk::open_ticket(id, "printer", None, ticket(number), None, at(second));
    tx.put_case(&case)?;
    effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
    tx.keep_fields(id, &fields("no"))?;
    tx.spend_state(&nonce(id), id, Timestamp::MAX)?;
    Ok(id)
}

/// Its post is there.
fn posted(tx: &mut DeskTx<'_>, case: CaseId, letter: char, second: i64) -> Result<(), StoreError> {
    tx.link_post(&post(letter), case)?;
    let posted = desk::Done::Posted { post: post(letter), replies: 0 };
    settle(tx, case, Outcome::Done(posted), second).map(drop)
}

/// Somebody does this to it, and the chat is told.
fn change(tx: &mut DeskTx<'_>, id: CaseId, change: &Change, second: i64) -> Result<(), StoreError> {
    let mut case = tx.case(id)?.unwrap();
    let effects = desk::change(&mut case, &person('b'), change, at(second)).unwrap();
    tx.put_case(&case)?;
    effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
    for _ in effects {
        settle(tx, id, Outcome::Done(desk::Done::Plainly), second)?;
    }
    Ok(())
}

fn open_cases(desk: &Desk) -> Vec<CaseId> {
    desk.open_tickets().unwrap().map(|case| case.unwrap().id).collect()
}

#[test]
fn a_day_counts_from_one_and_gives_back_what_came_to_nothing() {
    let (_dir, store) = store();
    let desk = store.desk();
    let first = desk.write(|tx| make(tx, DAY, 1)).unwrap();
    let fault = desk.write(|tx| make(tx, DAY, 1).and(Err::<(), _>(StoreError::Closing)));
    assert!(fault.is_err());
    let second = desk.write(|tx| make(tx, DAY, 2)).unwrap();
    let next_day = desk.write(|tx| make(tx, DAY.tomorrow().unwrap(), 3)).unwrap();
    // Another time zone was configured: it is the day before again.
    let third = desk.write(|tx| make(tx, DAY, 4)).unwrap();
    for (name, case) in [
        ("20261122-0001", Some(first)),
        ("20261122-0002", Some(second)),
        ("20261122-0003", Some(third)),
        ("20261122-0004", None),
        ("20261123-0001", Some(next_day)),
    ] {
        let number = TicketNumber::parse(name).unwrap();
        assert_eq!(desk.case_of_ticket(number).unwrap(), case, "{name}");
    }
    assert_eq!(desk.case_of_state(&nonce(third)).unwrap(), Some(third));
    assert_eq!(desk.audit().unwrap().problems, []);
}

#[test]
fn a_day_goes_on_beyond_four_digits() {
    let (_dir, store) = store();
    let desk = store.desk();
    let last = desk.write(|tx| {
        let cases = (0..10_001).map(|_| tx.next_case()).collect::<Result<Vec<_>, _>>()?;
        let numbers = cases.iter().map(|case| tx.number_ticket(DAY, *case));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        assert!(numbers.iter().map(|number| number.count).eq(1..=10_001));
        Ok(numbers[10_000])
    });
    assert_eq!(last.unwrap().to_string(), "20261122-10001");
    let nine = TicketNumber::parse("Ticket-20261122-9999").unwrap();
    assert_eq!(desk.case_of_ticket(nine).unwrap(), CaseId::new(9_999));
}

#[test]
fn fields_are_kept_whole_whatever_their_length() {
    let (_dir, store) = store();
    let desk = store.desk();
    let [first, second] = [1, 2].map(|second| desk.write(|tx| make(tx, DAY, second)).unwrap());
    for text in ["", "é\"\\\n\u{0}", &"한".repeat(3_000), &"x".repeat(250_000), "short"] {
        desk.write(|tx| tx.keep_fields(first, &fields(text))).unwrap();
        assert!(desk.fields_of(first).unwrap() == fields(text), "{} bytes", text.len());
    }
    assert_eq!(desk.fields_of(second).unwrap(), fields("no"));
    assert_eq!(desk.fields_of(CaseId::new(9).unwrap()).unwrap(), []);
    let long = desk.write(|tx| tx.keep_fields(first, &fields(&"x".repeat(262_144))));
    assert!(matches!(long, Err(StoreError::RowTooLong { .. })), "{long:?}");
    desk.write(|tx| tx.keep_fields(first, &[])).unwrap();
    assert_eq!(desk.fields_of(first).unwrap(), []);
    assert_eq!(desk.audit().unwrap().problems, []);
}

#[test]
fn the_open_tickets_follow_the_cases() {
    let (_dir, store) = store();
    let desk = store.desk();
    desk.write(|tx| open(tx, 1, 1)).unwrap();
    let [first, second] = [2, 3].map(|second| desk.write(|tx| make(tx, DAY, second)).unwrap());
    assert_eq!(open_cases(desk), [second, first]);
    assert_eq!(desk.count_open_tickets().unwrap(), 2);
    for (what, expected) in [
        (Change::Take, vec![second, first]),
        (Change::Resolve, vec![first]),
        (Change::Reopen, vec![second, first]),
        (Change::Resolve, vec![first]),
    ] {
        desk.write(|tx| {
            if tx.case(second)?.unwrap().ticket.unwrap().post.is_none() {
                posted(tx, second, 'p', 4)?;
            }
            change(tx, second, &what, 5)
        })
        .unwrap();
        assert_eq!(open_cases(desk), expected, "{what:?}");
        assert_eq!(desk.audit().unwrap().problems, []);
    }
    assert_eq!(desk.case_of_post(&post('p')).unwrap(), Some(second));
    assert_eq!(desk.case_of_post(&post('q')).unwrap(), None);
}

#[test]
fn the_longest_case_fits_into_its_row() {
    let (_dir, store) = store();
    let desk = store.desk();
    let name = |letter| crate::model::ticket::Person { name: "x".repeat(64), ..person(letter) };
    let mut long = mail(1);
    let from = long.from.as_mut().unwrap();
    from.name = Some("한".repeat(200));
    from.email = Email::parse(&format!("{}@{}.example", "x".repeat(64), "y".repeat(180))).unwrap();
    long.subject = "한".repeat(300);
    long.message_id = MessageId::parse(&format!("{}@x.example", "m".repeat(390)));
    desk.write(|tx| {
        let id = tx.next_case()?;
        let long = (&long, mail_ref(1));
        let (mut case, _) = desk::open(id, &mailbox(), long, None, POLICY, at(0));
        let mail = case.mail.as_mut().unwrap();
        (0..60).for_each(|who| mail.admit(u64::MAX - (who << 32)));
        case.issue = Some(issue(4_000_000_000));
        case.ticket = Some(Ticket {
            prefix: "x".repeat(32),
            form: "x".repeat(32),
            asker: Some(name('a')),
            owner: Some(name('o')),
            post: Some(post('p')),
            priority: Priority::Urgent,
            state: TicketState::Resolved,
            taken: Some(crate::clock::now()),
            resolved: Some(crate::clock::now()),
            ..ticket(TicketNumber { day: DAY, count: u32::MAX })
        });
        tx.put_case(&case)
    })
    .unwrap();
}

#[test]
#[allow(clippy::too_many_lines, reason = "one table of faults")]
fn the_audit_names_each_fault_of_a_ticket_and_nothing_else() {
    type Plant = fn(&mut DeskTx<'_>) -> Result<(), StoreError>;
    let numbers = |last, purged, found, beyond| {
        format!(
            "of 2026-11-22 the last ticket is {last} and {purged} are purged, and there are {found} \
             numbers up to it and {beyond} beyond"
        )
    };
    let plants: [(Plant, Vec<String>); 12] = [
        (|_| Ok(()), vec![]),
        (
            |tx| tx.view.0.remove::<Numbers>(&number_key(number(2))),
            vec![
                "case 2 has ticket 20261122-0002, and that number does not lead to it".into(),
                numbers(2, 0, 1, 0),
            ],
        ),
        (
            |tx| {
                let link = Link { case: CaseId::first() };
                tx.view.0.put::<Numbers>(&number_key(number(3)), &link)
            },
            vec![
                "ticket 20261122-0003 leads to case 1, which is not there or has another number"
                    .into(),
                numbers(2, 0, 2, 1),
            ],
        ),
        (
            |tx| tx.view.0.put::<Days>(&day_key(DAY), &Day { last: 4, purged: 1 }),
            vec![numbers(4, 1, 2, 0)],
        ),
        (|tx| tx.view.0.remove::<Days>(&day_key(DAY)), vec![numbers(0, 0, 0, 2)]),
        (
            |tx| {
                let keys = tx.view.0.keys::<Fields>(&case_key(CaseId::first()))?;
                tx.view.0.remove::<Fields>(&keys[0])
            },
            vec![
                "case 1 has a ticket, and what was filled into its form is missing or broken"
                    .into(),
            ],
        ),
        (
            |tx| {
                tx.keep_fields(CaseId::first(), &fields(&"x".repeat(5_000)))?;
                let keys = tx.view.0.keys::<Fields>(&case_key(CaseId::first()))?;
                tx.view.0.remove::<Fields>(&keys[1])
            },
            vec![
                "case 1 has a ticket, and what was filled into its form is missing or broken"
                    .into(),
            ],
        ),
        (
            |tx| tx.keep_fields(CaseId::new(99).unwrap(), &fields(&"x".repeat(5_000))),
            vec!["fields of a form belong to case 99, which is not there or has no ticket".into()],
        ),
        (
            |tx| tx.view.0.remove::<OpenTickets>(&case_key(CaseId::first())),
            vec!["case 1 has an open ticket that is not among the open ones".into()],
        ),
        (
            |tx| tx.view.0.put::<OpenTickets>(&case_key(CaseId::new(2).unwrap()), &Nothing {}),
            vec!["case 2 is among the open tickets and has none that is open".into()],
        ),
        (
            |tx| tx.view.0.remove::<Posts>(&post_key(&post('p'))),
            vec!["case 2 has a post in the chat that does not lead to it".into()],
        ),
        (
            |tx| {
                let case = CaseId::new(3).unwrap();
                tx.link_post(&post('q'), case)?;
                tx.view.0.put::<Spent>(&[9; 16], &SpentState { case, expires: at(9) })
            },
            vec![
                "a post leads to case 3, which is not there or has no ticket".into(),
                "a dialog's state leads to case 3, which is not there or has no ticket".into(),
            ],
        ),
    ];
    for (plant, expected) in plants {
        let (_dir, store) = store();
        let desk = store.desk();
        desk.write(|tx| {
            make(tx, DAY, 1)?;
            let resolved = make(tx, DAY, 2)?;
            posted(tx, resolved, 'p', 3)?;
            change(tx, resolved, &Change::Resolve, 4)?;
            open(tx, 3, 5).map(drop)
        })
        .unwrap();
        desk.write(plant).unwrap();
        let found: Vec<_> = desk.audit().unwrap().problems.iter().map(Problem::to_string).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_purge_takes_resolved_tickets_whole_and_keeps_the_count() {
    let (_dir, store) = store();
    let desk = store.desk();
    let today = crate::clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let ago = |days: i64| today.saturating_sub(days.days());
    let make_resolved = |day, letter| {
        desk.write(|tx| {
            let case = make(tx, day, 10)?;
            posted(tx, case, letter, 10)?;
            change(tx, case, &Change::Resolve, 10)?;
            Ok(case)
        })
        .unwrap()
    };
    let [gone, other] = ['p', 'q'].map(|letter| make_resolved(ago(90), letter));
    let fresh = make_resolved(today, 'r');
    // Idle for as long, but open.
    let [first, second] = ['s', 't'].map(|letter| {
        desk.write(|tx| {
            let case = make(tx, ago(40), 10)?;
            posted(tx, case, letter, 10)?;
            Ok(case)
        })
        .unwrap()
    });
    desk.write(|tx| tx.spend_state(&[7; 16], second, at(20))).unwrap();
    assert_eq!(desk.audit().unwrap().problems, []);

    assert_eq!(desk.purge(at(1_000), 1).unwrap().cases, 1);
    assert_eq!(desk.audit().unwrap().problems, [], "a day is purged in part");
    assert_eq!(desk.purge(at(1_000), 99).unwrap().cases, 2);
    for case in [gone, other, fresh] {
        assert_eq!(desk.case(case).unwrap(), None);
        assert_eq!(desk.fields_of(case).unwrap(), []);
        assert_eq!(desk.case_of_state(&nonce(case)).unwrap(), None);
    }
    assert_eq!(desk.case_of_post(&post('p')).unwrap(), None);
    assert_eq!(desk.case_of_state(&[7; 16]).unwrap(), None, "it has expired");
    assert_eq!(desk.case_of_state(&nonce(second)).unwrap(), Some(second));
    assert_eq!(open_cases(desk), [second, first]);
    assert_eq!(desk.audit().unwrap().problems, []);
    let left = |name: &str| store.0.engine.db.open_tree(name).unwrap().len();
    for (tree, rows) in [
        (<Numbers as Schema>::TREE, 2),
        // That of the open ones, and today's.
        (<Days as Schema>::TREE, 2),
        (<Posts as Schema>::TREE, 2),
        (<OpenTickets as Schema>::TREE, 2),
        (<Fields as Schema>::TREE, 2),
        (<Spent as Schema>::TREE, 2),
    ] {
        assert_eq!(left(tree), rows, "{tree}");
    }
    // Today's numbers go on.
    let next = desk.write(|tx| make(tx, today, 11)).unwrap();
    assert_eq!(desk.case(next).unwrap().unwrap().ticket.unwrap().number.count, 2);
    assert_eq!(desk.audit().unwrap().problems, []);
}

#[test]
fn a_case_that_began_with_a_mail_is_over_when_it_is_old_resolved_or_not() {
    let (_dir, store) = store();
    let desk = store.desk();
    let announced = |nth: u64| {
        desk.write(|tx| {
            let id = tx.next_case()?;
            let ticket = ticket(tx.number_ticket(DAY, id)?);
            let mail = (&mail(nth), mail_ref(nth));
            let (case, effects) = desk::open(id, &mailbox(), mail, Some(ticket), POLICY, at(10));
            tx.put_mail(&record(nth, 10, MailState::Ticket { case: id }))?;
            tx.put_case(&case)?;
            effects.iter().try_for_each(|effect| tx.put_effect(effect))?;
            tx.keep_fields(id, &[])?;
            settle(tx, id, created(nth), 10)?;
            Ok(id)
        })
        .unwrap()
    };
    let [over, waits] = [1, 2].map(announced);
    desk.write(|tx| {
        while !tx.case(over)?.unwrap().is_idle() {
            settle(tx, over, Outcome::Done(desk::Done::Plainly), 10)?;
        }
        // Of the other one nothing is said in the chat yet.
        settle(tx, waits, Outcome::Done(desk::Done::Plainly), 10)
    })
    .unwrap();
    assert_eq!(desk.audit().unwrap().problems, []);
    assert_eq!(open_cases(desk), [waits, over]);
    let purged = desk.purge(at(1_000), 99).unwrap();
    assert_eq!((purged.cases, purged.mails), (1, 1));
    assert_eq!(open_cases(desk), [waits]);
    assert_eq!(desk.case_of_ticket(number(1)).unwrap(), None);
    let audit = desk.audit().unwrap();
    assert_eq!((audit.problems, audit.tickets), (vec![], 1));
}
