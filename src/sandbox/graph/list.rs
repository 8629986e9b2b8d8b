//! `GET …/messages`: pages of messages, newest first unless ordered otherwise ("List messages",
//! "List messages in a folder").

use http::StatusCode;
use serde_json::{Value, json};

use super::JSON;
use super::ask::{Ask, PAGE, Select};
use super::error::{Outcome, Refusal};
use super::filter::{self, Clause};
use super::item::Item;
use super::render::{self, MESSAGE, MESSAGE_PROPERTIES, View};
use super::state::State;
use crate::sandbox::wire::Reply;

/// What `$select` and `$expand` ask for.
///
/// # Errors
/// 400 for what a message does not have.
pub(super) fn view(ask: &Ask<'_>) -> Result<View, Refusal> {
    let select = Select::parse(ask.option("$select"), MESSAGE, &MESSAGE_PROPERTIES)?;
    let mut view = View { select, ..View::default() };
    for expanded in ask.option("$expand").map(top_level).unwrap_or_default() {
        let (name, options) = expanded.split_once('(').unwrap_or((expanded, ""));
        match name.trim() {
            "attachments" => view.attachments = true,
            "singleValueExtendedProperties" => view.property = filter::quoted(options, "id eq '"),
            other => {
                let text =
                    format!("Could not find a property named '{other}' on type '{MESSAGE}'.");
                return Err(Refusal::new(400, "RequestBroker--ParseUri", text));
            }
        }
    }
    Ok(view)
}

/// Divides at the commas that stand in no bracket.
fn top_level(text: &str) -> Vec<&str> {
    let (mut pieces, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces.into_iter().filter(|piece| !piece.trim().is_empty()).collect()
}

pub(super) fn list(state: &State, ask: &Ask<'_>, folder: Option<&str>) -> Outcome {
    let mailbox = &state.mailboxes[ask.mailbox];
    let folder = folder.map(|name| state.find_folder(ask.mailbox, name)).transpose()?;
    let view = view(ask)?;
    let clauses = ask.option("$filter").map(filter::parse).transpose()?.unwrap_or_default();
    let (property, descending) = order(ask)?;
    // A sort order of its own has to be the first thing that is filtered by.
    let by_date = |clause: Option<&Clause>| clause.is_none_or(Clause::is_received);
    if ask.option("$orderby").is_some() && !by_date(clauses.first()) {
        let text = "The restriction or sort order is too complex for this operation.";
        return Err(Refusal::new(400, "InefficientFilter", text));
    }
    let fits = |item: &Item| {
        folder.is_none_or(|at| item.folder == at)
            && clauses.iter().all(|clause| clause.fits(item))
            && !item.hidden
    };
    // The one look-up that grows with the mailbox has an index.
    let candidates: Vec<(u32, &Item)> = match clauses.iter().find_map(Clause::message_id) {
        Some(id) => mailbox
            .with_message_id(id)
            .iter()
            .filter_map(|number| Some((*number, mailbox.item(*number)?)))
            .collect(),
        None => mailbox.items().collect(),
    };
    let mut found: Vec<(u32, &Item)> =
        candidates.into_iter().filter(|(_, item)| fits(item)).collect();
    found.sort_by_key(|(number, item)| match property {
        Order::Received => (item.received, *number),
        Order::Modified => (item.modified, *number),
    });
    if descending {
        found.reverse();
    }
    let size = ask.top()?.or(ask.prefer.page).unwrap_or(PAGE);
    let skip = ask.skip()?;
    let page: Vec<(u32, &Item)> = found.iter().skip(skip).take(size).copied().collect();
    if !is_bare(ask) {
        state.whole(ask.mailbox, page.iter().map(|(number, _)| *number))?;
    }
    let value: Vec<Value> = page
        .iter()
        .map(|(number, item)| render::message(state, ask, *number, item, &view))
        .collect();
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#{}/messages", ask.base(), ask.path),
        "value": value,
    });
    if ask.option("$count") == Some("true") {
        body["@odata.count"] = json!(found.len());
    }
    if skip + page.len() < found.len() {
        body["@odata.nextLink"] = json!(next(ask, skip + page.len(), size));
    }
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

/// Whether nothing is asked for that is made out of the messages themselves: such a page does not
/// break over one of them.
fn is_bare(ask: &Ask<'_>) -> bool {
    let bare = ["id", "receivedDateTime", "isDraft", "parentFolderId"];
    let select = ask.option("$select");
    select.is_some_and(|names| names.split(',').all(|name| bare.contains(&name.trim())))
}

/// The same request further on.
pub(super) fn next(ask: &Ask<'_>, skip: usize, size: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &ask.request.query {
        let bare = name.trim_start_matches('$');
        if bare != "skip" && bare != "top" {
            query.append_pair(name, value);
        }
    }
    query.append_pair("$top", &size.to_string()).append_pair("$skip", &skip.to_string());
    format!("{}{}?{}", ask.base(), ask.request.path, query.finish())
}

#[derive(Clone, Copy)]
enum Order {
    Received,
    Modified,
}

fn order(ask: &Ask<'_>) -> Result<(Order, bool), Refusal> {
    let Some(text) = ask.option("$orderby") else { return Ok((Order::Received, true)) };
    let mut words = text.split_whitespace();
    let property = match words.next() {
        Some("receivedDateTime") => Order::Received,
        Some("lastModifiedDateTime") => Order::Modified,
        _ => return Err(Refusal::bad(format!("The stand-in does not order by '{text}'."))),
    };
    Ok((property, words.next() == Some("desc")))
}
