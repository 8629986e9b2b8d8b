//! `Email/query`: the newest first unless asked otherwise, read off the index by date of the
//! mailbox, or off that of the Message-IDs.

use std::ops::Bound;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Args, MethodError, Outcome};
use super::filter::Test;
use super::store::{Email, Store};

pub(super) fn state(store: &Store) -> String {
    format!("{}:0", store.state)
}

struct Page {
    position: i64,
    limit: usize,
    total: bool,
}

pub(super) fn query(store: &Store, args: &Args) -> Outcome {
    let test = args.some("filter").map_or(Ok(Test::All(Vec::new())), Test::parse)?;
    let ascending = ascending(args)?;
    for unknown in ["anchor", "collapseThreads"] {
        if args.some(unknown).is_some_and(|value| *value != json!(false)) {
            return Err(MethodError::arguments(&[unknown]));
        }
    }
    let page = Page {
        position: args.signed("position")?.unwrap_or(0),
        limit: args.number("limit")?.unwrap_or(usize::MAX),
        total: args.flag("calculateTotal")?,
    };
    let (numbers, position, total) = run(store, &test, ascending, &page);
    let mut answer = json!({
        "queryState": state(store),
        "canCalculateChanges": true,
        "position": position,
        "ids": numbers.into_iter().map(|number| store.ids.email(number)).collect::<Vec<_>>(),
        "collapseThreads": false,
    });
    if let Value::Object(map) = &mut answer {
        // Cyrus tells the total unasked (recorded); here that is so where it costs nothing.
        if let Some(total) = total {
            map.insert("total".to_owned(), json!(total));
        }
        for echoed in ["filter", "sort"] {
            if let Some(value) = args.some(echoed) {
                map.insert(echoed.to_owned(), value.clone());
            }
        }
    }
    Ok(answer)
}

fn ascending(args: &Args) -> Result<bool, MethodError> {
    let Some(sort) = args.some("sort") else { return Ok(false) };
    let sort = sort.as_array().ok_or_else(|| MethodError::arguments(&["sort"]))?;
    match sort.as_slice() {
        [] => Ok(false),
        [one] if one["property"] == "receivedAt" => {
            Ok(one["isAscending"].as_bool().unwrap_or(true))
        }
        _ => Err(MethodError::kind("unsupportedSort")),
    }
}

/// The numbers on the page, where it really begins, and the total where it is known.
fn run(
    store: &Store,
    test: &Test,
    ascending: bool,
    page: &Page,
) -> (Vec<u32>, usize, Option<usize>) {
    let flat = test.flat();
    if let Some(id) = flat.iter().find_map(|test| match test {
        Test::MessageId(id) => Some(id),
        _ => None,
    }) {
        let mut found: Vec<(Timestamp, u32)> = store
            .with_message_id(id)
            .iter()
            .filter_map(|number| Some((store.email(*number)?.received, *number)))
            .collect();
        found.sort_unstable();
        let candidates = found.into_iter();
        return choose(store, candidates, ascending, page, &|email| test.holds(email));
    }
    let within = flat.iter().find_map(|test| match test {
        Test::Within(bit) if bit.is_power_of_two() => Some(bit.trailing_zeros() as usize),
        _ => None,
    });
    let mails = match within {
        Some(at) => &store.folders[at].mails,
        None => &store.by_date,
    };
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    let mut simple = true;
    for test in &flat {
        match test {
            Test::After(time) if from == Bound::Unbounded => from = Bound::Included((*time, 0)),
            Test::Before(time) if to == Bound::Unbounded => to = Bound::Excluded((*time, 0)),
            Test::Within(bit) if within.is_some_and(|at| *bit == 1 << at) => {}
            _ => simple = false,
        }
    }
    // A range that ends before it begins holds nothing, and a BTreeSet would panic over it.
    let empty = matches!((from, to), (Bound::Included(a), Bound::Excluded(b)) if a >= b);
    if empty {
        return (Vec::new(), 0, Some(0));
    }
    let unbounded = from == Bound::Unbounded && to == Bound::Unbounded;
    let candidates = mails.range((from, to)).copied();
    if !simple {
        return choose(store, candidates, ascending, page, &|email| test.holds(email));
    }
    let count = || if unbounded { mails.len() } else { mails.range((from, to)).count() };
    let total = (page.total || unbounded || page.position < 0).then(count);
    let start = start(page.position, total.unwrap_or(usize::MAX));
    let numbers = candidates.map(|(_, number)| number);
    let numbers: Vec<u32> = if ascending {
        numbers.skip(start).take(page.limit).collect()
    } else {
        numbers.rev().skip(start).take(page.limit).collect()
    };
    (numbers, start, total)
}

/// The slow way: looks at mail after mail until the page is full, or at all for the total.
fn choose(
    store: &Store,
    candidates: impl DoubleEndedIterator<Item = (Timestamp, u32)>,
    ascending: bool,
    page: &Page,
    holds: &dyn Fn(&Email) -> bool,
) -> (Vec<u32>, usize, Option<usize>) {
    let numbers = candidates
        .map(|(_, number)| number)
        .filter(|number| store.email(*number).is_some_and(holds));
    let mut numbers: Box<dyn Iterator<Item = u32>> =
        if ascending { Box::new(numbers) } else { Box::new(numbers.rev()) };
    if page.total || page.position < 0 || page.limit == usize::MAX {
        let all: Vec<u32> = numbers.collect();
        let start = start(page.position, all.len());
        let shown = all.iter().skip(start).take(page.limit).copied().collect();
        return (shown, start, Some(all.len()));
    }
    let start = start(page.position, usize::MAX);
    (numbers.by_ref().skip(start).take(page.limit).collect(), start, None)
}

/// A negative position counts from the end.
fn start(position: i64, total: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 { total.saturating_sub(distance) } else { distance }
}
