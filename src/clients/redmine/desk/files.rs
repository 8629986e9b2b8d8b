//! Files: up and down as streams, never held whole.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{
    Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde_json::json;

use super::{RedmineDesk, SERVICE, wire};
use crate::{
    clients::{ApiError, redmine::LIMIT, transport::Download, upload},
    model::{
        ids::IssueId,
        redmine_desk::{Upload, file_name},
    },
};

/// The slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 128 * 1024;

impl RedmineDesk {
    /// Brings a file of `size` bytes under its [`file_name`]; it hangs on nothing yet, and Redmine
    /// forgets it after a day. The call may take a second longer for each 128 KiB.
    ///
    /// Source: `POST /uploads.json`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for one that is too large (422; 413 from a proxy); the stream's own
    /// error, or [`ApiError::Malformed`] for another length than announced. After any failure it
    /// may be done again: a file that hangs on nothing is seen by nobody.
    pub async fn upload(
        &self,
        name: &str,
        size: u64,
        media_type: &str,
        bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    ) -> Result<Upload, ApiError> {
        let name = file_name(name);
        let (body, fate) = upload::body(SERVICE, bytes, size);
        let request = self
            .request(Method::POST, "uploads.json")
            .query(&[("filename", name.as_str())])
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, size)
            .body(body);
        let limit = LIMIT + Duration::from_secs(size / SLOWEST);
        let place = self.place().await?;
        let sent = self.shared.client.transport.send_within(limit, request).await;
        drop(place);
        let answer = sent.map_err(|error| fate.or(error))?;
        let made: wire::UploadAnswer = answer.json().map_err(ApiError::after_write)?;
        Ok(Upload { token: made.upload.token, name, media_type: media_type.to_owned() })
    }

    /// Hangs files on an issue: all of them, or none.
    ///
    /// Source: `PUT /issues/{id}.json`, `uploads`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] for a token that was used or is unknown;
    /// [`ApiError::Ambiguous`] if they may hang there.
    pub async fn attach(&self, id: IssueId, files: &[Upload]) -> Result<(), ApiError> {
        let uploads: Vec<_> = files
            .iter()
            .map(|file| {
                json!({
                    "token": file.token,
                    "filename": file.name,
                    "content_type": file.media_type,
                })
            })
            .collect();
        let body = json!({"issue": {"uploads": uploads}});
        self.tell(Method::PUT, &format!("issues/{id}.json"), &body).await
    }

    /// An attachment's bytes.
    ///
    /// Source: `GET /attachments/download/{id}`, where `content_url` leads.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`]; [`ApiError::Unauthorized`] for a key that
    /// became nobody's, whom Redmine sends to its login page.
    pub async fn attachment(&self, id: u64) -> Result<Download, ApiError> {
        let request = self.request(Method::GET, &format!("attachments/download/{id}"));
        // The place is for the answer's head: bytes that wait to be passed on hold nobody up.
        let place = self.place().await?;
        let outcome = self.shared.client.transport.download(request).await;
        drop(place);
        if outcome.as_ref().is_err_and(ApiError::is_of_one_thing) {
            self.still_known().await?;
        }
        outcome
    }
}
