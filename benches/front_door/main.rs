//! What the front door costs, measured on the release binary as a child process.
//!
//! Prints `figure NAME VALUE` lines. A machine's own speed, and whatever else runs on it, cancels
//! out where it can: ratios are of neighbours in time, CPU is counted rather than the clock, and a
//! median stands for many rounds. It fails when something is answered wrongly, never for being
//! slow. The baseline and the Redmine stand-in are this binary again, as processes of their own.

#![allow(clippy::print_stdout, reason = "the figures go to the terminal")]

mod bare;
mod child;
mod client;
mod cpu;
mod durable;
mod idle;
mod issue;
mod measure;
mod slowloris;
mod stand;
mod start;

use std::{env, future::pending};

use ticketd::sandbox::{Mattermost, Redmine};

use child::Daemon;
use stand::Stand;

fn main() -> anyhow::Result<()> {
    ticketd::prepare_process();
    stand::runtime()?.block_on(async {
        let role: Vec<String> = env::args().skip(1).collect();
        match role.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["bare", size] => bare::serve(size.parse()?).await,
            ["redmine"] => {
                let redmine = Redmine::start().await?;
                println!("{}", redmine.address());
                pending().await
            }
            _ => figures().await,
        }
    })
}

async fn figures() -> anyhow::Result<()> {
    let redmine = Stand::spawn(&["redmine"])?;
    let mattermost = Mattermost::start().await?;
    for user in ["bob", "carol"] {
        // One answer for all.
        mattermost.set_locale(Mattermost::user_id(user), "en");
    }

    let daemon = Daemon::new(redmine.address, Some(&mattermost))?;
    let running = daemon.start()?;
    idle::figures(&running, &mattermost).await?;
    cpu::figures(&running, &mattermost).await?;
    issue::figures(&running, &mattermost, redmine.address).await?;
    slowloris::figures(&running).await?;
    drop(running);

    // Users whom no Mattermost knows, so it is not asked about them.
    let daemon = Daemon::new(redmine.address, None)?;
    durable::figures(&daemon, &mattermost).await?;
    start::after_kill(&daemon).await?;
    start::cold(&Daemon::new(redmine.address, None)?).await
}

/// One figure of the result.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
