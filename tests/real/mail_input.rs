//! Mails that nobody should write, and somebody does, through a real mail server: each ends in
//! exactly one state, and none stops the rest.

use std::io::{self, Write as _};
use std::time::Instant;

use ticketd::config::{Automatic, Config};
use ticketd::sandbox::Jmap;

use crate::cyrus::Cyrus;
use crate::harness::{bad_mails, mails};
use crate::office::Office;

/// What Cyrus takes from nobody: NULs, and heads in which lines are no headers.
const REFUSED: [&str; 3] = ["python/msg_19.txt", "python/msg_35.txt", "thirdparty/005.eml"];

fn take_automatic(config: &mut Config) {
    config.mailboxes[0].filter.automatic = Automatic::Ticket;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collected_mails_pass_a_real_mail_server() {
    let Some(cyrus) = Cyrus::up("the collected mails") else { return };
    let mails = mails::collected();
    let named = |mails: Vec<Vec<u8>>, names: &[mails::Collected]| {
        names.iter().map(|(name, _)| name.clone()).zip(mails).collect::<Vec<_>>()
    };
    let office = Office::start(cyrus.session_url(), |_| {}).await;
    let as_they_are = mails.iter().map(|(_, mail)| mails::as_delivered(mail)).collect();
    let refused = deliver(&cyrus, &office, "as they are", named(as_they_are, &mails)).await;
    assert_eq!(refused, REFUSED);
    // Only those that name nobody at all pass for blind copies to us.
    assert!(office.issues().len() < mails.len() / 2, "{}", office.issues().len());
    drop(office);

    let office = Office::start(cyrus.session_url(), take_automatic).await;
    let to_us = mails.iter().map(|(_, mail)| mails::as_delivered(mail));
    let to_us = to_us.map(|mail| mails::addressed(&mail, Jmap::ADDRESS)).collect();
    let refused = deliver(&cyrus, &office, "to us", named(to_us, &mails)).await;
    assert_eq!(refused, REFUSED);
    assert!(office.issues().len() > 100, "{}", office.issues().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_mails_pass_a_real_mail_server() {
    let Some(cyrus) = Cyrus::up("bad mails") else { return };
    let office = Office::start(cyrus.session_url(), take_automatic).await;
    let mut bad = bad_mails::all();
    bad.push(bad_mails::large());
    bad.push(bad_mails::large_head());
    let refused = deliver(&cyrus, &office, "bad", bad).await;
    assert_eq!(refused, ["nul"]);
    // Behind the large head Cyrus gives neither recipients nor a subject.
    let mut expected: Vec<_> = bad_mails::all().into_iter().map(|(name, _)| name).collect();
    expected.push(bad_mails::large().0);
    expected.push("(no subject)".to_owned());
    expected.retain(|name| !refused.contains(name));
    bad_mails::became_issues(&office.issues(), &expected);
    let issues = office.issues();
    let mut files = issues.iter().flat_map(|issue| &issue.attachments);
    assert!(files.any(|file| file.size == bad_mails::LARGE));
}

/// Delivers all, and waits until all are recorded and done; returns what the server refused.
async fn deliver(
    cyrus: &Cyrus,
    office: &Office,
    what: &str,
    mails: Vec<(String, Vec<u8>)>,
) -> Vec<String> {
    let (start, sent_before) = (Instant::now(), cyrus.sink.mails().len());
    let (mut taken, mut refused) = (0, Vec::new());
    let mut lmtp = cyrus.lmtp();
    for (name, mail) in mails {
        match lmtp.deliver(&mail) {
            Ok(()) => taken += 1,
            Err(_) => refused.push(name),
        }
    }
    office.check(|| taken + cyrus.sink.mails().len() - sent_before).await;
    let states = office.operator.audit().await.mails;
    let (refused_count, took) = (refused.len(), start.elapsed());
    let _ = writeln!(
        io::stdout(),
        "{what}: {taken} mails taken, {refused_count} refused; {states:?} with our own in {took:?}"
    );
    refused
}
