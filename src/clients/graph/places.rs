//! The folders that ticketd tells apart, by the names that Graph knows in every language.

use std::sync::Arc;

use super::{GraphClient, fault::Fault, wire};
use crate::{clients::ApiError, model::mail::Folder};

/// The ids of folders, which stay as long as the mailbox does.
pub(super) struct Places {
    inbox: String,
    sent: String,
    pub(super) deleted: String,
}

impl Places {
    pub(super) fn folder_of(&self, parent: Option<&str>) -> Option<Folder> {
        match parent {
            Some(id) if id == self.inbox => Some(Folder::Inbox),
            Some(id) if id == self.sent => Some(Folder::Sent),
            _ => None,
        }
    }
}

/// Source: "mailFolder resource type", well-known folder names.
pub(super) fn well_known(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "inbox",
        Folder::Sent => "sentitems",
    }
}

impl GraphClient {
    /// The cheapest question about a folder: whether it can be asked at all, and its id.
    pub(super) async fn probe(&self, folder: &str) -> Result<String, ApiError> {
        Ok(self.folder_id(folder).await?)
    }

    pub(super) async fn folder_id(&self, folder: &str) -> Result<String, Fault> {
        let mut url = self.at(&["mailFolders", folder]);
        url.query_pairs_mut().append_pair("$select", "id");
        let folder: wire::Named = self.read(url, None).await?;
        Ok(folder.id)
    }

    pub(super) async fn places(&self) -> Result<Arc<Places>, ApiError> {
        if let Some(places) = &*self.shared.places.read().await {
            return Ok(Arc::clone(places));
        }
        let mut known = self.shared.places.write().await;
        if let Some(places) = &*known {
            return Ok(Arc::clone(places));
        }
        let places = Places {
            inbox: self.probe("inbox").await?,
            sent: self.probe("sentitems").await?,
            deleted: self.probe("deleteditems").await?,
        };
        Ok(Arc::clone(known.insert(Arc::new(places))))
    }
}
