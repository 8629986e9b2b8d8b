//! Pages of tickets over both trackers, from the first to the last, and cursors that lead nowhere.

use std::collections::HashSet;
use std::num::NonZeroU8;

use base64::Engine as _;
use serde_json::json;
use ticketd::actors::ReadFault;
use ticketd::model::ticket_query::{Sort, TicketQuery};
use ticketd::sandbox::Deployment;

use crate::harness::reading::{desk, keys, query};

#[tokio::test]
async fn forty_five_tickets_of_both_trackers_come_each_once() {
    for (flavour, sort) in [
        (Deployment::Cloud, Sort::NewestFirst),
        (Deployment::Cloud, Sort::OldestFirst),
        (Deployment::DataCenter, Sort::NewestFirst),
        (Deployment::DataCenter, Sort::OldestFirst),
    ] {
        let desk = desk(flavour, &["support", "ops", "helpdesk", "infra"], &[], "bot").await;
        for n in 0..25 {
            desk.jira.file_as("alice", if n % 3 == 0 { "OPS" } else { "SUP" }, "x", &[]);
        }
        // Eight are there.
        for n in 0..12 {
            let project = if n % 2 == 0 { "helpdesk" } else { "infra" };
            let answer = desk.put_redmine(project, "x").send().await.unwrap();
            assert_eq!(answer.status(), 201);
        }
        for limit in [1, 7, 10, 25, 45, 100] {
            let limit = NonZeroU8::new(limit).unwrap();
            let mut query = TicketQuery { sort, limit, ..query() };
            let (mut all, mut pages) = (Vec::new(), 0);
            loop {
                let page = desk.reader.list(&query).await.unwrap();
                assert!(page.tickets.len() <= usize::from(limit.get()));
                all.extend(keys(&page.tickets).into_iter().map(str::to_owned));
                pages += 1;
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            let once: HashSet<&String> = all.iter().collect();
            assert_eq!((all.len(), once.len()), (45, 45), "{flavour:?} {limit}");
            assert!(pages <= 45_usize.div_ceil(usize::from(limit.get())) + 1, "{pages}");
            assert!(all[..25].iter().all(|key| key.contains('-')), "Jira's first");
            let mut ordered = all[25..].to_vec();
            let board = |key: &String| {
                let number: u32 = key[1..].parse().unwrap();
                (6..=8).contains(&number) || (number > 8 && number.is_multiple_of(2))
            };
            ordered.sort_by_key(|key| {
                (board(key), {
                    let number: i64 = key[1..].parse().unwrap();
                    if sort == Sort::NewestFirst { -number } else { number }
                })
            });
            assert_eq!(all[25..], ordered, "helpdesk, then infra, each by its numbers");
        }
    }
}

#[tokio::test]
async fn a_new_issue_moves_none_of_redmines_over_the_edge_of_a_page() {
    let desk = desk(Deployment::Cloud, &["helpdesk"], &[], "bot").await;
    let limit = NonZeroU8::new(2).unwrap();
    let first = desk.reader.list(&TicketQuery { limit, ..query() }).await.unwrap();
    assert_eq!(keys(&first.tickets), ["#5", "#4"]);
    desk.put_redmine("helpdesk", "new").send().await.unwrap();
    let second = TicketQuery { limit, cursor: first.next, ..query() };
    assert_eq!(desk.list(&second).await.unwrap(), ["#3", "#2"]);
}

#[tokio::test]
async fn a_cursor_leads_nowhere_but_to_another_page() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let desk = desk(flavour, &["support", "helpdesk"], &[], "bot").await;
        for _ in 0..5 {
            desk.jira.file_as("alice", "SUP", "mine", &[]);
            desk.jira.file_as("alice", "OPS", "planted", &[]);
        }
        let limit = NonZeroU8::new(3).unwrap();
        let asked = TicketQuery { limit, ..query() };
        let real = desk.reader.list(&asked).await.unwrap().next.unwrap();
        // Of another question.
        let other =
            TicketQuery { text: Some("x".to_owned()), cursor: Some(real.clone()), ..query() };
        assert_eq!(desk.list(&other).await, Err(ReadFault::BadCursor));
        let with = |cursor: String| TicketQuery { cursor: Some(cursor), ..asked.clone() };
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let inside: serde_json::Value =
            serde_json::from_slice(&engine.decode(&real).unwrap()).unwrap();
        let forged = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut inside = inside.clone();
            change(&mut inside);
            engine.encode(inside.to_string())
        };
        // A page of all projects, as Jira's stand-in marks its pages.
        let everywhere = engine.encode("0:project in (\"OPS\")");
        for cursor in [
            forged(&|inside| inside["board"] = json!("infra")),
            forged(&|inside| inside["from"] = json!(everywhere)),
            forged(&|inside| inside["from"] = json!("1 OR 1=1")),
            forged(&|inside| inside["form"] = json!(2)),
            forged(&|inside| inside["print"] = json!("00")),
            forged(&|inside| {
                inside["board"] = json!("helpdesk");
                inside["from"] = json!("#3");
            }),
            String::new(),
            "x".repeat(10_000),
        ] {
            assert_eq!(
                desk.list(&with(cursor.clone())).await,
                Err(ReadFault::BadCursor),
                "{cursor}"
            );
        }
        // Another page of the same question is all that can be had.
        let page = forged(&|inside| {
            inside["board"] = json!("helpdesk");
            inside["from"] = json!("3");
        });
        assert_eq!(desk.list(&with(page)).await.unwrap(), ["#2", "#1"]);
        // A thousand others: bytes of a real one changed.
        let mut state = 42_u64;
        for _ in 0..1_000 {
            let mut bytes = real.clone().into_bytes();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = usize::try_from(state >> 33).unwrap() % bytes.len();
                bytes[at] =
                    b"ABCDEFGHabcdefgh0123456789-_"[usize::try_from(state >> 40).unwrap() % 28];
            }
            match desk.reader.list(&with(String::from_utf8(bytes).unwrap())).await {
                Ok(page) => assert!(page.tickets.iter().all(|one| one.title != "planted")),
                Err(fault) => assert_eq!(fault, ReadFault::BadCursor),
            }
        }
    }
}
