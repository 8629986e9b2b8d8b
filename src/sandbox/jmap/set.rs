//! `Email/set` and `Email/import`: creating, patching, destroying.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::{Args, MethodError, Outcome, only, time};
use super::store::Store;
use super::{draft, folder};
use crate::clock;

/// The `SetError` of one object.
pub(super) type Refusal = Value;

pub(super) fn invalid(properties: &[&str]) -> Refusal {
    json!({ "type": "invalidProperties", "properties": properties })
}

/// The three parts of a `/set` answer that succeed, and those that do not; null when empty.
#[derive(Default)]
pub(super) struct Report {
    pub(super) created: Map<String, Value>,
    pub(super) updated: Map<String, Value>,
    pub(super) destroyed: Vec<String>,
    pub(super) not_created: Map<String, Value>,
    pub(super) not_updated: Map<String, Value>,
    pub(super) not_destroyed: Map<String, Value>,
}

impl Report {
    pub(super) fn into_answer(self, old: u64, new: u64) -> Value {
        let shown = |map: Map<String, Value>| {
            if map.is_empty() { Value::Null } else { Value::Object(map) }
        };
        let destroyed = Some(self.destroyed).filter(|ids| !ids.is_empty());
        json!({
            "oldState": old.to_string(),
            "newState": new.to_string(),
            "created": shown(self.created),
            "updated": shown(self.updated),
            "destroyed": destroyed,
            "notCreated": shown(self.not_created),
            "notUpdated": shown(self.not_updated),
            "notDestroyed": shown(self.not_destroyed),
        })
    }
}

pub(super) fn set(store: &mut Store, args: &mut Args) -> Outcome {
    let old = store.state;
    if args.text("ifInState")?.is_some_and(|state| state != old.to_string()) {
        return Err(MethodError::kind("stateMismatch"));
    }
    let create = args.object("create")?.cloned().unwrap_or_default();
    let update = args.object("update")?.cloned().unwrap_or_default();
    let destroy = args.strings("destroy")?.unwrap_or_default();
    if create.len() + update.len() + destroy.len() > only::OBJECTS {
        return Err(MethodError::kind("requestTooLarge"));
    }
    let mut report = Report::default();
    for (key, wanted) in create {
        match created(store, &wanted) {
            Ok(number) => {
                args.created.insert(key.clone(), store.ids.email(number));
                report.created.insert(key, summary(store, number));
            }
            Err(refusal) => {
                report.not_created.insert(key, refusal);
            }
        }
    }
    for (id, patch) in update {
        let id = args.resolve(&id);
        match patched(store, &id, &patch) {
            Ok(()) => report.updated.insert(id, Value::Null),
            Err(refusal) => report.not_updated.insert(id, refusal),
        };
    }
    for id in destroy {
        let id = args.resolve(&id);
        match store.find(&id) {
            Some(number) => {
                store.destroy(number);
                report.destroyed.push(id);
            }
            None => {
                report.not_destroyed.insert(id, json!({ "type": "notFound" }));
            }
        }
    }
    Ok(report.into_answer(old, store.state))
}

fn created(store: &mut Store, wanted: &Value) -> Result<u32, Refusal> {
    let wanted = wanted.as_object().ok_or_else(|| invalid(&[]))?;
    let raw = draft::build(store, wanted)?;
    add(store, wanted, Bytes::from(raw))
}

/// A new mail where, when and with the keywords that its creator says.
fn add(store: &mut Store, wanted: &Map<String, Value>, raw: Bytes) -> Result<u32, Refusal> {
    let folders = folders(wanted.get("mailboxIds").unwrap_or(&Value::Null))?;
    let keywords = match wanted.get("keywords").filter(|words| !words.is_null()) {
        Some(words) => keywords(words)?,
        None => BTreeSet::new(),
    };
    let received: Timestamp = match wanted.get("receivedAt").filter(|time| !time.is_null()) {
        Some(value) => time(value).ok_or_else(|| invalid(&["receivedAt"]))?,
        None => clock::now(),
    };
    Ok(store.add(raw, received, folders, keywords))
}

