//! Typed reading of both layers, the environment over the file. Every getter notes its key, so
//! that what nobody asked for is known to be a mistake, and notes its faults instead of ending at
//! the first.

use std::collections::BTreeSet;

use super::fault::{Fault, Source};
use super::layers::{FormSection, Given, Layer, MailboxSection};
use super::section::Section;

/// The value is unusable, and the fault is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Faulted;

/// Both layers, what was asked for, and what is wrong so far.
pub(super) struct Reader {
    file: Layer,
    environment: Layer,
    pub(super) faults: Vec<Fault>,
    /// Section and key of all that was asked for.
    pub(super) known: Vec<(String, String)>,
}

impl Reader {
    pub(super) fn new(file: Layer, environment: Layer, faults: Vec<Fault>) -> Self {
        Self { file, environment, faults, known: Vec::new() }
    }

    /// The keys of one section.
    pub(super) fn section(&mut self, name: impl Into<String>) -> Section<'_> {
        Section::new(self, name.into())
    }

    /// The sections of the mailboxes, in the order of the file.
    pub(super) fn mailboxes(&self) -> Vec<MailboxSection> {
        self.file.mailboxes.clone()
    }

    /// The sections of the ticket's forms; the nameless one is the first, and always there.
    pub(super) fn forms(&self) -> Vec<FormSection> {
        let mut forms = self.file.forms.clone();
        if forms.is_empty() {
            forms.push(FormSection { section: "ticket".to_owned(), fields: Vec::new() });
        }
        forms
    }

    /// Notes `key` as known.
    pub(super) fn know(&mut self, section: &str, key: &str) {
        self.known.push((section.to_owned(), key.to_owned()));
    }

    /// What the environment and the file say about `key`, which is known from now on.
    pub(super) fn take(&mut self, section: &str, key: &str) -> [Option<Given>; 2] {
        self.know(section, key);
        [self.environment.take(section, key), self.file.take(section, key)]
    }

    /// All faults, those about keys that nobody asked for included.
    pub(super) fn finish(self) -> Vec<Fault> {
        let Self { file, environment, mut faults, known } = self;
        let mut strange = BTreeSet::new();
        for ((section, key), Given { source, .. }) in file.rest().chain(environment.rest()) {
            let problem = match (nearest(&known, &section, &key), &source) {
                (Some(place), Source::Variable(_)) if (&place.0, &place.1) == (&section, &key) => {
                    "only the file can set this; remove the variable".to_owned()
                }
                (Some((section, key)), Source::Variable(_)) => {
                    format!("unknown key; did you mean {}?", variable(section, key))
                }
                (Some((section, key)), _) => format!("unknown key; did you mean {section}.{key}?"),
                (None, _) if known.iter().any(|place| place.0 == section) => {
                    "unknown key; remove it, or look it up in config/ticketd.toml".to_owned()
                }
                // Once a section, not once a key.
                (None, _) if !strange.insert(section.clone()) => continue,
                (None, _) => no_section(&known, &section),
            };
            faults.push(Fault { key: format!("{section}.{key}"), source, problem });
        }
        faults
    }
}

fn no_section(known: &[(String, String)], section: &str) -> String {
    if let Some((mailbox, _)) = section.split_once(']') {
        let there =
            known.iter().any(|place| place.0.split_once(']').is_some_and(|s| s.0 == mailbox));
        return if there {
            "a mailbox has no such table, only jmap, graph, filter and reply".to_owned()
        } else {
            "no [[mailbox]] of the file has this name, and a variable makes none".to_owned()
        };
    }
    let mut names: Vec<_> =
        known.iter().map(|place| place.0.as_str()).filter(|name| !name.contains('[')).collect();
    names.dedup();
    format!(
        "there is no section [{section}]; the sections are {} and [[mailbox]]",
        names.join(", ")
    )
}

/// The known key that was most likely meant.
fn nearest<'k>(
    known: &'k [(String, String)],
    section: &str,
    key: &str,
) -> Option<&'k (String, String)> {
    let given = format!("{section}.{key}");
    let known_section = known.iter().any(|place| place.0 == section);
    let distance = |place: &&(String, String)| {
        strsim::damerau_levenshtein(&given, &format!("{}.{}", place.0, place.1))
    };
    let close = |place: &&(String, String)| {
        // Either a slip of the pen, or the right key under the wrong section.
        distance(place) <= 2 || (known_section && place.1 == key)
    };
    known.iter().filter(close).min_by_key(distance)
}

/// The environment variable of a key.
pub(super) fn variable(section: &str, key: &str) -> String {
    let section = section.replace(['[', '.'], "__").replace(']', "").replace('-', "_");
    format!("TICKETD_{section}__{key}").to_ascii_uppercase()
}
