//! From a mail's delivery to its issue, pushed, on a daemon that has nothing else to do.

use std::time::Duration;

use ticketd::sandbox::JiraWrite;
use tokio::time::{Instant, sleep};

use crate::{
    child::{Daemon, until},
    figure, letters, measure,
};

const ALONE: usize = 200;
const BURSTS: usize = 20;
const BURST: usize = 5;
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn figures() -> anyhow::Result<()> {
    let daemon = Daemon::new(false).await?;
    let _running = daemon.start()?;
    daemon.listening().await?;
    sleep(Duration::from_secs(1)).await;

    let mut all = Vec::new();
    let mut next = 0;
    let sizes = [1; ALONE].into_iter().chain([BURST; BURSTS]);
    for size in sizes {
        let started = Instant::now();
        daemon.jmap.deliver_many(letters::plain(next, next + size));
        for _ in 0..size {
            next += 1;
            until(LIMIT, || daemon.jira.writes_of(JiraWrite::Issue) >= next as u64).await?;
            all.push(started.elapsed().as_secs_f64() * 1e3);
        }
        // Jira's pace is not what is measured here.
        sleep(Duration::from_millis(20) * u32::try_from(size)?).await;
    }
    figure("mail_to_issue_p50_ms", measure::percentile(&all, 50));
    figure("mail_to_issue_p99_ms", measure::percentile(&all, 99));
    Ok(())
}
