//! What the operator asks of a running ticketd, through the socket in its store's directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ticketd::actors::{Question, Reply};
use ticketd::http::socket_of;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

/// An operator of the ticketd with this store.
pub(crate) struct Operator(pub(crate) PathBuf);

/// What an audit found.
#[derive(Debug)]
pub(crate) struct Audited {
    /// Mails by the word of their state.
    pub(crate) mails: BTreeMap<String, u64>,
    pub(crate) cases: u64,
    /// By the word of their stage.
    pub(crate) effects: BTreeMap<String, u64>,
    pub(crate) problems: Vec<String>,
}

impl Audited {
    /// All mails of the register.
    pub(crate) fn total(&self) -> u64 {
        self.mails.values().sum()
    }

    /// Mails in this state.
    pub(crate) fn mails(&self, state: &str) -> u64 {
        self.mails.get(state).copied().unwrap_or_default()
    }

    /// Whether every effect has been done.
    pub(crate) fn is_done(&self) -> bool {
        self.effects.keys().all(|stage| stage == "done")
    }
}

impl Operator {
    pub(crate) async fn ask(&self, question: Question) -> Reply {
        ask(&self.0, question).await
    }

    pub(crate) async fn audit(&self) -> Audited {
        let reply = self.ask(Question::Audit).await;
        let Reply::Audited { mails, cases, effects, problems } = reply else {
            panic!("{reply:?}");
        };
        let mails = mails.into_iter().map(|(_, state, count)| (state, count)).collect();
        Audited { mails, cases, effects: effects.into_iter().collect(), problems }
    }

    /// Waits for an audit that is as it should be; shows the last one if none comes.
    pub(crate) async fn audit_until(
        &self,
        limit: Duration,
        there: impl Fn(&Audited) -> bool,
    ) -> Audited {
        let start = Instant::now();
        loop {
            let audited = self.audit().await;
            if there(&audited) {
                return audited;
            }
            assert!(start.elapsed() < limit, "not within {limit:?}: {audited:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn ask(store: &Path, question: Question) -> Reply {
    let mut stream = UnixStream::connect(socket_of(store)).await.unwrap();
    let mut line = serde_json::to_vec(&question).unwrap();
    line.push(b'\n');
    stream.write_all(&line).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut last = None;
    while let Some(line) = lines.next_line().await.unwrap() {
        last = Some(serde_json::from_str(&line).unwrap());
    }
    last.expect("an answer")
}
