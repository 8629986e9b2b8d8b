//! Mails of ours, first as drafts. A draft is made in steps: it is made as the answer to its mail
//! and marked with our Message-ID in a property of our own, gets its images, and last its text, its
//! recipients and its Message-ID, in one step that makes it complete. One that is found without
//! that Message-ID is half a draft, and is thrown away.
//!
//! The mark is looked for, not the Message-ID: Exchange may give a mail another on its way out.

use http::Method;
use serde_json::{Value, json};

use super::{GraphClient, fault::Fault, wire};
use crate::{
    clients::{
        ApiError,
        mailbox::{Draft, DraftFault, Found},
        names::folded,
    },
    model::mail::{Address, MessageId},
};

/// The property in which a draft carries the Message-ID that we chose.
const MARK: &str = "String {7c1f6d0e-52c8-4b0e-9d0a-3a6b8f4e2d71} Name ticketd";
/// `PidTagInReplyToId` and `PidTagInternetReferences`: JSON takes no header but `x-…`.
const IN_REPLY_TO: &str = "String 0x1042";
const REFERENCES: &str = "String 0x1039";
/// Characters of a header's text, at most.
const HEADER_MAX: usize = 1_000;
/// Headers that one mail may be given. Source: `internetMessageHeader` resource type.
const HEADERS_MAX: usize = 5;
/// Mails of one mark that are looked at.
const HITS: &str = "20";

impl GraphClient {
    /// Writes a draft and says under which id.
    ///
    /// # Errors
    /// As [`MailboxClient::draft`](crate::clients::MailboxClient::draft).
    pub async fn draft(&self, draft: &Draft) -> Result<String, DraftFault> {
        let original = match &draft.in_reply_to {
            Some(id) => self.original(id).await?,
            None => None,
        };
        let id = match original {
            Some(original) => match self.reply_to(&original, draft).await {
                Err(ApiError::NotFound { .. }) => self.anew(draft).await?,
                outcome => outcome?,
            },
            None => self.anew(draft).await?,
        };
        for image in &draft.inline {
            self.attach(&id, image, draft.without_broken).await?;
        }
        let complete = json!({
            "subject": folded(&draft.subject, HEADER_MAX),
            "body": body(draft),
            "toRecipients": recipients(&draft.to),
            "ccRecipients": [],
            "bccRecipients": [],
            "internetMessageId": bracketed(&draft.message_id),
            "singleValueExtendedProperties": [mark(&draft.message_id)],
        });
        let url = self.at(&["messages", &id]);
        self.write(Method::PATCH, url, Some(&complete)).await.map_err(ApiError::from)?;
        Ok(id)
    }

    /// The mail that is answered, as long as it is there.
    async fn original(&self, id: &MessageId) -> Result<Option<String>, ApiError> {
        let filter = format!("internetMessageId eq '{}'", quoted(&bracketed(id)));
        let mut found = self.found(&filter, "1").await?;
        Ok(found.pop().map(|mail| mail.id))
    }

    /// As an answer Graph puts it into the conversation, with the headers that belong to that.
    async fn reply_to(&self, original: &str, draft: &Draft) -> Result<String, ApiError> {
        let url = self.at(&["messages", original, "createReply"]);
        let asked = json!({"message": begun(draft, Vec::new())});
        let made: wire::Named = self.written(Method::POST, url, Some(&asked)).await?;
        Ok(made.id)
    }

    async fn anew(&self, draft: &Draft) -> Result<String, ApiError> {
        let ids = |ids: &[MessageId]| ids.iter().map(bracketed).collect::<Vec<_>>().join(" ");
        let thread = [(IN_REPLY_TO, draft.in_reply_to.as_slice()), (REFERENCES, &draft.references)];
        let thread = thread.into_iter().filter(|(_, list)| !list.is_empty());
        let thread = thread.map(|(id, list)| json!({"id": id, "value": ids(list)})).collect();
        let mut mail = begun(draft, thread);
        mail["subject"] = json!(folded(&draft.subject, HEADER_MAX));
        let made: wire::Named =
            self.written(Method::POST, self.at(&["messages"]), Some(&mail)).await?;
        Ok(made.id)
    }

