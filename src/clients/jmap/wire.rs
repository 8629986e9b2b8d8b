//! JMAP's JSON (RFC 8620, RFC 8621), as recorded from Cyrus 3.6. Whatever a server may leave out
//! is optional here; what a mail's writer decides is taken as text and judged elsewhere.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub(super) const CORE: &str = "urn:ietf:params:jmap:core";
pub(super) const MAIL: &str = "urn:ietf:params:jmap:mail";
pub(super) const SUBMISSION: &str = "urn:ietf:params:jmap:submission";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) api_url: String,
    pub(super) download_url: String,
    pub(super) upload_url: String,
    pub(super) event_source_url: Option<String>,
    pub(super) primary_accounts: BTreeMap<String, String>,
    pub(super) capabilities: Capabilities,
}

#[derive(Deserialize)]
pub(super) struct Capabilities {
    #[serde(rename = "urn:ietf:params:jmap:core")]
    pub(super) core: Core,
    #[serde(rename = "urn:ietf:params:jmap:submission")]
    pub(super) submission: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Core {
    pub(super) max_concurrent_requests: usize,
    pub(super) max_objects_in_get: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Responses {
    /// Name, arguments, and the tag of the call that this answers.
    pub(super) method_responses: Vec<(String, Value, String)>,
}

/// An error of one method (RFC 8620, 3.6.2).
#[derive(Debug, Deserialize)]
pub(super) struct MethodError {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) description: Option<String>,
    /// Which arguments are invalid; Cyrus's own.
    pub(super) arguments: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Got {
    pub(super) state: String,
    pub(super) list: Vec<Value>,
    #[serde(rename = "notFound", default)]
    pub(super) not_found: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Queried {
    pub(super) ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    pub(super) new_state: String,
    pub(super) has_more_changes: bool,
    pub(super) created: Vec<String>,
    pub(super) updated: Vec<String>,
    pub(super) destroyed: Vec<String>,
}

/// The answer of any `/set` method. Every field may be null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetDone {
    pub(super) created: Option<BTreeMap<String, Value>>,
    pub(super) destroyed: Option<Vec<String>>,
    pub(super) not_created: Option<BTreeMap<String, SetError>>,
    pub(super) not_destroyed: Option<BTreeMap<String, SetError>>,
}

/// Why one thing was not set (RFC 8620, 5.3).
#[derive(Debug, Deserialize)]
pub(super) struct SetError {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) description: Option<String>,
    pub(super) properties: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Mailbox {
    pub(super) id: String,
    pub(super) role: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Identity {
    pub(super) id: String,
    /// Empty at Cyrus; `*@example.org` stands for a whole domain.
    #[serde(default)]
    pub(super) email: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    pub(super) email_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Uploaded {
    pub(super) blob_id: String,
}

/// Where a mail lies.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    pub(super) mailbox_ids: BTreeMap<String, bool>,
    #[serde(default)]
    pub(super) keywords: BTreeMap<String, bool>,
}

/// A mail's head.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) id: String,
    pub(super) thread_id: Option<String>,
    pub(super) received_at: Timestamp,
    pub(super) message_id: Option<Vec<String>>,
    pub(super) in_reply_to: Option<Vec<String>>,
    pub(super) references: Option<Vec<String>>,
    pub(super) from: Option<Vec<Mailer>>,
    pub(super) sender: Option<Vec<Mailer>>,
    pub(super) reply_to: Option<Vec<Mailer>>,
    pub(super) to: Option<Vec<Mailer>>,
    pub(super) cc: Option<Vec<Mailer>>,
    pub(super) bcc: Option<Vec<Mailer>>,
    pub(super) subject: Option<String>,
    /// `header:NAME:asRaw`, each a text or null.
    #[serde(flatten)]
    pub(super) headers: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Mailer {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
}

/// A mail's text and parts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WholeMail {
    pub(super) blob_id: String,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(default)]
    pub(super) text_body: Vec<BodyPart>,
    #[serde(default)]
    pub(super) html_body: Vec<BodyPart>,
    #[serde(default)]
    pub(super) attachments: Vec<BodyPart>,
    #[serde(default)]
    pub(super) body_values: BTreeMap<String, BodyValue>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BodyPart {
    pub(super) part_id: Option<String>,
    pub(super) blob_id: Option<String>,
    #[serde(default)]
    pub(super) size: u64,
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) cid: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BodyValue {
    pub(super) value: String,
    #[serde(default)]
    pub(super) is_truncated: bool,
}

/// The answer of `Email/parse`.
#[derive(Deserialize)]
pub(super) struct Parsed {
    pub(super) parsed: Option<BTreeMap<String, Titled>>,
}

#[derive(Deserialize)]
pub(super) struct Titled {
    pub(super) subject: Option<String>,
}
