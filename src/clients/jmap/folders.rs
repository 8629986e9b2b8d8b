//! The three folders that ticketd works with, found by their roles: their names are the user's.

use std::sync::Arc;

use serde_json::json;

use super::{JmapClient, call::Kind, malformed, wire};
use crate::{clients::ApiError, model::mail::Folder};

/// The server's ids of the folders. Source: RFC 8621, 2 (`role`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Where mail comes in.
    pub inbox: String,
    /// Where sent mail is kept.
    pub sent: String,
    /// Where mail of ours waits until it is sent.
    pub drafts: String,
}

impl Folders {
    /// The id of a folder.
    #[must_use]
    pub fn id_of(&self, folder: Folder) -> &str {
        match folder {
            Folder::Inbox => &self.inbox,
            Folder::Sent => &self.sent,
        }
    }

    /// Which folder a mail lies in; `None` for a draft and for all other folders.
    pub(super) fn folder_of(&self, place: &wire::Place) -> Option<Folder> {
        if self.is_draft(place) {
            return None;
        }
        [Folder::Inbox, Folder::Sent].into_iter().find(|folder| lies(place, self.id_of(*folder)))
    }

    /// Whether a mail still waits to be sent.
    pub(super) fn is_draft(&self, place: &wire::Place) -> bool {
        let marked = place.keywords.iter().any(|(word, on)| *on && word == "$draft");
        marked || lies(place, &self.drafts)
    }

    pub(super) fn is_sent(&self, place: &wire::Place) -> bool {
        !self.is_draft(place) && lies(place, &self.sent)
    }
}

fn lies(place: &wire::Place, id: &str) -> bool {
    place.mailbox_ids.get(id) == Some(&true)
}

impl JmapClient {
    /// The folders; asked for once.
    ///
    /// # Errors
    /// [`ApiError::Malformed`] for a mailbox without one of them.
    pub async fn folders(&self) -> Result<Arc<Folders>, ApiError> {
        if let Some(folders) = &*self.shared.folders.read().await {
            return Ok(folders.clone());
        }
        let asked = json!({"ids": null, "properties": ["id", "role"]});
        let got: wire::Got = self.call(Kind::Read, "Mailbox/get", asked).await?;
        let unlike = |_| malformed("Mailbox/get unlike the interface");
        let all = got.list.into_iter().map(serde_json::from_value::<wire::Mailbox>);
        let all = all.collect::<Result<Vec<_>, _>>().map_err(unlike)?;
        let by_role = |role: &str| {
            let found = all.iter().find(|mailbox| mailbox.role.as_deref() == Some(role));
            let id = found.map(|mailbox| mailbox.id.clone());
            id.ok_or_else(|| malformed(&format!("no folder has the role {role}; give it to one")))
        };
        let [inbox, sent, drafts] = ["inbox", "sent", "drafts"].map(by_role);
        let folders = Arc::new(Folders { inbox: inbox?, sent: sent?, drafts: drafts? });
        *self.shared.folders.write().await = Some(folders.clone());
        Ok(folders)
    }
}
