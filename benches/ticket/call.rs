//! What one call to Mattermost costs by itself: a bare loop of reqwest, as many side by side as there
//! are people who ask, in a process of its own.

use std::{env, fs, process::Command};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::NamedTempFile;
use ticketd::sandbox::Mattermost;
use tokio::task::JoinSet;
use url::Url;

use crate::measure::Cpu;

const CALLS: usize = 8_000;
const SIDE_BY_SIDE: usize = 8;

/// CPU of one call that sends `body`, in microseconds.
pub(crate) async fn figures(mattermost: &Mattermost, body: &Value) -> anyhow::Result<f64> {
    let file = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    fs::write(&file, body.to_string())?;
    let url = mattermost.url().join("api/v4/actions/dialogs/open")?;
    let mut bare = Command::new(env::current_exe()?);
    bare.args(["call".as_ref(), url.as_str().as_ref(), file.path().as_os_str()]);
    let said = tokio::task::spawn_blocking(move || bare.output()).await??;
    String::from_utf8(said.stdout)?.trim().parse().context("no figure")
}

/// Makes the calls and says what one cost.
pub(crate) async fn calls(url: &Url, body: &str) -> anyhow::Result<()> {
    let body = fs::read_to_string(body)?;
    let client = reqwest::Client::builder().build()?;
    // Connections are made, and what is made once.
    some(&client, url, &body, SIDE_BY_SIDE).await?;
    let before = Cpu::of(std::process::id())?;
    some(&client, url, &body, CALLS).await?;
    println!("{}", Cpu::of(std::process::id())?.since(&before) / CALLS as f64);
    Ok(())
}

async fn some(client: &reqwest::Client, url: &Url, body: &str, calls: usize) -> anyhow::Result<()> {
    let mut all = JoinSet::new();
    for _ in 0..SIDE_BY_SIDE {
        let (client, url, body) = (client.clone(), url.clone(), body.to_owned());
        all.spawn(async move {
            for _ in 0..calls / SIDE_BY_SIDE {
                let request = client.post(url.clone()).header("content-type", "application/json");
                let request = request.bearer_auth(Mattermost::bot_token()).body(body.clone());
                // Without a trigger nothing is opened; the way there and back is the same.
                let answer = request.send().await?;
                ensure!(answer.status() == 400, "it answered {}", answer.status());
                answer.bytes().await?;
            }
            anyhow::Ok(())
        });
    }
    all.join_all().await.into_iter().collect()
}
