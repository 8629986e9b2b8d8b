//! What the mailbox's server is shown at every call. A token in a file is kept until the server
//! refuses it, then the file is read again: whoever renews tokens writes the file.

use std::path::{Path, PathBuf};

use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::RwLock;

use super::SERVICE;
use crate::{clients::ApiError, secret};

/// How ticketd proves to the mailbox's server who it is.
#[derive(Clone)]
pub enum JmapAuth {
    /// A user's name and password.
    Basic {
        /// The user's name, often the address.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// A bearer token that stays.
    Token(SecretString),
    /// A bearer token that another program renews in a file.
    TokenFile(PathBuf),
}

/// What one call is signed with.
#[derive(Clone)]
pub(super) enum Key {
    Basic { user: String, password: SecretString },
    Bearer(SecretString),
}

impl Key {
    pub(super) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { user, password } => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
            Self::Bearer(token) => request.bearer_auth(token.expose_secret()),
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bearer(one), Self::Bearer(other)) => secret::matches(one, other.expose_secret()),
            _ => false,
        }
    }
}

/// Hands out the key that is known to be the newest.
pub(super) struct Keeper {
    auth: JmapAuth,
    from_file: RwLock<Option<Key>>,
}

impl Keeper {
    pub(super) fn new(auth: JmapAuth) -> Self {
        Self { auth, from_file: RwLock::new(None) }
    }

    /// The key to try first.
    pub(super) async fn key(&self) -> Result<Key, ApiError> {
        match &self.auth {
            JmapAuth::Basic { user, password } => {
                Ok(Key::Basic { user: user.clone(), password: password.clone() })
            }
            JmapAuth::Token(token) => Ok(Key::Bearer(token.clone())),
            JmapAuth::TokenFile(path) => {
                if let Some(key) = &*self.from_file.read().await {
                    return Ok(key.clone());
                }
                let mut kept = self.from_file.write().await;
                Ok(kept.insert(read(path).await?).clone())
            }
        }
    }

    /// Another key than the one that was refused, if the file has one by now.
    pub(super) async fn other_than(&self, refused: &Key) -> Option<Key> {
        let JmapAuth::TokenFile(path) = &self.auth else { return None };
        let mut kept = self.from_file.write().await;
        // Somebody else's call may have been refused first.
        if let Some(key) = &*kept
            && !key.is(refused)
        {
            return Some(key.clone());
        }
        let key = read(path).await.ok().filter(|key| !key.is(refused))?;
        Some(kept.insert(key).clone())
    }

    /// The key for a connection that is to stand for hours: a file is read anew.
    pub(super) async fn fresh(&self) -> Result<Key, ApiError> {
        let JmapAuth::TokenFile(path) = &self.auth else { return self.key().await };
        let mut kept = self.from_file.write().await;
        Ok(kept.insert(read(path).await?).clone())
    }
}

async fn read(path: &Path) -> Result<Key, ApiError> {
    let path = path.to_owned();
    let token = tokio::task::spawn_blocking(move || secret::read_file(&path)).await;
    match token {
        Ok(Ok(token)) => Ok(Key::Bearer(token)),
        Ok(Err(fault)) => {
            tracing::warn!(fault = %fault, "no token for the mailbox's server");
            Err(ApiError::Unauthorized { service: SERVICE })
        }
        Err(_) => Err(super::unavailable("the token's file could not be read")),
    }
}
