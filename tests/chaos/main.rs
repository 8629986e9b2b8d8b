//! Nothing lost, nothing doubled, whatever dies: the real binary, killed again and again, between
//! a mailbox and a tracker that fail. What was delivered is compared with what became of it.
//!
//! `CHAOS_SOURCE` is `jmap`, `graph` or `dialog`; without it every third run has its mailbox behind
//! Graph, and some of `dialog` follow: `/ticket` in the chat, in place of mails.
//! Of the runs with mails a share has a channel of the chat, where each conversation has one post.
//! `CHAOS_TRACKER` is `jira` or `redmine`, where mails are filed; without it every sixth run files in
//! Redmine. Tickets of the chat are issues of Redmine in every third run, with `redmine` in each, with
//! `jira` in none.
//!
//! `CHAOS_RUNS` says how many runs, `CHAOS_SEED` from which seed; the first run has that very
//! seed, so `CHAOS_SEED=… CHAOS_RUNS=1` repeats the choices of any run, though not their moments
//! to the millisecond: what a seed found may take a few tries to be seen again. The log of a failing
//! run is kept in `target/tmp`.
//!
//! Teeth: a naive worker meets the same and must lose in one order of its steps, double in the
//! other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first fault and says what it measured"
)]

mod dialog;
mod door;
mod home;
mod judge;
mod letter;
mod naive;
mod place;
mod plan;
mod post;
mod random;
mod run;
mod tracker;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use judge::Verdict;
use plan::{Filing, Plan, Source};
use run::Ended;

const RUNS: usize = 300;
/// Of the naive worker, in either order.
const NAIVE_RUNS: usize = 24;
const SEED: u64 = 20_261_122;
/// Runs side by side.
const AT_ONCE: usize = 24;
/// The same with Redmine: most of the time they wait until a call can no longer be under way.
const AT_ONCE_REDMINE: usize = 36;
/// The longest that one run may take.
const LIMIT: Duration = Duration::from_mins(4);

#[derive(Default)]
struct Sum {
    runs: usize,
    mails: usize,
    kills: usize,
    aborts: BTreeMap<&'static str, usize>,
    lost: usize,
    double_issues: usize,
    double_comments: usize,
    double_notices: usize,
    double_posts: usize,
    stuck: usize,
    redmine: Redmine,
    failed: usize,
    longest: Duration,
}

/// What of it was with Redmine.
#[derive(Default)]
struct Redmine {
    runs: usize,
    lost: usize,
    doubled: usize,
    stuck: usize,
}

