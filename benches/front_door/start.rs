//! From the start of the process to the first 200 of `/health`.

use tokio::time::Instant;

use crate::{
    child::Daemon,
    client::{self, Connection},
    figure,
    measure::median,
};

const KILLS: usize = 10;
const STARTS: usize = 20;

/// The longest of many, on a store with 1,000 logins whose daemon was killed each time.
pub(crate) async fn after_kill(daemon: &Daemon) -> anyhow::Result<()> {
    let all = starts(daemon, KILLS).await?;
    figure("restart_after_kill_ms", all.into_iter().fold(0.0, f64::max));
    Ok(())
}

/// The median of many, on a store that is there already and nearly empty.
pub(crate) async fn cold(daemon: &Daemon) -> anyhow::Result<()> {
    starts(daemon, 1).await?;
    figure("cold_start_ms", median(&starts(daemon, STARTS).await?));
    Ok(())
}

async fn starts(daemon: &Daemon, count: usize) -> anyhow::Result<Vec<f64>> {
    let health = client::get("/health")?;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        let running = daemon.start()?;
        Connection::open(running.address).await?.ask(&health).await?;
        all.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(all)
}
