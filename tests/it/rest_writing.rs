//! What callers of the API ask for becomes one issue or one comment, in Jira as in Redmine, whatever
//! gets lost on the way; and they can hear of it. Asked of the desk itself, without the door.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use ticketd::actors::Desk;
use ticketd::config::{Filing, Place, TextFormatting};
use ticketd::model::{
    keys::{IssueKey, Tracker},
    mail::Email,
    request::{
        Accepted, Asked, NewRemark, NewRequest, Progress, RequestId, RequestPriority, StoredFile,
    },
    ticket_event::EventKind,
};
use ticketd::sandbox::{Fault, FaultRule, JiraWrite, Redmine};

use crate::harness::{Letter, Post, PostSetup};

/// Longer than anything takes that is looked for.
const PATIENCE: Duration = Duration::from_mins(1);
/// The issues of Redmine's seed.
const SEED: usize = 8;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn asked(key: u8, print: u8) -> Asked {
    Asked { key: Some([key; 16]), print: [print; 16] }
}

fn anew() -> Asked {
    Asked { key: None, print: [0; 16] }
}

fn request(tracker: Tracker, title: &str) -> NewRequest {
    let place = if tracker == Tracker::Jira { "Support" } else { "helpdesk" };
    NewRequest {
        title: title.to_owned(),
        body: "It *burns* since noon.\n\nPlease {hurry}.".to_owned(),
        reporter: email("carol@customer.example"),
        tracker,
        place: place.to_owned(),
        category: None,
        watchers: Vec::new(),
        priority: None,
        files: Vec::new(),
    }
}

fn remark(body: &str) -> NewRemark {
    let author = email("carol@customer.example");
    NewRemark { body: body.to_owned(), author, watchers: Vec::new(), files: Vec::new() }
}

async fn file(desk: &Desk, name: &str, bytes: &[u8]) -> StoredFile {
    let mut writer = desk.uploads().begin().await.unwrap();
    for part in bytes.chunks(10_000) {
        writer.write(part.to_vec().into()).await.unwrap();
    }
    let (upload, size) = writer.finish().await.unwrap();
    assert_eq!(size, bytes.len() as u64);
    StoredFile { upload, name: name.to_owned(), media_type: "text/plain".to_owned(), size }
}

fn new_one(accepted: Accepted) -> RequestId {
    match accepted {
        Accepted::New(id) => id,
        other => panic!("{other:?}"),
    }
}

