//! Entra's token endpoint ("Microsoft identity platform and the OAuth 2.0 client credentials
//! flow", "… device authorization grant", "… authorization code flow"): what was granted, to whom,
//! and for how long. Refuses with the AADSTS codes of "Microsoft Entra authentication and
//! authorization error codes".

pub(super) mod assertion;
mod client;
pub(super) mod interactive;
mod refuse;
mod token;

use std::collections::{BTreeSet, HashMap};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Graph, JSON};
use crate::sandbox::wire::{Reply, Request};
use interactive::{Code, Device};
pub(super) use refuse::No;
pub(super) use token::Access;

/// What the administrator or the user says to what the application asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Given.
    #[default]
    Given,
    /// Refused on the page of the sign-in: `access_denied` at the redirect.
    Denied,
    /// Nobody has been asked: tokens for a user are refused with AADSTS65001.
    Missing,
}

/// A refresh token, once the token itself is known.
struct Refresh {
    user: String,
    scopes: BTreeSet<String>,
    issued: Timestamp,
    used: bool,
    revoked: bool,
}

pub(super) struct Oauth {
    pub(super) token_lifetime: SignedDuration,
    pub(super) refresh_lifetime: SignedDuration,
    pub(super) device_interval: u64,
    pub(super) permissions: BTreeSet<String>,
    pub(super) consent: Consent,
    /// Whether the application's certificate is registered.
    pub(super) certificate: bool,
    pub(super) access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    pub(super) devices: Vec<Device>,
    pub(super) codes: HashMap<String, Code>,
    /// Answers `slow_down` to that many polls of a device.
    pub(super) slow_down: u32,
    /// Who signs in where somebody has to.
    user: String,
    /// Access tokens end after that many requests to Graph more.
    pub(super) fuse: Option<u32>,
    pub(super) refreshed: u64,
}

/// A form, as it is posted.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn of(request: &Request) -> Self {
        Self(url::form_urlencoded::parse(&request.body).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, No> {
        self.get(name).ok_or_else(|| No::missing(name))
    }
}

/// The tenant of a path: by its id or by its domain.
fn is_tenant(name: &str) -> bool {
    name.eq_ignore_ascii_case(Graph::TENANT) || name.eq_ignore_ascii_case(Graph::TENANT_DOMAIN)
}

pub(super) fn check_tenant(name: &str) -> Result<(), No> {
    if is_tenant(name) {
        return Ok(());
    }
    let text = format!(
        "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are \
         signing into the correct cloud."
    );
    Err(No::new("invalid_request", 90002, text))
}

pub(super) fn check_client(form: &Form) -> Result<(), No> {
    let id = form.need("client_id")?;
    if id == Graph::CLIENT_ID {
        return Ok(());
    }
    let text = format!("Application with identifier '{id}' was not found in the directory.");
    Err(No::new("unauthorized_client", 700_016, text))
}

impl Oauth {
    pub(super) fn new(user: &str, refresh_lifetime: SignedDuration, device_interval: u64) -> Self {
        Self {
            token_lifetime: SignedDuration::from_secs(3_599),
            refresh_lifetime,
            device_interval,
            permissions: ["Mail.ReadWrite", "Mail.Send"].map(str::to_owned).into(),
            consent: Consent::Given,
            certificate: true,
            access: HashMap::new(),
            refresh: HashMap::new(),
            devices: Vec::new(),
            codes: HashMap::new(),
            slow_down: 0,
            user: user.to_owned(),
            fuse: None,
            refreshed: 0,
        }
    }

    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub(super) fn token(&mut self, tenant: &str, request: &Request, now: Timestamp) -> Reply {
        let form = Form::of(request);
        let answer = check_tenant(tenant)
            .and_then(|()| check_client(&form))
            .and_then(|()| self.grant(tenant, &form, request, now));
        match answer {
            Ok(body) => Reply::json(StatusCode::OK, JSON, &body)
                .with(http::header::CACHE_CONTROL, "no-store, no-cache"),
            Err(no) => no.into_reply(request, now),
        }
    }

