//! A worker as one writes it in an afternoon, to show that the judge has teeth: it polls the
//! inbox for mails that are not read, makes an issue of each, and marks it as read, before or
//! after. It runs in a process of its own: this very program with some variables set.

use std::time::Duration;

use serde_json::{Value, json};
use ticketd::sandbox::{Jira, Jmap};
use tokio::time::sleep;

/// Variables: the order of its steps, and where the stand-ins are.
pub(crate) const ORDER: &str = "CHAOS_NAIVE";
pub(crate) const JIRA: &str = "CHAOS_JIRA";
pub(crate) const JMAP: &str = "CHAOS_JMAP";

/// Marks a mail as read, then makes the issue.
pub(crate) const MARK_FIRST: &str = "mark, then create";
/// Makes the issue, then marks the mail as read.
pub(crate) const CREATE_FIRST: &str = "create, then mark";

/// Between two looks.
const POLL: Duration = Duration::from_millis(100);
/// A call that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(3);

struct Naive {
    http: reqwest::Client,
    jira: String,
    jmap: String,
    mark_first: bool,
}

/// Works until it is killed.
pub(crate) async fn work(order: &str) {
    let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
    let variable = |name| std::env::var(name).unwrap();
    let mark_first = order == MARK_FIRST;
    let naive = Naive { http, jira: variable(JIRA), jmap: variable(JMAP), mark_first };
    loop {
        // Whatever failed: the next look may do better.
        let _ = naive.look().await;
        sleep(POLL).await;
    }
}

impl Naive {
    async fn look(&self) -> reqwest::Result<()> {
        let found = self.ask("Email/query", json!({"filter": {"notKeyword": "$seen"}})).await?;
        let wanted = json!({"ids": found["ids"], "properties": ["subject", "bodyValues", "textBody"],
            "fetchTextBodyValues": true});
        let mails = self.ask("Email/get", wanted).await?;
        for mail in mails["list"].as_array().into_iter().flatten() {
            if self.mark_first {
                self.mark(mail).await?;
                self.create(mail).await?;
            } else {
                self.create(mail).await?;
                self.mark(mail).await?;
            }
        }
        Ok(())
    }

    async fn create(&self, mail: &Value) -> reqwest::Result<()> {
        let texts = mail["bodyValues"].as_object().into_iter().flatten();
        let text: String = texts.filter_map(|(_, part)| part["value"].as_str()).collect();
        let fields = json!({"project": {"key": "SUP"}, "issuetype": {"name": "Task"},
            "summary": mail["subject"], "description": text});
        let issue = self.http.post(format!("{}rest/api/2/issue", self.jira));
        let issue = issue.basic_auth(Jira::USER, Some(Jira::API_TOKEN));
        issue.json(&json!({"fields": fields})).send().await?.error_for_status()?;
        Ok(())
    }

    async fn mark(&self, mail: &Value) -> reqwest::Result<()> {
        let id = mail["id"].as_str().unwrap_or_default();
        self.ask("Email/set", json!({"update": {id: {"keywords/$seen": true}}})).await.map(drop)
    }

    async fn ask(&self, method: &str, mut arguments: Value) -> reqwest::Result<Value> {
        arguments["accountId"] = json!(Jmap::USER);
        let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
        let body = json!({"using": using, "methodCalls": [[method, arguments, "0"]]});
        let request = self.http.post(format!("{}jmap/", self.jmap));
        let request = request.basic_auth(Jmap::USER, Some(Jmap::PASSWORD)).json(&body);
        let mut answer: Value = request.send().await?.error_for_status()?.json().await?;
        Ok(answer["methodResponses"][0][1].take())
    }
}
