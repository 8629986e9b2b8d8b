//! `POST /jmap/`: a request of many method calls, carried out one after the other, each able to
//! point into the answers of those before it (RFC 8620, 3).

use std::collections::HashMap;

use http::StatusCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::args::{Args, MethodError, Outcome, only};
use super::folder::FOLDERS;
use super::session::is_capability;
use super::store::Store;
use super::{JSON, USER, changes, folder, get, query, refer, set, submission};
use crate::sandbox::wire::{Reply, Request};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    using: Vec<String>,
    method_calls: Vec<(String, Map<String, Value>, String)>,
    created_ids: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    method_calls: Vec<(String, IgnoredAny, IgnoredAny)>,
}

/// The names of the methods called, a blank between them.
pub(super) fn methods(request: &Request) -> Option<String> {
    let names: Names = serde_json::from_slice(&request.body).ok()?;
    let names: Vec<String> = names.method_calls.into_iter().map(|call| call.0).collect();
    Some(names.join(" "))
}

/// A refusal of the whole request; `limit` names the limit that was passed.
pub(super) fn problem(status: StatusCode, kind: &str, title: &str, limit: Option<&str>) -> Reply {
    let mut body = json!({
        "type": format!("urn:ietf:params:jmap:error:{kind}"),
        "title": title,
        "status": status.as_u16(),
        "detail": title,
    });
    if let Some(limit) = limit {
        body["limit"] = json!(limit);
    }
    Reply::json(status, "application/problem+json; charset=utf-8", &body)
}

pub(super) fn run(store: &mut Store, request: &Request) -> Reply {
    let bad = |kind, title, limit| problem(StatusCode::BAD_REQUEST, kind, title, limit);
    if request.body.len() > only::REQUEST_BYTES {
        return bad("limit", "Request is too large", Some("maxSizeRequest"));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return bad("notJSON", "Request body did not parse as I-JSON", None);
    };
    let Ok(call) = serde_json::from_value::<Call>(body) else {
        return bad("notRequest", "Request is no JMAP Request object", None);
    };
    if !call.using.iter().all(|name| is_capability(name)) {
        return bad("unknownCapability", "Request uses an unknown capability", None);
    }
    if call.method_calls.len() > only::CALLS {
        return bad("limit", "Request has too many method calls", Some("maxCallsInRequest"));
    }
    let given = call.created_ids.is_some();
    let mut created = call.created_ids.unwrap_or_default();
    let mut answers: Vec<(String, Value, String)> = Vec::new();
    for (name, map, id) in call.method_calls {
        match refer::resolve(&map, &answers) {
            Ok(map) => {
                let mut args = Args { map, created: &mut created };
                let done = answer(store, &name, &mut args);
                answers.extend(done.into_iter().map(|(name, value)| (name, value, id.clone())));
            }
            Err(MethodError(error)) => answers.push(("error".to_owned(), error, id)),
        }
    }
    let mut body = json!({ "methodResponses": answers, "sessionState": "0" });
    if given {
        body["createdIds"] = json!(created);
    }
    let body = body.to_string();
    Reply::text(StatusCode::OK, JSON, body)
}

/// The answers to one call: mostly one, a submission may have an `Email/set` behind it.
fn answer(store: &mut Store, name: &str, args: &mut Args) -> Vec<(String, Value)> {
    if name == "Core/echo" {
        return vec![(name.to_owned(), Value::Object(args.map.clone()))];
    }
    let mut follows = None;
    let outcome = account(args).and_then(|()| match name {
        "EmailSubmission/set" => submission::set(store, args).map(|(value, more)| {
            follows = more;
            value
        }),
        _ => method(store, name, args),
    });
    let mut answers = vec![framed(name, outcome)];
    if let Some(follows) = follows {
        answers.push(framed("Email/set", submission::follow(store, args, follows)));
    }
    answers
}

fn framed(name: &str, outcome: Outcome) -> (String, Value) {
    match outcome {
        Ok(mut value) => {
            value["accountId"] = json!(USER);
            (name.to_owned(), value)
        }
        Err(MethodError(error)) => ("error".to_owned(), error),
    }
}

fn account(args: &Args) -> Result<(), MethodError> {
    match args.some("accountId") {
        Some(id) if *id == USER => Ok(()),
        Some(Value::String(_)) => Err(MethodError::kind("accountNotFound")),
        // Without one Cyrus takes the user's own; what is no account at all is refused.
        None => Ok(()),
        Some(_) => Err(MethodError::arguments(&["accountId"])),
    }
}

fn method(store: &mut Store, name: &str, args: &mut Args) -> Outcome {
    match name {
        "Mailbox/get" => {
            let find = |id: &str| FOLDERS.iter().position(|folder| folder.0 == id);
            let all = || FOLDERS.iter().map(|folder| folder.0.to_owned()).collect();
            few(store.state, args, all, |id| Some(folder::object(store, find(id)?)))
        }
        "Mailbox/changes" => changes::mailboxes(store, args),
        "Identity/get" => {
            let me = json!({ "id": USER, "name": "", "email": "", "mayDelete": false });
            few(0, args, || vec![USER.to_owned()], |id| (id == USER).then(|| me.clone()))
        }
        "Thread/get" => few(store.state, args, Vec::new, |id| {
            let mails = store.thread(store.ids.thread_number(id)?);
            let mails: Vec<String> = mails.iter().map(|n| store.ids.email(*n)).collect();
            (!mails.is_empty()).then(|| json!({ "id": id, "emailIds": mails }))
        }),
        "Email/query" => query::query(store, args),
        "Email/queryChanges" => changes::query(store, args),
        "Email/get" => get::get(store, args),
        "Email/changes" => changes::emails(store, args),
        "Email/set" => set::set(store, args),
        "Email/import" => set::import(store, args),
        "EmailSubmission/get" => submission::get(store, args),
        "EmailSubmission/query" => submission::query(store, args),
        _ => Err(MethodError::kind("unknownMethod")),
    }
}

/// A `/get` of objects of which there are few.
fn few(
    state: u64,
    args: &Args,
    all: impl FnOnce() -> Vec<String>,
    object: impl Fn(&str) -> Option<Value>,
) -> Outcome {
    let ids = args.ids("ids")?.unwrap_or_else(all);
    let properties = args.strings("properties")?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        let Some(mut found) = object(&id) else {
            missing.push(id);
            continue;
        };
        if let (Some(wanted), Value::Object(map)) = (&properties, &mut found) {
            map.retain(|key, _| key == "id" || wanted.contains(key));
        }
        list.push(found);
    }
    Ok(json!({ "state": state.to_string(), "list": list, "notFound": missing }))
}
