//! What does not change: the server, people, projects, what an issue is made of, what the bot may.

use serde_json::{Value, json};

use super::comments::page;
use super::data::{self, ISSUE_TYPES, PRIORITIES, Project, project};
use super::error::Refusal;
use super::people::{PEOPLE, Person};
use super::state::State;
use super::{ok, render};
use crate::sandbox::wire::{Reply, Request};

/// Key, id and name of the permissions that are known here.
const PERMISSIONS: [(&str, &str, &str); 12] = [
    ("BROWSE_PROJECTS", "10", "Browse Projects"),
    ("CREATE_ISSUES", "11", "Create Issues"),
    ("EDIT_ISSUES", "12", "Edit Issues"),
    ("ADD_COMMENTS", "15", "Add Comments"),
    ("DELETE_ISSUES", "16", "Delete Issues"),
    ("CREATE_ATTACHMENTS", "19", "Create Attachments"),
    ("MODIFY_REPORTER", "30", "Modify Reporter"),
    ("VIEW_VOTERS_AND_WATCHERS", "31", "View Voters and Watchers"),
    ("MANAGE_WATCHERS", "32", "Manage Watchers"),
    ("LINK_ISSUES", "21", "Link Issues"),
    ("TRANSITION_ISSUES", "46", "Transition Issues"),
    ("ADMINISTER", "0", "Administer Jira"),
];

pub(super) fn server_info(state: &State) -> Reply {
    let (kind, version, numbers) = if state.cloud() {
        ("Cloud", "1001.0.0-SNAPSHOT", [1001, 0, 0])
    } else {
        ("Server", "9.12.15", [9, 12, 15])
    };
    ok(&json!({
        "baseUrl": state.base.trim_end_matches('/'),
        "version": version,
        "versionNumbers": numbers,
        "deploymentType": kind,
        "buildNumber": 100_283,
        "buildDate": "2026-10-01T00:00:00.000+0000",
        "serverTime": render::time(data::now()),
        "scmInfo": "1f51473f5c7b75c1a69a0090f4832cdc5053702a",
        "serverTitle": "Jira",
    }))
}

/// Cloud: what an address that is shown, or a name, begins with, so more people than one may
/// answer to a whole address. Data Center the same by `username`, with the user name too.
pub(super) fn users(state: &State, request: &Request) -> Result<Reply, Refusal> {
    let parameter = if state.cloud() { "query" } else { "username" };
    let Some(text) = request.query(parameter) else {
        return Err(Refusal::bad(format!("The {parameter} query parameter was not provided.")));
    };
    let text = text.to_lowercase();
    let fits = |person: &&Person| {
        let begins = |word: &str| word.to_lowercase().starts_with(&text);
        let named = person.display.split(' ').any(begins) || begins(person.display);
        if state.cloud() {
            named || (!person.mail_hidden && begins(person.email))
        } else {
            named || begins(person.email) || begins(person.name)
        }
    };
    let (start, most) = page(request, 50)?;
    let found = PEOPLE.iter().filter(fits).skip(start).take(most);
    Ok(ok(&found.map(|person| render::person(state, person)).collect::<Vec<Value>>()))
}

fn known(state: &State, key: &str) -> Result<&'static Project, Refusal> {
    project(key)
        .filter(|_| state.may("BROWSE_PROJECTS"))
        .ok_or_else(|| Refusal::missing(format!("No project could be found with key '{key}'.")))
}

pub(super) fn show_project(state: &State, key: &str) -> Result<Reply, Refusal> {
    let found = known(state, key)?;
    let mut shown = render::project(state, found);
    shown["expand"] = json!("description,lead,issueTypes,url,projectKeys");
    shown["description"] = json!("");
    shown["lead"] = render::person(state, &PEOPLE[2]);
    shown["components"] = json!([]);
    shown["versions"] = json!([]);
    shown["assigneeType"] = json!("UNASSIGNED");
    shown["roles"] = json!({});
    shown["issueTypes"] = issue_types_of(state);
    Ok(ok(&shown))
}

fn issue_types_of(state: &State) -> Value {
    (0..ISSUE_TYPES.len()).map(|at| render::issue_type(state, at)).collect()
}

pub(super) fn issue_types(state: &State) -> Reply {
    ok(&issue_types_of(state))
}

pub(super) fn priorities(state: &State) -> Reply {
    let list = (0..PRIORITIES.len()).map(|at| {
        let mut shown = render::priority(state, at);
        shown["statusColor"] = json!("#777777");
        shown["description"] = json!("");
        shown
    });
    ok(&list.collect::<Vec<Value>>())
}

/// `/issue/createmeta/{project}/issuetypes` and, with an issue type, the fields on its screen.
pub(super) fn create_meta(
    state: &State,
    key: &str,
    issue_type: Option<&str>,
) -> Result<Reply, Refusal> {
    known(state, key)?;
    let (name, list) = match issue_type {
        None => ("issueTypes", issue_types_of(state)),
        Some(id) if ISSUE_TYPES.iter().any(|(known, _)| *known == id) => {
            ("fields", fields_of(state))
        }
        Some(id) => return Err(Refusal::missing(format!("Issue type with id '{id}' is unknown."))),
    };
    let total = list.as_array().map_or(0, Vec::len);
    let mut page = json!({ "maxResults": 50, "startAt": 0, "total": total });
    if state.cloud() {
        page[name] = list;
    } else {
        page["values"] = list;
        page["isLast"] = json!(true);
    }
    Ok(ok(&page))
}

