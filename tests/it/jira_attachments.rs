//! What hangs on a mail comes to hang on the issue, each file once and whole.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};
use ticketd::actors::{Listing, Question, Reply};
use ticketd::sandbox::{AttachmentSnapshot, Deployment, Fault, FaultRule, JiraWrite};

use crate::harness::{Letter, Post, PostSetup};

fn letter(subject: &str) -> Letter {
    Letter::from("Dora <dora@customer.example>", subject)
}

fn digest(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// The files of the only issue, when there are so many.
async fn files(post: &Post, count: usize) -> Vec<AttachmentSnapshot> {
    let there = || post.living().first().map_or(0, |issue| issue.attachments.len());
    post.until_within(Duration::from_secs(40), &format!("{count} files"), || there() >= count)
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let files = post.living()[0].attachments.clone();
    assert_eq!(files.len(), count, "{files:#?}");
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_of_one_name_in_their_order() {
    for flavour in [Deployment::Cloud, Deployment::DataCenter] {
        let post = PostSetup::default().flavour(flavour).start().await;
        let contents: Vec<Vec<u8>> = (0..25_u8).map(|n| vec![n; 100 + usize::from(n)]).collect();
        let parts: Vec<_> = contents
            .iter()
            .map(|bytes| ("scan.pdf", "application/pdf", bytes.as_slice()))
            .collect();
        post.deliver(&letter("Scans").files(&parts));
        let there = files(&post, 25).await;
        for (n, (file, bytes)) in there.iter().zip(&contents).enumerate() {
            let name = if n == 0 { "scan.pdf".into() } else { format!("scan ({}).pdf", n + 1) };
            assert_eq!((&file.filename, &file.sha256), (&name, &digest(bytes)));
        }
        assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
        assert_eq!(post.jira.writes_of(JiraWrite::Attachment), 25);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_kept_but_for_what_they_could_do() {
    let post = Post::start().await;
    let names = [
        (
            "filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC%20%ED%8B%B0%EC%BC%93.pdf",
            "Übersicht € 티켓.pdf",
        ),
        ("filename=\"=?utf-8?Q?Gr=C3=BC=C3=9Fe.txt?=\"", "Grüße.txt"),
        ("filename=\"../../../etc/passwd\"", ".._.._.._etc_passwd"),
        ("filename=\"C:\\\\Windows\\\\x.bat\"", "C__Windows_x.bat"),
        ("filename*=UTF-8''a%0D%0AX-Evil%3A%201.txt", "a  X-Evil_ 1.txt"),
        ("filename=\"quote\\\".png\"", "quote_.png"),
    ];
    let mut body = "--=b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n".to_owned();
    for (name, _) in names {
        let _ = write!(
            body,
            "--=b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; \
             {name}\r\n\r\ncontent\r\n"
        );
    }
    body += "--=b--\r\n";
    post.deliver(&letter("Names").typed("multipart/mixed; boundary=\"=b\"", &body));
    let there = files(&post, names.len()).await;
    for (file, (_, expected)) in there.iter().zip(names) {
        let name = &file.filename;
        assert!(!name.is_empty() && !name.contains(['/', '\\', '"', '\r', '\n']), "{name:?}");
        assert_eq!(name, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_and_one_without_a_name() {
    let post = Post::start().await;
    let body = "--=b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n\
                --=b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nx\r\n\
                --=b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=empty.csv\
                \r\n\r\n\r\n--=b--\r\n";
    post.deliver(&letter("Nothing").typed("multipart/mixed; boundary=\"=b\"", body));
    let there = files(&post, 2).await;
    assert_eq!(there[0].filename, "document.pdf");
    assert_eq!((there[1].filename.as_str(), there[1].size), ("empty.csv", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_megabytes_arrive_whole() {
    let post = Post::start().await;
    let bytes: Vec<u8> =
        (0..8_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    post.deliver(&letter("Large").files(&[("large.bin", "application/octet-stream", &bytes)]));
    let there = files(&post, 1).await;
    assert_eq!((there[0].size, &there[0].sha256), (8 << 20, &digest(&bytes)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_jira_is_told() {
    let mut setup = PostSetup::default();
    setup.jira.attachment_limit = 1 << 20;
    let post = setup.start().await;
    let large = vec![1; (1 << 20) + 1];
    post.deliver(&letter("Too large").files(&[
        ("huge_{x}.bin", "application/octet-stream", &large),
        ("small.txt", "text/plain", b"small"),
    ]));
    let there = files(&post, 1).await;
    assert_eq!(there[0].filename, "small.txt");
    let text = &post.living()[0].description;
    assert!(text.contains("huge\\_\\{x\\}.bin was left out"), "{text}");
    assert!(text.contains("it has 1.1 MiB, and Jira takes 1.0 MiB at most."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_mail_that_does_not_fit_is_said_to_be_in_the_mailbox() {
    let mut setup = PostSetup::default();
    setup.jira.attachment_limit = 10_000;
    let post = setup.start().await;
    let issue = post.issue_of(&letter("Too long").text(&"word ".repeat(10_000))).await;
    assert!(issue.attachments.is_empty());
    let text = &issue.description;
    assert!(text.ends_with("The whole mail is still in the mailbox."), "{text}");
    assert!(!text.contains("mail.eml"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_is_repeated_whole() {
    let post = Post::start().await;
    let bytes = vec![9; 300_000];
    post.jmap.fault(FaultRule::from(Fault::BrokenJson).at("/download/").times(1));
    post.jmap.fault(FaultRule::from(Fault::Status(503)).at("/download/").times(1));
    post.deliver(&letter("Broken").files(&[
        ("one.bin", "application/octet-stream", &bytes),
        ("two.bin", "application/octet-stream", b"2"),
    ]));
    let there = files(&post, 2).await;
    assert_eq!((there[0].filename.as_str(), &there[0].sha256), ("one.bin", &digest(&bytes)));
    assert_eq!(there[1].filename, "two.bin");
    assert_eq!(post.jira.writes_of(JiraWrite::Attachment), 2);
    assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_upload_is_made_once() {
    let faults = [
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(502),
        Fault::BrokenJson,
        Fault::CutConnection,
        Fault::Status(500),
    ];
    let rows = [Deployment::Cloud, Deployment::DataCenter].into_iter().flat_map(|flavour| {
        faults.map(|fault| async move {
            let post = PostSetup::default().flavour(flavour).start().await;
            post.jira.fault(FaultRule::from(fault).at("/attachments").times(1));
            post.deliver(&letter("Unclear").files(&[
                ("a.txt", "text/plain", b"a"),
                ("b.txt", "text/plain", b"b"),
                ("c.txt", "text/plain", b"c"),
            ]));
            let there = files(&post, 3).await;
            let names: Vec<_> = there.iter().map(|file| file.filename.as_str()).collect();
            assert_eq!(names, ["a.txt", "b.txt", "c.txt"], "{fault:?}");
            assert_eq!(post.jira.writes_of(JiraWrite::Attachment), 3, "{fault:?}");
        })
    });
    join_all(rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_jira_refuses_stops_nothing_else() {
    // A 404 is no word of the issue while the issue is there.
    for status in [400, 404] {
        let post = Post::start().await;
        post.jira.fault(FaultRule::from(Fault::Status(status)).at("/attachments").times(1));
        post.deliver(&letter("Refused").files(&[("virus.exe", "application/octet-stream", b"x")]));
        post.issues(1).await;
        post.until("the try", || !post.asked("/attachments").is_empty()).await;
        post.deliver(&letter("Re: Refused").text("It goes on."));
        let key = post.living()[0].key.clone();
        post.comments(&key, 1).await;
        assert_eq!(post.jira.writes_of(JiraWrite::Issue), 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_follow_up_hang_on_the_issue_too() {
    let post = Post::start().await;
    let issue = post.issue_of(&letter("First")).await;
    post.deliver(&letter("Re: First").text("Here it is.").files(&[(
        "log.txt",
        "text/plain",
        b"log",
    )]));
    post.comments(&issue.key, 1).await;
    assert_eq!(files(&post, 1).await[0].filename, "log.txt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_mailbox_does_not_give_holds_up_no_other() {
    let post = Post::start().await;
    post.jmap.fault(FaultRule::from(Fault::Status(404)).at("gone.bin"));
    post.deliver(&letter("Some are there").files(&[
        ("gone.bin", "application/octet-stream", b"1"),
        ("there.bin", "application/octet-stream", b"22"),
    ]));
    post.issues(1).await;
    post.deliver(&letter("None is there").files(&[("gone.bin", "text/plain", b"1")]));
    let made = post.issues(2).await;
    let [some, none] = ["Some", "None"]
        .map(|word| made.iter().find(|issue| issue.summary.starts_with(word)).unwrap().key.clone());
    let names = |key: &str| {
        let there = post.jira.issue(key).unwrap().attachments;
        there.into_iter().map(|file| file.filename).collect::<Vec<_>>()
    };
    // Five tries, each after twice the pause.
    post.until_within(Duration::from_secs(100), "the other file", || !names(&some).is_empty())
        .await;
    assert_eq!(names(&some), ["there.bin"]);
    let dead = || async {
        let question = Question::List { listing: Listing::Dead, limit: 10 };
        let Reply::Rows(rows) = post.ask(question).await else { panic!("no rows") };
        rows
    };
    let start = std::time::Instant::now();
    while dead().await.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "it is not given up");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let rows = dead().await;
    assert_eq!((rows.len(), rows[0].issue.as_str()), (1, none.as_str()), "{rows:?}");
    // The operator has it back, and says so.
    post.jmap.clear_faults();
    post.ask(Question::Retry(rows[0].id.clone())).await;
    post.until("the file", || !names(&none).is_empty()).await;
    assert_eq!((names(&none), names(&some)), (vec!["gone.bin".into()], vec!["there.bin".into()]));
}
