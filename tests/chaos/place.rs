//! A place to run one daemon in, life after life: its directory, its configuration, the stand-ins
//! around it. A child is killed, by its own handle, when what holds it is dropped.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::sandbox::{Deployment, Jira, JiraSetup, Jmap, JmapSetup};
use ticketd::store::Keyring;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::plan::Plan;

/// The webhook's secret.
const SECRET: &str = "a-secret-of-jira-and-us";
/// The longest that a command may take that ends by itself.
const COMMAND_LIMIT: Duration = Duration::from_secs(40);

/// Directory, configuration and stand-ins.
pub(crate) struct Place {
    dir: TempDir,
    verb: &'static [&'static str],
    webhooks: bool,
    pub(crate) jira: Arc<Jira>,
    pub(crate) jmap: Arc<Jmap>,
    /// What all its daemons said.
    pub(crate) log: Arc<Mutex<String>>,
}

/// A running process.
pub(crate) struct Living {
    child: Child,
    ready: oneshot::Receiver<()>,
    reading: JoinHandle<()>,
}

impl Place {
    pub(crate) async fn new(plan: &Plan) -> io::Result<Self> {
        let setup = JiraSetup {
            flavour: if plan.cloud { Deployment::Cloud } else { Deployment::DataCenter },
            index_lag: plan.index_lag,
            writes_per_second: plan.writes_per_second,
            ..JiraSetup::default()
        };
        let post = JmapSetup { push: plan.push, ..JmapSetup::default() };
        let place = Self {
            // In memory where there is room: a kill leaves what was written, there as on a disk.
            dir: tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?,
            verb: if plan.watch { &["mailbox", "watch"] } else { &["run"] },
            webhooks: plan.webhooks,
            jira: Arc::new(Jira::start_with(setup).await?),
            jmap: Arc::new(Jmap::start_with(post).await?),
            log: Arc::default(),
        };
        std::fs::write(place.path("key"), Keyring::generate().current_line().expose_secret())?;
        place.renew_token()?;
        std::fs::write(place.path("ticketd.toml"), place.toml(plan))?;
        Ok(place)
    }

    fn toml(&self, plan: &Plan) -> String {
        let user = if plan.cloud { format!("user = {:?}\n", Jira::USER) } else { String::new() };
        let hooks =
            if plan.webhooks { format!("webhook_secret = {SECRET:?}\n") } else { String::new() };
        let sign_in = if plan.token {
            format!("token_file = '{}'", self.path("token").display())
        } else {
            format!("user = {:?}\npassword = {:?}", Jmap::USER, Jmap::PASSWORD)
        };
        format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n\
             [store]\npath = '{}'\nmaster_key_file = '{}'\n\
             [jira]\nurl = \"{}\"\n{user}{hooks}api_token = {:?}\nlabels = [\"ticketd\"]\n\
             boards = [{{ key = \"support\", name = \"Support\" }}]\npoll = \"1s\"\n\
             index_lag = \"2s\"\nwrites_per_second = 1000\n\
             [[mailbox]]\nname = \"support\"\naddress = {:?}\npoll = \"1s\"\nfirst_days = {}\n\
             [mailbox.jmap]\nurl = \"{}\"\n{sign_in}\n",
            self.path("store").display(),
            self.path("key").display(),
            self.jira.url(),
            Jira::API_TOKEN,
            Jmap::ADDRESS,
            u32::from(plan.first_days),
            self.jmap.session_url(),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The mailbox's token is another one, and whoever renews it writes the file.
    pub(crate) fn renew_token(&self) -> io::Result<()> {
        let fresh = self.path("token.new");
        std::fs::write(&fresh, self.jmap.token())?;
        std::fs::rename(fresh, self.path("token"))
    }

    /// Whether the mailbox has been read up to now.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.jmap.ledger().iter().any(|call| call.target.contains("Email/changes"))
    }

    /// Starts a daemon.
    pub(crate) fn start(&self, failpoint: Option<&str>) -> io::Result<Living> {
        let mut command = self.ticketd(self.verb);
        if let Some(name) = failpoint {
            command.env("TICKETD_FAILPOINTS", format!("{name}=abort*1"));
        }
        self.spawn(command)
    }

    /// Starts this very program as another one.
    pub(crate) fn start_naive(&self, order: &str) -> io::Result<Living> {
        let mut command = self.bare(&std::env::current_exe()?);
        command.env(crate::naive::ORDER, order).env(crate::naive::JIRA, self.jira.url().as_str());
        command.env(crate::naive::JMAP, self.jmap.url().as_str());
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> io::Result<Living> {
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (log, jira) = (self.log.clone(), self.webhooks.then(|| self.jira.clone()));
        let (tell, ready) = oneshot::channel();
        let reading = tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("ticketd is ready") {
                    tell.take().map(|tell| tell.send(()));
                    if let (Some(jira), Some(hook)) = (&jira, hook_of(&line)) {
                        jira.webhook_to(hook, SECRET);
                    }
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

    /// `ticketd desk audit`: whether it holds, and what it says.
    pub(crate) async fn audit(&self) -> io::Result<(bool, String)> {
        let output = self.ticketd(&["desk", "audit"]).stdout(Stdio::piped()).output();
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

/// Where a daemon that says that it is ready takes webhooks.
fn hook_of(line: &str) -> Option<url::Url> {
    let digits = line.split_once("127.0.0.1:")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    url::Url::parse(&format!("http://127.0.0.1:{}/hooks/jira", &digits[..end])).ok()
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
