//! Typed reading of both layers, the environment over the file. Every getter notes its key, so
//! that what nobody asked for is known to be a mistake, and notes its faults instead of ending at
//! the first.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::fault::{Fault, Source};
use super::layers::{Given, Layer, Raw};
use crate::secret;

/// The value is unusable, and the fault is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Faulted;

/// A secret with the key that held it (`x` or `x_file`).
pub(super) struct Secret {
    pub(super) text: SecretString,
    pub(super) file: Option<PathBuf>,
    pub(super) origin: Origin,
}

/// A key and where it is set: what a fault needs.
#[derive(Clone)]
pub(super) struct Origin {
    key: String,
    source: Source,
}

/// Both layers, what was asked for, and what is wrong so far.
pub(super) struct Reader {
    file: Layer,
    environment: Layer,
    faults: Vec<Fault>,
    /// Section and key of all that was asked for.
    pub(super) known: Vec<(&'static str, String)>,
}

impl Reader {
    pub(super) fn new(file: Layer, environment: Layer, faults: Vec<Fault>) -> Self {
        Self { file, environment, faults, known: Vec::new() }
    }

    /// The keys of one section.
    pub(super) fn section(&mut self, name: &'static str) -> Section<'_> {
        Section { reader: self, name }
    }

    /// All faults, those about keys that nobody asked for included.
    pub(super) fn finish(self) -> Vec<Fault> {
        let Self { file, environment, mut faults, known } = self;
        let sections = known.iter().map(|(section, _)| *section).collect::<Vec<_>>();
        let mut strange = BTreeSet::new();
        for ((section, key), Given { source, .. }) in file.rest().chain(environment.rest()) {
            let problem = match (nearest(&known, &section, &key), &source) {
                (None, _) if !sections.contains(&section.as_str()) => {
                    // Once a section, not once a key.
                    if !strange.insert(section.clone()) {
                        continue;
                    }
                    let mut sections = sections.clone();
                    sections.dedup();
                    format!(
                        "there is no section [{section}]; the sections are {}",
                        sections.join(", ")
                    )
                }
                (None, _) => "unknown key; remove it, or look it up in config/ticketd.toml".into(),
                (Some((section, key)), Source::Variable(_)) => {
                    format!("unknown key; did you mean {}?", variable(section, key))
                }
                (Some((section, key)), _) => format!("unknown key; did you mean {section}.{key}?"),
            };
            faults.push(Fault { key: format!("{section}.{key}"), source, problem });
        }
        faults
    }
}

/// The known key that was most likely meant.
fn nearest<'k>(
    known: &'k [(&'static str, String)],
    section: &str,
    key: &str,
) -> Option<&'k (&'static str, String)> {
    let given = format!("{section}.{key}");
    let known_section = known.iter().any(|place| place.0 == section);
    let close = |place: &&(&str, String)| {
        // Either a slip of the pen, or the right key under the wrong section.
        strsim::damerau_levenshtein(&given, &format!("{}.{}", place.0, place.1)) <= 2
            || (known_section && place.1 == key)
    };
    let distance = |place: &&(&str, String)| {
        strsim::damerau_levenshtein(&given, &format!("{}.{}", place.0, place.1))
    };
    known.iter().filter(close).min_by_key(distance)
}

/// The environment variable of a key.
fn variable(section: &str, key: &str) -> String {
    format!("TICKETD_{}__{}", section.to_ascii_uppercase(), key.to_ascii_uppercase())
}

/// Reads the keys of one section.
pub(super) struct Section<'r> {
    reader: &'r mut Reader,
    name: &'static str,
}

