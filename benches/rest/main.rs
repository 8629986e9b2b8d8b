//! What the API for tickets costs, measured on the release binary as a child process.
//!
//! Prints `figure NAME VALUE` lines; ratios and medians as in `front_door`. Jira is a stand-in in this
//! process, whose CPU and memory do not count. It fails when something is answered wrongly, never for
//! being slow.

#![allow(clippy::print_stdout, reason = "the figures go to the terminal")]
#![allow(clippy::cast_precision_loss, reason = "some thousands")]

#[path = "../front_door/bare.rs"]
mod bare;
mod categories;
mod child;
mod load;
#[path = "../front_door/measure.rs"]
mod measure;
mod page;
#[path = "../front_door/stand.rs"]
mod stand;
mod upload;

use std::env;

use child::Daemon;

fn main() -> anyhow::Result<()> {
    ticketd::prepare_process();
    stand::runtime()?.block_on(async {
        let role: Vec<String> = env::args().skip(1).collect();
        match role.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["bare", size] => bare::serve(size.parse()?).await,
            _ => figures().await,
        }
    })
}

async fn figures() -> anyhow::Result<()> {
    let (daemon, running) = Daemon::start().await?;
    categories::figures(&running, &daemon.token).await?;
    page::figures(&running, &daemon).await?;
    upload::figures(&running, &daemon).await
}

/// One figure of the result.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
