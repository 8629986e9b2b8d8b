//! `ticketd desk`: cases and effects, with the daemon running or not.

use clap::{ArgGroup, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};

use super::{Ending, Outcome, question::ask, tell};
use crate::{
    actors::{Listing, Question, Reply, Retried, Row},
    config::Config,
    model::{case::Case, effect::Effect},
};

#[derive(Debug, Subcommand)]
pub(super) enum Desk {
    /// List cases, the newest first
    #[command(group = ArgGroup::new("what"))]
    List {
        /// Instead: what will not happen unless it is tried again
        #[arg(long, group = "what")]
        dead: bool,
        /// Instead: mails that cannot be read
        #[arg(long, group = "what")]
        quarantined: bool,
        /// Instead: mails that a rule keeps out
        #[arg(long, group = "what")]
        ignored: bool,
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show a case (17), the case of an effect (17.3), or a mail (32 hexadecimal digits)
    Show {
        /// Its id, as `desk list` shows it
        id: String,
    },
    /// Try a dead effect (17.3), or a mail that cannot be read, again
    Retry {
        /// Its id, as `desk list --dead` or `--quarantined` shows it
        id: String,
    },
    /// Follow every mail to its ticket; exit 1 if one is unaccounted for
    Audit,
}

impl Desk {
    pub(super) async fn run(self, config: impl FnOnce() -> Result<Config, Ending>) -> Outcome {
        let question = match self {
            Self::List { dead, quarantined, ignored, limit } => {
                let listing = match (dead, quarantined, ignored) {
                    (true, _, _) => Listing::Dead,
                    (_, true, _) => Listing::Quarantined,
                    (_, _, true) => Listing::Ignored,
                    _ => Listing::Cases,
                };
                Question::List { listing, limit }
            }
            Self::Show { id } => Question::Show(id),
            Self::Retry { id } => Question::Retry(id),
            Self::Audit => Question::Audit,
        };
        show(ask(&config()?, question, |_| {}).await?)
    }
}

/// Prints an answer.
pub(super) fn show(reply: Reply) -> Outcome {
    match reply {
        Reply::Rows(rows) => list(&rows),
        Reply::Case { case, effects } => show_case(&case, &effects),
        Reply::Mail { record, raw } => {
            tell(&format!("mail       {}", record.key));
            tell(&format!("mailbox    {}", record.mailbox));
            tell(&format!("received   {:.0}", record.received));
            let from = record.from.as_ref().map(ToString::to_string).unwrap_or_default();
            tell(&format!("from       {from}"));
            tell(&format!("subject    {}", record.subject));
            tell(&format!("state      {}", record.state.word()));
            if !raw.is_empty() {
                tell(&format!("\n{}", String::from_utf8_lossy(&raw)));
            }
        }
        Reply::Retried(Retried::Queued) => tell("it will be tried again"),
        Reply::Retried(Retried::NotDead) => {
            return Err(anyhow::anyhow!("there is nothing to try again: it is not dead").into());
        }
        Reply::Retried(Retried::Unknown) => {
            return Err(anyhow::anyhow!("there is no such effect").into());
        }
        Reply::Reread(read) if read.quarantined > 0 => {
            return Err(anyhow::anyhow!("the mail still cannot be read").into());
        }
        Reply::Reread(_) => tell("the mail was read again and is recorded"),
        Reply::Audited { mails, cases, effects, problems } => {
            return audited(&mails, cases, &effects, &problems);
        }
        Reply::Failed(words) => return Err(anyhow::anyhow!(words).into()),
        _ => return Err(anyhow::anyhow!("ticketd answered something else").into()),
    }
    Ok(())
}

fn list(rows: &[Row]) {
    if rows.is_empty() {
        return tell("there is nothing to list");
    }
    let mut table = table(&["id", "state", "issue", "changed", "subject"]);
    for row in rows {
        let at = format!("{:.0}", row.at);
        table.add_row([&row.id, &row.state, &row.issue, &at, &row.subject]);
    }
    tell(&table.to_string());
}

fn show_case(case: &Case, effects: &[Effect]) {
    let issue = case.issue.as_ref().map(ToString::to_string);
    tell(&format!("case       {}", case.id));
    tell(&format!("mailbox    {}", case.mailbox));
    tell(&format!("subject    {}", case.subject));
    tell(&format!("issue      {}", issue.unwrap_or_else(|| "none yet".to_owned())));
    let reporter = case.reporter.as_ref().map(|reporter| reporter.email.to_string());
    tell(&format!("reporter   {}", reporter.unwrap_or_else(|| "unknown".to_owned())));
    tell(&format!("opened     {:.0}", case.opened));
    tell(&format!("changed    {:.0}\n", case.changed));
    let mut table = table(&["id", "what", "state", "failures", "due", "last fault"]);
    for effect in effects {
        let due = if effect.is_over() { String::new() } else { format!("{:.0}", effect.due) };
        table.add_row([
            effect.id.to_string(),
            effect.work.word().to_owned(),
            effect.stage.word().to_owned(),
            effect.failures.to_string(),
            due,
            effect.fault.clone().unwrap_or_default(),
        ]);
    }
    tell(&table.to_string());
}

fn audited(
    mails: &[(String, String, u64)],
    cases: u64,
    effects: &[(String, u64)],
    problems: &[String],
) -> Outcome {
    let mut table = table(&["mailbox", "mails", "count"]);
    for (mailbox, state, count) in mails {
        table.add_row([mailbox, state, &count.to_string()]);
    }
    tell(&table.to_string());
    let effects: Vec<_> = effects.iter().map(|(stage, count)| format!("{count} {stage}")).collect();
    tell(&format!("{cases} cases; effects: {}", effects.join(", ")));
    if problems.is_empty() {
        tell("every mail is accounted for");
        return Ok(());
    }
    for problem in problems {
        tell(problem);
    }
    Err(anyhow::anyhow!("{} things do not hold together", problems.len()).into())
}

/// A table without lines, as other tools print them.
pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.iter().copied());
    table
}
