//! Finding tickets: a page of them, or one. The trackers are asked each time.

use std::time::Duration;

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{LINK, RETRY_AFTER},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::form_urlencoded;

use super::{
    Asking,
    problem::{Fault, Problem, says},
    query::{self, Choices},
};
use crate::{
    actors::{ReadFault, TicketReader},
    clients::ApiError,
    http::reply::{self, Reply},
    model::{keys::IssueKey, ticket_query::Field},
};

/// Where the next page is, for those who do not read `Link`.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");
/// The `#` of Redmine's keys would end a path.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
/// How long a tracker that does not answer is left alone.
const LATER: Duration = Duration::from_secs(10);

pub(super) async fn tickets(asking: &Asking<'_>) -> Result<Reply, Problem> {
    let api = asking.api;
    let choices = Choices { boards: &api.board_keys, categories: &api.desks.categories };
    let query = query::tickets(&asking.query, choices)?;
    let _place = asking.api.enter(asking.context)?;
    let page = match api.reader.list(&query).await {
        Ok(page) => page,
        // A status that no tracker has is one that no ticket has.
        Err(ReadFault::Unknown { .. }) => return json(StatusCode::OK, &[(); 0]),
        Err(fault) => return Err(problem(&fault)),
    };
    let mut reply = json(StatusCode::OK, &page.tickets)?;
    if let Some(next) = page.next {
        let link = format!("<{}/tickets/?{}>; rel=\"next\"", api.context, after(asking, &next));
        let headers = reply.headers_mut();
        for (name, value) in [(LINK, link), (NEXT, next)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
    Ok(reply)
}

/// The same question with another cursor.
fn after(asking: &Asking<'_>, cursor: &str) -> String {
    let asked = form_urlencoded::parse(asking.query.as_bytes());
    let asked = asked.filter(|(name, _)| name != "cursor");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked).append_pair("cursor", cursor).finish()
}

pub(super) async fn ticket(asking: &Asking<'_>, part: &str) -> Result<Reply, Problem> {
    let mut fields = query::fields(&asking.query)?;
    // As the service before did: they stand in what is told of one ticket.
    fields.extend([Field::Comments, Field::Attachments]);
    let key = key(part)?;
    let _place = asking.api.enter(asking.context)?;
    match asking.api.reader.get(&key, &fields).await {
        Ok(Some(ticket)) => json(StatusCode::OK, &ticket),
        Ok(None) => Err(Problem::not_found(says("api-no-ticket"))),
        Err(fault) => Err(problem(&fault)),
    }
}

/// What has not the form of a key is a ticket that there is not.
pub(super) fn key(part: &str) -> Result<IssueKey, Problem> {
    TicketReader::key(part).ok_or_else(|| Problem::not_found(says("api-no-ticket")))
}

/// Where a ticket is found.
pub(super) fn address(context: &str, key: &IssueKey) -> String {
    let key = utf8_percent_encode(key.as_str(), IN_A_PATH).to_string();
    format!("{context}/tickets/{key}")
}

pub(super) fn problem(fault: &ReadFault) -> Problem {
    match fault {
        ReadFault::BadCursor => Problem::not_found(says("api-no-page")),
        ReadFault::Unknown { .. } => Problem::not_found(says("api-no-ticket")),
        ReadFault::Words => Problem::parameters(vec![Fault::of("q", says("api-fault-words"))]),
        // Not the caller's doing: what they wrote has been read, and asked for in typed parts.
        ReadFault::Api(error @ ApiError::Rejected { reasons, .. }) => {
            tracing::warn!(%error, "a tracker refuses a question");
            let told = says("api-tracker-refused").with("fault", reasons.join(" "));
            Problem::new(StatusCode::BAD_GATEWAY, "tracker-refused", told)
        }
        ReadFault::Api(error) => {
            tracing::warn!(%error, "a tracker does not tell of its tickets");
            let after = match error {
                ApiError::RateLimited { after: Some(after), .. } => *after,
                _ => LATER,
            };
            Problem::busy("tracker-away", says("api-tracker-away"), after)
        }
    }
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Result<Reply, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer of the api cannot be written");
        Problem::from(crate::http::error::HttpError::Internal)
    })?;
    Ok(reply::typed(status, "application/json", bytes.into()))
}

/// Says when to ask again.
pub(super) fn ask_again(reply: &mut Reply, after: u32) {
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after));
}
