//! What leaves: `EmailSubmission/set`, `/get`, `/query`, and the same as a test reads it.

use std::collections::HashMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Args, MethodError, Outcome};
use super::header::Wanted;
use super::set::{Refusal, Report, invalid};
use super::store::Store;
use super::{USER, mail, set};
use crate::clock;
use crate::sandbox::letter::outgoing::{self, Submission};

struct Sent {
    email_id: String,
    thread: String,
    mail_from: String,
    rcpt_to: Vec<String>,
    at: Timestamp,
    raw: Bytes,
}

/// Every submission, oldest first; number n has the id `S<n+1>`.
#[derive(Default)]
pub(super) struct Outbox {
    /// Nothing may be sent: `forbiddenToSend`.
    pub(super) shut: bool,
    sent: Vec<Sent>,
    by_email: HashMap<u32, Vec<usize>>,
    pub(super) state: u64,
}

impl Outbox {
    pub(super) fn submissions(&self) -> Vec<Submission> {
        self.sent.iter().map(Sent::read).collect()
    }
}

/// The answer and, where a mail was changed by it, the arguments of the `Email/set` that follows.
pub(super) fn set(
    store: &mut Store,
    args: &mut Args,
) -> Result<(Value, Option<Value>), MethodError> {
    let old = store.outbox.state;
    if args.text("ifInState")?.is_some_and(|state| state != old.to_string()) {
        return Err(MethodError::kind("stateMismatch"));
    }
    let create = args.object("create")?.cloned().unwrap_or_default();
    let patches = args.object("onSuccessUpdateEmail")?.cloned().unwrap_or_default();
    let doomed = args.strings("onSuccessDestroyEmail")?.unwrap_or_default();
    let mut report = Report::default();
    for (id, _) in args.object("update")?.cloned().unwrap_or_default() {
        report.not_updated.insert(id, json!({ "type": "cannotUnsend" }));
    }
    for id in args.strings("destroy")?.unwrap_or_default() {
        report.not_destroyed.insert(id, json!({ "type": "forbidden" }));
    }
    let (mut update, mut destroy) = (serde_json::Map::new(), Vec::new());
    for (key, wanted) in create {
        match submitted(store, args, &wanted) {
            Ok(nth) => {
                let sent = &store.outbox.sent[nth];
                let id = format!("S{}", nth + 1);
                let at = sent.at.to_string();
                let reference = format!("#{key}");
                if let Some(patch) = patches.get(&reference).or_else(|| patches.get(&id)) {
                    update.insert(sent.email_id.clone(), patch.clone());
                }
                if doomed.contains(&reference) || doomed.contains(&id) {
                    destroy.push(sent.email_id.clone());
                }
                args.created.insert(key.clone(), id.clone());
                let shown = json!({ "id": id, "undoStatus": "final", "sendAt": at });
                report.created.insert(key, shown);
            }
            Err(refusal) => {
                report.not_created.insert(key, refusal);
            }
        }
    }
    let follows = !update.is_empty() || !destroy.is_empty();
    let follows = follows.then(|| json!({ "update": update, "destroy": destroy }));
    Ok((report.into_answer(old, store.outbox.state), follows))
}

/// The number of the new submission.
fn submitted(store: &mut Store, args: &Args, wanted: &Value) -> Result<usize, Refusal> {
    if store.outbox.shut {
        let words = "The account may not send at the moment.";
        return Err(json!({ "type": "forbiddenToSend", "description": words }));
    }
    if wanted["identityId"] != USER {
        return Err(invalid(&["identityId"]));
    }
    let id = wanted["emailId"].as_str().map(|id| args.resolve(id)).unwrap_or_default();
    let found = store.find(&id).and_then(|number| Some((number, store.email(number)?)));
    let Some((number, email)) = found else { return Err(invalid(&["emailId"])) };
    let raw = email.raw.clone();
    let thread = store.ids.thread(email.thread);
    let (mail_from, rcpt_to) = envelope(&raw, &wanted["envelope"])?;
    if rcpt_to.is_empty() {
        return Err(json!({ "type": "noRecipients" }));
    }
    let wrong: Vec<&String> = rcpt_to.iter().filter(|address| !is_address(address)).collect();
    if !wrong.is_empty() {
        return Err(json!({ "type": "invalidRecipients", "invalidRecipients": wrong }));
    }
    let at = Timestamp::from_second(clock::now().as_second()).unwrap_or_default();
    let nth = store.outbox.sent.len();
    let sent = Sent { email_id: id, thread, mail_from, rcpt_to, at, raw };
    store.outbox.sent.push(sent);
    store.outbox.by_email.entry(number).or_default().push(nth);
    store.modseq += 1;
    store.outbox.state = store.modseq;
    Ok(nth)
}

