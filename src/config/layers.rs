//! The two layers above the defaults, the file and the environment, as plain values with their
//! sources. Only form is judged here; what a value must be is the sections' affair.
//!
//! The keys of each `[[mailbox]]` are a section `mailbox[<name>]`, and those of a table in it
//! a section `mailbox[<name>].<table>`: by its name a variable finds the mailbox of the file.

mod file;

use std::collections::BTreeMap;

use super::fault::Source;

/// A value as it was written.
#[derive(Clone)]
pub(super) enum Raw {
    /// A text of the file.
    Text(String),
    /// A whole number of the file.
    Integer(String),
    /// `true` or `false` of the file.
    Flag(bool),
    /// A list of texts of the file.
    List(Vec<String>),
    /// Texts by name of the file.
    Table(BTreeMap<String, String>),
    /// A list of such tables of the file.
    Tables(Vec<BTreeMap<String, String>>),
    /// Something of the file that no key takes.
    Other,
    /// The text of an environment variable.
    Variable(String),
}

impl Raw {
    /// An empty value counts as not set: so `ticketd.toml` can show every key.
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Variable(text) => text.trim().is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Table(table) => table.is_empty(),
            Self::Tables(_) | Self::Integer(_) | Self::Flag(_) | Self::Other => false,
        }
    }
}

/// A value and where it came from.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) source: Source,
}

/// What one layer sets, by section and key.
#[derive(Default)]
pub(super) struct Layer {
    keys: BTreeMap<(String, String), Given>,
    /// The sections of the mailboxes, in the order of the file.
    pub(super) mailboxes: Vec<MailboxSection>,
    /// The sections of the ticket's forms, in the order of the file; the nameless one first.
    pub(super) forms: Vec<FormSection>,
}

/// `[ticket]` as far as it is a form, or a `[[ticket.form]]` of the file.
#[derive(Clone, Default)]
pub(super) struct FormSection {
    /// `ticket`, or `ticket.form[#2]` for the second.
    pub(super) section: String,
    /// The sections of its fields: `ticket.field[#1]` …
    pub(super) fields: Vec<String>,
}

/// A `[[mailbox]]` of the file.
#[derive(Clone)]
pub(super) struct MailboxSection {
    /// `mailbox[support]`, or `mailbox[#2]` for the second if its name is unusable.
    pub(super) section: String,
    /// None if it is unusable, which is then a fault.
    pub(super) name: Option<String>,
}

impl Layer {
    /// Takes a value out; an empty one is none.
    pub(super) fn take(&mut self, section: &str, key: &str) -> Option<Given> {
        let place = (section.to_owned(), key.to_owned());
        self.keys.remove(&place).filter(|given| !given.raw.is_empty())
    }

    /// What nobody has taken.
    pub(super) fn rest(self) -> impl Iterator<Item = ((String, String), Given)> {
        self.keys.into_iter()
    }

    /// The variables `TICKETD_<SECTION>__<KEY>`; any other is not ours.
    pub(super) fn of_environment(env: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = env.into_iter().filter_map(|(name, text)| {
            let place = place(&name.strip_prefix("TICKETD_")?.to_ascii_lowercase())?;
            Some((place, Given { raw: Raw::Variable(text), source: Source::Variable(name) }))
        });
        Self { keys: ours.collect(), ..Self::default() }
    }
}

/// Section and key of a variable, given without `TICKETD_` and in lower case.
fn place(variable: &str) -> Option<(String, String)> {
    let (section, key) = variable.split_once("__")?;
    let place = match (section, key.split_once("__")) {
        ("mailbox", Some((name, key))) => {
            let section = format!("mailbox[{}]", name.replace('_', "-"));
            match key.split_once("__") {
                Some((table, key)) => (format!("{section}.{table}"), key.to_owned()),
                None => (section, key.to_owned()),
            }
        }
        _ => (section.to_owned(), key.to_owned()),
    };
    Some(place)
}
