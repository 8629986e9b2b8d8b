//! What may be written into an issue's fields, and the words in which Jira refuses.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::data::{ISSUE_TYPES, Issue, PRIORITIES, length};
use super::people::{self, Person};
use super::state::State;

/// Of a description and a comment, in characters.
pub(super) const LONGEST_TEXT: usize = 32_767;
pub(super) const TOO_LONG: &str =
    "The entered text is too long. It exceeds the allowed limit of 32,767 characters.";
const LONGEST_LINE: usize = 255;

/// The fields of a request, checked; `None` for what it leaves alone.
#[derive(Default)]
pub(super) struct Change {
    summary: Option<String>,
    description: Option<String>,
    labels: Option<Vec<String>>,
    priority: Option<usize>,
    reporter: Option<&'static Person>,
    issue_type: Option<usize>,
}

impl Change {
    pub(super) fn apply(self, issue: &mut Issue) {
        let set =
            |to: &mut String, from: Option<String>| from.into_iter().for_each(|new| *to = new);
        set(&mut issue.summary, self.summary);
        set(&mut issue.description, self.description);
        issue.labels = self.labels.unwrap_or_else(|| std::mem::take(&mut issue.labels));
        issue.priority = self.priority.unwrap_or(issue.priority);
        issue.reporter = self.reporter.unwrap_or(issue.reporter);
        issue.kind = self.issue_type.unwrap_or(issue.kind);
    }
}

/// Checks all fields but the project.
///
/// # Errors
/// What is wrong with each field, by its name.
pub(super) fn check(
    state: &State,
    fields: &Map<String, Value>,
    creating: bool,
) -> Result<Change, BTreeMap<String, String>> {
    let mut change = Change::default();
    let mut errors = BTreeMap::new();
    for (name, value) in fields {
        let done = if hidden(state, name, creating) {
            Err(not_on_screen(name))
        } else {
            field(state, &mut change, name, value)
        };
        if let Err(error) = done {
            errors.insert(name.clone(), error);
        }
    }
    if creating {
        let cloud = state.cloud();
        let mut required = |name: &str, text: &str| {
            if !fields.contains_key(name) {
                errors.insert(name.to_owned(), text.to_owned());
            }
        };
        required("summary", "You must specify a summary of the issue.");
        required(
            "issuetype",
            if cloud { "Specify an issue type" } else { "issue type is required" },
        );
    }
    if errors.is_empty() { Ok(change) } else { Err(errors) }
}

pub(super) fn not_on_screen(name: &str) -> String {
    format!("Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")
}

fn hidden(state: &State, name: &str, creating: bool) -> bool {
    state.rejected.contains(name)
        || (name == "reporter" && !state.may("MODIFY_REPORTER"))
        || (!creating && (name == "project" || !state.may("EDIT_ISSUES")))
}

fn field(state: &State, change: &mut Change, name: &str, value: &Value) -> Result<(), String> {
    match name {
        // Looked at before everything else.
        "project" => {}
        "summary" => change.summary = Some(summary(value)?),
        "description" => change.description = Some(description(value)?),
        "labels" => change.labels = Some(labels(value)?),
        "priority" => {
            let found = one_of(&PRIORITIES, value);
            change.priority = Some(found.ok_or_else(|| {
                if state.cloud() {
                    "The priority selected is invalid.".to_owned()
                } else {
                    format!("Priority name '{}' is not valid", text(&value["name"]))
                }
            })?);
        }
        "issuetype" => {
            let found = one_of(&ISSUE_TYPES, value);
            change.issue_type = Some(found.ok_or_else(|| {
                if state.cloud() {
                    "Specify a valid issue type".to_owned()
                } else {
                    "valid issue type is required".to_owned()
                }
            })?);
        }
        "reporter" => {
            // Cloud takes an account by either name: the API's description shows `id`.
            let members: &[&str] = if state.cloud() { &["id", "accountId"] } else { &["name"] };
            let handle = members.iter().find_map(|member| value[*member].as_str());
            let found = people::by_handle(state.flavour, handle.unwrap_or_default());
            change.reporter = Some(found.ok_or_else(|| {
                if state.cloud() {
                    "Specify a valid value for reporter".to_owned()
                } else {
                    "The reporter specified is not a user.".to_owned()
                }
            })?);
        }
        _ => return Err(not_on_screen(name)),
    }
    Ok(())
}

fn summary(value: &Value) -> Result<String, String> {
    let summary = value.as_str().ok_or("Operation value must be a string")?;
    let wrong = if summary.trim().is_empty() {
        "You must specify a summary of the issue."
    } else if summary.contains(['\n', '\r']) {
        "The summary is invalid because it contains newline characters."
    } else if length(summary) > LONGEST_LINE {
        "Summary can't exceed 255 characters."
    } else {
        return Ok(summary.to_owned());
    };
    Err(wrong.to_owned())
}

/// Version 2 takes text, and nothing of version 3's documents.
fn description(value: &Value) -> Result<String, String> {
    if value.is_null() {
        return Ok(String::new());
    }
    let text = value.as_str().ok_or("Operation value must be a string")?;
    if length(text) > LONGEST_TEXT { Err(TOO_LONG.to_owned()) } else { Ok(text.to_owned()) }
}

fn labels(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or("Operation value must be an array of strings")?;
    let mut labels: Vec<String> = Vec::with_capacity(list.len());
    for value in list {
        let label = label(value)?;
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    Ok(labels)
}

/// One label.
///
/// # Errors
/// What is wrong with it.
pub(super) fn label(value: &Value) -> Result<String, String> {
    let label = value.as_str().ok_or("Operation value must be a string")?;
    if label.is_empty() || label.contains(char::is_whitespace) {
        return Err(format!("The label '{label}' contains spaces which is invalid."));
    }
    if length(label) > LONGEST_LINE {
        return Err(format!("The label '{label}' exceeds the maximum length of 255 characters."));
    }
    Ok(label.to_owned())
}

/// The place of what `{"id": …}` or `{"name": …}` means.
fn one_of(table: &[(&str, &str)], value: &Value) -> Option<usize> {
    match (value["id"].as_str(), value["name"].as_str()) {
        (Some(id), _) => table.iter().position(|(known, _)| *known == id),
        (None, Some(name)) => table.iter().position(|(_, known)| known.eq_ignore_ascii_case(name)),
        (None, None) => None,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
