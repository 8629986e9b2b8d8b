//! The command line: what the operator types. One file a command.
//!
//! Exit codes: 0 fine, 1 failed, 2 wrong use or configuration, 130 a tour that was interrupted.

mod check;
mod demo;
mod desk;
mod keys;
mod mailbox;
mod openapi;
mod question;
mod run;
mod store;
mod token;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    config::{self, Config, ConfigFaults},
    telemetry::{self, LogFormat},
};

/// One daemon between a mailbox, a Mattermost and the ticket trackers.
#[derive(Debug, Parser)]
#[command(name = "ticketd", version, about)]
pub struct Cli {
    /// The configuration file; without it /etc/ticketd/ticketd.toml, then config/ticketd.toml.
    #[arg(long, global = true, env = "TICKETD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The form of the log.
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon until SIGTERM; SIGHUP takes up a rotated master key
    Run,
    /// Show what ticketd does, against a mailbox, a Jira, a Redmine and a Mattermost built in
    Demo(demo::Demo),
    /// Check the configuration, the store's key and each remote service
    Check,
    /// Make or rotate the master key that seals the store
    #[command(subcommand)]
    Keys(keys::Keys),
    /// List the mailboxes, sign in for one, run for mails alone, look for mails that were missed
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    /// Look into cases, try once more what failed, account for every mail
    #[command(subcommand)]
    Desk(desk::Desk),
    /// Make, list and take back the tokens of the API
    #[command(subcommand)]
    Token(token::Token),
    /// Print the API's description (version 3.1), which openapi.json under http.context shows too
    Openapi,
    /// Save the store to a file, or make one from such a file
    #[command(subcommand)]
    Store(store::Store),
}

/// Why a command ended badly.
enum Ending {
    /// Exit code 1.
    Failed(anyhow::Error),
    /// Exit code 2.
    Misconfigured(String),
    /// Exit code 130, without a word: the operator knows.
    Interrupted,
}

impl<E: Into<anyhow::Error>> From<E> for Ending {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

type Outcome = Result<(), Ending>;

impl Cli {
    /// Carries out the command and says what the process should exit with.
    pub async fn execute(self) -> ExitCode {
        match Box::pin(self.command()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(Ending::Failed(error)) => {
                complain(&format!("{error:#}"));
                ExitCode::from(1)
            }
            Err(Ending::Misconfigured(text)) => {
                complain(&text);
                ExitCode::from(2)
            }
            Err(Ending::Interrupted) => ExitCode::from(130),
        }
    }

    async fn command(self) -> Outcome {
        let config = || load(self.config.as_deref());
        match self.command {
            Command::Run => {
                telemetry::init(self.log_format)
                    .map_err(|fault| Ending::Misconfigured(fault.to_string()))?;
                run::run(config()?).await
            }
            Command::Demo(demo) => demo.run().await,
            Command::Check => {
                check::run(config()?, config::file_in_use(self.config.as_deref())).await
            }
            Command::Keys(keys) => keys.run(config).await,
            Command::Mailbox(mailbox) => mailbox.run(self.log_format, config).await,
            Command::Desk(desk) => desk.run(config).await,
            Command::Token(token) => token.run(config).await,
            Command::Openapi => openapi::run(&config()?),
            Command::Store(store) => store.run(config).await,
        }
    }
}

fn load(file: Option<&Path>) -> Result<Config, Ending> {
    Config::load(file, config::environment())
        .map_err(|faults: ConfigFaults| Ending::Misconfigured(faults.to_string()))
}

/// To the terminal. A reader that went away (`| head`) is no reason to leave the work half done.
fn tell(line: &str) {
    let _gone = writeln!(io::stdout(), "{line}");
}

fn complain(line: &str) {
    let _gone = writeln!(io::stderr(), "ticketd: {line}");
}
