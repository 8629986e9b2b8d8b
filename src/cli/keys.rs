//! `ticketd keys`: the master key that seals the store.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{MetadataExt, fchown},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{Ending, Outcome, tell};
use crate::{
    app,
    config::Config,
    secret,
    store::{Keyring, Resealed, Store, StoreError},
};

/// What a rotation writes above the keys.
const COMMENT: &str = "# The first key seals; the ones below only open what is older.";

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a new master key: print it, or put it into a file of its own
    Generate {
        /// The file to make, readable for its owner only; one that exists is left alone
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Put a new key into the key file and seal every row with it, also while the daemon runs
    Rotate,
}

impl Keys {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        match self {
            Self::Generate { file } => generate(file.as_deref()),
            Self::Rotate => rotate(config()?).await,
        }
    }
}

fn generate(file: Option<&Path>) -> Outcome {
    let keys = Keyring::generate();
    let line = keys.current_line();
    let Some(file) = file else {
        // Not `tell`: a key that did not arrive must not count as made.
        writeln!(io::stdout(), "{}", line.expose_secret()).context("cannot print the key")?;
        return Ok(());
    };
    let made = written_beside(file, &format!("{}\n", line.expose_secret()), None)
        .and_then(|new| new.persist_noclobber(file).map_err(|fault| fault.error))
        .and_then(|_| sync_directory(file));
    match made {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
            let file = file.display();
            return Err(Ending::Failed(anyhow::anyhow!(
                "{file} exists, and a key is never overwritten; `ticketd keys rotate` puts a new \
                 key into it"
            )));
        }
        Err(fault) => {
            return Err(anyhow::Error::new(fault)
                .context(format!("cannot make {}", file.display()))
                .into());
        }
    }
    tell(&format!(
        "key {} is in {}; keep a copy: without it the logins are lost",
        keys.current_id(),
        file.display()
    ));
    Ok(())
}

async fn rotate(config: Config) -> Outcome {
    let Some(file) = config.store.master_key_file.clone() else {
        return Err(Ending::Misconfigured(
            "keys rotate rewrites the key's file, but store.master_key holds the key itself: \
             move it into a file and name that in store.master_key_file"
                .to_owned(),
        ));
    };
    let old = secret::read_file(&file)?;
    let keys = Keyring::parse(&old)?.with_new_current();
    // Before anything is changed: a key that does not open the store must not come further.
    let there = super::store::is_there(&config).await?;
    let opened = if there { Some(app::open_store(&config).await) } else { None };
    let done = match opened {
        Some(Ok(store)) => {
            let done = rotate_rows(&file, &old, keys, store).await;
            super::store::give_to_owner(&config).await?;
            done?
        }
        Some(Err(error)) if is_locked(&error) => {
            put_first(&file, &old, &keys)?;
            tell(
                "the daemon is running: reload it (SIGHUP) if it reads this very file, or restart",
            );
            tell("it if it gets a copy (LoadCredential). It seals every row anew while it serves,");
            tell("and its log says when older keys are no longer needed");
            return Ok(());
        }
        Some(Err(error)) => {
            super::store::give_to_owner(&config).await?;
            return Err(error.into());
        }
        None => {
            put_first(&file, &old, &keys)?;
            tell("there is no store yet; older keys in the file are not needed");
            return Ok(());
        }
    };
    if done.unreadable > 0 {
        return Err(Ending::Failed(anyhow::anyhow!(
            "{} rows could not be opened; keep the old keys in the file",
            done.unreadable
        )));
    }
    tell(&format!(
        "{} rows are sealed with it; older keys in the file are no longer needed",
        done.resealed + done.current
    ));
    Ok(())
}

/// First the file, then the rows: a crash in between leaves both keys known.
async fn rotate_rows(
    file: &Path,
    old: &SecretString,
    keys: Keyring,
    store: Store,
) -> anyhow::Result<Resealed> {
    put_first(file, old, &keys)?;
    let done = store.reseal(keys).await?;
    store.close().await?;
    Ok(done)
}

/// Puts the current one of `keys` before the `old` text of the key file.
fn put_first(file: &Path, old: &SecretString, keys: &Keyring) -> anyhow::Result<()> {
    let mut both = Zeroizing::new(format!("{COMMENT}\n{}\n", keys.current_line().expose_secret()));
    for line in old.expose_secret().lines().filter(|line| line.trim() != COMMENT) {
        both.push_str(line);
        both.push('\n');
    }
    replace(file, &both).with_context(|| format!("cannot rewrite {}", file.display()))?;
    tell(&format!("new key {} is in {}", keys.current_id(), file.display()));
    Ok(())
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Locked { .. }))
}

/// In place of the file, whole or not at all; its owner and mode stay.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    // The file itself, where its name is a link.
    let file = fs::canonicalize(file)?;
    let about = fs::metadata(&file)?;
    written_beside(&file, text, Some(&about))?.persist(&file).map_err(|fault| fault.error)?;
    sync_directory(&file)
}

/// A new file beside `file` with this text, on disk; readable for its owner only, or like `old`.
fn written_beside(
    file: &Path,
    text: &str,
    old: Option<&fs::Metadata>,
) -> io::Result<NamedTempFile> {
    let mut new = NamedTempFile::new_in(directory_of(file))?;
    if let Some(old) = old {
        let made = new.as_file().metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
        new.as_file().set_permissions(old.permissions())?;
    }
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    Ok(new)
}

fn sync_directory(file: &Path) -> io::Result<()> {
    fs::File::open(directory_of(file))?.sync_all()
}

fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
