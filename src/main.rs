//! The `ticketd` program: reads its arguments, sets up TLS and the runtime, and exits with what
//! the command says.

use std::{process::ExitCode, thread};

use clap::Parser;
use ticketd::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    ticketd::prepare_process();
    // Two workers carry tens of thousands of requests a second, and keep the idle process small.
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli.execute()),
        Err(_) => ExitCode::from(1),
    }
}
