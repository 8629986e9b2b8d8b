//! `ticketd mailbox`: the mailboxes, with the daemon running or not.

pub(super) mod authorize;

use clap::Subcommand;
use indicatif::ProgressBar;

use super::{
    Ending, Outcome,
    desk::{print, table},
    question::ask,
    run, tell,
};
use crate::{
    actors::{Question, Reply},
    config::{self, Config},
    telemetry::{self, LogFormat},
};

/// The help of `authorize`.
const AUTHORIZE: &str = r#"Sign in for a mailbox of Microsoft 365, and say what the sign-in may do

Tries the sign-in of `[mailbox.graph]` and says what is missing; where ticketd gets in as a
person, somebody signs in first. Which of the four ways it is stands in the configuration:

  client_secret_file             as the application, by its secret
  certificate_file and key_file  as the application, by its certificate
  sign_in = "device"             as a person, who types a code in at any device
  sign_in = "code"               as a person, who signs in with a browser and pastes the
                                 address at which that ends

Needed: an application registered in Entra with `Mail.ReadWrite` and `Mail.Send` of Microsoft
Graph, as application permissions with an administrator's consent for the first two ways, as
delegated ones for the others; and ticketd must run, or have run, with this configuration:
what a person gave is kept in its store. Run it again whenever a sign-in has ended."#;

#[derive(Debug, Subcommand)]
pub(super) enum Mailbox {
    /// List the mailboxes: up to when each was read, and what became of its mails
    List,
    /// Run the daemon for mails alone; slash commands are refused
    Watch,
    /// Sign in for a mailbox of Microsoft 365, and say what the sign-in may do
    #[command(long_about = AUTHORIZE)]
    Authorize {
        /// The mailbox's name, as [[mailbox]] has it
        name: String,
    },
    /// Look for mails of the last days that ticketd has not seen, and take them in
    Sweep {
        /// How many days back, at most `desk.keep_days`
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        days: u32,
        /// Only this mailbox; otherwise all
        #[arg(long, value_name = "NAME")]
        mailbox: Option<String>,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
    },
}

impl Mailbox {
    pub(super) async fn run(
        self,
        format: LogFormat,
        config: impl FnOnce() -> Result<Config, Ending>,
    ) -> Outcome {
        if matches!(self, Self::Watch) {
            telemetry::init(format).map_err(|fault| Ending::Misconfigured(fault.to_string()))?;
        }
        let mut config = config()?;
        if config.mailboxes.is_empty() {
            return Err(Ending::Misconfigured("no [[mailbox]] is configured".to_owned()));
        }
        match self {
            Self::List => list(&config).await,
            Self::Watch => {
                config.redmine.slash_tokens.clear();
                config.ticket = None;
                run::run(config).await
            }
            Self::Authorize { name } => authorize::authorize(&config, &name).await,
            Self::Sweep { days, mailbox, dry_run } => {
                sweep(&config, days, mailbox.as_deref(), dry_run).await
            }
        }
    }
}

async fn list(config: &Config) -> Outcome {
    match ask(config, Question::Mailboxes, |_| {}).await? {
        Reply::Mailboxes(mailboxes) => {
            let mut table = table(&["name", "address", "read up to", "lag", "mails", "sign-in"]);
            for one in mailboxes {
                let mails: Vec<_> =
                    one.mails.iter().map(|(state, count)| format!("{count} {state}")).collect();
                let synced = if one.synced.is_empty() { "never".to_owned() } else { one.synced };
                let lag = format!("{} s", one.lag_seconds);
                let sign_in = match (one.sign_in, one.forbidden) {
                    (Some(fault), _) => fault.word().to_owned(),
                    (None, Some(lacks)) if lacks.is_empty() => "mailbox closed".to_owned(),
                    (None, Some(lacks)) => format!("lacks {}", lacks.join(", ")),
                    (None, None) => String::new(),
                };
                table.add_row([one.name, one.address, synced, lag, mails.join(", "), sign_in]);
            }
            print(&table);
            Ok(())
        }
        Reply::Failed(words) => Err(anyhow::anyhow!(words).into()),
        _ => Err(anyhow::anyhow!("ticketd answered something else").into()),
    }
}

/// The mailbox of this name.
fn named<'c>(config: &'c Config, name: &str) -> Result<&'c config::Mailbox, Ending> {
    config.mailboxes.iter().find(|mailbox| mailbox.name == name).ok_or_else(|| {
        let names: Vec<_> = config.mailboxes.iter().map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        Ending::Misconfigured(format!("there is no mailbox {name:?}; the mailboxes are {names}"))
    })
}

async fn sweep(config: &Config, days: u32, only: Option<&str>, dry_run: bool) -> Outcome {
    // A mail older than what the register remembers would become a second ticket.
    let remembered = config.desk.keep_days;
    if days > remembered {
        return Err(Ending::Misconfigured(format!(
            "mails are remembered for {remembered} days (desk.keep_days); look back no further"
        )));
    }
    let mailboxes = match only {
        Some(only) => vec![named(config, only)?],
        None => config.mailboxes.iter().collect(),
    };
    for mailbox in mailboxes {
        let bar = ProgressBar::new_spinner();
        let told = bar.clone();
        let question = Question::Sweep { mailbox: mailbox.name.clone(), days, dry_run };
        let reply = ask(config, question, move |reply| {
            if let Reply::Sweeping { seen, missing } = reply {
                told.set_message(format!("{seen} mails, {missing} not seen before"));
                told.tick();
            }
        })
        .await;
        bar.finish_and_clear();
        match reply? {
            Reply::Swept { seen, missing, recorded } => {
                let name = &mailbox.name;
                tell(&format!("{name}: {seen} mails, {missing} of them not in the register"));
                if !dry_run && missing > 0 {
                    tell(&format!(
                        "{name}: {} tickets, {} comments, {} ignored, {} put aside",
                        recorded.tickets, recorded.comments, recorded.ignored, recorded.quarantined
                    ));
                }
            }
            Reply::Failed(words) => return Err(anyhow::anyhow!(words).into()),
            _ => return Err(anyhow::anyhow!("ticketd answered something else").into()),
        }
    }
    Ok(())
}
