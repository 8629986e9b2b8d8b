//! What `/ticket` costs, measured on the release binary as a child process.
//!
//! Prints `figure NAME VALUE` lines; ratios and medians as in `front_door`. A request is paid for
//! as a whole: the CPU of the daemon's own calls to Mattermost is in it, one for a form that opens,
//! and for a filled one the question whether its user is still there, the post and the
//! confirmation. What one bare call costs stands beside it. Mattermost is a stand-in in this
//! process, whose CPU does not count.

#![allow(clippy::print_stdout, reason = "the figures go to the terminal")]
#![allow(clippy::cast_precision_loss, reason = "some thousands")]

#[path = "../front_door/bare.rs"]
mod bare;
mod call;
mod child;
mod cpu;
mod load;
#[path = "../front_door/measure.rs"]
mod measure;
#[path = "../front_door/stand.rs"]
mod stand;

use std::env;

use ticketd::sandbox::Mattermost;

use child::Daemon;

/// Forms that are open at the same time for `open_dialogs_mib`.
const OPEN: usize = 2_000;

fn main() -> anyhow::Result<()> {
    ticketd::prepare_process();
    stand::runtime()?.block_on(async {
        let role: Vec<String> = env::args().skip(1).collect();
        match role.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["bare", size] => bare::serve(size.parse()?).await,
            ["call", url, body] => call::calls(&url.parse()?, body).await,
            _ => figures().await,
        }
    })
}

async fn figures() -> anyhow::Result<()> {
    let mattermost = Mattermost::start().await?;
    for user in ["bob", "carol"] {
        // One answer for all.
        mattermost.set_locale(Mattermost::user_id(user), "en");
    }
    let daemon = Daemon::new(&mattermost)?;
    let running = daemon.start()?;
    // What is made once is made: connections, threads, the languages of users.
    load::open(running.address, &mattermost, OPEN / 4).await?;
    let before = measure::resident(running.pid())?;
    load::open(running.address, &mattermost, OPEN).await?;
    figure("open_dialogs_mib", measure::resident(running.pid())? - before);
    cpu::figures(&running, &mattermost).await
}

/// One figure of the result.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
