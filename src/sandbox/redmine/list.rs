//! `GET /issues.json` and `GET /issues/ID.json`.

use http::StatusCode;
use serde_json::json;

use super::data::{Data, Issue, User, is_closed, project};
use super::filter::Filter;
use super::render::{View, include, issue};
use super::{access, bare, errors, ok, refused};
use crate::sandbox::wire::{Reply, Request};

pub(super) fn index(
    data: &Data,
    me: Option<&User>,
    request: &Request,
    within: Option<&str>,
) -> Reply {
    let within = match within.map(project) {
        None => None,
        Some(None) => return bare(StatusCode::NOT_FOUND),
        Some(Some(found)) if !access::sees_project(me, found) => return refused(me),
        Some(found) => found,
    };
    let filter = match Filter::parse(request, me) {
        Ok(filter) => filter,
        Err(messages) => return errors(&messages),
    };
    let mut found: Vec<&Issue> = data
        .issues
        .values()
        .filter(|one| within.is_none_or(|project| project.id == one.project))
        .filter(|one| access::sees(me, one) && filter.keeps(one))
        .collect();
    sort(&mut found, request.query("sort").unwrap_or_default());
    let page = Page::of(request);
    let parts = include(request.query("include"));
    let issues: Vec<_> = found
        .iter()
        .skip(page.offset)
        .take(page.limit)
        .map(|one| issue(data, me, one, View::Listed, &parts))
        .collect();
    if request.query("nometa").is_some() {
        return ok(&json!({ "issues": issues }));
    }
    ok(&json!({
        "issues": issues,
        "total_count": found.len(),
        "offset": page.offset,
        "limit": page.limit,
    }))
}

pub(super) fn show(data: &Data, me: Option<&User>, request: &Request, id: u32) -> Reply {
    let Some(found) = data.issues.get(&id) else { return bare(StatusCode::NOT_FOUND) };
    if !access::sees(me, found) {
        return refused(me);
    }
    let parts = include(request.query("include"));
    ok(&json!({ "issue": issue(data, me, found, View::Shown, &parts) }))
}

/// Where a page starts and how long it is: at most 100, and 25 for anything that is no number
/// above 0.
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl Page {
    pub(super) fn of(request: &Request) -> Self {
        let number = |name| request.query(name).and_then(|value| value.parse::<usize>().ok());
        let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(25).min(100);
        let by_page = || number("page").map_or(0, |page| page.saturating_sub(1) * limit);
        Self { offset: number("offset").unwrap_or_else(by_page), limit }
    }
}

/// By `column:desc,column`; unknown columns do nothing. The newest number first where all is equal.
fn sort(issues: &mut [&Issue], order: &str) {
    issues.sort_unstable_by_key(|issue| std::cmp::Reverse(issue.id));
    for term in order.split(',').rev() {
        let (column, direction) = term.split_once(':').unwrap_or((term, "asc"));
        let compare = |a: &&Issue, b: &&Issue| match column {
            "id" => a.id.cmp(&b.id),
            "updated_on" => a.updated_on.cmp(&b.updated_on),
            "created_on" => a.created_on.cmp(&b.created_on),
            "priority" => a.priority.cmp(&b.priority),
            "status" => (is_closed(a.status), a.status).cmp(&(is_closed(b.status), b.status)),
            "subject" => a.subject.cmp(&b.subject),
            _ => std::cmp::Ordering::Equal,
        };
        issues.sort_by(|a, b| if direction == "desc" { compare(b, a) } else { compare(a, b) });
    }
}
