//! Odd mails: each is recorded, decided and told, and holds up no other.

use std::fmt::Write as _;
use std::time::Duration;

use ticketd::actors::Listing;
use ticketd::sandbox::{IssueSnapshot, Jmap};

use crate::harness::{Letter, Post, PostSetup};

const ALICE: &str = "Alice <alice@customer.example>";
const MEBIBYTE: usize = 1 << 20;

fn numbered(issue: &IssueSnapshot) -> u32 {
    issue.key.rsplit_once('-').unwrap().1.parse().unwrap()
}

/// Delivers these bytes and a good mail behind them; the issue of the odd one, if it became one.
async fn odd(post: &Post, name: &str, raw: Vec<u8>) -> Option<IssueSnapshot> {
    let before: Vec<_> = post.living().into_iter().map(|issue| issue.key).collect();
    post.jmap.deliver(raw);
    let good = format!("good after {name}");
    post.deliver(&Letter::from("bob@customer.example", &good));
    let there = |post: &Post| post.living().iter().any(|issue| issue.summary == good);
    for _ in 0..6_000 {
        if there(post) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(there(post), "{good}: {:?}", post.counts().await);
    // The desk is idle: whatever becomes of the odd one has become of it.
    let mut busy = Vec::new();
    for _ in 0..3_000 {
        busy = post.rows(Listing::Cases).await;
        busy.retain(|case| case.state != "idle");
        if busy.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(busy.is_empty(), "{name}: {busy:?}");
    assert!(
        post.rows(Listing::Dead).await.is_empty(),
        "{name}: {:?}",
        post.rows(Listing::Dead).await
    );
    post.sound().await;
    let mut new: Vec<_> = post.living();
    new.retain(|issue| !before.contains(&issue.key) && issue.summary != good);
    new.sort_by_key(numbered);
    assert!(new.len() <= 1, "{name}: {new:?}");
    new.pop()
}

fn head(subject: &str) -> String {
    format!("From: {ALICE}\r\nTo: {}\r\nSubject: {subject}\r\n", Jmap::ADDRESS)
}

async fn issue(post: &Post, name: &str, raw: impl Into<Vec<u8>>) -> IssueSnapshot {
    odd(post, name, raw.into()).await.unwrap_or_else(|| panic!("{name} is no issue"))
}

#[tokio::test]
async fn heads_may_lack_anything() {
    let post = Post::start().await;
    let bare = || Letter::from(ALICE, "bare");
    let made = issue(&post, "no Message-ID", bare().without("Message-ID").raw()).await;
    assert_eq!(made.summary, "bare");
    let made = issue(&post, "no From", bare().without("From").raw()).await;
    assert_eq!(made.summary, "bare");
    let sent = post.jmap.submissions();
    assert!(sent.iter().all(|mail| !mail.rcpt_to.is_empty()), "{sent:?}");
    let made = issue(&post, "no Subject", bare().without("Subject").raw()).await;
    assert_eq!(made.summary, "(no subject)");
    let made = issue(&post, "empty Subject", bare().header("Subject", "").raw()).await;
    assert_eq!(made.summary, "(no subject)");
    let made = issue(&post, "no Date", bare().without("Date").raw()).await;
    assert_eq!(made.summary, "bare");
    let from = bare().header("From", "not an address");
    issue(&post, "unusable From", from.raw()).await;
    let long = "long ".repeat(60);
    let made = issue(&post, "300 characters", bare().header("Subject", &long).raw()).await;
    assert!(made.summary.chars().count() <= 255 && made.summary.ends_with('…'), "{}", made.summary);
    let folded = "=?utf-8?q?one=0D=0Atwo=00three?=\r\n =?utf-8?b?8J+Opg==?=";
    let made = issue(&post, "line ends", bare().header("Subject", folded).raw()).await;
    assert!(made.summary.contains("one") && made.summary.contains("two"), "{}", made.summary);
    assert!(!made.summary.contains(['\r', '\n', '\0']), "{:?}", made.summary);
    for mail in post.jmap.submissions() {
        assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
    }
    let blind = bare().header("To", "undisclosed-recipients:;").raw();
    issue(&post, "a blind copy", blind).await;
    // Nothing at all.
    for (what, raw) in [("empty mail", Vec::new()), ("no mail", b"\0\xff\xfe\r\n\r\n\0".to_vec())] {
        assert_eq!(issue(&post, what, raw).await.summary, "(no subject)", "{what}");
    }
}

#[tokio::test]
async fn bodies_may_be_anything() {
    let post = Post::start().await;
    let empty = Letter::from(ALICE, "empty").text("");
    let made = issue(&post, "empty body", empty.raw()).await;
    assert!(made.description.contains("The mail has no text."), "{}", made.description);
    let made = issue(&post, "no body", head("bodiless")).await;
    assert!(made.description.contains("The mail has no text."), "{}", made.description);
    let html = Letter::from(ALICE, "html")
        .typed("text/html", "<p>It <b>burns</b></p><script>alert(1)</script><style>p{}</style>");
    let made = issue(&post, "HTML only", html.raw()).await;
    assert!(made.description.contains("{*}burns{*}"), "{}", made.description);
    assert!(!made.description.contains("alert"), "{}", made.description);
    for (name, kind, body) in [
        ("wrong charset", "text/plain; charset=utf-8", &b"caf\xe9 burns"[..]),
        ("unknown charset", "text/plain; charset=x-klingon", b"caf\xe9 burns"),
        ("NULs", "text/plain", b"\0\0it \0burns\0 \x01\x02"),
        ("a closed type", "text/plain; charset=\"", b"it burns"),
    ] {
        let mut raw = format!("{}Content-Type: {kind}\r\n\r\n", head(name)).into_bytes();
        raw.extend_from_slice(body);
        let made = issue(&post, name, raw).await;
        assert!(made.description.contains("burns"), "{name}: {:?}", made.description);
        assert!(!made.description.contains(['\0', '\u{1}']), "{name}: {:?}", made.description);
    }
    let mut deep = head("deep");
    for level in 0..200 {
        let _ = write!(
            deep,
            "Content-Type: multipart/mixed; boundary=\"b{level}\"\r\n\r\n--b{level}\r\n"
        );
    }
    deep.push_str("Content-Type: text/plain\r\n\r\nat the bottom\r\n");
    let made = issue(&post, "200 levels", deep).await;
    assert_eq!(made.summary, "deep");
    let boundary = format!(
        "{}Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\nno part at all",
        head("partless")
    );
    issue(&post, "no parts", boundary).await;
    let long = Letter::from(ALICE, "long").text(&"It burns and burns. ".repeat(5_000));
    let made = issue(&post, "100,000 characters", long.raw()).await;
    assert!(made.description.chars().count() <= 32_767);
    assert!(made.attachments.iter().any(|file| file.filename == "mail.eml"), "{made:?}");
}

#[tokio::test]
async fn what_programs_hang_on_mails_is_attached() {
    let post = Post::start().await;
    let winmail = Letter::from(ALICE, "winmail").files(&[(
        "winmail.dat",
        "application/ms-tnef",
        b"\x78\x9f\x3e\x22",
    )]);
    let made = issue(&post, "winmail", winmail.raw()).await;
    let names: Vec<_> = made.attachments.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, ["winmail.dat"]);
    let invitation = "--=b\r\nContent-Type: text/plain\r\n\r\nMeeting at ten.\r\n--=b\r\n\
        Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n\
        BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n--=b--\r\n";
    for kind in ["multipart/mixed", "multipart/alternative"] {
        let letter =
            Letter::from(ALICE, kind).typed(&format!("{kind}; boundary=\"=b\""), invitation);
        let made = issue(&post, kind, letter.raw()).await;
        assert!(made.description.contains("Meeting at ten."), "{}", made.description);
        assert!(!made.description.contains("VCALENDAR"), "{}", made.description);
    }
    let bounce = Letter::from("MAILER-DAEMON@customer.example", "Undelivered")
        .header("Return-Path", "<>")
        .typed(
            "multipart/report; report-type=delivery-status; boundary=\"=b\"",
            "--=b\r\n\r\nsorry\r\n--=b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Status: 5.1.1\r\n--=b--\r\n",
        );
    assert_eq!(odd(&post, "bounce", bounce.raw()).await, None);
    assert_eq!(post.kept_out("Undelivered").await, "automatic");
    let away = Letter::from(ALICE, "Away").header("Auto-Submitted", "auto-replied");
    assert_eq!(odd(&post, "auto-reply", away.raw()).await, None);
    assert_eq!(post.kept_out("Away").await, "automatic");
}

#[tokio::test]
async fn five_hundred_recipients_are_named_as_far_as_that_helps() {
    let post = Post::start().await;
    let mut to = Jmap::ADDRESS.to_owned();
    for number in 0..500 {
        let _ = write!(to, ",\r\n person{number}@customer.example");
    }
    let letter = Letter::from(ALICE, "all hands").header("To", &to);
    let made = issue(&post, "500 recipients", letter.raw()).await;
    assert!(made.description.contains("person0@customer.example"), "{}", made.description);
    assert!(made.description.contains("(+"), "{}", made.description);
    let notices = post.jmap.submissions();
    let to_alice: Vec<_> =
        notices.iter().filter(|mail| mail.subject.contains("all hands")).collect();
    assert_eq!(to_alice.len(), 1);
    assert_eq!(to_alice[0].rcpt_to, ["alice@customer.example"]);
}

#[tokio::test]
async fn nothing_in_a_mail_acts_in_jira() {
    let post = Post::start().await;
    let text = "{code}{html}<b>x</b>{html} [~bob] !http://evil.example/x.png! {color:red}h1. no\r\n\
        h1. Title\r\n||a||b||\r\n[click|http://evil.example]\r\n---- \r\n!image.png|thumbnail!";
    let letter =
        Letter::from("\"{code} [~bob]\" <alice@customer.example>", "{quote} [~bob] !x.png!");
    let made = issue(&post, "wiki", letter.text(text).raw()).await;
    // A summary is plain text in Jira.
    assert_eq!(made.summary, "{quote} [~bob] !x.png!");
    let unescaped = |what: &str| {
        let escaped = format!("\\{what}");
        made.description.matches(what).count() > made.description.matches(&escaped).count()
    };
    for what in ["{code}", "{html}", "[~bob]", "{color", "!http", "!image.png", "[click|"] {
        assert!(!unescaped(what), "{what} in {}", made.description);
    }
    assert!(!made.description.lines().any(|line| line.starts_with("h1. ")), "{}", made.description);
    let watching = &made.watchers;
    assert!(!watching.contains(&"bob".to_owned()), "{watching:?}");
    // The same in a comment.
    let first = Letter::from(ALICE, "plain");
    post.deliver(&first);
    post.until("plain", || post.living().iter().any(|issue| issue.summary == "plain")).await;
    let key = post.living().into_iter().find(|issue| issue.summary == "plain").unwrap().key;
    post.deliver(&Letter::from(ALICE, "Re: plain").answering(&first.id()).text(text));
    let body = post.comments(&key, 1).await.comments.remove(0).body;
    for what in ["{code}", "[~bob]", "!image.png"] {
        let escaped = format!("\\{what}");
        assert_eq!(body.matches(what).count(), body.matches(&escaped).count(), "{what} in {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_megabytes_of_headers_hold_nothing_up() {
    let post = Post::start().await;
    let junk = format!("X-Junk: {}\r\n", "j".repeat(900)).repeat(11_000);
    let made =
        issue(&post, "10 MB of headers", format!("{}{junk}\r\nburns\r\n", head("junk"))).await;
    assert!(made.description.contains("burns"));
    for (name, header) in [
        ("References", format!("References:{}\r\n", " <r@x.example>\r\n".repeat(700_000))),
        ("Cc", format!("Cc: {}z@x.example\r\n", "a@x.example,\r\n ".repeat(700_000))),
        ("Subject", format!("X-Y: z\r\nSubject: {}\r\n", "long\r\n ".repeat(1_500_000))),
    ] {
        let raw = format!(
            "From: {ALICE}\r\nTo: {}\r\nMessage-ID: <{name}@big>\r\n{header}\r\nburns\r\n",
            Jmap::ADDRESS
        );
        let quarantined = post.count_of("quarantined").await;
        let made = odd(&post, name, raw.into_bytes()).await;
        let aside = post.count_of("quarantined").await - quarantined;
        assert_eq!(usize::from(made.is_some()) + usize::try_from(aside).unwrap(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_file_is_attached_or_named() {
    let bytes = vec![7; 40 * MEBIBYTE];
    let letter = Letter::from(ALICE, "large").files(&[
        ("film.bin", "application/octet-stream", bytes.as_slice()),
        ("note.txt", "text/plain", b"small"),
    ]);
    let raw = letter.raw();
    for (limit, names) in
        [(50_000_000, vec!["film.bin", "note.txt"]), (10_000_000, vec!["note.txt"])]
    {
        let mut setup = PostSetup::default();
        setup.jira.attachment_limit = limit;
        let post = setup.start().await;
        let made = issue(&post, "40 MB", raw.clone()).await;
        let made = post.jira.issue(&made.key).unwrap();
        let hung: Vec<_> = made.attachments.iter().map(|file| file.filename.as_str()).collect();
        assert_eq!(hung, names);
        let told = made.description.contains("The attachment film.bin was left out");
        assert_eq!(told, limit < 40_000_000, "{}", made.description);
        if limit > 40_000_000 {
            assert_eq!(made.attachments[0].size, bytes.len() as u64);
        }
    }
}
