//! Issues: create, read, change, delete, their properties and their way through the workflow.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::data::{Issue, STATUSES, length, project};
use super::error::Refusal;
use super::fields::{self, LONGEST_TEXT};
use super::people::BOT;
use super::render::{self, Wanted};
use super::state::{State, check_property, json_of, properties_of};
use super::{created, no_content, ok};
use crate::sandbox::wire::{Reply, Request};

pub(super) fn create(state: &mut State, request: &Request) -> Result<Reply, Refusal> {
    let body = json_of(request)?;
    let empty = Map::new();
    let fields = body["fields"].as_object().unwrap_or(&empty);
    let place = &fields.get("project").cloned().unwrap_or_default();
    let place = [&place["id"], &place["key"]].into_iter().find_map(Value::as_str);
    let seen = place.and_then(project).filter(|_| state.may("BROWSE_PROJECTS"));
    let Some(project) = seen else {
        return Err(Refusal::field(
            "project",
            match (state.cloud(), place) {
                (true, _) => "Specify a valid project ID or key",
                (false, Some(_)) => "valid project is required",
                (false, None) => "project is required",
            },
        ));
    };
    if !state.may("CREATE_ISSUES") {
        let text = "You do not have permission to create issues in this project.";
        return Err(Refusal::field("project", text).with_status(StatusCode::FORBIDDEN));
    }
    let properties = properties_of(&body["properties"])?;
    let change = match fields::check(state, fields, true) {
        Ok(change) => change,
        Err(errors) => {
            // Found out when the number is already taken: JRACLOUD-78553.
            if fields.get("description").and_then(Value::as_str).is_some_and(too_long) {
                state.store.next_number(project);
            }
            return Err(Refusal::fields(errors));
        }
    };
    let mut issue = Issue { properties, ..state.new_issue(project) };
    change.apply(&mut issue);
    state.index.note(&issue);
    let link = format!("{}rest/api/2/issue/{}", state.base, issue.id);
    let answer = json!({ "id": issue.id.to_string(), "key": issue.key(), "self": link });
    state.store.insert(issue);
    Ok(created(&answer))
}

fn too_long(text: &str) -> bool {
    length(text) > LONGEST_TEXT
}

pub(super) fn show(state: &State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let wanted = Wanted::of(request.query("fields").unwrap_or("*all").split(','));
    let expand = request.query("expand").unwrap_or_default();
    let mut shown = render::expanded(state, issue, &wanted, expand, None);
    let names = request.query("properties").unwrap_or_default();
    add_properties(&mut shown, issue, names.split(','));
    Ok(ok(&shown))
}

/// Puts the properties asked for, `*all` for every one, beside the fields.
pub(super) fn add_properties<'a>(
    shown: &mut Value,
    issue: &Issue,
    names: impl IntoIterator<Item = &'a str>,
) {
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        let wanted = |key: &str| names.contains(&"*all") || names.contains(&key);
        let found = issue.properties.iter().filter(|(key, _)| wanted(key));
        shown["properties"] =
            Value::Object(found.map(|(key, value)| (key.clone(), value.clone())).collect());
    }
}

pub(super) fn update(state: &mut State, request: &Request, key: &str) -> Result<Reply, Refusal> {
    let id = state.issue(key)?.id;
    let body = json_of(request)?;
    let empty = Map::new();
    let mut fields = body["fields"].as_object().unwrap_or(&empty).clone();
    for (name, operations) in body["update"].as_object().unwrap_or(&empty) {
        if name != "labels" || fields.contains_key(name) {
            return Err(Refusal::field(name, fields::not_on_screen(name)));
        }
        let labels = operate(&state.issue(key)?.labels, operations)
            .map_err(|text| Refusal::field(name, text))?;
        fields.insert(name.clone(), labels);
    }
    let properties = properties_of(&body["properties"])?;
    if fields.is_empty() && properties.is_empty() {
        return Err(Refusal::bad("one of 'fields' or 'update' required"));
    }
    let change = fields::check(state, &fields, false).map_err(Refusal::fields)?;
    state.change(id, BOT, |issue| {
        change.apply(issue);
        issue.properties.extend(properties);
    });
    Ok(no_content())
}

