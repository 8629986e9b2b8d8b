//! The response URLs of slash commands: no credential, five uses, thirty minutes.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::error::Refusal;
use super::ids::new_id;
use crate::sandbox::wire::Request;

const LIFE: Duration = Duration::from_mins(30);
const USES: u32 = 5;

/// One late answer to a slash command.
#[derive(Clone, Debug, PartialEq)]
pub struct Delayed {
    /// The `response_url` it was sent to.
    pub response_url: String,
    /// Who had typed the command.
    pub user_id: &'static str,
    /// The JSON as sent; plain text as `{"text": …}`.
    pub answer: Value,
}

impl Delayed {
    /// The text of the answer.
    #[must_use]
    pub fn text(&self) -> &str {
        self.answer["text"].as_str().unwrap_or_default()
    }

    /// Whether the whole channel reads it.
    #[must_use]
    pub fn in_channel(&self) -> bool {
        self.answer["response_type"] == json!("in_channel")
    }
}

#[derive(Default)]
pub(super) struct Hooks {
    issued: HashMap<String, Hook>,
    arrived: Vec<Delayed>,
}

struct Hook {
    url: String,
    user_id: &'static str,
    issued: Instant,
    uses: u32,
}

impl Hooks {
    /// A new response URL.
    pub(super) fn issue(&mut self, base: &Url, user_id: &'static str) -> String {
        let id = new_id();
        let url = format!("{base}hooks/commands/{id}");
        let hook = Hook { url: url.clone(), user_id, issued: Instant::now(), uses: 0 };
        self.issued.insert(id, hook);
        url
    }

    pub(super) fn arrived(&self) -> Vec<Delayed> {
        self.arrived.clone()
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// 400 for broken JSON, which costs no use, and after the fifth; 404 for an unknown URL or one
    /// that is too old.
    pub(super) fn take(&mut self, id: &str, request: &Request) -> Result<(), Refusal> {
        let answer = parse(request)?;
        let hook = self.issued.get_mut(id).filter(|hook| hook.issued.elapsed() < LIFE).ok_or_else(
            || {
                Refusal::new(
                    404,
                    "app.command_webhook.get.missing",
                    "Unable to find the webhook.",
                    format!("resource: CommandWebhook id: {id}"),
                )
            },
        )?;
        if hook.uses == USES {
            return Err(Refusal::new(
                400,
                "app.command_webhook.try_use.invalid",
                "Invalid webhook.",
                format!("invalid input: entity: CommandWebhook field: id value: {id}"),
            ));
        }
        hook.uses += 1;
        let delayed = Delayed { response_url: hook.url.clone(), user_id: hook.user_id, answer };
        self.arrived.push(delayed);
        Ok(())
    }
}

/// JSON when it says so, else text.
fn parse(request: &Request) -> Result<Value, Refusal> {
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Ok(json!({ "text": String::from_utf8_lossy(&request.body) }));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        Refusal::new(
            400,
            "web.command_webhook.parse.app_error",
            "Unable to parse incoming data.",
            format!("parsing error at line {}, character {}", error.line(), error.column()),
        )
    })
}
