//! What callers ask for, played through as mails are: whatever crashes, each request is there once,
//! and with it its files.

use super::*;

/// What is out there, by what it is known again.
#[derive(Default)]
struct Outside {
    issues: Vec<EffectId>,
    remarks: Vec<EffectId>,
    files: Vec<EffectId>,
}

#[derive(Default)]
struct Rows {
    cases: BTreeMap<CaseId, Case>,
    effects: BTreeMap<EffectId, Effect>,
    /// Keys, with what was asked under them.
    asked: BTreeMap<u8, EffectId>,
}

impl Rows {
    fn keep(&mut self, case: Case, effects: Vec<Effect>) {
        self.cases.insert(case.id, case);
        self.effects.extend(effects.into_iter().map(|effect| (effect.id, effect)));
    }

    fn next(&self) -> CaseId {
        CaseId::new(self.cases.len() as u64 + 1).unwrap()
    }

    fn request(&mut self, key: u8, now: Timestamp) {
        if self.asked.contains_key(&key) {
            return;
        }
        let place = (Tracker::Jira, "Support".to_owned());
        let (case, effects) = open_request(self.next(), "title", place, now);
        self.asked.insert(key, effects[0].id);
        self.keep(case, effects);
    }

    /// Of an issue that no case has at first.
    fn remark(&mut self, key: u8, now: Timestamp) {
        if self.asked.contains_key(&key) {
            return;
        }
        let issue = IssueKey::parse("OLD-1").unwrap();
        let known = self.cases.values().find(|case| case.issue.as_ref() == Some(&issue)).cloned();
        let mut case = known.unwrap_or_else(|| adopt(self.next(), issue, now));
        let effects = remark(&mut case, now);
        self.asked.insert(key, effects[0].id);
        self.keep(case, effects);
    }

    /// One try of each case's head.
    fn work(&mut self, world: &mut Outside, fate: Fate, now: Timestamp) {
        for mut case in self.cases.values().cloned().collect::<Vec<_>>() {
            if case.desk.next.is_none_or(|next| next.at > now) {
                continue;
            }
            let id = case.head_id(Lane::Desk).unwrap();
            let mut effect = self.effects[&id].clone();
            let outcome = if effect.is_unclear() {
                let there = shelf(world, &effect).contains(&id);
                if there { done(&effect) } else { Outcome::NotFound }
            } else {
                effect.begin(None, now);
                self.effects.insert(id, effect.clone());
                if fate == Fate::CrashBefore {
                    continue;
                }
                call(world, &effect, fate)
            };
            if fate == Fate::CrashAfter {
                continue;
            }
            let following = self.effects.get(&EffectId { step: id.step + 1, ..id }).cloned();
            let new = settle(&mut case, &mut effect, following.as_ref(), outcome, POLICY, now);
            self.effects.insert(id, effect);
            self.keep(case, new);
        }
    }
}

fn shelf<'o>(world: &'o mut Outside, effect: &Effect) -> &'o mut Vec<EffectId> {
    match effect.work {
        Work::FileRequest => &mut world.issues,
        Work::AddRemark => &mut world.remarks,
        _ => &mut world.files,
    }
}

fn done(effect: &Effect) -> Outcome {
    Outcome::Done(match effect.work {
        Work::FileRequest => {
            let issue = IssueKey::numbered("SUP", effect.id.case.get()).unwrap();
            Done::Created { issue, attach: true, watch: true }
        }
        Work::AddRemark => Done::Commented { attach: true, watch: false },
        _ => Done::Plainly,
    })
}

fn call(world: &mut Outside, effect: &Effect, fate: Fate) -> Outcome {
    let fault = String::new();
    match fate {
        Fate::Refused => return Outcome::Retry { after: None, fault },
        Fate::LostBefore => return Outcome::Unclear { fault },
        _ => {}
    }
    if !matches!(effect.work, Work::WatchRequest { .. }) {
        shelf(world, effect).push(effect.id);
    }
    if fate == Fate::LostAfter { Outcome::Unclear { fault } } else { done(effect) }
}

