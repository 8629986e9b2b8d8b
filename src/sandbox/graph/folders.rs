//! Folders ("List mailFolders", "List childFolders", "Get mailFolder"): those at the top or within
//! another, all or those of one shown name. Any other `$filter` is refused.

use http::StatusCode;
use serde_json::{Value, json};

use super::JSON;
use super::ask::{Ask, PAGE, Select};
use super::error::{Outcome, Refusal};
use super::list;
use super::mailbox::ROOT;
use super::state::State;
use crate::sandbox::wire::Reply;

const FOLDER: &str = "microsoft.graph.mailFolder";
const PROPERTIES: [&str; 7] = [
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "isHidden",
];

pub(super) fn list(state: &State, ask: &Ask<'_>, parent: Option<&str>) -> Outcome {
    let parent = parent.map_or(Ok(ROOT), |name| state.find_folder(ask.mailbox, name))?;
    let name = ask.option("$filter").map(shown_name).transpose()?;
    let select = selected(ask)?;
    let folders = state.mailboxes[ask.mailbox].folders.iter().enumerate();
    let found: Vec<usize> = folders
        .filter(|(_, folder)| folder.parent == Some(parent))
        .filter(|(_, folder)| name.as_ref().is_none_or(|name| folder.name == *name))
        .map(|(at, _)| at)
        .collect();
    let (size, skip) = (ask.top()?.unwrap_or(PAGE), ask.skip()?);
    let page = found.iter().skip(skip).take(size);
    let value: Vec<Value> = page.map(|at| shown(state, ask.mailbox, *at, &select)).collect();
    let told = skip + value.len();
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#{}/mailFolders", ask.base(), ask.path),
        "value": value,
    });
    if told < found.len() {
        body["@odata.nextLink"] = json!(list::next(ask, told, size));
    }
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

pub(super) fn one(state: &State, ask: &Ask<'_>, name: &str) -> Outcome {
    let at = state.find_folder(ask.mailbox, name)?;
    let body = shown(state, ask.mailbox, at, &selected(ask)?);
    Ok(Reply::json(StatusCode::OK, JSON, &body))
}

fn selected(ask: &Ask<'_>) -> Result<Select, Refusal> {
    Select::parse(ask.option("$select"), FOLDER, &PROPERTIES)
}

/// The name in `displayName eq '…'`.
fn shown_name(filter: &str) -> Result<String, Refusal> {
    let value = filter.trim().strip_prefix("displayName eq '");
    let value = value.and_then(|value| value.strip_suffix('\''));
    // A quote within the name is doubled.
    let name = value.filter(|value| !value.replace("''", "").contains('\''));
    let wrong = || Refusal::bad(format!("Invalid filter clause: '{filter}'."));
    Ok(name.ok_or_else(wrong)?.replace("''", "'"))
}

fn shown(state: &State, mailbox: usize, at: usize, select: &Select) -> Value {
    let folders = &state.mailboxes[mailbox].folders;
    let items = state.mailboxes[mailbox].items().filter(|(_, item)| item.folder == at);
    let (total, unread) = items.fold((0, 0), |(total, unread), (_, item)| {
        (total + 1, unread + usize::from(!item.is_read))
    });
    let mut body = json!({
        "id": state.ids.folder(mailbox, at),
        "displayName": folders[at].name,
        "parentFolderId": state.ids.folder(mailbox, folders[at].parent.unwrap_or(ROOT)),
        "childFolderCount": folders.iter().filter(|folder| folder.parent == Some(at)).count(),
        "unreadItemCount": unread,
        "totalItemCount": total,
        "isHidden": false,
    });
    select.narrow(&mut body);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shown_name_is_filtered_by() {
        for (filter, name) in [
            ("displayName eq 'Done'", Some("Done")),
            ("displayName eq 'Bob''s'", Some("Bob's")),
            ("displayName eq 'Bob's'", None),
            ("displayName eq Done", None),
            ("startswith(displayName,'D')", None),
        ] {
            assert_eq!(shown_name(filter).ok().as_deref(), name, "{filter}");
        }
    }
}
