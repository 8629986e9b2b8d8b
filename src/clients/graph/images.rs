//! Images of a draft: a small one in one request, a larger one in ranges as its bytes come. One
//! that cannot be had, or that Graph will not take, is left out: the words are worth more.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use http::{
    Method,
    header::{CONTENT_RANGE, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::{GraphClient, fault::Fault, malformed};
use crate::clients::{
    ApiError,
    mailbox::{DraftFault, Flow, InlineImage},
    names::folded,
    transport::TRANSFER_LIMIT,
};

/// A file of less goes in one request. Source: "Add attachment": below 3 MB.
const DIRECT_MAX: u64 = 3_000_000;
/// Bytes of one range: below 4 MB. Source: "Attach large files to Outlook messages or events".
const RANGE: usize = 3 * 1_024 * 1_024;
const NAME_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    upload_url: Url,
}

impl GraphClient {
    /// Hangs an image on a draft.
    ///
    /// # Errors
    /// As [`DraftFault::of_image`]: half a draft does no harm, so that nothing is unclear.
    pub(super) async fn attach(
        &self,
        draft: &str,
        image: &InlineImage,
        without_broken: bool,
    ) -> Result<(), DraftFault> {
        let Err(Fault { error, .. }) = self.attached(draft, image).await else { return Ok(()) };
        if matches!(error, ApiError::NotFound { .. }) {
            // If that is not found either, the draft itself is gone.
            self.place_of(draft).await?;
        }
        DraftFault::of_image(error, without_broken)
    }

    async fn attached(&self, draft: &str, image: &InlineImage) -> Result<(), Fault> {
        let bytes = (image.open)().await?;
        if image.size < DIRECT_MAX {
            self.attach_small(draft, image, bytes).await
        } else {
            self.attach_large(draft, image, bytes).await
        }
    }

    async fn attach_small(
        &self,
        draft: &str,
        image: &InlineImage,
        mut bytes: Flow,
    ) -> Result<(), Fault> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = bytes.next().await {
            whole.extend_from_slice(&chunk?);
            if whole.len() as u64 > DIRECT_MAX {
                return Err(malformed("a file longer than it says").into());
            }
        }
        let mut asked = described(image);
        asked["@odata.type"] = json!("#microsoft.graph.fileAttachment");
        asked["contentBytes"] = json!(STANDARD.encode(&whole));
        let url = self.at(&["messages", draft, "attachments"]);
        self.write(Method::POST, url, Some(&asked)).await.map(drop)
    }

    async fn attach_large(
        &self,
        draft: &str,
        image: &InlineImage,
        mut bytes: Flow,
    ) -> Result<(), Fault> {
        let mut item = described(image);
        item["attachmentType"] = json!("file");
        item["size"] = json!(image.size);
        let url = self.at(&["messages", draft, "attachments", "createUploadSession"]);
        let asked = json!({"AttachmentItem": item});
        let Session { upload_url } = self.written(Method::POST, url, Some(&asked)).await?;
        let until = Instant::now() + TRANSFER_LIMIT;
        let (mut range, mut from) = (BytesMut::new(), 0);
        let mut ended = false;
        while !ended {
            while range.len() < RANGE && !ended {
                match bytes.next().await {
                    Some(chunk) => range.extend_from_slice(&chunk?),
                    None => ended = true,
                }
            }
            while range.len() >= RANGE || (ended && !range.is_empty()) {
                let piece = range.split_to(range.len().min(RANGE)).freeze();
                let to = from + piece.len() as u64;
                if to > image.size {
                    return Err(malformed("a file longer than it says").into());
                }
                let left = until.saturating_duration_since(Instant::now());
                let said = format!("bytes {from}-{}/{}", to - 1, image.size);
                self.put(upload_url.clone(), &said, piece, left).await?;
                from = to;
            }
        }
        if from < image.size {
            return Err(malformed("a file shorter than it says").into());
        }
        Ok(())
    }

    /// One range. The address itself lets in: no token goes there.
    async fn put(
        &self,
        url: Url,
        range: &str,
        piece: bytes::Bytes,
        limit: Duration,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        let place = shared.pace.enter(shared.limit).await?;
        let request = shared.transport.connections().request(Method::PUT, url);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        let request = request.header(CONTENT_RANGE, range).body(piece);
        let outcome = shared.transport.attempt(limit, request).await;
        drop(place);
        outcome.map(drop).map_err(|failed| Fault::of(failed, &shared.pace))
    }
}

fn described(image: &InlineImage) -> Value {
    json!({
        "name": folded(&image.name, NAME_MAX),
        "contentType": image.media_type,
        "isInline": true,
        "contentId": image.content_id,
    })
}
