//! Tickets of both trackers, read for callers of the API: what they see, and how many questions that
//! takes.

use std::collections::BTreeSet;
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use ticketd::actors::{ReadFault, TicketReader};
use ticketd::clients::ApiError;
use ticketd::model::keys::IssueKey;
use ticketd::model::ticket_query::{Field, Sort, TicketQuery};
use ticketd::sandbox::{Deployment, Fault, FaultRule, Redmine};

use crate::harness::reading::{EVERY, asked, caller, desk, email, keys, query, reader};

#[tokio::test]
async fn a_page_of_twenty_takes_one_search_whatever_is_told_of_each() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let desk = desk(flavour, &["support", "ops"], &[], "bot").await;
        let jira = &desk.jira;
        for n in 1..=20 {
            let project = if n % 2 == 0 { "SUP" } else { "OPS" };
            let key = jira.file_as("alice", project, &format!("Ticket {n}"), &["web"]);
            assert!(jira.describe(&key, "It *burns*\n\n<script>alert(1)</script>"));
            for m in 0..5 {
                jira.comment_as("bob", &key, &format!("Comment {m}"));
            }
            jira.restricted_comment_as("bob", &key, "planted");
            jira.attach_as("alice", &key, "a.txt", "hello");
            assert!(jira.assign(&key, "bob"));
            // Nobody, we alone, or three.
            for who in [&[][..], &["bot"], &["alice", "bob", "carol"]][n % 3] {
                assert!(jira.watch_as(who, &key));
            }
        }
        // The boards' projects are known from the start on.
        desk.list(&query()).await.unwrap();
        let with =
            |fields: &[Field]| TicketQuery { fields: fields.iter().copied().collect(), ..query() };
        for fields in [
            &[][..],
            &[Field::Comments],
            &[Field::Attachments, Field::Rendered],
            &[Field::Comments, Field::Attachments, Field::Rendered],
        ] {
            let from = jira.ledger().len();
            assert_eq!(desk.list(&with(fields)).await.unwrap().len(), 20);
            assert_eq!(asked(jira, from).len(), 1, "{fields:?}");
        }
        // Cold: the search, ourselves once, and each issue with other watchers once.
        let from = jira.ledger().len();
        let page = desk.reader.list(&with(&EVERY)).await.unwrap();
        let lines = asked(jira, from);
        let watchers = lines.iter().filter(|line| line.ends_with("/watchers")).count();
        assert_eq!((lines.len(), watchers), (9, 7), "{lines:#?}");
        assert_eq!(page.next, None);
        for ticket in &page.tickets {
            let comments = ticket.comments.as_ref().unwrap();
            assert_eq!(comments.len(), 5);
            assert_eq!(comments[0].body, "Comment 0");
            assert_eq!(comments[0].rendered.as_deref(), Some("<p>Comment 0</p>"));
            assert_eq!(comments[0].author.as_ref().unwrap().name, "Bob Baker");
            let files = ticket.attachments.as_ref().unwrap();
            assert_eq!((files[0].filename.as_str(), files[0].size), ("a.txt", 5));
            let html = &ticket.rendered.as_ref().unwrap().body;
            assert!(html.contains("It *burns*") && !html.contains("<script"), "{html}");
            assert!(ticket.body.contains("<script>"), "as it was written");
            assert_eq!(ticket.assignee.as_ref().unwrap().name, "Bob Baker");
            let people = ticket.watchers.as_ref().unwrap();
            assert!([0, 1, 3].contains(&people.len()));
            let reporter = ticket.reporter.as_ref().unwrap();
            assert!(reporter.avatar.is_some() && reporter.email.is_some());
            assert_eq!(ticket.url, format!("{}browse/{}", jira.url(), ticket.key));
        }
        // Warm: one.
        let from = jira.ledger().len();
        assert_eq!(desk.reader.list(&with(&EVERY)).await.unwrap(), page);
        assert_eq!(asked(jira, from).len(), 1);
        // One more watcher is asked for at once, the others not again.
        let key = page.tickets.iter().find(|one| one.watchers.as_ref().unwrap().is_empty());
        assert!(jira.watch_as("alice", key.unwrap().key.as_str()));
        let from = jira.ledger().len();
        desk.reader.list(&with(&EVERY)).await.unwrap();
        assert_eq!(asked(jira, from).len(), 2);
    }
}

