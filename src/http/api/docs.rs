//! `/docs/`: the description of the API in a browser, where requests can be tried out with a token.
//! The page is Swagger UI out of the binary: it loads nothing from anywhere else, and may not.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use utoipa_swagger_ui::Config;

use super::problem::Problem;
use crate::http::{
    error::HttpError,
    reply::{self, Reply},
};

/// Scripts and requests of this very server alone; Swagger UI writes styles into its page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static PAGE: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::new(["../openapi.json"])
        .validator_url("none")
        .use_base_layout()
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .default_models_expand_depth(0);
    Arc::new(config)
});

/// `path` is `{context}/docs` and what follows.
pub(super) fn page(path: &str, file: &str) -> Result<Reply, Problem> {
    if path.ends_with("/docs") {
        let mut reply = reply::empty(StatusCode::PERMANENT_REDIRECT);
        let there = HeaderValue::from_str(&format!("{path}/"));
        let there = there.map_err(|_| HttpError::NotFound)?;
        reply.headers_mut().insert(LOCATION, there);
        return Ok(reply);
    }
    let found = utoipa_swagger_ui::serve(file, PAGE.clone()).map_err(|error| {
        tracing::error!(%error, "the page of the api's description cannot be made");
        HttpError::Internal
    })?;
    let found = found.ok_or(HttpError::NotFound)?;
    // Megabytes: they are copied only where a page is made for us.
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut reply = reply::typed(StatusCode::OK, "application/octet-stream", bytes);
    let headers = reply.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&found.content_type) {
        headers.insert(http::header::CONTENT_TYPE, kind);
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_nothing_in_it_is_inline() {
        for (path, file, status) in [
            ("/api/docs", "", 308),
            ("/api/docs/", "", 200),
            ("/api/docs/x", "swagger-ui.css", 200),
            ("/api/docs/x", "swagger-ui-bundle.js", 200),
            ("/api/docs/x", "swagger-initializer.js", 200),
        ] {
            let reply = page(path, file).unwrap();
            assert_eq!(reply.status(), status, "{path}");
        }
        assert!(page("/api/docs/x", "no-such-file").is_err());
        let served = |file| utoipa_swagger_ui::serve(file, PAGE.clone()).unwrap().unwrap();
        let index = String::from_utf8(served("").bytes.into_owned()).unwrap();
        for script in index.split("<script").skip(1) {
            assert!(script.contains("src=\"./"), "{script}");
        }
        let start = String::from_utf8(served("swagger-initializer.js").bytes.into_owned()).unwrap();
        assert!(start.contains("\"url\": \"../openapi.json\""), "{start}");
    }
}
