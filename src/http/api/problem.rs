//! What a caller of the API reads who is not answered as asked: `application/problem+json` (RFC 9457)
//! with all faults at once, each at its place, in the caller's language. `code`, `reason` and
//! `message` say the same for callers of old.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT_LANGUAGE, ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    http::{
        context::Context,
        error::HttpError,
        reply::{self, Reply},
    },
    locale::{Locale, Texts},
    store::StoreError,
};

/// What the problem's type begins with; the rest is fixed for ever.
const TYPE: &str = "urn:ticketd:problem:";
/// Faults of one body that are told.
const FAULTS_MAX: usize = 100;

/// A sentence of `locales/*.ftl` with what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentence {
    key: &'static str,
    args: Vec<(&'static str, String)>,
}

/// A sentence without variables.
pub(super) fn says(key: &'static str) -> Sentence {
    Sentence { key, args: Vec::new() }
}

impl Sentence {
    /// With this in the place of a variable.
    #[allow(clippy::needless_pass_by_value, reason = "callers hand over numbers and texts")]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    fn in_words(&self, texts: &Texts, locale: Locale) -> String {
        let args: Vec<_> =
            self.args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        texts.say(locale, self.key, &args)
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    place: Place,
    says: Sentence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A JSON pointer (RFC 6901) into the body.
    Body(String),
    /// A parameter of the query, or a header.
    Parameter(String),
}

impl Fault {
    /// At this field of the body.
    pub(super) fn at(field: &str, says: Sentence) -> Self {
        let escaped = field.replace('~', "~0").replace('/', "~1");
        Self { place: Place::Body(format!("/{escaped}")), says }
    }

    /// At this item of a field of the body.
    pub(super) fn item(field: &str, index: usize, says: Sentence) -> Self {
        Self { place: Place::Body(format!("/{field}/{index}")), says }
    }

    /// Of the body as a whole.
    pub(super) fn whole(says: Sentence) -> Self {
        Self { place: Place::Body(String::new()), says }
    }

    /// Of a parameter or a header.
    pub(super) fn of(parameter: &str, says: Sentence) -> Self {
        Self { place: Place::Parameter(parameter.to_owned()), says }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> (String, &'static str) {
        let (Place::Body(place) | Place::Parameter(place)) = &self.place;
        (place.clone(), self.says.key)
    }
}

/// Why a caller is not answered as asked.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    says: Sentence,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// `kind` is the end of the problem's type.
    pub(super) fn new(status: StatusCode, kind: &'static str, says: Sentence) -> Self {
        Self { status, kind, says, faults: Vec::new(), headers: Vec::new() }
    }

    /// The body is of the right type, but not right.
    pub(super) fn body(mut faults: Vec<Fault>) -> Self {
        // Beyond this nobody reads them, and somebody may have made them up by the thousand.
        faults.truncate(FAULTS_MAX);
        let whole = Self::new(StatusCode::BAD_REQUEST, "invalid-body", says("api-invalid-body"));
        Self { faults, ..whole }
    }

    /// The query or a header is not right.
    pub(super) fn parameters(faults: Vec<Fault>) -> Self {
        let says = says("api-invalid-parameters");
        let whole = Self::new(StatusCode::BAD_REQUEST, "invalid-parameters", says);
        Self { faults, ..whole }
    }

    /// Who calls is not known.
    pub(super) fn unauthorized(says: Sentence, challenge: &'static str) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", says);
        problem.with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// There is no such thing.
    pub(super) fn not_found(says: Sentence) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", says)
    }

