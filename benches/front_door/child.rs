//! The daemon under test: its directory and configuration.

use std::{fs, net::SocketAddr, path::PathBuf};

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::{sandbox::Mattermost, store::Keyring};

use crate::stand::Stand;

/// The daemon's directory and configuration; started as often as one likes.
pub(crate) struct Daemon {
    directory: TempDir,
}

impl Daemon {
    /// Without a Mattermost everybody reads English.
    pub(crate) fn new(
        redmine: SocketAddr,
        mattermost: Option<&Mattermost>,
    ) -> anyhow::Result<Self> {
        // On a real disk, where /tmp may be none.
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let chat = mattermost.map_or_else(String::new, |mattermost| {
            let (url, token) = (mattermost.url(), Mattermost::bot_token());
            format!("[mattermost]\nurl = \"{url}\"\nbot_token = \"{token}\"\n")
        });
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n\
             [store]\npath = '{store}'\nmaster_key = \"{key}\"\n\
             {chat}\
             [redmine]\nurl = \"http://{redmine}\"\nslash_tokens = [\"{token}\"]\n\
             [limits]\nper_user_per_minute = 60000\n",
            store = directory.path().join("store").display(),
            key = Keyring::generate().current_line().expose_secret(),
            token = Mattermost::slash_token("/redmine"),
        );
        fs::write(directory.path().join("ticketd.toml"), config)?;
        Ok(Self { directory })
    }

    /// A path beside the store, on the same disk.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts the release binary and waits until it is ready.
    pub(crate) fn start(&self) -> anyhow::Result<Stand> {
        Stand::ticketd(&self.beside("ticketd.toml"))
    }
}
