//! What a mail costs on its way to an issue, measured on the release binary as a child process.
//!
//! Prints `figure NAME VALUE` lines. Rates are shares of what Jira allows, requests and writes are
//! counted by the stand-ins, and CPU is counted rather than the clock. It fails when a mail is
//! lost or doubled, never for being slow. The stand-ins of Jira and of the mailbox live in this
//! process; the baseline is this binary again, as a process of its own.

#![allow(clippy::print_stdout, reason = "the figures go to the terminal")]
#![allow(clippy::cast_precision_loss, reason = "some thousands, and bytes far below 2^52")]

mod backlog;
mod bare;
mod child;
mod graph;
mod letters;
mod measure;
mod prompt;

use std::env;

fn main() -> anyhow::Result<()> {
    ticketd::prepare_process();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let role: Vec<String> = env::args().skip(1).collect();
        match role.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["bare", url, calls] => bare::calls(&url.parse()?, calls.parse()?).await,
            _ => figures().await,
        }
    })
}

async fn figures() -> anyhow::Result<()> {
    let bare = bare::figures().await?;
    backlog::figures(bare).await?;
    backlog::with_notices().await?;
    graph::figures().await?;
    prompt::figures().await
}

/// One figure of the result.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
