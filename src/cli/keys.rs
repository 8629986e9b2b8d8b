//! `ticketd keys`: the master key that seals the store.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::ExposeSecret;

use super::{Ending, Outcome, tell};
use crate::{
    app,
    config::Config,
    secret,
    store::{Keyring, StoreError},
};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Print a new master key, for the configuration or its key file
    Generate,
    /// Put a new key into the key file and seal every row with it, also while the daemon runs
    Rotate,
}

impl Keys {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        match self {
            Self::Generate => {
                tell(Keyring::generate().current_line().expose_secret());
                Ok(())
            }
            Self::Rotate => rotate(config()?).await,
        }
    }
}

async fn rotate(mut config: Config) -> Outcome {
    let Some(file) = config.store.master_key_file.clone() else {
        return Err(Ending::Misconfigured(
            "keys rotate rewrites the key's file, but store.master_key holds the key itself: \
             move it into a file and name that in store.master_key_file"
                .to_owned(),
        ));
    };
    let old = secret::read_file(&file)?;
    let keys = Keyring::parse(&old)?.with_new_current();
    // First the file, then the rows: a crash in between leaves both keys known.
    let both = format!(
        "# The first key seals; the ones below only open what is older.\n{}\n{}\n",
        keys.current_line().expose_secret(),
        old.expose_secret().trim()
    );
    replace(&file, &both).with_context(|| format!("cannot rewrite {}", file.display()))?;
    tell(&format!("new key {} is in {}", keys.current_id(), file.display()));
    config.store.master_key = secret::read_file(&file)?;
    let store = match app::open_store(&config).await {
        Ok(store) => store,
        Err(error) if is_locked(&error) => {
            tell(
                "the daemon is running: reload it (SIGHUP) if it reads this very file, or restart",
            );
            tell("it if it gets a copy (LoadCredential). It seals every row anew while it serves,");
            tell("and its log says when older keys are no longer needed");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let done = store.reseal(keys).await?;
    if done.unreadable > 0 {
        return Err(Ending::Failed(anyhow::anyhow!(
            "{} rows could not be opened; keep the old keys in the file",
            done.unreadable
        )));
    }
    store.close().await?;
    tell(&format!(
        "{} rows are sealed with it; older keys in the file are no longer needed",
        done.resealed + done.current
    ));
    Ok(())
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Locked { .. }))
}

/// In place of the file, whole or not at all, readable for its owner only.
fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let Some(directory) = file.parent() else { bail!("{} is no file", file.display()) };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let new = file.with_extension("new");
    let mut out =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&new, file)?;
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}
