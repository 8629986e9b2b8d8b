//! What the recordings do not show: paging, drafts with files, limits, faults, accidents.

use std::time::{Duration, Instant};

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::sandbox::{Fault, FaultRule, Jmap, JmapSetup};

const DRAFTS: &str = "d2zsj83qbe3krir0pn9ftmz7";
const INBOX: &str = "8l4ughnyraa1s3qzxswae4p6";
const SENT: &str = "r0ukj1zh9b7nvw9df7tqwtq6";

/// Status and body; status 0 when the connection was cut.
async fn http(jmap: &Jmap, line: &str, auth: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(jmap.address()).await.unwrap();
    let head = format!(
        "{line} HTTP/1.0\r\nHost: x\r\nAuthorization: {auth}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return (0, Vec::new());
    };
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(end + 4))
}

fn bearer(jmap: &Jmap) -> String {
    format!("Bearer {}", jmap.token())
}

async fn request(jmap: &Jmap, calls: Value) -> (u16, Value) {
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    let body = json!({ "using": using, "methodCalls": calls }).to_string();
    let (status, body) = http(jmap, "POST /jmap/", &bearer(jmap), body.as_bytes()).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// One call; the arguments of its answer.
async fn call(jmap: &Jmap, name: &str, mut args: Value) -> Value {
    args["accountId"] = json!("support");
    let (_, mut answer) = request(jmap, json!([[name, args, "0"]])).await;
    answer["methodResponses"][0][1].take()
}

fn plain(nth: usize) -> Bytes {
    let text = format!(
        "From: bob@example.com\r\nSubject: mail {nth}\r\nMessage-ID: <{nth}@example.com>\r\n\r\nhi\r\n"
    );
    Bytes::from(text)
}

fn ids(answer: &Value, name: &str) -> Vec<String> {
    super::args::strings(&answer[name]).unwrap_or_else(|| panic!("{name} in {answer}"))
}

#[tokio::test]
async fn changes_come_in_pages_and_miss_nothing() {
    let jmap = Jmap::start().await.unwrap();
    let mails = jmap.deliver_many((0..5).map(plain).collect());
    jmap.move_to(&mails[0], "archive");
    jmap.destroy(&mails[1]);
    let (mut since, mut created, mut updated) = ("0".to_owned(), Vec::new(), Vec::new());
    for page in 0.. {
        let args = json!({ "sinceState": since, "maxChanges": 2 });
        let answer = call(&jmap, "Email/changes", args).await;
        // One that came and went may be told of as gone, not as come.
        assert!(ids(&answer, "destroyed").iter().all(|id| *id == mails[1]));
        created.extend(ids(&answer, "created"));
        updated.extend(ids(&answer, "updated"));
        since = answer["newState"].as_str().unwrap().to_owned();
        if answer["hasMoreChanges"] == false {
            break;
        }
        assert!(page < 5, "no end");
    }
    assert_eq!(created, [0, 2, 3, 4].map(|at| mails[at].clone()));
    assert_eq!(updated, [mails[0].clone()], "created on a page before");
    jmap.destroy(&mails[2]);
    let answer = call(&jmap, "Email/changes", json!({ "sinceState": since })).await;
    assert_eq!(ids(&answer, "destroyed"), [mails[2].clone()]);

    jmap.reset_states();
    let answer = call(&jmap, "Email/changes", json!({ "sinceState": since })).await;
    assert_eq!((&answer["created"], &answer["newState"]), (&json!([]), &json!("3")));
    let answer = call(&jmap, "Email/changes", json!({ "sinceState": "0" })).await;
    assert_eq!(ids(&answer, "created").len(), 3);
    jmap.forget_changes();
    let answer = call(&jmap, "Email/changes", json!({ "sinceState": "2" })).await;
    assert_eq!(answer["type"], "cannotCalculateChanges");
    let answer = call(&jmap, "Email/changes", json!({ "sinceState": "3" })).await;
    assert_eq!(answer["hasMoreChanges"], false);
}

#[tokio::test]
async fn queries_use_dates_places_headers_and_pages() {
    let jmap = Jmap::start().await.unwrap();
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let mails: Vec<String> = (0..5_u8)
        .map(|nth| jmap.deliver_at("inbox", plain(nth.into()), at(100 + i64::from(nth))))
        .collect();
    let junk = jmap.deliver_at("junk", plain(9), at(50));
    let within = json!({ "inMailbox": INBOX });
    let time = |second| at(second).to_string();
    let cases = [
        (json!({ "filter": within, "calculateTotal": true }), vec![4, 3, 2, 1, 0], json!(5)),
        (json!({ "filter": within, "position": 1, "limit": 2 }), vec![3, 2], json!(5)),
        (json!({ "filter": within, "position": -2, "limit": 9 }), vec![1, 0], json!(5)),
        (
            json!({ "filter": { "inMailbox": INBOX, "after": time(101), "before": time(103) },
                "sort": [{ "property": "receivedAt" }] }),
            vec![1, 2],
            Value::Null,
        ),
        (json!({ "filter": { "after": time(103), "before": time(103) } }), vec![], json!(0)),
        (json!({ "filter": { "header": ["Message-ID", "<3@example.com>"] } }), vec![3], json!(1)),
        (json!({ "filter": { "header": ["message-id", "unknown@x"] } }), vec![], json!(0)),
        (json!({ "filter": { "header": ["Subject", "MAIL 2"] } }), vec![2], json!(1)),
        (
            json!({ "filter": { "operator": "NOT", "conditions": [
                { "subject": "2" }, { "inMailboxOtherThan": [INBOX] } ] } }),
            vec![4, 3, 1, 0],
            json!(4),
        ),
    ];
    for (args, expected, total) in cases {
        let answer = call(&jmap, "Email/query", args.clone()).await;
        let expected: Vec<String> = expected.iter().map(|at: &usize| mails[*at].clone()).collect();
        assert_eq!(ids(&answer, "ids"), expected, "{args}");
        assert_eq!(answer["total"], total, "{args}");
    }
    assert_eq!(jmap.emails("junk"), [junk]);
    for (args, kind) in [
        (json!({ "filter": { "shoeSize": 1 } }), "unsupportedFilter"),
        (json!({ "filter": { "inMailbox": "no" } }), "invalidArguments"),
        (json!({ "sort": [{ "property": "size" }] }), "unsupportedSort"),
        (json!({ "limit": "many" }), "invalidArguments"),
    ] {
        assert_eq!(call(&jmap, "Email/query", args.clone()).await["type"], kind, "{args}");
    }
}

#[tokio::test]
async fn replies_join_the_thread_even_before_the_mail_they_answer() {
    let jmap = Jmap::start().await.unwrap();
    let reply = jmap.deliver("Message-ID: <b@x>\r\nReferences: <a@x>\r\n\r\nRe");
    let first = jmap.deliver("Message-ID: <a@x>\r\n\r\nfirst");
    let other = jmap.deliver("Message-ID: <c@x>\r\n\r\nother");
    let args = json!({ "ids": [reply, first, other, "Mnone"], "properties": ["threadId"] });
    let answer = call(&jmap, "Email/get", args).await;
    let thread = |at: usize| answer["list"][at]["threadId"].clone();
    assert_eq!(thread(0), thread(1));
    assert_ne!(thread(0), thread(2));
    assert_eq!(answer["notFound"], json!(["Mnone"]));
}

#[tokio::test]
async fn a_draft_leaves_with_everything_that_was_put_in() {
    let jmap = Jmap::start().await.unwrap();
    let (status, blob) =
        http(&jmap, "POST /jmap/upload/support/", &bearer(&jmap), &[0, 159, 146, 150]).await;
    assert_eq!(status, 201);
    let blob: Value = serde_json::from_slice(&blob).unwrap();
    let long = "Grüße ".repeat(30);
    let draft = json!({
        "mailboxIds": { DRAFTS: true }, "keywords": { "$Draft": true },
        "from": [{ "name": "Hilfe, Büro", "email": Jmap::ADDRESS }],
        "to": [{ "name": "Bob \"B\" Smith", "email": "bob@example.com" }],
        "bcc": [{ "email": "boss@example.com" }],
        "subject": long.trim(), "messageId": ["n1@ticketd.example"],
        "inReplyTo": ["a@x"], "references": ["a@x", "b@x"],
        "header:X-Ticketd-Loop:asText": "1", "header:Auto-Submitted:asText": "auto-replied",
        "bodyValues": { "t": { "value": "one\n.\ntwö\n" }, "h": { "value": "<b>one</b>" } },
        "textBody": [{ "partId": "t", "type": "text/plain" }],
        "htmlBody": [{ "partId": "h", "type": "text/html" }],
        "attachments": [
            { "blobId": blob["blobId"], "type": "image/png", "cid": "pic@x", "disposition": "inline" },
            { "blobId": blob["blobId"], "type": "application/pdf", "name": "Müller.pdf" },
        ],
    });
    let submit = json!({
        "accountId": "support",
        "create": { "s": { "identityId": "support", "emailId": "#d", "envelope": {
            "mailFrom": { "email": Jmap::ADDRESS }, "rcptTo": [{ "email": "bob@example.com" }] } } },
        "onSuccessUpdateEmail": { "#s": { "keywords/$draft": null, "mailboxIds": { SENT: true } } },
    });
    let calls = json!([
        ["Email/set", { "accountId": "support", "create": { "d": draft } }, "0"],
        ["EmailSubmission/set", submit, "1"],
    ]);
    let (_, answer) = request(&jmap, calls).await;
    let answers = &answer["methodResponses"];
    assert_eq!(answers[2][0], "Email/set", "{answer}");
    let id = answers[0][1]["created"]["d"]["id"].as_str().unwrap();
    assert_eq!((jmap.emails("sent"), jmap.emails("drafts").len()), (vec![id.to_owned()], 0));
    assert_eq!(jmap.keywords(id), [""; 0]);

    let sent = jmap.submissions().pop().unwrap();
    assert_eq!(sent.email_id, id);
    assert_eq!(sent.message_id.as_deref(), Some("n1@ticketd.example"));
    assert_eq!((sent.mail_from.as_str(), sent.subject.as_str()), (Jmap::ADDRESS, long.trim()));
    assert_eq!((sent.text.as_str(), sent.html.as_deref()), ("one\n.\ntwö\n", Some("<b>one</b>")));
    assert_eq!((sent.in_reply_to, sent.references.len()), (vec!["a@x".to_owned()], 2));
    let header = |name: &str| sent.headers.iter().find(|header| header.0 == name).map(|it| &*it.1);
    assert_eq!(header("X-Ticketd-Loop"), Some("1"));
    assert_eq!((header("Bcc"), header("MIME-Version")), (None, Some("1.0")));
    let files: Vec<_> = sent
        .attachments
        .iter()
        .map(|it| (it.name.as_deref(), &*it.kind, it.cid.as_deref()))
        .collect();
    let expected =
        [(None, "image/png", Some("pic@x")), (Some("Müller.pdf"), "application/pdf", None)];
    assert_eq!(files, expected);
    assert!(sent.attachments.iter().all(|file| file.bytes[..] == [0, 159, 146, 150]));

    let args = json!({ "ids": [id], "properties": ["from", "to", "attachments"] });
    let shown = call(&jmap, "Email/get", args).await["list"][0].take();
    assert_eq!(shown["from"][0]["name"], "Hilfe, Büro");
    assert_eq!(shown["to"][0]["name"], "Bob \"B\" Smith");
    let part = shown["attachments"][1]["blobId"].as_str().unwrap();
    let line =
        format!("GET /jmap/download/support/{part}/M%C3%BCller.pdf?accept=application%2Fpdf");
    assert_eq!(http(&jmap, &line, &bearer(&jmap), b"").await, (200, vec![0, 159, 146, 150]));
    let found =
        call(&jmap, "EmailSubmission/query", json!({ "filter": { "emailIds": [id] } })).await;
    assert_eq!(found["ids"], json!(["S1"]));
}

#[tokio::test]
async fn a_wrong_draft_is_refused_and_says_where() {
    let jmap = Jmap::start().await.unwrap();
    let cases = [
        (json!({ "subject": "x" }), "mailboxIds"),
        (json!({ "mailboxIds": { DRAFTS: true }, "subject": "x\r\nBcc: y" }), "subject"),
        (json!({ "mailboxIds": { DRAFTS: true }, "header:X-A:asText": 1 }), "header:X-A:asText"),
        (json!({ "mailboxIds": { DRAFTS: true }, "textBody": [{ "partId": "t" }] }), "bodyValues"),
        (json!({ "mailboxIds": { DRAFTS: true }, "bodyStructure": {} }), "bodyStructure"),
        (json!({ "mailboxIds": { DRAFTS: true }, "keywords": ["$seen"] }), "keywords"),
    ];
    for (draft, property) in cases {
        let answer = call(&jmap, "Email/set", json!({ "create": { "d": draft } })).await;
        assert_eq!(answer["notCreated"]["d"]["properties"], json!([property]), "{draft}");
    }
    let part = json!({ "mailboxIds": { DRAFTS: true }, "attachments": [{ "blobId": "G0" }] });
    let answer = call(&jmap, "Email/set", json!({ "create": { "d": part } })).await;
    assert_eq!(answer["notCreated"]["d"]["type"], "blobNotFound");
    let id = jmap.deliver(plain(1));
    for (patch, property) in [
        (json!({ format!("mailboxIds/{INBOX}"): null }), "mailboxIds"),
        (json!({ "mailboxIds/none": true }), "mailboxIds/none"),
        (json!({ "subject": "new" }), "subject"),
    ] {
        let answer = call(&jmap, "Email/set", json!({ "update": { &id: patch } })).await;
        assert_eq!(answer["notUpdated"][&id]["properties"], json!([property]), "{answer}");
    }
    let answer = call(&jmap, "Email/set", json!({ "ifInState": "1" })).await;
    assert_eq!(answer["type"], "stateMismatch");
    let submit = |envelope: Value| {
        let s = json!({ "identityId": "support", "emailId": id, "envelope": envelope });
        call(&jmap, "EmailSubmission/set", json!({ "create": { "s": s } }))
    };
    let from = json!({ "email": "a@x" });
    let answer = submit(json!({ "mailFrom": from, "rcptTo": [] })).await;
    assert_eq!(answer["notCreated"]["s"]["type"], "noRecipients");
    let answer = submit(json!({ "mailFrom": from, "rcptTo": [{ "email": "nobody" }] })).await;
    assert_eq!(answer["notCreated"]["s"]["invalidRecipients"], json!(["nobody"]));
    assert!(jmap.submissions().is_empty());
}

#[tokio::test]
async fn long_bodies_are_cut_and_say_so() {
    let jmap = Jmap::start().await.unwrap();
    let id = jmap.deliver("Content-Type: text/plain; charset=utf-8\r\n\r\nää\r\nmore");
    let args = json!({ "ids": [id], "fetchTextBodyValues": true, "maxBodyValueBytes": 3,
        "properties": ["bodyValues", "textBody", "hasAttachment", "bodyStructure"] });
    let shown = call(&jmap, "Email/get", args).await["list"][0].take();
    let expected = json!({ "value": "ä", "isTruncated": true, "isEncodingProblem": false });
    assert_eq!(shown["bodyValues"]["1"], expected);
    assert_eq!(
        (&shown["textBody"][0]["size"], &shown["hasAttachment"]),
        (&json!(10), &json!(false))
    );
    let refused = call(&jmap, "Email/get", json!({ "ids": [], "properties": ["colour"] })).await;
    assert_eq!(refused["arguments"], json!(["properties"]));
}

#[tokio::test]
async fn a_fault_meets_the_method_it_is_for() {
    let jmap = Jmap::start().await.unwrap();
    let id = jmap.deliver(plain(1));
    jmap.fault(FaultRule::from(Fault::CutAfterCommit).at("Email/set").times(1));
    let get = call(&jmap, "Email/get", json!({ "ids": [id] })).await;
    assert_eq!(get["list"][0]["subject"], "mail 1");
    let patch = json!([["Email/set", { "update": { &id: { "keywords/$Seen": true } } }, "0"]]);
    assert_eq!(request(&jmap, patch).await.0, 0, "cut");
    assert_eq!(jmap.keywords(&id), ["$seen"], "carried out");
    let targets: Vec<String> = jmap.ledger().into_iter().map(|call| call.target).collect();
    assert_eq!(targets, ["/jmap/ Email/get", "/jmap/ Email/set"]);
}

#[tokio::test]
async fn tokens_expire_and_limits_hold() {
    let setup = JmapSetup { push: false, max_concurrent: Some(1), requests_per_second: Some(3) };
    let jmap = Jmap::start_with(setup).await.unwrap();
    let old = bearer(&jmap);
    jmap.expire_tokens();
    assert_eq!(http(&jmap, "GET /jmap/", &old, b"").await.0, 401);
    let basic = format!("{}:{}", Jmap::USER, Jmap::PASSWORD);
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(basic));
    assert_eq!(http(&jmap, "GET /jmap/eventsource/?types=*", &basic, b"").await.0, 204);
    assert_eq!(http(&jmap, "GET /jmap/", &bearer(&jmap), b"").await.0, 200);
    let (status, body) = http(&jmap, "GET /jmap/", &basic, b"").await;
    assert_eq!(status, 429, "{}", String::from_utf8_lossy(&body));

    let setup = JmapSetup { max_concurrent: Some(1), ..JmapSetup::default() };
    let jmap = Jmap::start_with(setup).await.unwrap();
    jmap.fault(FaultRule::from(Fault::Slow(Duration::from_millis(200))).at("Email/query").times(1));
    let slow = call(&jmap, "Email/query", json!({}));
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        request(&jmap, json!([])).await
    };
    let (slow, (status, refused)) = tokio::join!(slow, second);
    assert_eq!((slow["position"].as_u64(), status), (Some(0), 400));
    assert_eq!(refused["limit"], "maxConcurrentRequests");
    assert_eq!(request(&jmap, json!([])).await.0, 200);
}

