//! Files on issues: sent as forms, fetched from where Cloud keeps them or from Data Center itself.

use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, LOCATION};
use serde_json::{Value, json};

use super::data::Attachment;
use super::error::Refusal;
use super::people::BOT;
use super::state::State;
use super::{multipart, ok, render};
use crate::sandbox::wire::{Reply, Request};

/// In one request, and on an issue of Cloud.
const MOST_AT_ONCE: usize = 60;
const MOST_ON_CLOUD: usize = 2_000;

pub(super) fn limits(state: &State) -> Reply {
    ok(&json!({ "enabled": true, "uploadLimit": state.attachment_limit }))
}

pub(super) fn add(state: &mut State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let checked = request.header("x-atlassian-token");
    if !checked.is_some_and(|token| ["no-check", "nocheck"].contains(&token)) {
        return Err(Refusal::forbidden("XSRF check failed"));
    }
    let issue = state.issue(key)?;
    let (id, count) = (issue.id, issue.attachments.len());
    if !state.may("CREATE_ATTACHMENTS") {
        return Err(Refusal::forbidden(
            "You do not have permission to create attachments for this issue.",
        ));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let Some(parts) = multipart::parse(content_type, &request.body) else {
        return Err(Refusal::message(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"));
    };
    let files: Vec<_> = parts.into_iter().filter(|part| part.name == "file").collect();
    if files.is_empty() {
        return Err(Refusal::bad("No file was sent under the name 'file'."));
    }
    let too_many =
        files.len() > MOST_AT_ONCE || (state.cloud() && count + files.len() > MOST_ON_CLOUD);
    let too_large = files.iter().find(|file| file.bytes.len() as u64 > state.attachment_limit);
    if too_many || too_large.is_some() {
        let text = if too_many {
            "The limit of attachments has been reached.".to_owned()
        } else {
            format!(
                "The file exceeds its maximum permitted size of {} bytes.",
                state.attachment_limit
            )
        };
        return Err(Refusal::message(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    let mut added = Vec::new();
    for file in files {
        let name = file.filename.unwrap_or_else(|| "file".to_owned());
        let mime = file.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        added.push(state.attach(id, BOT, &name, &mime, file.bytes));
    }
    let issue = state.issue(key)?;
    let shown = issue.attachments.iter().filter(|file| added.contains(&file.id));
    Ok(ok(&shown.map(|file| render::attachment(state, file)).collect::<Vec<Value>>()))
}

fn find<'a>(state: &'a State, id: &str) -> Option<&'a Attachment> {
    let id = id.parse().ok()?;
    let issue = state.store.issues.get(state.store.attached.get(&id)?)?;
    issue.attachments.iter().find(|file| file.id == id && !issue.deleted)
}

/// What is known of a file, without its content.
pub(super) fn show(state: &State, id: &str) -> Result<Reply, Refusal> {
    let found = find(state, id).filter(|_| state.may("BROWSE_PROJECTS"));
    let missing = || Refusal::missing(format!("The attachment with id '{id}' does not exist"));
    found.map(|file| ok(&render::attachment(state, file))).ok_or_else(missing)
}

/// Cloud sends the caller on to its media server, unless told not to.
pub(super) fn content(state: &State, request: &Request, id: &str) -> Result<Reply, Refusal> {
    let Some(file) = find(state, id).filter(|_| state.may("BROWSE_PROJECTS")) else {
        return Err(Refusal::missing(format!("The attachment with id '{id}' does not exist")));
    };
    if state.cloud() && request.query("redirect") != Some("false") {
        let link = format!("{}media/{}?ticket={}", state.base, file.id, file.ticket);
        return Ok(Reply::empty(StatusCode::SEE_OTHER).with(LOCATION, &link));
    }
    Ok(bytes(file))
}

/// The media server asks for no login, but for what was in the link.
pub(super) fn media(state: &State, request: &Request, id: &str) -> Result<Reply, Refusal> {
    let file = find(state, id).filter(|file| request.query("ticket") == Some(&file.ticket));
    file.map(bytes).ok_or_else(|| Refusal::missing("Not Found"))
}

fn bytes(file: &Attachment) -> Reply {
    let reply = Reply::text(StatusCode::OK, "application/octet-stream", file.bytes.clone());
    reply
        .with(CONTENT_TYPE, &file.mime)
        .with(CONTENT_DISPOSITION, "attachment")
        .with(HeaderName::from_static("x-content-type-options"), "nosniff")
}
