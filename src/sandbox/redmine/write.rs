//! `POST /issues.json` and `PUT /issues/ID.json`. An update answers 204 for success, for a status
//! that the workflow forbids, for fields that the role may not set and for nothing at all.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::check::Draft;
use super::data::{Data, Detail, Issue, Journal, Project, User, is_closed, project};
use super::params::{self, Params, flag, get};
use super::render::{self, View};
use super::{access, bare, created, errors, files, refused};
use crate::clock;
use crate::sandbox::wire::{Reply, Request};

pub(super) fn create(data: &mut Data, me: Option<&User>, request: &Request) -> Reply {
    let Ok(params) = params::of(request) else { return no_json() };
    // A project beside the issue is looked up first, and its absence is a 404.
    let beside =
        get(&params, "project_id").or_else(|| request.query("project_id").map(str::to_owned));
    let beside = match beside.as_deref().map(project) {
        Some(None) => return bare(StatusCode::NOT_FOUND),
        Some(Some(found)) if !access::adds(me, found) => return refused(me),
        found => found.flatten(),
    };
    let Some(me) = me else { return refused(None) };
    let fields = issue_of(&params);
    let within = get(&fields, "project_id").and_then(|key| project(&key));
    let Some(within) = within.filter(|found| access::adds(Some(me), found)).or(beside) else {
        return errors(&without_project(&fields));
    };
    let mut draft = Draft::of(blank(within, me));
    draft.take(me, &fields);
    let (mut issue, uploads) = match checked(data, draft, &fields) {
        Ok(both) => both,
        Err(messages) => return errors(&messages),
    };
    issue.id = data.next_issue();
    files::hang(data, issue.id, uploads);
    let body = json!({ "issue": render::issue(data, Some(me), &issue, View::Created, &[]) });
    let reply = created(request, issue.id, &body);
    data.issues.insert(issue.id, issue);
    reply
}

/// A forbidden project is treated as a missing one (recorded).
fn without_project(fields: &Params) -> Vec<String> {
    let subject = get(fields, "subject").unwrap_or_default();
    let blank = subject.trim().is_empty().then_some("Subject cannot be blank");
    let rest = ["Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank"];
    blank.into_iter().chain(rest).map(str::to_owned).collect()
}

/// What the API starts from; number 0 says that it is not saved yet.
fn blank(within: &Project, me: &User) -> Issue {
    let mut issue = Issue::new(0, within.id, me.id, within.trackers[0], String::new());
    issue.start_date = Some(issue.created_on.to_zoned(TimeZone::UTC).date());
    issue
}

pub(super) fn update(data: &mut Data, me: Option<&User>, request: &Request, id: u32) -> Reply {
    let Ok(params) = params::of(request) else { return no_json() };
    let Some(before) = data.issues.get(&id).cloned() else { return bare(StatusCode::NOT_FOUND) };
    let Some(me) = me.filter(|me| access::sees(Some(me), &before)) else { return refused(me) };
    match amend(data, &me.clone(), id, &issue_of(&params)) {
        Ok(()) => Reply::empty(StatusCode::NO_CONTENT),
        Err(messages) => errors(&messages),
    }
}

/// Does what an update asks for, as far as this user may.
///
/// # Errors
/// Redmine's sentences; none where somebody was faster.
pub(super) fn amend(
    data: &mut Data,
    me: &User,
    id: u32,
    fields: &Params,
) -> Result<(), Vec<String>> {
    let Some(before) = data.issues.get(&id).cloned() else { return Err(Vec::new()) };
    let mut draft = Draft::of(before.clone());
    let edits = access::edits(me, before.project);
    if edits {
        draft.take(me, fields);
    }
    let (mut issue, uploads) = checked(data, draft, fields)?;
    let lock = get(fields, "lock_version").and_then(|version| version.parse().ok());
    if edits && lock.is_some_and(|version: i64| version != before.lock_version) {
        // Somebody was faster: a refusal without a word.
        return Err(Vec::new());
    }
    // Even an update without a change counts as one.
    issue.updated_on = clock::now();
    issue.lock_version += 1;
    if is_closed(issue.status) && !is_closed(before.status) {
        issue.closed_on = Some(issue.updated_on);
    }
    let private = flag(fields, "private_notes") && access::private_notes(Some(me), before.project);
    let notes = get(fields, "notes").unwrap_or_default();
    let mut details = changes(&before, &issue);
    details.extend(files::hang(data, id, uploads));
    journal(data, me, &mut issue, details, notes, private);
    data.issues.insert(id, issue);
    Ok(())
}

/// The issue and the files to hang on it, if Redmine would save it.
fn checked(
    data: &Data,
    draft: Draft,
    fields: &Params,
) -> Result<(Issue, Vec<files::Taken>), Vec<String>> {
    match (draft.checked(), files::named(data, fields)) {
        (Ok(issue), Ok(uploads)) => Ok((issue, uploads)),
        (issue, uploads) => {
            Err(uploads.err().into_iter().chain(issue.err().unwrap_or_default()).collect())
        }
    }
}

/// Adds the entry; none for nothing, and two for changes with a private note.
fn journal(
    data: &mut Data,
    me: &User,
    issue: &mut Issue,
    details: Vec<Detail>,
    notes: String,
    private: bool,
) {
    let created_on = issue.updated_on;
    let user = me.id;
    let mut add = |notes, private, details| {
        let id = data.next_journal();
        issue.journals.push(Journal { id, user, notes, private, created_on, details });
    };
    let blank = notes.trim().is_empty();
    if private && !blank && !details.is_empty() {
        add(None, false, details);
        add(Some(notes), true, Vec::new());
    } else if !blank || !details.is_empty() {
        add(Some(notes), private, details);
    } else {
        return;
    }
    // Who contributes watches, by default, where the role lets them.
    if access::manages(Some(me), issue.project) && !issue.watchers.contains(&user) {
        issue.watchers.push(user);
    }
}

fn changes(before: &Issue, after: &Issue) -> Vec<Detail> {
    let text = |value: &dyn ToString| Some(value.to_string());
    let id = |value: Option<u32>| value.map(|id| id.to_string());
    let all = |issue: &Issue| {
        [
            ("project_id", text(&issue.project)),
            ("tracker_id", text(&issue.tracker)),
            ("subject", text(&issue.subject)),
            ("description", issue.description.clone()),
            ("due_date", issue.due_date.map(|date| date.to_string())),
            ("category_id", id(issue.category)),
            ("status_id", text(&issue.status)),
            ("assigned_to_id", id(issue.assigned_to)),
            ("priority_id", text(&issue.priority)),
            ("start_date", issue.start_date.map(|date| date.to_string())),
            ("done_ratio", text(&issue.done_ratio)),
            ("estimated_hours", issue.estimated_hours.map(|hours| hours.to_string())),
            ("is_private", text(&u8::from(issue.is_private))),
            ("1", text(&issue.channel)),
        ]
    };
    let pairs = all(before).into_iter().zip(all(after));
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((name, old), (_, new))| Detail {
            property: if name == "1" { "cf" } else { "attr" },
            name: name.into(),
            old,
            new,
        })
        .collect()
}

fn issue_of(params: &Params) -> Params {
    match params.get("issue") {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Params::new(),
    }
}

/// Rails answers JSON that it cannot read before Redmine sees it.
fn no_json() -> Reply {
    Reply::text(StatusCode::BAD_REQUEST, "text/html; charset=utf-8", "")
}
