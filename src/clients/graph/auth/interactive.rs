//! Signing in by hand: a code typed in at another device, or a browser's address pasted back. What
//! comes out is a [`Grant`] that the caller keeps. Nothing of it is logged.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};
use uuid::Uuid;

use super::{
    Grant, GraphAuth, SignInFault,
    entra::{Entra, Fresh},
    fault::{Trouble, code_in},
};
use crate::{clients::ApiError, model::mail::Email, secret, telemetry::Metrics};

/// The pause between two polls where Entra says nothing. Source: RFC 8628, 3.2.
const INTERVAL: u64 = 5;

/// A sign-in by hand for one application.
pub struct SignIn {
    entra: Entra,
}

/// What is shown to the person who signs in at another device.
#[derive(Clone)]
pub struct DeviceCode {
    /// The code to type in.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The pause between two polls; add five seconds after [`Polled::SlowDown`].
    pub interval: Duration,
    /// How long the code is good.
    pub expires_in: Duration,
    /// What is polled with.
    pub device_code: SecretString,
}

/// What a poll came to.
#[derive(Debug)]
pub enum Polled {
    /// Nobody has typed the code in yet.
    Pending,
    /// The same, and it was asked too soon.
    SlowDown,
    /// Somebody has.
    Granted(Grant),
}

/// A sign-in in a browser that has begun.
pub struct CodeRequest {
    /// The address to open.
    pub url: Url,
    /// The proof that who began it ends it (RFC 7636).
    verifier: SecretString,
    /// What the address that comes back must repeat.
    state: SecretString,
    redirect: Url,
}

/// The codes in it let in whoever has them.
impl fmt::Debug for CodeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeRequest").finish_non_exhaustive()
    }
}

/// Why a sign-in by hand failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Entra said no.
    #[error(transparent)]
    Fault(#[from] SignInFault),
    /// What was pasted is no address that a sign-in comes back to.
    #[error("this is not the address that the sign-in came back to; paste the whole of it")]
    NoRedirect,
    /// It belongs to another sign-in: an older one, or somebody else's.
    #[error("this address belongs to another sign-in; open the address of this one")]
    OtherSignIn,
    /// The code was not used in time, or it was used before.
    #[error("the code has expired; begin again")]
    Expired,
    /// Entra could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl From<Trouble> for SignInError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Fault(fault) => Self::Fault(fault),
            Trouble::Word(word) if word == "expired_token" => Self::Expired,
            Trouble::Word(word) => Self::Fault(SignInFault::Other(word)),
            Trouble::Api(error) => Self::Api(error),
        }
    }
}

#[derive(Deserialize)]
struct Begun {
    user_code: String,
    device_code: SecretString,
    verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

impl SignIn {
    /// A sign-in for the application of `auth`; how it gets in otherwise does not matter. `base` is
    /// Graph's address, `limit` the longest that one question may take.
    ///
    /// # Errors
    /// As [`crate::clients::Transport::new`].
    pub fn new(
        auth: &GraphAuth,
        base: &Url,
        limit: Duration,
        metrics: Metrics,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { entra: Entra::new(auth, base, limit, metrics)? })
    }

    /// Asks for a code that a person types in at another device.
    ///
    /// # Errors
    /// [`SignInError::Fault`], such as an application that is not known.
    pub async fn begin_device(&self) -> Result<DeviceCode, SignInError> {
        let scope = self.entra.persons_scope();
        let begun: Begun = self.entra.post("devicecode", &[("scope", &scope)]).await?;
        Ok(DeviceCode {
            user_code: begun.user_code,
            verification_uri: begun.verification_uri,
            interval: Duration::from_secs(begun.interval.unwrap_or(INTERVAL).max(1)),
            expires_in: Duration::from_secs(begun.expires_in),
            device_code: begun.device_code,
        })
    }

    /// Asks whether the person has typed the code in.
    ///
    /// # Errors
    /// [`SignInError::Expired`] when it is too late; [`SignInFault::Denied`] when the person said
    /// no.
    pub async fn poll_device(&self, code: &DeviceCode) -> Result<Polled, SignInError> {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", code.device_code.expose_secret()),
        ];
        match self.entra.tokens(&form).await {
            Ok(fresh) => Ok(Polled::Granted(granted(fresh)?)),
            Err(Trouble::Word(word)) if word == "authorization_pending" => Ok(Polled::Pending),
            Err(Trouble::Word(word)) if word == "slow_down" => Ok(Polled::SlowDown),
            Err(trouble) => Err(used_up(trouble)),
        }
    }

    /// Begins a sign-in in a browser, which then comes back to `redirect` with a code: one of the
    /// application's registered addresses.
    #[must_use]
    pub fn begin_code(&self, redirect: &Url, login_hint: &Email) -> CodeRequest {
        let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let (verifier, state) = (random(), random());
        let mut url = self.entra.at("authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.entra.client_id)
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("redirect_uri", redirect.as_str())
            .append_pair("scope", &self.entra.persons_scope())
            .append_pair("state", &state)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256")
            .append_pair("login_hint", login_hint.as_str());
        CodeRequest {
            url,
            verifier: verifier.into(),
            state: state.into(),
            redirect: redirect.clone(),
        }
    }

    /// Ends it with the address that the browser came back to.
    ///
    /// # Errors
    /// [`SignInError::OtherSignIn`] if it is not of this sign-in; [`SignInFault::Denied`] if the
    /// person said no.
    pub async fn finish_code(
        &self,
        request: &CodeRequest,
        pasted: &str,
    ) -> Result<Grant, SignInError> {
        let code = code_of(request, pasted)?;
        let scope = self.entra.persons_scope();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", request.redirect.as_str()),
            ("code_verifier", request.verifier.expose_secret()),
            ("scope", &scope),
        ];
        granted(self.entra.tokens(&form).await.map_err(used_up)?)
    }
}

/// Of a code it is its end, not the grant's.
fn used_up(trouble: Trouble) -> SignInError {
    match trouble {
        Trouble::Fault(SignInFault::GrantEnded) => SignInError::Expired,
        trouble => trouble.into(),
    }
}

/// Without a refresh token the sign-in would be over within the hour.
fn granted(fresh: Fresh) -> Result<Grant, SignInError> {
    fresh.grant.ok_or(SignInError::Fault(SignInFault::NoConsent))
}

/// The code in the address that came back.
fn code_of(request: &CodeRequest, pasted: &str) -> Result<SecretString, SignInError> {
    let pasted = pasted.trim();
    let (_, query) = pasted.split_once('?').ok_or(SignInError::NoRedirect)?;
    let query = query.split('#').next().unwrap_or_default();
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let state = value("state").ok_or(SignInError::NoRedirect)?;
    if !secret::matches(&request.state, &state) {
        return Err(SignInError::OtherSignIn);
    }
    if let Some(error) = value("error") {
        let told = value("error_description").unwrap_or_default();
        return Err(Trouble::said(&error, code_in(&told)).into());
    }
    Ok(value("code").ok_or(SignInError::NoRedirect)?.into())
}