    /// The body, or its files, are too large.
    pub(super) fn too_large(says: Sentence) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", says)
    }

    /// It may work later.
    pub(super) fn busy(kind: &'static str, says: Sentence, after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, says).after(after)
    }

    /// To be tried again after this time.
    pub(super) fn after(self, time: Duration) -> Self {
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        self.with(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The store's failure, which is logged here.
    pub(super) fn store(error: &StoreError) -> Self {
        if let StoreError::RowTooLong { max, .. } = error {
            return Self::from(HttpError::TooLarge(*max));
        }
        tracing::error!(%error, "a request of the api cannot be recorded or read");
        Self::from(HttpError::Internal)
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer.
    pub(super) fn reply(&self, context: &Context, headers: &HeaderMap, request_id: &str) -> Reply {
        let locale = language(headers).unwrap_or(Locale::En);
        let (texts, status) = (&context.texts, self.status);
        let detail = self.says.in_words(texts, locale);
        let title = status.canonical_reason().unwrap_or("Problem").to_owned();
        let errors = self.faults.iter().map(|fault| {
            let detail = fault.says.in_words(texts, locale);
            match &fault.place {
                Place::Body(pointer) => {
                    ProblemFault { pointer: Some(pointer.clone()), parameter: None, detail }
                }
                Place::Parameter(name) => {
                    ProblemFault { pointer: None, parameter: Some(name.clone()), detail }
                }
            }
        });
        let body = ProblemView {
            kind: format!("{TYPE}{}", self.kind),
            reason: title.clone(),
            title,
            status: status.as_u16(),
            message: detail.clone(),
            detail,
            errors: errors.collect(),
            request_id: request_id.to_owned(),
            code: status.as_u16(),
        };
        let body = serde_json::to_value(body).unwrap_or(Value::Null);
        let mut reply = reply::json(status, &body);
        let kind = HeaderValue::from_static("application/problem+json");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        for (name, value) in &self.headers {
            reply.headers_mut().insert(name, value.clone());
        }
        reply
    }
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Self {
        let status = error.status();
        let problem = |kind, key| Self::new(status, kind, says(key));
        match error {
            HttpError::BadRequest(_) => problem("bad-request", "api-bad-request"),
            HttpError::Unauthorized | HttpError::Unsigned => {
                problem("unauthorized", "api-no-token")
            }
            HttpError::NotFound => problem("not-found", "http-not-found"),
            HttpError::MethodNotAllowed(allowed) => {
                let told = says("http-method-not-allowed").with("allowed", allowed);
                Self::new(status, "method-not-allowed", told)
                    .with(ALLOW, HeaderValue::from_static(allowed))
            }
            HttpError::BodyTimeout => problem("timeout", "http-timeout"),
            HttpError::TooLarge(max) => {
                Self::new(status, "too-large", says("http-too-large").with("max", max))
            }
            HttpError::UnsupportedMediaType(expected) => {
                let told = says("http-unsupported-media-type").with("expected", expected);
                Self::new(status, "unsupported-media-type", told)
            }
            HttpError::TooManyRequests => {
                problem("too-many-requests", "http-too-many-requests").after(Duration::from_secs(1))
            }
            HttpError::Overloaded => {
                problem("overloaded", "http-overloaded").after(Duration::from_secs(1))
            }
            HttpError::Internal => problem("internal", "http-internal"),
        }
    }
}

/// The first of ticketd's languages that the caller asks for, the most wanted one first.
fn language(headers: &HeaderMap) -> Option<Locale> {
    let asked = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut wanted: Vec<_> = asked
        .split(',')
        .filter_map(|part| {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters.trim().strip_prefix("q=");
            let weight: f32 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
            let locale = Locale::from_mattermost(tag.trim())?;
            (weight > 0.0).then_some((weight, locale))
        })
        .collect();
    wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
    wanted.first().map(|(_, locale)| *locale)
}

/// Why a request is not answered as asked (RFC 9457). `code`, `reason` and `message` repeat `status`,
/// `title` and `detail` for callers of older services.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// What kind of problem it is; the same words for ever.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "urn:ticketd:problem:invalid-body")]
    kind: String,
    /// The status in words.
    #[schema(example = "Bad Request")]
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: u16,
    /// A sentence in the language that `Accept-Language` asks for: `en`, `ko` or `fr`.
    detail: String,
    /// Everything that is wrong with the request, where that can be told.
    errors: Vec<ProblemFault>,
    /// By this the operator finds the request in the log.
    request_id: String,
    /// As `status`.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    code: u16,
    /// As `title`.
    reason: String,
    /// As `detail`.
    message: String,
}

/// One thing that is wrong.
#[derive(Serialize, ToSchema)]
pub(super) struct ProblemFault {
    /// A JSON pointer (RFC 6901) into the body; in a form it names the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/title")]
    pointer: Option<String>,
    /// The name of a parameter of the query, or of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// What is wrong with it.
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_is_taken() {
        for (asked, taken) in [
            ("fr", Some(Locale::Fr)),
            ("de, ko;q=0.5", Some(Locale::Ko)),
            ("en;q=0.2, fr-CA;q=0.9, ko;q=0.9", Some(Locale::Fr)),
            ("fr;q=0, en", Some(Locale::En)),
            ("de", None),
            ("*", None),
            ("fr;q=x", None),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, asked.parse().unwrap())]);
            assert_eq!(language(&headers), taken, "{asked}");
        }
    }
}
