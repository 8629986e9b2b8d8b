//! Messages, folders and attachments as JSON, with the property names of "message resource type",
//! "mailFolder resource type", "fileAttachment", "itemAttachment" and "referenceAttachment".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::decoders::html::html_to_text;
use serde_json::{Value, json};

use super::ask::{Ask, Select};
use super::ids::Ids;
use super::item::{Attachment, Body, Content, Item, Person};
use super::quote;
use super::state::State;

pub(super) const MESSAGE: &str = "Microsoft.OutlookServices.Message";
pub(super) const MESSAGE_PROPERTIES: [&str; 32] = [
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "categories",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "internetMessageId",
    "internetMessageHeaders",
    "subject",
    "bodyPreview",
    "importance",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDeliveryReceiptRequested",
    "isReadReceiptRequested",
    "isRead",
    "isDraft",
    "webLink",
    "inferenceClassification",
    "body",
    "uniqueBody",
    "sender",
    "from",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "flag",
    "singleValueExtendedProperties",
];

pub(super) const ATTACHMENT: &str = "microsoft.graph.attachment";
/// What every attachment has, and what only a file has, by its cast.
pub(super) const ATTACHMENT_PROPERTIES: [&str; 8] = [
    "id",
    "name",
    "contentType",
    "size",
    "isInline",
    "lastModifiedDateTime",
    "microsoft.graph.fileAttachment/contentId",
    "microsoft.graph.fileAttachment/contentBytes",
];

/// How a message is to be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) select: Select,
    pub(super) attachments: bool,
    /// The extended property asked for by `$expand`.
    pub(super) property: Option<String>,
}

pub(super) fn message(
    state: &State,
    ask: &Ask<'_>,
    number: u32,
    item: &Item,
    view: &View,
) -> Value {
    let id = state.message_id(ask.mailbox, number, item.moves, ask.prefer.immutable);
    let key = change_key(item.changed);
    let mut shown = json!({
        "@odata.etag": format!("W/\"{key}\""),
        "id": id,
        "createdDateTime": time(item.created),
        "lastModifiedDateTime": time(item.modified),
        "changeKey": key,
        "categories": item.categories,
        "receivedDateTime": time(item.received),
        "sentDateTime": time(item.sent),
        "hasAttachments": item.has_attachments(),
        "internetMessageId": item.message_id,
        "subject": item.subject,
        "bodyPreview": preview(&item.body),
        "importance": item.importance,
        "parentFolderId": state.ids.folder(ask.mailbox, item.folder),
        "conversationId": item.conversation,
        "conversationIndex": STANDARD.encode(&item.conversation[..item.conversation.len().min(22)]),
        "isDeliveryReceiptRequested": false,
        "isReadReceiptRequested": false,
        "isRead": item.is_read,
        "isDraft": item.is_draft,
        "webLink": format!("https://outlook.office365.com/owa/?ItemID={id}&exvsurl=1&viewmodel=ReadMessageItem"),
        "inferenceClassification": "focused",
        "body": body(&item.body, ask.prefer.text),
        "sender": item.sender.as_ref().map(person),
        "from": item.from.as_ref().map(person),
        "toRecipients": people(&item.to),
        "ccRecipients": people(&item.cc),
        "bccRecipients": people(&item.bcc),
        "replyTo": people(&item.reply_to),
        "flag": { "flagStatus": item.flag },
    });
    // Only by their names.
    if view.select.names("uniqueBody") {
        shown["uniqueBody"] = body(&quote::without(&item.body), ask.prefer.text);
    }
    if view.select.names("internetMessageHeaders") && !item.headers.is_empty() {
        let headers = item.headers.iter();
        let headers = headers.map(|(name, value)| json!({ "name": name, "value": value }));
        shown["internetMessageHeaders"] = headers.collect();
    }
    view.select.narrow(&mut shown);
    // What is expanded comes beside what is selected.
    if view.attachments {
        let all = item.attachments.iter();
        shown["attachments"] =
            all.map(|one| attachment(&id, item, one, &Select::default())).collect();
    }
    if let Some(wanted) = &view.property
        && let Some(value) = item.properties.get(wanted)
    {
        shown["singleValueExtendedProperties"] = json!([{ "id": wanted, "value": value }]);
    }
    shown
}

pub(super) fn attachment(
    message: &str,
    item: &Item,
    attachment: &Attachment,
    select: &Select,
) -> Value {
    let (kind, content_type) = match &attachment.content {
        Content::File { kind, .. } => ("#microsoft.graph.fileAttachment", Some(kind.as_str())),
        Content::Item(_) => ("#microsoft.graph.itemAttachment", None),
        Content::Reference(_) => ("#microsoft.graph.referenceAttachment", None),
    };
    let mut shown = json!({
        "@odata.type": kind,
        "id": Ids::attachment(message, attachment.number),
        "lastModifiedDateTime": time(item.modified),
        "name": attachment.name,
        "contentType": content_type,
        "size": attachment.size(),
        "isInline": attachment.inline,
    });
    if let Content::File { kind, .. } = &attachment.content {
        shown["@odata.mediaContentType"] = json!(kind);
    }
    select.narrow(&mut shown);
    if let Content::File { cid, bytes, .. } = &attachment.content {
        let cast = |name: &str| select.names(&format!("microsoft.graph.fileAttachment/{name}"));
        if select.0.is_none() || cast("contentId") {
            shown["contentId"] = json!(cid);
        }
        if select.0.is_none() {
            shown["contentLocation"] = Value::Null;
        }
        if select.0.is_none() || cast("contentBytes") {
            shown["contentBytes"] = json!(STANDARD.encode(bytes));
        }
    }
    shown
}

pub(super) fn change_key(change: u64) -> String {
    format!("CQAAABYAAAD{change:016x}")
}

/// Whole seconds, as Outlook keeps them.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn person(person: &Person) -> Value {
    json!({ "emailAddress": { "name": person.name, "address": person.address } })
}

fn people(list: &[Person]) -> Value {
    list.iter().map(person).collect()
}

/// HTML unless text is preferred, whatever the mail itself was ("Get message").
fn body(body: &Body, as_text: bool) -> Value {
    let content = match (body.html, as_text) {
        (true, true) => html_to_text(&body.content).trim_start().to_owned(),
        (false, false) => html_of(&body.content),
        _ => body.content.clone(),
    };
    json!({ "contentType": if as_text { "text" } else { "html" }, "content": content })
}

fn html_of(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.trim_end().replace("\r\n", "\n").replace('\n', "<br>\r\n");
    format!(
        "<html><head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\
         </head><body><div class=\"PlainText\">{text}</div></body></html>"
    )
}

/// 255 characters of what a reader sees.
fn preview(body: &Body) -> String {
    let text = if body.html { html_to_text(&body.content) } else { body.content.clone() };
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(255).collect()
}
