//! Who calls: every request shows a token, which may do what its scope says, so often in a minute.
//! Strangers are answered as what they are, a few a second.

use governor::clock::{Clock as _, DefaultClock};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};

use super::{
    Api,
    problem::{Problem, says},
};
use crate::{
    clock,
    http::{context::Context, error::HttpError},
    model::api_token::{Scope, TokenId},
    store::TokenFault,
};

/// What a 401 asks for (RFC 6750, section 3).
const ASK: &str = r#"Bearer realm="ticketd""#;
const ASK_ANOTHER: &str = r#"Bearer realm="ticketd", error="invalid_token""#;

/// Lets in whoever shows a token that covers `needed`; gives the token's id.
pub(super) fn admit(
    context: &Context,
    api: &Api,
    headers: &HeaderMap,
    needed: Scope,
) -> Result<TokenId, Problem> {
    let Some(token) = bearer(headers) else {
        return Err(stranger(context, Problem::unauthorized(says("api-no-token"), ASK)));
    };
    let checked = api.store.tokens().check(token, clock::now());
    let (id, scope) = match checked.map_err(|error| Problem::store(&error))? {
        Ok(caller) => caller,
        Err(fault) => {
            let told = match fault {
                TokenFault::Unknown => says("api-bad-token"),
                TokenFault::Expired => says("api-expired-token"),
            };
            return Err(stranger(context, Problem::unauthorized(told, ASK_ANOTHER)));
        }
    };
    if let Err(early) = api.pace.check_key(&id) {
        context.metrics.shed("tokens");
        tracing::debug!(token.id = %id, "a token makes too many requests");
        let wait = early.wait_time_from(DefaultClock::default().now());
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(Problem::new(status, "too-many-requests", says("api-too-fast")).after(wait));
    }
    if !scope.covers(needed) {
        tracing::info!(token.id = %id, token.scope = scope.word(), "a token may not do this");
        let told = says("api-scope").with("scope", needed.word());
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", told));
    }
    Ok(id)
}

/// Whether a token that was let in may still do something.
pub(super) fn still(api: &Api, caller: &TokenId) -> Result<(), Problem> {
    let worth = api.store.tokens().is_worth_something(caller, clock::now());
    if worth.map_err(|error| Problem::store(&error))? {
        return Ok(());
    }
    Err(Problem::unauthorized(says("api-bad-token"), ASK_ANOTHER))
}

/// The token in the header, whose scheme is written in any case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn stranger(context: &Context, problem: Problem) -> Problem {
    match context.door.stranger(HttpError::Unauthorized) {
        HttpError::TooManyRequests => {
            context.metrics.shed("strangers");
            HttpError::TooManyRequests.into()
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_behind_its_scheme() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc", Some("abc")),
            ("BEARER abc ", Some("abc")),
            ("Token abc", None),
            ("abc", None),
            ("Bearer", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]);
            assert_eq!(bearer(&headers), token, "{header:?}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
