//! What Redmine holds, asked of Redmine itself, and what ticketd asked of the stand-in.

use std::time::Duration;

use serde_json::{Value, json};
use ticketd::sandbox::{Call, Redmine};

use super::TestApp;

/// Tells the tests' own questions from ticketd's; Redmine ignores filters that it does not know.
const OURS: &str = "asked_by=test";

impl TestApp {
    /// `GET <path>` with this user's key.
    pub(crate) async fn ask(&self, login: &str, path: &str) -> Value {
        self.call(login, reqwest::Method::GET, path, None).await
    }

    /// Makes an issue behind ticketd's back; its number.
    pub(crate) async fn put_issue(&self, login: &str, issue: Value) -> u64 {
        let made = self.call(login, reqwest::Method::POST, "issues.json", Some(issue)).await;
        made["issue"]["id"].as_u64().unwrap()
    }

    /// Changes an issue behind ticketd's back.
    pub(crate) async fn change_issue(&self, login: &str, id: u64, issue: Value) {
        let path = format!("issues/{id}.json");
        self.call(login, reqwest::Method::PUT, &path, Some(issue)).await;
    }

    async fn call(
        &self,
        login: &str,
        method: reqwest::Method,
        path: &str,
        issue: Option<Value>,
    ) -> Value {
        let url = self.redmine_url.join(path).unwrap();
        let mark = if url.query().is_some() { "&" } else { "?" };
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let mut request = client
            .request(method, format!("{url}{mark}{OURS}"))
            .header("X-Redmine-API-Key", Redmine::user_key(login));
        if let Some(issue) = issue {
            request = request.json(&json!({ "issue": issue }));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// The newest issue that the bot sees, and how many there are.
    pub(crate) async fn newest(&self) -> (Value, u64) {
        let mut all = self.ask("bot", "issues.json?status_id=*&sort=id:desc&limit=1").await;
        let total = all["total_count"].as_u64().unwrap();
        (all["issues"][0].take(), total)
    }

    /// An issue, as the bot sees it, with its notes.
    pub(crate) async fn issue(&self, id: u64) -> (Value, Vec<String>) {
        let mut answer = self.ask("bot", &format!("issues/{id}.json?include=journals")).await;
        let journals = answer["issue"]["journals"].take();
        let notes = journals.as_array().unwrap().iter();
        let notes = notes.filter_map(|one| one["notes"].as_str()).filter(|note| !note.is_empty());
        let notes = notes.map(str::to_owned).collect();
        (answer["issue"].take(), notes)
    }

    /// How many issues a list should say there are.
    pub(crate) async fn count(&self, login: &str, filter: &str) -> u64 {
        let list = self.ask(login, &format!("issues.json?limit=1&{filter}")).await;
        list["total_count"].as_u64().unwrap()
    }

    /// What ticketd asked of the stand-in.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = self.redmine().ledger();
        calls.retain(|call| !call.target.contains(OURS));
        calls
    }

    /// What ticketd tried to change there.
    pub(crate) fn writes(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| call.method != "GET");
        calls
    }

    /// The issue's link in the chat.
    pub(crate) fn link(&self, id: u64) -> String {
        format!("[#{id}]({}issues/{id})", self.redmine_url)
    }

    /// The issue's link with its subject, as it stands in Markdown.
    pub(crate) fn titled(&self, id: u64, subject: &str) -> String {
        format!("{} {subject}", self.link(id))
    }
}
