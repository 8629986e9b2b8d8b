//! Bytes that are no JSON: whole mails and what hangs on them. A blob is a mail's id, or a mail's
//! and an attachment's id with a blank between them.

use bytes::Bytes;

use super::{GraphClient, unavailable};
use crate::clients::{
    ApiError,
    transport::{Download, TRANSFER_LIMIT},
};

/// The blob of an attachment.
pub(super) fn blob(mail: &str, attachment: &str) -> String {
    format!("{mail} {attachment}")
}

impl GraphClient {
    /// A blob's bytes as they come: a file as it is, an attached mail as MIME.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] if the mailbox has it no more; never [`ApiError::Ambiguous`].
    pub async fn download(&self, blob: &str) -> Result<Download, ApiError> {
        let url = match blob.split_once(' ') {
            Some((mail, attachment)) => {
                self.at(&["messages", mail, "attachments", attachment, "$value"])
            }
            None => self.at(&["messages", blob, "$value"]),
        };
        Ok(self.streamed(url).await?)
    }

    /// The same with how many bytes come. What a mail says of its size holds more than its bytes,
    /// so where the answer does not tell they are counted, and asked for once more.
    ///
    /// # Errors
    /// As [`GraphClient::download`].
    pub async fn measured(&self, blob: &str) -> Result<(Download, u64), ApiError> {
        let mut download = self.download(blob).await?;
        if let Some(length) = download.length() {
            return Ok((download, length));
        }
        let count = async {
            let mut length = 0;
            while let Some(chunk) = download.chunk().await? {
                length += u64::try_from(chunk.len()).unwrap_or_default();
            }
            Ok(length)
        };
        let slow = |_| Err(unavailable("the file comes too slowly"));
        let length = tokio::time::timeout(TRANSFER_LIMIT, count).await.unwrap_or_else(slow)?;
        Ok((self.download(blob).await?, length))
    }

    /// A whole mail as it came, of a long one the first `max` bytes.
    ///
    /// # Errors
    /// As [`GraphClient::download`].
    pub async fn raw(&self, blob: &str, max: usize) -> Result<Bytes, ApiError> {
        self.download(blob).await?.beginning(max).await
    }
}
