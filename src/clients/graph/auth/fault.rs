//! What Entra says against a sign-in. Most of it only a person can mend: those are
//! [`SignInFault`]s; the rest passes by itself and is an [`ApiError`].
//!
//! Source of the codes: "Microsoft Entra authentication and authorization error codes".

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ENTRA;
use crate::clients::{ApiError, transport::Failed};

/// Why nobody is let in until a person does something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SignInFault {
    /// AADSTS90002, 900023: there is no such tenant.
    #[error("the tenant is not known; correct it")]
    WrongTenant,
    /// AADSTS700016: the tenant has no such application.
    #[error("the tenant does not know the application; correct the client id")]
    UnknownApp,
    /// AADSTS7000215, 700027 and others: the secret is not that of the application, or the
    /// certificate is not registered with it.
    #[error("the secret or the certificate is not the application's; correct it")]
    WrongSecret,
    /// AADSTS7000218: the application may not let people in without a secret of its own.
    #[error("the application does not allow public client flows")]
    NotPublic,
    /// AADSTS7000222: the application's secret has expired.
    #[error("the application's secret has expired; make a new one")]
    SecretExpired,
    /// AADSTS65001, 90094 and others: nobody, or no administrator, consented to what the
    /// application asks for.
    #[error("nobody consented to the application's permissions")]
    NoConsent,
    /// AADSTS65004, `access_denied`: the person said no.
    #[error("the consent was refused")]
    Denied,
    /// AADSTS700082, 50173, 70008 and others: the grant has expired or was revoked.
    #[error("the sign-in has ended; sign in again")]
    GrantEnded,
    /// Nobody has signed in yet.
    #[error("nobody has signed in yet")]
    NoGrant,
    /// Anything else, by its code: `AADSTS` and digits, or a word of OAuth.
    #[error("the sign-in is refused with {0}")]
    Other(String),
}

impl SignInFault {
    /// Its word for `/ready`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::WrongTenant => "wrong tenant",
            Self::UnknownApp => "unknown application",
            Self::WrongSecret => "wrong secret",
            Self::NotPublic => "no public client",
            Self::SecretExpired => "secret expired",
            Self::NoConsent => "no consent",
            Self::Denied => "consent denied",
            Self::GrantEnded => "sign-in ended",
            Self::NoGrant => "nobody signed in",
            Self::Other(_) => "refused",
        }
    }
}

