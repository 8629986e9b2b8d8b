//! For whoever watches: `/health` (the process answers), `/ready` (it can work, and each part's
//! last success), `/metrics` (Prometheus).

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    context::Context,
    reply::{self, Reply},
};
use crate::telemetry::Metrics;

pub(super) fn health() -> Reply {
    reply::typed(StatusCode::OK, "application/json", r#"{"status":"ok"}"#.into())
}

/// 503 while the door closes or the store cannot keep what it is given. A Redmine that is down is
/// shown, but is no reason to send nobody here: users get a sentence about it.
pub(super) fn ready(context: &Context) -> Reply {
    let kept = context.store.stats();
    let closing = context.door.closing.is_cancelled();
    let status = match (closing, kept.failed) {
        (true, _) => "closing",
        (false, true) => "store failed",
        (false, false) => "ok",
    };
    let mut parts = Map::new();
    parts.insert(
        "store".to_owned(),
        json!({
            "ok": !kept.failed,
            "last_success": kept.last.map(|at| format!("{at:.3}")),
        }),
    );
    for part in &context.parts {
        parts.insert(part.name().to_owned(), part.to_json());
    }
    let mut mailboxes = Map::new();
    for mailbox in context.mail.all() {
        mailboxes.insert(mailbox.name.to_string(), mailbox.health.to_json());
    }
    if !mailboxes.is_empty() {
        parts.insert("mailboxes".to_owned(), Value::Object(mailboxes));
    }
    let code = if status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    reply::json(code, &json!({"status": status, "parts": Value::Object(parts)}))
}

pub(super) fn metrics(context: &Context) -> Reply {
    let kept = context.store.stats();
    context.metrics.store_barrier(kept.rounds, kept.waiters);
    for mailbox in context.mail.all() {
        context.metrics.mailbox(&mailbox.health);
    }
    let text = context.metrics.encode();
    reply::typed(StatusCode::OK, Metrics::CONTENT_TYPE, text.into())
}