fn summary(store: &Store, number: u32) -> Value {
    let email = store.email(number);
    json!({
        "id": store.ids.email(number),
        "blobId": store.ids.blob(number, 0),
        "threadId": email.map(|email| store.ids.thread(email.thread)),
        "size": email.map(|email| email.raw.len()),
    })
}

/// Changes one mail: `keywords`, `mailboxIds`, or one entry of either by its path.
fn patched(store: &mut Store, id: &str, patch: &Value) -> Result<(), Refusal> {
    let number = store.find(id).ok_or_else(|| json!({ "type": "notFound" }))?;
    let Some(email) = store.email(number) else { return Err(json!({ "type": "notFound" })) };
    let (mut words, mut held) = (email.keywords.clone(), email.folders);
    for (path, value) in patch.as_object().ok_or_else(|| json!({ "type": "invalidPatch" }))? {
        let on = match value {
            Value::Bool(true) => true,
            Value::Null | Value::Object(_) => false,
            _ => return Err(invalid(&[path])),
        };
        match path.split_once('/') {
            None if path == "keywords" => words = keywords(value)?,
            None if path == "mailboxIds" => held = folders(value)?,
            Some(("keywords", word)) => {
                let word = word.replace("~1", "/").replace("~0", "~").to_lowercase();
                if on {
                    words.insert(word);
                } else {
                    words.remove(&word);
                }
            }
            Some(("mailboxIds", id)) => {
                let bit = folder::by_id(id).ok_or_else(|| invalid(&[path]))?;
                held = if on { held | bit } else { held & !bit };
            }
            _ => return Err(invalid(&[path])),
        }
    }
    if held == 0 {
        return Err(invalid(&["mailboxIds"]));
    }
    store.edit(number, words, held);
    Ok(())
}

/// At least one mailbox, each of them known.
fn folders(value: &Value) -> Result<u8, Refusal> {
    let refused = || invalid(&["mailboxIds"]);
    let map = value.as_object().ok_or_else(refused)?;
    let bits = map.iter().map(|(id, on)| folder::by_id(id).filter(|_| *on == json!(true)));
    let bits = bits.collect::<Option<Vec<u8>>>().ok_or_else(refused)?;
    let held = bits.iter().fold(0, |all, one| all | one);
    if held == 0 { Err(refused()) } else { Ok(held) }
}

fn keywords(value: &Value) -> Result<BTreeSet<String>, Refusal> {
    let refused = || invalid(&["keywords"]);
    let map = value.as_object().ok_or_else(refused)?;
    let words = map.iter().map(|(word, on)| (*on == json!(true)).then(|| word.to_lowercase()));
    words.collect::<Option<_>>().ok_or_else(refused)
}

/// Its answer has no states (recorded).
pub(super) fn import(store: &mut Store, args: &mut Args) -> Outcome {
    let emails = args.object("emails")?.cloned();
    let emails = emails.ok_or_else(|| MethodError::arguments(&["emails"]))?;
    let (mut created, mut not_created) = (Map::new(), Map::new());
    for (key, wanted) in emails {
        match imported(store, &wanted) {
            Ok(number) => {
                args.created.insert(key.clone(), store.ids.email(number));
                created.insert(key, summary(store, number));
            }
            Err(refusal) => {
                not_created.insert(key, refusal);
            }
        }
    }
    Ok(json!({ "created": created, "notCreated": not_created }))
}

fn imported(store: &mut Store, wanted: &Value) -> Result<u32, Refusal> {
    let wanted = wanted.as_object().ok_or_else(|| invalid(&[]))?;
    let blob = wanted.get("blobId").and_then(Value::as_str);
    let raw = blob.and_then(|id| super::blob::find(store, id));
    add(store, wanted, raw.ok_or_else(|| invalid(&["blobId"]))?)
}
