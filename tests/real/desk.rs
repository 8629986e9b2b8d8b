//! Redmine under one key, against a real one and against the stand-in: the same calls, the same
//! outcomes.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use jiff::Timestamp;
use ticketd::clients::{ApiError, RedmineClient, RedmineDesk};
use ticketd::model::ids::{IssueId, ProjectRef};
use ticketd::model::mail::Email;
use ticketd::model::redmine_desk::{NewRedmineIssue, Upload};
use ticketd::sandbox::Redmine as StandIn;
use ticketd::telemetry::Metrics;
use url::Url;

use crate::redmine::Redmine;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn the_stand_in_serves_a_desk() {
    let redmine = StandIn::start().await.unwrap();
    round_trip(&redmine.url()).await;
    let made = redmine.issues().pop().unwrap();
    assert_eq!((made.project, made.tracker, made.status), ("helpdesk", "Support", "Closed"));
    assert_eq!((made.author, made.priority), ("bot", 4));
    assert_eq!((made.closed, made.description.as_str()), (true, "a\r\nb"));
    assert_eq!(redmine.watchers(made.id), ["bot", "bob"]);
    let files = redmine.attachments(made.id);
    assert_eq!(files[0], ("log ü_.txt".to_owned(), Bytes::from_static(b"hello text")));
    let desk = desk_of(&redmine.url(), "bot");
    let id = IssueId::from(made.id);
    redmine.comment_as("alice", made.id, "one\ntwo").unwrap();
    redmine.private_note_as("alice", made.id, "hidden").unwrap();
    assert!(!redmine.set_status_as("alice", made.id, "New"), "closed for a developer");
    assert!(redmine.set_status_as("bot", made.id, "Feedback"));
    assert!(redmine.close_as("bot", made.id));
    let texts = |notes: Vec<_>| notes.into_iter().rev().take(2).collect::<Vec<_>>();
    let notes = redmine.notes(made.id).into_iter().map(|note| (note.author, note.text));
    let expected = [("alice", "hidden".to_owned()), ("alice", "one\r\ntwo".to_owned())];
    assert_eq!(texts(notes.collect()), expected);
    let thread = desk.thread(id).await.unwrap();
    let said = thread.journals.iter().rev().take(2).map(|said| (said.text.as_str(), said.private));
    assert_eq!(said.collect::<Vec<_>>(), [("hidden", true), ("one\ntwo", false)]);
    assert!(redmine.delete(made.id) && !redmine.delete(made.id));
    assert_eq!(desk.thread(id).await, Err(ApiError::NotFound { service: "redmine" }));
    redmine.revoke("bot");
    let unknown = Err(ApiError::Unauthorized { service: "redmine" });
    assert_eq!(desk.own_above(None).await.map(drop), unknown);
}

/// What every Redmine must do; called by the one test that has a real one.
pub(crate) async fn holds(redmine: &Redmine) {
    round_trip(&redmine.url).await;
}

