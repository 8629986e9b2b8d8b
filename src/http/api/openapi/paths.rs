//! What can be asked, and every way in which it is answered.
#![allow(clippy::needless_pass_by_value, reason = "pieces of JSON are put together here")]

use serde_json::{Map, Value, json};

use super::{Desks, asked, refused};
use crate::http::api::query::{CURSOR_MAX, LIMIT, LIMIT_MAX, TEXT_MAX};

/// What may befall any request.
const ANY: [u16; 6] = [400, 401, 405, 429, 500, 503];
/// What may befall one that writes too.
const WRITES: [u16; 11] = [400, 401, 403, 405, 408, 409, 413, 415, 422, 429, 500];

/// All paths.
pub(super) fn all(desks: &Desks) -> Value {
    let key = json!({
        "name": "key",
        "in": "path",
        "required": true,
        "description": "The ticket's key: `SUP-42` in Jira, `#17` (as `%2317`) or `17` in Redmine.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        "example": "SUP-42"
    });
    json!({
        "/tickets/": {"get": list(desks), "post": create(desks)},
        "/tickets/{key}": {"get": one(&key)},
        "/tickets/{key}/comment": {"post": comment(&key)},
        "/tickets/supported-boards": {"get": names("Boards", "The keys of all boards.")},
        "/tickets/supported-categories": {"get": names("Categories", "All categories.")},
        "/tickets/events": {"get": events()},
        "/requests/{id}": {"get": progress()}
    })
}

fn operation(id: &str, summary: &str, parameters: &Value, answers: Map<String, Value>) -> Value {
    json!({
        "tags": ["tickets"],
        "operationId": id,
        "summary": summary,
        "parameters": parameters,
        "responses": answers
    })
}

/// The answers: this one, and the problems of these statuses.
fn answers(status: &str, fine: Value, problems: &[u16], more: &[u16]) -> Map<String, Value> {
    let mut answers = refused(problems);
    answers.extend(refused(more));
    answers.insert(status.to_owned(), fine);
    answers
}

fn told(description: &str, schema: Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn several(name: &str, description: &str, choices: &Value) -> Value {
    let schema = json!({"type": "array", "items": {"type": "string", "enum": choices}});
    let mut parameter = query(name, description, schema);
    parameter["style"] = "form".into();
    parameter["explode"] = true.into();
    parameter
}

fn fields() -> Value {
    let choices = json!(["watchers", "comments", "attachments", "rendered"]);
    several("fields", "What to tell beside the usual; also separated by commas.", &choices)
}

fn list(desks: &Desks) -> Value {
    let keys: Vec<_> = desks.boards.iter().map(|board| board.key.as_str()).collect();
    let text = || json!({"type": "string", "maxLength": TEXT_MAX, "pattern": r"^[^\x00]*$"});
    let limit =
        json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT.get()});
    let sort = json!({"type": "string", "enum": ["created", "-created"], "default": "created"});
    let cursor = json!({"type": "string", "maxLength": CURSOR_MAX, "pattern": r"^[^\x00]*$"});
    let mut parameters = vec![
        several("boards", "Only of these boards.", &json!(keys)),
        query("reporter", "Only asked for by them.", asked::address()),
        query("assignee", "Only worked on by them.", asked::address()),
        query("watcher", "Only watched by them.", asked::address()),
        query("status", "Only of the status of this name.", text()),
        query(
            "q",
            "Only with these words in title, text or comments; in Redmine, in the title.",
            text(),
        ),
        fields(),
        query("limit", "How many a page.", limit),
        query("sort", "`created`: the newest first; `-created`: the oldest first.", sort),
        query("cursor", "Where the page before ended: its `X-Next-Cursor`.", cursor),
    ];
    if !desks.categories.is_empty() {
        parameters.push(several("categories", "Only of these.", &json!(desks.categories)));
    }
    let mut page = told(
        "A page of tickets.",
        json!({"type": "array", "maxItems": LIMIT_MAX, "items": reference("TicketView")}),
    );
    page["headers"] = json!({
        "Link": {
            "description": "The address of the next page, `rel=\"next\"`; none after the last.",
            "schema": {"type": "string"}
        },
        "X-Next-Cursor": {
            "description": "The `cursor` of the next page; none after the last.",
            "schema": {"type": "string"}
        }
    });
    let answers = answers("200", page, &ANY, &[404, 502]);
    operation("listTickets", "Find tickets", &json!(parameters), answers)
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key within 24 hours is the same request. One of your own choice, \
                        such as a UUID.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    })
}

