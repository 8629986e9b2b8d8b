//! Graph's refusals by their codes.
//!
//! Source: "Microsoft Graph error responses and resource types", and the codes of Exchange behind
//! it, such as `ErrorItemNotFound`.

use serde::Deserialize;

use super::{SERVICE, pace::Pace};
use crate::clients::{ApiError, reasons::reasons, transport::Failed};

/// Why a call failed, with Graph's own code where there is one.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: ApiError,
    pub(super) code: String,
    pub(super) status: u16,
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self { error, code: String::new(), status: 0 }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

#[derive(Deserialize)]
struct Said {
    error: Code,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Fault {
    /// Sorts a failure, and lets the whole mailbox pause if that is asked for.
    pub(super) fn of(failed: Failed, pace: &Pace) -> Self {
        let Some(refusal) = failed.refusal else { return failed.error.into() };
        let pause = pace.heed(&refusal);
        let said = serde_json::from_slice::<Said>(&refusal.body);
        let code = said.map(|said| said.error.code).unwrap_or_default();
        let status = refusal.status.as_u16();
        let rejected =
            || ApiError::Rejected { service: SERVICE, status, reasons: reasons(&refusal.body) };
        let error = match (status, code.as_str()) {
            (429, _)
            | (400..=499, "ApplicationThrottled" | "MailboxConcurrency" | "TooManyRequests") => {
                ApiError::RateLimited { service: SERVICE, after: pause }
            }
            // A write that met it may have happened all the same.
            (500..=599, _) => match failed.error {
                ApiError::Unavailable { .. } if pause.is_some() => {
                    ApiError::RateLimited { service: SERVICE, after: pause }
                }
                error => error,
            },
            // The user or his mailbox: no mail is gone because of that.
            (
                404,
                "MailboxNotEnabledForRESTAPI"
                | "Request_ResourceNotFound"
                | "ErrorInvalidUser"
                | "ErrorNonExistentMailbox"
                | "MailboxNotFound",
            ) => super::unavailable("there is no such mailbox"),
            // What is no id of this mailbox is nothing in it.
            (400, "ErrorInvalidIdMalformed" | "ErrorInvalidMailboxItemId") => {
                ApiError::NotFound { service: SERVICE }
            }
            (403, code) if code.starts_with("Error") && code != "ErrorAccessDenied" => rejected(),
            _ => failed.error,
        };
        Self { error, code, status }
    }

    /// Whether Graph does not know the place in the changes from which it was asked.
    pub(super) fn is_forgotten(&self) -> bool {
        let codes = ["syncStateNotFound", "syncStateInvalid", "resyncRequired"];
        self.status == 410 || codes.iter().any(|code| code.eq_ignore_ascii_case(&self.code))
    }
}

/// Outages of the sign-in, pauses and missing rights are no mail's fault; a broken mail can look
/// like anything else.
pub(super) fn may_be_a_mails_fault(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Unavailable { service: SERVICE, .. }
            | ApiError::Malformed { service: SERVICE, .. }
            | ApiError::Rejected { .. }
    )
}
