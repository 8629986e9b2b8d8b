//! Graph's JSON, v1.0 (resource types `message`, `attachment`, `mailFolder`). Whatever may be left
//! out is optional here; what a mail's writer decides is taken as text and judged elsewhere.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The properties that make a head.
pub(super) const HEAD: &str = "id,conversationId,internetMessageId,isDraft,parentFolderId,\
    receivedDateTime,subject,importance,from,sender,replyTo,toRecipients,ccRecipients,\
    bccRecipients,internetMessageHeaders";

/// A collection, or a page of it.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) value: Vec<T>,
    #[serde(rename = "@odata.count")]
    pub(super) count: Option<u64>,
    #[serde(rename = "@odata.nextLink")]
    pub(super) next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub(super) delta: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) conversation_id: Option<String>,
    pub(super) internet_message_id: Option<String>,
    #[serde(default)]
    pub(super) is_draft: bool,
    pub(super) parent_folder_id: Option<String>,
    pub(super) received_date_time: Timestamp,
    pub(super) subject: Option<String>,
    pub(super) importance: Option<String>,
    pub(super) from: Option<Recipient>,
    pub(super) sender: Option<Recipient>,
    pub(super) reply_to: Option<Vec<Recipient>>,
    pub(super) to_recipients: Option<Vec<Recipient>>,
    pub(super) cc_recipients: Option<Vec<Recipient>>,
    pub(super) bcc_recipients: Option<Vec<Recipient>>,
    pub(super) internet_message_headers: Option<Vec<Header>>,
}

/// Where a mail lies.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) id: String,
    #[serde(default)]
    pub(super) is_draft: bool,
    pub(super) parent_folder_id: Option<String>,
    pub(super) received_date_time: Option<Timestamp>,
    pub(super) internet_message_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recipient {
    pub(super) email_address: Option<EmailAddress>,
}

#[derive(Deserialize)]
pub(super) struct EmailAddress {
    pub(super) name: Option<String>,
    pub(super) address: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// A mail with its text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Whole {
    pub(super) body: Option<Body>,
    pub(super) unique_body: Option<Body>,
    pub(super) body_preview: Option<String>,
    pub(super) web_link: Option<String>,
    pub(super) attachments: Option<Vec<Attachment>>,
    #[serde(rename = "attachments@odata.nextLink")]
    pub(super) more_attachments: Option<String>,
    pub(super) single_value_extended_properties: Option<Vec<Extended>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    pub(super) content_type: String,
    pub(super) content: Option<String>,
}

/// A `fileAttachment`, an `itemAttachment` or a `referenceAttachment`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    #[serde(rename = "@odata.type", default)]
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) content_type: Option<String>,
    #[serde(default)]
    pub(super) size: u64,
    pub(super) content_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Extended {
    pub(super) value: Option<String>,
}

/// Anything that is asked for its id.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
}

/// An item of the changes; its head is read apart, so that one that does not fit spoils no other.
#[derive(Deserialize)]
pub(super) struct Changed {
    pub(super) id: String,
    #[serde(rename = "@removed")]
    pub(super) removed: Option<Value>,
    #[serde(flatten)]
    pub(super) rest: serde_json::Map<String, Value>,
}
