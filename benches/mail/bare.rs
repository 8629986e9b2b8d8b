//! The baseline: a bare loop of reqwest that makes issues, as many side by side as the daemon.

use std::{env, process::Command};

use anyhow::{Context, ensure};
use serde_json::json;
use ticketd::sandbox::Jira;
use tokio::task::JoinSet;
use url::Url;

use crate::{figure, measure};

const CALLS: usize = 3_000;
const SIDE_BY_SIDE: usize = 16;

/// CPU of one call, in milliseconds.
pub(crate) async fn figures() -> anyhow::Result<f64> {
    let jira = Jira::start().await?;
    let mut bare = Command::new(env::current_exe()?);
    bare.args(["bare", jira.url().as_str(), &CALLS.to_string()]);
    let said = tokio::task::spawn_blocking(move || bare.output()).await??;
    let cpu: f64 = String::from_utf8(said.stdout)?.trim().parse().context("no figure")?;
    figure("bare_cpu_ms_per_call", cpu);
    Ok(cpu)
}

/// Makes the calls and says what one cost.
pub(crate) async fn calls(url: &Url, calls: usize) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().build()?;
    let url = url.join("rest/api/2/issue")?;
    // Connections are made, and what is made once.
    some(&client, &url, SIDE_BY_SIDE).await?;
    let before = measure::cpu_ms(std::process::id())?;
    some(&client, &url, calls).await?;
    println!("{}", (measure::cpu_ms(std::process::id())? - before) / calls as f64);
    Ok(())
}

async fn some(client: &reqwest::Client, url: &Url, calls: usize) -> anyhow::Result<()> {
    let mut all = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let (client, url) = (client.clone(), url.clone());
        all.spawn(async move {
            for _ in 0..calls / SIDE_BY_SIDE {
                let issue = json!({"fields": {
                    "project": {"key": "SUP"},
                    "issuetype": {"name": "Task"},
                    "summary": "The printer prints twice",
                    "description": "Since yesterday the printer prints every page twice.",
                    "labels": ["ticketd"],
                }});
                let request = client.post(url.clone()).json(&issue);
                let answer = request.basic_auth(Jira::USER, Some(Jira::API_TOKEN)).send().await?;
                ensure!(answer.status() == 201, "no issue: {}", answer.status());
                answer.bytes().await?;
            }
            anyhow::Ok(())
        });
    }
    all.join_all().await.into_iter().collect()
}