impl Sum {
    fn add(&mut self, ended: &Ended, filing: Filing) {
        let verdict = &ended.verdict;
        if filing == Filing::Redmine {
            self.redmine.lost += verdict.lost;
            self.redmine.doubled +=
                verdict.double_issues + verdict.double_comments + verdict.double_notices;
            self.redmine.stuck += usize::from(ended.stuck);
        }
        self.lost += verdict.lost;
        self.double_issues += verdict.double_issues;
        self.double_comments += verdict.double_comments;
        self.double_notices += verdict.double_notices;
        self.double_posts += verdict.double_posts;
        self.stuck += usize::from(ended.stuck);
        self.kills += ended.kills + ended.aborts.len();
        for name in &ended.aborts {
            *self.aborts.entry(name).or_default() += 1;
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    ticketd::prepare_process();
    if let Ok(order) = std::env::var(naive::ORDER) {
        match order.as_str() {
            dialog::naive::TICKETS => dialog::naive::work().await,
            order => naive::work(order).await,
        }
    }
    let runs = number("CHAOS_RUNS").map(|runs| usize::try_from(runs).unwrap());
    let seed = number("CHAOS_SEED").unwrap_or(SEED);
    let at_once = number("CHAOS_AT_ONCE").map_or(AT_ONCE, |most| usize::try_from(most).unwrap());
    let filing = match std::env::var("CHAOS_TRACKER").ok().as_deref() {
        None => None,
        Some("jira") => Some(Filing::Jira),
        Some("redmine") => Some(Filing::Redmine),
        Some(_) => panic!("CHAOS_TRACKER is jira or redmine"),
    };
    let source = match std::env::var("CHAOS_SOURCE").ok().as_deref() {
        None => {
            let mails = mails(runs.unwrap_or(RUNS), seed, (None, filing), at_once).await;
            let tickets = dialog::holds(dialog::RUNS, seed, filing, at_once).await;
            return if mails && tickets { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Some("jmap") => Source::Jmap,
        Some("graph") => Source::Graph,
        Some("dialog") => {
            let holds = dialog::holds(runs.unwrap_or(dialog::RUNS), seed, filing, at_once).await;
            return if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Some(_) => panic!("CHAOS_SOURCE is jmap, graph or dialog"),
    };
    let holds = mails(runs.unwrap_or(RUNS), seed, (Some(source), filing), at_once).await;
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is the same in all runs, where somebody said so.
type Fixed = (Option<Source>, Option<Filing>);

/// Whether mails survive, and the naive worker does not.
async fn mails(runs: usize, seed: u64, fixed: Fixed, at_once: usize) -> bool {
    let began = Instant::now();
    let sum = chaos(runs, seed, fixed, at_once).await;
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
        ("mails", sum.mails),
        ("kills", sum.kills),
        ("lost", sum.lost),
        ("double_issues", sum.double_issues),
        ("double_comments", sum.double_comments),
        ("double_notices", sum.double_notices),
        ("double_posts", sum.double_posts),
        ("stuck", sum.stuck),
        ("redmine_runs", sum.redmine.runs),
        ("redmine_lost", sum.redmine.lost),
        ("redmine_doubled", sum.redmine.doubled),
        ("redmine_stuck", sum.redmine.stuck),
    ] {
        println!("figure chaos_{name} {value}");
    }
    let naive_lost = teeth(seed, at_once, naive::MARK_FIRST).await.lost;
    let naive_double = teeth(seed, at_once, naive::CREATE_FIRST).await.double_issues;
    println!("with the naive worker {:.1} s", began.elapsed().as_secs_f64());
    println!("figure naive_lost {naive_lost}");
    println!("figure naive_double {naive_double}");
    sum.failed == 0 && naive_lost > 0 && naive_double > 0
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

async fn chaos(runs: usize, seed: u64, (source, filing): Fixed, at_once: usize) -> Sum {
    let places = Arc::new(Semaphore::new(at_once));
    let places_redmine = Arc::new(Semaphore::new(at_once * AT_ONCE_REDMINE / AT_ONCE));
    let mut under_way = JoinSet::new();
    for run in 0..runs {
        let seed = random::seed_of(run, seed);
        let source =
            source.unwrap_or(if seed.is_multiple_of(3) { Source::Graph } else { Source::Jmap });
        let sixth = if (seed / 3).is_multiple_of(6) { Filing::Redmine } else { Filing::Jira };
        let filing = filing.unwrap_or(sixth);
        let places = match filing {
            Filing::Jira => places.clone(),
            Filing::Redmine => places_redmine.clone(),
        };
        under_way.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let began = Instant::now();
            let plan = Plan::new(seed, source, filing);
            let mails = plan.mails();
            // In a task of its own, so that a panic is a failed run as well.
            let ticketd = AbortOnDropHandle::new(tokio::spawn(run::ticketd(plan)));
            let outcome = timeout(LIMIT, ticketd).await;
            ((seed, source, filing), mails, outcome, began.elapsed())
        });
    }
    let mut sum = Sum::default();
    while let Some(done) = under_way.join_next().await {
        let ((seed, source, filing), mails, outcome, took) = done.unwrap();
        sum.runs += 1;
        sum.redmine.runs += usize::from(filing == Filing::Redmine);
        sum.mails += mails;
        sum.longest = sum.longest.max(took);
        let words = match outcome {
            Ok(Ok(Ok(ended))) => {
                sum.add(&ended, filing);
                if ended.verdict.is_clean() {
                    continue;
                }
                let log = format!("chaos-{seed}.log");
                let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(log);
                let _ = std::fs::write(log, &ended.log);
                ended.verdict.words.join("\n    ")
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(panic)) => panic.to_string(),
            Err(_) => {
                sum.stuck += 1;
                sum.redmine.stuck += usize::from(filing == Filing::Redmine);
                format!("not over within {LIMIT:?}")
            }
        };
        sum.failed += 1;
        let source = if source == Source::Jmap { "jmap" } else { "graph" };
        let tracker = if filing == Filing::Jira { "jira" } else { "redmine" };
        println!(
            "CHAOS_TRACKER={tracker} CHAOS_SOURCE={source} CHAOS_SEED={seed} CHAOS_RUNS=1 fails \
             after {took:.1?}:\n    {words}"
        );
    }
    sum
}

/// What is wrong after the naive worker's runs.
async fn teeth(seed: u64, at_once: usize, order: &'static str) -> Verdict {
    let places = Arc::new(Semaphore::new(at_once));
    let mut under_way = JoinSet::new();
    for run in 0..NAIVE_RUNS {
        let plan = Plan::new(random::seed_of(run, seed), Source::Jmap, Filing::Jira);
        let places = places.clone();
        under_way.spawn(async move {
            let _place = places.acquire().await.unwrap();
            timeout(LIMIT, run::naive(plan, order)).await
        });
    }
    let mut sum = Verdict::default();
    while let Some(verdict) = under_way.join_next().await {
        match verdict {
            Ok(Ok(Ok(verdict))) => {
                sum.lost += verdict.lost;
                sum.double_issues += verdict.double_issues;
            }
            // The others still tell their figures.
            other => {
                println!("a run of the naive worker ({order}) came to nothing: {:?}", other.err());
            }
        }
    }
    sum
}
