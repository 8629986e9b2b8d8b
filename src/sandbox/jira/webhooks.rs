//! What Jira tells of itself: signed, retried, and on Data Center in two ways for a comment.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use super::data::{Comment, Issue};
use super::people::Person;
use super::render::{self, Wanted};
use super::state::State;
use super::{Deployment, data};
use crate::sandbox::wire::{post, to_json};

/// Jira waits minutes; nobody here has them.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200)];

/// Where the events go, and those on their way; they end with the stand-in.
pub(super) struct Webhooks {
    target: Option<(Url, String)>,
    under_way: JoinSet<()>,
    runtime: Handle,
}

impl Webhooks {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { target: None, under_way: JoinSet::new(), runtime }
    }

    pub(super) fn aim(&mut self, url: Url, secret: &str) {
        self.target = Some((url, secret.to_owned()));
    }

    /// Nobody listens, and nothing need be written for them.
    pub(super) fn idle(&self) -> bool {
        self.target.is_none()
    }

    fn send(&mut self, body: &Value) {
        let Some((url, secret)) = &self.target else { return };
        while self.under_way.try_join_next().is_some() {}
        let body = to_json(body);
        let delivery = deliver(url.clone(), headers(url, secret, &body), body);
        self.under_way.spawn_on(delivery, &self.runtime);
    }
}

/// Retried until a 2xx with the same identifier.
async fn deliver(url: Url, headers: Vec<(String, String)>, body: String) {
    for (retry, pause) in PAUSES.iter().map(Some).chain([None]).enumerate() {
        let mut headers = headers.clone();
        if retry > 0 {
            headers.push(("X-Atlassian-Webhook-Retry".to_owned(), retry.to_string()));
        }
        let answer = post(&url, &headers, body.clone()).await;
        if answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
            return;
        }
        if let Some(pause) = pause {
            tokio::time::sleep(*pause).await;
        }
    }
}

fn headers(url: &Url, secret: &str, body: &str) -> Vec<(String, String)> {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut headers: Vec<(&str, String)> = vec![
        ("Host", authority.to_owned()),
        ("Content-Type", "application/json; charset=UTF-8".to_owned()),
        ("Content-Length", body.len().to_string()),
        ("User-Agent", "Atlassian Webhook HTTP Client".to_owned()),
        ("X-Atlassian-Webhook-Identifier", Uuid::new_v4().to_string()),
        ("X-Atlassian-Webhook-Flow", "Primary".to_owned()),
    ];
    // HMAC takes a key of any length, so there is always a signature.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(body.as_bytes());
        let digest = base16ct::lower::encode_string(&mac.finalize().into_bytes());
        headers.push(("X-Hub-Signature", format!("sha256={digest}")));
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What became of a comment.
#[derive(Clone, Copy)]
pub(super) enum Told {
    Created,
    Edited,
}

/// `comment_created` or `comment_updated`. Data Center's has no issue in it; there the comment is
/// told again with its issue, as `jira:issue_updated`.
pub(super) fn comment(state: &mut State, what: Told, issue: u64, comment: &Comment) {
    if state.hooks.idle() {
        return;
    }
    let Some(issue) = state.store.issues.get(&issue) else { return };
    // Its properties are not in it: who wants to know them reads the comment.
    let told = render::comment(state, issue, comment, "");
    let fields = Wanted::of(["summary", "issuetype", "project", "status", "priority"]);
    let (event, kind) = match what {
        Told::Created => ("comment_created", "issue_commented"),
        Told::Edited => ("comment_updated", "issue_comment_edited"),
    };
    let at = data::now().as_millisecond();
    let mut body = json!({ "timestamp": at, "webhookEvent": event, "comment": told });
    match state.flavour {
        Deployment::Cloud => {
            body["issue"] = short(render::issue(state, issue, &fields));
            state.hooks.send(&body);
        }
        Deployment::DataCenter => {
            let again = json!({
                "timestamp": at,
                "webhookEvent": "jira:issue_updated",
                "issue_event_type_name": kind,
                "user": render::person(state, comment.author),
                "issue": short(render::issue(state, issue, &Wanted::navigable())),
                "comment": told,
            });
            state.hooks.send(&body);
            state.hooks.send(&again);
        }
    }
}

/// A changed field: its name, and the text before and after.
pub(super) type Item = (&'static str, String, String);

/// `jira:issue_updated`, with what has changed.
pub(super) fn issue_updated(state: &mut State, issue: u64, by: &Person, items: &[Item]) {
    if state.hooks.idle() || items.is_empty() {
        return;
    }
    let Some(issue) = state.store.issues.get(&issue) else { return };
    let items: Vec<Value> = items.iter().map(|item| shown(state.flavour, item)).collect();
    // A step of the workflow has an event of its own, by default this one.
    let moved = items.iter().any(|item| item["field"] == "status");
    let kind = if moved { "issue_generic" } else { "issue_updated" };
    let body = json!({
        "timestamp": data::now().as_millisecond(),
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": kind,
        "user": render::person(state, by),
        "issue": short(render::issue(state, issue, &Wanted::navigable())),
        "changelog": { "id": Uuid::new_v4().as_u64_pair().0.to_string(), "items": items },
    });
    state.hooks.send(&body);
}

/// An item of a changelog; Data Center's does not name the field's id.
fn shown(flavour: Deployment, (field, from, to): &Item) -> Value {
    // Of no resolution there is nothing to say.
    let text = |text: &String| (*field != "resolution" || !text.is_empty()).then(|| text.clone());
    let mut item = json!({
        "field": field,
        "fieldtype": "jira",
        "from": data::id_of(field, from),
        "fromString": text(from),
        "to": data::id_of(field, to),
        "toString": text(to),
    });
    if flavour == Deployment::Cloud {
        item["fieldId"] = json!(field);
    }
    item
}

/// What an issue changed by between two states of it.
pub(super) fn items(before: &Issue, after: &Issue) -> Vec<Item> {
    let names = |issue: &Issue| {
        [
            ("summary", issue.summary.clone()),
            ("description", issue.description.clone()),
            ("labels", issue.labels.join(" ")),
            ("priority", data::PRIORITIES[issue.priority].1.to_owned()),
            ("issuetype", data::ISSUE_TYPES[issue.kind].1.to_owned()),
            ("reporter", issue.reporter.display.to_owned()),
            ("resolution", (if issue.status == data::DONE { "Done" } else { "" }).to_owned()),
            ("status", data::STATUSES[issue.status].name.to_owned()),
        ]
    };
    let changes = names(before).into_iter().zip(names(after));
    changes.filter(|(old, new)| old != new).map(|(old, new)| (old.0, old.1, new.1)).collect()
}

/// Without what a webhook leaves out.
fn short(mut issue: Value) -> Value {
    if let Some(map) = issue.as_object_mut() {
        map.remove("expand");
    }
    issue
}
