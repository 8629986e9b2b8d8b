//! Starting and stopping: the daemon and its stand-ins live on a thread and a runtime of their
//! own, so that a test can move their time and a forgotten one still ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Once, mpsc};
use std::time::Duration;

use secrecy::SecretString;
use tempfile::TempDir;
use ticketd::actors::Desk;
use ticketd::app::App;
use ticketd::config::{self, Config};
use ticketd::lifecycle::Shutdown;
use ticketd::locale::{Locale, Texts};
use ticketd::sandbox::{Mattermost, Redmine};
use ticketd::store::Keyring;
use tokio::sync::{mpsc as channel, oneshot};
use url::Url;

use super::Version;

/// What the configuration says of where Mattermost reaches ticketd.
pub(crate) const PUBLIC_URL: &str = "https://desk.example.org/";
/// Longer than a soft stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// What stays when a ticketd has ended: its store and its master key.
pub(crate) struct Home {
    dir: TempDir,
    pub(crate) key: SecretString,
}

/// A ticketd about to start.
pub(crate) struct Setup {
    change: Box<dyn FnOnce(&mut Config) + Send>,
    home: Arc<Home>,
    redmine: Option<Url>,
    mattermost: Option<Arc<Mattermost>>,
    movable_time: bool,
    version: Version,
}

/// A jump in time, whether the calendar goes along, and whom to tell when it is done.
type Jump = (Duration, bool, oneshot::Sender<()>);

struct Started {
    address: SocketAddr,
    mattermost: Arc<Mattermost>,
    redmine: Option<Redmine>,
    redmine_url: Url,
    desk: Option<Desk>,
}

/// A running ticketd.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) mattermost: Arc<Mattermost>,
    pub(crate) redmine_url: Url,
    pub(crate) version: Version,
    pub(super) texts: Texts,
    redmine: Option<Redmine>,
    desk: Option<Desk>,
    home: Arc<Home>,
    shutdown: Shutdown,
    /// While this is there, the stand-ins live.
    clock: Option<channel::UnboundedSender<Jump>>,
    ended: mpsc::Receiver<Result<(), String>>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let key = Keyring::generate().current_line();
        let home = Home { dir: tempfile::tempdir().unwrap(), key };
        Self {
            change: Box::new(|_| {}),
            home: home.into(),
            redmine: None,
            mattermost: None,
            movable_time: false,
            version: Version::StandIn,
        }
    }

    /// Another configuration.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    /// The store of a ticketd that has ended.
    pub(crate) fn home(mut self, home: Arc<Home>) -> Self {
        self.home = home;
        self
    }

    /// A Redmine that runs already, in place of the stand-in.
    pub(crate) fn redmine(mut self, url: Url) -> Self {
        self.redmine = Some(url);
        self
    }

    /// A stand-in of Mattermost that runs already, with its posts.
    pub(crate) fn mattermost(mut self, mattermost: Arc<Mattermost>) -> Self {
        self.mattermost = Some(mattermost);
        self
    }

    /// Lets [`TestApp::advance`] work.
    pub(crate) fn movable_time(mut self) -> Self {
        self.movable_time = true;
        self
    }

    /// Commands come in the bytes of this Mattermost.
    pub(crate) fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        self.try_start().await.unwrap()
    }

    /// The sentence of a ticketd that does not start.
    pub(crate) async fn try_start(self) -> Result<TestApp, String> {
        ticketd::prepare_process();
        let (started, starting) = oneshot::channel();
        let (ending, ended) = mpsc::channel();
        let (clock, jumps) = channel::unbounded_channel();
        let shutdown = Shutdown::default();
        let (home, version, asked) = (self.home.clone(), self.version, shutdown.clone());
        std::thread::spawn(move || {
            // Gone when this thread's runtime is: only then is the store free for the next one.
            let outcome = self.live(asked, started, jumps);
            let _ = ending.send(outcome);
        });
        let Ok(started) = starting.await else {
            return Err(ended.recv_timeout(STOP_LIMIT).unwrap().unwrap_err());
        };
        let Started { address, mattermost, redmine, redmine_url, desk } = started;
        let texts = Texts::load().unwrap();
        Ok(TestApp {
            address,
            mattermost,
            redmine_url,
            version,
            texts,
            redmine,
            desk,
            home,
            shutdown,
            clock: Some(clock),
            ended,
        })
    }

    fn live(
        self,
        shutdown: Shutdown,
        started: oneshot::Sender<Started>,
        jumps: channel::UnboundedReceiver<Jump>,
    ) -> Result<(), String> {
        let mut runtime = if self.movable_time {
            tokio::runtime::Builder::new_current_thread()
        } else {
            tokio::runtime::Builder::new_multi_thread()
        };
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let life = async {
            let mattermost = match self.mattermost {
                Some(mattermost) => mattermost,
                None => Arc::new(Mattermost::start().await.unwrap()),
            };
            let (redmine, redmine_url) = if let Some(url) = self.redmine {
                (None, url)
            } else {
                let redmine = Redmine::start().await.unwrap();
                let url = redmine.url();
                (Some(redmine), url)
            };
            let mut config = config(&self.home, redmine_url.clone(), mattermost.url());
            (self.change)(&mut config);
            let app = App::start(config).await.map_err(|error| format!("{error:#}"))?;
            let (address, desk) = (app.address(), app.desk().cloned());
            let time = tokio::spawn(move_time(jumps));
            let _ = started.send(Started { address, mattermost, redmine, redmine_url, desk });
            let outcome = app.run(shutdown).await.map_err(|error| format!("{error:#}"));
            let _ = time.await;
            outcome
        };
        runtime.block_on(life)
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Setup::new().start().await
    }

    /// What stays when it has ended.
    pub(crate) fn home(&self) -> Arc<Home> {
        self.home.clone()
    }

    /// The directory of its store.
    pub(crate) fn store(&self) -> std::path::PathBuf {
        self.home.dir.path().join("store")
    }

    /// The stand-in of Redmine.
    pub(crate) fn redmine(&self) -> &Redmine {
        self.redmine.as_ref().expect("the stand-in runs")
    }

    /// What the door asks, asked without it.
    pub(crate) fn desk(&self) -> &Desk {
        self.desk.as_ref().expect("something is filed")
    }

    /// Redmine goes away: its port closes.
    pub(crate) async fn stop_redmine(&mut self) {
        self.redmine.take().expect("the stand-in runs").stop().await;
    }

    /// Lets time pass, for ticketd and the stand-ins; takes [`Setup::movable_time`].
    pub(crate) async fn advance(&self, by: Duration) {
        self.jump(by, false).await;
    }

    /// The same for the calendar too.
    pub(crate) async fn days_go_by(&self, by: Duration) {
        self.jump(by, true).await;
    }

    async fn jump(&self, by: Duration, calendar: bool) {
        let (done, doing) = oneshot::channel();
        self.clock.as_ref().unwrap().send((by, calendar, done)).unwrap();
        doing.await.unwrap();
    }

    /// What SIGTERM does.
    pub(crate) fn ask_to_stop(&self) {
        self.shutdown.soft.cancel();
    }

    /// What a second SIGTERM does.
    pub(crate) fn insist_on_stopping(&self) {
        self.shutdown.hard.cancel();
    }

    /// Ends it, which must go well.
    pub(crate) fn stop(self) -> Arc<Home> {
        self.home.clone()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A call that still hangs would hold up the stop; with its Redmine it ends.
        self.redmine.take();
        // The store is free only without it.
        self.desk.take();
        self.shutdown.soft.cancel();
        self.clock.take();
        let ended = self.ended.recv_timeout(STOP_LIMIT);
        if !std::thread::panicking() {
            assert!(matches!(ended, Ok(Ok(()))), "ticketd did not stop cleanly: {ended:?}");
        }
    }
}

