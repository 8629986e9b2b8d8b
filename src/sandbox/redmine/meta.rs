//! Who am I, and what there is: the current user, projects, statuses, trackers, priorities.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::data::{
    Data, PRIORITIES, PROJECTS, Project, STATUSES, TRACKERS, User, name_of, project as find,
};
use super::list::Page;
use super::render::{include, status, time};
use super::{access, bare, ok, refused};
use crate::sandbox::wire::{Reply, Request};

pub(super) fn current(data: &Data, me: Option<&User>) -> Reply {
    let Some(me) = me else { return bare(StatusCode::UNAUTHORIZED) };
    let seeded = time(data.seeded);
    let mut user = Map::new();
    let mut put = |name: &str, value: Value| user.insert(name.to_owned(), value);
    put("id", json!(me.id));
    put("login", json!(me.login));
    put("admin", json!(me.admin));
    put("firstname", json!(me.firstname));
    put("lastname", json!(me.lastname));
    if me.admin {
        // The others keep their address hidden by default.
        put("mail", json!(me.mail()));
        put("status", json!(1));
    }
    put("created_on", json!(seeded));
    put("updated_on", json!(seeded));
    put("last_login_on", Value::Null);
    put("passwd_changed_on", json!(seeded));
    put("twofa_scheme", Value::Null);
    put("api_key", json!(me.key));
    ok(&json!({ "user": user }))
}

pub(super) fn statuses() -> Value {
    let all: Vec<_> = STATUSES.iter().map(|(id, ..)| status(*id)).collect();
    json!({ "issue_statuses": all })
}

pub(super) fn trackers() -> Value {
    let fields = [
        "assigned_to_id",
        "category_id",
        "fixed_version_id",
        "parent_issue_id",
        "start_date",
        "due_date",
        "estimated_hours",
        "done_ratio",
        "description",
    ];
    let all: Vec<Value> = TRACKERS
        .iter()
        .map(|(id, name)| {
            json!({
                "id": id,
                "name": name,
                "default_status": { "id": 1, "name": "New" },
                "description": null,
                "enabled_standard_fields": fields,
            })
        })
        .collect();
    json!({ "trackers": all })
}

pub(super) fn priorities() -> Value {
    let all: Vec<Value> = PRIORITIES
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "is_default": *id == 2, "active": true }))
        .collect();
    json!({ "issue_priorities": all })
}

pub(super) fn projects(data: &Data, me: Option<&User>, request: &Request) -> Reply {
    let page = Page::of(request);
    let parts = include(request.query("include"));
    let seen: Vec<&Project> =
        PROJECTS.iter().filter(|project| access::sees_project(me, project)).collect();
    let shown: Vec<Value> = seen
        .iter()
        .skip(page.offset)
        .take(page.limit)
        .map(|project| Value::Object(body(data, project, &parts)))
        .collect();
    ok(&json!({
        "projects": shown,
        "total_count": seen.len(),
        "offset": page.offset,
        "limit": page.limit,
    }))
}

pub(super) fn project(data: &Data, me: Option<&User>, request: &Request, id: &str) -> Reply {
    let Some(project) = find(id) else { return bare(StatusCode::NOT_FOUND) };
    if !access::sees_project(me, project) {
        return refused(me);
    }
    let mut body = body(data, project, &include(request.query("include")));
    body.insert("homepage".to_owned(), json!(""));
    ok(&json!({ "project": body }))
}

fn body(data: &Data, project: &Project, parts: &[&str]) -> Map<String, Value> {
    let seeded = time(data.seeded);
    let named = |pairs: &[(u32, &str)]| -> Value {
        pairs.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect()
    };
    let trackers: Vec<_> =
        project.trackers.iter().map(|id| (*id, name_of(&TRACKERS, *id))).collect();
    let optional = [
        ("trackers", named(&trackers)),
        ("issue_categories", named(project.categories)),
        ("time_entry_activities", named(&[(8, "Design"), (9, "Development")])),
        ("enabled_modules", named(&project.modules)),
        // The one custom field is for all projects, and therefore not listed at any (recorded).
        ("issue_custom_fields", json!([])),
    ];
    let Value::Object(mut body) = json!({
        "id": project.id,
        "name": project.name,
        "identifier": project.identifier,
        "description": null,
        "status": 1,
        "is_public": project.public,
        "inherit_members": false,
        "created_on": seeded,
        "updated_on": seeded,
    }) else {
        return Map::new();
    };
    let wanted = optional.into_iter().filter(|(name, _)| parts.contains(name));
    body.extend(wanted.map(|(name, value)| (name.to_owned(), value)));
    body
}
