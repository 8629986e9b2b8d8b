//! A ticketd between a real Cyrus and a stand-in of Jira.

use std::time::{Duration, Instant};

use ticketd::actors::{Question, Reply};
use ticketd::config::Config;
use ticketd::sandbox::{IssueSnapshot, Jira};
use url::Url;

use crate::harness::{HOOK_SECRET, Operator, Setup, TestApp, configure};

/// Longer than anything takes that works, on a machine that has other things to do.
pub(crate) const LIMIT: Duration = Duration::from_mins(5);

pub(crate) struct Office {
    pub(crate) app: TestApp,
    pub(crate) jira: Jira,
    pub(crate) operator: Operator,
}

impl Office {
    /// At the mailbox with this session; what comes from now on is news to it.
    pub(crate) async fn start(
        mailbox: Url,
        change: impl FnOnce(&mut Config) + Send + 'static,
    ) -> Self {
        ticketd::prepare_process();
        let jira = Jira::start().await.unwrap();
        let jira_url = jira.url();
        let setup = Setup::new().config(move |config| {
            configure(config, &jira_url, &mailbox, true);
            change(config);
        });
        let app = setup.start().await;
        let hook = format!("http://{}/hooks/jira", app.address);
        jira.webhook_to(hook.parse().unwrap(), HOOK_SECRET);
        let operator = Operator(app.store());
        let office = Self { app, jira, operator };
        office.listening().await;
        office
    }

    async fn listening(&self) {
        let start = Instant::now();
        loop {
            let reply = self.operator.ask(Question::Mailboxes).await;
            let Reply::Mailboxes(rows) = reply else { panic!("{reply:?}") };
            if rows.iter().all(|row| !row.synced.is_empty()) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "the mailbox is not read");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Issues that were not deleted.
    pub(crate) fn issues(&self) -> Vec<IssueSnapshot> {
        self.jira.issues().into_iter().filter(|issue| !issue.deleted).collect()
    }

    /// Waits for something that takes some steps, and a bit for one step too many.
    pub(crate) async fn until(&self, what: &str, there: impl Fn() -> bool) {
        let start = Instant::now();
        while !there() {
            if start.elapsed() > LIMIT {
                let audited = self.operator.audit().await;
                panic!("{what}: not within {LIMIT:?}: {audited:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    /// Waits until everything is done, of so many mails delivered and sent; returns the cases.
    pub(crate) async fn check(&self, mails: impl Fn() -> usize) -> u64 {
        let there = |total: u64| total == mails() as u64;
        let audited = self
            .operator
            .audit_until(LIMIT, |audited| there(audited.total()) && audited.is_done())
            .await;
        assert!(audited.problems.is_empty(), "{audited:#?}");
        assert_eq!(audited.cases, self.issues().len() as u64, "{audited:#?}");
        assert_eq!(audited.cases, audited.mails("ticket"), "{audited:#?}");
        let metrics = self.app.get("/metrics").await.body;
        let restarts = metrics.lines().filter(|line| line.contains("actor_restarts_total{"));
        assert!(restarts.clone().all(|line| line.ends_with(" 0")), "{metrics}");
        audited.cases
    }
}