fn config(home: &Home, redmine: Url, mattermost: Url) -> Config {
    Config {
        http: config::Http {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            public_url: Some(PUBLIC_URL.parse().unwrap()),
            context: "/api/tickets/v1".to_owned(),
            cors_origins: Vec::new(),
        },
        store: config::Store {
            path: home.dir.path().join("store"),
            master_key: home.key.clone(),
            master_key_file: None,
        },
        mattermost: config::Mattermost {
            url: mattermost,
            bot_token: Some(Mattermost::bot_token().into()),
            locale: Locale::En,
        },
        redmine: config::Redmine {
            url: redmine,
            slash_tokens: vec![Mattermost::slash_token("/redmine").into()],
            close_status: None,
            filing: None,
            boards: Vec::new(),
        },
        ticket: None,
        jira: None,
        mailboxes: Vec::new(),
        desk: config::Desk { keep_days: 365 },
        limits: config::Limits {
            body_bytes: 64 * 1024,
            connections: 512.try_into().unwrap(),
            // A test types faster than a person.
            per_user_per_minute: 6_000.try_into().unwrap(),
            upload_bytes: 8 * 1024 * 1024,
            upload_files: 20,
            per_token_per_minute: 60_000.try_into().unwrap(),
        },
    }
}

async fn move_time(mut jumps: channel::UnboundedReceiver<Jump>) {
    while let Some((by, calendar, done)) = jumps.recv().await {
        if calendar {
            ticketd::clock::set_ahead(by.try_into().unwrap());
        }
        tokio::time::pause();
        tokio::time::advance(by).await;
        tokio::time::resume();
        let _ = done.send(());
    }
}
