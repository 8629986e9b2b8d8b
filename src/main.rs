//! The `ticketd` program: reads its arguments, sets up TLS and the runtime, and exits with what
//! the command says.

use std::{process::ExitCode, thread, time::Duration};

use clap::Parser;
use ticketd::cli::Cli;

/// How long work that nobody waits for any more may still hold up the exit.
const LEFTOVERS_LIMIT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = Cli::parse();
    ticketd::prepare_process();
    // Two workers carry tens of thousands of requests a second, and keep the idle process small.
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli.execute());
            // Nothing is left to be done: a file that never answers must not keep the process.
            runtime.shutdown_timeout(LEFTOVERS_LIMIT);
            code
        }
        Err(_) => ExitCode::from(1),
    }
}
