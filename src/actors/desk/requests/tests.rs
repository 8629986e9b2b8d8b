//! Requests of callers: taken once for each key and day, there after a restart, and gone when all of
//! it is done or forgotten.

use std::{collections::HashMap, path::PathBuf};

use bytes::Bytes;

use super::*;
use crate::{
    model::{
        desk::{Done, Outcome},
        effect::Worker,
        keys::Tracker,
        mail::Email,
        request::StoredFile,
    },
    store::{Keyring, Store},
    telemetry::Metrics,
};

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
    keys: Keyring,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        Self { _dir: dir, path, keys: Keyring::generate() }
    }

    async fn enter(&self) -> (Desk, Store) {
        let store = loop {
            match Store::open(&self.path, self.keys.clone()) {
                // The last one is still on its way out.
                Err(StoreError::Locked { .. }) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                opened => break opened.unwrap(),
            }
        };
        let desk = Desk::new(store.clone(), HashMap::new(), Duration::from_mins(5), Metrics::new());
        (desk, store)
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn request(files: Vec<StoredFile>) -> NewRequest {
    NewRequest {
        title: "No network".into(),
        body: "planted".into(),
        reporter: email("a@x.example"),
        tracker: Tracker::Jira,
        place: "Support".into(),
        category: None,
        watchers: vec![email("b@x.example")],
        priority: None,
        files,
    }
}

fn asked(key: u8, print: u8) -> Asked {
    Asked { key: Some([key; 16]), print: [print; 16] }
}

async fn file(desk: &Desk) -> StoredFile {
    let mut writer = desk.uploads().begin().await.unwrap();
    writer.write(Bytes::from_static(b"bytes")).await.unwrap();
    let (upload, size) = writer.finish().await.unwrap();
    StoredFile { upload, name: "a.txt".into(), media_type: "text/plain".into(), size }
}

/// The next step of this worker is tried and comes to this.
async fn work(desk: &Desk, outcome: Outcome) -> &'static str {
    let (mut tasks, _) = desk.due(Worker::Jira, 1, [].into()).await.unwrap();
    let effect = desk.begin(&tasks.remove(0).effect, None).await.unwrap();
    desk.settle(effect.id, outcome).await.unwrap();
    effect.work.word()
}

fn created() -> Outcome {
    let issue = IssueKey::parse("SUP-1").unwrap();
    Outcome::Done(Done::Created { issue, attach: true, watch: true })
}

#[tokio::test]
async fn a_request_is_kept_until_all_of_it_is_done_over_restarts() {
    let place = Place::new();
    let (desk, store) = place.enter().await;
    let new = request(vec![file(&desk).await]);
    let upload = new.files[0].upload.clone();
    let Accepted::New(id) = desk.request(asked(1, 1), new.clone()).await.unwrap() else { panic!() };
    assert_eq!(desk.progress(id).await.unwrap(), Some(Progress::Pending { delayed: false }));
    // The process ends in the middle of the first try.
    let (tasks, _) = desk.due(Worker::Jira, 1, [].into()).await.unwrap();
    desk.begin(&tasks[0].effect, Some(7)).await.unwrap();
    drop((desk, store));
    let (desk, store) = place.enter().await;
    let (tasks, _) = desk.due(Worker::Jira, 1, [].into()).await.unwrap();
    assert!(tasks[0].effect.is_unclear());
    assert_eq!(desk.wanted(id).await.unwrap(), Some(Wanted::Ticket(new)));
    assert_eq!(desk.request(asked(1, 1), request(vec![])).await.unwrap(), Accepted::Again(id));
    assert_eq!(desk.request(asked(1, 2), request(vec![])).await.unwrap(), Accepted::OtherRequest);
    desk.settle(id, created()).await.unwrap();
    let issue = IssueKey::parse("SUP-1").unwrap();
    assert_eq!(desk.progress(id).await.unwrap(), Some(Progress::Done(issue)));
    // The files and the watchers are still to come.
    assert!(desk.wanted(id).await.unwrap().is_some());
    assert_eq!(work(&desk, Outcome::Done(Done::Plainly)).await, "attach_uploads");
    assert!(store.uploads().open(&upload).await.unwrap().is_some());
    assert_eq!(store.desk().audit().unwrap().problems, []);
    assert_eq!(work(&desk, Outcome::Done(Done::Plainly)).await, "watch_request");
    assert!(store.uploads().open(&upload).await.unwrap().is_none());
    assert_eq!(desk.wanted(id).await.unwrap(), None);
    assert_eq!(store.desk().audit().unwrap().problems, []);
    assert_eq!(desk.events_after(0, 9).await.unwrap()[0].place.as_deref(), Some("Support"));
}

#[tokio::test]
async fn files_of_a_request_that_is_known_are_removed_and_its_own_stay() {
    let place = Place::new();
    let (desk, store) = place.enter().await;
    let own = request(vec![file(&desk).await]);
    desk.request(asked(1, 1), own.clone()).await.unwrap();
    for print in [1, 2] {
        let other = request(vec![file(&desk).await]);
        desk.request(asked(1, print), other.clone()).await.unwrap();
        assert!(store.uploads().open(&other.files[0].upload).await.unwrap().is_none());
    }
    // Given again by a door that had no answer.
    desk.request(asked(1, 1), own.clone()).await.unwrap();
    assert!(store.uploads().open(&own.files[0].upload).await.unwrap().is_some());
}

