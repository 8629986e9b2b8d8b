//! `ticketd desk`: cases and effects, with the daemon running or not.

use clap::{ArgGroup, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};

use super::{Ending, Outcome, question::ask, tell};
use crate::{
    actors::{Listing, Question, Reply, Retried, Row},
    config::Config,
    model::{
        case::{Case, MailState},
        effect::{Effect, Stage},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Desk {
    /// List cases, the newest first: what is being done, the issue and the ticket
    #[command(group = ArgGroup::new("what"))]
    List {
        /// List what will not happen unless it is tried again
        #[arg(long, group = "what")]
        dead: bool,
        /// List mails that cannot be read and were put aside
        #[arg(long, group = "what")]
        quarantined: bool,
        /// List mails that became no issue, with the rule that says why
        #[arg(long, group = "what")]
        ignored: bool,
        /// How many rows at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Show a case (17, Ticket-20261122-0001, or the issue: SUP-42, '#12'), the case of an effect
    /// (17.3), or a mail (32 hexadecimal digits)
    Show {
        /// An id as `desk list` shows it
        id: String,
    },
    /// Try once more: a dead effect (17.3), all of a case (17), or a mail that was put aside
    Retry {
        /// An id as `desk list --dead` or `--quarantined` shows it
        id: String,
    },
    /// Follow every mail to its ticket, and every ticket to its number; exit 1 if one is
    /// unaccounted for
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
            tell(&format!("state      {}", state(&record.state)));
            if !raw.is_empty() {
                tell(&format!("\n{}", harmless(&raw)));
            }
        }
        Reply::Retried(Retried::Queued) => tell("it will be tried again"),
        Reply::Retried(Retried::NotDead) => {
            let fault =
                "there is nothing to try again: nothing of it is dead, or waits after a failure";
            return Err(anyhow::anyhow!(fault).into());
        }
        Reply::Retried(Retried::Unknown) => {
            return Err(anyhow::anyhow!("there is no such effect").into());
        }
        Reply::Reread(_) => tell("the mail was read again and is recorded"),
        Reply::Audited { mails, cases, tickets, effects, problems } => {
            return audited(&mails, cases, tickets, &effects, &problems);
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
    // A desk without tickets has no columns for them.
    let tickets = rows.iter().any(|row| row.ticket.is_some());
    let ticket_head: &[&str] =
        if tickets { &["ticket", "ticket state", "owner", "channel"] } else { &[] };
    let mut table =
        table(&[&["id", "state", "issue"], ticket_head, &["changed", "subject"]].concat());
    for row in rows {
        let at = format!("{:.0}", row.at);
        let mut cells = vec![row.id.as_str(), &row.state, &row.issue];
        match &row.ticket {
            Some(ticket) => {
                cells.extend([&*ticket.name, &ticket.state, &ticket.owner, &ticket.channel]);
            }
            None => cells.extend(ticket_head.iter().map(|_| "")),
        }
        cells.extend([at.as_str(), &row.subject]);
        table.add_row(cells);
    }
    print(&table);
}

/// What became of a mail, and why.
fn state(state: &MailState) -> String {
    let word = state.word();
    match state {
        MailState::Ticket { case } | MailState::Comment { case } => format!("{word} (case {case})"),
        MailState::Ignored { rule } => format!("{word} ({rule})"),
        MailState::Quarantined { reason } => format!("{word} ({reason})"),
    }
}

/// A stranger's text, without what would steer the terminal.
fn harmless(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let steers = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    text.replace(steers, "\u{fffd}")
}

fn show_case(case: &Case, effects: &[Effect]) {
    let issue = case.issue.as_ref().map(ToString::to_string);
    tell(&format!("case       {}", case.id));
    if let Some(mailbox) = case.mailbox() {
        tell(&format!("mailbox    {mailbox}"));
    }
    if let Some(ticket) = &case.ticket {
        tell(&format!("ticket     {}", ticket.name()));
        tell(&format!("state      {}", ticket.state.word()));
        let owner = ticket.owner.as_ref().map_or("nobody", |owner| &owner.name);
        tell(&format!("owner      {owner}"));
        tell(&format!("priority   {}", ticket.priority.word()));
        if let Some(asker) = &ticket.asker {
            tell(&format!("asker      {}", asker.name));
        }
        tell(&format!("channel    {}", ticket.channel));
    }
    if let Some(place) = &case.asked_for {
        tell(&format!("asked for  in {place}, by a caller of the API"));
    }
    tell(&format!("subject    {}", case.subject));
    // A ticket of the chat alone never has one.
    if case.tracker.is_some() {
        tell(&format!("issue      {}", issue.unwrap_or_else(|| "none yet".to_owned())));
    }
    if case.mail.is_some() {
        let reporter = case.reporter().map(|reporter| reporter.email.to_string());
        tell(&format!("reporter   {}", reporter.unwrap_or_else(|| "unknown".to_owned())));
    }
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
    print(&table);
}

fn audited(
    mails: &[(String, String, u64)],
    cases: u64,
    tickets: u64,
    effects: &[(String, u64)],
    problems: &[String],
) -> Outcome {
    let mut table = table(&["mailbox", "mails", "count"]);
    for (mailbox, state, count) in mails {
        table.add_row([mailbox, state, &count.to_string()]);
    }
    print(&table);
    let stages: Vec<_> = effects.iter().map(|(stage, count)| format!("{count} {stage}")).collect();
    let stages = if stages.is_empty() { "none".to_owned() } else { stages.join(", ") };
    tell(&format!("{cases} cases; effects: {stages}"));
    let of = |wanted: &[Stage]| -> u64 {
        let these =
            effects.iter().filter(|(stage, _)| wanted.iter().any(|one| one.word() == stage));
        these.map(|(_, count)| count).sum()
    };
    let waiting = of(&[Stage::Planned, Stage::Sending, Stage::Uncertain]);
    if waiting > 0 {
        tell(&format!("still to be done: {waiting}"));
    }
    let dead = of(&[Stage::Dead]);
    if dead > 0 {
        tell(&format!(
            "dead, which will not be done unless you have it tried again: {dead}; see `ticketd desk \
             list --dead`"
        ));
    }
    if mails.iter().any(|(_, state, _)| state == "quarantined") {
        tell("some mails are put aside: `ticketd desk list --quarantined`");
    }
    if problems.is_empty() {
        tell(&match tickets {
            0 => "every mail is accounted for".to_owned(),
            count => format!("every mail is accounted for, and so is every ticket: {count}"),
        });
        return Ok(());
    }
    for problem in problems {
        tell(problem);
    }
    Err(anyhow::anyhow!("{} things do not hold together", problems.len()).into())
}

/// Prints a table without lines or blanks at its edges, as other tools do.
pub(super) fn print(table: &Table) {
    for line in table.lines() {
        tell(line.trim_end());
    }
}

/// An empty table with this head.
pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.iter().copied());
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}
