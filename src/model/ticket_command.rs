//! What people type after `/ticket`.

use super::ticket::{Priority, TicketNumber};

/// A command about tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketCommand {
    /// Open a form; what was typed is filled in already.
    Open {
        /// The form's name; empty for the one without.
        form: String,
        /// What is filled in.
        text: String,
    },
    /// Say what there is to type.
    Help,
    /// The open tickets of this channel.
    List,
    /// One's own open tickets: those one has, and those one asked for.
    Mine,
    /// One ticket.
    Show(TicketNumber),
    /// Take a ticket over.
    Take(TicketNumber),
    /// Say that a ticket is done.
    Resolve(TicketNumber),
    /// Say that a ticket is not done after all.
    Reopen(TicketNumber),
    /// Say how much a ticket matters.
    Prioritise(TicketNumber, Priority),
    /// Give a ticket to somebody, named without `@`.
    Assign(TicketNumber, String),
}

/// Why a text is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketCommandFault {
    /// This command needs the number of a ticket.
    NoNumber(&'static str),
    /// `assign` needs somebody.
    Nobody,
    /// `priority` needs one of its words.
    NoPriority,
    /// What stands before the number of a ticket is no command.
    Unknown,
}

impl TicketCommand {
    /// Reads what was typed. A text that is no command opens a form: the one of its first word, if
    /// `is_form` knows it.
    ///
    /// # Errors
    /// [`TicketCommandFault`] for a command without what it is about.
    pub fn parse(text: &str, is_form: impl Fn(&str) -> bool) -> Result<Self, TicketCommandFault> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let number = |command| {
            let first = rest.split_whitespace().next().unwrap_or_default();
            TicketNumber::parse(first).ok_or(TicketCommandFault::NoNumber(command))
        };
        // "take care of the printer" and "list is broken" are matters, not commands.
        let alone = rest.is_empty();
        let numbered = rest.split_whitespace().next().is_some_and(|word| {
            TicketNumber::parse(word).is_some() || word.contains(|c: char| c.is_ascii_digit())
        });
        match word.to_ascii_lowercase().as_str() {
            "help" if alone => Ok(Self::Help),
            "list" if alone => Ok(Self::List),
            "mine" if alone => Ok(Self::Mine),
            "show" if alone || numbered => number("show").map(Self::Show),
            "take" if alone || numbered => number("take").map(Self::Take),
            "resolve" if alone || numbered => number("resolve").map(Self::Resolve),
            "assign" if alone || numbered => {
                let number = number("assign")?;
                let who = rest.split_whitespace().nth(1).unwrap_or_default();
                let who = who.trim_start_matches('@').trim_end_matches([',', '.']);
                if who.is_empty() {
                    return Err(TicketCommandFault::Nobody);
                }
                Ok(Self::Assign(number, who.to_lowercase()))
            }
            "reopen" if alone || numbered => number("reopen").map(Self::Reopen),
            "priority" if alone || numbered => {
                let number = number("priority")?;
                let word = rest.split_whitespace().nth(1).unwrap_or_default().to_lowercase();
                let priority = Priority::parse(&word).ok_or(TicketCommandFault::NoPriority)?;
                Ok(Self::Prioritise(number, priority))
            }
            form if !form.is_empty() && is_form(form) => {
                Ok(Self::Open { form: form.to_owned(), text: rest.to_owned() })
            }
            // Somebody wants something done to a ticket, not a new one.
            _ if TicketNumber::parse(rest).is_some() => Err(TicketCommandFault::Unknown),
            _ => Ok(Self::Open { form: String::new(), text: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_command_or_opens_a_form() {
        let number = TicketNumber::parse("20261122-0007").unwrap();
        let open = |form: &str, text: &str| {
            Ok(TicketCommand::Open { form: form.to_owned(), text: text.to_owned() })
        };
        for (text, expected) in [
            ("", open("", "")),
            ("  \n", open("", "")),
            ("network", open("network", "")),
            ("Network  no link\non 3", open("network", "no link\non 3")),
            ("the VPN is down", open("", "the VPN is down")),
            ("list is broken", open("", "list is broken")),
            ("take care of it", open("", "take care of it")),
            ("help", Ok(TicketCommand::Help)),
            ("LIST", Ok(TicketCommand::List)),
            ("mine", Ok(TicketCommand::Mine)),
            ("show Ticket-20261122-0007", Ok(TicketCommand::Show(number))),
            ("take 20261122-0007", Ok(TicketCommand::Take(number))),
            ("resolve 20261122-0007 now", Ok(TicketCommand::Resolve(number))),
            ("assign 20261122-0007 @Bob,", Ok(TicketCommand::Assign(number, "bob".into()))),
            ("assign 20261122-0007", Err(TicketCommandFault::Nobody)),
            ("reopen 20261122-0007", Ok(TicketCommand::Reopen(number))),
            ("priority 20261122-0007 High", Ok(TicketCommand::Prioritise(number, Priority::High))),
            ("priority 20261122-0007", Err(TicketCommandFault::NoPriority)),
            ("clsoe 20261122-0007", Err(TicketCommandFault::Unknown)),
            ("priority of this is high", open("", "priority of this is high")),
            ("show", Err(TicketCommandFault::NoNumber("show"))),
            ("take 7", Err(TicketCommandFault::NoNumber("take"))),
        ] {
            assert_eq!(TicketCommand::parse(text, |form| form == "network"), expected, "{text:?}");
        }
    }
}