#[derive(Debug, Clone)]
enum Move {
    Request(u8),
    Remark(u8),
    Work(Fate),
    Wait(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    use Fate::{CrashAfter, CrashBefore, Fine, LostAfter, LostBefore, Refused};
    let fates =
        prop::sample::select(vec![Fine, CrashBefore, CrashAfter, LostBefore, LostAfter, Refused]);
    let one = prop_oneof![
        2 => (0..4_u8).prop_map(Move::Request),
        2 => (4..8_u8).prop_map(Move::Remark),
        8 => fates.prop_map(Move::Work),
        3 => (1..400_i64).prop_map(Move::Wait),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn every_request_is_there_once_with_its_files(moves in moves()) {
        let (mut rows, mut world) = (Rows::default(), Outside::default());
        let mut now = 1_000;
        for one in moves {
            match one {
                Move::Request(key) => rows.request(key, at(now)),
                Move::Remark(key) => rows.remark(key, at(now)),
                Move::Work(fate) => rows.work(&mut world, fate, at(now)),
                Move::Wait(seconds) => now += seconds,
            }
        }
        for _ in 0..200 {
            now += 400;
            rows.work(&mut world, Fate::Fine, at(now));
        }
        let asked = |remark: bool| {
            rows.asked.iter().filter(move |(key, _)| (**key >= 4) == remark)
        };
        let ids = |remark: bool| asked(remark).map(|(_, id)| *id).collect::<BTreeSet<_>>();
        let found = |these: &[EffectId]| these.iter().copied().collect::<BTreeSet<_>>();
        prop_assert_eq!(world.issues.len(), asked(false).count());
        prop_assert_eq!(world.remarks.len(), asked(true).count());
        prop_assert_eq!(found(&world.issues), ids(false));
        prop_assert_eq!(found(&world.remarks), ids(true));
        prop_assert_eq!(world.files.len(), rows.asked.len());
        prop_assert!(rows.cases.values().all(Case::is_idle));
        // One case for all that is said in one issue.
        let adopted = rows.cases.values().filter(|case| case.asked_for.is_none()).count();
        prop_assert_eq!(adopted, asked(true).count().min(1));
    }
}

fn refused() -> Outcome {
    Outcome::Refused { fault: "no".into() }
}

#[test]
fn a_refused_request_waits_for_the_operator_and_a_refused_remark_holds_up_nobody() {
    let place = (Tracker::Redmine, "helpdesk".to_owned());
    let (mut case, mut effects) = open_request(CaseId::first(), "s", place, at(0));
    settle(&mut case, &mut effects[0], None, refused(), POLICY, at(1));
    assert_eq!((effects[0].stage, case.desk.head, case.desk.next), (Stage::Dead, 0, None));
    assert!(retry(&mut case, &mut effects[0], at(2)).is_empty());
    assert_eq!(case.head_id(Lane::Desk), Some(effects[0].id));

    let mut case = adopt(CaseId::first(), IssueKey::parse("SUP-7").unwrap(), at(0));
    let mut first = remark(&mut case, at(1)).remove(0);
    let second = remark(&mut case, at(2)).remove(0);
    settle(&mut case, &mut first, Some(&second), Outcome::IssueGone, POLICY, at(3));
    assert_eq!(first.stage, Stage::Dead, "whoever asked must hear of it");
    assert_eq!(case.issue, IssueKey::parse("SUP-7"), "nothing takes its place");
    assert_eq!(case.head_id(Lane::Desk), Some(second.id));
    // Tried again it is another step, of the same request.
    let again = retry(&mut case, &mut first, at(4)).remove(0);
    assert_eq!((first.stage, again.request()), (Stage::Requeued, Some(first.id)));
}

#[test]
fn a_case_keeps_how_its_issue_stands_without_a_ticket() {
    let issue = IssueKey::parse("SUP-7").unwrap();
    let mut asked_for = adopt(CaseId::first(), issue.clone(), at(0));
    asked_for.asked_for = Some("Support".to_owned());
    // What was just made is open; of an adopted issue the first that is heard is kept.
    for (mut case, first) in [(asked_for, false), (adopt(CaseId::first(), issue, at(0)), true)] {
        for (second, closed, news) in [
            (1, false, first),
            (2, true, true),
            (3, true, false),
            (2, false, false),
            (4, false, true),
        ] {
            let told = stands(&mut case, Standing { closed, at: at(second) }, at(9));
            assert_eq!(told.map(|effects| effects.len()), news.then_some(0), "{second} {closed}");
        }
    }
}