#[tokio::test]
async fn comments_that_a_search_leaves_out_are_read_and_internal_ones_never_shown() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let desk = desk(flavour, &["support"], &[], "bot").await;
        let key = desk.jira.file_as("alice", "SUP", "Many", &[]);
        for n in 0..130 {
            desk.jira.comment_as("bob", &key, &format!("Comment {n}"));
        }
        desk.jira.restricted_comment_as("bob", &key, "planted");
        desk.jira.internal_comment_as("bob", &key, "planted");
        desk.jira.tell_comments(20);
        let fields = BTreeSet::from([Field::Comments, Field::Rendered]);
        let page = desk.reader.list(&TicketQuery { fields, ..query() }).await.unwrap();
        let comments = page.tickets[0].comments.as_ref().unwrap();
        assert_eq!(comments.len(), 130);
        assert_eq!(comments[129].body, "Comment 129");
        assert_eq!(comments[129].rendered.as_deref(), Some("<p>Comment 129</p>"));
        assert!(!format!("{:?}", json!(page.tickets)).contains("planted"));
        if flavour == Deployment::Cloud {
            let one = desk.get(&key).await.unwrap();
            assert_eq!(one.comments.unwrap().len(), 130);
        }
    }
}

#[tokio::test]
async fn only_the_boards_and_categories_of_the_configuration_are_there() {
    let desk =
        desk(Deployment::Cloud, &["support", "helpdesk"], &["Web Shop", "mail"], "bot").await;
    let jira = &desk.jira;
    let seen = jira.file_as("alice", "SUP", "Seen", &["Web-Shop", "other"]);
    let mail = jira.file_as("alice", "SUP", "Seen too", &["mail"]);
    let bare = jira.file_as("alice", "SUP", "No category", &[]);
    let other = jira.file_as("alice", "SUP", "Another one", &["web-shop-2"]);
    let foreign = jira.file_as("alice", "OPS", "Another board", &["mail"]);
    let seeded = ["#5", "#4", "#3", "#2", "#1"];
    let all = desk.list(&query()).await.unwrap();
    assert_eq!(all, [&[mail.as_str(), &seen], &seeded[..]].concat());
    let here = |key: &str| {
        let key = TicketReader::key(key).unwrap();
        let reader = desk.reader.clone();
        async move { reader.sees(&key).await.unwrap() }
    };
    for key in [&seen, &mail, "#1", "5"] {
        assert!(here(key).await, "{key}");
    }
    // Redmine's 6 is of `infra`.
    for key in [&bare, &other, &foreign, "SUP-999", "XX-1", "#6", "6", "#999"] {
        assert!(!here(key).await, "{key}");
        assert_eq!(desk.get(key).await, None, "{key}");
    }
    // An issue that is moved away is gone, by its old key too.
    let moved = jira.move_to_project(&mail, "OPS").unwrap();
    for key in [&mail, &moved] {
        assert!(!here(key).await, "{key}");
    }
    let category = |name: &str| TicketQuery { categories: vec![name.to_owned()], ..query() };
    assert_eq!(desk.list(&category("Web Shop")).await.unwrap(), [seen.as_str()]);
    for (query, what) in [
        (category("web"), "category"),
        (TicketQuery { boards: vec!["ops".to_owned()], ..query() }, "board"),
        (TicketQuery { boards: vec!["SUP) OR project in (OPS".to_owned()], ..query() }, "board"),
    ] {
        assert_eq!(desk.list(&query).await, Err(ReadFault::Unknown { what }));
    }
    let only = TicketQuery { boards: vec!["helpdesk".to_owned()], ..query() };
    assert_eq!(desk.list(&only).await.unwrap(), seeded);
}

