//! `mailFolders/{id}/messages/delta` ("message: delta", "Get incremental changes to messages in a
//! folder"). A round is fixed when it begins, so that no page misses what changes meanwhile; its
//! options are in the tokens, and those of later requests are not looked at. A token from before
//! the server forgot is 410 `SyncStateNotFound`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::JSON;
use super::ask::{Ask, PAGE, Select};
use super::error::{Outcome, Refusal};
use super::filter::{self, Clause, Compare};
use super::list;
use super::render::{self, View};
use super::state::State;
use crate::sandbox::wire::Reply;

/// Only up to so many messages where there is a filter (documented).
const FILTERED: usize = 5_000;
/// So many rounds can be under way; the server forgets the oldest.
const KEPT: u64 = 256;

/// What the first request of all asked.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Options {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    select: Option<Vec<String>>,
    #[serde(default)]
    attachments: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<(bool, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default)]
    newest_first: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    top: Option<usize>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Token {
    generation: u64,
    mailbox: usize,
    folder: usize,
    /// All changes up to this one are known.
    known: u64,
    /// A round that goes on: its number, and how much of it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round: Option<(u64, usize)>,
    /// Whether the empty page before the next one has been shown.
    #[serde(default)]
    emptied: bool,
    options: Options,
}

#[derive(Clone, Copy)]
struct Entry {
    number: u32,
    /// Gone, with what its id then was made of.
    gone: Option<u32>,
}

/// The rounds of which not every page has been fetched.
#[derive(Default)]
pub(super) struct Rounds {
    rounds: HashMap<u64, Vec<Entry>>,
    last: u64,
}

pub(super) fn delta(
    state: &mut State,
    rounds: &mut Rounds,
    ask: &Ask<'_>,
    folder: &str,
) -> Outcome {
    let folder = state.find_folder(ask.mailbox, folder)?;
    let token = ask.option("$deltatoken").or_else(|| ask.option("$skiptoken"));
    let mut token = match token {
        Some(token) => known_token(state, ask, folder, token)?,
        None => Token {
            generation: state.generation,
            mailbox: ask.mailbox,
            folder,
            known: 0,
            round: None,
            emptied: false,
            options: options(ask)?,
        },
    };
    let begins = token.round.is_none();
    let (round, told) = if let Some(round) = token.round {
        round
    } else {
        let entries = entries(state, &token);
        token.known = state.mailboxes[ask.mailbox].count;
        rounds.last += 1;
        rounds.rounds.insert(rounds.last, entries);
        rounds.rounds.remove(&rounds.last.saturating_sub(KEPT));
        (rounds.last, 0)
    };
    let all = rounds.rounds.get(&round).ok_or_else(|| forgotten(state, &token))?;
    let size = ask.prefer.page.or(token.options.top).unwrap_or(PAGE);
    if state.oddities.empty_pages && !token.emptied && !all.is_empty() {
        let next = Token { round: Some((round, told)), emptied: true, ..token };
        return Ok(page(ask, &[], &link(ask, "nextLink", &next)));
    }
    let part = &all[told.min(all.len())..(told + size).min(all.len())];
    state.whole(ask.mailbox, part.iter().map(|entry| entry.number))?;
    let view = View {
        select: Select(token.options.select.clone()),
        attachments: token.options.attachments,
        property: None,
    };
    let value: Vec<Value> =
        part.iter().filter_map(|entry| show(state, ask, entry, &view)).collect();
    let more = told + part.len() < all.len();
    let link = if more {
        let round = Some((round, told + part.len()));
        link(ask, "nextLink", &Token { round, emptied: false, ..token })
    } else {
        link(ask, "deltaLink", &Token { round: None, emptied: false, ..token })
    };
    // The last page may be asked for again, unless it was the first one too.
    if !more && begins {
        rounds.rounds.remove(&round);
    }
    Ok(page(ask, &value, &link))
}

fn page(ask: &Ask<'_>, value: &[Value], link: &(String, String)) -> Reply {
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#Collection(message)", ask.base()),
        "value": value,
    });
    body[&link.0] = json!(link.1);
    Reply::json(StatusCode::OK, JSON, &body)
}

fn link(ask: &Ask<'_>, name: &str, token: &Token) -> (String, String) {
    let option = if name == "nextLink" { "$skiptoken" } else { "$deltatoken" };
    let text = serde_json::to_vec(token).unwrap_or_default();
    let path = &ask.request.path;
    let link = format!("{}{path}?{option}={}", ask.base(), URL_SAFE_NO_PAD.encode(text));
    (format!("@odata.{name}"), link)
}

fn known_token(state: &State, ask: &Ask<'_>, folder: usize, text: &str) -> Result<Token, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let token = bytes.and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
    let own = |token: &Token| token.mailbox == ask.mailbox && token.folder == folder;
    let token = token.filter(own).ok_or_else(|| Refusal::bad("Badly formed token."))?;
    if token.generation != state.generation {
        return Err(forgotten(state, &token));
    }
    Ok(token)
}

