//! The tour: what three people type, what they read, and whether that is what they should read.
//!
//! Alice (English) is a developer in Redmine, Bob (Korean) a reporter, Carol (French) has no
//! account. A step is checked by the facts in its answer, not by its wording.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use url::Url;

use super::super::tell;
use crate::{
    clients::Transport,
    locale::{Locale, Texts},
    model::render,
    sandbox::{Delayed, Fault, FaultRule, Mattermost, Redmine, SubmitResult},
    telemetry::Metrics,
};

/// How long a late answer is waited for.
const LATE_LIMIT: Duration = Duration::from_secs(10);
/// Lines of a long answer that are shown.
const LINES_SHOWN: usize = 14;

/// Everybody who takes part.
pub(super) struct Stage {
    pub(super) redmine: Redmine,
    pub(super) mattermost: Mattermost,
    pub(super) url: Url,
    pub(super) store: PathBuf,
}

/// Walks through it all; returns how many steps were not answered as they should be.
pub(super) async fn walk(stage: &Stage) -> anyhow::Result<u32> {
    let mut tour = Tour { stage, texts: Texts::load()?, missed: 0 };
    tour.signing_in().await?;
    tour.issues().await?;
    tour.other_people().await?;
    tour.bad_days().await?;
    tour.leaving().await?;
    Ok(tour.missed)
}

struct Tour<'a> {
    stage: &'a Stage,
    texts: Texts,
    missed: u32,
}

impl Tour<'_> {
    async fn signing_in(&mut self) -> anyhow::Result<()> {
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

    async fn issues(&mut self) -> anyhow::Result<()> {
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

    async fn other_people(&mut self) -> anyhow::Result<()> {
        chapter("Bob reads Korean and may not close; Carol reads French and has no login");
        let login = format!("login bob {}", Redmine::user_key("bob"));
        self.typed("bob", &login, &["Bob Baker"]).await?;
        self.typed("bob", "close 6", &["/issues/6)", "**New**"]).await?;
        let first_sign_in = self.sentence(Locale::Fr, "redmine-no-login");
        self.typed("carol", "list", &[&first_sign_in]).await
    }

    async fn bad_days(&mut self) -> anyhow::Result<()> {
        chapter("When things go wrong, it says what happened");
        let unknown = self.texts.say(Locale::En, "redmine-unknown", &[("command", "clsoe".into())]);
        self.typed("alice", "clsoe 9", &[&unknown]).await?;
        self.typed("alice", "close 1/../../projects/1", &["1/../../projects/1"]).await?;
        self.stage.redmine.fault(FaultRule::from(Fault::CutConnection).times(2));
        let down = self.sentence(Locale::En, "redmine-down");
        self.typed("alice", "issue 1", &[&down]).await?;
        self.stage.redmine.clear_faults();
        self.stage.redmine.fault(FaultRule::from(Fault::Slow(Duration::from_secs(4))).times(1));
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
        let transport =
            Transport::new("ticketd", self.stage.url.clone(), LATE_LIMIT, Metrics::new())?;
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

    async fn leaving(&mut self) -> anyhow::Result<()> {
        chapter("Alice signs out; her key was never readable on the disk");
        let key = Redmine::user_key("alice");
        let clear = holds(&self.stage.store, key.as_bytes())?;
        self.mark("(the store's files are searched for her key: not there)", !clear);
        let logged_out = self.sentence(Locale::En, "redmine-logged-out");
        self.typed("alice", "logout", &[&logged_out]).await
    }

    /// One command, as Mattermost sends it; its answer must hold every fact.
    async fn typed(&mut self, user: &str, text: &str, facts: &[&str]) -> anyhow::Result<()> {
        tell(&format!("\n{user}> /redmine {text}"));
        let started = Instant::now();
        let form = self.stage.mattermost.slash(user, &format!("/redmine {text}"));
        let answer = form.send(&self.stage.url.join("slash/redmine")?).await?;
        let took = started.elapsed().as_millis();
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let said = body["text"].as_str().unwrap_or_default();
        let lines: Vec<_> = said.lines().filter(|line| !line.is_empty()).collect();
        for line in lines.iter().take(LINES_SHOWN) {
            tell(&format!("    {}", render::cut(line, 160)));
        }
        let missing: Vec<_> = facts.iter().filter(|fact| !said.contains(**fact)).collect();
        let fine = answer.status == 200 && missing.is_empty();
        self.mark(&format!("({took} ms)"), fine);
        if !fine {
            tell(&format!("    status {}, missing: {missing:?}", answer.status));
        }
        Ok(())
    }

    /// What arrives later, through the response hook.
    async fn delivered(&mut self, count: usize, fact: &str) {
        let deadline = Instant::now() + LATE_LIMIT;
        while self.stage.mattermost.delayed().len() < count && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let late = self.stage.mattermost.delayed();
        let text = late.last().map(Delayed::text).unwrap_or_default().to_owned();
        tell(&format!(
            "    … later: {}",
            render::cut(text.lines().next().unwrap_or_default(), 160)
        ));
        self.mark("(delivered once)", late.len() == count && text.contains(fact));
    }

    fn sentence(&self, locale: Locale, key: &str) -> String {
        self.texts.say(locale, key, &[])
    }

    fn mark(&mut self, what: &str, fine: bool) {
        self.missed += u32::from(!fine);
        tell(&format!("    {} {what}", if fine { "ok" } else { "NOT AS IT SHOULD BE" }));
    }
}

fn chapter(title: &str) {
    tell(&format!("\n== {title}"));
}

/// Whether any file below the directory holds these bytes.
fn holds(directory: &Path, wanted: &[u8]) -> std::io::Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            holds(&path, wanted)?
        } else {
            std::fs::read(&path)?.windows(wanted.len()).any(|window| window == wanted)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
