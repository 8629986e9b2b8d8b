//! Who may call the API: one sealed row a token, with a digest of its secret. All of them stand in
//! memory too, so that a request costs no look into a tree; what is revoked is gone there first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::{RowFault, StoreError};
use super::table::{Schema, Shared, Table};
use crate::model::api_token::{self, ApiToken, Scope, TokenId};

/// Seconds between two notes of a token's last use.
const NOTED_EVERY: i64 = 60;

/// The tokens.
pub struct Tokens {
    table: Table<TokenSchema>,
    /// Read from the table when it is first asked for.
    known: RwLock<Option<HashMap<TokenId, Arc<Known>>>>,
}

/// A token in memory. When it was last used changes; the rest never does.
struct Known {
    kept: Kept,
    used: AtomicI64,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// It is no token of ours, or was revoked.
    Unknown,
    /// Its time is over.
    Expired,
}

impl Tokens {
    pub(super) fn open(db: &sled::Db, shared: Shared) -> Result<Self, StoreError> {
        Ok(Self { table: Table::open(db, shared)?, known: RwLock::new(None) })
    }

    /// Makes a token and returns how it is written, for this once; `None` if another one has this
    /// name. Durable only once a [`Store::barrier`](super::Store::barrier) called after it has
    /// returned.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; [`StoreError::Row`] if a row does not open.
    pub fn create(
        &self,
        name: &str,
        scope: Scope,
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, SecretString)>, StoreError> {
        let mut known = self.known_mut();
        let known = self.filled(&mut known)?;
        if known.values().any(|one| one.kept.name == name) {
            return Ok(None);
        }
        let id = loop {
            match TokenId::parse(&random::<6>()?) {
                Some(id) if !known.contains_key(&id) => break id,
                _ => {}
            }
        };
        let secret = Zeroizing::new(random::<32>()?);
        let kept = Kept {
            name: name.to_owned(),
            scope,
            digest: digest(&secret),
            created: now,
            expires,
            used: None,
        };
        self.table.put(&id, &kept)?;
        let token = shown(&id, &kept, None);
        known.insert(id.clone(), Arc::new(Known { kept, used: AtomicI64::new(i64::MIN) }));
        Ok(Some((token, api_token::join(&id, &secret).into())))
    }

    /// Whom `token`, as a caller wrote it, stands for. It is compared in constant time.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; [`StoreError::Row`] if a row does not open.
    pub fn check(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<(TokenId, Scope), TokenFault>, StoreError> {
        let Some((id, secret)) = api_token::split(token) else {
            return Ok(Err(TokenFault::Unknown));
        };
        let Some(known) = self.of(&id)? else { return Ok(Err(TokenFault::Unknown)) };
        if !bool::from(digest(secret).ct_eq(&known.kept.digest)) {
            return Ok(Err(TokenFault::Unknown));
        }
        if known.kept.expires.is_some_and(|end| end <= now) {
            return Ok(Err(TokenFault::Expired));
        }
        self.note_use(&id, &known, now);
        Ok(Ok((id, known.kept.scope)))
    }

    /// Whether a token that was good is so still.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; [`StoreError::Row`] if a row does not open.
    pub fn is_worth_something(&self, id: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.of(id)?.is_some_and(|one| one.kept.expires.is_none_or(|end| end > now)))
    }

    /// Removes the token of this name or id; says which it was. It opens nothing from now on.
    /// Durable only once a [`Store::barrier`](super::Store::barrier) called after it has returned.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; [`StoreError::Row`] if a row does not open.
    pub fn revoke(&self, name_or_id: &str) -> Result<Option<ApiToken>, StoreError> {
        let mut known = self.known_mut();
        let known = self.filled(&mut known)?;
        let named = known.iter().find(|(_, one)| one.kept.name == name_or_id);
        let found = named.or_else(|| known.get_key_value(&TokenId::parse(name_or_id)?));
        let Some((id, one)) = found.map(|(id, one)| (id.clone(), one.clone())) else {
            return Ok(None);
        };
        known.remove(&id);
        self.table.remove(&id)?;
        Ok(Some(one.shown(&id)))
    }

    /// Every token, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; [`StoreError::Row`] if a row does not open.
    pub fn all(&self) -> Result<Vec<ApiToken>, StoreError> {
        let mut known = self.known_mut();
        let known = self.filled(&mut known)?;
        let mut all: Vec<_> = known.iter().map(|(id, one)| one.shown(id)).collect();
        all.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
        Ok(all)
    }

