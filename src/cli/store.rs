//! `ticketd store`: the way out of a damaged store, and to another machine.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Ending, Outcome, tell};
use crate::{
    app,
    config::Config,
    store::{Keyring, Store as Rows, StoreError},
};

#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Write every row, sealed as it is, to a file; the daemon must be stopped
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Make the store from an exported file
    Restore {
        /// Set the files of a store that is there aside, into a directory `damaged-1` beside them
        #[arg(long)]
        replace: bool,
        /// The file to read; with --replace also the store's own export.jsonl
        file: PathBuf,
    },
}

impl Store {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        let config = config()?;
        let done = match self {
            Self::Export { file } => export(&config, file).await,
            Self::Restore { replace, file } => restore(&config, replace, file).await,
        };
        // Also of what failed half way.
        let given = give_to_owner(&config).await;
        done.and(given)
    }
}

async fn export(config: &Config, file: PathBuf) -> Outcome {
    if !is_there(config).await? {
        return Err(StoreError::NoStore { path: config.store.path.clone() }.into());
    }
    let store = app::open_store(config).await?;
    let target = file.clone();
    let rows = tokio::task::spawn_blocking(move || store.export(&target)).await??;
    tell(&format!("{rows} rows are in {}", file.display()));
    Ok(())
}

async fn restore(config: &Config, replace: bool, file: PathBuf) -> Outcome {
    let keys = Keyring::parse(&config.store.master_key)?;
    let path = config.store.path.clone();
    let (rows, aside) = tokio::task::spawn_blocking(move || {
        if replace {
            Rows::replace(&path, &file, keys)
        } else {
            Rows::restore(&path, &file, keys).map(|rows| (rows, None))
        }
    })
    .await??;
    if let Some(aside) = aside {
        tell(&format!("the former files are in {}", aside.display()));
    }
    tell(&format!("{rows} rows are in {}", config.store.path.display()));
    Ok(())
}

/// Whether there is a store, whole or not.
pub(super) async fn is_there(config: &Config) -> anyhow::Result<bool> {
    let path = config.store.path.clone();
    Ok(tokio::task::spawn_blocking(move || Rows::is_in(&path)).await??)
}

/// Leaves no file of root's in a store that belongs to the daemon's user.
pub(super) async fn give_to_owner(config: &Config) -> Outcome {
    let path = config.store.path.clone();
    Ok(tokio::task::spawn_blocking(move || Rows::give_to_owner(&path)).await??)
}
