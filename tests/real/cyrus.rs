//! The real Cyrus: brought up with an empty mailbox, taken down when dropped. Each has its own
//! state and ports, so that many can run at once.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use ticketd::clients::{JmapAuth, JmapClient, JmapSettings};
use ticketd::sandbox::Jmap;
use ticketd::telemetry::Metrics;
use url::Url;

use crate::lmtp::Lmtp;
use crate::sink::Sink;

/// What `up.sh` exits with where this machine cannot have a Cyrus.
const NOT_HERE: i32 = 77;

pub(crate) struct Cyrus {
    state: TempDir,
    /// What leaves it.
    pub(crate) sink: Sink,
    http: u16,
    lmtp: u16,
}

impl Cyrus {
    /// A Cyrus with an empty mailbox; none where the machine cannot have one. `what` is then said
    /// not to have been run.
    pub(crate) fn up(what: &str) -> Option<Self> {
        // Not below target/, which the user "mail" may not reach.
        let state = tempfile::Builder::new().prefix("ticketd-cyrus").tempdir().unwrap();
        let mut cyrus = Self { state, sink: Sink::start(), http: 0, lmtp: 0 };
        let up = cyrus.script("up.sh").output().unwrap();
        if up.status.code() == Some(NOT_HERE) {
            let said = String::from_utf8_lossy(&up.stderr);
            // Past the test harness, which keeps the words of a test that passes.
            let _ = writeln!(io::stderr(), "{} ({what})", said.trim());
            return None;
        }
        cyrus.ports(&up);
        Some(cyrus)
    }

    /// The server goes away. Mail and ports are kept.
    pub(crate) fn stop(&self) {
        let down = self.script("down.sh").output().unwrap();
        assert!(down.status.success(), "down.sh: {down:?}");
    }

    /// It comes back as it was.
    pub(crate) fn start_again(&mut self) {
        let up = self.script("up.sh").env("KEEP", "1").output().unwrap();
        self.ports(&up);
    }

    fn ports(&mut self, up: &Output) {
        let said = String::from_utf8_lossy(&up.stderr);
        assert!(up.status.success(), "up.sh: {}: {said}", up.status);
        let printed = String::from_utf8_lossy(&up.stdout);
        let line = printed.lines().last().expect("ports");
        let ports: Vec<u16> = line.split(' ').map(|port| port.parse().unwrap()).collect();
        (self.http, self.lmtp) = (ports[0], ports[1]);
    }

    /// Where the session object is.
    pub(crate) fn session_url(&self) -> Url {
        format!("http://127.0.0.1:{}/jmap/", self.http).parse().unwrap()
    }

    /// A way to bring mails in.
    pub(crate) fn lmtp(&self) -> Lmtp {
        Lmtp::connect(self.lmtp)
    }

    /// Brings one mail in.
    pub(crate) fn deliver(&self, mail: &[u8]) {
        self.lmtp().deliver(mail).unwrap();
    }

    /// The client of ticketd, for asking the server itself.
    pub(crate) fn client(&self) -> JmapClient {
        let settings = JmapSettings {
            session_url: self.session_url(),
            auth: JmapAuth::Basic { user: Jmap::USER.to_owned(), password: Jmap::PASSWORD.into() },
            limit: std::time::Duration::from_secs(20),
        };
        JmapClient::new(settings, Metrics::new()).unwrap()
    }

    fn script(&self, name: &str) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/cyrus");
        let mut command = Command::new("bash");
        command.arg(folder.join(name)).stdin(Stdio::null());
        command.env("CYRUS_STATE", self.state.path());
        command.env("SMTP_PORT", self.sink.port.to_string());
        command
    }
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        let down = self.script("down.sh").env("PURGE", "1").output();
        assert!(
            std::thread::panicking() || down.as_ref().is_ok_and(|down| down.status.success()),
            "down.sh: {down:?}"
        );
    }
}