    /// Our mail with this Message-ID, one that is no draft any more before one that is. Half a
    /// draft is thrown away; what somebody has thrown away does not count.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn find_by_message_id(
        &self,
        message_id: &MessageId,
    ) -> Result<Option<Found>, ApiError> {
        let value = quoted(message_id.as_str());
        let filter = format!(
            "singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq '{value}')"
        );
        let mails = self.found(&filter, HITS).await?;
        if mails.is_empty() {
            return Ok(None);
        }
        if let Some(sent) = mails.iter().find(|mail| !mail.is_draft) {
            return Ok(Some(Found { id: sent.id.clone(), draft: false }));
        }
        let places = self.places().await?;
        let mut found = None;
        for mail in mails {
            if mail.parent_folder_id.as_deref() == Some(places.deleted.as_str()) {
                continue;
            }
            let id = mail.internet_message_id.as_deref().and_then(MessageId::parse);
            if id.as_ref() == Some(message_id) {
                found = Some(Found { id: mail.id, draft: true });
            } else if let Err(error) = self.destroy(&mail.id).await {
                tracing::warn!(%error, "half a draft stays in the mailbox");
            }
        }
        Ok(found)
    }

    async fn found(&self, filter: &str, top: &str) -> Result<Vec<wire::Place>, ApiError> {
        let mut url = self.at(&["messages"]);
        url.query_pairs_mut()
            .append_pair("$filter", filter)
            .append_pair("$select", "id,isDraft,parentFolderId,internetMessageId")
            .append_pair("$top", top);
        let page: wire::Page<wire::Place> = self.read(url, None).await?;
        Ok(page.value)
    }

    /// Throws a mail away; that it is gone already is fine. It lies among the deleted ones until
    /// the mailbox forgets it, and so can still be told from one that was sent.
    ///
    /// # Errors
    /// [`ApiError::Ambiguous`] if it may have happened; it can be repeated.
    pub async fn destroy(&self, id: &str) -> Result<(), ApiError> {
        let url = self.at(&["messages", id, "move"]);
        let asked = json!({"destinationId": "deleteditems"});
        match self.write(Method::POST, url, Some(&asked)).await {
            Ok(_) | Err(Fault { error: ApiError::NotFound { .. }, .. }) => Ok(()),
            Err(fault) => Err(fault.error),
        }
    }
}

/// What a draft has from the start.
fn begun(draft: &Draft, mut properties: Vec<Value>) -> Value {
    properties.push(mark(&draft.message_id));
    let mut mail = json!({"singleValueExtendedProperties": properties});
    let own = draft.headers.iter().filter(|(name, _)| is_own(name)).take(HEADERS_MAX);
    let headers: Vec<_> = own
        .map(|(name, value)| json!({"name": name, "value": folded(value, HEADER_MAX)}))
        .collect();
    // An empty list is refused.
    if !headers.is_empty() {
        mail["internetMessageHeaders"] = json!(headers);
    }
    mail
}

fn is_own(name: &str) -> bool {
    name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"))
}

fn mark(id: &MessageId) -> Value {
    json!({"id": MARK, "value": id.as_str()})
}

/// Exchange makes the plain text out of the HTML.
fn body(draft: &Draft) -> Value {
    let (kind, content) = match &draft.html {
        Some(html) => ("html", html),
        None => ("text", &draft.text),
    };
    json!({"contentType": kind, "content": content.replace('\0', "")})
}

fn recipients(list: &[Address]) -> Value {
    let one = |address: &Address| {
        let mut said = json!({"address": address.email.as_str()});
        if let Some(name) = &address.name {
            said["name"] = json!(folded(name, HEADER_MAX));
        }
        json!({"emailAddress": said})
    };
    list.iter().map(one).collect()
}

fn bracketed(id: &MessageId) -> String {
    format!("<{}>", id.as_str())
}

/// A text within a filter's quotes.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}
