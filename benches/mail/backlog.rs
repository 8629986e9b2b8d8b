//! A backlog that came while the daemon was away: how fast it becomes issues, and what it costs.
//!
//! `rss_growth_mib` is the most that the process held, until some seconds after the last issue,
//! above what it held idle before the mails came. `restart_…` are of one more start, on the store
//! that the backlog left.

use std::time::Duration;

use anyhow::ensure;
use ticketd::sandbox::JiraWrite;
use tokio::time::{Instant, sleep};

use crate::{
    child::{Daemon, WRITES, until},
    figure, letters, measure,
};

const MAILS: usize = 10_000;
const WITH_NOTICES: usize = 1_000;

pub(crate) async fn figures(bare_cpu_ms: f64) -> anyhow::Result<()> {
    let daemon = Daemon::new(false).await?;
    let idle = prepare(&daemon, MAILS).await?;
    let before = daemon.jmap.ledger().len();

    let running = daemon.start()?;
    let pace = watch(&daemon, MAILS).await?;
    sleep(Duration::from_secs(3)).await;
    let mails = count(MAILS);
    figure("backlog_rate_share", pace / f64::from(WRITES));
    let (writes, refused) = (daemon.jira.writes() as f64, daemon.jira.refused() as f64);
    figure("jira_writes_per_mail", writes / mails);
    figure("share_429", refused / (writes + refused));
    let calls = daemon.jmap.ledger();
    figure("mailbox_requests_per_mail", (calls.len() - before) as f64 / mails);
    let refused = calls.iter().filter(|call| matches!(call.status, Some(429 | 400))).count();
    figure("mailbox_share_refused", refused as f64 / calls.len() as f64);
    figure("idle_rss_mib", idle);
    figure("rss_growth_mib", measure::highest(running.pid())? - idle);
    figure("rss_growth_at_end_mib", measure::resident(running.pid())? - idle);
    let cpu = measure::cpu_ms(running.pid())? / mails;
    figure("cpu_ms_per_mail", cpu);
    figure("cpu_ratio", cpu / bare_cpu_ms);
    figure("disk_bytes_per_mail", daemon.disk()? as f64 / mails);
    drop(running);

    let started = Instant::now();
    let running = daemon.start()?;
    figure("restart_ms", started.elapsed().as_secs_f64() * 1e3);
    sleep(Duration::from_secs(2)).await;
    figure("restart_rss_growth_mib", measure::highest(running.pid())? - idle);
    let issues = daemon.jira.writes_of(JiraWrite::Issue);
    ensure!(issues == MAILS as u64, "{issues} issues of {MAILS} mails");
    Ok(())
}

/// A smaller one whose reporters are told.
pub(crate) async fn with_notices() -> anyhow::Result<()> {
    let daemon = Daemon::new(true).await?;
    prepare(&daemon, WITH_NOTICES).await?;
    let running = daemon.start()?;
    let pace = watch(&daemon, WITH_NOTICES).await?;
    until(Duration::from_mins(1), || daemon.jmap.submissions().len() >= WITH_NOTICES).await?;
    sleep(Duration::from_secs(1)).await;
    let mails = count(WITH_NOTICES);
    figure("notices_backlog_rate_share", pace / f64::from(WRITES));
    figure("notices_jira_writes_per_mail", daemon.jira.writes() as f64 / mails);
    figure("notices_mailbox_requests_per_mail", daemon.jmap.ledger().len() as f64 / mails);
    figure("notices_cpu_ms_per_mail", measure::cpu_ms(running.pid())? / mails);
    let (issues, sent) = (daemon.jira.writes_of(JiraWrite::Issue), daemon.jmap.submissions().len());
    ensure!((issues, sent) == (WITH_NOTICES as u64, WITH_NOTICES), "{issues} issues, {sent} mails");
    Ok(())
}

/// Mails that come while the daemon is away; returns what it held idle before, in MiB.
async fn prepare(daemon: &Daemon, mails: usize) -> anyhow::Result<f64> {
    let running = daemon.start()?;
    daemon.listening().await?;
    sleep(Duration::from_secs(2)).await;
    let idle = measure::resident(running.pid())?;
    drop(running);
    for from in (0..mails).step_by(1_000) {
        daemon.jmap.deliver_many(letters::plain(from, (from + 1_000).min(mails)));
    }
    Ok(idle)
}

/// Waits for all issues; returns how many a second came in the middle nine tenths.
async fn watch(daemon: &Daemon, mails: usize) -> anyhow::Result<f64> {
    let issues = || daemon.jira.writes_of(JiraWrite::Issue);
    let limit = Duration::from_secs(60 + 3 * mails as u64 / u64::from(WRITES));
    let (first, last) = (mails as u64 / 20, mails as u64 * 19 / 20);
    until(limit, || issues() >= first).await?;
    let (started, from) = (Instant::now(), issues());
    until(limit, || issues() >= last).await?;
    let (took, to) = (started.elapsed(), issues());
    until(limit, || issues() >= mails as u64).await?;
    Ok((to - from) as f64 / took.as_secs_f64())
}

fn count(mails: usize) -> f64 {
    mails as f64
}