#[tokio::test]
async fn tickets_are_found_by_people_status_and_words() {
    let desk = desk(Deployment::Cloud, &["support", "helpdesk"], &[], "admin").await;
    let jira = &desk.jira;
    let fire = jira.file_as("alice", "SUP", "Printer on fire", &[]);
    let water = jira.file_as("carol", "SUP", "C++ under water", &[]);
    assert!(jira.assign(&fire, "bob") && jira.watch_as("carol", &fire));
    jira.close(&water);
    for (change, expected) in [
        (TicketQuery { reporter: Some(email("alice@example.org")), ..query() }, vec![&*fire]),
        // Hidden on Cloud, and told by the operator.
        (TicketQuery { reporter: Some(email("carol@example.org")), ..query() }, vec![&*water]),
        (TicketQuery { watcher: Some(email("carol@example.org")), ..query() }, vec![&*fire]),
        // Bob of Jira works on one; Redmine's is told by the operator.
        (TicketQuery { assignee: Some(email("bob@example.org")), ..query() }, vec![&*fire]),
        (TicketQuery { assignee: Some(email("nobody@example.org")), ..query() }, vec![]),
        (
            TicketQuery { assignee: Some(email("bot@example.test")), ..query() },
            vec!["#5", "#3", "#1"],
        ),
        (TicketQuery { status: Some("done".to_owned()), ..query() }, vec![&*water]),
        // Only Redmine has it, or both.
        (TicketQuery { status: Some("Resolved".to_owned()), ..query() }, vec![]),
        (TicketQuery { text: Some("FIRE printer".to_owned()), ..query() }, vec![&*fire]),
        (TicketQuery { text: Some("C++".to_owned()), ..query() }, vec![&*water]),
        (
            TicketQuery { text: Some("request 3".to_owned()), ..query() },
            vec!["#5", "#4", "#3", "#2", "#1"],
        ),
        (
            TicketQuery { sort: Sort::OldestFirst, ..query() },
            vec![&*fire, &*water, "#1", "#2", "#3", "#4", "#5"],
        ),
    ] {
        assert_eq!(desk.list(&change).await.unwrap(), expected, "{:?}", change.text);
    }
    let unknown = TicketQuery { status: Some("Asleep".to_owned()), ..query() };
    assert_eq!(desk.list(&unknown).await, Err(ReadFault::Unknown { what: "status" }));
    for board in ["support", "helpdesk"] {
        let query = TicketQuery { boards: vec![board.to_owned()], ..unknown.clone() };
        assert_eq!(desk.list(&query).await, Err(ReadFault::Unknown { what: "status" }));
    }
}

