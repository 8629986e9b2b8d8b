//! `Email/changes`, `Mailbox/changes`, `Email/queryChanges`. A state that is still to come is
//! answered with no changes, as Cyrus does after a restore; one that is no number is refused.

use serde_json::{Value, json};

use super::args::{Args, MethodError, Outcome};
use super::folder::FOLDERS;
use super::store::{Change, Store};

pub(super) fn emails(store: &Store, args: &Args) -> Outcome {
    let since = since(args)?;
    let most = args.number("maxChanges")?.unwrap_or(usize::MAX);
    if most == 0 {
        return Err(MethodError::arguments(&["maxChanges"]));
    }
    if since < store.forgotten {
        return Err(MethodError::kind("cannotCalculateChanges"));
    }
    let (mut created, mut updated, mut destroyed) = (Vec::new(), Vec::new(), Vec::new());
    let mut reached = None;
    for (modseq, (number, change)) in store.log.range(since.saturating_add(1)..) {
        if created.len() + updated.len() + destroyed.len() == most {
            break;
        }
        reached = Some(*modseq);
        let id = || store.ids.email(*number);
        match change {
            Change::Created => created.push(id()),
            // Created since then: that is in this answer already.
            Change::Updated if store.email(*number).is_some_and(|it| it.created > since) => {}
            Change::Updated => updated.push(id()),
            Change::Destroyed { created } if *created > since => {}
            Change::Destroyed { .. } => destroyed.push(id()),
        }
    }
    let last = store.log.last_key_value().map(|(modseq, _)| *modseq);
    let more = reached.filter(|reached| Some(*reached) < last);
    Ok(json!({
        "oldState": since.to_string(),
        "newState": more.unwrap_or(store.state).to_string(),
        "hasMoreChanges": more.is_some(),
        "created": created,
        "updated": updated,
        "destroyed": destroyed,
    }))
}

pub(super) fn mailboxes(store: &Store, args: &Args) -> Outcome {
    let since = since(args)?;
    let all = since == 0;
    let ids = |wanted: &dyn Fn(usize) -> bool| -> Value {
        (0..FOLDERS.len()).filter(|at| wanted(*at)).map(|at| Value::from(FOLDERS[at].0)).collect()
    };
    Ok(json!({
        "oldState": since.to_string(),
        "newState": store.state.to_string(),
        "hasMoreChanges": false,
        "created": ids(&|_| all),
        "updated": ids(&|at| !all && store.folders[at].changed > since),
        "destroyed": [],
        "updatedProperties": null,
    }))
}

/// Only tells that nothing has changed; else the client has to ask the query again.
pub(super) fn query(store: &Store, args: &Args) -> Outcome {
    let now = super::query::state(store);
    let since = args.text("sinceQueryState")?;
    let since = since.ok_or_else(|| MethodError::arguments(&["sinceQueryState"]))?;
    if since != now {
        return Err(MethodError::kind("cannotCalculateChanges"));
    }
    let mut answer = super::query::query(store, args)?;
    if let Value::Object(map) = &mut answer {
        let total = map.get("total").cloned();
        map.retain(|key, _| ["filter", "sort", "collapseThreads"].contains(&key.as_str()));
        map.insert("total".to_owned(), total.unwrap_or(Value::Null));
        map.insert("oldQueryState".to_owned(), json!(now));
        map.insert("newQueryState".to_owned(), json!(now));
        map.insert("upToId".to_owned(), Value::Null);
        map.insert("removed".to_owned(), json!([]));
        map.insert("added".to_owned(), json!([]));
    }
    Ok(answer)
}

fn since(args: &Args) -> Result<u64, MethodError> {
    let since = args.text("sinceState")?.and_then(|state| state.parse().ok());
    since.ok_or_else(|| MethodError::arguments(&["sinceState"]))
}
