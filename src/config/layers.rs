//! The two layers above the defaults, the file and the environment, as plain values with their
//! sources. Only form is judged here; what a value must be is the sections' affair.
//!
//! The keys of each `[[mailbox]]` are a section `mailbox[<name>]`, and those of a table in it
//! a section `mailbox[<name>].<table>`: by its name a variable finds the mailbox of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Source};

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
        Self { keys: ours.collect(), mailboxes: Vec::new() }
    }

    /// The keys of the file at `path`, whose content is `text`. What stands in the wrong place
    /// is a fault beside the layer; a file that is not TOML is a fault instead of it.
    pub(super) fn of_file(path: &Path, text: &str) -> Result<(Self, Vec<Fault>), Fault> {
        let line = |offset: usize| {
            let before = text.get(..offset).unwrap_or_default();
            Source::Line(path.to_owned(), 1 + before.matches('\n').count())
        };
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                // Only the message: the whole error shows the line, and that may be a secret.
                let source = error
                    .span()
                    .map_or_else(|| Source::File(path.to_owned()), |span| line(span.start));
                let problem = format!("not TOML: {}", error.message());
                return Err(Fault { key: String::new(), source, problem });
            }
        };
        let mut file = File { layer: Self::default(), faults: Vec::new(), line };
        for (section, value) in table {
            let at = section.span().start;
            file.section(section.into_inner().into_owned(), at, value.into_inner());
        }
        Ok((file.layer, file.faults))
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

/// A file on its way to a layer.
struct File<L> {
    layer: Layer,
    faults: Vec<Fault>,
    /// The source of what stands at an offset.
    line: L,
}

impl<L: Fn(usize) -> Source> File<L> {
    fn section(&mut self, section: String, at: usize, value: DeValue<'_>) {
        let problem = match (section.as_str(), value) {
            ("mailbox", DeValue::Array(list)) => {
                for item in list {
                    let at = item.span().start;
                    match item.into_inner() {
                        DeValue::Table(keys) => self.mailbox(at, keys),
                        _ => self.fault(&section, at, "write each mailbox under [[mailbox]]"),
                    }
                }
                return;
            }
            ("mailbox", _) => "there may be many: write [[mailbox]], with two brackets",
            (_, DeValue::Table(keys)) => return self.keys(&section, keys),
            (_, DeValue::Array(list))
                if list.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))) =>
            {
                "only [[mailbox]] has two brackets; write [section]"
            }
            _ => "stands outside a section; put it under its [section]",
        };
        self.fault(&section, at, problem);
    }

    fn keys(&mut self, section: &str, keys: DeTable<'_>) {
        for (key, value) in keys {
            let source = (self.line)(key.span().start);
            let given = Given { raw: raw(value.into_inner()), source };
            self.layer.keys.insert((section.to_owned(), key.into_inner().into_owned()), given);
        }
    }

    fn mailbox(&mut self, at: usize, mut keys: DeTable<'_>) {
        let position = format!("mailbox[#{}]", self.layer.mailboxes.len() + 1);
        let given = keys.remove("name");
        let at = given.as_ref().map_or(at, |value| value.span().start);
        let name = match given.as_ref().map(|value| value.get_ref()) {
            Some(DeValue::String(name)) if is_name(name) => {
                Some(name.as_ref().to_owned()).filter(|name| {
                    !self.layer.mailboxes.iter().any(|other| other.name.as_ref() == Some(name))
                })
            }
            _ => None,
        };
        if name.is_none() {
            let problem = match given.map(toml::Spanned::into_inner) {
                None => "not set; each [[mailbox]] needs one, such as \"support\"",
                Some(DeValue::String(name)) if is_name(&name) => {
                    "another [[mailbox]] has this name; write another"
                }
                Some(_) => {
                    "write a text of 1 to 32 of a-z and 0-9, with single - between them, in quotes"
                }
            };
            self.fault(&format!("{position}.name"), at, problem);
        }
        let section = name.as_ref().map_or(position, |name| format!("mailbox[{name}]"));
        let tables: BTreeSet<String> = keys
            .iter()
            .filter(|(_, value)| matches!(value.get_ref(), DeValue::Table(_)))
            .map(|(key, _)| key.get_ref().as_ref().to_owned())
            .collect();
        for table in tables {
            if let Some(DeValue::Table(inner)) =
                keys.remove(table.as_str()).map(toml::Spanned::into_inner)
            {
                self.keys(&format!("{section}.{table}"), inner);
            }
        }
        self.keys(&section, keys);
        self.layer.mailboxes.push(MailboxSection { section, name });
    }

    fn fault(&mut self, key: &str, at: usize, problem: &str) {
        let source = (self.line)(at);
        self.faults.push(Fault { key: key.to_owned(), source, problem: problem.to_owned() });
    }
}

/// The name of a mailbox must come back whole from a variable's, where `__` divides.
fn is_name(name: &str) -> bool {
    let letters = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    name.len() <= 32 && name.split('-').all(letters)
}

fn raw(value: DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Raw::Integer(number.as_str().to_owned())
        }
        DeValue::Boolean(flag) => Raw::Flag(flag),
        DeValue::Table(table) => texts(table).map_or(Raw::Other, Raw::Table),
        DeValue::Array(list) => match list.first().map(|item| item.get_ref()) {
            Some(DeValue::Table(_)) => list
                .into_iter()
                .map(|item| match item.into_inner() {
                    DeValue::Table(table) => texts(table),
                    _ => None,
                })
                .collect::<Option<_>>()
                .map_or(Raw::Other, Raw::Tables),
            _ => list
                .into_iter()
                .map(|item| text(item.into_inner()))
                .collect::<Option<_>>()
                .map_or(Raw::Other, Raw::List),
        },
        _ => Raw::Other,
    }
}

fn texts(table: DeTable<'_>) -> Option<BTreeMap<String, String>> {
    let pairs = table
        .into_iter()
        .map(|(key, value)| Some((key.into_inner().into_owned(), text(value.into_inner())?)));
    pairs.collect()
}

fn text(value: DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.into_owned()),
        _ => None,
    }
}
