//! What three people type in the chat, and what they read.
//!
//! Alice (English) is a developer in Redmine, Bob (Korean) a reporter, Carol (French) has no
//! account.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{LIMIT, Tour, chapter, comes, show};
use crate::{
    cli::tell,
    clients::Transport,
    locale::Locale,
    model::render,
    sandbox::{Delayed, Fault, FaultRule, Redmine, SubmitResult},
    telemetry::Metrics,
};

impl Tour<'_> {
    pub(super) async fn signing_in(&mut self) -> anyhow::Result<()> {
        chapter("Alice signs in; her key never stands in the chat");
        self.typed("alice", "help", &["/redmine close <id> [note]"]).await?;
        let first_sign_in = self.sentence(Locale::En, "redmine-no-login");
        self.typed("alice", "list", &[&first_sign_in]).await?;
        let wrong = self.sentence(Locale::En, "redmine-wrong-key");
        self.typed("alice", &format!("login alice {}", "0".repeat(40)), &[&wrong]).await?;
        let opened = self.sentence(Locale::En, "redmine-form-opened");
        self.typed("alice", "login", &[&opened]).await?;
        let form = self.stage.mattermost.dialogs().pop().context("no form was opened")?;
        let filled = json!({"login": "alice", "api_key": Redmine::user_key("alice")});
        let submitted = self.stage.mattermost.submit_dialog("alice", &form, filled).await;
        let fields = form.dialog["elements"].as_array().map_or(0, Vec::len);
        let shown = format!("(a form with {fields} fields opens, she fills it in: {submitted:?})");
        let fine = matches!(submitted, SubmitResult::Closed) && form.problems.is_empty();
        self.mark(&shown, fine);
        self.delivered(1, "Alice Archer").await;
        self.typed("alice", "me", &["Alice Archer", "alice"]).await
    }

    pub(super) async fn issues(&mut self) -> anyhow::Result<()> {
        chapter("She works in Redmine without leaving the chat");
        self.typed("alice", "projects", &["Help Desk", "`helpdesk`"]).await?;
        self.typed("alice", "list helpdesk", &["/issues/1)", "Helpdesk request 5"]).await?;
        let subject = "create helpdesk “Printer <b>on fire</b> | 3rd floor”";
        self.typed("alice", subject, &["/issues/9)", "<b>on fire", r"\|"]).await?;
        self.typed("alice", "issue 9", &["Help Desk", "**New**", "Alice Archer"]).await?;
        self.typed("alice", "comment 9 The fire brigade is on its way", &["/issues/9)"]).await?;
        self.typed("alice", "search printer", &["/issues/9)"]).await?;
        self.typed("alice", "close 9 Put out.", &["/issues/9)", "**Closed**"]).await?;
        self.typed("alice", "list helpdesk closed", &["/issues/9)"]).await
    }

    pub(super) async fn other_people(&mut self) -> anyhow::Result<()> {
        chapter("Bob reads Korean and may not close; Carol reads French and has no login");
        let login = format!("login bob {}", Redmine::user_key("bob"));
        self.typed("bob", &login, &["Bob Baker"]).await?;
        self.typed("bob", "close 6", &["/issues/6)", "**New**"]).await?;
        let first_sign_in = self.sentence(Locale::Fr, "redmine-no-login");
        self.typed("carol", "list", &[&first_sign_in]).await
    }

    pub(super) async fn bad_days(&mut self) -> anyhow::Result<()> {
        chapter("When things go wrong, it says what happened");
        let unknown = self.texts.say(Locale::En, "redmine-unknown", &[("command", "clsoe".into())]);
        self.typed("alice", "clsoe 9", &[&unknown]).await?;
        self.typed("alice", "close 1/../../projects/1", &["1/../../projects/1"]).await?;
        self.stage.redmine.fault(FaultRule::from(Fault::CutConnection).times(2));
        let down = self.sentence(Locale::En, "redmine-down");
        self.typed("alice", "issue 1", &[&down]).await?;
        self.stage.redmine.clear_faults();
        self.stage.redmine.fault(FaultRule::from(Fault::Slow(Duration::from_secs(3))).times(1));
        let follows = self.sentence(Locale::En, "answer-follows");
        self.typed("alice", "issue 1", &[&follows]).await?;
        self.delivered(2, "Helpdesk request 1").await;
        let mut forged = self.stage.mattermost.slash("alice", "/redmine list");
        for (name, value) in &mut forged.fields {
            if name == "token" {
                "not-the-token".clone_into(value);
            }
        }
        let text = forged.body();
        let transport = Transport::new("ticketd", self.stage.url.clone(), LIMIT, Metrics::new())?;
        let request = transport
            .request(http::Method::POST, "slash/redmine")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(text);
        let refused = transport.send(request).await.err().map(|error| error.kind());
        self.mark(
            "(somebody sends a command with a forged token: 401)",
            refused == Some("unauthorized"),
        );
        Ok(())
    }

    pub(super) async fn leaving(&mut self) -> anyhow::Result<()> {
        chapter("Alice signs out; her key was never readable on the disk");
        let key = Redmine::user_key("alice");
        let clear = holds(&self.stage.config.store.path, key.as_bytes())?;
        self.mark("(the store's files are searched for her key: not there)", !clear);
        let logged_out = self.sentence(Locale::En, "redmine-logged-out");
        self.typed("alice", "logout", &[&logged_out]).await
    }

    /// A command of Redmine's; its answer must hold every fact.
    async fn typed(&mut self, user: &str, text: &str, facts: &[&str]) -> anyhow::Result<()> {
        self.commanded(user, &format!("/redmine {text}"), "slash/redmine", facts).await
    }

    /// One command, as Mattermost sends it to its path; its answer must hold every fact.
    pub(super) async fn commanded(
        &mut self,
        user: &str,
        line: &str,
        path: &str,
        facts: &[&str],
    ) -> anyhow::Result<()> {
        tell(&format!("\n{user}> {line}"));
        let started = Instant::now();
        let form = self.stage.mattermost.slash(user, line);
        let answer = form.send(&self.stage.url.join(path)?).await?;
        let took = started.elapsed().as_millis();
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = body["text"].as_str().unwrap_or_default();
        show(said);
        let missing: Vec<_> = facts.iter().filter(|fact| !said.contains(**fact)).collect();
        let fine = answer.status == 200 && missing.is_empty();
        self.mark(&format!("({took} ms)"), fine);
        if !fine {
            tell(&format!("    status {}, missing: {missing:?}", answer.status));
        }
        Ok(())
    }

    /// What arrives later, through the response hook.
    pub(super) async fn delivered(&mut self, count: usize, fact: &str) {
        let delayed = || self.stage.mattermost.delayed();
        comes(|| delayed().len() >= count).await;
        let late = delayed();
        let text = late.last().map(Delayed::text).unwrap_or_default().to_owned();
        tell(&format!(
            "    … later: {}",
            render::cut(text.lines().next().unwrap_or_default(), 160)
        ));
        self.mark("(delivered once)", late.len() == count && text.contains(fact));
    }

    pub(super) fn sentence(&self, locale: Locale, key: &str) -> String {
        self.texts.say(locale, key, &[])
    }
}

/// Whether any file below the directory holds these bytes.
fn holds(directory: &Path, wanted: &[u8]) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        // Not the socket of the operator's commands.
        let found = if path.is_dir() {
            holds(&path, wanted)?
        } else {
            path.is_file() && std::fs::read(&path)?.windows(wanted.len()).any(|part| part == wanted)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
