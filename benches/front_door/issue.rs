//! What ticketd adds to a call: `/redmine issue 1` through the daemon, less the one call to
//! Redmine that it makes, sent by the same client straight to the same Redmine.

use std::net::SocketAddr;

use anyhow::ensure;
use ticketd::sandbox::{Mattermost, Redmine};

use crate::{
    client::{self, Connection},
    figure,
    measure::{median, percentile},
    stand::Stand,
};

const ROUNDS: usize = 15;
const REQUESTS: usize = 1_000;

/// Alice must have signed in.
pub(crate) async fn figures(
    daemon: &Stand,
    mattermost: &Mattermost,
    redmine: SocketAddr,
) -> anyhow::Result<()> {
    let issue = client::slash(mattermost, "alice", "issue 1")?;
    let mut call = client::get("/issues/1.json?include=journals,allowed_statuses")?;
    call.headers_mut().insert("x-redmine-api-key", Redmine::user_key("alice").parse()?);
    let mut through = Connection::open(daemon.address).await?;
    let mut direct = Connection::open(redmine).await?;
    let answer = String::from_utf8_lossy(&through.ask(&issue).await?).into_owned();
    ensure!(answer.contains("[#1]"), "no issue: {answer}");

    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ours = through.latencies(&issue, REQUESTS).await?;
        let theirs = direct.latencies(&call, REQUESTS).await?;
        p50.push(percentile(&ours, 50) - percentile(&theirs, 50));
        p99.push(percentile(&ours, 99) - percentile(&theirs, 99));
    }
    figure("issue_added_p50_ms", median(&p50));
    figure("issue_added_p99_ms", median(&p99));
    Ok(())
}