#[tokio::test]
async fn all_of_a_case_is_purged_and_an_export_holds_it_till_then() {
    let place = Place::new();
    let (desk, store) = place.enter().await;
    let new = request(vec![file(&desk).await]);
    let Accepted::New(id) = desk.request(asked(1, 1), new.clone()).await.unwrap() else { panic!() };
    let said = NewRemark {
        body: "And so.".into(),
        author: email("a@x.example"),
        watchers: vec![],
        files: vec![],
    };
    let issue = IssueKey::parse("OPS-7").unwrap();
    let accepted = desk.remark(asked(2, 2), issue, said.clone()).await.unwrap();
    let Accepted::New(remark) = accepted else { panic!() };
    let export = place.path.parent().unwrap().join("export");
    store.export(&export).unwrap();
    let elsewhere = place.path.parent().unwrap().join("elsewhere");
    Store::restore(&elsewhere, &export, place.keys.clone()).unwrap();
    let other = Store::open(&elsewhere, place.keys.clone()).unwrap();
    assert_eq!(other.desk().wanted(id).unwrap(), Some(Wanted::Ticket(new.clone())));
    assert_eq!(other.desk().wanted(remark).unwrap(), Some(Wanted::Remark(said)));
    assert_eq!(other.desk().audit().unwrap().problems, []);

    let issue = IssueKey::parse("SUP-1").unwrap();
    let bare = Done::Created { issue, attach: false, watch: false };
    desk.settle(id, Outcome::Done(bare)).await.unwrap();
    desk.settle(remark, Outcome::IssueGone).await.unwrap();
    let refused = desk.outcome_of(remark, Duration::ZERO).await.unwrap();
    assert_eq!(refused, Some(Progress::Refused { fault: "the issue is gone".into() }));
    assert_eq!(desk.purge(Timestamp::MAX).await.unwrap().cases, 1);
    assert_eq!(desk.progress(id).await.unwrap(), None);
    assert!(desk.progress(remark).await.unwrap().is_some(), "a dead one is never dropped");
    assert_eq!(store.desk().audit().unwrap().problems, []);
    // A key of a case that is gone stands for nothing.
    assert!(matches!(desk.request(asked(1, 9), request(vec![])).await.unwrap(), Accepted::New(_)));
}

#[tokio::test]
async fn who_waits_hears_of_it_at_once() {
    let place = Place::new();
    let (desk, _store) = place.enter().await;
    let Accepted::New(id) = desk.request(asked(1, 1), request(vec![])).await.unwrap() else {
        panic!()
    };
    let waiting = tokio::spawn({
        let desk = desk.clone();
        async move { desk.outcome_of(id, Duration::from_mins(10)).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    work(&desk, created()).await;
    let outcome = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(outcome.unwrap(), Some(Progress::Done(IssueKey::parse("SUP-1").unwrap())));
}

#[tokio::test]
async fn an_event_is_told_when_it_is_durable_and_after_a_restart() {
    let place = Place::new();
    let (desk, store) = place.enter().await;
    let Accepted::New(id) = desk.request(asked(1, 1), request(vec![])).await.unwrap() else {
        panic!()
    };
    desk.settle(id, created()).await.unwrap();
    // Written, and its barrier has not come yet.
    let issue = IssueKey::parse("SUP-1").unwrap();
    let commented = crate::model::ticket_event::EventKind::Commented;
    store.desk().write(|rows| rows.tell_event(commented, &issue, None, clock::now())).unwrap();
    assert_eq!(desk.last_event().await.unwrap(), 1);
    assert_eq!(desk.events_after(0, 9).await.unwrap().len(), 1);
    store.barrier().await.unwrap();
    desk.tell_event(Some(2));
    assert_eq!(desk.events_after(0, 9).await.unwrap().len(), 2);
    drop((desk, store));
    let (desk, _store) = place.enter().await;
    assert_eq!(desk.last_event().await.unwrap(), 2);
    assert_eq!(desk.events_after(0, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_adopted_issue_goes_to_the_case_that_made_it_for_good() {
    let place = Place::new();
    let (desk, store) = place.enter().await;
    let Accepted::New(made) = desk.request(asked(1, 1), request(vec![])).await.unwrap() else {
        panic!()
    };
    let (tasks, _) = desk.due(Worker::Jira, 1, [].into()).await.unwrap();
    desk.begin(&tasks[0].effect, Some(7)).await.unwrap();
    let issue = IssueKey::parse("SUP-1").unwrap();
    let say = async |key| {
        let author = email("a@x.example");
        let new = NewRemark { body: "So.".into(), author, watchers: vec![], files: vec![] };
        match desk.remark(asked(key, 1), issue.clone(), new).await.unwrap() {
            Accepted::New(id) => id,
            other => panic!("{other:?}"),
        }
    };
    let (first, second) = (say(2).await, say(3).await);
    assert_ne!(first.case, made.case);
    assert_eq!(second.case, first.case);
    let said = || {
        let commented = Done::Commented { attach: false, watch: false };
        Outcome::Done(commented)
    };
    desk.settle(first, said()).await.unwrap();
    assert!(
        !desk.is_made(issue.clone()).await.unwrap()
            && desk.knows_issue(issue.clone()).await.unwrap()
    );
    desk.settle(made, created()).await.unwrap();
    // What the adopted case has left to do does not bring the issue back to it.
    desk.settle(second, said()).await.unwrap();
    assert!(desk.is_made(issue.clone()).await.unwrap());
    assert_eq!(say(4).await.case, made.case);
    assert_eq!(store.desk().audit().unwrap().problems, []);
}
