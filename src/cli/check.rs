//! `ticketd check`: is this configuration going to work? First the file and the store, then each
//! remote.

use std::path::PathBuf;

mod filing;
mod mail;
mod ticket;

use super::{Ending, Outcome, tell};
use crate::{
    clients::{ApiError, MattermostClient, RedmineClient},
    config::{self, Config},
    store::{Keyring, Store, StoreError},
    telemetry::Metrics,
};

/// What was found, and what to do about it.
enum Finding {
    Fine(String),
    /// Works, but less than it could.
    Note(String),
    Fault(String),
}

impl From<Result<String, String>> for Finding {
    fn from(outcome: Result<String, String>) -> Self {
        outcome.map_or_else(Self::Fault, Self::Fine)
    }
}

/// Checks `config`, which was read from `file`.
pub(super) async fn run(config: Config, file: Option<PathBuf>) -> Outcome {
    let mut faults = 0;
    let mut row = |what: &str, finding: Finding| {
        let (word, text) = match finding {
            Finding::Fine(text) => ("ok   ", text),
            Finding::Note(text) => ("note ", text),
            Finding::Fault(text) => {
                faults += 1;
                ("FAULT", text)
            }
        };
        tell(&format!("{word}  {what}: {text}"));
    };
    row("configuration", configuration(file));
    row("master key", master_key(&config));
    if let Ok(keys) = Keyring::parse(&config.store.master_key) {
        row("store", store(config.store.path.clone(), keys).await?);
    }
    let has_commands = !config.redmine.slash_tokens.is_empty() || config.ticket.is_some();
    if has_commands {
        commands(&config, &mut row).await?;
    } else {
        let alone = "neither redmine.slash_tokens nor ticket.slash_tokens: slash commands are \
                     refused";
        row("chat", Finding::Note(alone.to_owned()));
    }
    if has_commands || config.mailboxes.iter().any(|mailbox| mailbox.channel.is_some()) {
        chat(&config, &mut row).await?;
    }
    filing::check(&config, &mut row).await?;
    mail::check(&config, &mut row).await?;
    if faults > 0 {
        let mend = format!("{faults} to mend, see above");
        return Err(Ending::Misconfigured(mend));
    }
    Ok(())
}

/// Who answers slash commands.
async fn commands(config: &Config, row: &mut impl FnMut(&str, Finding)) -> Outcome {
    row("http.public_url", public_url(config));
    if config.redmine.slash_tokens.is_empty() {
        let alone = "no redmine.slash_tokens: there is no /redmine";
        row("redmine", Finding::Note(alone.to_owned()));
    } else {
        let redmine = RedmineClient::new(config.redmine.url.clone(), Metrics::new())?;
        row("redmine", redmine_answers(&redmine, config).await.into());
    }
    Ok(())
}

/// Who asks, and is told.
async fn chat(config: &Config, row: &mut impl FnMut(&str, Finding)) -> Outcome {
    let token = config.mattermost.bot_token.clone();
    let mattermost = MattermostClient::new(config.mattermost.url.clone(), token, Metrics::new())?;
    row("mattermost", mattermost_answers(&mattermost, config).await.into());
    let bot = bot(&mattermost).await;
    let works = matches!(bot, Finding::Fine(_));
    row("mattermost bot", bot);
    Box::pin(ticket::check(&mattermost, works, config, row)).await;
    Ok(())
}

fn configuration(file: Option<PathBuf>) -> Finding {
    match file {
        Some(file) => Finding::Fine(file.display().to_string()),
        None => Finding::Note(format!(
            "no file in {}; everything comes from the environment",
            config::PLACES.join(" or ")
        )),
    }
}

/// Whether the store opens. Nothing is left that its daemon could not write.
async fn store(path: PathBuf, keys: Keyring) -> Result<Finding, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let shown = path.display();
        match Store::is_in(&path) {
            Ok(true) => {}
            Ok(false) => {
                return Finding::Note(format!("none yet in {shown}, `ticketd run` makes it"));
            }
            Err(fault) => return Finding::Fault(format!("{fault} (store.path)")),
        }
        let opened = Store::probe(&path, keys);
        let given = Store::give_to_owner(&path);
        match opened.and(given) {
            Ok(()) => Finding::Fine(format!("{shown} opens with this key")),
            Err(StoreError::Locked { .. }) => {
                Finding::Fine(format!("{shown} is in use by a running ticketd"))
            }
            Err(fault) => Finding::Fault(fault.to_string()),
        }
    })
    .await
}

fn master_key(config: &Config) -> Finding {
    Keyring::parse(&config.store.master_key)
        .map(|keys| format!("key {} seals", keys.current_id()))
        .map_err(|fault| fault.to_string())
        .into()
}

fn public_url(config: &Config) -> Finding {
    match &config.http.public_url {
        Some(url) => Finding::Fine(format!("Mattermost is told {url}")),
        None => Finding::Note(
            "not set, so `/redmine login` cannot open its form; set it to where Mattermost reaches \
             ticketd"
                .to_owned(),
        ),
    }
}

async fn redmine_answers(redmine: &RedmineClient, config: &Config) -> Result<String, String> {
    let url = &config.redmine.url;
    match redmine.reach().await {
        Ok(()) => Ok(format!("answers at {url}")),
        Err(ApiError::Forbidden { .. }) => Err(format!(
            "answers at {url}, but its REST interface is off: switch on \"Enable REST web \
             service\" under Administration, Settings, API"
        )),
        Err(ApiError::NotFound { .. } | ApiError::Malformed { .. }) => Err(format!(
            "something answers at {url}, but not like Redmine: is the path right in redmine.url?"
        )),
        Err(error) => Err(format!("{error} (redmine.url is {url})")),
    }
}

async fn mattermost_answers(
    mattermost: &MattermostClient,
    config: &Config,
) -> Result<String, String> {
    let url = &config.mattermost.url;
    mattermost
        .ping()
        .await
        .map(|()| format!("answers at {url}"))
        .map_err(|error| format!("{error} (mattermost.url is {url})"))
}

async fn bot(mattermost: &MattermostClient) -> Finding {
    if !mattermost.has_token() {
        return Finding::Note(
            "no mattermost.bot_token, so everybody reads mattermost.locale".to_owned(),
        );
    }
    match mattermost.me().await {
        Ok(bot) => Finding::Fine(format!("signed in as @{}", bot.name)),
        Err(ApiError::Unauthorized { .. }) => Finding::Fault(
            "mattermost.bot_token is not accepted: make a new one under Integrations, Bot Accounts"
                .to_owned(),
        ),
        Err(error) => Finding::Fault(error.to_string()),
    }
}
