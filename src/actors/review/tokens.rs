//! The operator's hand on the tokens of the API: what is made is told once, what is revoked opens
//! nothing from that moment on, and both are durable before they are told.

use std::fmt;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Reply, Review};
use crate::{
    clock,
    model::api_token::{self, Scope},
};

/// A token as it is written, on its way to the operator.
#[derive(Clone, Serialize, Deserialize)]
pub struct WrittenToken(pub String);

/// It lets in whoever has it.
impl fmt::Debug for WrittenToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrittenToken(…)")
    }
}

impl Review {
    pub(super) async fn make_token(
        &self,
        name: &str,
        scope: Scope,
        expires: Option<Timestamp>,
    ) -> anyhow::Result<Reply> {
        let Some(name) = api_token::name(name) else {
            let max = api_token::NAME_MAX;
            return Ok(Reply::Failed(format!("a name is one line of 1 to {max} characters")));
        };
        let now = clock::now();
        if expires.is_some_and(|end| end <= now) {
            return Ok(Reply::Failed("the token would expire before it was made".to_owned()));
        }
        let made = self.store.tokens().create(&name, scope, expires, now)?;
        let Some((token, written)) = made else {
            return Ok(Reply::Failed(format!(
                "there is a token {name:?} already; choose another name, or revoke that one first"
            )));
        };
        self.store.barrier().await?;
        tracing::info!(
            token.id = %token.id,
            token.name = token.name,
            token.scope = scope.word(),
            "a token of the api was made"
        );
        let written = WrittenToken(written.expose_secret().to_owned());
        Ok(Reply::TokenMade { token, written })
    }

    pub(super) async fn revoke_token(&self, name_or_id: &str) -> anyhow::Result<Reply> {
        let Some(token) = self.store.tokens().revoke(name_or_id)? else {
            return Ok(Reply::Failed(format!(
                "there is no token {name_or_id:?}; `ticketd token list` shows them"
            )));
        };
        self.store.barrier().await?;
        tracing::info!(
            token.id = %token.id,
            token.name = token.name,
            "a token of the api was revoked"
        );
        Ok(Reply::TokenRevoked(token))
    }
}
