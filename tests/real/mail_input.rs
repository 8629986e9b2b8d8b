//! Mails that nobody should write, and somebody does, through a real mail server: each ends in
//! exactly one state, and none stops the rest.

use std::time::Instant;

use ticketd::config::{Automatic, Config};
use ticketd::sandbox::Jmap;

use crate::cyrus::Cyrus;
use crate::harness::{Letter, mails};
use crate::office::Office;

const BOB: &str = "bob@customer.example";

fn take_automatic(config: &mut Config) {
    config.mailboxes[0].filter.automatic = Automatic::Ticket;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collected_mails_pass_a_real_mail_server() {
    let Some(cyrus) = Cyrus::up("the collected mails") else { return };
    let mails = mails::collected();
    let office = Office::start(cyrus.session_url(), |_| {}).await;
    let took = deliver(
        &cyrus,
        &office,
        mails.iter().map(|(name, mail)| (name.as_str(), mails::as_delivered(mail))),
    )
    .await;
    println!("as they are: {took}");
    drop(office);

    let sent = cyrus.sink.mails().len();
    let office = Office::start(cyrus.session_url(), take_automatic).await;
    let to_us = mails.iter().map(|(name, mail)| {
        (name.as_str(), mails::addressed(&mails::as_delivered(mail), Jmap::ADDRESS))
    });
    let took = deliver_after(&cyrus, &office, to_us, sent).await;
    println!("to us: {took}");
    assert!(office.issues().len() > 100, "{}", office.issues().len());
}

async fn deliver(
    cyrus: &Cyrus,
    office: &Office,
    mails: impl Iterator<Item = (&str, Vec<u8>)>,
) -> String {
    deliver_after(cyrus, office, mails, 0).await
}

/// Delivers all, and waits until all are recorded and done; says how it went.
async fn deliver_after<'m>(
    cyrus: &Cyrus,
    office: &Office,
    mails: impl Iterator<Item = (&'m str, Vec<u8>)>,
    sent_before: usize,
) -> String {
    let start = Instant::now();
    let (mut taken, mut refused) = (0, Vec::new());
    let mut lmtp = cyrus.lmtp();
    for (name, mail) in mails {
        match lmtp.deliver(&mail) {
            Ok(()) => taken += 1,
            Err(words) => refused.push(format!("{name}: {words}")),
        }
    }
    office.check(|| taken + cyrus.sink.mails().len() - sent_before).await;
    let mails = office.operator.audit().await.mails;
    format!("{taken} taken, refused {refused:#?}, {mails:?} in {:?}", start.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_mails_pass_a_real_mail_server() {
    let Some(cyrus) = Cyrus::up("bad mails") else { return };
    let office = Office::start(cyrus.session_url(), take_automatic).await;
    let bad = bad_mails();
    let names: Vec<_> = bad.iter().map(|(name, _)| *name).collect();
    let took = deliver(&cyrus, &office, bad.into_iter()).await;
    println!("bad: {took}");
    println!(
        "{names:?} {:#?}",
        office
            .issues()
            .iter()
            .map(|i| (
                &i.summary,
                i.description.len(),
                i.attachments.iter().map(|a| (&a.filename, a.size)).collect::<Vec<_>>()
            ))
            .collect::<Vec<_>>()
    );
}

fn bad_mails() -> Vec<(&'static str, Vec<u8>)> {
    let letter = |subject: &str| Letter::from(BOB, subject);
    let levels = (0..200).fold("Content-Type: text/plain\r\n\r\ndeep\r\n".to_owned(), |inner, n| {
        format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n{inner}\r\n--b{n}--\r\n")
    });
    let (kind, levels) =
        levels.strip_prefix("Content-Type: ").unwrap().split_once("\r\n\r\n").unwrap();
    let file: Vec<u8> =
        (0..40_u32 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let mut wrong_charset =
        letter("wrong charset").typed("text/plain; charset=utf-8", "Gr-e").raw();
    let at = wrong_charset.len() - 4;
    wrong_charset[at] = 0xfc;
    let mut nul = letter("nul").text("before-after").raw();
    let at = nul.len() - 8;
    nul[at] = 0;
    let many: String =
        (0..100_000).map(|n| format!("X-Filler-{n}: {}\r\n", "x".repeat(90))).collect();
    let ten_megabytes = [many.into_bytes(), letter("large head").raw()].concat();
    let calendar = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n";
    let report = "--r\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n--r\r\n\
        Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n\
        Action: failed\r\n--r--\r\n";
    vec![
        ("no Message-ID", letter("no id").without("Message-ID").raw()),
        ("no From", letter("no sender").without("From").raw()),
        ("no Date", letter("no date").without("Date").raw()),
        ("no subject", letter("").without("Subject").raw()),
        ("200 levels", letter("levels").typed(kind, levels).raw()),
        (
            "unknown charset",
            letter("charset").typed("text/plain; charset=klingon-7", "words").raw(),
        ),
        ("wrong charset", wrong_charset),
        ("NUL", nul),
        ("empty body", letter("empty").text("").raw()),
        ("HTML only", letter("html").typed("text/html", "<p>only <b>this</b>").raw()),
        (
            "winmail.dat",
            letter("tnef")
                .files(&[("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22")])
                .raw(),
        ),
        ("calendar", letter("calendar").typed("text/calendar; method=REQUEST", calendar).raw()),
        (
            "bounce",
            letter("bounce")
                .typed("multipart/report; report-type=delivery-status; boundary=r", report)
                .raw(),
        ),
        ("10 MB of headers", ten_megabytes),
        (
            "40 MB attached",
            letter("large file").files(&[("large.bin", "application/octet-stream", &file)]).raw(),
        ),
        ("the last one", letter("the last one").raw()),
    ]
}
