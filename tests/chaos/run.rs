//! Carries a plan out: letters, faults and kills, and at last a daemon that is left alone until
//! nothing is left to be done.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ticketd::sandbox::Mattermost;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::judge::{self, Verdict};
use crate::place::Place;
use crate::plan::{Accident, Act, Filing, Plan, Source};

/// How long nothing may come of the last daemon. On a busy machine all is slow, but goes on.
const STUCK: Duration = Duration::from_secs(45);
/// With Redmine a call that may still be under way is waited for, half a minute in itself.
const STUCK_REDMINE: Duration = Duration::from_secs(90);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(150);
/// In which nothing more may happen when all is there.
const QUIET: Duration = Duration::from_millis(400);
/// A first daemon has to be there by then.
const START: Duration = Duration::from_secs(30);

/// What a run came to.
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) stuck: bool,
    pub(crate) kills: usize,
    /// The failpoints that did abort.
    pub(crate) aborts: Vec<&'static str>,
    pub(crate) log: String,
}

/// One run of ticketd.
pub(crate) async fn ticketd(plan: Plan) -> io::Result<Ended> {
    let plan = Arc::new(plan);
    let place = Arc::new(Place::new(&plan).await?);
    let mut ended = Ended {
        verdict: Verdict::default(),
        stuck: false,
        kills: 0,
        aborts: Vec::new(),
        log: String::new(),
    };
    let mut acting = plan.first_days.then(|| act(&plan, &place));
    for life in &plan.lives {
        let mut daemon = place.start(life.failpoint)?;
        if life.from_ready {
            daemon.ready().await;
        }
        if acting.is_none() {
            let since = Instant::now();
            while !place.is_listened_to() && since.elapsed() < START {
                sleep(LOOK / 5).await;
            }
            acting = Some(act(&plan, &place));
        }
        match (daemon.end_within(life.until).await?, life.failpoint) {
            (None, _) => ended.kills += 1,
            (Some(status), Some(failpoint)) if status.contains("SIGABRT") => {
                ended.aborts.push(failpoint);
                place.home.note(&format!("abort at {failpoint}"));
            }
            (Some(status), _) => {
                ended.verdict.words.push(format!("a daemon ended by itself: {status}"));
            }
        }
        place.home.note("the end of a life");
        sleep(life.pause).await;
    }
    let mut last = place.start(None)?;
    let _talking = match acting {
        Some(acting) => acting.await.map_err(io::Error::other)??,
        None => Vec::new(),
    };
    place.home.note("no more faults");
    place.tracker.clear_faults();
    place.post.clear_faults();
    place.chat.iter().for_each(Mattermost::clear_faults);
    let words = settle(&plan, &place).await?;
    ended.stuck = words.is_some();
    if !last.is_alive() {
        ended.verdict.words.push("the last daemon ended by itself".to_owned());
    }
    let mut verdict = judge::judge(&plan, &place);
    verdict.words.splice(..0, ended.verdict.words);
    verdict.words.extend(words);
    ended.verdict = verdict;
    last.end_within(Duration::ZERO).await?;
    ended.log = place.home.take_log();
    Ok(ended)
}

/// One run of a naive worker, with the same letters, faults and kills.
pub(crate) async fn naive(plan: Plan, order: &str) -> io::Result<Verdict> {
    // What it cannot do is not asked of it.
    let mut plan = Plan { cloud: true, webhooks: false, announced: false, ..plan };
    assert!(plan.source == Source::Jmap && plan.filing == Filing::Jira);
    plan.talks.iter_mut().for_each(|talk| talk.comments.clear());
    let mut letters = HashSet::new();
    plan.acts.retain(|(_, act)| match act {
        Act::Deliver { talk, letter } => letters.insert((*talk, *letter)),
        Act::Comment { .. } => false,
        _ => true,
    });
    let plan = Arc::new(plan);
    let place = Arc::new(Place::new(&plan).await?);
    let acting = act(&plan, &place);
    for life in &plan.lives {
        place.start_naive(order)?.end_within(life.until).await?;
        sleep(life.pause).await;
    }
    let last = place.start_naive(order)?;
    acting.await.map_err(io::Error::other)??;
    place.tracker.clear_faults();
    place.post.clear_faults();
    let since = Instant::now();
    while !place.post.all_are_read() && since.elapsed() < STUCK {
        sleep(LOOK).await;
    }
    // The issue of the last one.
    sleep(QUIET).await;
    last.end_within(Duration::ZERO).await?;
    Ok(judge::judge_letters(&plan, &place.tracker))
}

