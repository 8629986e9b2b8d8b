//! The sign-ins at which somebody sits: a device's code, and the authorization code with PKCE
//! (S256 alone). A test says what that somebody does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::LOCATION;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::super::{Graph, JSON};
use super::{Consent, Form, No, Oauth, check_client, check_tenant, token};
use crate::sandbox::wire::{Reply, Request};

/// What became of a device's code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Answer {
    Waiting,
    Approved,
    Declined,
    Spent,
}

pub(in super::super) struct Device {
    code: String,
    pub(in super::super) user_code: String,
    scope: String,
    pub(in super::super) expires: Timestamp,
    pub(in super::super) answer: Answer,
}

pub(in super::super) struct Code {
    scope: String,
    redirect_uri: String,
    challenge: String,
    expires: Timestamp,
    used: bool,
}

/// A device has 15 minutes, a code 10.
const DEVICE: SignedDuration = SignedDuration::from_mins(15);
const CODE: SignedDuration = SignedDuration::from_mins(10);

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(now)
}

impl Oauth {
    /// `POST /{tenant}/oauth2/v2.0/devicecode`.
    pub(in super::super) fn device_code(
        &mut self,
        tenant: &str,
        request: &Request,
        now: Timestamp,
    ) -> Reply {
        let form = Form::of(request);
        let asked = check_tenant(tenant).and_then(|()| check_client(&form));
        let scope = match asked.and_then(|()| form.need("scope")) {
            Ok(scope) => scope.to_owned(),
            Err(no) => return no.into_reply(request, now),
        };
        let code = format!("DAQAB{}", token::random(3));
        let letters = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
        let user_code = letters[..9].to_owned();
        let page = "https://microsoft.com/devicelogin";
        let body = json!({
            "user_code": user_code,
            "device_code": code,
            "verification_uri": page,
            "expires_in": DEVICE.as_secs(),
            "interval": self.device_interval,
            "message": format!(
                "To sign in, use a web browser to open the page {page} and enter the code \
                 {user_code} to authenticate."
            ),
        });
        let (expires, answer) = (after(now, DEVICE), Answer::Waiting);
        self.devices.push(Device { code, user_code, scope, expires, answer });
        Reply::json(StatusCode::OK, JSON, &body)
    }

    /// The scope that was asked for, once somebody has approved.
    pub(super) fn redeem_device(&mut self, form: &Form, now: Timestamp) -> Result<String, No> {
        let code = form.need("device_code")?;
        if self.slow_down > 0 {
            self.slow_down -= 1;
            return Err(No::new("slow_down", 70_016, "The polling is too frequent."));
        }
        let Some(device) = self.devices.iter_mut().find(|device| device.code == code) else {
            let text = "The verification code is not valid.";
            return Err(No::new("bad_verification_code", 70_018, text));
        };
        if now >= device.expires {
            let text = "The verification code expired.";
            return Err(No::new("expired_token", 70_019, text));
        }
        match device.answer {
            Answer::Waiting => {
                let text =
                    "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
                Err(No::new("authorization_pending", 70_016, text))
            }
            Answer::Declined => {
                let text = "User declined to consent to access the app.";
                Err(No::new("authorization_declined", 65_004, text))
            }
            Answer::Spent => {
                let text = "The verification code was used before.";
                Err(No::new("bad_verification_code", 70_018, text))
            }
            Answer::Approved => {
                device.answer = Answer::Spent;
                Ok(device.scope.clone())
            }
        }
    }

    /// `GET /{tenant}/oauth2/v2.0/authorize`: the page on which somebody signs in, who does so at
    /// once. Sends the browser on, or shows a page where it cannot know whereto.
    pub(in super::super) fn authorize(
        &mut self,
        tenant: &str,
        request: &Request,
        now: Timestamp,
    ) -> Reply {
        let form = Form(request.query.clone());
        let redirect =
            check_tenant(tenant).and_then(|()| check_client(&form)).and_then(|()| redirect(&form));
        let target = match redirect {
            Ok(target) => target,
            Err(no) => {
                return Reply::html(StatusCode::BAD_REQUEST, "Sign in", &no.description());
            }
        };
        let mut location = target.clone();
        {
            let mut query = location.query_pairs_mut();
            match self.new_code(&form, now) {
                Ok(code) => {
                    query.append_pair("code", &code);
                }
                Err(no) => {
                    query.append_pair("error", no.error());
                    query.append_pair("error_description", &no.description());
                }
            }
            if let Some(state) = form.get("state") {
                query.append_pair("state", state);
            }
        }
        Reply::empty(StatusCode::FOUND).with(LOCATION, location.as_str())
    }

    fn new_code(&mut self, form: &Form, now: Timestamp) -> Result<String, No> {
        let scope = form.need("scope")?.to_owned();
        if form.get("response_type") != Some("code") {
            let text = "The response_type must be 'code'.";
            return Err(No::new("unsupported_response_type", 700_054, text));
        }
        let challenge = form.need("code_challenge")?.to_owned();
        if form.get("code_challenge_method") != Some("S256") || challenge.len() != 43 {
            let text = "The code_challenge of the request is not one of the method S256.";
            return Err(No::new("invalid_request", 501_491, text));
        }
        if self.consent == Consent::Denied {
            let text = "User declined to consent to access the app.";
            return Err(No::new("access_denied", 65_004, text));
        }
        let code = format!("1.AX{}", token::random(4));
        let redirect_uri = form.need("redirect_uri")?.to_owned();
        let expires = after(now, CODE);
        let granted = Code { scope, redirect_uri, challenge, expires, used: false };
        self.codes.insert(code.clone(), granted);
        Ok(code)
    }

    /// The scope that was asked for with this code.
    pub(super) fn redeem_code(&mut self, form: &Form, now: Timestamp) -> Result<String, No> {
        let code = form.need("code")?;
        let (verifier, redirect_uri) = (form.need("code_verifier")?, form.need("redirect_uri")?);
        let Some(granted) = self.codes.get_mut(code) else {
            let text = "Provided grant is invalid or malformed.";
            return Err(No::new("invalid_grant", 70_000, text));
        };
        if granted.used {
            let text = "OAuth2 Authorization code was already redeemed, please retry with a new \
                        valid code or use an existing refresh token.";
            return Err(No::new("invalid_grant", 54_005, text));
        }
        if now >= granted.expires {
            let text = "The provided authorization code or refresh token has expired due to \
                        inactivity. Send a new interactive authorization request for this user \
                        and resource.";
            return Err(No::new("invalid_grant", 70_008, text));
        }
        if granted.redirect_uri != redirect_uri {
            let text = "The reply address is not the one of the authorization request.";
            return Err(No::new("invalid_client", 500_112, text));
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != granted.challenge {
            let text = "The code_verifier does not match the code_challenge supplied in the \
                        authorization request for PKCE.";
            return Err(No::new("invalid_grant", 501_481, text));
        }
        granted.used = true;
        Ok(granted.scope.clone())
    }
}

/// The address to send the browser to: loopback at any port, or the page for native clients.
fn redirect(form: &Form) -> Result<Url, No> {
    let asked = form.need("redirect_uri")?;
    let url = Url::parse(asked).ok().filter(|url| {
        let local = url.scheme() == "http"
            && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        local || asked == Graph::NATIVE_CLIENT
    });
    url.ok_or_else(|| {
        let text = format!(
            "The redirect URI '{asked}' specified in the request does not match the redirect URIs \
             configured for the application '{}'.",
            Graph::CLIENT_ID
        );
        No::new("invalid_request", 50_011, text)
    })
}