fn forgotten(state: &State, token: &Token) -> Refusal {
    let text = format!(
        "The sync state generation is not found; generation={};[highest={2}][{2}][{1}].",
        token.generation,
        state.generation.saturating_sub(1),
        state.generation
    );
    Refusal::new(410, "SyncStateNotFound", text)
}

fn options(ask: &Ask<'_>) -> Result<Options, Refusal> {
    let unsupported = |name: &str| {
        let text = format!(
            "The following parameters are not supported with change tracking over the 'Messages' \
             resource: '{name}'."
        );
        Refusal::new(400, "ErrorInvalidUrlQuery", text)
    };
    for name in ["$search", "$skip", "$count"] {
        if ask.option(name).is_some() {
            return Err(unsupported(name));
        }
    }
    let view = list::view(ask)?;
    if view.property.is_some() {
        return Err(unsupported("$expand"));
    }
    let since = match ask.option("$filter").map(filter::parse).transpose()?.as_deref() {
        None => None,
        Some([Clause::Received(Compare::Ge, at)]) => Some((true, at.as_second())),
        Some([Clause::Received(Compare::Gt, at)]) => Some((false, at.as_second())),
        Some(_) => return Err(unsupported("$filter")),
    };
    let newest_first = match ask.option("$orderby") {
        None => false,
        Some("receivedDateTime desc") => true,
        Some(_) => return Err(unsupported("$orderby")),
    };
    let kind = ask.option("changeType").map(str::to_owned);
    if kind.as_deref().is_some_and(|kind| !["created", "updated", "deleted"].contains(&kind)) {
        return Err(unsupported("changeType"));
    }
    let (select, attachments) = (view.select.0, view.attachments);
    Ok(Options { select, attachments, since, kind, newest_first, top: ask.top()? })
}

/// What a round tells, in its order.
fn entries(state: &State, token: &Token) -> Vec<Entry> {
    let mailbox = &state.mailboxes[token.mailbox];
    let (folder, known, options) = (&mailbox.folders[token.folder], token.known, &token.options);
    // The first round is everything, whatever kind of change is wanted later.
    let wanted = |kind: &str| known == 0 || options.kind.as_deref().is_none_or(|only| only == kind);
    let fits = |number: u32| {
        let received = mailbox.item(number).map(|item| item.received.as_second());
        received.is_some_and(|at| match options.since {
            Some((true, since)) => at >= since,
            Some((false, since)) => at > since,
            None => true,
        })
    };
    let mut present: Vec<u32> = folder
        .changes
        .range(known + 1..)
        .filter(|(_, number)| {
            let entered = mailbox.item(**number).map_or(0, |item| item.entered);
            wanted(if entered > known { "created" } else { "updated" }) && fits(**number)
        })
        .map(|(_, number)| *number)
        .collect();
    if options.since.is_some() {
        present.truncate(FILTERED);
    }
    if options.newest_first && known == 0 {
        let received = |number: &u32| mailbox.item(*number).map(|item| item.received);
        present.sort_by_key(|number| std::cmp::Reverse(received(number)));
    }
    let here = |number: u32| mailbox.item(number).is_some_and(|item| item.folder == token.folder);
    let gone = folder.gone.range(known + 1..).map(|(_, gone)| gone);
    let gone = gone.filter(|gone| known > 0 && gone.entered <= known && !here(gone.number));
    let mut all: Vec<Entry> = Vec::new();
    if wanted("deleted") {
        all.extend(gone.map(|gone| Entry { number: gone.number, gone: Some(gone.moves) }));
    }
    all.extend(present.into_iter().map(|number| Entry { number, gone: None }));
    if state.oddities.duplicates {
        all.extend(all.clone());
        // One that the client has had before.
        if known > 0 && options.kind.as_deref() != Some("deleted") {
            let before = folder.changes.range(..=known).next_back();
            all.extend(before.map(|(_, number)| Entry { number: *number, gone: None }));
        }
    }
    if state.oddities.disorder {
        let mut nth = 0_u64;
        all.sort_by_cached_key(|entry| {
            nth += 1;
            super::mix(nth ^ u64::from(entry.number) << 20)
        });
    }
    all
}

fn show(state: &State, ask: &Ask<'_>, entry: &Entry, view: &View) -> Option<Value> {
    if let Some(moves) = entry.gone {
        let id = state.message_id(ask.mailbox, entry.number, moves, ask.prefer.immutable);
        let kind = "#microsoft.graph.message";
        return Some(json!({ "@odata.type": kind, "id": id, "@removed": { "reason": "deleted" } }));
    }
    // What left while the round went on is told by the next one.
    let item = state.mailboxes[ask.mailbox].item(entry.number)?;
    let mut shown = render::message(state, ask, entry.number, item, view);
    shown["@odata.type"] = json!("#microsoft.graph.message");
    Some(shown)
}
