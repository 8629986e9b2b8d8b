//! Marks on a mail that is dealt with. Each can be set twice without harm, so that a try that may
//! have happened is simply repeated.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GraphClient, wire};
use crate::clients::ApiError;

/// What is done to a mail that is dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// It is marked as read.
    Read,
    /// It gets this category besides those that it has.
    Category(String),
    /// It is moved: to a folder by the name that Graph knows in every language, such as `archive`,
    /// or by the name that people see, at the top or within the inbox.
    Move(String),
}

/// Source: "mailFolder resource type", well-known folder names.
const WELL_KNOWN: [&str; 8] =
    ["archive", "clutter", "deleteditems", "drafts", "inbox", "junkemail", "outbox", "sentitems"];

#[derive(Deserialize)]
struct Categories {
    #[serde(default)]
    categories: Vec<String>,
}

impl GraphClient {
    /// Marks a mail.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for a mail that is gone; [`ApiError::Rejected`] for a folder that
    /// there is not; [`ApiError::Ambiguous`] if it may have happened: it can be repeated.
    pub async fn mark(&self, remote: &str, mark: &Mark) -> Result<(), ApiError> {
        match mark {
            Mark::Read => self.change(remote, &json!({"isRead": true})).await,
            Mark::Category(category) => {
                let mut url = self.at(&["messages", remote]);
                url.query_pairs_mut().append_pair("$select", "categories");
                let Categories { mut categories } = self.read(url, None).await?;
                if categories.contains(category) {
                    return Ok(());
                }
                categories.push(category.clone());
                self.change(remote, &json!({"categories": categories})).await
            }
            Mark::Move(folder) => {
                match self.moved(remote, folder).await {
                    // That can be the folder: somebody deleted it and made another of its name.
                    Err(ApiError::NotFound { .. })
                        if self.shared.target.write().await.take().is_some() =>
                    {
                        self.moved(remote, folder).await
                    }
                    outcome => outcome,
                }
            }
        }
    }

    async fn moved(&self, remote: &str, folder: &str) -> Result<(), ApiError> {
        let destination = self.destination(folder).await?;
        let url = self.at(&["messages", remote, "move"]);
        let asked = json!({"destinationId": destination});
        Ok(self.write(Method::POST, url, Some(&asked)).await.map(drop)?)
    }

    async fn change(&self, remote: &str, change: &Value) -> Result<(), ApiError> {
        let url = self.at(&["messages", remote]);
        Ok(self.write(Method::PATCH, url, Some(change)).await.map(drop)?)
    }

    /// What Graph calls the folder.
    async fn destination(&self, name: &str) -> Result<String, ApiError> {
        let known = name.to_ascii_lowercase();
        if WELL_KNOWN.contains(&known.as_str()) {
            return Ok(known);
        }
        if let Some((known, id)) = &*self.shared.target.read().await
            && known == name
        {
            return Ok(id.clone());
        }
        let filter = format!("displayName eq '{}'", name.replace('\'', "''"));
        for steps in [&["mailFolders"][..], &["mailFolders", "inbox", "childFolders"]] {
            let mut url = self.at(steps);
            url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$select", "id");
            let page: wire::Page<wire::Named> = self.read(url, None).await?;
            if let Some(folder) = page.value.into_iter().next() {
                *self.shared.target.write().await = Some((name.to_owned(), folder.id.clone()));
                return Ok(folder.id);
            }
        }
        let reasons = vec!["the mailbox has no such folder".to_owned()];
        Err(ApiError::Rejected { service: super::SERVICE, status: 404, reasons })
    }
}
