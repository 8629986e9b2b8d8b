//! Drafts and changes: `POST messages`, `PATCH`, `move`, `DELETE` ("Create message", "Update
//! message"). What only a draft may be given is refused to a message that was sent; own headers
//! begin with `x-`, and are one to five.

use http::StatusCode;
use serde_json::Value;

use super::JSON;
use super::ask::Ask;
use super::attachments;
use super::error::{Outcome, Refusal};
use super::item::{self, Body, Item, Person};
use super::mailbox::{DELETED, DRAFTS};
use super::render::{self, MESSAGE, MESSAGE_PROPERTIES, View};
use super::state::State;
use crate::sandbox::letter::text::is_clean;
use crate::sandbox::wire::Reply;

/// Own headers of a message.
const HEADERS: usize = 5;

/// Recorded by users of Graph for a change of what only a draft may be given.
pub(super) fn sent_already() -> Refusal {
    Refusal::new(400, "ErrorInvalidPropertySet", "Message is not draft.")
}

pub(super) fn show(state: &State, ask: &Ask<'_>, number: u32, status: StatusCode) -> Outcome {
    let item = state.mailboxes[ask.mailbox].item(number).ok_or_else(Refusal::no_item)?;
    let mut body = render::message(state, ask, number, item, &View::default());
    let context = format!("{}/v1.0/$metadata#{}/messages/$entity", ask.base(), ask.path);
    body["@odata.context"] = Value::from(context);
    Ok(Reply::json(status, JSON, &body))
}

/// A draft without anything, of this mailbox.
pub(super) fn blank(state: &State, mailbox: usize) -> Item {
    let now = state.second();
    let address = state.mailboxes[mailbox].address.clone();
    let own = Person { name: address.clone(), address };
    Item {
        from: Some(own.clone()),
        sender: Some(own),
        message_id: item::new_message_id(),
        importance: "normal".to_owned(),
        flag: "notFlagged".to_owned(),
        body: Body { html: true, content: String::new() },
        is_read: true,
        is_draft: true,
        created: now,
        modified: now,
        received: now,
        sent: now,
        ..Item::default()
    }
}

pub(super) fn create(state: &mut State, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    let mut item = blank(state, ask.mailbox);
    apply(&mut item, &body)?;
    let number = state.mailboxes[ask.mailbox].add(item, DRAFTS);
    show(state, ask, number, StatusCode::CREATED)
}

pub(super) fn patch(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    let mut changed = item.clone();
    apply(&mut changed, &ask.body()?)?;
    let now = state.second();
    state.mailboxes[ask.mailbox].edit(number, now, |item| *item = changed);
    show(state, ask, number, StatusCode::OK)
}

pub(super) fn relocate(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, _) = state.find(ask.mailbox, id)?;
    let body = ask.body()?;
    let target = body["destinationId"].as_str().or_else(|| body["DestinationId"].as_str());
    let target = target.ok_or_else(|| Refusal::bad("The parameter DestinationId is missing."))?;
    let folder = state.find_folder(ask.mailbox, target)?;
    state.mailboxes[ask.mailbox].relocate(number, folder);
    show(state, ask, number, StatusCode::CREATED)
}

