//! Keys of callers, the log of events, and what the audit sees of both.

use jiff::SignedDuration;

use super::*;
use crate::clock;
use crate::model::ticket_event::EventKind;
use crate::store::desk::events::Events;
use crate::store::desk::requests::AskedBefore;
use crate::store::desk::uploads::{UploadRow, UploadRows};

fn request(case: u64) -> EffectId {
    EffectId { case: CaseId::new(case).unwrap(), lane: Lane::Desk, step: 0 }
}

#[test]
fn a_key_stands_for_its_request_for_a_day() {
    let (_dir, store) = store();
    let desk = store.desk();
    let now = clock::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let rows = [(1, ago(23), true), (2, ago(24), false), (3, now, true)];
    for (key, at, _) in rows {
        desk.write(|tx| tx.note_asked(&[key; 16], ([9; 16], request(1)), at)).unwrap();
    }
    for (key, _, known) in rows {
        let found = desk.asked_before(&[key; 16], now).unwrap();
        assert_eq!(found, known.then_some(([9; 16], request(1))), "{key}");
    }
    desk.purge(at(0), 9).unwrap();
    for (key, _, kept) in rows {
        let there = desk.0.view.0.contains::<AskedBefore>(&[key; 16]).unwrap();
        assert_eq!(there, kept, "{key}");
    }
}

#[test]
fn the_log_keeps_the_last_ten_thousand_events_and_no_number_comes_twice() {
    let (_dir, store) = store();
    let desk = store.desk();
    let tell = |count: u64| {
        desk.write(|tx| {
            for _ in 0..count {
                tx.tell_event(EventKind::Created, &issue(1), None, at(0))?;
            }
            Ok(())
        })
    };
    tell(3).unwrap();
    // What comes to nothing takes no number.
    let nothing: Result<(), StoreError> = desk.write(|tx| {
        tx.tell_event(EventKind::Commented, &issue(1), None, at(0))?;
        Err(StoreError::Closing)
    });
    nothing.unwrap_err();
    assert_eq!(desk.last_event().unwrap(), 3);
    tell(10_000).unwrap();
    assert_eq!(desk.last_event().unwrap(), 10_003);
    let all = desk.events_after(0, usize::MAX).unwrap();
    assert_eq!((all.len(), all[0].number, all[9_999].number), (10_000, 4, 10_003));
    let some: Vec<_> = desk.events_after(9_000, 2).unwrap();
    assert_eq!(some.iter().map(|event| event.number).collect::<Vec<_>>(), [9_001, 9_002]);
    assert_eq!(desk.events_after(u64::MAX, 2).unwrap(), []);
    assert_eq!(desk.audit().unwrap().problems, []);
}

#[test]
fn the_audit_sees_requests_that_lost_their_words_and_what_leads_nowhere() {
    let (_dir, store) = store();
    let desk = store.desk();
    let nowhere = CaseId::new(9).unwrap();
    let wanted = crate::model::request::Wanted::Remark(crate::model::request::NewRemark {
        body: "planted".into(),
        author: crate::model::mail::Email::parse("a@x.example").unwrap(),
        watchers: vec![],
        files: vec![],
    });
    desk.write(|tx| {
        let mut case = desk::adopt(tx.next_case()?, issue(1), at(0));
        for effect in desk::remark(&mut case, at(0)) {
            tx.put_effect(&effect)?;
        }
        tx.put_case(&case)?;
        tx.keep_request(request(9), &wanted)?;
        tx.note_asked(&[1; 16], ([1; 16], request(9)), at(0))?;
        let (key, case) = (String::new(), Some(nowhere));
        tx.view.0.put::<UploadRows>(&[1; 16], &UploadRow { key, size: 1, case, at: at(0) })?;
        let event = crate::model::ticket_event::TicketEvent {
            number: 7,
            at: at(0),
            kind: EventKind::Created,
            issue: issue(1),
            place: None,
        };
        tx.view.0.put::<Events>(&7_u64.to_be_bytes(), &event)
    })
    .unwrap();
    assert_eq!(
        desk.audit().unwrap().problems,
        [
            Problem::NoRequest { request: request(1) },
            Problem::RequestLink { request: request(9) },
            Problem::AskedLink { case: nowhere },
            Problem::UploadLink { case: nowhere },
            Problem::EventNumber { number: 7, last: 0 },
        ]
    );
    desk.write(|tx| tx.keep_request(request(1), &wanted)).unwrap();
    assert_eq!(desk.audit().unwrap().problems.len(), 4);
    assert_eq!(desk.wanted(request(1)).unwrap(), Some(wanted));
    desk.write(|tx| tx.forget_request(request(1))).unwrap();
    assert_eq!(desk.wanted(request(1)).unwrap(), None);
}
