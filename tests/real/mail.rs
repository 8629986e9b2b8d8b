//! The mail road on a real mail server: both ways of a conversation, a server that goes away, and
//! answers that are lost on the wire. What left is judged by the bytes that the server sent.

use mail_parser::{Message, MessageParser, MimeHeaders as _};
use sha2::{Digest as _, Sha256};
use ticketd::clients::{ApiError, Draft, DraftFault, JmapEvent};
use ticketd::model::mail::{Address, Email, Folder, MessageId};
use ticketd::sandbox::Jmap;

use crate::cut::Cut;
use crate::cyrus::Cyrus;
use crate::harness::Letter;
use crate::office::Office;

const ALICE: &str = "Alice <alice@customer.example>";
/// A picture, by its first bytes.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on \r\n.\r\n\xff\xfe\0";

fn parsed(raw: &[u8]) -> Message<'_> {
    MessageParser::default().parse(raw).expect("a mail")
}

fn header(mail: &Message<'_>, name: &str) -> String {
    mail.header_raw(name).unwrap_or_default().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_goes_both_ways_on_a_real_mail_server() {
    let Some(mut cyrus) = Cyrus::up("a conversation by mail") else { return };
    let client = cyrus.client();
    // Debian's Cyrus does not push: the mailbox is polled.
    let mut events = client.events().await.unwrap();
    assert_eq!(events.next().await, JmapEvent::Refused { status: 204 });
    let office = Office::start(cyrus.session_url(), |_| {}).await;

    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let files: [(&str, &str, &[u8]); 3] = [
        ("shot.png", "image/png", PICTURE),
        ("every byte.bin", "application/octet-stream", &every_byte),
        ("log.csv", "text/csv", b"a,b\r\n1,2\n"),
    ];
    let first = Letter::from(ALICE, "The printer is on fire").text("It burns.").files(&files);
    cyrus.deliver(&first.raw());
    office.until("a notice", || cyrus.sink.mails().len() == 1).await;
    office.until("the files", || office.issues()[0].attachments.len() == 3).await;
    let issue = office.issues().remove(0);
    assert!(issue.description.contains("It burns."), "{}", issue.description);
    let hung: Vec<_> =
        issue.attachments.iter().map(|file| (&*file.filename, &file.sha256)).collect();
    for (name, _, bytes) in files {
        let digest = base16ct::lower::encode_string(&Sha256::digest(bytes));
        assert!(hung.contains(&(name, &digest)), "{name}: {hung:?}");
    }

    let notice = cyrus.sink.mails().remove(0);
    assert_eq!(
        (&*notice.from, &*notice.to),
        (Jmap::ADDRESS, &["alice@customer.example".to_owned()][..])
    );
    let notice = parsed(&notice.raw);
    let notice_id = header(&notice, "Message-ID");
    assert!(
        notice_id.starts_with("<ticketd.") && notice_id.ends_with("@example.org>"),
        "{notice_id}"
    );
    assert_eq!(header(&notice, "In-Reply-To"), first.id());
    assert_eq!(header(&notice, "References"), first.id());
    assert_eq!(header(&notice, "Auto-Submitted"), "auto-replied");
    assert_eq!(header(&notice, "X-Auto-Response-Suppress"), "All");
    assert_eq!(header(&notice, "X-Ticketd-Loop"), "1");
    assert!(notice.subject().unwrap().ends_with(&format!("[{}]", issue.key)));

    let reply = Letter::from(ALICE, "Re: The printer is on fire").answering(&notice_id);
    cyrus.deliver(&reply.text("Put out.\r\n\r\n> We have received").raw());
    office.until("a comment", || office.jira.issue(&issue.key).unwrap().comments.len() == 1).await;

    // The server goes away while there is something to be sent, and comes back.
    cyrus.stop();
    office.jira.comment_as(
        "bob",
        &issue.key,
        "Is it this one?\n\n!shot.png!\n\nWe are on our way.",
    );
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    cyrus.start_again();
    office.until("the agent's comment", || cyrus.sink.mails().len() == 2).await;
    let comment = cyrus.sink.mails().remove(1);
    let comment = parsed(&comment.raw);
    shows_the_picture(&comment);

    let comment_id = header(&comment, "Message-ID");
    let reply = Letter::from(ALICE, "Re: The printer is on fire").answering(&comment_id);
    cyrus.deliver(&reply.text("Yes, it is.").raw());
    office.until("a comment", || office.jira.issue(&issue.key).unwrap().comments.len() == 3).await;
    assert_eq!(office.issues().len(), 1);
    office.check(|| 3 + cyrus.sink.mails().len()).await;
    assert_eq!(cyrus.sink.mails().len(), 2);

    let sent = client.query(Folder::Sent, None, 0, 10).await.unwrap();
    assert_eq!(sent.len(), 2, "{sent:?}");
    for (id, message_id) in sent.iter().zip([&notice_id, &comment_id]) {
        assert!(client.was_sent(id).await.unwrap());
        let message_id = MessageId::parse(message_id.trim_matches(['<', '>'])).unwrap();
        let found = client.find_by_message_id(&message_id).await.unwrap().unwrap();
        assert_eq!((&found.id, found.draft), (id, false));
    }
}

/// The HTML shows a part of the mail by its Content-ID, and both belong together.
fn shows_the_picture(mail: &Message<'_>) {
    let html = mail.body_html(0).expect("HTML");
    let (_, shown) = html.split_once("src=\"cid:").unwrap_or_else(|| panic!("{html}"));
    let (id, _) = shown.split_once('"').unwrap();
    let at = mail.parts.iter().position(|part| part.content_id() == Some(id)).expect("the picture");
    let picture = &mail.parts[at];
    assert_eq!(picture.contents(), PICTURE);
    assert!(picture.is_content_type("image", "png"), "{:?}", picture.content_type());
    assert!(picture.content_disposition().is_some_and(mail_parser::ContentType::is_inline));
    let at = u32::try_from(at).unwrap();
    let parents =
        mail.parts.iter().filter(|part| part.sub_parts().is_some_and(|parts| parts.contains(&at)));
    let parents: Vec<_> = parents.filter_map(|part| part.content_type()).collect();
    assert!(parents.iter().any(|kind| kind.subtype() == Some("related")), "{parents:?}");
    assert!(mail.body_text(0).unwrap().contains("We are on our way."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_of_a_real_mail_server_doubles_no_mail() {
    let Some(cyrus) = Cyrus::up("answers that are lost") else { return };
    let cut = Cut::before(&cyrus.session_url()).await;
    let office = Office::start(cut.through(&cyrus.session_url()), |_| {}).await;
    for (n, lost) in ["\"Email/set\"", "\"EmailSubmission/set\""].into_iter().enumerate() {
        cut.lose_answer_to(lost);
        cyrus.deliver(&Letter::from(ALICE, &format!("Trouble {n}")).raw());
        let there = || (cyrus.sink.mails().len(), cut.lost()) == (n + 1, n + 1);
        office.until(lost, there).await;
    }
    assert_eq!(office.check(|| 2 + cyrus.sink.mails().len()).await, 2);
    assert_eq!(cyrus.sink.mails().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_found_again_on_a_real_mail_server() {
    let Some(cyrus) = Cyrus::up("drafts that are found again") else { return };
    let client = cyrus.client();
    let id = MessageId::parse("a.draft.of.ours@example.org").unwrap();
    let (us, her) = ("support@example.org", "alice@customer.example");
    let [from, to] = [us, her].map(|email| Address {
        name: Some("Über, uns".into()),
        email: Email::parse(email).unwrap(),
    });
    let draft = Draft {
        message_id: id.clone(),
        from: from.clone(),
        to: vec![to.clone()],
        subject: "Größe".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        text: "one\n.\ntwo\n".to_owned(),
        html: None,
        inline: Vec::new(),
        without_broken: false,
        headers: Vec::new(),
    };
    assert_eq!(client.find_by_message_id(&id).await.unwrap(), None);
    let first = client.draft(&draft).await.unwrap();
    let found = client.find_by_message_id(&id).await.unwrap().unwrap();
    assert_eq!((&found.id, found.draft), (&first, true));
    assert!(!client.was_sent(&first).await.unwrap());
    // As after a crash between the two: the server knows the mail, and it is to be looked for.
    let again = client.draft(&draft).await;
    assert!(matches!(again, Err(DraftFault::Api(ApiError::Ambiguous { .. }))), "{again:?}");
    // The same in other words would be a second one.
    let second = client.draft(&Draft { text: "other words\n".to_owned(), ..draft }).await.unwrap();
    assert_ne!(first, second);
    let found = client.find_by_message_id(&id).await.unwrap().unwrap();
    assert!(found.draft && [&first, &second].contains(&&found.id));

    client.send(&first, &from.email, std::slice::from_ref(&to.email)).await.unwrap();
    assert!(client.was_sent(&first).await.unwrap());
    assert!(!client.was_sent(&second).await.unwrap());
    // The one that went out tells more than the draft beside it.
    let found = client.find_by_message_id(&id).await.unwrap().unwrap();
    assert_eq!((&found.id, found.draft), (&first, false));
    client.destroy(&second).await.unwrap();
    client.destroy(&second).await.unwrap();
    let mails = cyrus.sink.mails();
    assert_eq!(mails.len(), 1);
    let mail = parsed(&mails[0].raw);
    assert_eq!((mail.subject(), mail.message_id()), (Some("Größe"), Some(id.as_str())));
    assert_eq!(mail.body_text(0).unwrap().trim_end().replace('\r', ""), "one\n.\ntwo");
    // Sent, and then gone from the mailbox: the submission still tells.
    client.destroy(&first).await.unwrap();
    assert_eq!(client.find_by_message_id(&id).await.unwrap(), None);
    assert!(client.was_sent(&first).await.unwrap());
}
