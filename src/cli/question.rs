//! Asks the daemon that holds the store; where none runs, opens the store and answers itself.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use super::Ending;
use crate::{
    actors::{Question, Reply},
    app,
    config::Config,
    http::socket_of,
    telemetry::Metrics,
};

/// The longest that the daemon may say nothing: an audit reads the whole store.
const SILENCE: Duration = Duration::from_mins(10);

/// The answer; `tell` hears of the progress.
pub(super) async fn ask(
    config: &Config,
    question: Question,
    mut tell: impl FnMut(Reply) + Send,
) -> Result<Reply, Ending> {
    if let Some(stream) = connect(&config.store.path).await? {
        return over(stream, &question, tell).await;
    }
    if !super::store::is_there(config).await? {
        return Err(anyhow::anyhow!(
            "there is no store in {}: ticketd has not run yet",
            config.store.path.display()
        )
        .into());
    }
    let store = app::open_store(config).await?;
    let review = app::review(config, &store, &Metrics::new())?;
    let Some(review) = review else {
        let nothing = "neither a [[mailbox]] nor /ticket nor a board (jira.boards, redmine.boards) is configured";
        return Err(Ending::Misconfigured(nothing.to_owned()));
    };
    let reply = review.answer(question, &mut tell).await;
    drop(review);
    store.close().await?;
    super::store::give_to_owner(config).await?;
    Ok(reply)
}

/// `None` if no daemon listens.
async fn connect(store: &Path) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(socket_of(store)).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn over(
    stream: UnixStream,
    question: &Question,
    mut tell: impl FnMut(Reply),
) -> Result<Reply, Ending> {
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    let silent =
        || anyhow::anyhow!("ticketd has not answered for {} minutes", SILENCE.as_secs() / 60);
    tokio::time::timeout(SILENCE, writer.write_all(&line)).await.map_err(|_| silent())??;
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) =
        tokio::time::timeout(SILENCE, lines.next_line()).await.map_err(|_| silent())??
    {
        match serde_json::from_str(&line)? {
            reply @ Reply::Sweeping { .. } => tell(reply),
            reply => return Ok(reply),
        }
    }
    Err(anyhow::anyhow!("ticketd ended before it had answered").into())
}
