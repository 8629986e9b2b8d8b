//! What the daemon holds in memory when nobody asks.

use std::time::Duration;

use anyhow::ensure;
use ticketd::sandbox::{Mattermost, Redmine};

use crate::{client, client::Connection, figure, measure, stand::Stand};

/// After a handful of requests of each kind, and some seconds of silence.
pub(crate) async fn figures(daemon: &Stand, mattermost: &Mattermost) -> anyhow::Result<()> {
    let mut connection = Connection::open(daemon.address).await?;
    let login = format!("login alice {}", Redmine::user_key("alice"));
    let answer = connection.ask(&client::slash(mattermost, "alice", &login)?).await?;
    ensure!(answer.windows(9).any(|text| text == b"signed in"), "no login: {answer:?}");
    for text in ["help", "me", "list", "issue 1"] {
        connection.ask(&client::slash(mattermost, "alice", text)?).await?;
    }
    connection.ask(&client::get("/health")?).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    figure("idle_rss_mib", measure::resident(daemon.pid())?);
    Ok(())
}
