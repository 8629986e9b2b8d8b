//! The daemon under test: its directory and configuration.

use std::{fs, process::Command};

use anyhow::ensure;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::{sandbox::Jira, store::Keyring};

use crate::stand::Stand;

/// The daemon's directory and configuration, the Jira behind it, and a token that may write.
pub(crate) struct Daemon {
    _directory: TempDir,
    pub(crate) jira: Jira,
    pub(crate) token: String,
}

impl Daemon {
    /// Starts the release binary, waits until it is ready, and has it make the token.
    pub(crate) async fn start() -> anyhow::Result<(Self, Stand)> {
        let jira = Jira::start().await?;
        // On a real disk, where /tmp may be none.
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n\
             [store]\npath = '{store}'\nmaster_key = \"{key}\"\n\
             [jira]\nurl = \"{jira}\"\nflavour = \"cloud\"\nuser = \"{user}\"\n\
             api_token = \"{token}\"\nboards = [{{ key = \"support\", name = \"Support\" }}]\n\
             categories = [\"general\", \"bug\"]\nwrites_per_second = 1000\n\
             [limits]\nper_token_per_minute = 1000000\n",
            store = directory.path().join("store").display(),
            key = Keyring::generate().current_line().expose_secret(),
            jira = jira.url(),
            user = Jira::USER,
            token = Jira::API_TOKEN,
        );
        let file = directory.path().join("ticketd.toml");
        fs::write(&file, config)?;
        let running = Stand::ticketd(&file)?;
        let made = Command::new(env!("CARGO_BIN_EXE_ticketd"))
            .arg("--config")
            .arg(&file)
            .args(["token", "create", "--name", "bench", "--scope", "write"])
            .output()?;
        ensure!(made.status.success(), "no token: {}", String::from_utf8_lossy(&made.stderr));
        let token = String::from_utf8(made.stdout)?.trim().to_owned();
        Ok((Self { _directory: directory, jira, token }, running))
    }
}