/// The labels after `[{"add": …}, {"remove": …}, {"set": […]}]`.
fn operate(labels: &[String], operations: &Value) -> Result<Value, String> {
    let mut labels: Vec<Value> = labels.iter().map(|label| json!(label)).collect();
    for operation in operations.as_array().ok_or("operations must be a list")? {
        let (name, value) =
            operation.as_object().and_then(|one| one.iter().next()).ok_or("no operation")?;
        match name.as_str() {
            "add" => {
                let label = json!(fields::label(value)?);
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
            "remove" => labels.retain(|label| label != value),
            "set" => labels = value.as_array().cloned().ok_or("set takes a list")?,
            _ => return Err(format!("operation '{name}' is not supported for this field.")),
        }
    }
    Ok(Value::Array(labels))
}

pub(super) fn delete(state: &mut State, key: &str) -> Result<Reply, Refusal> {
    let id = state.issue(key)?.id;
    if !state.may("DELETE_ISSUES") {
        return Err(Refusal::forbidden(
            "You do not have permission to delete issues in this project.",
        ));
    }
    state.change(id, BOT, |issue| issue.deleted = true);
    Ok(no_content())
}

pub(super) fn property(state: &State, key: &str, name: &str) -> Result<Reply, Refusal> {
    match state.issue(key)?.properties.get(name) {
        Some(value) => Ok(ok(&json!({ "key": name, "value": value }))),
        None => Err(Refusal::missing(format!("The property with key '{name}' does not exist."))),
    }
}

/// 201 for a new one, 200 for a changed one. The issue does not count as updated.
pub(super) fn set_property(
    state: &mut State,
    request: &Request,
    key: &str,
    name: &str,
) -> Result<Reply, Refusal> {
    let id = state.issue(key)?.id;
    if !state.may("EDIT_ISSUES") {
        return Err(Refusal::forbidden("You do not have permission to edit this issue."));
    }
    let value = json_of(request)?;
    check_property(name, &value)?;
    let issue = state.store.issues.get_mut(&id);
    let old = issue.and_then(|issue| issue.properties.insert(name.to_owned(), value));
    Ok(Reply::empty(if old.is_some() { StatusCode::OK } else { StatusCode::CREATED }))
}

/// The steps from here: id, name and the status they lead to.
fn steps(state: &State, issue: &Issue) -> Vec<(&'static str, &'static str, usize)> {
    let steps = issue.project.steps.iter().enumerate();
    let elsewhere = steps.filter(|(to, _)| *to != issue.status && state.may("TRANSITION_ISSUES"));
    let offered = elsewhere.filter(|(_, (_, name))| !state.withheld.contains(*name));
    offered.map(|(to, (id, name))| (*id, *name, to)).collect()
}

pub(super) fn transitions(state: &State, key: &str) -> Result<Reply, Refusal> {
    let shown = |(id, name, to): (&str, &str, usize)| {
        json!({
            "id": id,
            "name": name,
            "to": render::status(state, &STATUSES[to]),
            "hasScreen": false,
            "isGlobal": true,
            "isInitial": false,
            "isConditional": false,
            "isAvailable": true,
        })
    };
    let list: Vec<Value> = steps(state, state.issue(key)?).into_iter().map(shown).collect();
    Ok(ok(&json!({ "expand": "transitions", "transitions": list })))
}

pub(super) fn transition(
    state: &mut State,
    request: &Request,
    key: &str,
) -> Result<Reply, Refusal> {
    let issue = state.issue(key)?;
    let (id, steps) = (issue.id, steps(state, issue));
    let body = json_of(request)?;
    for section in ["fields", "update"] {
        if let Some(name) = body[section].as_object().and_then(|fields| fields.keys().next()) {
            return Err(Refusal::field(name, fields::not_on_screen(name)));
        }
    }
    let wanted = match &body["transition"]["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err(Refusal::bad("Missing 'transition' identifier")),
    };
    let Some((.., to)) = steps.into_iter().find(|(id, ..)| *id == wanted) else {
        return Err(Refusal::bad(format!(
            "It seems that you have tried to perform a workflow operation ({wanted}) that is not \
             valid for the current state of this issue ({key})."
        )));
    };
    state.change(id, BOT, |issue| issue.status = to);
    Ok(no_content())
}
