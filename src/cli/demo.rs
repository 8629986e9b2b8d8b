//! `ticketd demo`: the daemon on loopback, between a Redmine and a Mattermost that are built in.
//!
//! Needs no set-up and no rights, and leaves nothing behind: its store is in a temporary directory
//! that goes with it. With `--once` its exit code says whether every step of the tour was answered
//! as it should be.

mod tour;

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
};

use anyhow::bail;
use clap::Args;
use secrecy::SecretString;
use tempfile::TempDir;
use url::Url;

use super::{Ending, Outcome, tell};
use crate::{
    app::App,
    config::{Config, Desk, Http, Limits, Mattermost, Redmine, Store},
    lifecycle::Shutdown,
    locale::Locale,
    sandbox,
    store::Keyring,
};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the tour; exit 0 only if every step was answered as it should be
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Outcome {
        // Before anything is made: from here on a signal is an orderly end, which removes it all.
        let shutdown = Shutdown::on_signals()?;
        let redmine = sandbox::Redmine::start().await?;
        let mattermost = sandbox::Mattermost::start().await?;
        let directory = TempDir::with_prefix("ticketd-demo-")?;
        let (config, url) = configuration(&redmine, &mattermost, &directory).await?;
        let app = App::start(config).await?;
        let daemon = tokio::spawn(app.run(shutdown.clone()));
        tell(&format!("ticketd      {url}"));
        tell(&format!("Redmine      {} (built in)", redmine.url()));
        tell(&format!("Mattermost   {} (built in)", mattermost.url()));
        let stage = tour::Stage { redmine, mattermost, url, store: directory.path().to_owned() };
        let toured = tokio::select! {
            () = shutdown.soft.cancelled() => None,
            missed = tour::walk(&stage) => Some(missed),
        };
        // A tour that met the closing door is no failed one.
        let toured = toured.filter(|_| !shutdown.soft.is_cancelled());
        if matches!(toured, Some(Ok(_))) && !self.once {
            try_it(&stage);
            shutdown.soft.cancelled().await;
        }
        shutdown.soft.cancel();
        let stopped = daemon.await;
        let Some(missed) = toured else { return Err(Ending::Interrupted) };
        let missed = missed?;
        stopped??;
        if missed > 0 {
            return Err(
                anyhow::anyhow!("{missed} steps were not answered as they should be").into()
            );
        }
        Ok(())
    }
}

/// What an operator would write, for this machine and this hour.
async fn configuration(
    redmine: &sandbox::Redmine,
    mattermost: &sandbox::Mattermost,
    directory: &TempDir,
) -> anyhow::Result<(Config, Url)> {
    let listen = free_address().await?;
    let url: Url = format!("http://{listen}/").parse()?;
    let (Some(connections), Some(per_user_per_minute)) =
        (NonZeroUsize::new(512), NonZeroU32::new(600))
    else {
        bail!("a limit of the demo is zero");
    };
    let config = Config {
        http: Http { listen, public_url: Some(url.clone()) },
        store: Store {
            path: directory.path().join("store"),
            master_key: Keyring::generate().current_line(),
            master_key_file: None,
        },
        mattermost: Mattermost {
            url: mattermost.url(),
            bot_token: Some(sandbox::Mattermost::bot_token().into()),
            locale: Locale::En,
        },
        redmine: Redmine {
            url: redmine.url(),
            slash_tokens: vec![SecretString::from(sandbox::Mattermost::slash_token("/redmine"))],
            close_status: None,
        },
        jira: None,
        mailboxes: Vec::new(),
        desk: Desk { keep_days: 365 },
        limits: Limits { body_bytes: 256 * 1024, connections, per_user_per_minute },
    };
    Ok((config, url))
}

/// The public URL must be known before the door opens, so the port is chosen first.
async fn free_address() -> std::io::Result<SocketAddr> {
    tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()
}

fn try_it(stage: &tour::Stage) {
    let alice = sandbox::Mattermost::user_id("alice");
    let token = sandbox::Mattermost::slash_token("/redmine");
    tell("\nTry it yourself, as Mattermost would send it:\n");
    tell(&format!(
        "  curl -H 'Authorization: Token {token}' -d user_id={alice} \\\n       \
         --data-urlencode 'text=list helpdesk' {}slash/redmine",
        stage.url
    ));
    tell(&format!(
        "\n(alice is signed out by now; in for text= also: login alice {})",
        sandbox::Redmine::user_key("alice")
    ));
    tell(&format!("Also there: {0}ready and {0}metrics. Ctrl-C stops everything.", stage.url));
}