fn fields_of(state: &State) -> Value {
    let fields = [
        ("summary", "Summary", true, "string"),
        ("issuetype", "Issue Type", true, "issuetype"),
        ("project", "Project", true, "project"),
        ("description", "Description", false, "string"),
        ("labels", "Labels", false, "array"),
        ("priority", "Priority", false, "priority"),
        ("reporter", "Reporter", false, "user"),
    ];
    let shown = fields.iter().filter(|(id, ..)| {
        !state.rejected.contains(*id) && (*id != "reporter" || state.may("MODIFY_REPORTER"))
    });
    shown
        .map(|(id, name, required, kind)| {
            json!({
                "fieldId": id,
                "key": id,
                "name": name,
                "required": required,
                "hasDefaultValue": *id == "priority" || *id == "reporter",
                "operations": ["set"],
                "schema": { "type": kind, "system": id },
            })
        })
        .collect()
}

/// Cloud wants to be told which permissions, Data Center shows all of them.
pub(super) fn permissions(state: &State, request: &Request) -> Result<Reply, Refusal> {
    if let Some(key) = request.query("projectKey") {
        known(state, key)?;
    }
    let asked = request.query("permissions").filter(|_| state.cloud());
    let keys: Vec<&str> = match asked {
        Some(list) => list.split(',').collect(),
        None if state.cloud() => {
            return Err(Refusal::bad(
                "Please provide a comma-separated list of permissions to check.",
            ));
        }
        None => PERMISSIONS.iter().map(|(key, ..)| *key).collect(),
    };
    let mut found = serde_json::Map::new();
    for key in keys {
        let Some((key, id, name)) = PERMISSIONS.iter().find(|(known, ..)| *known == key) else {
            return Err(Refusal::bad(format!("Unrecognized permission keys: {key}")));
        };
        let kind = if *key == "ADMINISTER" { "GLOBAL" } else { "PROJECT" };
        let have = state.may(key) && *key != "ADMINISTER";
        found.insert(
            (*key).to_owned(),
            json!({
                "id": id,
                "key": key,
                "name": name,
                "type": kind,
                "description": name,
                "havePermission": have,
            }),
        );
    }
    Ok(ok(&json!({ "permissions": found })))
}

fn board(state: &State, project: &Project) -> Value {
    let (id, name) = project.board;
    json!({
        "id": id,
        "self": format!("{}rest/agile/1.0/board/{id}", state.base),
        "name": name,
        "type": "kanban",
        "location": {
            "projectId": project.id.parse::<u32>().unwrap_or_default(),
            "displayName": format!("{} ({})", project.name, project.key),
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": "software",
            "name": format!("{} ({})", project.name, project.key),
        },
    })
}

/// `name` is looked for anywhere in a board's name, in whatever case.
pub(super) fn boards(state: &State, request: &Request) -> Result<Reply, Refusal> {
    let name = request.query("name").unwrap_or_default().to_lowercase();
    let (start, most) = page(request, 50)?;
    let fits = data::PROJECTS.iter().filter(|project| {
        project.board.1.to_lowercase().contains(&name) && state.may("BROWSE_PROJECTS")
    });
    let all: Vec<Value> = fits.map(|project| board(state, project)).collect();
    let values: Vec<&Value> = all.iter().skip(start).take(most).collect();
    Ok(ok(&json!({
        "maxResults": most,
        "startAt": start,
        "total": all.len(),
        "isLast": start + values.len() >= all.len(),
        "values": values,
    })))
}

pub(super) fn board_configuration(state: &State, id: &str) -> Result<Reply, Refusal> {
    let found = data::PROJECTS.iter().find(|project| project.board.0.to_string() == id);
    let Some(found) = found.filter(|_| state.may("BROWSE_PROJECTS")) else {
        return Err(Refusal::missing(
            "Requested board cannot be viewed because it either does not exist or you do not have \
             permission to view it.",
        ));
    };
    let mut shown = board(state, found);
    shown["self"] = json!(format!("{}rest/agile/1.0/board/{id}/configuration", state.base));
    shown["filter"] = json!({
        "id": found.filter,
        "self": format!("{}rest/api/2/filter/{}", state.base, found.filter),
    });
    shown["columnConfig"] = json!({ "columns": [], "constraintType": "issueCount" });
    shown["ranking"] = json!({ "rankCustomFieldId": 10_019 });
    Ok(ok(&shown))
}

pub(super) fn filter(state: &State, id: &str) -> Result<Reply, Refusal> {
    let found = data::PROJECTS.iter().find(|project| project.filter == id);
    let Some(found) = found else {
        return Err(Refusal::bad(
            "The selected filter is not available to you, perhaps it has been \
                                 deleted or had its permissions changed.",
        ));
    };
    let base = &state.base;
    let jql = format!("project = {} ORDER BY Rank", found.key);
    Ok(ok(&json!({
        "self": format!("{base}rest/api/2/filter/{id}"),
        "id": id,
        "name": format!("Filter for {}", found.board.1),
        "owner": render::person(state, &PEOPLE[2]),
        "jql": jql,
        "viewUrl": format!("{base}issues/?filter={id}"),
        "searchUrl": format!("{base}rest/api/2/search?jql=project+%3D+{}+ORDER+BY+Rank", found.key),
        "favourite": false,
        "favouritedCount": 0,
        "sharePermissions": [],
        "subscriptions": { "size": 0, "items": [], "max-results": 0, "start-index": 0, "end-index": 0 },
    })))
}
