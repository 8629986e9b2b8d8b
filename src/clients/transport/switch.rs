//! A connection that goes on in another protocol: over the same trust, proxies and limits as any
//! call, and with failures sorted the same way.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reqwest::{RequestBuilder, Upgraded};

use super::{Failed, Transport};
use crate::clients::ApiError;

impl Transport {
    /// Sends a request to switch protocols; gives the head of the answer and the connection.
    ///
    /// # Errors
    /// As [`Transport::send`] for a read; [`ApiError::Malformed`] for an answer that is a success
    /// but no switch, which a proxy or a login page gives.
    pub(in crate::clients) async fn switch(
        &self,
        request: RequestBuilder,
    ) -> Result<(HeaderMap, Upgraded), ApiError> {
        let started = Instant::now();
        let outcome = tokio::time::timeout(self.limit, self.switched(request)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(self.unanswered(true, "no answer in time")));
        self.note(started, outcome.as_ref().err());
        outcome
    }

    async fn switched(&self, request: RequestBuilder) -> Result<(HeaderMap, Upgraded), ApiError> {
        let request = request.build().map_err(|_| self.malformed("the request cannot be built"))?;
        let broken = |error: reqwest::Error| {
            let Failed { error, .. } = self.broken(true, &error);
            error
        };
        let answer = self.http.execute(request).await.map_err(broken)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok((headers, answer.upgrade().await.map_err(broken)?));
        }
        if status.is_success() {
            return Err(self.malformed("an answer, but no other protocol"));
        }
        Err(self.refused(true, status, &headers, Bytes::new()).error)
    }
}