impl Section<'_> {
    /// A number within `range`, or `default`.
    pub(super) fn number<T>(&mut self, key: &str, range: RangeInclusive<T>, default: T) -> T
    where
        T: Copy + PartialOrd + std::fmt::Display + std::str::FromStr,
    {
        let Some(given) = self.take(key) else { return default };
        let parsed = match &given.raw {
            Raw::Integer(text) | Raw::Variable(text) => text.trim().parse::<T>().ok(),
            Raw::Text(_) | Raw::List(_) | Raw::Other => None,
        };
        if let Some(number) = parsed.filter(|number| range.contains(number)) {
            return number;
        }
        let problem = format!("write a whole number from {} to {}", range.start(), range.end());
        self.fault(&self.origin(key, &given), problem);
        default
    }

    /// A text made into a `T` by `parse`, whose error says what to write instead.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (text, origin) = self.text(key).ok()??;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.fault(&origin, problem);
                None
            }
        }
    }

    /// An address that others can be joined to: its path ends in `/`.
    pub(super) fn url(&mut self, key: &str) -> Option<Url> {
        self.parsed(key, base_url)
    }

    /// As [`Self::url`], with a default.
    pub(super) fn url_or(&mut self, key: &str, default: &str) -> Result<Url, Faulted> {
        match self.url(key) {
            Some(url) => Ok(url),
            None => base_url(default).map_err(|problem| {
                let origin =
                    Origin { key: format!("{}.{key}", self.name), source: Source::Nowhere };
                self.fault(&origin, problem)
            }),
        }
    }

    /// A secret, from `key` or from the file that `<key>_file` names. Within one layer only one
    /// of the two may be set; the environment's beats the file's.
    pub(super) fn secret(&mut self, key: &str) -> Result<Option<Secret>, Faulted> {
        let (inline, in_file) = self.pair(key)?;
        if let Some(given) = inline {
            let origin = self.origin(key, &given);
            let text = SecretString::from(self.as_text(given.raw, &origin)?);
            return Ok(Some(Secret { text, file: None, origin }));
        }
        in_file.map(|given| self.secret_file(key, given)).transpose()
    }

    /// A list of secrets: a TOML list, a comma-separated variable, or one a line in the file that
    /// `<key>_file` names.
    pub(super) fn secrets(&mut self, key: &str) -> Result<Option<(Vec<String>, Origin)>, Faulted> {
        let (inline, in_file) = self.pair(key)?;
        if let Some(given) = inline {
            let origin = self.origin(key, &given);
            return match given.raw {
                Raw::List(list) => Ok(Some((list, origin))),
                Raw::Variable(text) => Ok(Some((items(text.split(',')), origin))),
                _ => Err(self.fault(&origin, "write a list of texts: [\"…\", \"…\"]")),
            };
        }
        let Some(given) = in_file else { return Ok(None) };
        let secret = self.secret_file(key, given)?;
        Ok(Some((items(secret.text.expose_secret().lines()), secret.origin)))
    }

    /// Notes that `key`, which has no default, is set nowhere.
    pub(super) fn missing(&mut self, key: &str, what_to_do: &str) -> Faulted {
        let variable = variable(self.name, &format!("{key}_file"));
        let problem = format!(
            "not set; {what_to_do}, then set {key} or {key}_file under [{}], or {variable}",
            self.name
        );
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

    fn secret_file(&mut self, key: &str, given: Given) -> Result<Secret, Faulted> {
        let origin = self.origin(&format!("{key}_file"), &given);
        let path = PathBuf::from(self.as_text(given.raw, &origin)?);
        match secret::read_file(&path) {
            Ok(text) => Ok(Secret { text, file: Some(path), origin }),
            Err(error) => Err(self.fault(&origin, error.to_string())),
        }
    }

    /// What the uppermost layer says about `key` and `<key>_file`.
    fn pair(&mut self, key: &str) -> Result<(Option<Given>, Option<Given>), Faulted> {
        let file_key = format!("{key}_file");
        let [inline, in_file] = [self.take_layers(key), self.take_layers(&file_key)];
        for pair in [(inline.0, in_file.0), (inline.1, in_file.1)] {
            match pair {
                (None, None) => {}
                (Some(_), Some(given)) => {
                    let problem = format!("set as well as {}.{key}; remove one", self.name);
                    return Err(self.fault(&self.origin(&file_key, &given), problem));
                }
                one => return Ok(one),
            }
        }
        Ok((None, None))
    }

    fn take(&mut self, key: &str) -> Option<Given> {
        let (environment, file) = self.take_layers(key);
        environment.or(file)
    }

    /// What the environment and the file say about `key`, which is known from now on.
    fn take_layers(&mut self, key: &str) -> (Option<Given>, Option<Given>) {
        self.reader.known.push((self.name, key.to_owned()));
        (self.reader.environment.take(self.name, key), self.reader.file.take(self.name, key))
    }

    fn origin(&self, key: &str, given: &Given) -> Origin {
        Origin { key: format!("{}.{key}", self.name), source: given.source.clone() }
    }
}

fn items<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// The text itself is never repeated in a fault: it may hold a password.
fn base_url(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text)
        .map_err(|error| format!("not an address ({error}); write https://host or http://host"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address must not hold a user or password; remove it".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the address must end before any ? or #".to_owned());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}
