//! Attachments: up and down as streams, never held whole.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::Stream;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Body,
    multipart::{Form, Part},
};

use super::{JiraClient, SERVICE, issue::path, malformed, wire};
use crate::{
    clients::{ApiError, transport::Download, upload},
    model::{
        jira::{AttachmentInfo, Deployment, attachment_name},
        keys::IssueKey,
    },
};

/// The slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 128 * 1024;
/// What a file's name keeps in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

impl JiraClient {
    /// The largest attachment that Jira takes, in bytes; 0 where it takes none. Known for an hour.
    ///
    /// Source: `GET /attachment/meta`.
    ///
    /// # Errors
    /// Any outage.
    pub async fn attachment_limit(&self) -> Result<u64, ApiError> {
        let ask = async {
            let meta: wire::AttachmentMeta =
                self.read("rest/api/2/attachment/meta", &[]).await?.json()?;
            Ok(if meta.enabled { meta.upload_limit } else { 0 })
        };
        let known = self.shared.upload_limit.try_get_with((), ask).await;
        known.map_err(|error: Arc<ApiError>| ApiError::clone(&error))
    }

    /// Attaches a file of `length` bytes under its [`attachment_name`] and says its id. The call
    /// may take a second longer for each 128 KiB.
    ///
    /// Source: `POST /issue/{key}/attachments`: the part `file`, `X-Atlassian-Token: no-check`.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with status 413 for one that is too large; the stream's own error,
    /// or [`ApiError::Malformed`] for another length than announced: then nothing was attached;
    /// [`ApiError::Ambiguous`] if it may be there.
    pub async fn attach(
        &self,
        issue: &IssueKey,
        name: &str,
        media_type: &str,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    ) -> Result<u64, ApiError> {
        let (body, fate) = upload::body(SERVICE, bytes, length);
        let part = part(name, media_type, length, body)?;
        let request = self
            .request(Method::POST, &path(issue, "/attachments"))
            .header("X-Atlassian-Token", "no-check")
            .multipart(Form::new().part("file", part));
        let limit = self.shared.limit + Duration::from_secs(length / SLOWEST);
        let answer = self.write(limit, request).await.map_err(|error| fate.or(error))?;
        let made: Vec<wire::Attachment> = answer.json().map_err(ApiError::after_write)?;
        let first = made.first().ok_or_else(|| malformed("nothing attached").after_write())?;
        Ok(first.id)
    }

    /// What hangs on an issue: a direct read, no index.
    ///
    /// Source: `GET /issue/{key}`, the field `attachment`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for the issue.
    pub async fn attachments(&self, issue: &IssueKey) -> Result<Vec<AttachmentInfo>, ApiError> {
        let us = self.myself().await?;
        let answer = self.read(&path(issue, ""), &[("fields", "attachment")]).await?;
        let issue: wire::Issue<wire::Attachments> = answer.json()?;
        Ok(issue.fields.attachment.into_iter().map(|one| one.info(&us)).collect())
    }

    /// An attachment's bytes.
    ///
    /// Source: `GET /attachment/content/{id}` on Cloud, without its redirect to another host. Data
    /// Center has no such call: its files lie where `Attachment.content` says.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] or [`ApiError::Forbidden`].
    pub async fn attachment(&self, id: u64) -> Result<Download, ApiError> {
        let request = match self.about().await? {
            Deployment::Cloud => {
                let path = format!("rest/api/2/attachment/content/{id}");
                self.request(Method::GET, &path).query(&[("redirect", "false")])
            }
            Deployment::DataCenter => {
                let path = format!("rest/api/2/attachment/{id}");
                let named: wire::FileName = self.read(&path, &[]).await?.json()?;
                // A name of dots would be a step up in the path.
                let dots = named.filename.trim_matches('.').is_empty();
                let name = if dots { "_" } else { named.filename.as_str() };
                let name = utf8_percent_encode(name, PLAIN);
                self.request(Method::GET, &format!("secure/attachment/{id}/{name}"))
            }
        };
        // The place is for the answer's head: bytes that wait to be passed on hold nobody up.
        let place = self.shared.pace.place_to_read().await?;
        let proof = self.shared.login.enter().await?;
        let outcome = proof.heed(self.shared.transport.download(request).await);
        let outcome = self.shared.pace.heed(outcome);
        drop(place);
        self.sure(outcome).await
    }
}

fn part(name: &str, media_type: &str, length: u64, body: Body) -> Result<Part, ApiError> {
    let known = Part::text("").mime_str(media_type).is_ok();
    let media_type = if known { media_type } else { "application/octet-stream" };
    let part = Part::stream_with_length(body, length).file_name(attachment_name(name));
    part.mime_str(media_type).map_err(|_| malformed("no media type"))
}
