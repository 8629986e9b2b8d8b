//! The layer of a TOML file. What stands in the wrong place, and a mailbox without a usable name,
//! is a fault beside the layer; a file that is not TOML is a fault instead of it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{FormSection, Given, Layer, MailboxSection, Raw};
use crate::config::fault::{Fault, Source};

impl Layer {
    /// The keys of the file at `path`, whose content is `text`.
    pub(in crate::config) fn of_file(path: &Path, text: &str) -> Result<(Self, Vec<Fault>), Fault> {
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                // Only the message: the whole error shows the line, and that may be a secret.
                let source = error.span().map_or_else(
                    || Source::File(path.to_owned()),
                    |span| line(path, text, span.start),
                );
                let problem = format!("not TOML: {}", error.message());
                return Err(Fault { key: String::new(), source, problem });
            }
        };
        let mut file = File { path, text, layer: Self::default(), faults: Vec::new() };
        for (section, value) in table {
            let at = section.span().start;
            file.section(section.get_ref(), at, value.into_inner());
        }
        Ok((file.layer, file.faults))
    }
}

fn line(path: &Path, text: &str, offset: usize) -> Source {
    let before = text.get(..offset).unwrap_or_default();
    Source::Line(path.to_owned(), 1 + before.matches('\n').count())
}

/// A file on its way to a layer.
struct File<'t> {
    path: &'t Path,
    text: &'t str,
    layer: Layer,
    faults: Vec<Fault>,
}

impl File<'_> {
    fn section(&mut self, section: &str, at: usize, value: DeValue<'_>) {
        let is_table = |item: &Spanned<DeValue<'_>>| matches!(item.get_ref(), DeValue::Table(_));
        let problem = match (section, value) {
            ("mailbox", DeValue::Array(list)) => {
                for item in list {
                    let at = item.span().start;
                    match item.into_inner() {
                        DeValue::Table(keys) => self.mailbox(at, keys),
                        _ => self.fault(section, at, "write each mailbox under [[mailbox]]"),
                    }
                }
                return;
            }
            ("mailbox", _) => "there may be many: write [[mailbox]], with two brackets",
            ("ticket", DeValue::Table(keys)) => return self.ticket(keys),
            (_, DeValue::Table(keys)) => return self.keys(section, keys),
            (_, DeValue::Array(list)) if list.iter().any(is_table) => {
                "only [[mailbox]] has two brackets; write [section]"
            }
            _ => "stands outside a section; put it under its [section]",
        };
        self.fault(section, at, problem);
    }

    fn key<T: AsRef<str>>(&mut self, section: &str, key: &Spanned<T>, value: DeValue<'_>) {
        let source = line(self.path, self.text, key.span().start);
        let place = (section.to_owned(), key.get_ref().as_ref().to_owned());
        self.layer.keys.insert(place, Given { raw: raw(value), source });
    }

    /// The nameless form, and the others with it.
    fn ticket(&mut self, mut keys: DeTable<'_>) {
        let forms = keys.remove("form");
        self.form("ticket".to_owned(), keys);
        let Some(forms) = forms else { return };
        for (index, keys) in self.tables("ticket.form", forms).into_iter().enumerate() {
            self.form(format!("ticket.form[#{}]", index + 1), keys);
        }
    }

    fn form(&mut self, section: String, mut keys: DeTable<'_>) {
        let mut form = FormSection { section, fields: Vec::new() };
        if let Some(fields) = keys.remove("field") {
            let key = format!("{}.field", form.section);
            for (index, keys) in self.tables(&key, fields).into_iter().enumerate() {
                let section = format!("{key}[#{}]", index + 1);
                self.keys(&section, keys);
                form.fields.push(section);
            }
        }
        self.keys(&form.section, keys);
        self.layer.forms.push(form);
    }

    /// The tables of a list in which there is nothing else.
    fn tables<'v>(&mut self, key: &str, list: Spanned<DeValue<'v>>) -> Vec<DeTable<'v>> {
        let at = list.span().start;
        let items = match list.into_inner() {
            DeValue::Array(items) => items.into_iter().map(Spanned::into_inner).collect(),
            other => vec![other],
        };
        let tables: Vec<_> = items
            .into_iter()
            .filter_map(|item| match item {
                DeValue::Table(keys) => Some(keys),
                _ => None,
            })
            .collect();
        if tables.is_empty() {
            self.fault(key, at, &format!("write each under [[{key}]]"));
        }
        tables
    }

    fn keys(&mut self, section: &str, keys: DeTable<'_>) {
        for (key, value) in keys {
            self.key(section, &key, value.into_inner());
        }
    }

    fn mailbox(&mut self, at: usize, mut keys: DeTable<'_>) {
        let given = keys.remove("name");
        let name = self.name_of_mailbox(given.as_ref().map(Spanned::get_ref));
        let section = match &name {
            Ok(name) => format!("mailbox[{name}]"),
            Err(problem) => {
                let section = format!("mailbox[#{}]", self.layer.mailboxes.len() + 1);
                let at = given.map_or(at, |given| given.span().start);
                self.fault(&format!("{section}.name"), at, problem);
                section
            }
        };
        for (key, value) in keys {
            match value.into_inner() {
                DeValue::Table(table) => {
                    self.keys(&format!("{section}.{}", key.get_ref()), table);
                }
                value => self.key(&section, &key, value),
            }
        }
        self.layer.mailboxes.push(MailboxSection { section, name: name.ok() });
    }

    fn name_of_mailbox(&self, given: Option<&DeValue<'_>>) -> Result<String, &'static str> {
        match given {
            None => Err("not set; each [[mailbox]] needs one, such as \"support\""),
            Some(DeValue::String(name)) if is_name(name) => {
                let is_taken =
                    |other: &MailboxSection| other.name.as_deref() == Some(name.as_ref());
                if self.layer.mailboxes.iter().any(is_taken) {
                    return Err("another [[mailbox]] has this name; write another");
                }
                Ok(name.as_ref().to_owned())
            }
            Some(_) => {
                Err("write a text of 1 to 32 of a-z and 0-9, with single - between them, in quotes")
            }
        }
    }

    fn fault(&mut self, key: &str, at: usize, problem: &str) {
        let source = line(self.path, self.text, at);
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
        DeValue::Table(table) => texts(table, number_or_text).map_or(Raw::Other, Raw::Table),
        DeValue::Array(list) => match list.first().map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => list
                .into_iter()
                .map(|item| match item.into_inner() {
                    DeValue::Table(table) => texts(table, text),
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

fn texts(
    table: DeTable<'_>,
    text: fn(DeValue<'_>) -> Option<String>,
) -> Option<BTreeMap<String, String>> {
    let pairs = table
        .into_iter()
        .map(|(key, value)| Some((key.into_inner().into_owned(), text(value.into_inner())?)));
    pairs.collect()
}

/// Who names numbers, such as those of users, need not quote them.
fn number_or_text(value: DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        value => text(value),
    }
}

fn text(value: DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.into_owned()),
        _ => None,
    }
}
