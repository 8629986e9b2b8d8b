//! There is no recording of Microsoft 365. What ticketd sends to it, and what the stand-in answers,
//! is held against Microsoft's documentation instead: calls, options, properties and types are in
//! `tests/fixtures/graph/contract.json`.
//!
//! Sources, of the Microsoft Graph REST API v1.0 reference: the pages of the resource types that
//! the fixture names, and of each call the page it names under `page`; "`OData` error" with its
//! `InnerError`; "Attach large files to Outlook messages or events"; "Receive change notifications
//! through webhooks". Of the Microsoft identity platform: "OAuth 2.0 client credentials flow",
//! "… authorization code flow", "… device authorization grant flow", "… On-Behalf-Of flow" (for
//! `ext_expires_in`) and "Microsoft Entra authentication and authorization error codes".
//!
//! A type is one of JSON or of the fixture, or the words that it may be, with a bar between them.

mod contract;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;
use ticketd::clients::{
    Draft, Grant, Grants, GraphAuth, GraphClient, GraphSettings, InlineImage, Mark, Polled, SignIn,
    Way,
};
use ticketd::model::mail::{Address, Email, Folder, MessageId};
use ticketd::sandbox::{Graph, Lifecycle};
use ticketd::telemetry::Metrics;
use url::Url;

use self::contract::Contract;
use self::wire::{Exchange, Recorder};

const LIMIT: Duration = Duration::from_secs(10);

const RICH: &str = "From: Bob <bob@example.com>\r\nTo: support@example.org\r\n\
    Reply-To: Desk <desk@example.com>\r\nSubject: Printer\r\nMessage-ID: <rich@example.com>\r\n\
    Importance: High\r\nIn-Reply-To: <first@example.com>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>It burns.</p>\r\n\
    --m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n\
    --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--m--\r\n";

/// A grant in memory.
#[derive(Default)]
struct Kept(Mutex<Option<Grant>>);

impl Grants for Kept {
    fn load(&self) -> BoxFuture<'_, Result<Option<Grant>, String>> {
        let grant = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        async move { Ok(grant) }.boxed()
    }

    fn keep(&self, grant: Grant) -> BoxFuture<'_, Result<(), String>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(grant);
        async { Ok(()) }.boxed()
    }
}

fn auth(url: &Url, way: Way) -> GraphAuth {
    let (tenant, client_id) = (Graph::TENANT.to_owned(), Graph::CLIENT_ID.to_owned());
    GraphAuth { authority: url.clone(), tenant, client_id, way }
}

fn client(url: &Url, way: Way) -> GraphClient {
    let mailbox = Email::parse(Graph::ADDRESS).unwrap();
    let auth = auth(url, way);
    let settings = GraphSettings { base: url.clone(), mailbox, auth, limit: LIMIT };
    GraphClient::new(settings, Metrics::new()).unwrap()
}

fn secret() -> Way {
    Way::Secret(Graph::CLIENT_SECRET.into())
}

fn address(email: &str) -> Address {
    Address { name: Some("Bob".to_owned()), email: Email::parse(email).unwrap() }
}

fn image(name: &str, size: usize) -> InlineImage {
    let bytes = Bytes::from(vec![7; size]);
    InlineImage {
        media_type: "image/png".to_owned(),
        name: format!("{name}.png"),
        content_id: name.to_owned(),
        size: size as u64,
        open: Arc::new(move || {
            let bytes = bytes.clone();
            async move { Ok(stream::iter([Ok(bytes)]).boxed()) }.boxed()
        }),
    }
}

fn draft(id: &str, answers: Option<&str>, inline: Vec<InlineImage>) -> Draft {
    let answers = answers.map(|id| MessageId::parse(id).unwrap());
    Draft {
        message_id: MessageId::parse(id).unwrap(),
        from: address(Graph::ADDRESS),
        to: vec![address("bob@example.com")],
        subject: "Re: Printer".to_owned(),
        references: answers.iter().cloned().collect(),
        in_reply_to: answers,
        text: "Is it out?".to_owned(),
        html: Some("<p>Is it out?</p>".to_owned()),
        inline,
        without_broken: false,
        headers: vec![("X-Auto-Response-Suppress", "All".to_owned())],
    }
}

