//! A site with a mailbox and a Jira.

use std::time::Duration;

use ticketd::sandbox::{Jira, JiraSetup, Jmap};
use tokio::time::sleep;

use crate::daemon::Daemon;
use crate::site::Site;

/// The webhook's secret.
pub(crate) const HOOK_SECRET: &str = "planted-webhook-secret";

/// Stops everything when dropped.
pub(crate) struct PostSite {
    pub(crate) site: Site,
    pub(crate) jira: Jira,
    pub(crate) jmap: Jmap,
}

impl PostSite {
    pub(crate) async fn new() -> Self {
        Self::with(JiraSetup::default()).await
    }

    pub(crate) async fn with(setup: JiraSetup) -> Self {
        let site = Site::new().await;
        let jira = Jira::start_with(setup).await.unwrap();
        let jmap = Jmap::start().await.unwrap();
        let toml = std::fs::read_to_string(site.config_file()).unwrap();
        let toml = format!(
            "{toml}\n[jira]\nurl = \"{}\"\nuser = \"{}\"\napi_token = \"{}\"\n\
             boards = [{{ key = \"support\", name = \"Support\" }}]\n\
             categories = [\"general\"]\ndefault_category = \"general\"\n\
             webhook_secret = \"{HOOK_SECRET}\"\npoll = \"1s\"\nindex_lag = \"2s\"\n\
             writes_per_second = 1000\n\
             [[mailbox]]\nname = \"support\"\naddress = \"{}\"\nsource = \"jmap\"\npoll = \"1s\"\n\
             [mailbox.jmap]\nurl = \"{}\"\nuser = \"{}\"\npassword = \"{}\"\n\
             [mailbox.filter]\nper_sender_per_hour = 10000\n\
             [mailbox.reply]\nper_address_per_day = 1000\n",
            jira.url(),
            Jira::USER,
            Jira::API_TOKEN,
            Jmap::ADDRESS,
            jmap.session_url(),
            Jmap::USER,
            Jmap::PASSWORD,
        );
        std::fs::write(site.config_file(), toml).unwrap();
        Self { site, jira, jmap }
    }

    /// `ticketd run`, once it reads the mailbox.
    pub(crate) async fn run(&self) -> Daemon {
        let before = self.reads();
        let daemon = self.site.daemon().start().await;
        self.until("the mailbox is read", || self.reads() > before).await;
        daemon
    }

    fn reads(&self) -> usize {
        let calls = self.jmap.ledger();
        calls.iter().filter(|call| call.target.contains("Email/changes")).count()
    }

    pub(crate) fn deliver(&self, from: &str, subject: &str, more: &str, body: &str) {
        let id = uuid();
        self.jmap.deliver(format!(
            "From: {from}\r\nTo: {}\r\nSubject: {subject}\r\nMessage-ID: <{id}@mail.example>\r\n\
             Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n{more}\r\n{body}\r\n",
            Jmap::ADDRESS
        ));
    }

    /// Waits for so many issues.
    pub(crate) async fn issues(&self, count: usize) {
        self.until(&format!("{count} issues"), || self.jira.issues().len() >= count).await;
    }

    pub(crate) async fn until(&self, what: &str, mut so: impl FnMut() -> bool) {
        for _ in 0..6_000 {
            if so() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{what} does not come true");
    }
}

fn uuid() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