    fn of(&self, id: &TokenId) -> Result<Option<Arc<Known>>, StoreError> {
        if let Some(known) = &*self.known.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(known.get(id).cloned());
        }
        let mut known = self.known_mut();
        Ok(self.filled(&mut known)?.get(id).cloned())
    }

    /// Once a minute; a power cut may take the last of these notes with it. A use that cannot be
    /// noted is a use all the same.
    fn note_use(&self, id: &TokenId, one: &Known, now: Timestamp) {
        let (before, now) = (one.used.load(Relaxed), now.as_second());
        let is_late = now.saturating_sub(before) >= NOTED_EVERY;
        if !is_late || one.used.compare_exchange(before, now, Relaxed, Relaxed).is_err() {
            return;
        }
        // Held while the row is written: a token revoked at this moment must stay so.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|known| known.contains_key(id)) {
            let row = Kept { used: Timestamp::from_second(now).ok(), ..one.kept.clone() };
            if let Err(error) = self.table.put(id, &row) {
                tracing::warn!(%error, token.id = %id, "the last use of a token is not noted");
            }
        }
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Option<HashMap<TokenId, Arc<Known>>>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn filled<'k>(
        &self,
        known: &'k mut Option<HashMap<TokenId, Arc<Known>>>,
    ) -> Result<&'k mut HashMap<TokenId, Arc<Known>>, StoreError> {
        let all = match known.take() {
            Some(all) => all,
            None => self.table.scan().map(|row| row.map(in_memory)).collect::<Result<_, _>>()?,
        };
        Ok(known.insert(all))
    }
}

impl Known {
    fn shown(&self, id: &TokenId) -> ApiToken {
        shown(id, &self.kept, Timestamp::from_second(self.used.load(Relaxed)).ok())
    }
}

fn in_memory((id, kept): (TokenId, Kept)) -> (TokenId, Arc<Known>) {
    let used = AtomicI64::new(kept.used.map_or(i64::MIN, Timestamp::as_second));
    (id, Arc::new(Known { kept, used }))
}

fn shown(id: &TokenId, kept: &Kept, used: Option<Timestamp>) -> ApiToken {
    let Kept { name, scope, created, expires, .. } = kept.clone();
    ApiToken { id: id.clone(), name, scope, created, expires, used }
}

fn random<const N: usize>() -> Result<String, StoreError> {
    let mut bytes = Zeroizing::new([0; N]);
    let filled = SystemRandom::new().fill(&mut *bytes);
    filled.map_err(|_| StoreError::Engine("the system gives no random numbers".to_owned()))?;
    Ok(base16ct::lower::encode_string(&*bytes))
}

/// The secret is 256 random bits: a digest without salt or stretching gives nothing away.
fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

pub(super) struct TokenSchema;

const VERSION: u32 = 1;

/// What a row holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    name: String,
    scope: Scope,
    digest: [u8; 32],
    created: Timestamp,
    expires: Option<Timestamp>,
    used: Option<Timestamp>,
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(flatten)]
    kept: &'a Kept,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

impl Schema for TokenSchema {
    const TREE: &'static str = "tokens";
    const SEALED: bool = true;
    type Key = TokenId;
    type Value = Kept;

    fn key(key: &TokenId) -> &[u8] {
        key.as_str().as_bytes()
    }

    fn read_key(bytes: &[u8]) -> Result<TokenId, RowFault> {
        let text = std::str::from_utf8(bytes).ok();
        text.and_then(TokenId::parse).ok_or(RowFault::Undecodable)
    }

    fn write(value: &Kept) -> Result<Zeroizing<Vec<u8>>, RowFault> {
        let written = Written { v: VERSION, kept: value };
        let bytes = serde_json::to_vec(&written).map_err(|_| RowFault::Undecodable)?;
        Ok(Zeroizing::new(bytes))
    }

    fn read(bytes: &[u8]) -> Result<Kept, RowFault> {
        let version: Version = serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)?;
        if version.v != VERSION {
            return Err(RowFault::NewerVersion(version.v));
        }
        serde_json::from_slice(bytes).map_err(|_| RowFault::Undecodable)
    }
}

#[cfg(test)]
mod tests;
