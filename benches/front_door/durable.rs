//! Logins that are on disk, to what the disk can do.
//!
//! A ratio is `/redmine login` a second, acknowledged through the daemon with the call to Redmine
//! that it makes, to 4 KiB appended and `fdatasync`ed a second on the same file system. One writer
//! stays below 1; many may be above, as they share a sync. Turns are short, because what else uses
//! the disk comes and goes.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
};

use anyhow::ensure;
use ticketd::sandbox::{Mattermost, Redmine};
use tokio::time::Instant;

use crate::{
    child::Daemon,
    client::{self, Ask, Connection},
    figure,
    measure::median,
};

/// The kill test wants 1,000 logins.
const USERS: usize = 1_024;
const MANY: usize = 64;
const ROUNDS: usize = 21;
const SYNCS: usize = 50;
const ALONE: usize = 50;

/// Leaves a store with the logins of all users behind, without a clean end.
#[allow(clippy::cast_precision_loss, reason = "some hundreds")]
pub(crate) async fn figures(daemon: &Daemon, mattermost: &Mattermost) -> anyhow::Result<()> {
    let running = daemon.start()?;
    let login = format!("login alice {}", Redmine::user_key("alice"));
    let asks: Vec<Ask> = (0..USERS)
        .map(|n| client::slash_as(mattermost, "alice", &format!("{n:026}"), &login))
        .collect::<Result<_, _>>()?;
    let first = Connection::open(running.address).await?.ask(&asks[0]).await?;
    ensure!(first.windows(9).any(|text| text == b"signed in"), "no login: {first:?}");
    let size = Some(first.len());

    let many: Vec<Vec<Ask>> = asks.chunks(USERS / MANY).map(<[Ask]>::to_vec).collect();
    let (mut one, mut shared, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    // Sessions have begun when it counts.
    client::load(running.address, many.clone(), USERS / MANY, size).await?;
    for _ in 0..ROUNDS {
        let bare = syncs_per_second(&daemon.beside("bare"))?;
        let took = client::load(running.address, vec![asks.clone()], ALONE, size).await?;
        one.push(ALONE as f64 / took.as_secs_f64() / bare);
        let took = client::load(running.address, many.clone(), USERS / MANY, size).await?;
        let rate = USERS as f64 / took.as_secs_f64();
        shared.push(rate / bare);
        rates.push(rate);
    }
    figure("durable_login_ratio", median(&one));
    figure("durable_login_ratio_64", median(&shared));
    figure("durable_logins_per_s_64", median(&rates));
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a hundred")]
fn syncs_per_second(path: &Path) -> std::io::Result<f64> {
    let mut file: File = OpenOptions::new().append(true).create(true).open(path)?;
    let started = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
    }
    Ok(SYNCS as f64 / started.elapsed().as_secs_f64())
}
