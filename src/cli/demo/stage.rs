//! Everybody whom the demo needs: four services that are built in, and the configuration that an
//! operator would write for them, in a file as an operator has it. All of it goes with the stage.

mod office;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use url::Url;

use crate::{
    config::Config,
    sandbox::{Jira, JiraSetup, Mattermost, Redmine},
    store::Keyring,
};

pub(super) use office::{Office, Provider};

/// What Jira signs its webhooks with.
const HOOK_SECRET: &str = "a secret of Jira and ticketd";

/// Everybody who takes part.
pub(super) struct Stage {
    pub(super) redmine: Redmine,
    pub(super) mattermost: Mattermost,
    pub(super) jira: Jira,
    pub(super) office: Office,
    /// Where ticketd listens.
    pub(super) url: Url,
    pub(super) config: Config,
    /// Where that stands.
    pub(super) file: PathBuf,
    _directory: TempDir,
}

impl Stage {
    /// Starts the services and writes the configuration. ticketd itself is not started.
    pub(super) async fn set(provider: Provider) -> anyhow::Result<Self> {
        let redmine = Redmine::start().await?;
        let mattermost = Mattermost::start().await?;
        // A search that is behind, as Jira's is.
        let lag = std::time::Duration::from_secs(1);
        let jira = Jira::start_with(JiraSetup { index_lag: lag, ..JiraSetup::default() }).await?;
        let office = Office::open(provider).await?;
        let directory = TempDir::with_prefix("ticketd-demo-")?;
        let listen = free_address().await?;
        let url: Url = format!("http://{listen}/").parse()?;
        jira.webhook_to(url.join("hooks/jira")?, HOOK_SECRET);
        let text = format!(
            r#"[http]
listen = "{listen}"
public_url = "{url}"

[store]
path = "{store}"
master_key = "{master_key}"

[mattermost]
url = "{mattermost}"
bot_token = "{bot_token}"

[redmine]
url = "{redmine}"
slash_tokens = ["{redmine_token}"]

[ticket]
slash_tokens = ["{ticket_token}"]
channel = "support"

[[ticket.form]]
name = "building"
channel = "support"
tracker = "jira"
board = "support"
emoji = "ticket"

[[ticket.form.field]]
name = "problem"
label = "Problem"
type = "textarea"

[jira]
url = "{jira}"
user = "{jira_user}"
api_token = "{jira_token}"
webhook_secret = "{HOOK_SECRET}"
boards = [{{ key = "support", name = "Support" }}]
categories = ["helpdesk"]
default_category = "helpdesk"
index_lag = "5s"

[limits]
per_user_per_minute = 600

[[mailbox]]
name = "support"
address = "{address}"
category = "helpdesk"
first_days = 1
{source}"#,
            store = directory.path().join("store").display(),
            master_key = Keyring::generate().current_line().expose_secret(),
            mattermost = mattermost.url(),
            bot_token = Mattermost::bot_token(),
            redmine = redmine.url(),
            redmine_token = Mattermost::slash_token("/redmine"),
            ticket_token = Mattermost::slash_token("/ticket"),
            jira = jira.url(),
            jira_user = Jira::USER,
            jira_token = Jira::API_TOKEN,
            address = Office::ADDRESS,
            source = office.table(),
        );
        let file = directory.path().join("ticketd.toml");
        tokio::task::spawn_blocking({
            let file = file.clone();
            move || std::fs::write(file, text)
        })
        .await??;
        let config = Config::load(Some(&file), [])?;
        Ok(Self { redmine, mattermost, jira, office, url, config, file, _directory: directory })
    }
}

/// The public URL must be known before the door opens, so the port is chosen first.
async fn free_address() -> std::io::Result<SocketAddr> {
    tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()
}