#[tokio::test]
async fn event_streams_replay_and_end() {
    let jmap = Jmap::start().await.unwrap();
    let mut stream = TcpStream::connect(jmap.address()).await.unwrap();
    let head = format!(
        "GET /jmap/eventsource/?types=*&closeafter=no&ping=0 HTTP/1.0\r\nAuthorization: {}\r\n\r\n",
        bearer(&jmap)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 4_096];
    let read = stream.read(&mut buffer).await.unwrap();
    assert!(String::from_utf8_lossy(&buffer[..read]).ends_with("\r\n\r\n"), "no event yet");
    let id = jmap.deliver(plain(1));
    let read = stream.read(&mut buffer).await.unwrap();
    let event = String::from_utf8_lossy(&buffer[..read]).into_owned();
    jmap.replay();
    let read = stream.read(&mut buffer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&buffer[..read]), event);
    jmap.move_to(&id, "inbox");
    let nothing = timeout(Duration::from_millis(80), stream.read(&mut buffer)).await;
    assert!(nothing.is_err(), "nothing has changed");
    jmap.drop_event_streams();
    let end = timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap();
    assert_eq!(end.unwrap(), 0);
}

/// A full mailbox must not make each request slow: no walk over all mails where an index is.
#[tokio::test]
async fn a_hundred_thousand_mails_cost_no_more_than_ten() {
    let jmap = Jmap::start().await.unwrap();
    jmap.deliver_many((0..100_000).map(plain).collect());
    let state = call(&jmap, "Mailbox/get", json!({ "ids": [] })).await["state"].clone();
    let begun = Instant::now();
    for nth in 0..100 {
        let id = jmap.deliver(plain(200_000 + nth));
        let changes = call(&jmap, "Email/changes", json!({ "sinceState": state })).await;
        assert_eq!(ids(&changes, "created").len(), nth + 1);
        let filter = json!({ "inMailbox": INBOX });
        let args = json!({ "filter": filter, "limit": 5, "calculateTotal": true });
        let page = call(&jmap, "Email/query", args).await;
        assert_eq!(page["total"], 100_001 + nth);
        let header = json!(["Message-ID", format!("<{nth}@example.com>")]);
        let found = call(&jmap, "Email/query", json!({ "filter": { "header": header } })).await;
        assert_eq!(ids(&found, "ids").len(), 1);
        let got = call(&jmap, "Email/get", json!({ "ids": [id] })).await;
        assert_eq!(got["list"][0]["preview"], "hi ");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "400 requests took {took:?}");
}