/// A body of either type.
fn body(name: &str, example: &Value) -> Value {
    let form = format!("{name}Form");
    json!({
        "required": true,
        "content": {
            "application/json": {"schema": reference(name), "example": example},
            "multipart/form-data": {
                "schema": reference(&form),
                "encoding": {
                    "watchers": {"style": "form", "explode": true},
                    "attachments": {"contentType": "*/*"}
                }
            }
        }
    })
}

fn accepted() -> Value {
    let mut told = told(
        "It is recorded and will be done; the tracker has not answered yet.",
        reference("Request"),
    );
    told["headers"] = json!({
        "Location": {"description": "Where to ask.", "schema": {"type": "string"}},
        "Retry-After": {"description": "When, in seconds.", "schema": {"type": "integer"}}
    });
    told["links"] = json!({"request": {
        "operationId": "getRequest",
        "parameters": {"id": "$response.body#/id"}
    }});
    told
}

fn create(desks: &Desks) -> Value {
    let mut made = told("The ticket is made.", reference("TicketView"));
    made["headers"] =
        json!({"Location": {"description": "The ticket.", "schema": {"type": "string"}}});
    let by_key = json!({"key": "$response.body#/key"});
    made["links"] = json!({
        "ticket": {"operationId": "getTicket", "parameters": by_key},
        "comment": {"operationId": "addComment", "parameters": by_key}
    });
    let mut answers = answers("201", made, &WRITES, &[503]);
    answers.insert("202".to_owned(), accepted());
    let mut operation =
        operation("createTicket", "Make a ticket", &json!([idempotency_key()]), answers);
    operation["requestBody"] = body("CreateTicket", &asked::ticket_example(desks));
    operation
}

fn one(key: &Value) -> Value {
    let answers = answers("200", told("The ticket.", reference("TicketView")), &ANY, &[404, 502]);
    operation("getTicket", "Get a ticket", &json!([key, fields()]), answers)
}

fn comment(key: &Value) -> Value {
    let done = json!({"description": "The tracker has the comment."});
    let mut answers = answers("204", done, &WRITES, &[404, 502, 503]);
    answers.insert("202".to_owned(), accepted());
    let parameters = json!([key, idempotency_key()]);
    let mut operation = operation("addComment", "Comment a ticket", &parameters, answers);
    operation["requestBody"] = body("CreateComment", &asked::comment_example());
    operation
}

fn names(id: &str, summary: &str) -> Value {
    let list = told(summary, json!({"type": "array", "items": {"type": "string"}}));
    operation(&format!("list{id}"), summary, &json!([]), answers("200", list, &ANY, &[]))
}

fn progress() -> Value {
    let id = json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The number of the request, as its 202 told it.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64},
        "example": "17.1"
    });
    let mut known = told("How far it is.", reference("Request"));
    known["headers"] = json!({
        "Retry-After": {
            "description": "When to ask again, in seconds, if it is not over.",
            "schema": {"type": "integer"}
        }
    });
    let answers = answers("200", known, &ANY, &[404]);
    operation("getRequest", "See what became of a request", &json!([id]), answers)
}

fn events() -> Value {
    let last = json!({
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The number of the last event that was heard; without it, only what happens \
                        from now on is told.",
        "schema": {"type": "integer", "minimum": 0, "maximum": i64::MAX}
    });
    let stream = json!({
        "description": "A stream of server-sent events that does not end by itself. Each has an \
                        `id`, an `event` (`created`, `commented` or `status_changed`) and as \
                        `data` the JSON of EventView.",
        "content": {"text/event-stream": {"schema": {
            "type": "string",
            "examples": [
                "id: 7\nevent: created\ndata: {\"key\":\"SUP-42\",\"board\":\"support\",\
                 \"at\":\"2026-11-22T10:00:00Z\"}\n\n"
            ]
        }}}
    });
    let answers = answers("200", stream, &ANY, &[]);
    operation("streamEvents", "Hear what happens to tickets", &json!([last]), answers)
}
