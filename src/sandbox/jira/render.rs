//! Issues, comments, files and people as Jira's JSON shows them, with plain text where version 3 of
//! the API has documents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::Deployment;
use super::data::{Attachment, Comment, ISSUE_TYPES, Issue, PRIORITIES, Project, STATUSES};
use super::data::{DONE, Status};
use super::people::{BOT, PEOPLE, Person};
use super::state::State;

/// Which fields of an issue are asked for.
pub(super) struct Wanted {
    every: bool,
    navigable: bool,
    named: Vec<String>,
    without: Vec<String>,
}

impl Wanted {
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted =
            Self { every: false, navigable: false, named: Vec::new(), without: Vec::new() };
        for name in names {
            match name.trim() {
                "*all" => wanted.every = true,
                "*navigable" => wanted.navigable = true,
                name => match name.strip_prefix('-') {
                    Some(name) => wanted.without.push(name.to_owned()),
                    None => wanted.named.push(name.to_owned()),
                },
            }
        }
        // With nothing but exceptions, the rest is wanted.
        wanted.every |= wanted.named.is_empty() && !wanted.without.is_empty() && !wanted.navigable;
        wanted
    }

    pub(super) fn navigable() -> Self {
        Self::of(["*navigable"])
    }

    fn takes(&self, name: &str) -> bool {
        let long = ["comment", "attachment"].contains(&name);
        !self.without.iter().any(|other| other == name)
            && (self.every
                || (self.navigable && !long)
                || self.named.iter().any(|other| other == name))
    }

    /// Nothing but the id is wanted.
    pub(super) fn only_id(&self) -> bool {
        !self.every && !self.navigable && self.named.iter().all(|name| name == "id")
    }
}

/// `2030-01-31T10:00:00.000+0000`
pub(super) fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

/// The issue with what `expand` names of `renderedFields`, and at most so many of its comments.
pub(super) fn expanded(
    state: &State,
    issue: &Issue,
    wanted: &Wanted,
    expand: &str,
    comments: Option<usize>,
) -> Value {
    let mut shown = self::issue(state, issue, wanted);
    if expand.split(',').any(|part| part == "renderedFields") {
        shown["renderedFields"] = rendered_fields(state, issue, &shown["fields"]);
    }
    for part in ["fields", "renderedFields"] {
        let Some(told) =
            comments.and_then(|most| Some((most, shown.pointer_mut(&format!("/{part}/comment"))?)))
        else {
            continue;
        };
        let (most, told) = told;
        if let Some(list) = told["comments"].as_array_mut() {
            list.truncate(most);
        }
        told["maxResults"] = json!(most);
    }
    shown
}

/// The same fields as HTML, times in words, and null for what is neither.
fn rendered_fields(state: &State, issue: &Issue, fields: &Value) -> Value {
    let Some(fields) = fields.as_object() else { return json!({}) };
    let words = |at: Timestamp| json!(at.strftime("%d/%b/%y %-I:%M %p").to_string());
    let shown = fields.iter().map(|(name, value)| {
        let shown = match name.as_str() {
            "description" if issue.description.is_empty() => json!(""),
            "description" => json!(rendered(state, issue, &issue.description)),
            "created" => words(issue.created),
            "updated" => words(issue.updated),
            "comment" => {
                let mut list = value.clone();
                for (shown, comment) in
                    list["comments"].as_array_mut().into_iter().flatten().zip(&issue.comments)
                {
                    shown["body"] = json!(rendered(state, issue, &comment.body));
                    shown["created"] = words(comment.created);
                    shown["updated"] = words(comment.updated);
                }
                list
            }
            _ => Value::Null,
        };
        (name.clone(), shown)
    });
    Value::Object(shown.collect())
}

pub(super) fn issue(state: &State, issue: &Issue, wanted: &Wanted) -> Value {
    let mut fields = Map::new();
    let mut add = |name: &str, value: &dyn Fn() -> Value| {
        if wanted.takes(name) {
            fields.insert(name.to_owned(), value());
        }
    };
    let link = format!("{}rest/api/2/issue/{}", state.base, issue.id);
    let done = issue.status == DONE;
    add("summary", &|| json!(issue.summary));
    add("description", &|| match issue.description.as_str() {
        "" => Value::Null,
        text => json!(text),
    });
    add("labels", &|| json!(issue.labels));
    add("issuetype", &|| issue_type(state, issue.kind));
    add("project", &|| project(state, issue.project));
    add("status", &|| status(state, &STATUSES[issue.status]));
    add("priority", &|| priority(state, issue.priority));
    add("resolution", &|| {
        if done { json!({ "id": "10000", "name": "Done" }) } else { Value::Null }
    });
    add("reporter", &|| person(state, issue.reporter));
    add("creator", &|| person(state, issue.creator));
    add("assignee", &|| issue.assignee.map_or(Value::Null, |who| person(state, who)));
    add("environment", &|| Value::Null);
    add("created", &|| json!(time(issue.created)));
    add("updated", &|| json!(time(issue.updated)));
    add("watches", &|| {
        json!({
            "self": format!("{link}/watchers"),
            "watchCount": issue.watchers.len(),
            "isWatching": issue.watchers.contains(BOT.name),
        })
    });
    add("attachment", &|| issue.attachments.iter().map(|file| attachment(state, file)).collect());
    add("comment", &|| {
        let comments: Vec<Value> =
            issue.comments.iter().map(|comment| self::comment(state, issue, comment, "")).collect();
        let total = comments.len();
        json!({ "comments": comments, "maxResults": total, "total": total, "startAt": 0 })
    });
    json!({
        "expand": "renderedFields,names,schema,operations,editmeta,changelog",
        "id": issue.id.to_string(),
        "self": link,
        "key": issue.key(),
        "fields": fields,
    })
}