#[tokio::test]
async fn what_reaches_jira_is_literal() {
    let desk = desk(Deployment::Cloud, &["support"], &["Web Shop"], "bot").await;
    desk.jira.file_as("alice", "SUP", "Shown", &["Web-Shop"]);
    desk.jira.file_as("alice", "SUP", "secret", &[]);
    desk.jira.file_as("alice", "OPS", "secret", &[]);
    let head = r#"project in ("SUP") AND labels in ("Web-Shop")"#;
    let tail = " ORDER BY created DESC, key DESC";
    let from = |jql: &str| {
        let calls = desk.jira.ledger();
        // An empty answer is followed by the question who we are.
        let search = calls.iter().rfind(|call| call.target.contains("jql=")).unwrap();
        let (_, query) = search.target.split_once('?').unwrap();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let sent = pairs.into_owned().find(|(name, _)| name == "jql").unwrap().1;
        assert_eq!(sent, format!("{head} AND {jql}{tail}"));
    };
    for text in [r#"x" OR project = "OPS"#, r#"x\" OR 1=1"#, "x' OR 'a'='a", "secret OR shown"] {
        let query = TicketQuery { text: Some(text.to_owned()), ..query() };
        assert_eq!(desk.list(&query).await.unwrap(), [] as [&str; 0], "{text}");
    }
    let words = TicketQuery { text: Some(r#"a" b\ (c)"#.to_owned()), ..query() };
    assert_eq!(desk.list(&words).await.unwrap(), [] as [&str; 0]);
    from(r#"text ~ "a\\\" b\\\\ \\(c\\)""#);
    let status = TicketQuery { status: Some(r#"Done" OR project = "OPS"#.to_owned()), ..query() };
    assert_eq!(desk.list(&status).await, Err(ReadFault::Unknown { what: "status" }));
    from(r#"status = "Done\" OR project = \"OPS""#);
}

#[tokio::test]
async fn redmines_tickets_have_everything_but_private_notes_and_html() {
    let desk = desk(Deployment::Cloud, &["helpdesk"], &[], "admin").await;
    let redmine = &desk.redmine;
    assert!(redmine.comment_as("alice", 1, "for everybody").is_some());
    assert!(redmine.private_note_as("alice", 1, "planted").is_some());
    assert!(redmine.close_as("bot", 2));
    let watch = redmine.url().join("issues/1/watchers.json").unwrap();
    let watch = caller().post(watch).json(&json!({ "user_id": 6 }));
    watch.header("X-Redmine-API-Key", Redmine::user_key("bot")).send().await.unwrap();
    let page = desk.reader.list(&TicketQuery { fields: EVERY.into(), ..query() }).await.unwrap();
    let one = page.tickets.iter().find(|ticket| ticket.key.as_str() == "#1").unwrap();
    assert_eq!(Some(one.clone()), desk.get("1").await);
    assert_eq!((one.title.as_str(), one.project.key.as_str()), ("Helpdesk request 1", "helpdesk"));
    assert_eq!((one.status.key.as_str(), one.status.color_name.as_str()), ("new", "blue-gray"));
    assert_eq!(one.url, format!("{}issues/1", redmine.url()));
    let comments = one.comments.as_ref().unwrap();
    assert_eq!(comments.len(), 1);
    assert_eq!((comments[0].body.as_str(), &comments[0].rendered), ("for everybody", &None));
    let watcher = &one.watchers.as_ref().unwrap()[0];
    assert_eq!((watcher.account.as_str(), watcher.name.as_str()), ("6", "Alice Archer"));
    assert_eq!(watcher.email.as_deref(), Some("alice@example.test"));
    assert!(watcher.created.is_some());
    assert_eq!(one.attachments, Some(Vec::new()));
    assert_eq!(one.rendered, None);
    assert!(!json!(page.tickets).to_string().contains("planted"));
    let closed = page.tickets.iter().find(|ticket| ticket.key.as_str() == "#2").unwrap();
    assert_eq!((closed.status.name.as_str(), closed.status.key.as_str()), ("Closed", "done"));
    let by_alice = TicketQuery { watcher: Some(email("alice@example.test")), ..query() };
    assert_eq!(desk.list(&by_alice).await.unwrap(), ["#1"]);
    // A key that may not read the list of users: names alone.
    let bot = reader(&desk.jira, Deployment::Cloud, Some((redmine, "bot")), &["helpdesk"], &[]);
    let key = IssueKey::parse("#1").unwrap();
    let seen = bot.get(&key, &EVERY.into()).await.unwrap().unwrap();
    assert_eq!(seen.watchers.unwrap()[0].email, None);
}

#[tokio::test]
async fn redmines_private_issues_are_not_there() {
    // An administrator's key sees them all.
    let desk = desk(Deployment::Cloud, &["helpdesk"], &[], "admin").await;
    for id in [4, 1] {
        assert!(desk.redmine.make_private_as("admin", id));
        let key = TicketReader::key(&id.to_string()).unwrap();
        assert!(!desk.reader.sees(&key).await.unwrap());
        assert_eq!(desk.get(&id.to_string()).await, None);
    }
    let whole = TicketQuery { fields: EVERY.into(), ..query() };
    for query in [query(), whole] {
        assert_eq!(desk.list(&query).await.unwrap(), ["#5", "#3", "#2"]);
    }
    // A page that ends with one goes on behind it.
    let limit = NonZeroU8::new(2).unwrap();
    let first = desk.reader.list(&TicketQuery { limit, ..query() }).await.unwrap();
    assert_eq!(keys(&first.tickets), ["#5"]);
    let second = TicketQuery { limit, cursor: first.next, ..query() };
    assert_eq!(desk.list(&second).await.unwrap(), ["#3", "#2"]);
}

#[tokio::test]
async fn a_project_that_is_not_ours_to_read_hides_no_other() {
    let shown = ["support", "gone", "infra", "helpdesk"];
    let desk = desk(Deployment::Cloud, &shown, &[], "bot").await;
    let mine = desk.jira.file_as("alice", "SUP", "x", &[]);
    // Archived.
    desk.redmine.fault(FaultRule::from(Fault::Status(403)).at("GET /projects/infra"));
    let rest = [mine.as_str(), "#5", "#4", "#3", "#2", "#1"];
    assert_eq!(desk.list(&query()).await.unwrap(), rest);
    for board in ["gone", "infra"] {
        let only = TicketQuery { boards: vec![board.to_owned()], ..query() };
        assert_eq!(desk.list(&only).await.unwrap(), [] as [&str; 0], "{board}");
    }
    assert_eq!(desk.get("6").await, None);
    assert!(desk.get("1").await.is_some(), "the boards before it are left out");
    // Known from before, and closed to us meanwhile.
    desk.redmine.fault(FaultRule::from(Fault::Status(403)).at("project_id=helpdesk"));
    assert_eq!(desk.list(&query()).await.unwrap(), [mine.as_str()]);
    assert_eq!(desk.get("1").await, None);
}

#[tokio::test]
async fn what_a_tracker_cannot_read_is_the_callers_fault() {
    let desk = desk(Deployment::DataCenter, &["support", "helpdesk"], &[], "bot").await;
    for _ in 0..2 {
        desk.jira.file_as("alice", "SUP", "printer", &[]);
    }
    let words = TicketQuery { text: Some("printer".to_owned()), ..query() };
    desk.jira.fault(FaultRule::from(Fault::Status(400)).at("text"));
    assert_eq!(desk.list(&words).await, Err(ReadFault::Words));
    desk.jira.clear_faults();
    desk.redmine.fault(FaultRule::from(Fault::Status(422)).at("subject="));
    assert_eq!(desk.list(&words).await, Err(ReadFault::Words));
    // Without words of theirs it is ours.
    desk.jira.fault(FaultRule::from(Fault::Status(400)).at("jql="));
    let fault = desk.list(&query()).await;
    assert!(matches!(fault, Err(ReadFault::Api(ApiError::Rejected { .. }))), "{fault:?}");
    desk.jira.clear_faults();
    // A place that is no number: 404, as JAX-RS has it for such a parameter.
    let limit = NonZeroU8::MIN;
    let cursor = desk.reader.list(&TicketQuery { limit, ..query() }).await.unwrap().next;
    desk.jira.fault(FaultRule::from(Fault::Status(404)).at("startAt="));
    let next = TicketQuery { limit, cursor, ..query() };
    assert_eq!(desk.list(&next).await, Err(ReadFault::BadCursor));
}

#[tokio::test]
async fn however_much_is_read_half_of_jiras_places_stay_free() {
    const SLOW: Duration = Duration::from_millis(300);
    let desk = desk(Deployment::Cloud, &["support"], &[], "bot").await;
    let key = IssueKey::parse(&desk.jira.file_as("alice", "SUP", "x", &[])).unwrap();
    assert!(desk.reader.sees(&key).await.unwrap());
    desk.jira.fault(FaultRule::from(Fault::Slow(SLOW)).at("/issue/"));
    let started = Instant::now();
    let asked = (0..12).map(|_| desk.reader.sees(&key));
    assert!(join_all(asked).await.into_iter().all(|seen| seen.unwrap()));
    // Four at once; all eight places would take two rounds.
    assert!(started.elapsed() >= 3 * SLOW, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_tracker_that_is_away_is_told() {
    let desk = desk(Deployment::Cloud, &["support", "nowhere", "helpdesk"], &[], "bot").await;
    desk.jira.file_as("alice", "SUP", "x", &[]);
    // A board that Jira does not know shows nothing, and hides nothing.
    assert_eq!(desk.list(&query()).await.unwrap().len(), 6);
    desk.redmine.revoke("bot");
    let fault = desk.list(&query()).await;
    assert_eq!(fault, Err(ReadFault::Api(ApiError::Unauthorized { service: "redmine" })));
    let one = IssueKey::parse("#1").unwrap();
    desk.jira.stop().await;
    let fault = desk.reader.list(&query()).await;
    assert!(matches!(fault, Err(ReadFault::Api(ApiError::Unavailable { .. }))), "{fault:?}");
    desk.redmine.stop().await;
    let fault = desk.reader.get(&one, &BTreeSet::new()).await;
    assert!(matches!(fault, Err(ReadFault::Api(ApiError::Unavailable { .. }))), "{fault:?}");
}
