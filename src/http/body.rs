//! Bodies: bounded in size and time, and of the type they should be.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use super::error::HttpError;

/// How long a whole body may take: hyper itself would wait for ever.
const LIMIT: Duration = Duration::from_secs(10);

/// Reads a body of at most `max` bytes.
pub(super) async fn read(body: Incoming, max: usize) -> Result<Bytes, HttpError> {
    // A body that announces its size need not be read to be refused.
    if body.size_hint().lower() > max as u64 {
        return Err(HttpError::TooLarge(max));
    }
    match tokio::time::timeout(LIMIT, Limited::new(body, max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(HttpError::TooLarge(max)),
        Ok(Err(_)) => Err(HttpError::BadRequest("body")),
        Err(_) => Err(HttpError::BodyTimeout),
    }
}

/// Refuses a body of another type.
pub(super) fn expect_type(headers: &HeaderMap, expected: &'static str) -> Result<(), HttpError> {
    let given = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(expected) {
        Ok(())
    } else {
        Err(HttpError::UnsupportedMediaType(expected))
    }
}

/// Reads a body of JSON, of at most `max` bytes.
pub(super) async fn json<T: DeserializeOwned>(
    request: Request<Incoming>,
    max: usize,
) -> Result<T, HttpError> {
    let (head, incoming) = request.into_parts();
    expect_type(&head.headers, "application/json")?;
    let bytes = read(incoming, max).await?;
    serde_json::from_slice(&bytes).map_err(|_| HttpError::BadRequest("json"))
}

/// Reads a form, from a body or a query.
pub(super) fn form<T: DeserializeOwned>(form: &[u8]) -> Result<T, HttpError> {
    // The parser would put a replacement character where a letter was lost.
    if percent_decode(form).decode_utf8().is_err() {
        return Err(HttpError::BadRequest("utf8"));
    }
    serde_html_form::from_bytes(form).map_err(|_| HttpError::BadRequest("form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_type_is_compared_without_its_parameters() {
        let json = "application/json";
        for (given, fine) in [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/plain"), false),
            (Some("application/jsonx"), false),
            (None, false),
        ] {
            let headers = given.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind)));
            let headers = HeaderMap::from_iter(headers);
            assert_eq!(expect_type(&headers, json).is_ok(), fine, "{given:?}");
        }
    }

    #[test]
    fn a_form_with_broken_letters_is_refused_not_guessed() {
        type Pairs = Vec<(String, String)>;
        assert!(form::<Pairs>(b"text=a%FFb").is_err());
        assert!(form::<Pairs>(b"text=\xff").is_err());
        let pairs: Pairs = form("text=a%2Bb+c&x=ünï".as_bytes()).unwrap();
        assert_eq!(pairs, [("text".into(), "a+b c".into()), ("x".into(), "ünï".into())]);
    }
}
