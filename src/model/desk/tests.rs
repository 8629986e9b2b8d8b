//! The desk's promise, played through: whatever crashes, in whatever order mails come and however
//! often, each mail ends up in the tracker once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::samples::{POLICY, at, id, mail, mail_ref, mailbox, person, ticket};
use super::*;
use crate::model::{
    keys::{EffectId, IssueKey, Lane},
    ticket::{TicketNumber, TicketState},
};

mod link_back;
mod requests;

/// What a crash leaves: the store's rows.
#[derive(Default)]
struct Store {
    case: Option<Case>,
    effects: BTreeMap<EffectId, Effect>,
    mails: BTreeSet<usize>,
    comments: BTreeSet<u32>,
    /// The chat hears of it.
    told: bool,
}

/// What is out there.
#[derive(Default)]
struct World {
    issues: Vec<String>,
    comments: Vec<String>,
    mails: Vec<String>,
    posts: Vec<EffectId>,
    deleted: bool,
}

impl Store {
    fn keep(&mut self, effects: Vec<Effect>) {
        self.effects.extend(effects.into_iter().map(|effect| (effect.id, effect)));
    }

    fn arrive(&mut self, number: usize, now: Timestamp) {
        if !self.mails.insert(number) {
            return;
        }
        let new = match &mut self.case {
            None => {
                let number_of = TicketNumber::parse("20261122-0001").unwrap();
                let mail = (&mail(number), mail_ref(number));
                let told = self.told.then(|| ticket(number_of));
                let (case, new) = open(CaseId::first(), &mailbox(), mail, told, POLICY, now);
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

    /// One try of a queue's head: `fate` says what the network does, or where the process dies.
    fn work(&mut self, world: &mut World, lane: Lane, fate: Fate, now: Timestamp) {
        let Some(case) = &mut self.case else { return };
        let Some(next) = case.queue(lane).next.filter(|next| next.at <= now) else { return };
        let id = case.head_id(lane).unwrap();
        let mut effect = self.effects[&id].clone();
        assert_eq!(next, case.next_of(&effect), "the schedule is the head's own");
        let looked = matches!(effect.stage, Stage::Sending | Stage::Uncertain);
        let outcome = if looked {
            look(world, &effect, case)
        } else {
            effect.begin(None, now);
            self.effects.insert(id, effect.clone());
            if fate == Fate::CrashBefore {
                return;
            }
            call(world, &effect, case, fate)
        };
        if fate == Fate::CrashAfter {
            return;
        }
        let following = self.effects.get(&EffectId { step: id.step + 1, ..id }).cloned();
        let new = settle(case, &mut effect, following.as_ref(), outcome, POLICY, now);
        self.effects.insert(id, effect);
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
        Work::AddComment { .. } => Done::Commented { attach: false, watch: false },
        Work::PostTicket => Done::Posted { post: PostId::parse(&id('p')).unwrap(), replies: 1 },
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
    if effect.id.lane == Lane::Chat {
        world.posts.push(effect.id);
    } else {
        shelf(world, effect).push(effect.mark());
    }
    if fate == Fate::LostAfter { Outcome::Unclear { fault } } else { done(effect) }
}

fn look(world: &mut World, effect: &Effect, _: &Case) -> Outcome {
    let chat = effect.id.lane == Lane::Chat && world.posts.contains(&effect.id);
    if chat || shelf(world, effect).contains(&effect.mark()) {
        done(effect)
    } else {
        Outcome::NotFound
    }
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
    Work(Lane, Fate),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Fate::{CrashAfter, CrashBefore, Fine, LostAfter, LostBefore, Refused};
    let fates =
        prop::sample::select(vec![Fine, CrashBefore, CrashAfter, LostBefore, LostAfter, Refused]);
    let step = prop_oneof![
        3 => (0..6_usize).prop_map(Step::Arrive),
        1 => (1..4_u32).prop_map(Step::Comment),
        8 => (prop::sample::select(Lane::ALL.to_vec()), fates)
            .prop_map(|(lane, fate)| Step::Work(lane, fate)),
        3 => (1..400_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_mail_ends_in_the_tracker_once(steps in steps(), told: bool) {
        let (mut store, mut world) = (Store { told, ..Store::default() }, World::default());
        let mut now = 1_000;
        for step in steps {
            match step {
                Step::Arrive(number) => store.arrive(number, at(now)),
                Step::Comment(number) => store.comment(number, at(now)),
                Step::Work(lane, fate) => store.work(&mut world, lane, fate, at(now)),
                Step::Wait(seconds) => now += seconds,
            }
        }
        for _ in 0..200 {
            now += 400;
            for lane in Lane::ALL {
                store.work(&mut world, lane, Fate::Fine, at(now));
            }
        }
        let mails = store.mails.len();
        prop_assert_eq!(world.issues.len(), mails.min(1));
        prop_assert_eq!(world.comments.len(), mails.saturating_sub(1));
        // The notice, and each of the agent's comments.
        prop_assert_eq!(world.mails.len(), mails.min(1) + store.comments.len());
        // The ticket, its rest, its key, each mail and each comment.
        let mut posts = world.posts.clone();
        let expected = if told && mails > 0 { 3 + mails + store.comments.len() } else { 0 };
        prop_assert_eq!(posts.len(), expected);
        prop_assert!(world.posts.is_sorted(), "in the order of the queue");
        posts.dedup();
        prop_assert_eq!(posts.len(), expected);
        let distinct: BTreeSet<_> = world.issues.iter().chain(&world.comments).collect();
        prop_assert_eq!(distinct.len(), mails);
        if let Some(case) = &store.case {
            prop_assert!(case.is_idle());
            prop_assert!(Lane::ALL.iter().all(|lane| case.queue(*lane).next.is_none()));
            prop_assert!(store.effects.values().all(|effect| effect.stage == Stage::Done));
        }
    }
}

fn drive(store: &mut Store, world: &mut World, from: i64) {
    for turn in 0..20 {
        store.work(world, Lane::Desk, Fate::Fine, at(from + turn * 400));
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
    let first = case.head_id(Lane::Desk).unwrap();
    let mut effect = store.effects[&first].clone();
    effect.begin(None, at(1));
    let following = store.effects.get(&EffectId { step: 1, ..first }).cloned();
    let refused = Outcome::Refused { fault: "status 400".into() };
    settle(case, &mut effect, following.as_ref(), refused, POLICY, at(1));
    assert_eq!((effect.stage, case.desk.next, case.desk.head), (Stage::Dead, None, 0));
    assert_eq!(retry(case, &mut effect, at(2)), []);
    let due = Some(case.next_of(&effect));
    assert_eq!((effect.stage, case.desk.next), (Stage::Uncertain, due));
}

#[test]
fn what_is_dead_elsewhere_lets_the_others_pass_and_can_queue_again() {
    let mut store = Store::default();
    store.arrive(0, at(0));
    drive(&mut store, &mut World::default(), 0);
    store.arrive(1, at(9_000));
    let case = store.case.as_mut().unwrap();
    let head = case.head_id(Lane::Desk).unwrap();
    let mut effect = store.effects[&head].clone();
    let refused = Outcome::Refused { fault: "status 400".into() };
    settle(case, &mut effect, None, refused, POLICY, at(9_001));
    assert!(case.is_idle() && effect.stage == Stage::Dead);
    let again = retry(case, &mut effect, at(9_002));
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].mark(), effect.mark());
    assert_eq!(again[0].id, EffectId { step: head.step + 1, ..head });
    assert_eq!(case.desk.next, Some(case.next_of(&again[0])));
}

#[test]
fn who_is_quiet_or_unknown_gets_no_mail() {
    let mut robot = mail(0);
    robot.automatic = Some(crate::model::automatic::Sign::List);
    let mut nobody = mail(0);
    nobody.from = None;
    for (mail, expected) in [(mail(0), 1), (robot, 0), (nobody, 0)] {
        let mail = (&mail, mail_ref(0));
        let (mut case, effects) = open(CaseId::first(), &mailbox(), mail, None, POLICY, at(0));
        let mut effect = effects[0].clone();
        let made = done(&effect);
        let new = settle(&mut case, &mut effect, None, made, POLICY, at(1));
        assert_eq!(new.len(), expected);
    }
}

#[test]
fn mails_in_a_row_of_one_sender_are_counted_until_an_agent_speaks() {
    let first = (&mail(0), mail_ref(0));
    let (mut case, _) = open(CaseId::first(), &mailbox(), first, None, POLICY, at(0));
    for (sender, expected) in [(1, 1), (1, 2), (2, 1), (1, 1), (1, 2)] {
        join(&mut case, &mail(1), mail_ref(1), sender, POLICY, at(1));
        assert_eq!(case.mail.as_ref().unwrap().streak, expected);
    }
    agent_commented(&mut case, CommentId::parse("1").unwrap(), at(2));
    assert_eq!(case.mail.unwrap().streak, 0);
}

#[test]
fn panics_are_counted_apart_from_failures_until_the_operator_speaks() {
    let first = (&mail(1), mail_ref(1));
    let (mut case, mut effects) = open(CaseId::first(), &mailbox(), first, None, POLICY, at(0));
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
    let (mut case, mut effects) =
        open_ticket(CaseId::first(), "s", None, ticket(number), None, at(0));
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

#[test]
fn a_ticket_follows_its_issue_and_its_issue_the_ticket() {
    let number = TicketNumber::parse("20261122-0001").unwrap();
    let jira = Some(Tracker::Jira);
    let (mut case, _) = open_ticket(CaseId::first(), "s", jira, ticket(number), None, at(0));
    let ann = person('a');
    let state = |case: &Case| case.ticket.as_ref().unwrap().state;
    let works = |effects: Vec<Effect>| effects.iter().map(|e| e.work.word()).collect::<Vec<_>>();
    let told = ["update_post", "tell_change"];
    let moved = ["update_post", "tell_change", "follow_state"];
    let there = |closed, second| Standing { closed, at: at(second) };
    // An open issue is what there was.
    assert_eq!(stands(&mut case, there(false, 10), at(10)), None);
    // Closed there: told here, and nothing is written back.
    let news = stands(&mut case, there(true, 20), at(21)).unwrap();
    assert_eq!((works(news), state(&case)), (told.to_vec(), TicketState::Resolved));
    // The same again, and what a slow look saw before that, is no news.
    assert_eq!(stands(&mut case, there(true, 25), at(26)), None);
    assert_eq!(stands(&mut case, there(false, 15), at(26)), None);
    // Reopened here: the issue follows; that it is still closed is no news.
    let news = change(&mut case, &ann, &Change::Reopen, at(30)).unwrap();
    assert_eq!((works(news), state(&case)), (moved.to_vec(), TicketState::Open));
    assert_eq!(stands(&mut case, there(true, 29), at(31)), None);
    // Nor is what overtakes it: how the issue stands is looked at when it has followed.
    assert_eq!(stands(&mut case, there(false, 31), at(31)), None);
    // It has followed, which is no news either; a look from before is too old.
    assert_eq!(followed(&mut case, there(false, 32)), Vec::<&str>::new());
    assert_eq!(stands(&mut case, there(true, 29), at(33)), None);
    assert_eq!(stands(&mut case, there(false, 34), at(34)), None);
    // Resolved here and closed there at the same time: both stand so.
    change(&mut case, &ann, &Change::Resolve, at(40)).unwrap();
    assert_eq!(stands(&mut case, there(true, 41), at(42)), None);
    assert_eq!(followed(&mut case, there(true, 41)), Vec::<&str>::new());
    assert_eq!(state(&case), TicketState::Resolved);
    let news = stands(&mut case, there(false, 50), at(50)).unwrap();
    assert_eq!((works(news), state(&case)), (told.to_vec(), TicketState::Open));
    // Resolved and thought better of: what comes of the first is not the last word.
    change(&mut case, &ann, &Change::Resolve, at(60)).unwrap();
    change(&mut case, &ann, &Change::Reopen, at(61)).unwrap();
    assert_eq!(followed(&mut case, there(true, 62)), Vec::<&str>::new());
    assert_eq!(stands(&mut case, there(true, 62), at(62)), None);
    assert_eq!(followed(&mut case, there(false, 63)), Vec::<&str>::new());
    assert_eq!(state(&case), TicketState::Open);
    // Somebody there is faster than our look at what came of it.
    change(&mut case, &ann, &Change::Resolve, at(70)).unwrap();
    assert_eq!(
        (followed(&mut case, there(false, 71)), state(&case)),
        (told.to_vec(), TicketState::Open)
    );
}

/// The issue has followed the ticket: what is to be told of how it stands.
fn followed(case: &mut Case, standing: Standing) -> Vec<&'static str> {
    let mut head = Effect::new(case.head_id(Lane::Desk).unwrap(), Work::FollowState, standing.at);
    let outcome = Outcome::Done(Done::Stands(standing));
    let new = settle(case, &mut head, None, outcome, POLICY, standing.at);
    new.iter().map(|effect| effect.work.word()).collect()
}

#[test]
fn an_issue_that_comes_late_follows_its_ticket() {
    let number = TicketNumber::parse("20261122-0001").unwrap();
    let jira = Some(Tracker::Jira);
    for resolved in [false, true] {
        let (mut case, effects) =
            open_ticket(CaseId::first(), "s", jira, ticket(number), None, at(0));
        let mut post = effects[0].clone();
        let posted = Done::Posted { post: PostId::parse(&"p".repeat(26)).unwrap(), replies: 0 };
        let filing = settle(&mut case, &mut post, None, Outcome::Done(posted), POLICY, at(1));
        let mut filing = filing[0].clone();
        // Refused, and the ticket went on; the operator has it tried again.
        let refused = Outcome::Refused { fault: "x".into() };
        settle(&mut case, &mut filing, None, refused, POLICY, at(2));
        if resolved {
            change(&mut case, &person('a'), &Change::Resolve, at(3)).unwrap();
            let mut follow =
                Effect::new(case.head_id(Lane::Desk).unwrap(), Work::FollowState, at(3));
            let plainly = Outcome::Done(Done::Plainly);
            settle(&mut case, &mut follow, None, plainly, POLICY, at(4));
        }
        let mut filing = retry(&mut case, &mut filing, at(5)).remove(0);
        let issue = IssueKey::parse("SUP-1").unwrap();
        let created = Outcome::Done(Done::Created { issue, attach: false, watch: false });
        let more = settle(&mut case, &mut filing, None, created, POLICY, at(6));
        let follows = more.iter().any(|effect| effect.work == Work::FollowState);
        assert_eq!(follows, resolved);
    }
}

#[test]
fn what_waits_after_a_failure_is_tried_at_once_by_the_operators_word() {
    let first = (&mail(1), mail_ref(1));
    let (mut case, mut effects) = open(CaseId::first(), &mailbox(), first, None, POLICY, at(0));
    let mut effect = effects.remove(0);
    assert!(!can_retry(&case, &effect), "it was not tried yet");
    let later = Outcome::Retry { after: Some(Duration::from_mins(15)), fault: "no".into() };
    settle(&mut case, &mut effect, None, later, POLICY, at(1));
    assert!(effect.due >= at(900));
    assert!(retry(&mut case, &mut effect, at(60)).is_empty());
    assert_eq!((effect.stage, effect.due, effect.failures), (Stage::Planned, at(60), 0));
    assert_eq!(case.desk.next, Some(case.next_of(&effect)));
}