/// Waits until all is there and nothing is left to be done; what is left if it takes too long.
async fn settle(plan: &Plan, place: &Place) -> io::Result<Option<String>> {
    let (mut since, mut there) = (Instant::now(), 0);
    let stuck = match plan.filing {
        Filing::Jira => STUCK,
        Filing::Redmine => STUCK_REDMINE,
    };
    loop {
        let verdict = judge::judge(plan, place);
        if verdict.there > there {
            (since, there) = (Instant::now(), verdict.there);
        }
        let waited = since.elapsed();
        if verdict.lost > 0 && waited < stuck {
            sleep(LOOK).await;
            continue;
        }
        sleep(QUIET).await;
        let (holds, said) = place.home.audit().await?;
        let open = ["planned", "sending", "uncertain", "dead"];
        let idle = !open.iter().any(|stage| said.contains(stage));
        if holds && idle {
            return Ok(None);
        }
        if waited >= stuck {
            return Ok(Some(format!("not idle, the audit says:\n{said}")));
        }
    }
}

/// Agents who still wait for their issue.
type Talking = Vec<AbortOnDropHandle<()>>;

type Acting = AbortOnDropHandle<io::Result<Talking>>;

/// Begins with letters, faults and accidents.
fn act(plan: &Arc<Plan>, place: &Arc<Place>) -> Acting {
    let (plan, place) = (plan.clone(), place.clone());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let began = Instant::now();
        let mut talking = Vec::new();
        for (at, act) in &plan.acts {
            sleep_until(began + *at).await;
            match act {
                Act::Deliver { talk, letter } => {
                    place.post.deliver(plan.talks[*talk].letters[*letter].raw());
                }
                Act::Comment { talk, comment } => {
                    let (plan, place, talk, comment) =
                        (plan.clone(), place.clone(), *talk, *comment);
                    talking.push(AbortOnDropHandle::new(tokio::spawn(async move {
                        say(&plan, &place, talk, comment).await;
                    })));
                }
                Act::Tracker(rule) => {
                    place.home.note(&format!("tracker: {rule:?}"));
                    place.tracker.fault(rule.clone());
                }
                Act::Restart(away, long) => {
                    place.home.note(&format!("the tracker is away: {away:?} for {long:?}"));
                    place.tracker.restart(*away, *long).await;
                }
                Act::Post(rule) => {
                    place.home.note(&format!("mailbox: {rule:?}"));
                    place.post.fault(rule.clone());
                }
                Act::Chat(rule) => {
                    place.home.note(&format!("chat: {rule:?}"));
                    place.chat.iter().for_each(|chat| chat.fault(rule.clone()));
                }
                Act::Accident(accident) => {
                    place.home.note(&format!("mailbox: {accident:?}"));
                    place.post.suffer(accident);
                    if matches!(accident, Accident::ExpireToken) {
                        place.renew_token()?;
                    }
                }
            }
        }
        Ok(talking)
    }))
}

/// An agent comments as soon as there is an issue.
async fn say(plan: &Plan, place: &Place, talk: usize, comment: usize) {
    let key = loop {
        if let Some(key) = judge::issue_of(&plan.talks[talk], &place.tracker) {
            break key;
        }
        sleep(LOOK / 3).await;
    };
    place.home.note(&format!("an agent comments on {key}"));
    place.tracker.comment(&key, &plan.talks[talk].comments[comment]);
}
