//! Interactive dialogs: opened by a trigger id, submitted to the URL that the opener named.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::error::Refusal;
use super::ids::Triggers;
use super::slash::outgoing;
use super::teams::TEAM;
use crate::sandbox::wire::{post, to_json};

/// A dialog on a user's screen. Tests may change it to forge a submission.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedDialog {
    /// On whose screen.
    pub user_id: String,
    /// The channel that they were in; of direct messages too, as any other.
    pub channel_id: String,
    /// The team that they were in.
    pub team_id: String,
    /// Where its submission goes, as sent.
    pub url: String,
    /// The dialog as sent: `callback_id`, `title`, `elements`, `state` and so on.
    pub dialog: Value,
    /// What a client would not show or cut off: the server takes nearly everything (recorded: a
    /// title of 190 characters, an unknown type), the limits are the documentation's.
    pub problems: Vec<String>,
}

/// What the user sees after submitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitResult {
    /// The dialog is gone.
    Closed,
    /// The dialog stays, with the user's input and these words.
    Refused {
        /// The sentence for the dialog as a whole; may be empty.
        error: String,
        /// By element name.
        errors: BTreeMap<String, String>,
    },
    /// The dialog stays under a general "action integration error": no answer within 30 s, a
    /// broken connection, or any status but 200.
    Failed,
}

/// Opens a dialog.
///
/// # Errors
/// 400 for a body that is no JSON, without URL, or with a trigger id that does not hold.
pub(super) fn open(triggers: &Triggers, body: &Bytes) -> Result<OpenedDialog, Refusal> {
    #[derive(Deserialize)]
    struct Open {
        #[serde(default)]
        trigger_id: String,
        #[serde(default)]
        url: String,
        #[serde(default)]
        dialog: Value,
    }
    let open: Open = serde_json::from_slice(body).map_err(|_| Refusal::body_param("dialog"))?;
    if open.url.is_empty() {
        return Err(Refusal::body_param("url"));
    }
    let (user_id, channel_id) = triggers.redeem(&open.trigger_id)?;
    let problems = problems(&open.dialog);
    let Open { url, dialog, .. } = open;
    Ok(OpenedDialog { user_id, channel_id, team_id: TEAM.to_owned(), url, dialog, problems })
}

fn problems(dialog: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut limit = |what: &str, value: &Value, most: usize| {
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if length > most {
            found.push(format!("{what} has {length} characters of {most}"));
        }
    };
    limit("title", &dialog["title"], 24);
    let none = Vec::new();
    let elements = dialog["elements"].as_array().unwrap_or(&none);
    for element in elements {
        let name = element["name"].as_str().unwrap_or_default();
        limit(&format!("{name}: name"), &element["name"], 300);
        limit(&format!("{name}: display_name"), &element["display_name"], 24);
        limit(&format!("{name}: help_text"), &element["help_text"], 150);
        let most = if element["type"] == json!("text") { 150 } else { 3_000 };
        limit(&format!("{name}: placeholder"), &element["placeholder"], most);
        limit(&format!("{name}: default"), &element["default"], most);
    }
    for element in elements {
        let name = element["name"].as_str().unwrap_or_default();
        let kind = element["type"].as_str().unwrap_or_default();
        let (options, source) = (&element["options"], &element["data_source"]);
        let chosen = options.as_array().is_some_and(|options| !options.is_empty())
            || source == "users"
            || source == "channels";
        match kind {
            "text" | "textarea" | "bool" => {}
            "select" | "radio" if chosen => {}
            "select" | "radio" => found.push(format!("{name}: nothing to choose from")),
            _ => found.push(format!("{name}: no element is of type {kind:?}")),
        }
        if name.is_empty() || element["display_name"].as_str().is_none_or(str::is_empty) {
            found.push(format!("{name:?}: an element needs a name and a display_name"));
        }
    }
    found
}

/// What a submission sends, in the order of the wire.
#[derive(Serialize)]
struct Sent<'a> {
    r#type: &'static str,
    callback_id: &'a str,
    state: &'a str,
    user_id: &'a str,
    channel_id: &'a str,
    team_id: &'a str,
    submission: &'a Value,
    cancelled: bool,
}

/// What counts in an answer. One that does not fit this counts as empty, and that as success.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answered {
    error: String,
    errors: Option<BTreeMap<String, String>>,
}

/// Posts a submission to the dialog's URL and reads the answer as the server does.
pub(super) async fn submit(
    user_id: &str,
    dialog: &OpenedDialog,
    submission: &Value,
    cancelled: bool,
) -> SubmitResult {
    let Ok(url) = Url::parse(&dialog.url) else { return SubmitResult::Failed };
    let body = to_json(&Sent {
        r#type: "dialog_submission",
        callback_id: dialog.dialog["callback_id"].as_str().unwrap_or_default(),
        state: dialog.dialog["state"].as_str().unwrap_or_default(),
        user_id,
        channel_id: &dialog.channel_id,
        team_id: &dialog.team_id,
        submission,
        cancelled,
    });
    let headers = outgoing(&url, &body, "application/json");
    let Ok(answer) = post(&url, &headers, body).await else { return SubmitResult::Failed };
    if answer.status != 200 {
        return SubmitResult::Failed;
    }
    let said: Answered = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = said.errors.unwrap_or_default();
    if said.error.is_empty() && errors.is_empty() {
        return SubmitResult::Closed;
    }
    SubmitResult::Refused { error: said.error, errors }
}
