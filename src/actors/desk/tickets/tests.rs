//! Tickets over races, crashes and restores: numbers have no gap, a dialog makes one ticket, and
//! the tables hold together at every moment.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::civil::date;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::model::ticket::TicketState;
use crate::{
    model::{
        desk::{
            Done, Outcome,
            samples::{id, person},
        },
        effect::{Stage, Work},
        form::Value,
    },
    store::{Keyring, Store},
    telemetry::Metrics,
};

/// Around midnight, two time zones call it one or the other.
const DAYS: [Date; 2] = [date(2026, 11, 22), date(2026, 11, 23)];

fn form(nonce: u128, day: Date) -> NewTicket {
    NewTicket {
        nonce: nonce.to_be_bytes(),
        expires: Timestamp::MAX,
        day,
        prefix: "Ticket".into(),
        form: "network".into(),
        channel: ChannelId::parse(&id('c')).unwrap(),
        asker: person('a'),
        tracker: None,
        subject: "No network".into(),
        fields: vec![Filled { label: "Problem".into(), value: Value::Text(nonce.to_string()) }],
        source: None,
    }
}

/// A desk in a directory, which may be left and entered again.
struct Place {
    dir: tempfile::TempDir,
    path: PathBuf,
    keys: Keyring,
    desk: Option<(Desk, Store)>,
}

impl Place {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0");
        let mut place = Self { dir, path, keys: Keyring::generate(), desk: None };
        place.enter().await;
        place
    }

    fn desk(&self) -> &Desk {
        &self.desk.as_ref().unwrap().0
    }

    async fn enter(&mut self) {
        let store = opened(&self.path, &self.keys).await;
        self.desk = Some((
            Desk::new(store.clone(), HashMap::new(), Duration::from_mins(5), Metrics::new()),
            store,
        ));
    }

    /// The process ends, in order or not.
    async fn restart(&mut self) {
        self.desk = None;
        self.enter().await;
    }

    /// The store is made anew, elsewhere, from its export.
    async fn restore(&mut self) {
        let (desk, store) = self.desk.take().unwrap();
        drop(desk);
        store.close().await.unwrap();
        let export = self.path.join("export.jsonl");
        let count = std::fs::read_dir(self.dir.path()).unwrap().count();
        self.path = self.dir.path().join(count.to_string());
        Store::restore(&self.path, &export, self.keys.clone()).unwrap();
        self.enter().await;
    }

    async fn is_well(&self) {
        assert_eq!(self.desk().audit().await.unwrap().problems, []);
    }
}