/// Into the folder of what is deleted; out of it for good.
pub(super) fn delete(state: &mut State, ask: &Ask<'_>, id: &str) -> Outcome {
    let (number, item) = state.find(ask.mailbox, id)?;
    if item.folder == DELETED {
        state.mailboxes[ask.mailbox].destroy(number);
    } else {
        state.mailboxes[ask.mailbox].relocate(number, DELETED);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Gives a message the properties of a request.
pub(super) fn apply(item: &mut Item, body: &Value) -> Result<(), Refusal> {
    const FOR_DRAFTS: [&str; 11] = [
        "subject",
        "body",
        "internetMessageId",
        "internetMessageHeaders",
        "replyTo",
        "toRecipients",
        "ccRecipients",
        "bccRecipients",
        "from",
        "sender",
        "attachments",
    ];
    let map = match body {
        Value::Null => return Ok(()),
        Value::Object(map) => map,
        _ => return Err(Refusal::bad("The body of the request is no object.")),
    };
    for (name, value) in map.iter().filter(|(name, _)| !name.contains('@')) {
        if FOR_DRAFTS.contains(&name.as_str()) && !item.is_draft {
            return Err(sent_already());
        }
        let wrong = || {
            let text = format!("Cannot convert the value of the property '{name}' to its type.");
            Refusal::new(400, "RequestBodyRead", text)
        };
        let text = || value.as_str().map(str::to_owned).ok_or_else(wrong);
        match name.as_str() {
            "subject" => item.subject = clean(&text()?).ok_or_else(wrong)?,
            "body" => item.body = read_body(value).ok_or_else(wrong)?,
            "toRecipients" => item.to = people(value).ok_or_else(wrong)?,
            "ccRecipients" => item.cc = people(value).ok_or_else(wrong)?,
            "bccRecipients" => item.bcc = people(value).ok_or_else(wrong)?,
            "replyTo" => item.reply_to = people(value).ok_or_else(wrong)?,
            "from" => item.from = Some(person(value).ok_or_else(wrong)?),
            "sender" => item.sender = Some(person(value).ok_or_else(wrong)?),
            "internetMessageId" => {
                let id = text()?;
                let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
                let good = bare.is_some_and(|id| id.contains('@') && is_clean(id));
                item.message_id = if good { id } else { return Err(wrong()) };
            }
            "internetMessageHeaders" => item.headers = headers(value)?,
            "importance" => {
                let word = text()?.to_lowercase();
                let known = ["low", "normal", "high"].contains(&word.as_str());
                item.importance = if known { word } else { return Err(wrong()) };
            }
            "categories" => item.categories = strings(value).ok_or_else(wrong)?,
            "isRead" => item.is_read = value.as_bool().ok_or_else(wrong)?,
            "flag" => {
                let status = value["flagStatus"].as_str();
                let known = |status: &&str| ["notFlagged", "complete", "flagged"].contains(status);
                status.filter(known).ok_or_else(wrong)?.clone_into(&mut item.flag);
            }
            "singleValueExtendedProperties" => {
                for one in value.as_array().ok_or_else(wrong)? {
                    let id = one["id"].as_str().filter(|id| is_property(id)).ok_or_else(wrong)?;
                    let value = one["value"].as_str().ok_or_else(wrong)?;
                    // What a mail's header is made of (MS-OXCMAIL).
                    match id {
                        "String 0x1042" => item.in_reply_to = Some(value.to_owned()),
                        "String 0x1039" => {
                            item.references = value.split_whitespace().map(str::to_owned).collect();
                        }
                        _ => {}
                    }
                    item.properties.insert(id.to_owned(), value.to_owned());
                }
            }
            "attachments" => {
                for one in value.as_array().ok_or_else(wrong)? {
                    let attachment = attachments::read(one, item.next_attachment())?;
                    item.attachments.push(attachment);
                }
            }
            "inferenceClassification" => {
                text()?;
            }
            known if MESSAGE_PROPERTIES.contains(&known) => {
                let text = format!("Set action is invalid for property '{known}'.");
                return Err(Refusal::new(400, "ErrorInvalidPropertySet", text));
            }
            _ => {
                let text = format!(
                    "The property '{name}' does not exist on type '{MESSAGE}'. Make sure to only \
                     use property names that are defined by the type."
                );
                return Err(Refusal::new(400, "RequestBodyRead", text));
            }
        }
    }
    Ok(())
}

/// The id of an extended property ("Extended properties overview"): `String {guid} Name x`, or
/// `String 0x1042` by a tag of MAPI's.
fn is_property(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("String ") else { return false };
    if let Some(tag) = rest.strip_prefix("0x") {
        return u32::from_str_radix(tag, 16).is_ok();
    }
    let mut words = rest.splitn(3, ' ');
    let guid = words.next().and_then(|guid| guid.strip_prefix('{')?.strip_suffix('}'));
    guid.is_some_and(|guid| uuid::Uuid::parse_str(guid).is_ok())
        && words.next() == Some("Name")
        && words.next().is_some()
}

fn headers(value: &Value) -> Result<Vec<(String, String)>, Refusal> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() || list.len() > HEADERS {
        let text = format!(
            "The number of internet message headers is invalid, it should be between 1 and {HEADERS}."
        );
        return Err(Refusal::new(400, "InvalidInternetMessageHeaderCollection", text));
    }
    let read = |one: &Value| {
        let name = one["name"].as_str().unwrap_or_default();
        if !name.to_lowercase().starts_with("x-") {
            let text = format!(
                "The internet message header name '{name}' should start with 'x-' or 'X-'."
            );
            return Err(Refusal::new(400, "InvalidInternetMessageHeader", text));
        }
        let value = one["value"].as_str().and_then(clean).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| {
            let text = format!("The value of the internet message header '{name}' is invalid.");
            Refusal::new(400, "InvalidInternetMessageHeader", text)
        })?;
        Ok((name.to_owned(), value))
    };
    list.iter().map(read).collect()
}

fn read_body(value: &Value) -> Option<Body> {
    let html = match value["contentType"].as_str().unwrap_or("text").to_lowercase().as_str() {
        "html" => true,
        "text" => false,
        _ => return None,
    };
    Some(Body { html, content: value["content"].as_str()?.to_owned() })
}

fn people(value: &Value) -> Option<Vec<Person>> {
    value.as_array()?.iter().map(person).collect()
}

fn person(value: &Value) -> Option<Person> {
    let one = &value["emailAddress"];
    let address = clean(one["address"].as_str()?)?;
    let name = one["name"].as_str().map_or_else(|| Some(address.clone()), clean)?;
    Some(Person { name, address })
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
}

fn clean(text: &str) -> Option<String> {
    is_clean(text).then(|| text.to_owned())
}
