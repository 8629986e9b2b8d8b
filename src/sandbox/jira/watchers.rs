//! Who watches an issue. A person who may not see the issue is a 401 on Data Center and a 403 on
//! Cloud, though nothing is wrong with the caller.

use http::StatusCode;
use serde_json::{Value, json};

use super::error::Refusal;
use super::people::{self, BOT, PEOPLE, Person};
use super::state::{State, json_of};
use super::{no_content, ok, render};
use crate::sandbox::wire::{Reply, Request};

pub(super) fn list(state: &State, key: &str) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let watching = PEOPLE.iter().filter(|person| issue.watchers.contains(person.name));
    let watchers: Vec<Value> = watching.map(|person| render::person(state, person)).collect();
    Ok(ok(&json!({
        "self": format!("{}rest/api/2/issue/{}/watchers", state.base, issue.key()),
        "isWatching": issue.watchers.contains(BOT.name),
        "watchCount": watchers.len(),
        "watchers": watchers,
    })))
}

/// The body is the person as a bare string; without one it is the caller.
pub(super) fn add(state: &mut State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let id = state.issue(key)?.id;
    let person = if request.body.is_empty() {
        BOT
    } else {
        match json_of(request)? {
            Value::String(handle) => known(state, &handle)?,
            _ => return Err(Refusal::bad("The body must be a string.")),
        }
    };
    allowed(state, person)?;
    if state.unwatchable.contains(&person) {
        let text = format!(
            "The user \"{}\" does not have permission to view this issue. This user will not be \
             added to the watch list.",
            person.handle(state.flavour)
        );
        let status = if state.cloud() { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        return Err(Refusal::message(status, text));
    }
    if let Some(issue) = state.store.issues.get_mut(&id) {
        issue.watchers.insert(person.name);
    }
    Ok(no_content())
}

pub(super) fn remove(state: &mut State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let id = state.issue(key)?.id;
    let parameter = if state.cloud() { "accountId" } else { "username" };
    let Some(handle) = request.query(parameter) else {
        return Err(Refusal::bad(format!("The parameter '{parameter}' is missing.")));
    };
    let person = known(state, handle)?;
    allowed(state, person)?;
    if let Some(issue) = state.store.issues.get_mut(&id) {
        issue.watchers.remove(person.name);
    }
    Ok(no_content())
}

fn known(state: &State, handle: &str) -> Result<&'static Person, Refusal> {
    people::by_handle(state.flavour, handle)
        .ok_or_else(|| Refusal::missing(format!("The user '{handle}' does not exist.")))
}

/// Anybody may watch for themselves.
fn allowed(state: &State, person: &Person) -> Result<(), Refusal> {
    if person == BOT || state.may("MANAGE_WATCHERS") {
        return Ok(());
    }
    let text = "You do not have permission to manage the watcher list.";
    Err(if state.cloud() {
        Refusal::forbidden(text)
    } else {
        Refusal::message(StatusCode::UNAUTHORIZED, text)
    })
}
