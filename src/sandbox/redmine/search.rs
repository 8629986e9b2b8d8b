//! `GET /search.json`, and the words that searches and text filters look for.

use serde_json::{Value, json};

use super::data::{Data, Issue, TRACKERS, User, name_of};
use super::list::Page;
use super::render::{status, time};
use super::{access, ok};
use crate::sandbox::wire::{Reply, Request};

/// The words of a question, in small letters. Words of one character are dropped (recorded).
pub(super) fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| word.chars().nth(1).is_some())
        .map(str::to_lowercase)
        .collect()
}

/// Whether a text holds all the words.
pub(super) fn matches(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

pub(super) fn search(data: &Data, me: Option<&User>, request: &Request) -> Reply {
    let words = words(request.query("q").unwrap_or_default());
    let page = Page::of(request);
    let found: Vec<&Issue> = data
        .issues
        .values()
        .rev()
        .filter(|issue| !words.is_empty() && access::sees(me, issue) && holds(issue, &words))
        .collect();
    let host = request.header("host").unwrap_or_default();
    let results: Vec<Value> =
        found.iter().skip(page.offset).take(page.limit).map(|issue| result(host, issue)).collect();
    // Without a word of two characters nothing is searched, and nothing counted.
    let total = (!words.is_empty()).then_some(found.len());
    ok(&json!({
        "results": results,
        "total_count": total,
        "offset": page.offset,
        "limit": page.limit,
    }))
}

fn holds(issue: &Issue, words: &[String]) -> bool {
    matches(&issue.subject, words)
        || issue.description.as_ref().is_some_and(|text| matches(text, words))
        || issue
            .journals
            .iter()
            .filter(|journal| !journal.private)
            .filter_map(|journal| journal.notes.as_deref())
            .any(|notes| matches(notes, words))
}

fn result(host: &str, issue: &Issue) -> Value {
    let status = status(issue.status);
    let tracker = name_of(&TRACKERS, issue.tracker);
    json!({
        "id": issue.id,
        "title": format!("{tracker} #{} ({}): {}", issue.id, status.name, issue.subject),
        "type": if status.is_closed { "issue-closed" } else { "issue" },
        "url": format!("http://{host}/issues/{}", issue.id),
        "description": issue.description,
        "datetime": time(issue.created_on),
    })
}