async fn round_trip(url: &Url) {
    let desk = desk_of(url, "bot");
    let myself = desk.myself().await.unwrap();
    assert_eq!((myself.id, myself.login.as_str()), (5, "bot"));
    let wrong = desk_of(url, "nobody");
    assert_eq!(wrong.myself().await, Err(ApiError::Unauthorized { service: "redmine" }));

    let helpdesk = ProjectRef::parse("helpdesk").unwrap();
    let project = desk.project(&helpdesk).await.unwrap();
    let trackers: Vec<_> = project.trackers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(trackers, ["Bug", "Feature", "Support"]);
    assert_eq!(desk.trackers().await.unwrap(), project.trackers);
    let priorities = desk.priorities().await.unwrap();
    let urgent = priorities.iter().find(|one| one.name == "Urgent").unwrap().id;
    let statuses = desk.statuses().await.unwrap();
    let status = |name: &str| statuses.iter().find(|one| one.name == name).unwrap().clone();
    let nowhere = ProjectRef::parse("nowhere").unwrap();
    assert_eq!(desk.project(&nowhere).await, Err(ApiError::NotFound { service: "redmine" }));

    // Made, and found again.
    let before = desk.own_newest().await.unwrap();
    let new = NewRedmineIssue {
        project: &helpdesk,
        tracker: Some(project.trackers[2].id),
        priority: Some(urgent),
        subject: "printer <on> fire",
        description: "a\nb",
    };
    let id = desk.create(&new).await.unwrap();
    assert_eq!(desk.own_newest().await, Ok(Some(id)));
    let own = desk.own_above(before).await.unwrap();
    let found: Vec<_> = own.iter().map(|one| (one.id, one.description.as_str())).collect();
    assert_eq!(found, [(id, "a\nb")]);
    assert_eq!(desk.own_above(Some(id)).await, Ok(Vec::new()));
    for (issue, reason) in [
        (NewRedmineIssue { project: &nowhere, ..new }, "Project cannot be blank"),
        (
            NewRedmineIssue { subject: &"x".repeat(256), ..new },
            "Subject is too long (maximum is 255 characters)",
        ),
    ] {
        let refused = desk.create(&issue).await.unwrap_err();
        let ApiError::Rejected { status: 422, reasons, .. } = &refused else { panic!("{refused}") };
        assert!(reasons.iter().any(|told| told == reason), "{reasons:?}");
    }

    // Said, watched, closed.
    desk.note(id, "one\ntwo").await.unwrap();
    for user in [7, 7, 999] {
        desk.watch(id, user).await.unwrap();
    }
    let forbidden = desk_of(url, "alice").watch(id, 6).await;
    assert_eq!(forbidden, Err(ApiError::Forbidden { service: "redmine" }));
    let thread = desk.thread(id).await.unwrap();
    let said: Vec<_> = thread.journals.iter().map(|one| (one.author_id, &*one.text)).collect();
    assert_eq!(said, [(5, "one\ntwo")]);
    assert_eq!(thread.watchers.map(|all| all.contains(&7) && !all.contains(&999)), Some(true));
    assert!(!thread.status.closed);
    let allowed = thread.allowed.unwrap();
    assert!(allowed.contains(&status("Closed")));
    a_file_hangs_there(&desk, id).await;
    desk.set_status(id, status("Closed").id, Some("done")).await.unwrap();
    let thread = desk.thread(id).await.unwrap();
    assert_eq!(thread.status, status("Closed"));
    assert_eq!(thread.journals.last().map(|said| said.text.as_str()), Some("done"));

    // The change is told.
    let page = desk.updated_since(thread.updated, 0).await.unwrap();
    assert!(page.items.iter().any(|one| one.id == id), "{page:?}");
    let later: Timestamp = thread.updated + Duration::from_mins(1);
    assert_eq!(desk.updated_since(later, 0).await.unwrap().total, 0);
    let gone = wrong.updated_since(thread.updated, 0).await;
    assert_eq!(gone, Err(ApiError::Unauthorized { service: "redmine" }));

    // Administrators look people up.
    let bob = Email::parse("bob@example.test").unwrap();
    assert_eq!(desk.find_user(&bob).await, Ok(None));
    let admin = desk_of(url, "admin");
    assert_eq!(admin.find_user(&bob).await, Ok(Some(7)));
    assert_eq!(admin.find_user(&Email::parse("ob@example.test").unwrap()).await, Ok(None));
}

async fn a_file_hangs_there(desk: &RedmineDesk, id: IssueId) {
    let text = stream::iter([Ok(Bytes::from_static(b"hello ")), Ok(Bytes::from_static(b"text"))]);
    let text = desk.upload("x/log ü?%.txt", 10, "text/plain", text).await.unwrap();
    // As large as Redmine takes by default, and a byte more.
    let largest = vec![7; 5 * MIB];
    let large = desk.upload("large.bin", 5 * 1024 * 1024, "", pieces(&largest)).await.unwrap();
    let too_large = [largest.as_slice(), b"x"].concat();
    let size = u64::try_from(too_large.len()).unwrap();
    let refused = desk.upload("x", size, "", pieces(&too_large)).await.map(drop).unwrap_err();
    assert!(matches!(refused, ApiError::Rejected { status: 422, .. }), "{refused}");
    let nothing = desk.upload("empty", 0, "", stream::empty()).await.unwrap();
    let unknown = Upload { token: "1.dead".to_owned(), ..text.clone() };
    let outcome = desk.attach(id, &[text.clone(), unknown]).await;
    assert!(matches!(outcome, Err(ApiError::Rejected { status: 422, .. })), "{outcome:?}");
    desk.attach(id, &[text.clone(), large, nothing]).await.unwrap();
    let outcome = desk.attach(id, &[text]).await;
    assert!(matches!(outcome, Err(ApiError::Rejected { status: 422, .. })), "{outcome:?}");
    let files = desk.thread(id).await.unwrap().attachments;
    let there: Vec<_> =
        files.iter().map(|one| (one.filename.as_str(), one.size, one.author_id)).collect();
    let size = u64::try_from(largest.len()).unwrap();
    assert_eq!(there, [("log ü_.txt", 10, 5), ("large.bin", size, 5), ("empty", 0, 5)]);
    assert_eq!(files[0].media_type, "text/plain");
    for (file, expected) in files.iter().zip([b"hello text".as_slice(), &largest, b""]) {
        let download = desk.attachment(file.id).await.unwrap();
        let bytes: Vec<Bytes> = download.into_stream().try_collect().await.unwrap();
        assert!(bytes.concat() == expected, "attachment {}", file.id);
    }
}

fn pieces(
    bytes: &[u8],
) -> impl futures_util::Stream<Item = Result<Bytes, ApiError>> + Send + 'static {
    let pieces: Vec<_> =
        bytes.chunks(64 * 1024).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

fn desk_of(url: &Url, login: &str) -> RedmineDesk {
    ticketd::prepare_process();
    let client = RedmineClient::new(url.clone(), Metrics::new()).unwrap();
    let key = StandIn::user_key(login);
    RedmineDesk::new(&client, if key.is_empty() { "f".repeat(40) } else { key.to_owned() }.into())
}
