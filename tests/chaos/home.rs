//! A directory to run one daemon in, life after life. A child is killed, by its own handle, when what
//! holds it is dropped.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::store::Keyring;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest that a command may take that ends by itself.
const COMMAND_LIMIT: Duration = Duration::from_secs(40);

/// Directory, master key and log.
pub(crate) struct Home {
    dir: TempDir,
    /// What all its daemons said.
    log: Arc<Mutex<String>>,
}

/// A running process.
pub(crate) struct Living {
    child: Child,
    ready: oneshot::Receiver<()>,
    reading: JoinHandle<()>,
}

impl Home {
    pub(crate) fn new() -> io::Result<Self> {
        // In memory where there is room: a kill leaves what was written, there as on a disk.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        let home = Self { dir, log: Arc::default() };
        std::fs::write(home.path("key"), Keyring::generate().current_line().expose_secret())?;
        Ok(home)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the configuration: the store's lines and these.
    pub(crate) fn configure(&self, lines: &str) -> io::Result<()> {
        let store = format!(
            "[store]\npath = '{}'\nmaster_key_file = '{}'\n",
            self.path("store").display(),
            self.path("key").display(),
        );
        std::fs::write(self.path("ticketd.toml"), store + lines)
    }

    /// Starts a daemon by this verb; `lead` is told where it listens once it is ready.
    pub(crate) fn start(
        &self,
        verb: &[&str],
        failpoint: Option<&str>,
        lead: impl Fn(SocketAddr) + Send + 'static,
    ) -> io::Result<Living> {
        let mut command = self.ticketd(verb);
        if let Some(name) = failpoint {
            command.env("TICKETD_FAILPOINTS", format!("{name}=abort*1"));
        }
        self.spawn(command, lead)
    }

    /// Starts this very program as another one, with these variables.
    pub(crate) fn start_naive(
        &self,
        variables: &[(&str, &str)],
        lead: impl Fn(SocketAddr) + Send + 'static,
    ) -> io::Result<Living> {
        let mut command = self.bare(&std::env::current_exe()?);
        command.envs(variables.iter().copied());
        self.spawn(command, lead)
    }

    fn spawn(
        &self,
        mut command: Command,
        lead: impl Fn(SocketAddr) + Send + 'static,
    ) -> io::Result<Living> {
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let log = self.log.clone();
        let (tell, ready) = oneshot::channel();
        let reading = tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("ticketd is ready") {
                    tell.take().map(|tell| tell.send(()));
                    address_of(&line).into_iter().for_each(&lead);
                }
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Ok(Living { child, ready, reading })
    }

    /// Puts a line into the log.
    pub(crate) fn note(&self, line: &str) {
        let now = ticketd::clock::now();
        let _ = writeln!(self.log.lock().unwrap(), "{now} ---- {line}");
    }

    /// The log so far, which begins anew.
    pub(crate) fn take_log(&self) -> String {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// `ticketd desk audit`: whether it holds, and what it says.
    pub(crate) async fn audit(&self) -> io::Result<(bool, String)> {
        self.ask(&["desk", "audit"]).await
    }

    /// A command of ticketd that ends by itself: whether it went well, and what it says.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> io::Result<(bool, String)> {
        let output = self.ticketd(arguments).stdout(Stdio::piped()).output();
        let output = timeout(COMMAND_LIMIT, output).await??;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.success(), said))
    }

    fn ticketd(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(Path::new(env!("CARGO_BIN_EXE_ticketd")));
        command.arg("--config").arg(self.path("ticketd.toml")).args(arguments);
        command
    }

    /// Without the environment of the test itself, which may hold a proxy or settings of ticketd.
    fn bare(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// Where a daemon listens that says that it is ready.
fn address_of(line: &str) -> Option<SocketAddr> {
    let digits = line.split_once("127.0.0.1:")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    format!("127.0.0.1:{}", &digits[..end]).parse().ok()
}

impl Living {
    /// Waits until it is ready, or gone.
    pub(crate) async fn ready(&mut self) {
        let _ = timeout(COMMAND_LIMIT, &mut self.ready).await;
    }

    /// Waits this long for its end, then kills it. Whether it ended by itself.
    pub(crate) async fn end_within(mut self, limit: Duration) -> io::Result<Option<String>> {
        let by_itself = if let Ok(status) = timeout(limit, self.child.wait()).await {
            Some(status?.to_string())
        } else {
            self.child.kill().await?;
            None
        };
        // The pipe may be held open a moment longer.
        let _ = timeout(Duration::from_secs(1), &mut self.reading).await;
        Ok(by_itself)
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}
