//! `[store]`: where ticketd keeps its data, and the key that seals it.

use std::path::PathBuf;

use secrecy::SecretString;

use super::reader::Faulted;
use super::section::Section;

/// The store.
#[derive(Debug, Clone)]
pub struct Store {
    /// The folder of the data.
    pub path: PathBuf,
    /// The master keys as text, one a line; never empty. What they must be is the store's affair.
    pub master_key: SecretString,
    /// The file that the keys came from: `ticketd keys rotate` rewrites it.
    pub master_key_file: Option<PathBuf>,
}

impl Store {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, Faulted> {
        let path = section.parsed("path", |text| Ok(PathBuf::from(text)));
        let key = section
            .secret("master_key")?
            .ok_or_else(|| section.missing("master_key", "`ticketd keys generate` makes a key"))?;
        Ok(Self {
            path: path.unwrap_or_else(|| PathBuf::from("/var/lib/ticketd")),
            master_key: key.text,
            master_key_file: key.file,
        })
    }
}