/// Complains of all that is not as documented.
fn hold(exchanges: &[Exchange]) {
    let contract = Contract::read();
    let complaints: Vec<String> =
        exchanges.iter().flat_map(|exchange| contract.complaints(exchange)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// How often such a call was made.
fn made(exchanges: &[Exchange], method: &str, part: &str) -> usize {
    exchanges.iter().filter(|one| one.method == method && one.target.contains(part)).count()
}

#[tokio::test]
async fn graph_mails_are_read_as_documented() {
    let graph = Graph::start().await.unwrap();
    let recorder = Recorder::before(&graph.url()).await;
    let client = client(&recorder.url, secret());
    let mut state = client.state().await.unwrap();
    let id = graph.deliver(RICH);
    graph.attach_reference(&id, "plan.docx", "https://files.example.com/plan");
    let gone = graph.deliver(RICH.replace("rich@", "gone@"));
    for round in 0..2 {
        loop {
            let news = client.news(&state, 1).await.unwrap();
            state = news.state;
            if !news.more {
                break;
            }
        }
        // What is gone is told in the next round.
        if round == 0 {
            graph.destroy(&gone);
        }
    }
    client.heads(&[id.clone(), gone]).await.unwrap();
    client.whole(&id).await.unwrap();
    client.raw(&id, 1_000).await.unwrap();
    graph.forget_changes();
    client.news(&state, 10).await.unwrap_err();
    for mark in [Mark::Read, Mark::Category("Ticket".to_owned()), Mark::Move("archive".to_owned())]
    {
        client.mark(&id, &mark).await.unwrap();
    }
    client.permissions().await.unwrap();

    let exchanges = recorder.exchanges();
    assert!(made(&exchanges, "GET", "/messages/delta") > 3);
    assert!(
        exchanges.iter().any(|one| String::from_utf8_lossy(&one.answered).contains("@removed"))
    );
    for (method, part) in [("GET", "%24expand"), ("GET", "$value"), ("PATCH", "/messages/")] {
        assert!(made(&exchanges, method, part) > 0, "{method} {part}");
    }
    hold(&exchanges);
}

#[tokio::test]
async fn graph_mails_are_written_as_documented() {
    let graph = Graph::start().await.unwrap();
    let recorder = Recorder::before(&graph.url()).await;
    let client = client(&recorder.url, secret());
    graph.deliver(RICH);
    let images = vec![image("small", 10), image("large", 3_500_000)];
    let cases = [
        draft("one@example.org", Some("rich@example.com"), images),
        draft("two@example.org", Some("unknown@example.com"), Vec::new()),
        draft("three@example.org", None, Vec::new()),
    ];
    for draft in cases {
        let id = client.draft(&draft).await.unwrap();
        let found = client.find_by_message_id(&draft.message_id).await.unwrap().unwrap();
        assert!(found.draft && found.id == id);
        client.send(&id).await.unwrap();
        assert!(client.was_sent(&id).await.unwrap());
    }
    // In the conversation, whether the mail that is answered is there or not.
    let answered: Vec<_> =
        graph.submissions().iter().map(|one| one.in_reply_to.join(" ")).collect();
    assert_eq!(answered, ["rich@example.com", "unknown@example.com", ""]);
    let id = client.draft(&draft("four@example.org", None, Vec::new())).await.unwrap();
    client.destroy(&id).await.unwrap();

    let exchanges = recorder.exchanges();
    for part in ["/createReply", "/attachments", "/createUploadSession", "/send", "/move"] {
        assert!(made(&exchanges, "POST", part) > 0, "{part}");
    }
    assert_eq!(made(&exchanges, "PUT", "AttachmentSessions"), 2);
    hold(&exchanges);
}

#[tokio::test]
async fn graph_subscribes_as_documented() {
    let graph = Graph::start().await.unwrap();
    let recorder = Recorder::before(&graph.url()).await;
    let client = client(&recorder.url, secret());
    let door = Recorder::door().await;
    let until = graph.now() + jiff::SignedDuration::from_hours(24);
    let made = client
        .subscribe(Folder::Inbox, &door.url, &door.url, &"secret".into(), until)
        .await
        .unwrap();
    client.renew(&made.id, until).await.unwrap();
    assert_eq!(client.subscriptions().await.unwrap().len(), 1);
    graph.deliver(RICH);
    assert_eq!(graph.lifecycle(Lifecycle::Missed), 1);
    // Two addresses have proved themselves; then come two notices.
    let arrived = async {
        while door.exchanges().len() < 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, arrived).await.unwrap();
    client.unsubscribe(&made.id).await.unwrap();
    client.renew(&made.id, until).await.unwrap_err();
    hold(&recorder.exchanges());

    let contract = Contract::read();
    for notice in &door.exchanges()[2..] {
        let notice = serde_json::from_slice(&notice.sent).unwrap();
        let strays = contract.strays("changeNotificationCollection", "notice", &notice);
        assert!(strays.is_empty(), "{}", strays.join("\n"));
    }
}

#[tokio::test]
async fn entra_lets_in_as_documented() {
    let graph = Graph::start().await.unwrap();
    let recorder = Recorder::before(&graph.url()).await;
    let kept = Arc::new(Kept::default());
    let way = Way::Delegated(Arc::clone(&kept) as Arc<dyn Grants>);
    let auth = auth(&recorder.url, way.clone());
    let sign_in = SignIn::new(&auth, &recorder.url, LIMIT, Metrics::new()).unwrap();
    let code = sign_in.begin_device().await.unwrap();
    assert!(matches!(sign_in.poll_device(&code).await.unwrap(), Polled::Pending));
    assert!(graph.answer_device(&code.user_code, true));
    graph.advance(jiff::SignedDuration::from_secs(6));
    let Polled::Granted(grant) = sign_in.poll_device(&code).await.unwrap() else { panic!() };
    kept.keep(grant).await.unwrap();
    let delegated = client(&recorder.url, way);
    delegated.state().await.unwrap();
    graph.revoke_grant();
    delegated.state().await.unwrap_err();
    client(&recorder.url, Way::Secret("wrong".into())).state().await.unwrap_err();

    let exchanges = recorder.exchanges();
    let refused = |one: &&Exchange| one.status >= 400 && one.target.contains("/oauth2/");
    assert!(exchanges.iter().filter(refused).count() >= 3);
    hold(&exchanges);
}

#[test]
fn the_contract_of_graph_can_be_broken() {
    let contract = Contract::read();
    let at = |path: &str| format!("/v1.0/users/a@b/{path}");
    let fine = json!({"@odata.context": "x", "id": "1", "subject": null, "isRead": true});
    let none = json!(null);
    let part = |id: u8| json!([{"@odata.type": "#microsoft.graph.fileAttachment", "size": id}]);
    for (method, path, sent, status, answered, complaint) in [
        ("PATCH", "messages/1", json!({"isRead": true}), 200, fine.clone(), ""),
        ("PATCH", "messages/1", json!({"isTicket": true}), 200, fine.clone(), "isTicket is not"),
        ("PATCH", "messages/1", json!({"isRead": 1}), 200, fine.clone(), "is not of boolean"),
        ("PATCH", "messages/1", json!({"isDraft": true}), 200, fine.clone(), "cannot be written"),
        ("POST", "messages/1/ticket", none.clone(), 200, fine.clone(), "is not documented"),
        ("GET", "messages/1?$select=id,ticket", none.clone(), 200, fine.clone(), "ticket is asked"),
        ("GET", "messages/1?$ticket=1", none.clone(), 200, fine.clone(), "no documented option"),
        ("GET", "messages/1?$filter=ticket eq 'subject'", none.clone(), 200, fine, "ticket is"),
        ("GET", "messages/1", none.clone(), 200, json!({"ticket": 1}), "ticket is not documented"),
        ("GET", "messages/1", none.clone(), 200, json!({"importance": "huge"}), "low|normal|high"),
        ("GET", "messages/1", none.clone(), 200, json!({"attachments": part(1)}), ""),
        ("GET", "messages/1", none.clone(), 200, json!({"attachments": [{}]}), "no kind of"),
        ("GET", "messages", none.clone(), 200, json!({"value": [], "more": true}), "for a page"),
        ("GET", "messages/1", none, 404, json!({"error": "gone"}), "is no error"),
    ] {
        let bytes = |value: &serde_json::Value| {
            if value.is_null() { Bytes::new() } else { value.to_string().into() }
        };
        let exchange = Exchange {
            method: method.to_owned(),
            target: at(path),
            sent: bytes(&sent),
            status,
            kind: "application/json".to_owned(),
            answered: bytes(&answered),
        };
        let found = contract.complaints(&exchange).join("\n");
        let right = if complaint.is_empty() { found.is_empty() } else { found.contains(complaint) };
        assert!(right, "{method} {path}: {complaint:?} expected, found {found:?}");
    }
}
