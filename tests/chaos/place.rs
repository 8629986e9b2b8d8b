//! A place to run one daemon in, life after life: its directory, its configuration, the stand-ins
//! around it. A child is killed, by its own handle, when what holds it is dropped.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use ticketd::sandbox::{Deployment, Jira, JiraSetup, Jmap};
use ticketd::store::Keyring;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::plan::Plan;
use crate::post::Post;

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
    pub(crate) post: Arc<Post>,
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
        let place = Self {
            // In memory where there is room: a kill leaves what was written, there as on a disk.
            dir: tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?,
            verb: if plan.watch { &["mailbox", "watch"] } else { &["run"] },
            webhooks: plan.webhooks,
            jira: Arc::new(Jira::start_with(setup).await?),
            post: Arc::new(Post::new(plan).await?),
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
        let door = self.post.door();
        let door = door.map_or(String::new(), |door| format!("public_url = \"{}\"\n", door.url()));
        format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n{door}\
             [store]\npath = '{}'\nmaster_key_file = '{}'\n\
             [jira]\nurl = \"{}\"\n{user}{hooks}api_token = {:?}\nlabels = [\"ticketd\"]\n\
             boards = [{{ key = \"support\", name = \"Support\" }}]\npoll = \"1s\"\n\
             index_lag = \"2s\"\nwrites_per_second = 1000\n\
             [[mailbox]]\nname = \"support\"\naddress = {:?}\npoll = \"1s\"\nfirst_days = {}\n{}",
            self.path("store").display(),
            self.path("key").display(),
            self.jira.url(),
            Jira::API_TOKEN,
            Jmap::ADDRESS,
            u32::from(plan.first_days),
            self.post.toml(plan, &self.path("token").display().to_string()),
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The mailbox's token is another one, and whoever renews it writes the file.
    pub(crate) fn renew_token(&self) -> io::Result<()> {
        let fresh = self.path("token.new");
        std::fs::write(&fresh, self.post.token())?;
        std::fs::rename(fresh, self.path("token"))
    }

    /// Whether the mailbox has been read up to now.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.post.is_listened_to()
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
        if let Post::Jmap(jmap) = &*self.post {
            command.env(crate::naive::JMAP, jmap.url().as_str());
        }
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> io::Result<Living> {
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (log, jira) = (self.log.clone(), self.webhooks.then(|| self.jira.clone()));
        let post = self.post.clone();
        let (tell, ready) = oneshot::channel();
        let reading = tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("ticketd is ready") {
                    tell.take().map(|tell| tell.send(()));
                    if let Some(address) = address_of(&line) {
                        post.door().inspect(|door| door.lead(address));
                        let hook = format!("http://{address}/hooks/jira").parse().unwrap();
                        jira.as_ref().inspect(|jira| jira.webhook_to(hook, SECRET));
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
