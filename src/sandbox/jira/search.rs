//! Search by JQL: what the index knows, which is behind; the fields shown are those of now, and so
//! are texts and watchers that are looked for.

use std::cmp::Ordering;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::error::Refusal;
use super::index::Doc;
use super::jql::{self, Clause, Order, Query, Role};
use super::people::{self, BOT, Person};
use super::render::{self, Wanted};
use super::state::{State, json_of};
use super::{data, issues, ok};
use crate::sandbox::wire::{Reply, Request};

/// What is asked, from the query or from the body.
struct Asked(Value);

impl Asked {
    fn of(request: &Request) -> Result<Self, Refusal> {
        if request.method == "POST" {
            return Ok(Self(json_of(request)?));
        }
        let pairs = request.query.iter().map(|(name, value)| (name.clone(), json!(value)));
        Ok(Self(Value::Object(pairs.collect())))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0[name].as_str()
    }

    fn number(&self, name: &str, usual: usize) -> Result<usize, Refusal> {
        let number = match &self.0[name] {
            Value::Null => return Ok(usual),
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        number.ok_or_else(|| Refusal::bad(format!("The value of '{name}' is not valid.")))
    }

    /// A list, or texts with commas between.
    fn list(&self, name: &str) -> Vec<String> {
        match &self.0[name] {
            Value::String(text) => text.split(',').map(str::to_owned).collect(),
            Value::Array(list) => list
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// `/search/jql` of Cloud: bounded, ids only unless fields are asked for, pages by token, no total.
pub(super) fn bounded(state: &mut State, request: &Request) -> Result<Reply, Refusal> {
    let asked = Asked::of(request)?;
    let jql = asked.text("jql").unwrap_or_default();
    let query = parsed(jql)?;
    if query.clauses.is_empty() {
        return Err(Refusal::bad(
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your \
             query.",
        ));
    }
    let fresh = asked.list("reconcileIssues");
    if fresh.len() > 50 {
        return Err(Refusal::bad("reconcileIssues must not have more than 50 ids."));
    }
    let fresh: Vec<u64> = fresh.iter().filter_map(|id| id.parse().ok()).collect();
    let hits = hits(state, &query, &fresh)?;
    let fields = asked.list("fields");
    let wanted = Wanted::of(fields.iter().map(String::as_str));
    let most = asked.number("maxResults", 50)?;
    let most = most.min(if wanted.only_id() { 5_000 } else { 100 });
    let start = match asked.text("nextPageToken") {
        None => 0,
        Some(token) => offset(token, jql)
            .ok_or_else(|| Refusal::bad("The provided next page token is invalid or expired."))?,
    };
    let page = show(state, &asked, &wanted, hits.iter().skip(start).take(most));
    let mut answer = json!({ "issues": page, "isLast": start + most >= hits.len() });
    if start + most < hits.len() {
        answer["nextPageToken"] = json!(token(start + most, jql));
    }
    Ok(ok(&answer))
}

/// `/search` of Data Center.
pub(super) fn counted(state: &mut State, request: &Request) -> Result<Reply, Refusal> {
    let asked = Asked::of(request)?;
    let query = parsed(asked.text("jql").unwrap_or_default())?;
    let hits = hits(state, &query, &[])?;
    let fields = asked.list("fields");
    let wanted = match fields.as_slice() {
        [] => Wanted::navigable(),
        some => Wanted::of(some.iter().map(String::as_str)),
    };
    let (start, most) = (asked.number("startAt", 0)?, asked.number("maxResults", 50)?.min(1_000));
    let page = show(state, &asked, &wanted, hits.iter().skip(start).take(most));
    Ok(ok(&json!({
        "expand": "names,schema",
        "startAt": start,
        "maxResults": most,
        "total": hits.len(),
        "issues": page,
    })))
}

/// `/search/approximate-count` of Cloud.
pub(super) fn count(state: &mut State, request: &Request) -> Result<Reply, Refusal> {
    let query = parsed(Asked::of(request)?.text("jql").unwrap_or_default())?;
    Ok(ok(&json!({ "count": hits(state, &query, &[])?.len() })))
}

/// `/search` of Cloud, which is gone.
pub(super) fn gone() -> Refusal {
    Refusal::message(
        StatusCode::GONE,
        "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A \
         full migration guideline is available at \
         https://developer.atlassian.com/changelog/#CHANGE-2046",
    )
}

fn parsed(jql: &str) -> Result<Query, Refusal> {
    jql::parse(jql, data::now()).map_err(Refusal::bad)
}

fn show<'a>(
    state: &State,
    asked: &Asked,
    wanted: &Wanted,
    page: impl Iterator<Item = &'a u64>,
) -> Vec<Value> {
    let properties = asked.list("properties");
    let found = page.filter_map(|id| state.store.issues.get(id)).filter(|issue| !issue.deleted);
    found
        .map(|issue| {
            let mut shown = if state.cloud() && wanted.only_id() {
                json!({ "id": issue.id.to_string() })
            } else {
                let expand = asked.list("expand").join(",");
                render::expanded(state, issue, wanted, &expand, state.told_comments)
            };
            issues::add_properties(&mut shown, issue, properties.iter().map(String::as_str));
            shown
        })
        .collect()
}

/// The ids of the hits in their order. The issues `fresh` are looked at as they are now.
fn hits(state: &mut State, query: &Query, fresh: &[u64]) -> Result<Vec<u64>, Refusal> {
    check(state, query)?;
    state.index.catch_up();
    let fresh: HashSet<u64> = fresh.iter().copied().collect();
    let now: Vec<Doc> = fresh
        .iter()
        .filter_map(|id| state.store.issues.get(id))
        .filter(|issue| !issue.deleted)
        .map(Doc::of)
        .collect();
    let candidates = candidates(state, query);
    let known = candidates.iter().filter(|id| !fresh.contains(*id));
    let mut found: Vec<&Doc> = known
        .filter_map(|id| state.index.doc(*id))
        .chain(&now)
        .filter(|doc| query.clauses.iter().all(|clause| holds(state, clause, doc)))
        .collect();
    if !state.may("BROWSE_PROJECTS") {
        found.clear();
    }
    found.sort_unstable_by(|a, b| compare(&query.order, a, b));
    Ok(found.into_iter().map(|doc| doc.id).collect())
}

/// What is named must exist.
fn check(state: &State, query: &Query) -> Result<(), Refusal> {
    for clause in &query.clauses {
        match clause {
            Clause::Projects(names) => {
                let unseen =
                    |name: &&String| project(name).is_none() || !state.may("BROWSE_PROJECTS");
                if let Some(name) = names.iter().find(unseen) {
                    return Err(no_value(name, "project"));
                }
            }
            Clause::Status(name) if status(name).is_none() => {
                return Err(no_value(name, "status"));
            }
            Clause::Person(role, name) if person(state, name).is_none() => {
                return Err(no_value(name, role.field()));
            }
            Clause::Keys(keys) => {
                if let Some(key) = keys.iter().find(|key| state.store.live(key).is_none()) {
                    return Err(Refusal::bad(format!(
                        "An issue with key '{key}' does not exist for field 'key'."
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn no_value(value: &str, field: &str) -> Refusal {
    Refusal::bad(format!("The value '{value}' does not exist for the field '{field}'."))
}

fn person(state: &State, name: &str) -> Option<&'static Person> {
    people::by_handle(state.flavour, name)
}

/// A status by name, in whatever case, or id.
fn status(text: &str) -> Option<usize> {
    let fits = |one: &data::Status| one.id == text || one.name.eq_ignore_ascii_case(text);
    data::STATUSES.iter().position(fits)
}

/// A project by key, id or name, in whatever case.
fn project(text: &str) -> Option<&'static data::Project> {
    data::PROJECTS.iter().find(|project| {
        project.id == text
            || project.key.eq_ignore_ascii_case(text)
            || project.name.eq_ignore_ascii_case(text)
    })
}

/// A superset of the hits, as small as the clauses make it.
fn candidates(state: &State, query: &Query) -> Vec<u64> {
    let index = &state.index;
    let sets = query.clauses.iter().filter_map(|clause| match clause {
        Clause::Labels(labels) => {
            Some(labels.iter().flat_map(|label| index.labelled(label)).collect())
        }
        Clause::Keys(keys) => Some(keys.iter().filter_map(|key| state.store.id_of(key)).collect()),
        Clause::Updated(at) => Some(index.updated_since(*at)),
        Clause::Created(at) => Some(index.created_since(*at)),
        _ => None,
    });
    let mut ids = sets.min_by_key(Vec::len).unwrap_or_else(|| index.ids());
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn holds(state: &State, clause: &Clause, doc: &Doc) -> bool {
    match clause {
        Clause::Projects(names) => {
            names.iter().any(|name| project(name).is_some_and(|project| project.key == doc.project))
        }
        Clause::Labels(labels) => labels.iter().any(|label| doc.labels.contains(label)),
        Clause::Status(name) => status(name) == Some(doc.status),
        Clause::Person(role, name) => person(state, name).is_some_and(|who| match role {
            Role::Reporter => doc.reporter == who,
            Role::Assignee => doc.assignee == Some(who),
            Role::Watcher => {
                let issue = state.store.issues.get(&doc.id);
                issue.is_some_and(|issue| issue.watchers.contains(who.name))
            }
        }),
        Clause::Text(words) => state.store.issues.get(&doc.id).is_some_and(|issue| {
            let comments = issue.comments.iter().map(|comment| comment.body.as_str());
            let texts = [issue.summary.as_str(), &issue.description].into_iter().chain(comments);
            let known: HashSet<String> = texts.flat_map(jql::terms).collect();
            words.iter().all(|word| known.contains(word))
        }),
        Clause::Keys(keys) => {
            let key = format!("{}-{}", doc.project, doc.number);
            keys.iter().any(|one| one.eq_ignore_ascii_case(&key) || *one == doc.id.to_string())
        }
        Clause::Updated(at) => doc.updated >= *at,
        Clause::Created(at) => doc.created >= *at,
        Clause::CreatedByMe => doc.creator == BOT,
    }
}

/// By the order asked for; newest first where it says nothing.
fn compare(order: &[(Order, bool)], a: &Doc, b: &Doc) -> Ordering {
    for (field, descending) in order {
        let found = match field {
            Order::Updated => a.updated.cmp(&b.updated),
            Order::Created => a.created.cmp(&b.created),
            Order::Key => (a.project, a.number).cmp(&(b.project, b.number)),
        };
        let found = if *descending { found.reverse() } else { found };
        if found != Ordering::Equal {
            return found;
        }
    }
    b.id.cmp(&a.id)
}

/// Where the next page of this query begins.
fn token(start: usize, jql: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{start}:{jql}"))
}

fn offset(token: &str, jql: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, of) = text.split_once(':')?;
    start.parse().ok().filter(|_| of == jql)
}
