//! `GET /users.json`, which is for administrators, and `POST /issues/ID/watchers.json`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::data::{Data, User};
use super::list::Page;
use super::params;
use super::render::time;
use super::{access, ok, refused};
use crate::sandbox::wire::{Reply, Request};

pub(super) fn users(data: &Data, me: Option<&User>, request: &Request) -> Reply {
    if !me.is_some_and(|me| me.admin) {
        return refused(me);
    }
    let asked = request.query("name").unwrap_or_default().to_lowercase();
    let mut found: Vec<&User> =
        data.users.iter().filter(|user| asked.is_empty() || is_like(user, &asked)).collect();
    found.sort_by_key(|user| user.login);
    let page = Page::of(request);
    let shown: Vec<Value> =
        found.iter().skip(page.offset).take(page.limit).map(|user| body(data, user)).collect();
    ok(&json!({
        "users": shown,
        "total_count": found.len(),
        "offset": page.offset,
        "limit": page.limit,
    }))
}

/// A part of the login or the address, or words of the name.
fn is_like(user: &User, asked: &str) -> bool {
    let (first, last) = (user.firstname.to_lowercase(), user.lastname.to_lowercase());
    let mut words = asked.split_whitespace().peekable();
    user.login.contains(asked)
        || user.mail().contains(asked)
        || (words.peek().is_some() && words.all(|word| first.contains(word) || last.contains(word)))
}

fn body(data: &Data, user: &User) -> Value {
    let seeded = time(data.seeded);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("id", json!(user.id));
    put("login", json!(user.login));
    put("admin", json!(user.admin));
    put("firstname", json!(user.firstname));
    put("lastname", json!(user.lastname));
    put("mail", json!(user.mail()));
    put("created_on", json!(seeded));
    put("updated_on", json!(seeded));
    put("last_login_on", Value::Null);
    put("passwd_changed_on", json!(seeded));
    put("twofa_scheme", Value::Null);
    Value::Object(body)
}

/// Adds a watcher. Unknown users and those who watch already are passed over without a word, and
/// an unknown issue is a forbidden one (measured).
pub(super) fn watch(data: &mut Data, me: Option<&User>, request: &Request, id: u32) -> Reply {
    let Ok(params) = params::of(request) else {
        return Reply::text(StatusCode::BAD_REQUEST, "text/html; charset=utf-8", "");
    };
    let sent = match params.get("watcher") {
        Some(Value::Object(sent)) => sent.get("user_ids").or(sent.get("user_id")),
        _ => params.get("user_id"),
    };
    let users: Vec<u32> = match sent {
        Some(Value::Array(ids)) => {
            ids.iter().filter_map(|id| params::text(id).parse().ok()).collect()
        }
        Some(id) => params::text(id).parse().into_iter().collect(),
        None => Vec::new(),
    };
    let users: Vec<u32> = users.into_iter().filter(|id| data.user(*id).is_some()).collect();
    let issue = data.issues.get_mut(&id);
    let may = |issue: &&mut super::data::Issue| {
        access::sees(me, issue) && access::manages(me, issue.project)
    };
    let Some(issue) = issue.filter(may) else { return refused(me) };
    for user in users {
        if !issue.watchers.contains(&user) {
            issue.watchers.push(user);
        }
    }
    Reply::empty(StatusCode::NO_CONTENT)
}
