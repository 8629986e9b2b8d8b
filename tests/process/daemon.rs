//! A running ticketd: what its users and its operator can do with it.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use ticketd::sandbox::SlashForm;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::site::Site;

/// The longest that anything is waited for that should happen soon.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Is killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    pid: Pid,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

/// An answer to a slash command.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// What the user reads.
    pub(crate) text: String,
    pub(crate) request_id: String,
}

impl Daemon {
    pub(crate) async fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (to, stderr) = (log.clone(), child.stderr.take().unwrap());
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut log = to.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let address = SocketAddr::from(([0; 4], 0));
        let mut daemon = Self { child, pid, address, log, reading };
        let line = daemon.logged("ticketd is ready").await;
        let digits = line.split_once("127.0.0.1:").expect("an address").1;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        daemon.address.set_ip([127, 0, 0, 1].into());
        daemon.address.set_port(digits[..end].parse().unwrap());
        daemon
    }

    /// A user types a `/redmine` command.
    pub(crate) async fn say(&self, site: &Site, user: &str, text: &str) -> Said {
        self.send(&site.mattermost.slash(user, text)).await.expect("an answer")
    }

    /// Somebody with this Mattermost id types a `/redmine` command. Fails if there is no whole
    /// answer.
    pub(crate) async fn say_as(&self, site: &Site, id: &str, text: &str) -> std::io::Result<Said> {
        let mut form = site.mattermost.slash("alice", text);
        for (name, value) in &mut form.fields {
            if name == "user_id" {
                id.clone_into(value);
            }
        }
        self.send(&form).await
    }

    pub(crate) async fn send(&self, form: &SlashForm) -> std::io::Result<Said> {
        let answer = form.send(&self.url("slash/redmine")).await?;
        let header = |name: &str| {
            let value = answer.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        Ok(Said { status: answer.status, text, request_id: header("x-request-id") })
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}/{path}", self.address)).unwrap()
    }

    /// The whole answer to a GET, head and body.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")).await
    }

    /// Sends bytes as they are, and reads until ticketd closes the connection.
    pub(crate) async fn raw(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        // It may refuse before it has read all.
        let _ = stream.write_all(bytes.as_bytes()).await;
        to_the_end(&mut stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// `kill -9`, until it is gone.
    pub(crate) async fn kill(mut self) -> String {
        self.child.kill().await.unwrap();
        (&mut self.reading).await.unwrap();
        self.log()
    }

    /// Waits for the end by itself; fails if it takes longer.
    pub(crate) async fn ended(mut self, within: Duration) -> (ExitStatus, String) {
        let status = timeout(within, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it still runs:\n{}", self.log())).unwrap();
        (&mut self.reading).await.unwrap();
        (status, self.log())
    }

    /// Asks it to stop, and expects that all goes well.
    pub(crate) async fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (status, log) = self.ended(SOON).await;
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    /// All that it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a line of the log that holds `text`.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let until = Instant::now() + SOON;
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(Instant::now() < until && !self.reading.is_finished(), "no {text:?} in {log}");
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// All bytes until the other side closes, or breaks, the connection; fails if it never does.
pub(crate) async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut bytes)).await;
    let _may_be_reset = read.expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, within: Duration, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + within;
    while !so() {
        assert!(Instant::now() < end, "{what} does not come true");
        sleep(Duration::from_millis(5)).await;
    }
}
