//! The desk's promise, played through: whatever crashes, in whatever order mails come and however
//! often, each mail ends up in the tracker once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::samples::{POLICY, at, mail, mail_ref, mailbox, ticket};
use super::*;
use crate::model::{keys::EffectId, ticket::TicketNumber};

/// What a crash leaves: the store's rows.
#[derive(Default)]
struct Store {
    case: Option<Case>,
    effects: BTreeMap<u32, Effect>,
    mails: BTreeSet<usize>,
    comments: BTreeSet<u32>,
}

/// What is out there.
#[derive(Default)]
struct World {
    issues: Vec<String>,
    comments: Vec<String>,
    mails: Vec<String>,
    deleted: bool,
}

impl Store {
    fn keep(&mut self, effects: Vec<Effect>) {
        self.effects.extend(effects.into_iter().map(|effect| (effect.id.step, effect)));
    }

    fn arrive(&mut self, number: usize, now: Timestamp) {
        if !self.mails.insert(number) {
            return;
        }
        let new = match &mut self.case {
            None => {
                let (case, new) =
                    open(CaseId::first(), &mailbox(), &mail(number), mail_ref(number), now);
                self.case = Some(case);
                new
            }
            Some(case) => join(case, &mail(number), mail_ref(number), 1, POLICY, now),
        };
        self.keep(new);
    }

    fn comment(&mut self, number: u32, now: Timestamp) {
        let Some(case) = &mut self.case else { return };
        if self.comments.insert(number) {
            let comment = CommentId::parse(&number.to_string()).unwrap();
            let new = agent_commented(case, comment, now);
            self.keep(new);
        }
    }

