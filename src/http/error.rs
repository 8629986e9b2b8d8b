//! Requests that are not answered as asked. Two readers: the caller gets a code and a sentence,
//! the log the cause.

use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, RETRY_AFTER},
};
use serde_json::json;

use super::{
    context::Context,
    reply::{self, Reply},
};

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum HttpError {
    /// The body or the query is not what it should be; holds a word for what is wrong.
    BadRequest(&'static str),
    /// No token, or a wrong one.
    Unauthorized,
    /// A webhook without a valid signature.
    Unsigned,
    /// No such path.
    NotFound,
    /// The path takes other methods; holds them.
    MethodNotAllowed(&'static str),
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is too large; holds how many bytes may come.
    TooLarge(usize),
    /// The body is of another type; holds the right one.
    UnsupportedMediaType(&'static str),
    /// Too many requests without a valid token.
    TooManyRequests,
    /// Too many requests are being answered.
    Overloaded,
    /// Our fault; whoever makes this one logs the cause.
    Internal,
}

impl HttpError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer for the caller: `{"error": {"code", "message", "request_id"}}`.
    pub(super) fn reply(&self, context: &Context, request_id: &str) -> Reply {
        let (code, message) = self.told(context);
        let body = json!({
            "error": {"code": code, "message": message, "request_id": request_id},
        });
        let mut reply = reply::json(self.status(), &body);
        match self {
            Self::MethodNotAllowed(allowed) => {
                reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::Overloaded | Self::TooManyRequests => {
                reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        reply
    }

    fn told(&self, context: &Context) -> (&'static str, String) {
        let (texts, locale) = (&context.texts, context.door.default_locale);
        match self {
            Self::BadRequest(what) => {
                ("bad_request", texts.say(locale, "http-bad-request", &[("what", (*what).into())]))
            }
            Self::Unauthorized | Self::Unsigned => {
                ("unauthorized", texts.say(locale, "http-unauthorized", &[]))
            }
            Self::NotFound => ("not_found", texts.say(locale, "http-not-found", &[])),
            Self::MethodNotAllowed(allowed) => {
                let args = [("allowed", (*allowed).into())];
                ("method_not_allowed", texts.say(locale, "http-method-not-allowed", &args))
            }
            Self::BodyTimeout => ("timeout", texts.say(locale, "http-timeout", &[])),
            Self::TooLarge(max) => {
                let args = [("max", max.to_string().into())];
                ("too_large", texts.say(locale, "http-too-large", &args))
            }
            Self::UnsupportedMediaType(expected) => {
                let args = [("expected", (*expected).into())];
                ("unsupported_media_type", texts.say(locale, "http-unsupported-media-type", &args))
            }
            Self::TooManyRequests => {
                ("too_many_requests", texts.say(locale, "http-too-many-requests", &[]))
            }
            Self::Overloaded => ("overloaded", texts.say(locale, "http-overloaded", &[])),
            Self::Internal => ("internal", texts.say(locale, "http-internal", &[])),
        }
    }
}
