//! What is wrong with a configuration: every fault with its key, its source and what to do.
//! A fault never holds a secret's value.

use std::fmt;
use std::path::PathBuf;

/// All that is wrong, one fault a line when displayed; and before it, if there was no file, where it
/// was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFaults {
    pub(super) faults: Vec<Fault>,
    /// Where a file was looked for and not found.
    pub(super) searched: &'static [&'static str],
}

impl ConfigFaults {
    /// The faults, in the order of the sections; never empty.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It explains why so much is not set.
        let mut end_of_line = "";
        if !self.searched.is_empty() {
            let places = self.searched.join(" or ");
            write!(f, "no configuration file in {places}; name one with --config FILE")?;
            end_of_line = "\n";
        }
        for fault in &self.faults {
            write!(f, "{end_of_line}{fault}")?;
            end_of_line = "\n";
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key as `section.key`; empty when the fault is the file's own.
    pub key: String,
    /// Where the value came from.
    pub source: Source,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Nowhere => {}
            Source::File(path) => write!(f, "{}: ", path.display())?,
            Source::Line(path, line) => write!(f, "{}:{line}: ", path.display())?,
            Source::Variable(name) => write!(f, "{name}: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is set nowhere.
    Nowhere,
    /// A configuration file as a whole.
    File(PathBuf),
    /// A line of a configuration file, counted from 1.
    Line(PathBuf, usize),
    /// An environment variable.
    Variable(String),
}
