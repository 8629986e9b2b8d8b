//! The daemon under test: its directory and configuration.

use std::fs;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::{sandbox::Mattermost, store::Keyring};

use crate::stand::Stand;

/// The daemon's directory and configuration.
pub(crate) struct Daemon {
    directory: TempDir,
}

impl Daemon {
    pub(crate) fn new(mattermost: &Mattermost) -> anyhow::Result<Self> {
        // On a real disk, where /tmp may be none.
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1:1/\"\n\
             [store]\npath = '{store}'\nmaster_key = \"{key}\"\n\
             [mattermost]\nurl = \"{url}\"\nbot_token = \"{bot}\"\n\
             [ticket]\nslash_tokens = [\"{token}\"]\n\
             [limits]\nper_user_per_minute = 60000\n",
            store = directory.path().join("store").display(),
            key = Keyring::generate().current_line().expose_secret(),
            url = mattermost.url(),
            bot = Mattermost::bot_token(),
            token = Mattermost::slash_token("/ticket"),
        );
        fs::write(directory.path().join("ticketd.toml"), config)?;
        Ok(Self { directory })
    }

    /// Starts the release binary and waits until it is ready.
    pub(crate) fn start(&self) -> anyhow::Result<Stand> {
        Stand::ticketd(&self.directory.path().join("ticketd.toml"))
    }
}
