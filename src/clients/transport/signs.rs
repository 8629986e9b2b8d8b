//! What is read off a failure: pure, and nothing of it names a host or a key.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header::RETRY_AFTER};

use crate::clock;

/// The longest rest that a service is given, whatever it asks for.
const REST_MAX: Duration = Duration::from_hours(1);
/// From here on a number of seconds is a point in time.
const EPOCH_MIN: u64 = 1_000_000_000;

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

/// For how long the service wants to be left alone. Mattermost also says after how many seconds all
/// of its limit is there again, and its description shows that as a point in time as well.
///
/// Source: "Rate limiting" in the description of Mattermost's interface; Jira writes a date there.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let said =
        |name| -> Option<u64> { headers.get::<HeaderName>(name)?.to_str().ok()?.parse().ok() };
    let seconds = said(RETRY_AFTER).or_else(|| {
        let reset = said(HeaderName::from_static("x-ratelimit-reset"))?;
        let now = u64::try_from(clock::now().as_second()).ok()?;
        Some(if reset < EPOCH_MIN { reset } else { reset.saturating_sub(now) })
    })?;
    Some(Duration::from_secs(seconds).min(REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_in_several_ways_how_long_to_wait() {
        let now = clock::now().as_second();
        for (head, expected) in [
            (vec![("retry-after", "2".to_owned())], Some(2..=2)),
            (vec![("x-ratelimit-reset", "11".to_owned())], Some(11..=11)),
            (vec![("retry-after", "1".into()), ("x-ratelimit-reset", "11".into())], Some(1..=1)),
            (vec![("x-ratelimit-reset", (now + 30).to_string())], Some(25..=30)),
            (vec![("x-ratelimit-reset", (now - 30).to_string())], Some(0..=0)),
            (vec![("x-ratelimit-reset", "2026-11-22T10:00Z".to_owned())], None),
            (vec![("retry-after", "86400".to_owned())], Some(3_600..=3_600)),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &head {
                headers.insert(*name, value.parse().unwrap());
            }
            let said = retry_after(&headers).map(|after| after.as_secs());
            assert_eq!(said.is_some(), expected.is_some(), "{head:?}");
            assert!(
                said.zip(expected).is_none_or(|(said, range)| range.contains(&said)),
                "{said:?}"
            );
        }
    }
}