pub(super) fn comment(state: &State, issue: &Issue, comment: &Comment, expand: &str) -> Value {
    let expands = |name: &str| expand.split(',').any(|wanted| wanted == name);
    let mut shown = json!({
        "self": format!("{}rest/api/2/issue/{}/comment/{}", state.base, issue.id, comment.id),
        "id": comment.id.to_string(),
        "author": person(state, comment.author),
        "body": comment.body,
        "updateAuthor": person(state, comment.author),
        "created": time(comment.created),
        "updated": time(comment.updated),
    });
    if state.flavour == Deployment::Cloud {
        shown["jsdPublic"] = json!(!comment.internal());
    }
    if let Some(visibility) = &comment.visibility {
        shown["visibility"] = visibility.clone();
    }
    if expands("properties") {
        shown["properties"] = properties(&comment.properties);
    }
    if expands("renderedBody") {
        shown["renderedBody"] = json!(rendered(state, issue, &comment.body));
    }
    shown
}

/// As much of the notation as comments in tests use: paragraphs, line ends and attached images.
fn rendered(state: &State, issue: &Issue, wiki: &str) -> String {
    let paragraphs = wiki.split("\n\n").map(|paragraph| {
        let plain = paragraph.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let mut html = plain.replace('\n', "<br/>\n");
        for file in &issue.attachments {
            let content =
                attachment(state, file)["content"].as_str().unwrap_or_default().to_owned();
            let image = format!("<span class=\"image-wrap\"><img src=\"{content}\" /></span>");
            html = html.replace(&format!("!{}!", file.filename), &image);
        }
        format!("<p>{html}</p>")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// `[{"key": …, "value": …}]`
fn properties(properties: &BTreeMap<String, Value>) -> Value {
    properties.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

pub(super) fn attachment(state: &State, file: &Attachment) -> Value {
    let content = match state.flavour {
        Deployment::Cloud => format!("{}rest/api/2/attachment/content/{}", state.base, file.id),
        Deployment::DataCenter => {
            let name = percent_encoding::utf8_percent_encode(
                &file.filename,
                percent_encoding::NON_ALPHANUMERIC,
            );
            format!("{}secure/attachment/{}/{name}", state.base, file.id)
        }
    };
    json!({
        "self": format!("{}rest/api/2/attachment/{}", state.base, file.id),
        "id": file.id.to_string(),
        "filename": file.filename,
        "author": person(state, file.author),
        "created": time(file.created),
        "size": file.bytes.len(),
        "mimeType": file.mime,
        "content": content,
    })
}

pub(super) fn person(state: &State, person: &Person) -> Value {
    let mut shown = json!({
        "avatarUrls": avatars(state),
        "displayName": person.display,
        "active": true,
        "timeZone": "Etc/UTC",
    });
    match state.flavour {
        Deployment::Cloud => {
            shown["self"] =
                json!(format!("{}rest/api/2/user?accountId={}", state.base, person.account_id));
            shown["accountId"] = json!(person.account_id);
            shown["accountType"] = json!("atlassian");
        }
        Deployment::DataCenter => {
            shown["self"] =
                json!(format!("{}rest/api/2/user?username={}", state.base, person.name));
            shown["name"] = json!(person.name);
            let at = PEOPLE.iter().position(|other| other == person).unwrap_or_default();
            shown["key"] = json!(format!("JIRAUSER1000{at}"));
        }
    }
    if state.flavour == Deployment::DataCenter || !person.mail_hidden {
        shown["emailAddress"] = json!(person.email);
    }
    shown
}

pub(super) fn avatars(state: &State) -> Value {
    let sizes = ["16x16", "24x24", "32x32", "48x48"];
    let urls = sizes.iter().map(|size| {
        let url = format!("{}secure/useravatar?size={}", state.base, &size[..2]);
        ((*size).to_owned(), json!(url))
    });
    Value::Object(urls.collect())
}

pub(super) fn project(state: &State, project: &Project) -> Value {
    json!({
        "self": format!("{}rest/api/2/project/{}", state.base, project.id),
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "avatarUrls": avatars(state),
    })
}

pub(super) fn issue_type(state: &State, at: usize) -> Value {
    let (id, name) = ISSUE_TYPES[at];
    json!({
        "self": format!("{}rest/api/2/issuetype/{id}", state.base),
        "id": id,
        "description": "",
        "iconUrl": format!("{}images/icons/issuetypes/{id}.svg", state.base),
        "name": name,
        "subtask": false,
    })
}

pub(super) fn priority(state: &State, at: usize) -> Value {
    let (id, name) = PRIORITIES[at];
    json!({
        "self": format!("{}rest/api/2/priority/{id}", state.base),
        "iconUrl": format!("{}images/icons/priorities/{}.svg", state.base, name.to_lowercase()),
        "name": name,
        "id": id,
    })
}

pub(super) fn status(state: &State, status: &Status) -> Value {
    let (id, key, name, colour) = status.category;
    json!({
        "self": format!("{}rest/api/2/status/{}", state.base, status.id),
        "description": "",
        "iconUrl": format!("{}images/icons/statuses/generic.png", state.base),
        "name": status.name,
        "id": status.id,
        "statusCategory": {
            "self": format!("{}rest/api/2/statuscategory/{id}", state.base),
            "id": id,
            "key": key,
            "colorName": colour,
            "name": name,
        },
    })
}
