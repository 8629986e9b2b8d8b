//! Files: up and down as streams, never held whole.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{
    Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use super::{
    Person,
    wire::{File, Uploaded},
};
use crate::{
    clients::{ApiError, Download, mattermost::malformed, upload},
    model::{
        chat::ChatFile,
        ids::{ChannelId, FileId},
    },
};

/// The slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 128 * 1024;

impl Person {
    /// Brings a file of `size` bytes into a channel; nobody sees it before a post names it. The
    /// call may take a second longer for each 128 KiB.
    ///
    /// Source: `POST /files` with the file as its body.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with status 413 for one that is too large; the stream's own error, or
    /// [`ApiError::Malformed`] for another length than announced. After any failure it may be done
    /// again: a file that hangs on nothing is seen by nobody.
    pub async fn upload(
        &self,
        channel: &ChannelId,
        name: &str,
        size: u64,
        bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    ) -> Result<ChatFile, ApiError> {
        let (body, fate) = upload::body(super::super::SERVICE, bytes, size);
        let request = self
            .request(Method::POST, "files")
            .query(&[("channel_id", channel.as_str()), ("filename", name)])
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, size)
            .body(body);
        let patience = self.client.shared.limit;
        let limit = patience + Duration::from_secs(size / SLOWEST);
        let sent = self.client.send(patience, limit, request).await;
        let answer = sent.map_err(|error| fate.or(error))?;
        let made: Uploaded = answer.json().map_err(ApiError::after_write)?;
        let file = made.file_infos.into_iter().next();
        file.map(ChatFile::from).ok_or_else(|| malformed("no file").after_write())
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if it is not there, [`ApiError::Forbidden`] where they do not read.
    pub async fn file_info(&self, file: &FileId) -> Result<ChatFile, ApiError> {
        self.get::<File>(&format!("files/{file}/info"), &[]).await.map(ChatFile::from)
    }

    /// A file itself. Whoever passes it on to a browser says that it is to be saved: it may be a
    /// page.
    ///
    /// # Errors
    /// As [`Self::file_info`].
    pub async fn file(&self, file: &FileId) -> Result<Download, ApiError> {
        let shared = &self.client.shared;
        shared.rest.over(shared.limit).await?;
        let request = self.request(Method::GET, &format!("files/{file}"));
        shared.rest.heed(shared.transport.download(request).await)
    }
}
