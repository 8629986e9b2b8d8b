//! Who signed in for a mailbox: one sealed row a mailbox, with what the next sign-in takes.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{RowFault, StoreError};
use super::table::{Schema, Shared, Table};
use crate::model::keys::MailboxName;

/// The sign-ins, by mailbox.
pub struct Grants(Table<GrantSchema>);

/// A sign-in.
#[derive(Debug, Clone)]
pub struct KeptGrant {
    /// What gives the next access token. Each use replaces it.
    pub refresh_token: SecretString,
    /// When it was given.
    pub obtained: Timestamp,
    /// The tenant that gave it.
    pub tenant: String,
    /// The application that it was given to: it is of no use to another.
    pub client_id: String,
}

impl Grants {
    pub(super) fn open(db: &sled::Db, shared: Shared) -> Result<Self, StoreError> {
        Table::open(db, shared).map(Self)
    }

    /// Keeps `grant` as the sign-in of `mailbox`, in place of an older one. Durable only once a
    /// [`Store::barrier`](super::Store::barrier) called after it has returned.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for a refresh token of more than about 3.5 KiB;
    /// [`StoreError::Engine`].
    pub fn keep(&self, mailbox: &MailboxName, grant: &KeptGrant) -> Result<(), StoreError> {
        self.0.put(mailbox, grant)
    }

    /// The sign-in of `mailbox`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Row`] if the row does not open; [`StoreError::Engine`].
    pub fn of(&self, mailbox: &MailboxName) -> Result<Option<KeptGrant>, StoreError> {
        self.0.get(mailbox)
    }
}

pub(super) struct GrantSchema;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    refresh_token: &'a str,
    obtained: Timestamp,
    tenant: &'a str,
    client_id: &'a str,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct V1 {
    refresh_token: SecretString,
    obtained: Timestamp,
    tenant: String,
    client_id: String,
}

impl Schema for GrantSchema {
    const TREE: &'static str = "grants";
    const SEALED: bool = true;
    type Key = MailboxName;
    type Value = KeptGrant;

    fn key(key: &MailboxName) -> &[u8] {
        key.as_str().as_bytes()
    }

    fn read_key(bytes: &[u8]) -> Result<MailboxName, RowFault> {
        let text = std::str::from_utf8(bytes).ok();
        text.and_then(MailboxName::parse).ok_or(RowFault::Undecodable)
    }

    fn write(value: &KeptGrant) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        let KeptGrant { refresh_token, obtained, tenant, client_id } = value;
        let refresh_token = refresh_token.expose_secret();
        // Room for every character escaped: a buffer that grew would leave its old self unwiped.
        let room = 160 + 6 * (refresh_token.len() + tenant.len() + client_id.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        let written = Written { v: VERSION, refresh_token, obtained: *obtained, tenant, client_id };
        serde_json::to_writer(&mut *bytes, &written).map_err(|_| RowFault::Undecodable)?;
        Ok(bytes)
    }

    // serde's own words may quote the value, so they go no further.
    fn read(bytes: &[u8]) -> Result<KeptGrant, RowFault> {
        let version: Version = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        if version.v != VERSION {
            return Err(RowFault::NewerVersion(version.v));
        }
        let row: V1 = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        let V1 { refresh_token, obtained, tenant, client_id } = row;
        Ok(KeptGrant { refresh_token, obtained, tenant, client_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Keyring, Store};

    #[tokio::test]
    async fn a_sign_in_is_kept_replaced_sealed_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let (keys, name) = (Keyring::generate(), MailboxName::parse("support").unwrap());
        let grant = |token: &str| KeptGrant {
            refresh_token: token.into(),
            obtained: Timestamp::from_second(1_700_000_000).unwrap(),
            tenant: "contoso.example".to_owned(),
            client_id: "app".to_owned(),
        };
        let store = Store::open(&path, keys.clone()).unwrap();
        assert!(store.grants().of(&name).unwrap().is_none());
        for token in ["the-first-token", "the-second-token"] {
            store.grants().keep(&name, &grant(token)).unwrap();
        }
        store.barrier().await.unwrap();
        let exported = dir.path().join("export");
        store.export(&exported).unwrap();
        assert!(std::fs::read_to_string(&exported).unwrap().contains("grants"));
        let both = keys.with_new_current();
        assert_eq!(store.reseal(both.clone()).await.unwrap().unreadable, 0);
        drop(store);
        let store = Store::open(&path, Keyring::parse(&both.current_line()).unwrap()).unwrap();
        let back = store.grants().of(&name).unwrap().unwrap();
        assert_eq!(back.refresh_token.expose_secret(), "the-second-token");
        assert_eq!((back.tenant, back.client_id), ("contoso.example".into(), "app".into()));
    }

    #[test]
    fn other_rows_are_refused_without_quoting_them() {
        for (row, fault) in [
            (r#"{"v":2,"refresh_token":"s3cret"}"#, RowFault::NewerVersion(2)),
            (r#"{"v":1,"refresh_token":"s3cret"}"#, RowFault::Undecodable),
            ("", RowFault::Undecodable),
        ] {
            let found = GrantSchema::read(row.as_bytes()).unwrap_err();
            assert_eq!(found, fault, "{row}");
        }
    }
}
