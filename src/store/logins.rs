//! Who is who in Redmine: one sealed row a Mattermost user.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{RowFault, StoreError};
use super::table::{Schema, Shared, Table};
use crate::model::ids::UserId;
use crate::model::login::RedmineLogin;

/// The logins to Redmine, by Mattermost user id.
pub struct Logins(Table<LoginSchema>);

impl Logins {
    pub(super) fn open(db: &sled::Db, shared: Shared) -> Result<Self, StoreError> {
        Table::open(db, shared).map(Self)
    }

    /// Keeps `login` as the login of `user`, in place of an older one. Durable only once a
    /// [`Store::barrier`](super::Store::barrier) called after it has returned.
    ///
    /// # Errors
    /// [`StoreError::RowTooLong`] for a login of more than about 4 KiB; [`StoreError::Engine`].
    pub fn remember(&self, user: &UserId, login: &RedmineLogin) -> Result<(), StoreError> {
        self.0.put(user, login)
    }

    /// The login of `user`, if one is kept.
    ///
    /// # Errors
    /// [`StoreError::Row`] if the row does not open; [`StoreError::Engine`].
    pub fn of(&self, user: &UserId) -> Result<Option<RedmineLogin>, StoreError> {
        self.0.get(user)
    }

    /// Removes the login of `user`; says whether there was one. Durable only once a
    /// [`Store::barrier`](super::Store::barrier) called after it has returned.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    pub fn forget(&self, user: &UserId) -> Result<bool, StoreError> {
        self.0.remove(user)
    }

    /// Every login, in the order of the user ids.
    ///
    /// # Errors
    /// Each item: [`StoreError::Row`] if that row does not open; [`StoreError::Engine`].
    pub fn all(&self) -> impl Iterator<Item = Result<(UserId, RedmineLogin), StoreError>> {
        self.0.scan()
    }
}

pub(super) struct LoginSchema;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    redmine_id: u64,
    login: &'a str,
    api_key: &'a str,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct V1 {
    redmine_id: u64,
    login: String,
    api_key: SecretString,
}

impl Schema for LoginSchema {
    const TREE: &'static str = "logins";
    const SEALED: bool = true;
    type Key = UserId;
    type Value = RedmineLogin;

    fn key(key: &UserId) -> &[u8] {
        key.as_str().as_bytes()
    }

    fn read_key(bytes: &[u8]) -> Result<UserId, RowFault> {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| UserId::parse(text).ok())
            .ok_or(RowFault::Undecodable)
    }

    fn write(value: &RedmineLogin) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        let api_key = value.api_key.expose_secret();
        // Room for every character escaped: a buffer that grew would leave its old self unwiped.
        let room = 128 + 6 * (value.login.len() + api_key.len());
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        let written =
            Written { v: VERSION, redmine_id: value.redmine_id, login: &value.login, api_key };
        serde_json::to_writer(&mut *bytes, &written).map_err(|_| RowFault::Undecodable)?;
        Ok(bytes)
    }

    // serde's own words may quote the value, so they go no further.
    fn read(bytes: &[u8]) -> Result<RedmineLogin, RowFault> {
        let version: Version = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        if version.v != VERSION {
            return Err(RowFault::NewerVersion(version.v));
        }
        let row: V1 = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        Ok(RedmineLogin { redmine_id: row.redmine_id, login: row.login, api_key: row.api_key })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_login_comes_back_and_its_buffer_never_grows(
            redmine_id: u64, login: String, api_key: String,
        ) {
            let value =
                RedmineLogin { redmine_id, login: login.clone(), api_key: api_key.clone().into() };
            let bytes = LoginSchema::write(&value).unwrap();
            prop_assert!(bytes.len() <= 128 + 6 * (login.len() + api_key.len()));
            let back = LoginSchema::read(&bytes).unwrap();
            prop_assert_eq!(back.redmine_id, redmine_id);
            prop_assert_eq!(back.login, login);
            prop_assert_eq!(back.api_key.expose_secret(), api_key);
        }
    }

    #[test]
    fn other_rows_are_refused_without_quoting_them() {
        for (row, fault) in [
            (r#"{"v":2,"api_key":"s3cret"}"#, RowFault::NewerVersion(2)),
            (r#"{"v":1,"redmine_id":"s3cret"}"#, RowFault::Undecodable),
            (r#"{"v":"s3cret"}"#, RowFault::Undecodable),
            ("", RowFault::Undecodable),
        ] {
            let found = LoginSchema::read(row.as_bytes()).unwrap_err();
            assert_eq!(found, fault, "{row}");
            assert!(!found.to_string().contains("s3cret"));
        }
    }
}
