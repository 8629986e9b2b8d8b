//! The attachments of a message: the list, one of them, its raw content, and a new one ("List
//! attachments", "Get attachment", "Add attachment").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::JSON;
use super::ask::{Ask, Select};
use super::error::{Outcome, Refusal};
use super::ids::Ids;
use super::item::{Attachment, Content, Item};
use super::render::{self, ATTACHMENT, ATTACHMENT_PROPERTIES};
use super::state::State;
use crate::sandbox::wire::Reply;

/// From here on a file needs an upload session.
pub(super) const DIRECT: usize = 3 * 1024 * 1024;
/// How much of a stream is sent at once.
const PIECE: usize = 64 * 1024;

pub(super) fn list(state: &State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    let select = Select::parse(ask.option("$select"), ATTACHMENT, &ATTACHMENT_PROPERTIES)?;
    let message = state.message_id(ask.mailbox, number, item.moves, ask.prefer.immutable);
    let all = item.attachments.iter();
    let value: Vec<Value> =
        all.map(|one| render::attachment(&message, item, one, &select)).collect();
    let context = format!("{}/v1.0/$metadata#{}/messages/attachments", ask.base(), ask.path);
    let body = json!({ "@odata.context": context, "value": value });
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

pub(super) fn get(state: &State, ask: &Ask<'_>, id: &str, attachment: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    let one = find(item, attachment)?;
    let select = Select::parse(ask.option("$select"), ATTACHMENT, &ATTACHMENT_PROPERTIES)?;
    let message = state.message_id(ask.mailbox, number, item.moves, ask.prefer.immutable);
    let body = render::attachment(&message, item, one, &select);
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

/// The bytes of a file, or a mail as MIME. A link has none.
pub(super) fn value(state: &State, ask: &Ask<'_>, id: &str, attachment: &str) -> Outcome {
    let (_, item) = state.find(ask.mailbox, id)?;
    match &find(item, attachment)?.content {
        Content::File { kind, bytes, .. } => Ok(streamed(bytes.clone(), kind)),
        Content::Item(raw) => Ok(streamed(raw.clone(), "text/plain")),
        Content::Reference(_) => {
            let text = "The OData request is not supported.";
            Err(Refusal::new(405, "ErrorInvalidRequest", text))
        }
    }
}

/// An answer sent in pieces.
pub(super) fn streamed(bytes: Bytes, kind: &str) -> Reply {
    let mut reply = Reply::empty(StatusCode::OK);
    let kind = HeaderValue::from_str(kind);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    reply.headers.insert(CONTENT_TYPE, kind);
    let pieces = stream::unfold(bytes, |mut rest| async move {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((piece, rest))
    });
    reply.stream = Some(pieces.boxed());
    reply
}

fn find<'a>(item: &'a Item, id: &str) -> Result<&'a Attachment, Refusal> {
    let number = Ids::attachment_number(id);
    let found = item.attachments.iter().find(|one| Some(one.number) == number);
    found.ok_or_else(Refusal::no_item)
}

/// `POST …/attachments`: a file below 3 MB, to a draft.
pub(super) fn add(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    let attachment = read(&ask.body()?, item.next_attachment())?;
    if attachment.size() >= DIRECT {
        let text = "The attachment is too large. Use an upload session.";
        return Err(Refusal::new(413, "RequestEntityTooLarge", text));
    }
    let at = put(state, ask.mailbox, number, attachment)?;
    let body = created(state, ask, number, at)?;
    Ok(Reply::json(StatusCode::CREATED, JSON, &body))
}

/// Puts an attachment to a draft; the number of the attachment.
pub(super) fn put(
    state: &mut State,
    mailbox: usize,
    number: u32,
    attachment: Attachment,
) -> Result<u32, Refusal> {
    let (now, at) = (state.second(), attachment.number);
    if !state.mailboxes[mailbox].item(number).is_some_and(|item| item.is_draft) {
        return Err(super::write::sent_already());
    }
    state.mailboxes[mailbox].edit(number, now, |item| item.attachments.push(attachment));
    Ok(at)
}

pub(super) fn created(
    state: &State,
    ask: &Ask<'_>,
    number: u32,
    at: u32,
) -> Result<Value, Refusal> {
    let item = state.mailboxes[ask.mailbox].item(number).ok_or_else(Refusal::no_item)?;
    let one = item.attachments.iter().find(|one| one.number == at).ok_or_else(Refusal::no_item)?;
    let message = state.message_id(ask.mailbox, number, item.moves, ask.prefer.immutable);
    Ok(render::attachment(&message, item, one, &Select::default()))
}

/// An attachment as a request has it.
///
/// # Errors
/// 400 for another kind than a file, or content that is not base64.
pub(super) fn read(body: &Value, number: u32) -> Result<Attachment, Refusal> {
    let kind = body["@odata.type"].as_str().unwrap_or_default();
    if kind.trim_start_matches('#') != "microsoft.graph.fileAttachment" {
        return Err(Refusal::bad("The stand-in takes attachments of the type fileAttachment."));
    }
    let bytes = body["contentBytes"].as_str().and_then(|text| STANDARD.decode(text).ok());
    let bytes = bytes.ok_or_else(|| {
        Refusal::bad(
            "Cannot convert the literal of 'contentBytes' to the expected type 'Edm.Binary'.",
        )
    })?;
    let name = body["name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::bad("An attachment needs its property 'name'."))?;
    let word = |name: &str| body[name].as_str().map(str::to_owned);
    Ok(Attachment {
        number,
        name: name.to_owned(),
        inline: body["isInline"] == true,
        content: Content::File {
            kind: word("contentType").unwrap_or_else(|| "application/octet-stream".to_owned()),
            cid: word("contentId"),
            bytes: bytes.into(),
        },
    })
}
