//! The operator's door: a socket in the store's directory, for whoever may enter that. One
//! question a connection, as a line of JSON; answers come as lines, the last one ends it.
//!
//! `ticketd desk` and `ticketd mailbox` use it while the daemon runs and holds the store.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
    task::JoinSet,
};

use crate::actors::{Question, Reply, Review};

/// The socket's name in the store's directory.
const NAME: &str = "control.sock";
/// Bytes of the longest question: a sign-in goes with it.
const QUESTION_MAX: u64 = 16 * 1024;
/// How long a question may take to arrive.
const QUESTION_LIMIT: Duration = Duration::from_secs(5);
/// How long a piece of the answer may stay unread before nobody reads it any more.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Connections at once.
const AT_ONCE: usize = 8;

/// The socket of a daemon whose store is in this directory.
#[must_use]
pub fn socket_of(store: &Path) -> PathBuf {
    store.join(NAME)
}

/// A bound socket.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Binds the socket. One that a killed daemon left is replaced: whoever holds the store is the
    /// only one.
    ///
    /// # Errors
    /// The system's.
    pub fn bind(store: &Path) -> io::Result<Self> {
        let path = socket_of(store);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers questions until it is dropped.
    pub async fn serve(self, review: Review) {
        let mut open = JoinSet::new();
        loop {
            while open.len() >= AT_ONCE {
                let _ended = open.join_next().await;
            }
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let review = review.clone();
                    open.spawn(async move {
                        if let Err(error) = answer(stream, &review).await {
                            tracing::debug!(%error, "a question of the operator broke off");
                        }
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // What is left of it is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, review: &Review) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(QUESTION_MAX));
    tokio::time::timeout(QUESTION_LIMIT, reader.read_line(&mut line)).await??;
    let Ok(question) = serde_json::from_str::<Question>(&line) else {
        let failed = Reply::Failed("this ticketd does not know the question".to_owned());
        return say(&mut writer, &failed).await;
    };
    let (progress, mut told) = mpsc::channel(8);
    let answering = review.answer(question, move |reply| {
        // Progress that nobody reads in time is not worth waiting for.
        let _ = progress.try_send(reply);
    });
    tokio::pin!(answering);
    loop {
        tokio::select! {
            reply = &mut answering => return say(&mut writer, &reply).await,
            Some(reply) = told.recv() => say(&mut writer, &reply).await?,
        }
    }
}

async fn say(writer: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    tokio::time::timeout(WRITE_LIMIT, writer.write_all(&line)).await?
}