/// Why a sign-in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// A person must mend it.
    #[error(transparent)]
    Fault(#[from] SignInFault),
    /// OAuth's word for "not yet" and the like, which only a poll expects.
    #[error("{0}")]
    Word(String),
    /// It may pass.
    #[error(transparent)]
    Api(#[from] ApiError),
}

#[derive(Deserialize)]
struct Said {
    error: String,
    #[serde(default)]
    error_codes: Vec<u64>,
    error_description: Option<String>,
}

impl Trouble {
    pub(super) fn of(failed: Failed) -> Self {
        let Some(refusal) = failed.refusal else { return Self::Api(harmless(failed.error)) };
        if refusal.status.as_u16() == 429 || refusal.status.is_server_error() {
            return Self::Api(match refusal.retry_after {
                Some(after) => ApiError::RateLimited { service: ENTRA, after: Some(after) },
                None => harmless(failed.error),
            });
        }
        let Ok(said) = serde_json::from_slice::<Said>(&refusal.body) else {
            // A proxy's page, perhaps.
            let status = refusal.status.as_u16();
            return Self::Api(unavailable(&format!("status {status}, and not in Entra's words")));
        };
        let told = said.error_description.as_deref().unwrap_or_default();
        let code = said.error_codes.first().copied().or_else(|| code_in(told));
        Self::said(&said.error, code)
    }

    /// By OAuth's word and Entra's code, wherever they were said.
    pub(super) fn said(word: &str, code: Option<u64>) -> Self {
        if let Some(passing) = passing(word, code) {
            return Self::Api(passing);
        }
        if POLLED.contains(&word) {
            return Self::Word(word.to_owned());
        }
        Self::Fault(fault(word, code))
    }
}

/// How long Entra is left alone after "too many", where it does not say.
const THROTTLED: Duration = Duration::from_mins(1);

/// RFC 8628, 3.5, and Entra's own `authorization_declined`.
const POLLED: [&str; 3] = ["authorization_pending", "slow_down", "expired_token"];

fn fault(word: &str, code: Option<u64>) -> SignInFault {
    match (code, word) {
        (Some(90_002 | 900_021 | 900_023), _) => SignInFault::WrongTenant,
        (Some(700_016 | 700_038), _) => SignInFault::UnknownApp,
        (Some(7_000_215 | 700_027 | 700_023 | 700_024 | 50_012), _) | (None, "invalid_client") => {
            SignInFault::WrongSecret
        }
        (Some(7_000_218), _) => SignInFault::NotPublic,
        (Some(7_000_222), _) => SignInFault::SecretExpired,
        (Some(65_001 | 90_008 | 90_094 | 90_095 | 650_056), _) | (None, "consent_required") => {
            SignInFault::NoConsent
        }
        (Some(65_004), _) | (_, "access_denied" | "authorization_declined") => SignInFault::Denied,
        (
            Some(
                700_082 | 50_173 | 50_076 | 50_078 | 50_079 | 50_089 | 50_133 | 54_005 | 70_000
                | 70_008 | 70_043 | 700_081 | 700_084,
            ),
            _,
        )
        | (None, "invalid_grant" | "interaction_required") => SignInFault::GrantEnded,
        (Some(code), _) => SignInFault::Other(format!("AADSTS{code}")),
        (None, word) => SignInFault::Other(plain(word)),
    }
}

/// What no person can mend, and what passes when one waits.
fn passing(word: &str, code: Option<u64>) -> Option<ApiError> {
    match code {
        // LoopDetected, TenantThrottlingError, and the limit on calls for a second factor.
        Some(50_196 | 90_055 | 50_088) => {
            Some(ApiError::RateLimited { service: ENTRA, after: Some(THROTTLED) })
        }
        // OAuth2IdPRetryableServerError, TokenIssuanceError, RetryableError, SasRetryableError,
        // MsaServerError; ExternalServerRetryableError, RequestTimeout, RequestBudgetExceededError,
        // MsodsServiceUnavailable and its unretryable brother, GraphRetryableError,
        // GraphServiceUnreachable.
        Some(
            40_010 | 50_000 | 50_033 | 50_087 | 70_012 | 90_006 | 90_012 | 90_024 | 90_033 | 90_036
            | 90_090 | 90_091,
        ) => Some(again_later(code)),
        _ if ["temporarily_unavailable", "server_error"].contains(&word) => Some(again_later(code)),
        _ => None,
    }
}

fn again_later(code: Option<u64>) -> ApiError {
    let code = code.map(|code| format!(" (AADSTS{code})")).unwrap_or_default();
    unavailable(&format!("it asks to try again later{code}"))
}

/// `AADSTS700082: The refresh token …`
pub(super) fn code_in(told: &str) -> Option<u64> {
    let digits = told.split_once("AADSTS")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// A word of OAuth and nothing else: it comes from outside and goes into a log.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}

/// A sign-in that may have happened can be repeated.
fn harmless(error: ApiError) -> ApiError {
    match error {
        ApiError::Ambiguous { service, cause } => ApiError::Unavailable { service, cause },
        other => other,
    }
}

pub(super) fn unavailable(cause: &str) -> ApiError {
    ApiError::Unavailable { service: ENTRA, cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_name() {
        use SignInFault as F;
        for (word, code, expected) in [
            ("invalid_request", Some(90_002), F::WrongTenant),
            ("unauthorized_client", Some(700_016), F::UnknownApp),
            ("invalid_client", Some(7_000_215), F::WrongSecret),
            ("invalid_client", Some(700_027), F::WrongSecret),
            ("invalid_client", Some(7_000_218), F::NotPublic),
            ("invalid_client", None, F::WrongSecret),
            ("invalid_client", Some(7_000_222), F::SecretExpired),
            ("invalid_grant", Some(65_001), F::NoConsent),
            ("access_denied", Some(90_094), F::NoConsent),
            ("access_denied", Some(90_095), F::NoConsent),
            ("invalid_grant", Some(90_008), F::NoConsent),
            ("unauthorized_client", Some(650_056), F::NoConsent),
            ("access_denied", Some(65_004), F::Denied),
            ("access_denied", None, F::Denied),
            ("authorization_declined", None, F::Denied),
            ("invalid_grant", Some(700_082), F::GrantEnded),
            ("invalid_grant", Some(50_173), F::GrantEnded),
            ("invalid_grant", None, F::GrantEnded),
            ("invalid_grant", Some(50_034), F::Other("AADSTS50034".to_owned())),
            ("x<script>_y", None, F::Other("xscript_y".to_owned())),
        ] {
            assert_eq!(Trouble::said(word, code), Trouble::Fault(expected), "{word} {code:?}");
        }
        assert_eq!(code_in("AADSTS700082: It has expired."), Some(700_082));
        assert_eq!(code_in("no code"), None);
    }

    #[test]
    fn what_passes_by_itself_locks_nobody_out() {
        for (word, code) in [
            ("temporarily_unavailable", None),
            ("server_error", None),
            ("server_error", Some(90_093)),
            ("invalid_grant", Some(40_010)),
            ("invalid_request", Some(50_000)),
            ("invalid_grant", Some(50_033)),
            ("interaction_required", Some(50_087)),
            ("invalid_grant", Some(70_012)),
            ("invalid_request", Some(90_006)),
            ("invalid_request", Some(90_012)),
            ("invalid_request", Some(90_024)),
            ("invalid_grant", Some(90_033)),
            ("invalid_request", Some(90_036)),
            ("invalid_request", Some(90_090)),
            ("invalid_request", Some(90_091)),
        ] {
            let said = Trouble::said(word, code);
            let passes = matches!(&said, Trouble::Api(ApiError::Unavailable { .. }));
            assert!(passes, "{word} {code:?}: {said:?}");
        }
        for code in [50_196, 90_055, 50_088] {
            let limited = ApiError::RateLimited { service: ENTRA, after: Some(THROTTLED) };
            assert_eq!(Trouble::said("invalid_request", Some(code)), Trouble::Api(limited));
        }
    }
}
