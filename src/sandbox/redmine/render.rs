//! Issues as Redmine writes them: same keys, same order, same nulls.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use super::access;
use super::data::{
    Data, Issue, PRIORITIES, STATUSES, TRACKERS, User, is_closed, name_of, project_by_id,
};
use super::files::FileOut;

#[derive(Serialize)]
pub(super) struct Named {
    pub(super) id: u32,
    pub(super) name: String,
}

#[derive(Serialize)]
pub(super) struct Status {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) is_closed: bool,
}

/// How much of an issue is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// The answer to a create, which has no times spent.
    Created,
    /// An entry of a list.
    Listed,
    /// The issue itself.
    Shown,
}

#[derive(Serialize)]
#[serde(rename = "issue")]
pub(super) struct IssueOut {
    id: u32,
    project: Named,
    tracker: Named,
    status: Status,
    priority: Named,
    author: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_to: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Named>,
    subject: String,
    description: Option<String>,
    start_date: Option<Date>,
    due_date: Option<Date>,
    done_ratio: i64,
    is_private: bool,
    estimated_hours: Option<f64>,
    total_estimated_hours: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_hours: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_spent_hours: Option<f64>,
    custom_fields: Vec<Value>,
    created_on: String,
    updated_on: String,
    closed_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<FileOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relations: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changesets: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journals: Option<Vec<JournalOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watchers: Option<Vec<Named>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_statuses: Option<Vec<Status>>,
}

#[derive(Serialize)]
struct JournalOut {
    id: u32,
    user: Named,
    notes: Option<String>,
    created_on: String,
    private_notes: bool,
    details: Vec<DetailOut>,
}

#[derive(Serialize)]
struct DetailOut {
    property: &'static str,
    name: Cow<'static, str>,
    old_value: Option<String>,
    new_value: Option<String>,
}

/// An issue for `me`, with the parts that `include` names; unknown parts are ignored, and so are
/// most of them in a list (recorded).
pub(super) fn issue(
    data: &Data,
    me: Option<&User>,
    issue: &Issue,
    view: View,
    include: &[&str],
) -> IssueOut {
    let person = |id: u32| person(data, id);
    let wants = |part: &str| include.contains(&part);
    let shown = |part: &str| view == View::Shown && wants(part);
    let spent = (view != View::Created).then_some(0.0);
    let project = project_by_id(issue.project);
    let named = |id: u32, name: &str| Named { id, name: name.to_owned() };
    IssueOut {
        id: issue.id,
        project: named(project.id, project.name),
        tracker: named(issue.tracker, name_of(&TRACKERS, issue.tracker)),
        status: status(issue.status),
        priority: named(issue.priority, name_of(&PRIORITIES, issue.priority)),
        author: person(issue.author),
        assigned_to: issue.assigned_to.map(person),
        category: issue.category.map(|id| named(id, name_of(project.categories, id))),
        subject: issue.subject.clone(),
        description: issue.description.clone(),
        start_date: issue.start_date,
        due_date: issue.due_date,
        done_ratio: issue.done_ratio,
        is_private: issue.is_private,
        estimated_hours: issue.estimated_hours,
        total_estimated_hours: issue.estimated_hours,
        spent_hours: spent,
        total_spent_hours: spent,
        custom_fields: vec![json!({ "id": 1, "name": "Channel", "value": issue.channel })],
        created_on: time(issue.created_on),
        updated_on: time(issue.updated_on),
        closed_on: issue.closed_on.map(time),
        attachments: (view != View::Created && wants("attachments")).then(|| files(data, issue)),
        // The issue itself leaves empty relations out, a list does not (recorded).
        relations: (view == View::Listed && wants("relations")).then_some([]),
        changesets: shown("changesets").then_some([]),
        journals: shown("journals").then(|| journals(data, me, issue)),
        watchers: (shown("watchers") && access::manages(me, issue.project))
            .then(|| issue.watchers.iter().copied().map(person).collect()),
        allowed_statuses: shown("allowed_statuses")
            .then(|| access::allowed_statuses(me, issue).into_iter().map(status).collect()),
    }
}

fn files(data: &Data, issue: &Issue) -> Vec<FileOut> {
    let files = data.files.values().filter(|file| file.issue == Some(issue.id));
    files.map(|file| file.out(data)).collect()
}

fn journals(data: &Data, me: Option<&User>, issue: &Issue) -> Vec<JournalOut> {
    issue
        .journals
        .iter()
        .filter(|journal| access::sees_journal(me, issue, journal))
        .map(|journal| JournalOut {
            id: journal.id,
            user: person(data, journal.user),
            notes: journal.notes.clone(),
            created_on: time(journal.created_on),
            private_notes: journal.private,
            details: journal
                .details
                .iter()
                .map(|detail| DetailOut {
                    property: detail.property,
                    name: detail.name.clone(),
                    old_value: detail.old.clone(),
                    new_value: detail.new.clone(),
                })
                .collect(),
        })
        .collect()
}

pub(super) fn person(data: &Data, id: u32) -> Named {
    let name = data.user(id).map(|user| format!("{} {}", user.firstname, user.lastname));
    Named { id, name: name.unwrap_or_default() }
}

pub(super) fn status(id: u32) -> Status {
    let name = STATUSES.iter().find(|(key, ..)| *key == id).map_or("", |(_, name, _)| name);
    Status { id, name, is_closed: is_closed(id) }
}

/// Whole seconds, with a Z.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The parts of `include=a,b`.
pub(super) fn include(value: Option<&str>) -> Vec<&str> {
    value.unwrap_or_default().split(',').map(str::trim).collect()
}
