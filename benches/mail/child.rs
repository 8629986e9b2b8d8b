//! The daemon under test between stand-ins of a Jira and a mailbox. It is killed when it is dropped.

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::{
    sandbox::{Jira, JiraSetup, Jmap, JmapSetup},
    store::Keyring,
};
use tokio::time::{Instant, sleep};

/// Writes a second that Jira lets through, and that the daemon is told of.
pub(crate) const WRITES: u32 = 100;
/// Requests at the same time that the mailbox lets through: a common default of JMAP servers.
const AT_ONCE: usize = 4;
/// Requests a second that the mailbox lets through. Providers count by the minute or longer, so
/// this is what a burst may be; `mailbox_requests_per_mail` is to be held against their average
/// (1,000 a minute, 10,000 in ten minutes).
const REQUESTS: u32 = 250;

/// The daemon's directory and configuration, and what it works between.
pub(crate) struct Daemon {
    directory: TempDir,
    pub(crate) jira: Jira,
    pub(crate) jmap: Jmap,
}

/// The daemon's process.
pub(crate) struct Running(Child);

impl Daemon {
    pub(crate) async fn new(notices: bool) -> anyhow::Result<Self> {
        let setup = JiraSetup { writes_per_second: Some(WRITES), ..JiraSetup::default() };
        let jira = Jira::start_with(setup).await?;
        let setup = JmapSetup {
            push: true,
            max_concurrent: Some(AT_ONCE),
            requests_per_second: Some(REQUESTS),
        };
        let jmap = Jmap::start_with(setup).await?;
        // On a real disk, where /tmp may be none.
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mailbox = format!(
            "[mailbox.jmap]\nurl = \"{session}\"\nuser = \"{user}\"\npassword = \"{password}\"\n",
            session = jmap.session_url(),
            user = Jmap::USER,
            password = Jmap::PASSWORD,
        );
        configure(&directory, &jira, &mailbox, notices)?;
        Ok(Self { directory, jira, jmap })
    }

    /// Starts the release binary and waits until it is ready.
    pub(crate) fn start(&self) -> anyhow::Result<Running> {
        start(&self.directory)
    }
    /// Waits until the mailbox has been asked for news: what comes from now on is news.
    pub(crate) async fn listening(&self) -> anyhow::Result<()> {
        let asked = || self.jmap.ledger().iter().any(|call| call.target.contains("Email/changes"));
        until(Duration::from_secs(20), asked).await
    }

    /// Bytes that the store takes on disk.
    pub(crate) fn disk(&self) -> anyhow::Result<u64> {
        fn size(path: PathBuf) -> io::Result<u64> {
            use std::os::unix::fs::MetadataExt;
            let mut sum = 0;
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                let about = entry.metadata()?;
                sum += if about.is_dir() { size(entry.path())? } else { about.blocks() * 512 };
            }
            Ok(sum)
        }
        Ok(size(self.directory.path().join("store"))?)
    }
}

/// Writes the configuration of a daemon between this Jira and the mailbox of these lines.
pub(crate) fn configure(
    directory: &TempDir,
    jira: &Jira,
    mailbox: &str,
    notices: bool,
) -> anyhow::Result<()> {
    let config = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\n\
         [store]\npath = '{store}'\nmaster_key = \"{key}\"\n\
         [jira]\nurl = \"{jira}\"\nflavour = \"cloud\"\nuser = \"{jira_user}\"\n\
         api_token = \"{token}\"\nboards = [{{ key = \"support\", name = \"Support\" }}]\n\
         writes_per_second = {WRITES}\n\
         [[mailbox]]\nname = \"support\"\naddress = \"{address}\"\n{mailbox}\
         [mailbox.reply]\nenabled = {notices}\n",
        store = directory.path().join("store").display(),
        key = Keyring::generate().current_line().expose_secret(),
        jira = jira.url(),
        jira_user = Jira::USER,
        token = Jira::API_TOKEN,
        address = Jmap::ADDRESS,
    );
    Ok(fs::write(directory.path().join("ticketd.toml"), config)?)
}

/// Starts the release binary on the configuration of this directory and waits until it is ready.
pub(crate) fn start(directory: &TempDir) -> anyhow::Result<Running> {
    let config = directory.path().join("ticketd.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ticketd"))
        .args(["--config".as_ref(), config.as_os_str(), "run".as_ref()])
        .env_remove("TICKETD_LOG")
        .envs(allocator())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(child.stderr.take().context("no stderr")?);
    let running = Running(child);
    let mut all = String::new();
    loop {
        let start = all.len();
        if said.read_line(&mut all)? == 0 {
            bail!("the daemon did not start: {all}");
        }
        if all[start..].contains("ticketd is ready") {
            break;
        }
    }
    // A pipe that nobody empties would stop the child.
    thread::spawn(move || io::copy(&mut said, &mut io::sink()));
    Ok(running)
}

impl Running {
    /// The process' id.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    /// SIGKILL: nothing is said goodbye to.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something that must come.
pub(crate) async fn until(limit: Duration, there: impl Fn() -> bool) -> anyhow::Result<()> {
    let started = Instant::now();
    while !there() {
        ensure!(started.elapsed() < limit, "it did not come within {limit:?}");
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// What the packaged unit tells the allocator: the figures are those of a service as it is installed.
fn allocator() -> impl Iterator<Item = (&'static str, &'static str)> {
    let unit = include_str!("../../packaging/ticketd.service");
    let given = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let given = given.flat_map(str::split_whitespace).filter_map(|one| one.split_once('='));
    given.filter(|(name, _)| name.starts_with("MALLOC_"))
}
