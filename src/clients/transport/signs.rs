//! What is read off a failure: pure, and nothing of it names a host or a key.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};

/// The longest rest that a service is given, whatever it asks for.
const REST_MAX: Duration = Duration::from_hours(1);

/// The cause at the bottom: `Connection refused`, `invalid peer certificate: UnknownIssuer` … It
/// names no address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Whether it is the account that is refused, not what it asked for: Jira locks one that failed too
/// often, until a person answers a CAPTCHA.
///
/// Source: `X-Seraph-LoginReason` in Atlassian's description of basic authentication for Jira, and
/// `X-Authentication-Denied-Reason`, which its Data Center sends beside it.
pub(super) fn login_denied(headers: &HeaderMap) -> bool {
    let mut reasons = headers.get_all("X-Seraph-LoginReason").iter();
    headers.contains_key("X-Authentication-Denied-Reason")
        || reasons.any(|reason| reason.as_bytes().eq_ignore_ascii_case(b"AUTHENTICATION_DENIED"))
}

pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(said).min(REST_MAX))
}