    /// One try of the head: `fate` says what the network does, `crash` where the process dies.
    fn work(&mut self, world: &mut World, fate: Fate, now: Timestamp) {
        let Some(case) = &mut self.case else { return };
        let Some(next) = case.next.filter(|next| next.at <= now) else { return };
        let step = case.head;
        let mut effect = self.effects[&step].clone();
        assert_eq!(next, Next::of(&effect), "the schedule is the head's own");
        let looked = matches!(effect.stage, Stage::Sending | Stage::Uncertain);
        let outcome = if looked {
            look(world, &effect, case)
        } else {
            effect.begin(None, now);
            self.effects.insert(step, effect.clone());
            if fate == Fate::CrashBefore {
                return;
            }
            call(world, &effect, case, fate)
        };
        if fate == Fate::CrashAfter {
            return;
        }
        let following = self.effects.get(&(step + 1)).cloned();
        let new = settle(case, &mut effect, following.as_ref(), outcome, POLICY, now);
        self.effects.insert(step, effect);
        self.keep(new);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    CrashBefore,
    CrashAfter,
    Refused,
    LostBefore,
    LostAfter,
}

fn done(effect: &Effect) -> Outcome {
    Outcome::Done(match effect.work {
        Work::CreateIssue { .. } => {
            Done::Created { issue: IssueKey::parse("SUP-1").unwrap(), attach: false, watch: false }
        }
        Work::AddComment { .. } => Done::Commented { attach: false },
        _ => Done::Plainly,
    })
}

fn call(world: &mut World, effect: &Effect, case: &Case, fate: Fate) -> Outcome {
    let fault = String::new();
    if fate == Fate::Refused {
        return Outcome::Retry { after: None, fault };
    }
    if fate == Fate::LostBefore {
        return Outcome::Unclear { fault };
    }
    if world.deleted && matches!(effect.work, Work::AddComment { .. }) && case.issue.is_some() {
        world.deleted = false;
        return Outcome::IssueGone;
    }
    shelf(world, effect).push(effect.mark());
    if fate == Fate::LostAfter { Outcome::Unclear { fault } } else { done(effect) }
}

fn look(world: &mut World, effect: &Effect, _: &Case) -> Outcome {
    if shelf(world, effect).contains(&effect.mark()) { done(effect) } else { Outcome::NotFound }
}

fn shelf<'w>(world: &'w mut World, effect: &Effect) -> &'w mut Vec<String> {
    match effect.work {
        Work::CreateIssue { .. } => &mut world.issues,
        Work::AddComment { .. } => &mut world.comments,
        _ => &mut world.mails,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Arrive(usize),
    Comment(u32),
    Work(Fate),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Fate::{CrashAfter, CrashBefore, Fine, LostAfter, LostBefore, Refused};
    let fates =
        prop::sample::select(vec![Fine, CrashBefore, CrashAfter, LostBefore, LostAfter, Refused]);
    let step = prop_oneof![
        3 => (0..6_usize).prop_map(Step::Arrive),
        1 => (1..4_u32).prop_map(Step::Comment),
        8 => fates.prop_map(Step::Work),
        3 => (1..400_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_mail_ends_in_the_tracker_once(steps in steps()) {
        let (mut store, mut world) = (Store::default(), World::default());
        let mut now = 1_000;
        for step in steps {
            match step {
                Step::Arrive(number) => store.arrive(number, at(now)),
                Step::Comment(number) => store.comment(number, at(now)),
                Step::Work(fate) => store.work(&mut world, fate, at(now)),
                Step::Wait(seconds) => now += seconds,
            }
        }
        for _ in 0..200 {
            now += 400;
            store.work(&mut world, Fate::Fine, at(now));
        }
        let mails = store.mails.len();
        prop_assert_eq!(world.issues.len(), mails.min(1));
        prop_assert_eq!(world.comments.len(), mails.saturating_sub(1));
        // The notice, and each of the agent's comments.
        prop_assert_eq!(world.mails.len(), mails.min(1) + store.comments.len());
        let distinct: BTreeSet<_> = world.issues.iter().chain(&world.comments).collect();
        prop_assert_eq!(distinct.len(), mails);
        if let Some(case) = &store.case {
            prop_assert!(case.is_idle() && case.next.is_none());
            prop_assert!(store.effects.values().all(|effect| effect.stage == Stage::Done));
        }
    }
}

fn drive(store: &mut Store, world: &mut World, from: i64) {
    for turn in 0..20 {
        store.work(world, Fate::Fine, at(from + turn * 400));
    }
}

#[test]
fn a_follow_up_to_a_deleted_issue_opens_a_new_one_that_names_it() {
    let (mut store, mut world) = (Store::default(), World::default());
    store.arrive(0, at(0));
    drive(&mut store, &mut world, 0);
    world.deleted = true;
    store.arrive(1, at(9_000));
    store.arrive(2, at(9_000));
    drive(&mut store, &mut world, 9_000);
    assert_eq!((world.issues.len(), world.comments.len(), world.mails.len()), (2, 1, 1));
    let replaced = store.effects.values().find_map(|effect| match &effect.work {
        Work::CreateIssue { replaces, .. } => replaces.clone(),
        _ => None,
    });
    assert_eq!(replaced, IssueKey::parse("SUP-1"));
}

#[test]
fn an_issue_that_cannot_be_made_holds_up_its_case_until_the_operator_says() {
    let mut store = Store::default();
    store.arrive(0, at(0));
    store.arrive(1, at(0));
    let case = store.case.as_mut().unwrap();
    let mut effect = store.effects[&0].clone();
    effect.begin(None, at(1));
    let following = store.effects.get(&1).cloned();
    let refused = Outcome::Refused { fault: "status 400".into() };
    settle(case, &mut effect, following.as_ref(), refused, POLICY, at(1));
    assert_eq!((effect.stage, case.next, case.head), (Stage::Dead, None, 0));
    assert_eq!(retry(case, &mut effect, at(2)), []);
    assert_eq!((effect.stage, case.next), (Stage::Uncertain, Some(Next::of(&effect))));
}

#[test]
fn what_is_dead_elsewhere_lets_the_others_pass_and_can_queue_again() {
    let mut store = Store::default();
    store.arrive(0, at(0));
    drive(&mut store, &mut World::default(), 0);
    store.arrive(1, at(9_000));
    let case = store.case.as_mut().unwrap();
    let step = case.head;
    let mut effect = store.effects[&step].clone();
    let refused = Outcome::Refused { fault: "status 400".into() };
    settle(case, &mut effect, None, refused, POLICY, at(9_001));
    assert!(case.is_idle() && effect.stage == Stage::Dead);
    let again = retry(case, &mut effect, at(9_002));
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].mark(), effect.mark());
    assert_eq!(again[0].id, EffectId { case: case.id, step: step + 1 });
    assert_eq!(case.next, Some(Next::of(&again[0])));
}

