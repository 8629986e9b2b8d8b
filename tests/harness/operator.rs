//! What the operator asks of a running ticketd, through the socket in its store's directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ticketd::actors::{Listing, Question, Reply, Row};
use ticketd::http::socket_of;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::Post;

/// More rows than any test makes.
const ROWS: usize = 20_000;

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
    /// The last answer to a question. Asked again where it came too late, as on a busy machine.
    pub(crate) async fn ask(&self, question: Question) -> Reply {
        for _ in 0..10 {
            if let Ok(Some(answer)) = ask(&self.0, &question).await {
                return answer;
            }
        }
        panic!("no answer to {question:?}");
    }

    pub(crate) async fn audit(&self) -> Audited {
        let reply = self.ask(Question::Audit).await;
        let Reply::Audited { mails, cases, effects, problems, .. } = reply else {
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

async fn ask(store: &Path, question: &Question) -> std::io::Result<Option<Reply>> {
    let (reader, mut writer) = UnixStream::connect(socket_of(store)).await?.into_split();
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    writer.write_all(&line).await?;
    let mut lines = BufReader::new(reader).lines();
    let mut last = None;
    while let Some(line) = lines.next_line().await? {
        last = Some(serde_json::from_str(&line)?);
    }
    Ok(last)
}

impl<O> Post<O> {
    /// The operator of this ticketd.
    pub(crate) async fn ask(&self, question: Question) -> Reply {
        Operator(self.app.store()).ask(question).await
    }

    /// `desk list`.
    pub(crate) async fn rows(&self, listing: Listing) -> Vec<Row> {
        match self.ask(Question::List { listing, limit: ROWS }).await {
            Reply::Rows(rows) => rows,
            other => panic!("{other:?}"),
        }
    }

    /// The rule that keeps the mail of this subject out; waits until one does.
    pub(crate) async fn kept_out(&self, subject: &str) -> String {
        self.row(Listing::Ignored, subject).await.state
    }

    /// The row of this subject; waits for it.
    pub(crate) async fn row(&self, listing: Listing, subject: &str) -> Row {
        for _ in 0..1_000 {
            let rows = self.rows(listing).await;
            if let Some(row) = rows.into_iter().find(|row| row.subject == subject) {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{subject:?} is not among the {listing:?}: {:?}", self.counts().await);
    }

    /// How many mails there are of this state in the register.
    pub(crate) async fn count_of(&self, state: &str) -> u64 {
        let counts = self.counts().await;
        counts.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count)
    }

    /// How many mails there are of each state.
    pub(crate) async fn counts(&self) -> Vec<(String, u64)> {
        match self.ask(Question::Mailboxes).await {
            Reply::Mailboxes(mut rows) => rows.remove(0).mails,
            other => panic!("{other:?}"),
        }
    }

    /// `mailbox sweep`: mails seen, missing, and taken.
    pub(crate) async fn sweep(&self, days: u32, dry_run: bool) -> (usize, usize, usize) {
        let mailbox = "support".to_owned();
        match self.ask(Question::Sweep { mailbox, days, dry_run }).await {
            Reply::Swept { seen, missing, recorded } => {
                (seen, missing, recorded.tickets + recorded.comments)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every mail can be followed to what became of it.
    pub(crate) async fn sound(&self) {
        match self.ask(Question::Audit).await {
            Reply::Audited { problems, .. } => assert_eq!(problems, Vec::<String>::new()),
            other => panic!("{other:?}"),
        }
    }
}
