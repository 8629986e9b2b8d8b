//! Channels with more posts than one list holds.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CREATED, channel, client, post_json, say};
use crate::clients::stand::{Say, Stand};

fn numbered(number: usize) -> String {
    format!("{number:026}")
}

/// The newest `count` posts before `below`, one a millisecond; none is older than number 0.
fn page(below: usize, count: usize) -> Say {
    listed(below.saturating_sub(count)..below, 1)
}

fn listed(numbers: Range<usize>, each: usize) -> Say {
    let order: Vec<_> = numbers.clone().rev().map(numbered).collect();
    let posts: serde_json::Map<String, Value> = numbers
        .map(|number| {
            let at = i64::try_from(number / each).unwrap();
            (numbered(number), post_json(&numbered(number), "", at))
        })
        .collect();
    say(200, &json!({"order": order, "posts": posts}))
}

#[tokio::test]
async fn a_full_list_is_read_on_until_nothing_is_missing() {
    // Posts in the channel, from which on, how many of them, in how many questions.
    for (all, since, listed, asked) in [
        (999, 0, 999, 1),
        (1_000, 0, 1_000, 7),
        (1_100, 0, 1_100, 7),
        (1_450, 300, 1_150, 7),
        (3_000, 2_500, 500, 4),
    ] {
        let stand =
            Stand::by(move |asked| answer(all, asked.line.split_once('?').unwrap().1)).await;
        let from = Timestamp::from_millisecond(CREATED + since).unwrap();
        let heads = client(&stand).posts_since(&channel(), from).await.unwrap();
        assert_eq!(heads.len(), listed, "{all} {since}");
        assert!(heads.is_sorted_by(|a, b| a.created < b.created), "{all} {since}");
        assert_eq!(stand.all().len(), asked, "{all} {since}");
    }
}

#[tokio::test]
async fn a_channel_with_too_much_is_read_from_where_it_was_left() {
    // Posts in the channel, from which on, how many of them at least.
    for (all, since, listed) in [
        (12_000, 0, 9_900),
        (12_000, 1_234, 9_900),
        (1_000_000, 0, 9_900),
        (1_000_000, 345_678, 9_900),
        (1_000_000, 985_000, 9_900),
        (1_000_000, 989_990, 9_900),
    ] {
        let stand =
            Stand::by(move |asked| answer(all, asked.line.split_once('?').unwrap().1)).await;
        let from = Timestamp::from_millisecond(CREATED + since).unwrap();
        let heads = client(&stand).posts_since(&channel(), from).await.unwrap();
        let first = usize::try_from(since).unwrap();
        let ids: Vec<_> = heads.iter().map(|head| head.id.to_string()).collect();
        let whole: Vec<_> = (first..first + heads.len()).map(numbered).collect();
        assert!(ids == whole, "{all} {since}: {:?} to {:?}", ids.first(), ids.last());
        assert!((listed..=10_200).contains(&ids.len()), "{all} {since}: {}", ids.len());
        assert!(stand.all().len() < 140, "{all} {since}: {}", stand.all().len());
    }
}

#[tokio::test]
async fn posts_of_one_millisecond_are_never_parted() {
    // Three posts a millisecond; the server goes on behind a whole one.
    let all = 12_001;
    let stand = Stand::by(move |asked| {
        let query = asked.line.split_once('?').unwrap().1;
        let numbers = if query.starts_with("since=") {
            all - 1_000..all
        } else {
            asked_numbers(all, query, 3)
        };
        listed(numbers, 3)
    })
    .await;
    let from = Timestamp::from_millisecond(CREATED).unwrap();
    let heads = client(&stand).posts_since(&channel(), from).await.unwrap();
    let ids: Vec<_> = heads.iter().map(|head| head.id.to_string()).collect();
    assert!(ids.len() > 9_800, "{}", ids.len());
    assert!(ids == (0..ids.len()).map(numbered).collect::<Vec<_>>());
}

/// What a channel of `all` posts answers; of what changed it lists the oldest thousand.
fn answer(all: usize, query: &str) -> Say {
    if query.starts_with("since=") {
        return page(all.min(1_000), 1_000);
    }
    listed(asked_numbers(all, query, 1), 1)
}

/// Which posts a page of 200 holds, where so many were made each millisecond.
fn asked_numbers(all: usize, query: &str, each: usize) -> Range<usize> {
    assert!(query.starts_with("per_page=200"), "{query}");
    let query = query.split_once(' ').unwrap().0;
    let below = |below: usize| below.saturating_sub(200)..below;
    if let Some((_, before)) = query.split_once("before=") {
        return below(before.parse::<usize>().unwrap() / each * each);
    }
    if let Some((_, after)) = query.split_once("after=") {
        let first = (after.parse::<usize>().unwrap() / each + 1) * each;
        return first.min(all)..(first + 200).min(all);
    }
    let number = query.split_once("&page=").map_or(0, |(_, number)| number.parse().unwrap());
    below(all.saturating_sub(number * 200))
}
