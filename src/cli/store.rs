//! `ticketd store`: the way out of a damaged store, and to another machine.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Ending, Outcome, tell};
use crate::{
    app,
    config::Config,
    store::{Keyring, Store as Rows},
};

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Write every row, sealed as it is, to a file; the daemon must be stopped
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Make the store from an exported file; there must be none yet
    Restore {
        /// The file to read
        file: PathBuf,
    },
}

impl Store {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        let config = config()?;
        match self {
            Self::Export { file } => {
                let store = app::open_store(&config).await?;
                let target = file.clone();
                let rows = tokio::task::spawn_blocking(move || store.export(&target)).await??;
                tell(&format!("{rows} rows are in {}", file.display()));
            }
            Self::Restore { file } => {
                let keys = Keyring::parse(&config.store.master_key)?;
                let path = config.store.path.clone();
                let rows = tokio::task::spawn_blocking(move || Rows::restore(&path, &file, keys))
                    .await??;
                tell(&format!("{rows} rows are in {}", config.store.path.display()));
            }
        }
        Ok(())
    }
}
