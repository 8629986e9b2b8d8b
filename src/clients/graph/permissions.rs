//! What a sign-in may do, for the operator: what its token says, and whether the mailbox opens.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
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

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
}

impl GraphClient {
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
}
