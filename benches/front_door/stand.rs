//! Child processes that serve at an address: the daemon under test, and this binary in another role.
//! Each is killed when it is dropped.

use std::{
    env,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use anyhow::{Context, bail};
use tokio::runtime::{Builder, Runtime};

/// A runtime with as many workers as the daemon has.
pub(crate) fn runtime() -> io::Result<Runtime> {
    let workers = thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8));
    Builder::new_multi_thread().worker_threads(workers).enable_all().build()
}

/// A process that serves at an address.
pub(crate) struct Stand {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Stand {
    /// Starts the release binary on this configuration and waits until it is ready.
    pub(crate) fn ticketd(config: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ticketd"))
            .args(["--config".as_ref(), config.as_os_str(), "run".as_ref()])
            .env_remove("TICKETD_LOG")
            .stderr(Stdio::piped())
            .spawn()?;
        let log = BufReader::new(child.stderr.take().context("no stderr")?);
        Self::new(child, log, |line| {
            line.contains("ticketd is ready").then(|| line.split_once("address=")).flatten()
        })
    }

    /// Starts this binary in another role; it says its address first.
    pub(crate) fn spawn(role: &[&str]) -> anyhow::Result<Self> {
        let mut child =
            Command::new(env::current_exe()?).args(role).stdout(Stdio::piped()).spawn()?;
        let said = BufReader::new(child.stdout.take().context("no stdout")?);
        Self::new(child, said, |line| Some(("", line)))
    }

    fn new(
        child: Child,
        mut said: BufReader<impl Read + Send + 'static>,
        find: impl Fn(&str) -> Option<(&str, &str)>,
    ) -> anyhow::Result<Self> {
        let unknown = SocketAddr::from(([0; 4], 0));
        let mut stand = Self { child, address: unknown };
        let mut all = String::new();
        while stand.address == unknown {
            let start = all.len();
            if said.read_line(&mut all)? == 0 {
                bail!("a child process did not start: {all}");
            }
            if let Some((_, address)) = find(&all[start..]) {
                stand.address = address.trim().parse()?;
            }
        }
        // A pipe that nobody empties would stop the child.
        thread::spawn(move || io::copy(&mut said, &mut io::sink()));
        Ok(stand)
    }

    /// The process' id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Stand {
    /// SIGKILL: nothing is said goodbye to.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
