//! What a sign-in may do, for the operator: what its token says, and whether the mailbox opens.

use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{GraphClient, fault::Fault, unavailable};
use crate::clients::ApiError;

/// What the client needs.
const NEEDED: [&str; 2] = ["Mail.ReadWrite", "Mail.Send"];

/// What a sign-in may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The permissions that are missing; `None` if the token does not say.
    pub missing: Option<Vec<&'static str>>,
    /// Whether the mailbox opens.
    pub mailbox: Reach,
}

/// Whether a mailbox opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It does.
    Open,
    /// 403: a permission is missing; or, if none is, an application access policy leaves this
    /// mailbox out.
    Denied,
    /// There is no such mailbox.
    Unknown,
}

/// What Graph forbade last, until it is allowed.
#[derive(Default)]
pub(super) struct Rights(Mutex<Option<Vec<&'static str>>>);

impl Rights {
    /// Notes how a call with this token ended. One permission is not got back by what another
    /// allows: a mail can be read where none may be sent.
    pub(super) fn note(&self, token: &SecretString, forbidden: bool) {
        let lacks = || missing(token.expose_secret());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if forbidden {
            *known = Some(lacks().unwrap_or_default());
        } else if let Some(lacked) = &*known
            && (lacked.is_empty() || lacks().is_some_and(|lacks| lacks.is_empty()))
        {
            *known = None;
        }
    }

    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
}

impl GraphClient {
    /// What Graph forbade last and has not allowed since: the permissions that are missing, none if
    /// it is the mailbox that is closed.
    #[must_use]
    pub fn forbidden(&self) -> Option<Vec<&'static str>> {
        self.shared.rights.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tries the sign-in. The token is not verified: what it says is only for the operator.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] if nobody is let in: see [`GraphClient::sign_in_needed`]. Else an
    /// outage.
    pub async fn permissions(&self) -> Result<Granted, ApiError> {
        let key = self.shared.keeper.key().await?;
        let missing = missing(key.token.expose_secret());
        let mailbox = match self.folder_id("inbox").await {
            Ok(_) => Reach::Open,
            // Some other page, at a wrong address or of a proxy.
            Err(Fault { status: status @ (403 | 404), code, .. }) if code.is_empty() => {
                let cause = format!("status {status}, and not in Graph's words");
                return Err(unavailable(&cause));
            }
            Err(fault) if fault.status == 403 => Reach::Denied,
            Err(fault) if fault.status == 404 => Reach::Unknown,
            Err(fault) => return Err(fault.error),
        };
        Ok(Granted { missing, mailbox })
    }
}

/// `roles` are an application's own permissions, `scp` those that a person gave.
fn missing(token: &str) -> Option<Vec<&'static str>> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Claims { roles, scp } = serde_json::from_slice(&claims).ok()?;
    let has = |name: &str| {
        let mut all = roles.iter().map(String::as_str).chain(scp.split(' '));
        all.any(|one| one.eq_ignore_ascii_case(name))
    };
    Some(NEEDED.into_iter().filter(|name| !has(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_what_is_missing() {
        for (claims, expected) in [
            (r#"{"roles":["Mail.ReadWrite","Mail.Send"]}"#, Some(vec![])),
            (r#"{"scp":"Mail.ReadWrite openid"}"#, Some(vec!["Mail.Send"])),
            (r#"{"roles":["Mail.Read"]}"#, Some(NEEDED.to_vec())),
            ("no JSON", None),
        ] {
            let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
            assert_eq!(missing(&token), expected, "{claims}");
        }
        assert_eq!(missing("opaque"), None);
    }

    #[test]
    fn what_was_forbidden_stays_so_until_the_token_allows_it() {
        let token = |roles: &[&str]| {
            let claims = serde_json::json!({"roles": roles}).to_string();
            SecretString::from(format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims)))
        };
        let (reads, all) = (token(&["Mail.ReadWrite"]), token(&NEEDED));
        let rights = Rights::default();
        let known = || rights.0.lock().unwrap().clone();
        for (token, forbidden, expected) in [
            (&reads, false, None),
            (&reads, true, Some(vec!["Mail.Send"])),
            (&reads, false, Some(vec!["Mail.Send"])),
            (&all, false, None),
            (&all, true, Some(vec![])),
            (&all, false, None),
            (&"opaque".into(), true, Some(vec![])),
            (&"opaque".into(), false, None),
        ] {
            rights.note(token, forbidden);
            assert_eq!(known(), expected);
        }
    }
}
