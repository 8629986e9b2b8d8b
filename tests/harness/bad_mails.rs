//! Mails that nobody should write, and somebody does.

use std::fmt::Write as _;

use ticketd::sandbox::IssueSnapshot;

use super::Letter;

/// Bytes of the large file.
pub(crate) const LARGE: u64 = 40 << 20;

/// A mail's subject, and its bytes.
type Named = (String, Vec<u8>);

fn letter(subject: &str) -> Letter {
    Letter::from("bob@customer.example", subject)
}

fn named(subject: &str, change: impl FnOnce(Letter) -> Letter) -> Named {
    (subject.to_owned(), change(letter(subject)).raw())
}

/// The mail with a byte, counted from its end, set to this one.
fn spoilt((subject, mut mail): Named, from_end: usize, byte: u8) -> Named {
    let at = mail.len() - from_end;
    mail[at] = byte;
    (subject, mail)
}

/// All but the large ones.
pub(crate) fn all() -> Vec<Named> {
    const CALENDAR: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n";
    const REPORT: &str = "--r\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n--r\r\n\
        Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n\
        Action: failed\r\n--r--\r\n";
    let (kind, body) = nested(200);
    let tnef: &[u8] = b"\x78\x9f\x3e\x22\x01\x00";
    vec![
        named("no message-id", |mail| mail.without("Message-ID")),
        named("no from", |mail| mail.without("From")),
        named("no date", |mail| mail.without("Date")),
        ("(no subject)".to_owned(), letter("").without("Subject").raw()),
        named("200 levels", |mail| mail.typed(&kind, &body)),
        named("unknown charset", |mail| mail.typed("text/plain; charset=klingon-7", "words")),
        spoilt(named("wrong charset", |m| m.typed("text/plain; charset=utf-8", "Gru")), 3, 0xfc),
        spoilt(named("nul", |mail| mail.text("before-after")), 8, 0),
        named("empty", |mail| mail.text("")),
        named("only html", |mail| mail.typed("text/html", "<p>only <b>this</b>")),
        named("winmail", |m| m.files(&[("winmail.dat", "application/ms-tnef", tnef)])),
        named("calendar", |mail| mail.typed("text/calendar; method=REQUEST", CALENDAR)),
        named("bounce", |mail| {
            mail.typed("multipart/report; report-type=delivery-status; boundary=r", REPORT)
        }),
        named("the last one", |mail| mail),
    ]
}

/// A body of so many levels, and its type.
fn nested(levels: usize) -> (String, String) {
    let innermost = ("text/plain".to_owned(), "deep\r\n".to_owned());
    (0..levels).fold(innermost, |(kind, body), n| {
        let outer = format!("--b{n}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b{n}--\r\n");
        (format!("multipart/mixed; boundary=b{n}"), outer)
    })
}

/// A mail with a file of [`LARGE`] bytes.
pub(crate) fn large() -> Named {
    let bytes: Vec<u8> =
        (0..LARGE).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[4]).collect();
    named("large file", |m| m.files(&[("large.bin", "application/octet-stream", &bytes)]))
}

/// A mail with 10 MB of headers before those that matter.
pub(crate) fn large_head() -> Named {
    let mut mail = String::new();
    for n in 0..100_000 {
        let _ = write!(mail, "X-Filler-{n}: {}\r\n", "x".repeat(90));
    }
    let (subject, rest) = named("large head", |mail| mail);
    (subject, [mail.into_bytes(), rest].concat())
}

/// Each of these subjects has become one issue, and no other has.
pub(crate) fn became_issues(issues: &[IssueSnapshot], subjects: &[String]) {
    let mut found: Vec<_> = issues.iter().map(|issue| &issue.summary).collect();
    let mut expected: Vec<_> = subjects.iter().collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
