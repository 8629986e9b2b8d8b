//! What a mail costs a mailbox of Microsoft 365, which allows four requests at once and ten thousand
//! in ten minutes.

use std::time::Duration;

use anyhow::ensure;
use tempfile::TempDir;
use ticketd::sandbox::{Graph, Jira, JiraSetup, JiraWrite};
use tokio::time::sleep;

use crate::{
    child::{WRITES, configure, start, until},
    figure, letters,
};

const MAILS: usize = 1_000;

pub(crate) async fn figures() -> anyhow::Result<()> {
    let setup = JiraSetup { writes_per_second: Some(WRITES), ..JiraSetup::default() };
    let jira = Jira::start_with(setup).await?;
    let graph = Graph::start().await?;
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mailbox = format!(
        "source = \"graph\"\npoll = \"2s\"\n[mailbox.graph]\ntenant = {:?}\nclient_id = {:?}\n\
         client_secret = {:?}\nauthority = \"{url}\"\nbase_url = \"{url}\"\n",
        Graph::TENANT,
        Graph::CLIENT_ID,
        Graph::CLIENT_SECRET,
        url = graph.url(),
    );
    configure(&directory, &jira, &mailbox, false)?;
    let running = start(&directory)?;
    // Both folders, from their beginning to the first link and once more.
    until(Duration::from_secs(20), || graph.requests("GET messages/delta") > 3).await?;
    drop(running);

    graph.deliver_many(letters::plain(0, MAILS));
    let before = graph.graph_requests();
    let _running = start(&directory)?;
    let issues = || jira.writes_of(JiraWrite::Issue);
    until(Duration::from_mins(2), || issues() >= MAILS as u64).await?;
    let requests = (graph.graph_requests() - before) as f64;
    sleep(Duration::from_secs(1)).await;
    ensure!(issues() == MAILS as u64, "{} issues of {MAILS} mails", issues());
    figure("graph_requests_per_mail", requests / MAILS as f64);
    figure("graph_max_in_flight", graph.max_in_flight() as f64);
    figure("graph_throttled", graph.throttled() as f64);
    Ok(())
}