/// As given or, without one, from the headers of the mail.
fn envelope(raw: &[u8], given: &Value) -> Result<(String, Vec<String>), Refusal> {
    if !given.is_null() {
        let address = |one: &Value| one["email"].as_str().map(str::to_owned);
        let to = given["rcptTo"].as_array().map(|list| list.iter().map(address).collect());
        let (Some(from), Some(Some(to))) = (address(&given["mailFrom"]), to) else {
            return Err(invalid(&["envelope"]));
        };
        return Ok((from, to));
    }
    let message = mail::parse(raw);
    let people = |property: &str| {
        let value = Wanted::parse(property).map(|wanted| wanted.of(raw, &message));
        let list = value.and_then(|value| value.as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(|one| one["email"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let from = people("sender").into_iter().chain(people("from")).next();
    let from = from.ok_or_else(|| json!({ "type": "invalidEmail", "properties": ["from"] }))?;
    Ok((from, ["to", "cc", "bcc"].into_iter().flat_map(people).collect()))
}

fn is_address(address: &str) -> bool {
    let sides = address.split_once('@');
    let blank = |c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '>';
    sides.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()) && !address.contains(blank)
}

pub(super) fn get(store: &Store, args: &Args) -> Outcome {
    let sent = &store.outbox.sent;
    let ids = args.ids("ids")?;
    let ids = ids.unwrap_or_else(|| (1..=sent.len()).map(|nth| format!("S{nth}")).collect());
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        let nth = id.strip_prefix('S').and_then(|nth| nth.parse::<usize>().ok());
        match nth.and_then(|nth| sent.get(nth.checked_sub(1)?)) {
            Some(sent) => list.push(sent.object(&id)),
            None => missing.push(id),
        }
    }
    let state = store.outbox.state.to_string();
    Ok(json!({ "state": state, "list": list, "notFound": missing }))
}

/// Filters by `emailIds` alone; the oldest first.
pub(super) fn query(store: &Store, args: &Args) -> Outcome {
    let mut found: Vec<usize> = match args.object("filter")? {
        None => (0..store.outbox.sent.len()).collect(),
        Some(filter) => match (filter.len(), filter.get("emailIds").and_then(super::args::strings))
        {
            (0, _) => (0..store.outbox.sent.len()).collect(),
            (1, Some(ids)) => ids
                .iter()
                .filter_map(|id| store.ids.email_number(&args.resolve(id)))
                .filter_map(|number| store.outbox.by_email.get(&number))
                .flatten()
                .copied()
                .collect(),
            _ => return Err(MethodError::kind("unsupportedFilter")),
        },
    };
    found.sort_unstable();
    let total = found.len();
    let position = args.number("position")?.unwrap_or(0);
    let limit = args.number("limit")?.unwrap_or(usize::MAX);
    let ids = found.iter().skip(position).take(limit).map(|nth| format!("S{}", nth + 1));
    Ok(json!({
        "queryState": store.outbox.state.to_string(),
        "canCalculateChanges": false,
        "position": position,
        "total": total,
        "ids": ids.collect::<Vec<_>>(),
    }))
}

/// `Email/set` with the arguments that a submission leaves behind.
pub(super) fn follow(store: &mut Store, args: &mut Args, follows: Value) -> Outcome {
    let Value::Object(map) = follows else { return Err(MethodError::kind("serverFail")) };
    set::set(store, &mut Args { map, created: &mut *args.created })
}

impl Sent {
    fn object(&self, id: &str) -> Value {
        let to: Vec<Value> = self.rcpt_to.iter().map(|email| json!({ "email": email })).collect();
        json!({
            "identityId": USER,
            "emailId": self.email_id,
            "envelope": { "mailFrom": { "email": self.mail_from }, "rcptTo": to },
            "threadId": self.thread,
            "id": id,
            "sendAt": self.at.to_string(),
            "undoStatus": "final",
            "deliveryStatus": null,
            "dsnBlobIds": [],
            "mdnBlobIds": [],
        })
    }

    fn read(&self) -> Submission {
        outgoing::read(&self.email_id, &self.mail_from, &self.rcpt_to, &self.raw)
    }
}