/// The issue of a request, once it is there; what may have happened is looked for.
async fn done(desk: &Desk, id: RequestId) -> IssueKey {
    let start = std::time::Instant::now();
    while start.elapsed() < PATIENCE {
        match desk.outcome_of(id, Duration::from_secs(5)).await.unwrap() {
            Some(Progress::Done(issue)) => return issue,
            Some(Progress::Pending { .. }) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("{id} is not done");
}

/// The files that the store keeps.
fn kept(post: &Post) -> usize {
    std::fs::read_dir(post.app.store().join("uploads")).map_or(0, Iterator::count)
}

fn redmine() -> PostSetup {
    PostSetup::default().config(|config| {
        config.jira = None;
        config.mailboxes[0].place = Place::Redmine("helpdesk".to_owned());
        config.redmine.filing = Some(Filing {
            api_key: Redmine::user_key("bot").into(),
            issue_type: Some("Support".to_owned()),
            text_formatting: TextFormatting::Textile,
            poll: Duration::from_millis(300),
            users: BTreeMap::from([("bob@example.test".to_owned(), 7)]),
            attachment_bytes: 100_000,
            reopen_status: None,
        });
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_issue_of_jira_with_all_that_belongs_to_it() {
    let post = Post::start().await;
    let desk = post.app.desk();
    let large: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let files = vec![file(desk, "a.txt", b"smoke").await, file(desk, "b.bin", &large).await];
    assert_eq!(kept(&post), 2);
    let new = NewRequest {
        category: Some("My network".to_owned()),
        watchers: vec![email("bob@example.test"), email("nobody@nowhere.example")],
        priority: Some(RequestPriority::High),
        files,
        ..request(Tracker::Jira, "The printer is on fire")
    };
    let id = new_one(desk.request(anew(), new).await.unwrap());
    let key = done(desk, id).await;
    post.until("the files", || kept(&post) == 0).await;
    let issue = post.jira.issue(key.as_str()).unwrap();
    assert_eq!(issue.summary, "The printer is on fire");
    assert!(issue.description.contains("carol@customer.example"), "{}", issue.description);
    assert!(issue.description.contains("has no account in Jira"), "{}", issue.description);
    assert!(issue.description.contains("since noon."), "{}", issue.description);
    assert!(!issue.description.contains("{hurry}"), "{}", issue.description);
    assert!(issue.labels.contains(&"My-network".to_owned()), "{:?}", issue.labels);
    assert!(issue.labels.contains(&"ticketd".to_owned()), "{:?}", issue.labels);
    assert_eq!(issue.priority, "High");
    let sizes: Vec<_> =
        issue.attachments.iter().map(|file| (file.filename.as_str(), file.size)).collect();
    assert_eq!(sizes, [("a.txt", 5), ("b.bin", 200_000)]);
    // It is done, and nothing of the words is kept.
    assert_eq!(desk.progress(id).await.unwrap(), Some(Progress::Done(key)));
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_issue_of_redmine_with_all_that_belongs_to_it() {
    let post = redmine().start().await;
    let desk = post.app.desk();
    let files =
        vec![file(desk, "a.txt", b"smoke").await, file(desk, "large.bin", &[7; 100_001]).await];
    let new = NewRequest {
        category: Some("My *network*".to_owned()),
        watchers: vec![email("bob@example.test"), email("nobody@nowhere.example")],
        priority: Some(RequestPriority::High),
        files,
        ..request(Tracker::Redmine, "The printer is on fire")
    };
    let key = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
    post.until("the files", || kept(&post) == 0).await;
    let issue = post.app.redmine().issues().split_off(SEED).remove(0);
    assert_eq!(key, IssueKey::parse(&format!("#{}", issue.id)).unwrap());
    assert_eq!((issue.project, issue.tracker, issue.author), ("helpdesk", "Support", "bot"));
    for said in ["carol@customer.example", "since noon.", "Category:", "large.bin", "97.6 KiB"] {
        assert!(issue.description.contains(said), "{said}: {}", issue.description);
    }
    assert!(!issue.description.contains("*network*"), "{}", issue.description);
    let last = issue.description.lines().last().unwrap();
    assert!(last.starts_with("Reference: ticket-"), "{}", issue.description);
    let files = post.app.redmine().attachments(issue.id);
    assert_eq!(files, [("a.txt".to_owned(), bytes::Bytes::from_static(b"smoke"))]);
    let watchers = post.app.redmine().watchers(issue.id);
    assert!(watchers.contains(&"bob"), "{watchers:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_under_one_key_make_one_issue() {
    for (setup, tracker) in [(PostSetup::default(), Tracker::Jira), (redmine(), Tracker::Redmine)] {
        let post = setup.start().await;
        let desk = post.app.desk();
        let ask = |n: u8| async move {
            let files = vec![file(desk, "a.txt", &[n; 100]).await];
            let new = NewRequest { files, ..request(tracker, "Once only") };
            desk.request(asked(1, 1), new).await.unwrap()
        };
        let accepted = join_all((0..100).map(ask)).await;
        let new = accepted.iter().filter(|one| matches!(one, Accepted::New(_))).count();
        assert_eq!(new, 1);
        let ids: Vec<_> = accepted
            .iter()
            .map(|one| match one {
                Accepted::New(id) | Accepted::Again(id) => *id,
                Accepted::OtherRequest => panic!("the same request"),
            })
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        done(desk, ids[0]).await;
        post.until("the files are gone", || kept(&post) == 0).await;
        let made = match tracker {
            Tracker::Jira => post.living().len(),
            Tracker::Redmine => post.app.redmine().issues().len() - SEED,
        };
        assert_eq!(made, 1);
        let other = desk.request(asked(1, 2), request(tracker, "Another")).await.unwrap();
        assert_eq!(other, Accepted::OtherRequest);
        new_one(desk.request(asked(2, 2), request(tracker, "Another")).await.unwrap());
        post.sound().await;
    }
}

/// One request with a file and a comment with a file, each of whose calls meets this fault once.
async fn jira_survives(fault: Fault) {
    let post = Post::start().await;
    let desk = post.app.desk();
    for at in ["POST /rest/api/2/issue", "/comment", "/attachments"] {
        post.jira.fault(FaultRule::from(fault).at(at).times(1));
    }
    let new = NewRequest {
        files: vec![file(desk, "a.txt", b"a").await, file(desk, "b.txt", b"b").await],
        ..request(Tracker::Jira, &format!("{fault:?}"))
    };
    let key = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
    let said = NewRemark { files: vec![file(desk, "c.txt", b"c").await], ..remark("Still so.") };
    let said = desk.remark(anew(), key.clone(), said).await.unwrap();
    assert_eq!(done(desk, new_one(said)).await, key, "{fault:?}");
    let hung = || post.jira.issue(key.as_str()).unwrap().attachments.len();
    post.until_within(PATIENCE, &format!("{fault:?}: files"), || hung() >= 3 && kept(&post) == 0)
        .await;
    // Whoever made it twice would do it after the time in which it looks for the first one.
    tokio::time::sleep(Duration::from_millis(2_600)).await;
    let issue = post.jira.issue(key.as_str()).unwrap();
    let mut names: Vec<_> = issue.attachments.iter().map(|file| &*file.filename).collect();
    names.sort_unstable();
    assert_eq!(names, ["a.txt", "b.txt", "c.txt"], "{fault:?}");
    assert_eq!((post.living().len(), issue.comments.len()), (1, 1), "{fault:?}");
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1, "{fault:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_has_each_of_it_once_whatever_its_answers_become() {
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::Status(503),
        Fault::Status(429),
        Fault::CutConnection,
    ];
    join_all(faults.map(jira_survives)).await;
}

async fn redmine_survives(fault: Fault) {
    let post = redmine().start().await;
    let (desk, redmine) = (post.app.desk(), post.app.redmine());
    redmine.fault(FaultRule::from(fault).at("POST /issues.json").times(1));
    let new = NewRequest {
        files: vec![file(desk, "a.txt", b"a").await, file(desk, "b.txt", b"b").await],
        ..request(Tracker::Redmine, &format!("{fault:?}"))
    };
    let key = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
    let id = u32::try_from(key.number()).unwrap();
    post.until_within(PATIENCE, "files", || redmine.attachments(id).len() == 2).await;
    for said in ["Still so.", "And so."] {
        redmine.fault(FaultRule::from(fault).at(format!("PUT /issues/{id}.json")).times(1));
        let files = vec![file(desk, &format!("{said}txt"), b"c").await];
        let said = NewRemark { files, ..remark(said) };
        let said = desk.remark(anew(), key.clone(), said).await.unwrap();
        assert_eq!(done(desk, new_one(said)).await, key, "{fault:?}");
    }
    post.until_within(PATIENCE, &format!("{fault:?}: files"), || kept(&post) == 0).await;
    post.settled().await;
    assert_eq!(redmine.issues().len(), SEED + 1, "{fault:?}");
    assert_eq!(redmine.notes(id).len(), 2, "{fault:?}: {:#?}", redmine.notes(id));
    assert_eq!(redmine.attachments(id).len(), 4, "{fault:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redmine_has_each_of_it_once_whatever_its_answers_become() {
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::Status(503),
        Fault::Status(429),
        Fault::CutConnection,
    ];
    join_all(faults.map(redmine_survives)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_adopts_an_issue_that_is_none_of_ours_and_is_refused_where_there_is_none() {
    let post = Post::start().await;
    let desk = post.app.desk();
    let key = {
        let new = request(Tracker::Jira, "Somebody's own");
        done(desk, new_one(desk.request(anew(), new).await.unwrap())).await
    };
    // Of another project no case knows anything.
    let moved = post.jira.move_to_project(key.as_str(), "OPS").unwrap();
    let moved = IssueKey::parse(&moved).unwrap();
    for body in ["First things.", "Second things."] {
        let said = desk.remark(anew(), moved.clone(), remark(body)).await.unwrap();
        assert_eq!(done(desk, new_one(said)).await, moved);
    }
    let issue = post.comments(moved.as_str(), 2).await;
    assert!(issue.comments[0].body.contains("First things."), "{:?}", issue.comments);
    assert!(issue.comments[1].body.contains("carol@customer.example"), "{:?}", issue.comments);

    post.jira.delete(moved.as_str());
    let said = desk.remark(anew(), moved.clone(), remark("Too late.")).await.unwrap();
    let refused = desk.outcome_of(new_one(said), PATIENCE).await.unwrap();
    assert!(matches!(&refused, Some(Progress::Refused { .. })), "{refused:?}");
    post.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_in_an_issue_whose_making_is_unclear_makes_no_second_one() {
    for (setup, tracker, at) in [
        (PostSetup::default(), Tracker::Jira, "POST /rest/api/2/issue"),
        (redmine(), Tracker::Redmine, "POST /issues.json"),
    ] {
        let post = setup.start().await;
        let desk = post.app.desk();
        let fault = FaultRule::from(Fault::CutAfterCommit).at(at).times(1);
        let made = || match tracker {
            Tracker::Jira => post.living().into_iter().map(|issue| issue.key).collect(),
            Tracker::Redmine => {
                let issues = post.app.redmine().issues().split_off(SEED);
                issues.iter().map(|issue| format!("#{}", issue.id)).collect::<Vec<_>>()
            }
        };
        match tracker {
            Tracker::Jira => post.jira.fault(fault),
            Tracker::Redmine => post.app.redmine().fault(fault),
        }
        let id = new_one(desk.request(anew(), request(tracker, "Unclear")).await.unwrap());
        post.until("the issue", || !made().is_empty()).await;
        let key = IssueKey::parse(&made()[0]).unwrap();
        // Somebody has seen it before we know of it.
        let said = desk.remark(anew(), key.clone(), remark("I see it.")).await.unwrap();
        let said = new_one(said);
        assert_ne!(said.case, id.case, "it is adopted");
        assert_eq!(done(desk, id).await, key);
        assert_eq!(done(desk, said).await, key);
        // From now on everything goes through the case that made it.
        let later = desk.remark(anew(), key.clone(), remark("And later.")).await.unwrap();
        let later = new_one(later);
        assert_eq!(later.case, id.case);
        assert_eq!(done(desk, later).await, key);
        assert_eq!(made(), [key.as_str()]);
        post.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jiras_refusal_is_told_and_an_outage_is_a_delay() {
    let post = Post::start().await;
    let desk = post.app.desk();
    post.jira.fault(FaultRule::from(Fault::Status(400)).at("POST /rest/api/2/issue").times(1));
    let id = new_one(desk.request(anew(), request(Tracker::Jira, "Refused")).await.unwrap());
    let refused = desk.outcome_of(id, PATIENCE).await.unwrap();
    let Some(Progress::Refused { fault }) = refused else { panic!("{refused:?}") };
    assert_eq!(fault, "jira rejects the call with status 400");
    // The operator has it tried again, under the same number.
    let retried = desk.retry(id).await.unwrap();
    assert_eq!(retried, ticketd::actors::Retried::Queued);
    done(desk, id).await;

    post.jira.fault(FaultRule::from(Fault::Status(503)).at("POST /rest/api/2/issue").times(1));
    let id = new_one(desk.request(anew(), request(Tracker::Jira, "Delayed")).await.unwrap());
    let start = std::time::Instant::now();
    let delayed = desk.outcome_of(id, PATIENCE).await.unwrap();
    assert_eq!(delayed, Some(Progress::Pending { delayed: true }));
    assert!(start.elapsed() < PATIENCE / 2);
    done(desk, id).await;
    let none = RequestId { step: 99, ..id };
    assert_eq!(desk.progress(none).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_jira_rejects_keeps_none_behind_it() {
    for status in [400, 413] {
        let post = Post::start().await;
        let desk = post.app.desk();
        post.jira.fault(FaultRule::from(Fault::Status(status)).at("/attachments").times(1));
        let new = NewRequest {
            files: vec![file(desk, "a.txt", b"a").await, file(desk, "b.txt", b"b").await],
            ..request(Tracker::Jira, "One is rejected")
        };
        let key = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
        post.until("the files", || kept(&post) == 0).await;
        let hung = post.jira.issue(key.as_str()).unwrap().attachments;
        let names: Vec<_> = hung.iter().map(|file| &*file.filename).collect();
        assert_eq!(names, ["b.txt"], "{status}");
        post.sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_too_long_hangs_on_the_issue_as_a_whole() {
    let post = Post::start().await;
    let desk = post.app.desk();
    let body = "*{x}* ".repeat(5_300);
    let new = NewRequest { body: body.clone(), ..request(Tracker::Jira, "A long one") };
    let key = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
    let hung = || post.jira.issue(key.as_str()).unwrap().attachments;
    post.until("the text", || !hung().is_empty()).await;
    assert_eq!((&*hung()[0].filename, hung()[0].size), ("text.txt", body.len() as u64));
    let issue = post.jira.issue(key.as_str()).unwrap();
    assert!(issue.description.encode_utf16().count() <= 32_767);
    assert!(issue.description.ends_with("attached as text.txt."), "the end says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_hear_what_happens_to_tickets_in_order_and_once() {
    let post = Post::start().await;
    let desk = post.app.desk();
    let mut word = desk.event_word();
    assert_eq!(desk.last_event().await.unwrap(), 0);
    post.deliver(&Letter::from("Dora <dora@customer.example>", "By mail"));
    let by_mail = post.issues(1).await.remove(0).key;
    word.changed().await.unwrap();
    let new = request(Tracker::Jira, "By request");
    let asked_for = done(desk, new_one(desk.request(anew(), new).await.unwrap())).await;
    let said = desk.remark(anew(), asked_for.clone(), remark("And so.")).await.unwrap();
    done(desk, new_one(said)).await;
    let events = async |count: usize| {
        for _ in 0..500 {
            let events = desk.events_after(0, 100).await.unwrap();
            if events.len() >= count {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:#?}", desk.events_after(0, 100).await.unwrap());
    };
    events(3).await;
    post.jira.comment_as("alice", asked_for.as_str(), "An agent speaks.");
    events(4).await;
    post.jira.close(asked_for.as_str());
    events(5).await;
    post.jira.reopen(asked_for.as_str());
    let events = events(6).await;
    post.settled().await;
    let told: Vec<_> =
        events.iter().map(|event| (event.number, event.kind, event.issue.as_str())).collect();
    let key = asked_for.as_str();
    assert_eq!(
        told,
        [
            (1, EventKind::Created, by_mail.as_str()),
            (2, EventKind::Created, key),
            (3, EventKind::Commented, key),
            (4, EventKind::Commented, key),
            (5, EventKind::StatusChanged { closed: true }, key),
            (6, EventKind::StatusChanged { closed: false }, key),
        ]
    );
    assert!(events.iter().all(|event| event.place.as_deref() == Some("Support")));
    assert_eq!(desk.last_event().await.unwrap(), 6);
    assert_eq!(desk.events_after(4, 1).await.unwrap(), events[4..5]);
    // The same numbers go on after a restart.
    let post = post.close().await.start().await;
    let desk = post.app.desk();
    assert_eq!(desk.last_event().await.unwrap(), 6);
    new_one(desk.request(anew(), request(Tracker::Jira, "Later on")).await.unwrap());
    desk.event_word().wait_for(|last| *last == 7).await.unwrap();
}
