//! `/ticket`: people open forms, send them in, more than once where they get no answer, and press
//! buttons, while the daemon is killed and the chat fails. What they were told is compared with what
//! stands in the chat and in the store. In some runs each ticket is an issue of Redmine too, which
//! fails as well: what is said and done in the one place must come to the other, once.

mod judge;
pub(crate) mod naive;
mod people;
mod place;
mod plan;
mod run;
mod words;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::plan::Filing;
use crate::{LIMIT, random};
use judge::Verdict;
use plan::Plan;
use run::Ended;

/// With about a dozen tickets each.
pub(crate) const RUNS: usize = 9;
const NAIVE_RUNS: usize = 6;

#[derive(Default)]
struct Sum {
    runs: usize,
    submits: usize,
    kills: usize,
    aborts: BTreeMap<&'static str, usize>,
    lost: usize,
    double_posts: usize,
    number_gaps: usize,
    disorder: usize,
    stuck: usize,
    redmine: InRedmine,
    failed: usize,
    longest: Duration,
}

/// What of it was with Redmine.
#[derive(Default)]
struct InRedmine {
    runs: usize,
    lost: usize,
    doubled: usize,
    stuck: usize,
}

impl Sum {
    fn add(&mut self, ended: &Ended, in_redmine: bool) {
        let verdict = &ended.verdict;
        if in_redmine {
            self.redmine.lost += verdict.lost;
            self.redmine.doubled += verdict.double_posts;
            self.redmine.stuck += usize::from(ended.stuck);
        }
        self.submits += ended.submits;
        self.lost += verdict.lost;
        self.double_posts += verdict.double_posts;
        self.number_gaps += verdict.number_gaps;
        self.disorder += verdict.disorder;
        self.stuck += usize::from(ended.stuck);
        self.kills += ended.kills + ended.aborts.len();
        for name in &ended.aborts {
            *self.aborts.entry(name).or_default() += 1;
        }
    }
}

/// Runs all of it and says its figures; whether nothing is wrong and the judge has teeth.
pub(crate) async fn holds(runs: usize, seed: u64, filing: Option<Filing>, at_once: usize) -> bool {
    let began = Instant::now();
    let sum = chaos(runs, seed, filing, at_once).await;
    println!(
        "{} runs in {:.1} s, the longest {:.1} s, {} kills",
        sum.runs,
        began.elapsed().as_secs_f64(),
        sum.longest.as_secs_f64(),
        sum.kills
    );
    for (name, times) in &sum.aborts {
        println!("aborted at {name}: {times}");
    }
    for (name, value) in [
        ("runs", sum.runs),
        ("submits", sum.submits),
        ("kills", sum.kills),
        ("lost", sum.lost),
        ("double_posts", sum.double_posts),
        ("number_gaps", sum.number_gaps),
        ("disorder", sum.disorder),
        ("stuck", sum.stuck),
        ("redmine_runs", sum.redmine.runs),
        ("redmine_lost", sum.redmine.lost),
        ("redmine_doubled", sum.redmine.doubled),
        ("redmine_stuck", sum.redmine.stuck),
    ] {
        println!("figure chaos_{name} {value}");
    }
    let naive = teeth(seed, at_once).await;
    println!("with the naive worker {:.1} s", began.elapsed().as_secs_f64());
    println!("figure naive_double_posts {}", naive.double_posts);
    println!("figure naive_number_gaps {}", naive.number_gaps);
    sum.failed == 0 && naive.double_posts > 0 && naive.number_gaps > 0
}

async fn chaos(runs: usize, seed: u64, filing: Option<Filing>, at_once: usize) -> Sum {
    let places = Arc::new(Semaphore::new(at_once));
    let mut under_way = JoinSet::new();
    for run in 0..runs {
        let (places, seed) = (places.clone(), random::seed_of(run, seed));
        let in_redmine = filing.map_or(run % 3 == 2, |filing| filing == Filing::Redmine);
        under_way.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let began = Instant::now();
            // In a task of its own, so that a panic is a failed run as well.
            let ticketd = run::ticketd(Plan::new(seed, in_redmine));
            let ticketd = AbortOnDropHandle::new(tokio::spawn(ticketd));
            ((seed, in_redmine), timeout(LIMIT, ticketd).await, began.elapsed())
        });
    }
    let mut sum = Sum::default();
    while let Some(done) = under_way.join_next().await {
        let ((seed, in_redmine), outcome, took) = done.unwrap();
        sum.runs += 1;
        sum.redmine.runs += usize::from(in_redmine);
        sum.longest = sum.longest.max(took);
        let words = match outcome {
            Ok(Ok(Ok(ended))) => {
                sum.add(&ended, in_redmine);
                if ended.verdict.is_clean() {
                    continue;
                }
                let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos-{seed}.log"));
                let _ = std::fs::write(log, &ended.log);
                ended.verdict.words.join("\n    ")
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(panic)) => panic.to_string(),
            Err(_) => {
                sum.stuck += 1;
                sum.redmine.stuck += usize::from(in_redmine);
                format!("not over within {LIMIT:?}")
            }
        };
        sum.failed += 1;
        let tracker = if in_redmine { "CHAOS_TRACKER=redmine " } else { "" };
        println!(
            "{tracker}CHAOS_SOURCE=dialog CHAOS_SEED={seed} CHAOS_RUNS=1 fails after \
             {took:.1?}:\n    {words}"
        );
    }
    sum
}

/// What is wrong after the naive worker's runs.
async fn teeth(seed: u64, at_once: usize) -> Verdict {
    let places = Arc::new(Semaphore::new(at_once));
    let mut under_way = JoinSet::new();
    for run in 0..NAIVE_RUNS {
        let (places, plan) = (places.clone(), Plan::new(random::seed_of(run, seed), false));
        under_way.spawn(async move {
            let _place = places.acquire().await.unwrap();
            timeout(LIMIT, run::naive(plan)).await
        });
    }
    let mut sum = Verdict::default();
    while let Some(verdict) = under_way.join_next().await {
        match verdict {
            Ok(Ok(Ok(verdict))) => {
                sum.double_posts += verdict.double_posts;
                sum.number_gaps += verdict.number_gaps;
            }
            // The others still tell their figures.
            other => println!("a run of the naive worker came to nothing: {:?}", other.err()),
        }
    }
    sum
}
