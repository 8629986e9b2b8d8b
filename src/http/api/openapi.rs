//! The description of the API (`OpenAPI` 3.1): what is answered comes from the types that are answered,
//! what is taken from the limits that are kept, and the boards and categories are the configured ones.

mod asked;
mod paths;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    Desks, desks,
    events::EventView,
    problem::{ProblemFault, ProblemView},
    writing::{RequestState, RequestView},
};
use crate::{
    config::Config,
    model::ticket_view::{
        AttachmentView, CommentView, KindView, ProjectView, RenderedView, StatusView, TicketView,
        UserView,
    },
};

const ABOUT: &str = "Find, make and comment tickets.

Every request shows a token: `Authorization: Bearer ticketd_…`. The operator makes one with `ticketd \
token create`. A token of the scope `read` finds tickets and hears of them; one of the scope `write` \
makes tickets and comments too.

A ticket or a comment is recorded before it is answered. Send an `Idempotency-Key` with it: the same \
key within 24 hours is the same request, however often it comes, and nothing is made twice. If the \
tracker does not answer in time, the answer is 202 with a `Location` to ask at.

Whatever goes wrong is told as `application/problem+json`, in the language that `Accept-Language` asks \
for: `en`, `ko` or `fr`.";

#[derive(OpenApi)]
#[openapi(
    info(title = "ticketd", description = ABOUT),
    components(schemas(
        TicketView,
        UserView,
        StatusView,
        KindView,
        ProjectView,
        CommentView,
        AttachmentView,
        RenderedView,
        RequestView,
        RequestState,
        EventView,
        ProblemView,
        ProblemFault,
    )),
    tags((name = "tickets", description = "Tickets on the configured boards")),
)]
struct Answers;

/// The limits that the description tells.
struct Limits {
    files: usize,
    bytes: u64,
}

/// The description as JSON.
pub(super) fn description(config: &Config) -> String {
    let desks = desks(config);
    let limits = Limits { files: config.limits.upload_files, bytes: config.limits.upload_bytes };
    let mut whole = serde_json::to_value(Answers::openapi()).unwrap_or_default();
    whole["servers"] = json!([{"url": config.http.context}]);
    whole["security"] = json!([{"token": []}]);
    whole["paths"] = paths::all(&desks);
    let components = &mut whole["components"];
    components["securitySchemes"] = json!({"token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ticketd_<id>_<secret>",
        "description": "A token that `ticketd token create` made."
    }});
    components["responses"] = problems();
    if let Value::Object(schemas) = &mut components["schemas"] {
        schemas.extend(asked::schemas(&desks, &limits));
    }
    serde_json::to_string_pretty(&whole).unwrap_or_default()
}

/// Name, status, what it means, and the headers that come with it.
const PROBLEMS: &[(&str, u16, &str, &[&str])] = &[
    ("BadRequest", 400, "The request is not as it should be: `errors` says what and where.", &[]),
    ("Unauthorized", 401, "No token, or one that is worth nothing.", &["WWW-Authenticate"]),
    ("Forbidden", 403, "The scope of the token does not cover this.", &[]),
    ("NotFound", 404, "There is no such thing, or none that callers see.", &[]),
    ("MethodNotAllowed", 405, "The path takes other methods.", &["Allow"]),
    ("Timeout", 408, "The body did not arrive in time.", &[]),
    ("Conflict", 409, "The tracker does not take what was asked.", &[]),
    ("TooLarge", 413, "The body or its files are too large, or too many.", &[]),
    ("UnsupportedMediaType", 415, "The body is of another type.", &[]),
    ("KeyReused", 422, "The `Idempotency-Key` was used for another request.", &[]),
    ("TooManyRequests", 429, "The token has used up its minute.", &["Retry-After"]),
    ("Internal", 500, "A fault of ticketd.", &[]),
    ("Refused", 502, "The tracker refuses the question; asking it again will not help.", &[]),
    ("Unavailable", 503, "ticketd or the tracker cannot answer now.", &["Retry-After"]),
];

fn problems() -> Value {
    let told = PROBLEMS.iter().map(|(name, _, meaning, headers)| {
        let headers = headers.iter().map(|header| {
            let kind = if *header == "Retry-After" { "integer" } else { "string" };
            ((*header).to_owned(), json!({"schema": {"type": kind}}))
        });
        let response = json!({
            "description": *meaning,
            "headers": headers.collect::<Map<_, _>>(),
            "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"}
            }}
        });
        ((*name).to_owned(), response)
    });
    Value::Object(told.collect())
}

/// References to the problems of these statuses.
fn refused(statuses: &[u16]) -> Map<String, Value> {
    let told = PROBLEMS.iter().filter(|(_, status, ..)| statuses.contains(status));
    told.map(|(name, status, ..)| {
        (status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}))
    })
    .collect()
}

#[cfg(test)]
mod tests;
