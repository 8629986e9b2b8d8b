//! Carries a plan out: people, faults and kills, and at last a daemon that is left alone until
//! nothing is left to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ticketd::sandbox::{Fault, FaultRule};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::judge::{Verdict, judge};
use super::people::{self, Told, is_ticket};
use super::place::Place;
use super::plan::{Act, Plan};
use super::words::{Words, name_in};

/// How long nothing may come of the last daemon. On a busy machine all is slow, but goes on.
const STUCK: Duration = Duration::from_secs(45);
/// With Redmine a call that may still be under way is waited for, half a minute in itself.
const STUCK_REDMINE: Duration = Duration::from_secs(90);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(150);
/// In which nothing more may happen when all is there.
const QUIET: Duration = Duration::from_millis(400);

/// What a run came to.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    /// Wishes whose people know that there is a ticket.
    pub(crate) submits: usize,
    pub(crate) stuck: bool,
    pub(crate) kills: usize,
    /// The failpoints that did abort.
    pub(crate) aborts: Vec<&'static str>,
    pub(crate) log: String,
}

/// What people were told so far, by the number of their wish.
type AllTold = Arc<Mutex<BTreeMap<usize, Told>>>;

struct Stage {
    plan: Arc<Plan>,
    place: Arc<Place>,
    words: Arc<Words>,
    told: AllTold,
}

/// One run of ticketd.
pub(crate) async fn ticketd(plan: Plan) -> io::Result<Ended> {
    let stage = Stage::new(plan).await?;
    let mut ended = Ended::default();
    let (_people, acting) = stage.begin();
    for life in &stage.plan.lives {
        let mut daemon = stage.place.start(life.failpoint)?;
        if life.from_ready {
            daemon.ready().await;
        }
        match (daemon.end_within(life.until).await?, life.failpoint) {
            (None, _) => ended.kills += 1,
            (Some(status), Some(failpoint)) if status.contains("SIGABRT") => {
                ended.aborts.push(failpoint);
                stage.place.home.note(&format!("abort at {failpoint}"));
            }
            (Some(status), _) => {
                ended.verdict.words.push(format!("a daemon ended by itself: {status}"));
            }
        }
        stage.place.home.note("the end of a life");
        sleep(life.pause).await;
    }
    let mut last = stage.place.start(None)?;
    acting.await.map_err(io::Error::other)?;
    stage.place.home.note("no more faults");
    stage.place.clear_faults();
    let mut words = stage.settle().await?;
    ended.stuck = !words.is_empty();
    if !last.is_alive() {
        words.push("the last daemon ended by itself".to_owned());
    }
    words.extend(stage.compare_with_store().await?);
    words.append(&mut ended.verdict.words);
    ended.verdict = stage.judge();
    ended.verdict.words.append(&mut words);
    ended.submits = stage.submits();
    last.end_within(Duration::ZERO).await?;
    ended.log = stage.place.home.take_log();
    Ok(ended)
}

/// One run of a naive worker, with the same people, faults and kills, but no buttons.
pub(crate) async fn naive(mut plan: Plan) -> io::Result<Verdict> {
    plan.wishes.iter_mut().for_each(|wish| wish.presses.clear());
    let stage = Stage::new(plan).await?;
    let (_people, acting) = stage.begin();
    for life in &stage.plan.lives {
        stage.place.start_naive()?.end_within(life.until).await?;
        sleep(life.pause).await;
    }
    let last = stage.place.start_naive()?;
    acting.await.map_err(io::Error::other)?;
    stage.place.clear_faults();
    let since = Instant::now();
    while !stage.all_are_told() && since.elapsed() < STUCK {
        sleep(LOOK).await;
    }
    sleep(QUIET).await;
    last.end_within(Duration::ZERO).await?;
    Ok(stage.judge())
}

impl Stage {
    async fn new(plan: Plan) -> io::Result<Self> {
        let place = Arc::new(Place::new(plan.in_redmine).await?);
        Ok(Self { plan: plan.into(), place, words: Words::load().into(), told: Arc::default() })
    }

