//! Answers: the draft, its changes, the mail that leaves, and large files.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Graph, Site, plain};
use crate::sandbox::GraphSetup;

fn addresses(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["emailAddress"]["address"].as_str().unwrap()).collect()
}

fn to(address: &str) -> Value {
    json!([{ "emailAddress": { "address": address } }])
}

async fn draft(site: &Site, id: &str, act: &str, body: &Value) -> Value {
    let answer = site.ask("POST", &format!("messages/{id}/{act}"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()
}

#[tokio::test]
async fn an_answer_is_a_draft_to_whom_the_mail_says() {
    let site = Site::start().await;
    let id = site.graph.deliver(plain(1));
    let one = draft(&site, &id, "createReply", &Value::Null).await;
    assert_eq!(one["subject"], "RE: mail 1");
    assert_eq!(one["isDraft"], true);
    assert_eq!(addresses(&one["toRecipients"]), ["bob@example.com"]);
    assert_eq!(addresses(&one["ccRecipients"]), [""; 0]);
    assert_eq!(one["from"]["emailAddress"]["address"], Graph::ADDRESS);
    assert!(one["body"]["content"].as_str().unwrap().contains("hello 1"), "quoted");
    let original = site.get(&format!("messages/{id}")).await.json();
    assert_eq!(one["conversationId"], original["conversationId"]);
    let drafts = site.get("mailFolders/drafts").await.json();
    assert_eq!(one["parentFolderId"], drafts["id"]);

    let all = draft(&site, &id, "createReplyAll", &json!({ "comment": "A <b>" })).await;
    assert_eq!(addresses(&all["toRecipients"]), ["bob@example.com", "ann@example.net"]);
    assert_eq!(addresses(&all["ccRecipients"]), ["carl@example.net"]);
    assert!(all["body"]["content"].as_str().unwrap().contains("A &lt;b&gt;"));

    let message = json!({ "message": { "toRecipients": to("eve@example.com"),
        "body": { "contentType": "text", "content": "mine" },
        "internetMessageHeaders": [{ "name": "X-Own", "value": "1" }] } });
    let own = draft(&site, &id, "createReply", &message).await;
    assert_eq!(addresses(&own["toRecipients"]), ["eve@example.com"]);
    let both =
        json!({ "comment": "x", "message": { "body": { "contentType": "text", "content": "y" } } });
    let answer = site.ask("POST", &format!("messages/{id}/createReply"), &both).await;
    assert_eq!(answer.refusal(), (400, "BadRequest".to_owned()));
    // The answer to an answer keeps its subject, and goes to Reply-To.
    let raw = "From: a@example.com\r\nReply-To: r@example.com\r\nSubject: Re: x\r\nReferences: <0@x>\r\n\
        Message-ID: <1@x>\r\n\r\nx\r\n";
    let id = site.graph.deliver(raw);
    let one = draft(&site, &id, "createReply", &Value::Null).await;
    assert_eq!(one["subject"], "Re: x");
    assert_eq!(addresses(&one["toRecipients"]), ["r@example.com"]);
}

#[tokio::test]
async fn a_draft_that_is_sent_keeps_its_immutable_id() {
    let setup = GraphSetup {
        mailboxes: vec![Graph::ADDRESS.to_owned(), "ann@example.net".to_owned()],
        ..GraphSetup::default()
    };
    let site = Site::with(setup).await;
    let raw = "From: Bob <bob@example.com>\r\nTo: support@example.org\r\nCc: ann@example.net\r\n\
        Subject: Help\r\nReferences: <0@x>\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n";
    let id = site.graph.deliver(raw);
    let one = draft(&site, &id, "createReplyAll", &Value::Null).await;
    let draft = one["id"].as_str().unwrap();
    let path = format!("messages/{draft}");
    let change = json!({
        "body": { "contentType": "html", "content": "<p>Done &amp; dusted</p>" },
        "internetMessageId": "<own@ticketd>",
        "internetMessageHeaders": [
            { "name": "X-Ticketd-Loop", "value": "1" },
            { "name": "X-Auto-Response-Suppress", "value": "All" },
        ],
        "bccRecipients": to("audit@example.org"),
        "singleValueExtendedProperties":
            [{ "id": "String {0d5c2a6e-3f5f-4a6c-9f4b-2f0b5a3e7c11} Name mark", "value": "m1" }],
    });
    let changed = site.ask("PATCH", &path, &change).await;
    assert_eq!(
        (changed.status, &changed.json()["internetMessageId"]),
        (200, &json!("<own@ticketd>"))
    );
    let filter = "singleValueExtendedProperties/Any(ep: ep/id eq 'String \
        {0d5c2a6e-3f5f-4a6c-9f4b-2f0b5a3e7c11} Name mark' and ep/value eq 'm1')";
    let found = site.get(&format!("messages?$filter={filter}")).await.json();
    assert_eq!(found["value"][0]["id"], json!(draft));
    assert_eq!(site.get(&path).await.json()["isDraft"], true);
    assert!(site.graph.submissions().is_empty());

    let sent = site.ask("POST", &format!("{path}/send"), &Value::Null).await;
    assert_eq!((sent.status, sent.body.len()), (202, 0));
    let select = "$select=isDraft,parentFolderId,bccRecipients,internetMessageHeaders";
    let after = site.get(&format!("{path}?{select}")).await.json();
    let folder = site.get("mailFolders/sentitems").await.json();
    assert_eq!((&after["isDraft"], &after["parentFolderId"]), (&json!(false), &folder["id"]));
    assert_eq!(addresses(&after["bccRecipients"]), ["audit@example.org"]);
    let headers = after["internetMessageHeaders"].as_array().unwrap();
    assert!(headers.contains(&json!({ "name": "X-Ticketd-Loop", "value": "1" })));
    assert_eq!(site.graph.emails("sent"), [draft]);
    assert!(site.graph.emails("drafts").is_empty());

    let mails = site.graph.submissions();
    let mail = &mails[0];
    assert_eq!(mails.len(), 1);
    assert_eq!(mail.email_id, draft);
    assert_eq!(mail.message_id.as_deref(), Some("own@ticketd"));
    assert_eq!(mail.mail_from, Graph::ADDRESS);
    assert_eq!(mail.rcpt_to, ["bob@example.com", "ann@example.net", "audit@example.org"]);
    assert_eq!(mail.subject, "RE: Help");
    assert_eq!(mail.in_reply_to, ["1@x"]);
    assert_eq!(mail.references, ["0@x", "1@x"]);
    assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Done &amp; dusted</p>"));
    assert!(mail.text.contains("Done & dusted"));
    let has = |name: &str| mail.headers.iter().any(|(known, _)| known == name);
    assert!(has("X-Auto-Response-Suppress") && !has("Bcc"));
    // Ann has a mailbox here: it is in her inbox, without the Bcc.
    let inbox = site.get("/v1.0/users/ann@example.net/mailFolders/inbox/messages").await.json();
    assert_eq!(inbox["value"][0]["internetMessageId"], "<own@ticketd>");
    assert_eq!(inbox["value"][0]["bccRecipients"], json!([]));

    let again = site.ask("POST", &format!("{path}/send"), &Value::Null).await;
    assert_eq!(again.refusal(), (400, "ErrorInvalidPropertySet".to_owned()), "once");
    let late = site.ask("PATCH", &path, &json!({ "subject": "x" })).await;
    assert_eq!(late.refusal(), (400, "ErrorInvalidPropertySet".to_owned()));
    assert_eq!(site.ask("PATCH", &path, &json!({ "categories": ["Done"] })).await.status, 200);
}

#[tokio::test]
async fn a_mail_that_cannot_leave_stays_a_draft() {
    let site = Site::start().await;
    let create = async |body: Value| {
        let answer = site.ask("POST", "messages", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let send = async |id: &str| {
        site.ask("POST", &format!("messages/{id}/send"), &Value::Null).await.refusal()
    };
    let nobody = create(json!({ "subject": "x" })).await;
    assert_eq!(send(&nobody).await, (400, "ErrorInvalidRecipients".to_owned()));
    let foreign =
        create(json!({ "toRecipients": to("a@example.com"), "from": to("boss@example.org")[0] }))
            .await;
    assert_eq!(send(&foreign).await, (403, "ErrorSendAsDenied".to_owned()));
    let good = create(json!({ "toRecipients": to("a@example.com"), "importance": "high",
        "attachments": [{ "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt",
            "contentType": "text/plain", "contentBytes": STANDARD.encode("hi") }] }))
    .await;
    site.graph.refuse_submissions(true);
    assert_eq!(send(&good).await.0, 403);
    assert_eq!(site.graph.keywords(&good), ["$draft", "$seen"]);
    site.graph.refuse_submissions(false);
    assert_eq!(send(&good).await.0, 202);
    let mails = site.graph.submissions();
    assert_eq!(mails[0].attachments[0].name.as_deref(), Some("a.txt"));
    assert_eq!(&mails[0].attachments[0].bytes[..], b"hi");
    assert!(mails[0].headers.contains(&("Importance".to_owned(), "high".to_owned())));
    let id = site.graph.emails("sent").pop().unwrap();
    let deleted = site.ask("DELETE", &format!("messages/{id}"), &Value::Null).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(site.graph.emails("trash"), [id]);
}

async fn put(site: &Site, url: &str, range: &str, bytes: &[u8]) -> Answer {
    let headers = [("Content-Range", range), ("Content-Type", "application/octet-stream")];
    site.send("PUT", url, &headers, bytes).await
}

#[tokio::test]
async fn large_files_go_in_ranges() {
    const MB: usize = 1024 * 1024;
    let site = Site::start().await;
    let body = json!({ "toRecipients": to("a@example.com") });
    let draft = site.ask("POST", "messages", &body).await.json();
    let path = format!("messages/{}/attachments", draft["id"].as_str().unwrap());
    let file = |bytes: &[u8]| {
        json!({ "@odata.type": "#microsoft.graph.fileAttachment", "name": "f.bin",
            "contentType": "application/x-f", "contentBytes": STANDARD.encode(bytes) })
    };
    let small = site.ask("POST", &path, &file(&[7; 10])).await;
    assert_eq!((small.status, &small.json()["size"]), (201, &json!(10)));
    let large = site.ask("POST", &path, &file(&vec![7; 3 * MB])).await;
    assert_eq!(large.refusal(), (413, "RequestEntityTooLarge".to_owned()));

    let session = |size: usize| json!({ "AttachmentItem": { "attachmentType": "file", "name": "big.bin", "size": size } });
    let open = format!("{path}/createUploadSession");
    let refused = site.ask("POST", &open, &session(MB)).await.refusal();
    assert_eq!(refused, (400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize".to_owned()));
    let opened = site.ask("POST", &open, &session(5 * MB)).await;
    let opened_body = opened.json();
    assert_eq!((opened.status, &opened_body["nextExpectedRanges"]), (201, &json!(["0-"])));
    let url = opened_body["uploadUrl"].as_str().unwrap();
    let bytes: Vec<u8> = (0..5 * MB).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let total = 5 * MB;
    let range = |from: usize, to: usize| format!("bytes {from}-{}/{total}", to - 1);
    let steps = [
        (3 * MB, 5 * MB, range(3 * MB, 5 * MB), 416, json!(null)),
        (0, 5 * MB, range(0, 5 * MB), 413, json!(null)),
        (0, MB, range(0, 2 * MB), 400, json!(null)),
        (0, 3 * MB, range(0, 3 * MB), 200, json!([(3 * MB).to_string()])),
        (0, 3 * MB, range(0, 3 * MB), 416, json!(null)),
        (3 * MB, 5 * MB, range(3 * MB, 5 * MB), 201, json!(null)),
        (3 * MB, 5 * MB, range(3 * MB, 5 * MB), 404, json!(null)),
    ];
    for (from, to, range, status, next) in steps {
        let answer = put(&site, url, &range, &bytes[from..to]).await;
        assert_eq!(
            (answer.status, &answer.json()["nextExpectedRanges"]),
            (status, &next),
            "{range}"
        );
        if status == 201 {
            assert!(answer.header("location").contains("/Attachments('"));
        }
    }
    let list = site.get(&path).await.json();
    assert_eq!(
        (&list["value"][1]["name"], &list["value"][1]["size"]),
        (&json!("big.bin"), &json!(total))
    );
    let one = list["value"][1]["id"].as_str().unwrap();
    assert_eq!(site.get(&format!("{path}/{one}/$value")).await.body, bytes);
    let forged = url.replace("authtoken=", "authtoken=0");
    assert_eq!(put(&site, &forged, &range(0, MB), &bytes[..MB]).await.status, 404);
}

#[tokio::test]
async fn what_was_sent_may_be_nowhere_for_a_while() {
    let site = Site::start().await;
    site.graph.set_send_lag(Some(Duration::from_millis(200)));
    let body = json!({ "toRecipients": to("a@example.com"), "subject": "x" });
    let draft = site.ask("POST", "messages", &body).await.json();
    let path = format!("messages/{}", draft["id"].as_str().unwrap());
    let delta = "mailFolders/sentitems/messages/delta";
    let link = site.get(delta).await.json()["@odata.deltaLink"].as_str().unwrap().to_owned();
    assert_eq!(site.ask("POST", &format!("{path}/send"), &Value::Null).await.status, 202);
    assert_eq!(site.graph.submissions().len(), 1);
    let count = async |path: &str| site.get(path).await.json()["value"].as_array().map(Vec::len);
    let by_id = format!(
        "messages?$filter=internetMessageId eq '{}'",
        draft["internetMessageId"].as_str().unwrap()
    );
    assert_eq!(site.get(&path).await.refusal(), (404, "ErrorItemNotFound".to_owned()));
    assert_eq!(
        (count("messages").await, count(&by_id).await, count(&link).await),
        (Some(0), Some(0), Some(0))
    );
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(site.get(&path).await.json()["isDraft"], false);
    assert_eq!((count(&by_id).await, count(&link).await), (Some(1), Some(1)));
}