/// Whoever held it may not be gone yet.
async fn opened(path: &Path, keys: &Keyring) -> Store {
    for _ in 0..500 {
        match Store::open(path, keys.clone()) {
            Err(StoreError::Locked { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the store stays in use");
}

fn number(case: &Case) -> TicketNumber {
    case.ticket.as_ref().unwrap().number
}

/// Whether these are all numbers from 1 of their days, each once.
fn without_gaps(numbers: &[TicketNumber]) -> bool {
    let mut days: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for number in numbers {
        days.entry(number.day).or_default().push(number.count);
    }
    days.values_mut().all(|counts| {
        counts.sort_unstable();
        counts.iter().copied().eq(1..=u32::try_from(counts.len()).unwrap())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_leave_no_gap_on_two_days_and_over_restarts() {
    let mut place = Place::new().await;
    let mut numbers = Vec::new();
    for round in 0..3_u128 {
        let writers: Vec<_> = (0..8_u128)
            .map(|writer| {
                let desk = place.desk().clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    for n in 0..10_u128 {
                        let day = DAYS[usize::from((writer + n + round).is_multiple_of(3))];
                        let nonce = round * 1_000 + writer * 100 + n;
                        let opened = desk.open_ticket(form(nonce, day)).await.unwrap();
                        let Opened::New(case) = opened else { panic!("{opened:?}") };
                        assert_eq!(number(&case).day, day);
                        let fields = desk.fields_of(case.id).await.unwrap();
                        assert!(fields == form(nonce, day).fields);
                        mine.push(number(&case));
                    }
                    mine
                })
            })
            .collect();
        for writer in writers {
            numbers.extend(writer.await.unwrap());
        }
        assert!(without_gaps(&numbers), "{numbers:?}");
        place.is_well().await;
        if round == 0 { place.restart().await } else { place.restore().await }
    }
    assert_eq!(numbers.len(), 240);
    place.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_sent_in_fifty_times_makes_one_ticket() {
    let mut place = Place::new().await;
    let submits: Vec<_> = (0..50)
        .map(|n| {
            let desk = place.desk().clone();
            tokio::spawn(async move { desk.open_ticket(form(7, DAYS[n % 2])).await.unwrap() })
        })
        .collect();
    let (mut new, mut spent) = (Vec::new(), Vec::new());
    for submit in submits {
        match submit.await.unwrap() {
            Opened::New(case) => new.push(case.id),
            Opened::Spent(case) => spent.push(case.id),
        }
    }
    assert_eq!((new.len(), spent.len()), (1, 49));
    assert!(spent.iter().all(|case| *case == new[0]));
    place.restart().await;
    let again = place.desk().open_ticket(form(7, DAYS[0])).await.unwrap();
    assert!(matches!(again, Opened::Spent(case) if case.id == new[0]));
    assert_eq!(place.desk().open_tickets(TicketFilter::default(), 9).await.unwrap().1, 1);
    place.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_post_is_told_of_it_before_and_after_it_is_there() {
    let place = Place::new().await;
    let desk = place.desk();
    let (long, short) = (Duration::from_secs(30), Duration::from_millis(50));
    let Opened::New(case) = desk.open_ticket(form(1, DAYS[0])).await.unwrap() else { panic!() };
    assert_eq!(desk.post_of(case.id, short).await, None);
    assert_eq!(desk.post_of(CaseId::new(99).unwrap(), long).await, None);
    let waiting = tokio::spawn({
        let desk = desk.clone();
        async move { desk.post_of(case.id, long).await }
    });
    tokio::time::sleep(short).await;
    assert!(!waiting.is_finished());
    let (mut tasks, _) = desk.due(Worker::Chat, 1, HashSet::new()).await.unwrap();
    let effect = tasks.remove(0).effect;
    desk.begin(&effect, None).await.unwrap();
    let post = PostId::parse(&id('p')).unwrap();
    let done = Outcome::Done(Done::Posted { post: post.clone(), replies: 0 });
    desk.settle(effect.id, done).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Some(post.clone()));
    assert_eq!(desk.post_of(case.id, long).await, Some(post));
}

#[tokio::test]
async fn tickets_are_found_by_number_and_post_and_listed_newest_first() {
    let place = Place::new().await;
    let desk = place.desk();
    let mut cases = Vec::new();
    for n in 0..4 {
        let mut new = form(n, DAYS[0]);
        if n == 1 {
            new.channel = ChannelId::parse(&id('d')).unwrap();
            new.asker = person('z');
        }
        let Opened::New(case) = desk.open_ticket(new).await.unwrap() else { panic!() };
        cases.push(case.id);
    }
    let post = PostId::parse(&id('p')).unwrap();
    assert_eq!(desk.ticket_by_post(post.clone()).await.unwrap(), None);
    // The word is kept for who asks late.
    tokio::time::timeout(Duration::from_secs(5), desk.work_for(Worker::Chat)).await.unwrap();
    let (mut tasks, _) = desk.due(Worker::Chat, 1, HashSet::new()).await.unwrap();
    let task = tasks.remove(0);
    assert_eq!((task.case.id, &task.effect.work), (cases[0], &Work::PostTicket));
    desk.begin(&task.effect, None).await.unwrap();
    let done = Outcome::Done(Done::Posted { post: post.clone(), replies: 0 });
    desk.settle(task.effect.id, done).await.unwrap();
    assert_eq!(desk.ticket_by_post(post).await.unwrap().map(|case| case.id), Some(cases[0]));
    let number = TicketNumber { day: DAYS[0], count: 3 };
    assert_eq!(desk.ticket_by_number(number).await.unwrap().map(|case| case.id), Some(cases[2]));
    let beyond = TicketNumber { day: DAYS[0], count: 5 };
    assert_eq!(desk.ticket_by_number(beyond).await.unwrap(), None);

    let changed = desk.change_ticket(cases[2], person('o'), Change::Take).await.unwrap().unwrap();
    assert_eq!(changed.ticket.unwrap().owner, Some(person('o')));
    let again = desk.change_ticket(cases[2], person('o'), Change::Take).await.unwrap();
    assert_eq!(again, Err(Unchanged::Theirs));
    let nobody = desk.change_ticket(CaseId::new(99).unwrap(), person('o'), Change::Take).await;
    assert_eq!(nobody.unwrap(), Err(Unchanged::NoTicket));
    desk.change_ticket(cases[3], person('o'), Change::Resolve).await.unwrap().unwrap();
    let (_, effects) = desk.show_case(cases[2]).await.unwrap().unwrap();
    assert_eq!(effects.len(), 3, "the refusals queued nothing");

    let none = TicketFilter::default;
    for (filter, limit, expected, total) in [
        (none(), 9, vec![2, 1, 0], 3),
        (none(), 2, vec![2, 1], 3),
        (none(), 0, vec![], 3),
        (TicketFilter { channel: ChannelId::parse(&id('d')).ok(), ..none() }, 9, vec![1], 1),
        (TicketFilter { owner: Some(person('o').id), ..none() }, 9, vec![2], 1),
        (TicketFilter { asker: Some(person('z').id), ..none() }, 9, vec![1], 1),
        (
            TicketFilter { owner: Some(person('o').id), asker: Some(person('z').id), ..none() },
            9,
            vec![],
            0,
        ),
    ] {
        let (found, counted) = desk.open_tickets(filter.clone(), limit).await.unwrap();
        let found: Vec<_> = found.iter().map(|case| case.id).collect();
        let expected: Vec<_> = expected.into_iter().map(|n: usize| cases[n]).collect();
        assert_eq!((found, counted), (expected, total), "{filter:?}");
    }
    place.is_well().await;
}

#[test]
fn a_filled_form_is_not_shown() {
    let mut new = form(1, DAYS[0]);
    new.subject = "planted".into();
    new.asker.name = "planted".into();
    new.fields[0].value = Value::Line("planted".into());
    assert!(!format!("{new:?}").contains("planted"));
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// A dialog is sent in; nonces come again.
    Submit { nonce: u8, day: usize },
    /// Somebody does something to one of the tickets.
    Change { which: usize, what: usize },
    /// The chat worker tries a head, and this comes of it; nothing is a crash.
    Chat { outcome: usize },
    /// What is over is forgotten.
    Purge,
    /// The process ends and begins.
    Restart,
    /// The store is made anew from its export.
    Restore,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..24_u8, 0..2_usize).prop_map(|(nonce, day)| Event::Submit { nonce, day }),
        4 => (any::<prop::sample::Index>(), 0..5_usize)
            .prop_map(|(which, what)| Event::Change { which: which.index(64), what }),
        8 => (0..8_usize).prop_map(|outcome| Event::Chat { outcome }),
        1 => Just(Event::Purge),
        1 => Just(Event::Restart),
        1 => Just(Event::Restore),
    ]
}

/// What the outside knows.
#[derive(Default)]
struct World {
    /// Every number that was ever given.
    numbers: Vec<TicketNumber>,
    /// The ticket of each dialog, until it is purged.
    made: BTreeMap<u8, CaseId>,
}

async fn happen(place: &mut Place, world: &mut World, event: Event) {
    match event {
        Event::Submit { nonce, day } => {
            let new = form(nonce.into(), DAYS[day]);
            match place.desk().open_ticket(new).await.unwrap() {
                Opened::New(case) => {
                    world.numbers.push(number(&case));
                    assert_eq!(world.made.insert(nonce, case.id), None, "one ticket for a dialog");
                }
                Opened::Spent(case) => assert_eq!(world.made.get(&nonce), Some(&case.id)),
            }
        }
        Event::Change { which, what } => {
            let Some(case) = world.made.values().nth(which) else { return };
            let change = match what {
                0 => Change::Take,
                1 => Change::Assign { to: person('o') },
                2 => Change::Reopen,
                _ => Change::Resolve,
            };
            let _changed = place.desk().change_ticket(*case, person('b'), change).await.unwrap();
        }
        Event::Chat { outcome } => {
            let desk = place.desk();
            let (tasks, _) = desk.due(Worker::Chat, 1, HashSet::new()).await.unwrap();
            let Some(task) = tasks.first() else { return };
            desk.begin(&task.effect, None).await.unwrap();
            let outcome = match (outcome, &task.effect.work) {
                (0, _) => return,
                (1, _) => Outcome::Unclear { fault: "no".into() },
                (2, _) => Outcome::Refused { fault: "no".into() },
                (_, Work::PostTicket) => {
                    let post = PostId::parse(&format!("{:0>26}", task.case.id)).unwrap();
                    Outcome::Done(Done::Posted { post, replies: 0 })
                }
                _ => Outcome::Done(Done::Plainly),
            };
            desk.settle(task.effect.id, outcome).await.unwrap();
        }
        Event::Purge => {
            let desk = place.desk();
            let open = desk.open_tickets(TicketFilter::default(), 99).await.unwrap().0;
            desk.purge(Timestamp::MAX).await.unwrap();
            for (nonce, case) in world.made.clone() {
                if desk.show_case(case).await.unwrap().is_none() {
                    world.made.remove(&nonce);
                    assert!(open.iter().all(|open| open.id != case), "an open ticket was purged");
                }
            }
        }
        Event::Restart => place.restart().await,
        Event::Restore => place.restore().await,
    }
}

/// What holds at every moment.
async fn holds(place: &Place, world: &World) {
    place.is_well().await;
    assert!(without_gaps(&world.numbers), "{:?}", world.numbers);
    let mut open = 0;
    for (nonce, id) in &world.made {
        let (case, effects) = place.desk().show_case(*id).await.unwrap().unwrap();
        let ticket = case.ticket.unwrap();
        open += usize::from(ticket.state != TicketState::Resolved);
        let posts = effects.iter().filter(|effect| effect.work == Work::PostTicket);
        let posted = posts.filter(|effect| effect.stage == Stage::Done).count();
        assert_eq!(posted, usize::from(ticket.post.is_some()));
        if let Some(post) = ticket.post {
            let found = place.desk().ticket_by_post(post).await.unwrap().map(|case| case.id);
            assert_eq!(found, Some(*id));
        }
        let found = place.desk().ticket_by_number(ticket.number).await.unwrap();
        assert_eq!(found.map(|case| case.id), Some(*id));
        let fields = place.desk().fields_of(*id).await.unwrap();
        assert!(fields == form((*nonce).into(), DAYS[0]).fields);
    }
    assert_eq!(place.desk().open_tickets(TicketFilter::default(), 0).await.unwrap().1, open);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_happens_the_tickets_hold_together(events in prop::collection::vec(event(), 1..50)) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let mut place = Place::new().await;
            let mut world = World::default();
            for event in events {
                happen(&mut place, &mut world, event).await;
                holds(&place, &world).await;
            }
        });
    }
}
