//! `ticketd run`: the daemon itself.

use super::Outcome;
use crate::{app::App, config::Config, lifecycle::Shutdown, telemetry::log_panics};

/// Open files that are asked for: connections, the store and calls outwards.
const OPEN_FILES: u64 = 65_536;

pub(super) async fn run(config: Config) -> Outcome {
    log_panics();
    // Only raises the soft limit, as far as the hard one allows.
    if let Err(error) = rlimit::increase_nofile_limit(OPEN_FILES) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let shutdown = Shutdown::on_signals()?;
    App::start(config).await?.run(shutdown).await?;
    Ok(())
}
