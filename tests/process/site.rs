//! A place to run ticketd in: a directory with its configuration, and the services around it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::sandbox::{Mattermost, Redmine};
use ticketd::store::Keyring;
use tokio::process::Command;

use crate::daemon::Daemon;

/// The longest that a command may take that ends by itself.
const COMMAND_LIMIT: Duration = Duration::from_secs(40);

/// Stops everything when dropped.
pub(crate) struct Site {
    dir: TempDir,
    pub(crate) redmine: Redmine,
    pub(crate) mattermost: Mattermost,
}

impl Site {
    /// A directory with a fresh key and a complete configuration; nothing runs in it yet.
    pub(crate) async fn new() -> Self {
        let site = Self {
            dir: tempfile::tempdir().unwrap(),
            redmine: Redmine::start().await.unwrap(),
            mattermost: Mattermost::start().await.unwrap(),
        };
        std::fs::write(site.key_file(), Keyring::generate().current_line().expose_secret())
            .unwrap();
        let toml = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n\
             [store]\npath = {:?}\nmaster_key_file = {:?}\n\
             [mattermost]\nurl = \"{}\"\n\
             [redmine]\nurl = \"{}\"\nslash_tokens = [\"{}\"]\n\
             [limits]\nper_user_per_minute = 60000\n",
            site.store().to_str().unwrap(),
            site.key_file().to_str().unwrap(),
            site.mattermost.url(),
            site.redmine.url(),
            Mattermost::slash_token("redmine"),
        );
        std::fs::write(site.config_file(), toml).unwrap();
        site
    }

    /// A path within the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("master.key")
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.path("ticketd.toml")
    }

    /// The text of the key file.
    pub(crate) fn keys(&self) -> String {
        std::fs::read_to_string(self.key_file()).unwrap()
    }

    /// `ticketd run`, not started yet.
    pub(crate) fn daemon(&self) -> Launch {
        self.ticketd(&["run"])
    }

    /// Any command of ticketd, not started yet.
    pub(crate) fn ticketd(&self, arguments: &[&str]) -> Launch {
        let mut command = self.bare(Path::new(env!("CARGO_BIN_EXE_ticketd")));
        command.arg("--config").arg(self.config_file()).args(arguments);
        Launch(command)
    }

    /// `ticketd run` through a shell that first carries out `setup`, where `$$` is the pid that
    /// ticketd will have; fd 0 is `input`.
    pub(crate) fn daemon_after(&self, setup: &str, input: Stdio) -> Launch {
        let mut command = self.bare(Path::new("/bin/sh"));
        command.stdin(input).arg("-c").arg(format!("{setup}; exec \"$0\" \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_ticketd")).arg("--config").arg(self.config_file());
        command.arg("run");
        Launch(command)
    }

    /// Without the environment of the test itself, which may hold a proxy or settings of ticketd.
    fn bare(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A process that is about to start.
pub(crate) struct Launch(Command);

impl Launch {
    /// Sets a variable, for example a key of the configuration.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.0.arg(argument);
        self
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(self) -> Daemon {
        Daemon::start(self.0).await
    }

    /// Starts it with somebody at its input.
    pub(crate) fn talk(mut self) -> tokio::process::Child {
        self.0.stdin(Stdio::piped()).spawn().unwrap()
    }

    /// Runs it to its end.
    pub(crate) async fn output(mut self) -> Ended {
        let output = tokio::time::timeout(COMMAND_LIMIT, self.0.output()).await;
        Ended::from(output.expect("the command ends in time").unwrap())
    }
}

/// What a command that ended has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
