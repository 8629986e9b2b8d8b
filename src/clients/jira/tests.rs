//! The client against a server with canned answers; each request that it sends must stand in
//! Atlassian's published description, where that knows of it.

mod attachments;
mod calls;
mod failures;
mod moves;
mod reading;
mod server;

use std::{num::NonZeroU32, time::Duration};

use url::Url;

use self::server::Canned;
use super::{JiraAuth, JiraClient, JiraSettings};
use crate::{
    model::keys::{CommentId, IssueKey},
    telemetry::Metrics,
};

fn client(server: &Canned, cloud: Option<bool>) -> JiraClient {
    client_within(server, cloud, Duration::from_secs(10))
}

fn client_within(server: &Canned, cloud: Option<bool>, limit: Duration) -> JiraClient {
    let auth = JiraAuth::Basic { user: "desk@example.org".to_owned(), token: "token".into() };
    made(server.url.clone(), auth, cloud, limit)
}

fn made(url: Url, auth: JiraAuth, cloud: Option<bool>, limit: Duration) -> JiraClient {
    crate::prepare_process();
    let writes_per_second = NonZeroU32::new(1_000).unwrap();
    let settings = JiraSettings { url, auth, cloud, writes_per_second, limit };
    JiraClient::new(settings, Metrics::new()).unwrap()
}

fn key(text: &str) -> IssueKey {
    IssueKey::parse(text).unwrap()
}

fn comment_id(text: &str) -> CommentId {
    CommentId::parse(text).unwrap()
}
