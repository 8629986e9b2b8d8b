//! Access tokens: three parts like any JWT, and `roles` or `scp` in the one that can be read
//! ("Access token claims reference"). Their signature is random: only Graph may look at it, and
//! the stand-in knows each token that it gave out.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::Graph;
use super::Oauth;

/// What an access token is worth.
#[derive(Clone)]
pub(in super::super) struct Access {
    /// `None` for the application itself.
    pub(in super::super) user: Option<String>,
    pub(in super::super) permissions: BTreeSet<String>,
    pub(in super::super) expires: Timestamp,
}

impl Oauth {
    pub(in super::super) fn issue_access(
        &mut self,
        user: Option<String>,
        permissions: BTreeSet<String>,
        now: Timestamp,
    ) -> Value {
        let expires = now.checked_add(self.token_lifetime).unwrap_or(now);
        let names: Vec<&str> = permissions.iter().map(String::as_str).collect();
        let mut claims = json!({
            "aud": "https://graph.microsoft.com",
            "iss": format!("https://sts.windows.net/{}/", Graph::TENANT),
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": expires.as_second(),
            "appid": Graph::CLIENT_ID,
            "tid": Graph::TENANT,
            "uti": random(1),
            "ver": "1.0",
        });
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": self.token_lifetime.as_secs(),
            "ext_expires_in": self.token_lifetime.as_secs(),
        });
        if let Some(user) = &user {
            claims["idtyp"] = json!("user");
            claims["upn"] = json!(user);
            claims["scp"] = json!(names.join(" "));
            let scopes = names.iter().map(|name| format!("https://graph.microsoft.com/{name}"));
            answer["scope"] = json!(scopes.collect::<Vec<_>>().join(" "));
        } else {
            claims["idtyp"] = json!("app");
            if !names.is_empty() {
                claims["roles"] = json!(names);
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({ "typ": "JWT", "alg": "RS256", "kid": "sandbox" });
        let token = format!("{}.{}.{}", part(&head), part(&claims), random(4));
        answer["access_token"] = json!(token);
        self.access.retain(|_, access| access.expires > now);
        self.access.insert(token, Access { user, permissions, expires });
        answer
    }
}

/// As many times 16 random bytes, in letters that a URL holds.
pub(super) fn random(times: usize) -> String {
    (0..times).map(|_| URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())).collect()
}
