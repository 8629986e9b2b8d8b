//! What a portal does over the API: it makes a ticket, says something in it, and lists what there is.

use anyhow::Context as _;
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::{LIMIT, Tour, chapter};
use crate::{
    actors::{Question, Reply},
    cli::{Ending, question::ask, tell},
    clients::Transport,
    model::api_token::Scope,
    telemetry::Metrics,
};

impl Tour<'_> {
    /// Gives the token that the portal has.
    pub(super) async fn portal(&mut self) -> Result<SecretString, Ending> {
        chapter("A portal makes tickets over the API");
        tell("\n$ ticketd token create --name portal --scope write");
        let question =
            Question::MakeToken { name: "portal".into(), scope: Scope::Write, expires: None };
        let reply = ask(&self.stage.config, question, |_| {}).await?;
        let Reply::TokenMade { written, .. } = reply else {
            return Err(anyhow::anyhow!("no token was made").into());
        };
        let token = SecretString::from(written.0);
        let ticket = json!({
            "title": "The badge of a new colleague",
            "body": "She starts on Monday.",
            "reporter": "dora@customer.example",
            "board": "support",
            "category": "helpdesk",
        });
        let made = self.asked(&token, Method::POST, "tickets/", Some(ticket)).await?;
        let key = made["key"].as_str().unwrap_or_default().to_owned();
        let there = self.stage.jira.issue(&key).is_some();
        self.mark(&format!("({key}, as soon as Jira has it)"), there);
        let comment = json!({"body": "She has it now.", "author": "bob@example.org"});
        self.asked(&token, Method::POST, &format!("tickets/{key}/comment"), Some(comment)).await?;
        let said = self.stage.jira.issue(&key).map_or(0, |issue| issue.comments.len());
        self.mark("(a comment, once)", said == 1);
        let one = self.asked(&token, Method::GET, &format!("tickets/{key}"), None).await?;
        self.mark("(and read back)", one["title"] == "The badge of a new colleague");
        Ok(token)
    }

    async fn asked(
        &self,
        token: &SecretString,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let context = &self.stage.config.http.context;
        let path = format!("{}/{path}", context.trim_start_matches('/'));
        tell(&format!("\nThe portal asks: {method} /{path}"));
        let portal = Transport::new("ticketd", self.stage.url.clone(), LIMIT, Metrics::new())?;
        let request = portal.request(method, &path).bearer_auth(token.expose_secret());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = portal.send(request).await.context("the portal was not answered")?;
        // A comment that stands is answered without a word.
        Ok(answer.json().unwrap_or_default())
    }
}
