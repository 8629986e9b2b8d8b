//! What the operator asks a running ticketd, through the socket in its store's directory.

use std::time::Duration;

use ticketd::actors::{Listing, Question, Reply, Row};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::Post;

/// More rows than any test makes.
const ROWS: usize = 20_000;

impl Post {
    /// The last answer to a question. Asked again where it came too late, as on a busy machine.
    pub(crate) async fn ask(&self, question: Question) -> Reply {
        for _ in 0..10 {
            if let Ok(Some(answer)) = self.try_ask(&question).await {
                return answer;
            }
        }
        panic!("no answer to {question:?}");
    }

    async fn try_ask(&self, question: &Question) -> std::io::Result<Option<Reply>> {
        let socket = ticketd::http::socket_of(&self.app.store());
        let (reader, mut writer) = UnixStream::connect(socket).await?.into_split();
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
