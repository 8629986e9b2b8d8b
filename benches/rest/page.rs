//! What a page of 20 tickets, with all that can be asked of them, costs Jira.

use anyhow::ensure;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Empty, Full};
use serde_json::{Value, json};

use crate::{
    child::Daemon,
    figure,
    load::{Caller, to},
    stand::Stand,
};

const TICKETS: usize = 20;
/// Of them, so many are watched by somebody: Jira counts watchers in a search, and names them
/// issue by issue.
const WATCHED: usize = 5;
const EVERYTHING: &str = "?limit=20&fields=watchers,comments,attachments,rendered";

pub(crate) async fn figures(stand: &Stand, daemon: &Daemon) -> anyhow::Result<()> {
    let mut caller = Caller::connect(stand.address).await?;
    for number in 0..TICKETS {
        let watchers = if number < WATCHED { vec!["bob@example.org"] } else { Vec::new() };
        let ticket = json!({
            "title": format!("The printer of room {number}"),
            "body": "It prints nothing since this morning.",
            "reporter": "ann@customer.example",
            "board": "support",
            "category": "general",
            "watchers": watchers,
        });
        let body = Full::new(Bytes::from(ticket.to_string())).map_err(|never| match never {});
        let request = to("POST", "", &daemon.token).header("content-type", "application/json");
        caller.ask(request.body(body.boxed_unsync())?, &[StatusCode::CREATED]).await?;
    }
    // One for Jira's answer about who we are and the board; the second is what callers see.
    for _ in 0..2 {
        page(&mut caller, daemon, "?limit=20").await?;
    }
    figure("page_of_20_jira_requests_plain", page(&mut caller, daemon, "?limit=20").await?);
    figure("page_of_20_jira_requests_cold", page(&mut caller, daemon, EVERYTHING).await?);
    figure("page_of_20_jira_requests", page(&mut caller, daemon, EVERYTHING).await?);
    Ok(())
}

/// Requests that Jira gets for one page.
async fn page(caller: &mut Caller, daemon: &Daemon, query: &str) -> anyhow::Result<f64> {
    let before = daemon.jira.ledger().len();
    let nothing = Empty::<Bytes>::new().map_err(|never| match never {});
    let request = to("GET", query, &daemon.token).body(nothing.boxed_unsync())?;
    let page = caller.ask(request, &[StatusCode::OK]).await?;
    let page: Vec<Value> = serde_json::from_slice(&page)?;
    ensure!(page.len() == TICKETS, "{} tickets", page.len());
    Ok((daemon.jira.ledger().len() - before) as f64)
}
