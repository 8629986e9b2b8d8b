//! `Email/get`. A mail is taken apart only when a property asks for what is in it.

use std::collections::HashSet;

use mail_parser::Message;
use serde_json::{Map, Value, json};

use super::args::{Args, MethodError, Outcome, only};
use super::folder;
use super::header::{self, Wanted};
use super::mail;
use super::parts::{self, Tree};
use super::store::{Email, Store};
use crate::sandbox::wire::Request;

/// The properties given when none are asked for (RFC 8621, 4.2).
const DEFAULT: [&str; 24] = [
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "size",
    "receivedAt",
    "messageId",
    "inReplyTo",
    "references",
    "sender",
    "from",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "sentAt",
    "hasAttachment",
    "preview",
    "bodyValues",
    "textBody",
    "htmlBody",
    "attachments",
];
const DEFAULT_OF_A_PART: [&str; 10] = [
    "partId",
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
];
/// What is known without looking into the mail.
const OUTSIDE: [&str; 7] =
    ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"];
const INSIDE: [&str; 8] = [
    "headers",
    "bodyStructure",
    "bodyValues",
    "textBody",
    "htmlBody",
    "attachments",
    "hasAttachment",
    "preview",
];

struct Plan {
    properties: Vec<String>,
    of_a_part: Vec<String>,
    text: bool,
    html: bool,
    every: bool,
    most: usize,
}

impl Plan {
    fn inside(&self) -> bool {
        !self.properties.iter().all(|name| is_outside(name))
    }
}

fn is_outside(name: &str) -> bool {
    OUTSIDE.contains(&name)
}

/// Whether a request asks for what is in one of these mails.
pub(super) fn looks_into(request: &Request, mails: &HashSet<String>) -> bool {
    if mails.is_empty() {
        return false;
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let strings = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    body["methodCalls"].as_array().into_iter().flatten().any(|call| {
        call[0] == "Email/get"
            && strings(&call[1]["ids"]).iter().any(|id| mails.contains(id))
            && !strings(&call[1]["properties"]).iter().all(|name| is_outside(name))
    })
}

pub(super) fn get(store: &Store, args: &Args) -> Outcome {
    let plan = plan(args)?;
    let ids = match args.ids("ids")? {
        Some(ids) => ids,
        None => store.emails().take(only::OBJECTS + 1).map(|n| store.ids.email(n)).collect(),
    };
    if ids.len() > only::OBJECTS {
        return Err(MethodError::kind("requestTooLarge"));
    }
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match store.find(&id).and_then(|number| Some((number, store.email(number)?))) {
            Some((number, email)) => list.push(shown(store, number, email, &plan)),
            None => missing.push(id),
        }
    }
    Ok(json!({
        "state": store.state.to_string(),
        "list": list,
        "notFound": missing,
    }))
}

fn plan(args: &Args) -> Result<Plan, MethodError> {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    let mut properties = args.strings("properties")?.unwrap_or_else(|| names(&DEFAULT));
    if !properties.iter().any(|name| name == "id") {
        properties.push("id".to_owned());
    }
    let of_a_part = args.strings("bodyProperties")?.unwrap_or_else(|| names(&DEFAULT_OF_A_PART));
    let known = |name: &String| {
        is_outside(name) || INSIDE.contains(&name.as_str()) || Wanted::parse(name).is_some()
    };
    let mut unknown: Vec<&str> = Vec::new();
    if !properties.iter().all(known) {
        unknown.push("properties");
    }
    if !of_a_part.iter().all(|name| parts::is_property(name)) {
        unknown.push("bodyProperties");
    }
    if !unknown.is_empty() {
        return Err(MethodError::arguments(&unknown));
    }
    Ok(Plan {
        properties,
        of_a_part,
        text: args.flag("fetchTextBodyValues")?,
        html: args.flag("fetchHTMLBodyValues")?,
        every: args.flag("fetchAllBodyValues")?,
        most: args.number("maxBodyValueBytes")?.unwrap_or(0),
    })
}

fn shown(store: &Store, number: u32, email: &Email, plan: &Plan) -> Value {
    let parsed = plan.inside().then(|| mail::parse(&email.raw));
    let tree = parsed.as_ref().map(|it| (it, Tree::new(&email.raw, it, &store.ids, number)));
    let values = plan.properties.iter().map(|name| {
        let value = outside(store, number, email, name).unwrap_or_else(|| {
            tree.as_ref().map_or(Value::Null, |(message, tree)| {
                inside(&email.raw, message, tree, plan, name)
            })
        });
        (name.clone(), value)
    });
    Value::Object(values.collect::<Map<_, _>>())
}

fn outside(store: &Store, number: u32, email: &Email, name: &str) -> Option<Value> {
    Some(match name {
        "id" => json!(store.ids.email(number)),
        "blobId" => json!(store.ids.blob(number, 0)),
        "threadId" => json!(store.ids.thread(email.thread)),
        "mailboxIds" => folder::ids(email.folders),
        "keywords" => email.keywords.iter().map(|word| (word.clone(), json!(true))).collect(),
        "size" => json!(email.raw.len()),
        "receivedAt" => json!(email.received.to_string()),
        _ => return None,
    })
}

fn inside(raw: &[u8], message: &Message<'_>, tree: &Tree<'_>, plan: &Plan, name: &str) -> Value {
    match name {
        "headers" => message.parts.first().map_or(json!([]), |part| header::all(raw, part)),
        "bodyStructure" => tree.structure(&plan.of_a_part),
        "textBody" => tree.list(&message.text_body, &plan.of_a_part),
        "htmlBody" => tree.list(&message.html_body, &plan.of_a_part),
        "attachments" => tree.list(&message.attachments, &plan.of_a_part),
        "hasAttachment" => json!(tree.has_attachment()),
        "preview" => json!(mail::preview(message)),
        "bodyValues" if plan.every => tree.values(tree.texts(), plan.most),
        "bodyValues" => {
            let text = plan.text.then_some(&message.text_body).into_iter().flatten();
            let html = plan.html.then_some(&message.html_body).into_iter().flatten();
            tree.values(text.chain(html).copied(), plan.most)
        }
        _ => Wanted::parse(name).map_or(Value::Null, |wanted| wanted.of(raw, message)),
    }
}