#[test]
fn who_is_quiet_or_unknown_gets_no_mail() {
    let mut robot = mail(0);
    robot.automatic = Some(crate::model::automatic::Sign::List);
    let mut nobody = mail(0);
    nobody.from = None;
    for (mail, expected) in [(mail(0), 1), (robot, 0), (nobody, 0)] {
        let (mut case, effects) = open(CaseId::first(), &mailbox(), &mail, mail_ref(0), at(0));
        let mut effect = effects[0].clone();
        let made = done(&effect);
        let new = settle(&mut case, &mut effect, None, made, POLICY, at(1));
        assert_eq!(new.len(), expected);
    }
}

#[test]
fn mails_in_a_row_of_one_sender_are_counted_until_an_agent_speaks() {
    let (mut case, _) = open(CaseId::first(), &mailbox(), &mail(0), mail_ref(0), at(0));
    for (sender, expected) in [(1, 1), (1, 2), (2, 1), (1, 1), (1, 2)] {
        join(&mut case, &mail(1), mail_ref(1), sender, POLICY, at(1));
        assert_eq!(case.mail.as_ref().unwrap().streak, expected);
    }
    agent_commented(&mut case, CommentId::parse("1").unwrap(), at(2));
    assert_eq!(case.mail.unwrap().streak, 0);
}

#[test]
fn panics_are_counted_apart_from_failures_until_the_operator_speaks() {
    let (mut case, mut effects) = open(CaseId::first(), &mailbox(), &mail(1), mail_ref(1), at(0));
    let mut effect = effects.remove(0);
    let fault = || "no".to_owned();
    for (outcome, failures, panics) in [
        (Outcome::Retry { after: None, fault: fault() }, 1, 0),
        (Outcome::Panicked, 2, 1),
        (Outcome::Unclear { fault: fault() }, 3, 1),
        (Outcome::LookAgain { after: None, fault: fault() }, 4, 1),
        (Outcome::Panicked, 5, 2),
    ] {
        let panicked = outcome == Outcome::Panicked;
        settle(&mut case, &mut effect, None, outcome, POLICY, at(1));
        assert_eq!((effect.failures, effect.trace.panics), (failures, panics));
        assert!(!panicked || (effect.stage, effect.due) == (Stage::Uncertain, at(1)));
    }
    settle(&mut case, &mut effect, None, Outcome::Refused { fault: fault() }, POLICY, at(2));
    assert!(retry(&mut case, &mut effect, at(3)).is_empty());
    assert_eq!((effect.stage, effect.trace.panics), (Stage::Uncertain, 0));
}

#[test]
fn a_post_that_nobody_finds_is_made_again_after_what_may_be_on_its_way() {
    let number = TicketNumber::parse("20261122-0001").unwrap();
    let (mut case, mut effects) = open_ticket(CaseId::first(), "s", ticket(number), at(0));
    let mut effect = effects.remove(0);
    effect.begin(None, at(0));
    let policy = Policy { index_lag: Duration::from_mins(5), ..POLICY };
    for (second, outcome, stage, due) in [
        (9, Outcome::Unclear { fault: "cut".into() }, Stage::Uncertain, 9),
        (9, Outcome::NotFound, Stage::Uncertain, 10),
        (13, Outcome::NotFound, Stage::Uncertain, 14),
        (14, Outcome::NotFound, Stage::Planned, 14),
    ] {
        settle(&mut case, &mut effect, None, outcome, policy, at(second));
        assert_eq!((effect.stage, effect.due), (stage, at(due)), "at {second}");
    }
}
