//! The client against a server with canned answers, and against the stand-in of Redmine.

mod failures;
mod files;
mod issues;
mod lists;
mod tickets;

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::RedmineDesk;
use crate::{
    clients::{
        RedmineClient, Transport,
        stand::{Asked, Say, Stand},
    },
    model::ids::IssueId,
    telemetry::Metrics,
};

const KEY: &str = "b0b0";

fn desk(url: &Url) -> RedmineDesk {
    desk_within(url, Duration::from_secs(10))
}

fn desk_within(url: &Url, limit: Duration) -> RedmineDesk {
    crate::prepare_process();
    let transport = Transport::new("redmine", url.clone(), limit, Metrics::new()).unwrap();
    RedmineDesk::new(&RedmineClient { transport }, KEY.into())
}

fn id(number: u32) -> IssueId {
    IssueId::from(number)
}

fn me() -> Say {
    Say::json(&json!({"user": {"id": 5, "login": "bot", "firstname": "Help", "lastname": "Bot"}}))
}

/// Answers who we are, and everything else by this rule.
async fn known(answers: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Stand {
    Stand::by(
        move |asked| {
            if asked.line.contains("/users/current.json") { me() } else { answers(asked) }
        },
    )
    .await
}

fn issue(id: u32) -> Value {
    json!({
        "id": id,
        "project": {"id": 1, "name": "Help Desk"},
        "status": {"id": 1, "name": "New", "is_closed": false},
        "subject": format!("s{id}"),
        "description": "a\r\nb",
        "updated_on": "2026-11-22T04:14:48Z",
    })
}

/// The values of a request's query.
fn query(asked: &Asked) -> Vec<(String, String)> {
    let target = asked.line.split(' ').nth(1).unwrap();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn value(asked: &Asked, name: &str) -> Option<String> {
    query(asked).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}
