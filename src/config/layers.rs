//! The two layers above the defaults, the file and the environment, as plain values with their
//! sources. Only form is judged here; what a value must be is the sections' affair.

use std::collections::BTreeMap;
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
    /// A list of texts of the file.
    List(Vec<String>),
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
            Self::Integer(_) | Self::Other => false,
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
pub(super) struct Layer(BTreeMap<(String, String), Given>);

impl Layer {
    /// Takes a value out; an empty one is none.
    pub(super) fn take(&mut self, section: &str, key: &str) -> Option<Given> {
        self.0.remove(&(section.to_owned(), key.to_owned())).filter(|given| !given.raw.is_empty())
    }

    /// What nobody has taken.
    pub(super) fn rest(self) -> impl Iterator<Item = ((String, String), Given)> {
        self.0.into_iter()
    }

    /// The variables `TICKETD_<SECTION>__<KEY>`; any other is not ours.
    pub(super) fn of_environment(env: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = env.into_iter().filter_map(|(name, text)| {
            let (section, key) = name.strip_prefix("TICKETD_")?.split_once("__")?;
            let place = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            Some((place, Given { raw: Raw::Variable(text), source: Source::Variable(name) }))
        });
        Self(ours.collect())
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
        let mut layer = Self::default();
        let mut faults = Vec::new();
        for (section, value) in table {
            let at = line(section.span().start);
            let section = section.into_inner().into_owned();
            let DeValue::Table(keys) = value.into_inner() else {
                let problem = "stands outside a section; put it under its [section]".to_owned();
                faults.push(Fault { key: section, source: at, problem });
                continue;
            };
            for (key, value) in keys {
                let source = line(key.span().start);
                let given = Given { raw: raw(value.into_inner()), source };
                layer.0.insert((section.clone(), key.into_inner().into_owned()), given);
            }
        }
        Ok((layer, faults))
    }
}

fn raw(value: DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Raw::Integer(number.as_str().to_owned())
        }
        DeValue::Array(list) => list
            .into_iter()
            .map(|item| match item.into_inner() {
                DeValue::String(text) => Some(text.into_owned()),
                _ => None,
            })
            .collect::<Option<_>>()
            .map_or(Raw::Other, Raw::List),
        _ => Raw::Other,
    }
}
