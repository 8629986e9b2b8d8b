//! Bytes that are no JSON: attachments and whole mails down, images up.

use bytes::Bytes;
use futures_util::Stream;
use http::{Method, header::CONTENT_TYPE};

use super::{JmapClient, malformed, wire};
use crate::clients::{
    ApiError,
    transport::{Download, TRANSFER_LIMIT},
};

impl JmapClient {
    /// A blob's bytes as they come; the name and the media type only go into the address.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if the server has it no more; never [`ApiError::Ambiguous`].
    pub async fn download(
        &self,
        blob: &str,
        name: &str,
        media_type: &str,
    ) -> Result<Download, ApiError> {
        let url = self.session().await?.download(blob, name, media_type)?;
        let request = self.request(Method::GET, url);
        self.signed(request, |request| self.shared.transport.download(request)).await
    }

    /// A whole mail as it came, of a long one the first `max` bytes.
    ///
    /// # Errors
    /// As [`JmapClient::download`].
    pub async fn raw(&self, blob: &str, max: usize) -> Result<Bytes, ApiError> {
        self.download(blob, "mail.eml", "message/rfc822").await?.beginning(max).await
    }

    /// Gives bytes to the server as they come, for a draft to take up, and says under which blob
    /// id. What no draft takes up is dropped by the server after a while.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`]: a second upload does no harm. A renewed token is taken up
    /// only by the next try.
    pub async fn upload_stream(
        &self,
        bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
        media_type: &str,
    ) -> Result<String, ApiError> {
        let url = self.session().await?.upload()?;
        let body = reqwest::Body::wrap_stream(bytes);
        let request = self.request(Method::POST, url).header(CONTENT_TYPE, media_type).body(body);
        let send = |request| self.shared.transport.send_within(TRANSFER_LIMIT, request);
        let answer = self.signed(request, send).await.map_err(|error| match error {
            ApiError::Ambiguous { service, cause } => ApiError::Unavailable { service, cause },
            other => other,
        })?;
        let uploaded = answer.json::<wire::Uploaded>();
        Ok(uploaded.map_err(|_| malformed("an upload without a blob"))?.blob_id)
    }
}