    /// People come, and accidents.
    fn begin(&self) -> (JoinSet<()>, AbortOnDropHandle<()>) {
        let began = Instant::now();
        let mut people = JoinSet::new();
        for (nth, wish) in self.plan.wishes.iter().cloned().enumerate() {
            let (place, words, told) = (self.place.clone(), self.words.clone(), self.told.clone());
            people.spawn(async move {
                let one = people::follow(&place, &words, &wish, began).await;
                told.lock().unwrap().insert(nth, one);
            });
        }
        for nth in 0..self.plan.wishes.len() {
            let (plan, place) = (self.plan.clone(), self.place.clone());
            people.spawn(async move { people::note(&place, &plan.wishes[nth]).await });
        }
        let (plan, place) = (self.plan.clone(), self.place.clone());
        let acting = tokio::spawn(async move {
            for (at, act) in &plan.acts {
                sleep_until(began + *at).await;
                place.home.note(&format!("{act:?}"));
                happen(&place, act).await;
            }
        });
        (people, AbortOnDropHandle::new(acting))
    }

    fn judge(&self) -> Verdict {
        judge(&self.plan, &self.told.lock().unwrap(), &self.place, &self.words)
    }

    fn all_are_told(&self) -> bool {
        self.told.lock().unwrap().len() == self.plan.wishes.len()
    }

    fn submits(&self) -> usize {
        self.told.lock().unwrap().values().filter(|told| told.taken).count()
    }

    /// Waits until all is there and nothing is left to be done; what is left if it takes too long.
    async fn settle(&self) -> io::Result<Vec<String>> {
        let (mut since, mut best) = (Instant::now(), (0, 0));
        let stuck = if self.plan.in_redmine { STUCK_REDMINE } else { STUCK };
        loop {
            let verdict = self.judge();
            let now = (verdict.there, self.told.lock().unwrap().len());
            if now > best {
                (since, best) = (Instant::now(), now);
            }
            let waited = since.elapsed();
            if (verdict.lost > 0 || !self.all_are_told()) && waited < stuck {
                sleep(LOOK).await;
                continue;
            }
            sleep(QUIET).await;
            let (holds, said) = self.place.home.audit().await?;
            let open = ["planned", "sending", "uncertain", "dead"];
            if holds && self.all_are_told() && !open.iter().any(|stage| said.contains(stage)) {
                return Ok(Vec::new());
            }
            if waited >= stuck {
                let told = self.told.lock().unwrap().len();
                let wishes = self.plan.wishes.len();
                return Ok(vec![format!(
                    "{told} of {wishes} people served, the audit says:\n{said}"
                )]);
            }
        }
    }

    /// The tickets of the store are those of the chat.
    async fn compare_with_store(&self) -> io::Result<Vec<String>> {
        let (_, listed) = self.place.home.ask(&["desk", "list", "--limit", "1000"]).await?;
        let stored: BTreeSet<_> = listed.lines().filter_map(name_in).collect();
        let posts = self.place.chat.bot_posts();
        let names = posts.iter().filter(|post| is_ticket(post));
        let names = names.filter_map(|post| post.props["ticket_id"].as_str().map(str::to_owned));
        let posted: BTreeSet<_> = names.collect();
        let differ: Vec<_> = stored.symmetric_difference(&posted).collect();
        Ok(differ
            .into_iter()
            .map(|name| format!("{name} is in the store or the chat only"))
            .collect())
    }
}

async fn happen(place: &Place, act: &Act) {
    match act {
        Act::Chat(rule) => place.chat.fault(rule.clone()),
        Act::Down(long) => {
            place.chat.fault(FaultRule::from(Fault::CutConnection));
            sleep(*long).await;
            place.chat.clear_faults();
        }
        Act::Redmine(rule) => {
            place.redmine.iter().for_each(|redmine| redmine.fault(rule.clone()));
        }
        Act::RedmineDown(away, long) => {
            let Some(redmine) = &place.redmine else { return };
            redmine.clear_faults();
            redmine.fault(*away);
            sleep(*long).await;
            redmine.clear_faults();
        }
        Act::Forget => place.chat.forget_pending(),
        Act::Limit(rate, burst) => place.chat.set_rate_limit(Some((*rate, *burst))),
        Act::DropAnswers(connections) => place.door.drop_answers(*connections),
    }
}
