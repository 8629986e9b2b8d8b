//! The getters of one section: each takes its key from both layers, and gives a checked value,
//! the default, or a noted fault. No fault shows a secret.

mod lists;
mod secrets;

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

pub(super) use self::secrets::Secret;
use super::fault::{Fault, Source};
use super::forms::base_url;
use super::layers::{Given, Raw};
use super::reader::{Faulted, Reader};
use crate::locale::Locale;

/// A key and where it is set: what a fault needs.
#[derive(Clone)]
pub(super) struct Origin {
    key: String,
    source: Source,
}

/// Reads the keys of one section.
pub(super) struct Section<'r> {
    reader: &'r mut Reader,
    name: String,
}

impl<'r> Section<'r> {
    pub(super) fn new(reader: &'r mut Reader, name: String) -> Self {
        Self { reader, name }
    }

    /// A number within `range`, or `default`.
    pub(super) fn number<T>(&mut self, key: &str, range: RangeInclusive<T>, default: T) -> T
    where
        T: Copy + PartialOrd + std::fmt::Display + std::str::FromStr,
    {
        let Some(given) = self.take(key) else { return default };
        let parsed = match &given.raw {
            Raw::Integer(text) | Raw::Variable(text) => text.trim().parse::<T>().ok(),
            _ => None,
        };
        if let Some(number) = parsed.filter(|number| range.contains(number)) {
            return number;
        }
        let problem = format!("write a whole number from {} to {}", range.start(), range.end());
        self.fault(&self.origin(key, &given), problem);
        default
    }

    /// Yes or no, or `default`.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        let Some(given) = self.take(key) else { return default };
        let parsed = match &given.raw {
            Raw::Flag(flag) => Some(*flag),
            Raw::Variable(text) => text.trim().parse().ok(),
            _ => None,
        };
        parsed.unwrap_or_else(|| {
            self.fault(&self.origin(key, &given), "write true or false");
            default
        })
    }

    /// A span of time within `seconds`, or `default`, which is in seconds too. It is written as
    /// jiff's friendly format has it: `30s`, `5m`, `1h 30m`.
    pub(super) fn duration(
        &mut self,
        key: &str,
        seconds: RangeInclusive<u64>,
        default: u64,
    ) -> Duration {
        let parsed = self.take(key).and_then(|given| {
            let text = match &given.raw {
                Raw::Text(text) | Raw::Variable(text) => text.trim(),
                _ => "",
            };
            let [low, high] = [seconds.start(), seconds.end()].map(|end| Duration::from_secs(*end));
            let parsed = text.parse::<SignedDuration>().ok();
            let parsed = parsed.and_then(|span| Duration::try_from(span).ok());
            let within = parsed.filter(|span| (low..=high).contains(span));
            if within.is_none() {
                let problem = format!(
                    "write a time from {} to {} in quotes, such as \"30s\", \"5m\" or \"1h\"",
                    shown(low),
                    shown(high)
                );
                self.fault(&self.origin(key, &given), problem);
            }
            within
        });
        parsed.unwrap_or(Duration::from_secs(default))
    }

    /// A text made into a `T` by `parse`, whose error says what to write instead; none if it is
    /// not set or faulty.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.checked(key, parse).ok().flatten()
    }

    /// As [`Self::parsed`], with a faulty text told apart from none.
    pub(super) fn checked<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Faulted> {
        let Some((text, origin)) = self.text(key)? else { return Ok(None) };
        match parse(text.trim()) {
            Ok(value) => Ok(Some(value)),
            Err(problem) => Err(self.fault(&origin, problem)),
        }
    }

    /// As [`Self::checked`], for a key that must be set.
    pub(super) fn needed<T>(
        &mut self,
        key: &str,
        what_to_do: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Faulted> {
        let found = self.checked(key, parse)?;
        found.ok_or_else(|| self.unset(key, format!("not set; {what_to_do}")))
    }

    /// One of `choices`, by its name; none if it is not set or faulty.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.chosen(key, choices).ok().flatten()
    }

    /// As [`Self::choice`], with a faulty text told apart from none.
    pub(super) fn chosen<T: Copy>(
        &mut self,
        key: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Faulted> {
        self.checked(key, |text| {
            let found = choices.iter().find(|choice| choice.0 == text).map(|choice| choice.1);
            found.ok_or_else(|| {
                let names: Vec<_> = choices.iter().map(|choice| choice.0).collect();
                format!("{text:?} is none of its values; write {}", names.join(", "))
            })
        })
    }

    /// A language of ticketd.
    pub(super) fn locale(&mut self, key: &str) -> Option<Locale> {
        self.parsed(key, |text| {
            Locale::ALL.into_iter().find(|locale| locale.code() == text).ok_or_else(|| {
                format!(
                    "{text:?} is no language of ticketd; write {}",
                    Locale::ALL.map(Locale::code).join(", ")
                )
            })
        })
    }

    /// An address that others can be joined to: its path ends in `/`.
    pub(super) fn url(&mut self, key: &str) -> Option<Url> {
        self.parsed(key, base_url)
    }

    /// As [`Self::url`], with a default.
    pub(super) fn url_or(&mut self, key: &str, default: &str) -> Result<Url, Faulted> {
        match self.url(key) {
            Some(url) => Ok(url),
            None => base_url(default).map_err(|problem| self.unset(key, problem)),
        }
    }

    /// Takes a key that nobody reads, without a word; gives where it is set.
    pub(super) fn pass(&mut self, key: &str) -> Option<Origin> {
        let given = self.take(key)?;
        Some(self.origin(key, &given))
    }

    /// Notes a fault of `key`, which is set nowhere.
    pub(super) fn unset(&mut self, key: &str, problem: impl Into<String>) -> Faulted {
        let origin = Origin { key: format!("{}.{key}", self.name), source: Source::Nowhere };
        self.fault(&origin, problem)
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, origin: &Origin, problem: impl Into<String>) -> Faulted {
        let Origin { key, source } = origin.clone();
        self.reader.faults.push(Fault { key, source, problem: problem.into() });
        Faulted
    }

    fn text(&mut self, key: &str) -> Result<Option<(String, Origin)>, Faulted> {
        let Some(given) = self.take(key) else { return Ok(None) };
        let origin = self.origin(key, &given);
        Ok(Some((self.as_text(given.raw, &origin)?, origin)))
    }

    fn as_text(&mut self, raw: Raw, origin: &Origin) -> Result<String, Faulted> {
        match raw {
            Raw::Text(text) | Raw::Variable(text) => Ok(text),
            _ => Err(self.fault(origin, "write a text in quotes")),
        }
    }

    fn take(&mut self, key: &str) -> Option<Given> {
        let [environment, file] = self.reader.take(&self.name, key);
        environment.or(file)
    }

    fn origin(&self, key: &str, given: &Given) -> Origin {
        Origin { key: format!("{}.{key}", self.name), source: given.source.clone() }
    }
}

fn shown(span: Duration) -> String {
    SignedDuration::try_from(span).map(|span| format!("{span:#}")).unwrap_or_default()
}