    fn grant(
        &mut self,
        tenant: &str,
        form: &Form,
        request: &Request,
        now: Timestamp,
    ) -> Result<Value, No> {
        let authenticate = |oauth: &Self| client::check(oauth, tenant, form, request, now);
        match form.need("grant_type")? {
            "client_credentials" => {
                authenticate(self)?.proven()?;
                let scope = form.need("scope")?;
                if !scope.ends_with("/.default") {
                    let text = format!(
                        "The provided value for scope {scope} is not valid. Client credential \
                         flows must have a scope value with /.default suffixed to the resource \
                         identifier (application ID URI)."
                    );
                    return Err(No::new("invalid_scope", 1_002_012, text));
                }
                // Without consent the token holds no role, and Graph refuses it.
                let consented = self.consent == Consent::Given;
                let roles = if consented { self.permissions.clone() } else { BTreeSet::new() };
                Ok(self.issue_access(None, roles, now))
            }
            "refresh_token" => {
                authenticate(self)?;
                let token = form.need("refresh_token")?.to_owned();
                self.refresh(&token, form, now)
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                authenticate(self)?;
                let scopes = self.redeem_device(form, now)?;
                self.issue(&scopes, now)
            }
            "authorization_code" => {
                authenticate(self)?;
                let scopes = self.redeem_code(form, now)?;
                self.issue(&scopes, now)
            }
            other => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                Err(No::new("unsupported_grant_type", 70_003, text))
            }
        }
    }

    fn consented(&self) -> Result<(), No> {
        if self.consent == Consent::Given {
            return Ok(());
        }
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{}' \
             named 'ticketd'. Send an interactive authorization request for this user and \
             resource.",
            Graph::CLIENT_ID
        );
        Err(No::new("invalid_grant", 65_001, text).sub("consent_required"))
    }

    /// What a user's sign-in is worth: an access token and, for `offline_access`, a refresh token.
    fn issue(&mut self, scope: &str, now: Timestamp) -> Result<Value, No> {
        self.consented()?;
        let user = self.user.clone();
        let scopes = self.scopes(scope);
        let mut answer = self.issue_access(Some(user.clone()), scopes.clone(), now);
        if scope.split_whitespace().any(|scope| scope == "offline_access") {
            answer["refresh_token"] = json!(self.new_refresh(user, scopes, now));
        }
        Ok(answer)
    }

    /// Those of the scopes asked for that the application has.
    fn scopes(&self, asked: &str) -> BTreeSet<String> {
        let names: Vec<&str> = asked
            .split_whitespace()
            .map(|scope| scope.rsplit('/').next().unwrap_or(scope))
            .collect();
        let all = names.contains(&".default");
        let have = self.permissions.iter();
        have.filter(|have| all || names.contains(&have.as_str())).cloned().collect()
    }

    fn new_refresh(&mut self, user: String, scopes: BTreeSet<String>, now: Timestamp) -> String {
        let token = format!("1.AX{}", token::random(2));
        let refresh = Refresh { user, scopes, issued: now, used: false, revoked: false };
        self.refresh.insert(token.clone(), refresh);
        token
    }

    /// A refresh token is worth one use: the answer has the next one. (Entra itself tolerates the
    /// old one for a while; a client must not count on that.)
    fn refresh(&mut self, token: &str, form: &Form, now: Timestamp) -> Result<Value, No> {
        let lifetime = self.refresh_lifetime;
        let Some(known) = self.refresh.get(token) else {
            let text = "Provided grant is invalid or malformed.";
            return Err(No::new("invalid_grant", 70_000, text));
        };
        if known.revoked {
            let text = "The provided grant has expired due to it being revoked, a fresh auth token \
                        is needed. The user might have changed or reset their password.";
            return Err(No::new("invalid_grant", 50_173, text).sub("bad_token"));
        }
        if now.duration_since(known.issued) > lifetime {
            let text = format!(
                "The refresh token has expired due to inactivity. The token was issued on {} and \
                 was inactive for {}.00:00:00.",
                known.issued,
                lifetime.as_hours() / 24
            );
            return Err(No::new("invalid_grant", 700_082, text).sub("bad_token"));
        }
        if known.used {
            let text = "Provided grant is invalid or malformed. The refresh token was used before.";
            return Err(No::new("invalid_grant", 70_000, text).sub("bad_token"));
        }
        self.consented()?;
        let (user, had) = (known.user.clone(), known.scopes.clone());
        let mut scopes = self.permissions.clone();
        scopes.retain(|scope| had.contains(scope));
        if let Some(asked) = form.get("scope") {
            let asked = self.scopes(asked);
            scopes.retain(|scope| asked.contains(scope));
        }
        if let Some(known) = self.refresh.get_mut(token) {
            known.used = true;
        }
        self.refreshed += 1;
        let mut answer = self.issue_access(Some(user.clone()), scopes, now);
        answer["refresh_token"] = json!(self.new_refresh(user, had, now));
        Ok(answer)
    }

    /// Somebody takes back what was granted: refresh tokens are worth nothing any more.
    pub(super) fn revoke(&mut self) {
        for refresh in self.refresh.values_mut() {
            refresh.revoked = true;
        }
        self.access.clear();
    }
}
