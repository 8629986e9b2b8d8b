//! Comments of an issue: always read directly, never through the index.

use http::StatusCode;
use serde_json::{Value, json};

use super::error::Refusal;
use super::fields::{LONGEST_TEXT, TOO_LONG};
use super::people::BOT;
use super::state::{State, json_of, properties_of};
use super::{data, ok, render};
use crate::sandbox::wire::{Reply, Request};

/// So many fit on an issue of Cloud.
const MOST_ON_CLOUD: usize = 5_000;

pub(super) fn list(state: &State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let mut comments: Vec<&data::Comment> = issue.comments.iter().collect();
    match request.query("orderBy") {
        None | Some("created" | "+created" | " created") => {}
        Some("-created") => comments.reverse(),
        Some(other) => {
            return Err(Refusal::bad(format!("Cannot order comments by '{other}'.")));
        }
    }
    // Data Center gives all of them when nobody says how many: JRASERVER-74572.
    let usual = if state.cloud() { 100 } else { 1_048_576 };
    let (start, most) = page(request, usual)?;
    let most = if state.cloud() { most.min(5_000) } else { most };
    let shown: Vec<Value> = comments
        .iter()
        .skip(start)
        .take(most)
        .map(|comment| render::comment(state, issue, comment, expand(request)))
        .collect();
    Ok(ok(&json!({
        "startAt": start,
        "maxResults": most,
        "total": comments.len(),
        "comments": shown,
    })))
}

/// `startAt` and `maxResults`.
///
/// # Errors
/// 400 for what is no number.
pub(super) fn page(request: &Request, usual: usize) -> Result<(usize, usize), Refusal> {
    let number = |name: &str, usual: usize| match request.query(name) {
        None => Ok(usual),
        Some(text) => {
            text.parse().map_err(|_| Refusal::bad(format!("The value of '{name}' is no number.")))
        }
    };
    Ok((number("startAt", 0)?, number("maxResults", usual)?))
}

fn expand(request: &Request) -> &str {
    request.query("expand").unwrap_or_default()
}

pub(super) fn show(
    state: &State,
    request: &Request,
    key: &str,
    id: &str,
) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let found = issue.comments.iter().find(|comment| comment.id.to_string() == id);
    match found {
        Some(comment) => Ok(ok(&render::comment(state, issue, comment, expand(request)))),
        None => Err(Refusal::missing(format!("Can not find a comment for the id: {id}."))),
    }
}

pub(super) fn add(state: &mut State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let (id, count) = (issue.id, issue.comments.len());
    let body = json_of(request)?;
    if !state.may("ADD_COMMENTS") {
        return Err(Refusal::bad(format!(
            "{}, you do not have the permission to comment on this issue.",
            BOT.display
        )));
    }
    if state.cloud() && count >= MOST_ON_CLOUD {
        return Err(Refusal::field(
            "comment",
            "This issue has reached the limit of 5000 comments.",
        ));
    }
    let Some(text) = body["body"].as_str() else {
        return Err(Refusal::field(
            "comment",
            match &body["body"] {
                Value::Null => "Comment body can not be empty!",
                _ => "Comment body is not valid!",
            },
        ));
    };
    if text.trim().is_empty() {
        return Err(Refusal::field("comment", "Comment body can not be empty!"));
    }
    if data::length(text) > LONGEST_TEXT {
        return Err(Refusal::field("comment", TOO_LONG));
    }
    let properties = properties_of(&body["properties"])?;
    let visibility = visibility(&body["visibility"])?;
    // `jsdPublic` in a request means nothing: only the property hides a comment.
    let added = state.add_comment(id, BOT, text, properties, visibility);
    show(state, request, key, &added.to_string())
        .map(|reply| Reply { status: StatusCode::CREATED, ..reply })
}

/// For whom a comment is: everybody, or a role or group.
fn visibility(value: &Value) -> Result<Option<Value>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    let name = value["value"].as_str().or_else(|| value["identifier"].as_str());
    match (value["type"].as_str(), name) {
        (Some(kind @ ("role" | "group")), Some(name)) if !name.is_empty() => {
            Ok(Some(restricted(kind, name)))
        }
        _ => Err(Refusal::field("commentLevel", "The comment visibility is not valid.")),
    }
}

pub(super) fn restricted(kind: &str, name: &str) -> Value {
    json!({ "type": kind, "value": name, "identifier": name })
}
