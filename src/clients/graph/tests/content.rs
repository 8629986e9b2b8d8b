//! Whole mails, and the bytes of what hangs on them.

use serde_json::{Value, json};

use super::stand::{Say, Stand, head};
use crate::{
    clients::{ApiError, Whole},
    model::{
        automatic::Sign,
        mail::{Content, Folder, Importance, Mail, MessageId},
    },
};

fn whole() -> Value {
    let mut item = head("m", "id-of-inbox");
    let more = json!({
        "hasAttachments": true,
        "webLink": "https://outlook.example/?ItemID=m&x=1",
        "body": {"contentType": "html", "content": "<p>Help</p><p>quoted words</p>"},
        "uniqueBody": {"contentType": "html", "content": "<html><body><p>Help</p></body></html>"},
        "attachments": [
            {"@odata.type": "#microsoft.graph.fileAttachment", "id": "A1", "name": "a/b.png",
             "contentType": "image/PNG", "size": 7, "isInline": true, "contentId": "<c1>"},
            {"@odata.type": "#microsoft.graph.itemAttachment", "id": "A2", "name": "Fwd: hot",
             "contentType": null, "size": 9, "isInline": false},
            {"@odata.type": "#microsoft.graph.referenceAttachment", "id": "A3",
             "name": "plan <1>.docx", "contentType": null, "size": 1, "isInline": false},
        ],
        "singleValueExtendedProperties": [{"id": "Integer 0xe08", "value": "4711"}],
    });
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

async fn read(answers: Vec<Say>) -> (Whole, Stand) {
    let stand = Stand::saying(answers).await;
    (stand.client().whole("m").await.unwrap(), stand)
}

fn here(whole: Whole) -> (Mail, Content) {
    let Whole::Here(mail, content) = whole else { panic!("{whole:?}") };
    (*mail, content)
}

#[tokio::test]
async fn a_mail_comes_in_one_question() {
    let (read, stand) = read(vec![Say::json(&whole())]).await;
    let asked = stand.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].what(), "GET messages/m");
    let expand = asked[0].value("$expand").unwrap();
    assert!(expand.contains("microsoft.graph.fileAttachment/contentId"), "{expand}");
    assert!(!expand.contains("contentBytes"), "{expand}");
    let (mail, content) = here(read);
    assert_eq!((mail.remote.as_str(), mail.folder), ("m", Folder::Inbox));
    assert_eq!(mail.message_id.unwrap().as_str(), "m@customer.example");
    assert_eq!(mail.from.unwrap().email.as_str(), "bob@customer.example");
    let answers: Vec<_> = mail.answers.iter().map(MessageId::as_str).collect();
    assert_eq!(answers, ["two@x", "one@x"]);
    let recipients: Vec<_> = mail.recipients.iter().map(|one| one.email.as_str()).collect();
    assert_eq!(recipients, ["support@example.test", "carol@customer.example"]);
    assert_eq!((mail.importance, mail.automatic), (Importance::High, None));
    assert_eq!(
        content.html.as_deref(),
        Some(
            "<html><body><p>Help</p></body></html><p><a href=\"https://outlook.example/\
             ?ItemID=m&amp;x=1\">plan &lt;1&gt;.docx</a></p>"
        )
    );
    assert_eq!((content.text, content.cut, content.unquoted), (None, false, true));
    assert_eq!(content.size, 4_711);
    assert_eq!(content.raw, "m");
    let files: Vec<_> = content
        .attachments
        .iter()
        .map(|a| (a.blob.as_str(), a.name.as_str(), a.media_type.as_str(), a.content_id.as_deref()))
        .collect();
    assert_eq!(
        files,
        [
            ("m A1", "a_b.png", "image/png", Some("c1")),
            ("m A2", "Fwd: hot.eml", "message/rfc822", None),
        ]
    );
}

#[tokio::test]
async fn a_first_mail_keeps_its_whole_text() {
    let mut item = whole();
    item["internetMessageHeaders"] =
        json!([{"name": "auto-submitted", "value": "auto-replied"}, {"name": "x", "value": null}]);
    item["body"] = json!({"contentType": "text", "content": "Help\nquoted words"});
    item["singleValueExtendedProperties"] = json!(null);
    let (mail, content) = here(read(vec![Say::json(&item)]).await.0);
    assert_eq!(mail.automatic, Some(Sign::AutoSubmitted));
    let link = "https://outlook.example/?ItemID=m&x=1";
    let text = format!("Help\nquoted words\nplan <1>.docx: {link}\n");
    assert_eq!((content.text, content.html, content.cut), (Some(text), None, false));
    assert_eq!(content.size, 0);
}

#[tokio::test]
async fn attachments_are_asked_for_apart_where_they_do_not_come_along() {
    let mut item = whole();
    let files = item.as_object_mut().unwrap().remove("attachments").unwrap();
    let refused = Say::refusal(400, "RequestBroker--ParseUri");
    let answers = vec![refused, Say::json(&item), Say::json(&json!({"value": files}))];
    let (read, stand) = read(answers).await;
    assert_eq!(here(read).1.attachments.len(), 2);
    let asked = stand.asked();
    assert_eq!(asked[1].value("$expand"), None);
    assert_eq!(asked[2].what(), "GET messages/m/attachments");
    // What is inline is an attachment that the mail does not count, whether its text shows it or not.
    for content in ["<img src='cid:x'>", "<p>"] {
        let mut item = item.clone();
        item["hasAttachments"] = json!(false);
        item["body"]["content"] = json!(content);
        let refused = Say::refusal(400, "RequestBroker--ParseUri");
        let files = Say::json(&json!({"value": whole()["attachments"]}));
        let (read, stand) = self::read(vec![refused, Say::json(&item), files]).await;
        assert_eq!(stand.asked().len(), 3, "{content}");
        assert_eq!(here(read).1.attachments.len(), 2, "{content}");
    }
}

#[tokio::test]
async fn attachments_beyond_those_that_come_along_are_listed() {
    let mut item = whole();
    let all = item["attachments"].clone();
    item["attachments"] = json!([all[0]]);
    item["attachments@odata.nextLink"] = json!("https://graph.example/v1.0/x?$skip=1");
    let files = Say::json(&json!({"value": all}));
    let (read, stand) = read(vec![Say::json(&item), files]).await;
    assert_eq!(stand.asked()[1].what(), "GET messages/m/attachments");
    assert_eq!(here(read).1.attachments.len(), 2);
}

#[tokio::test]
async fn a_mail_too_long_for_an_answer_is_read_in_part() {
    let long = |name: &str, size: usize| {
        let mut item = whole();
        item[name] = json!({"contentType": "text", "content": "ü".repeat(size)});
        Say::json(&item)
    };
    let mut preview = whole();
    for name in ["body", "uniqueBody"] {
        preview.as_object_mut().unwrap().remove(name);
    }
    preview["bodyPreview"] = json!("Help");
    preview["attachments"] = json!([]);
    let too_long = || long("body", 3_000_000);
    let (_, content) = here(read(vec![too_long(), too_long(), Say::json(&preview)]).await.0);
    assert_eq!((content.text.as_deref(), content.cut), (Some("Help"), true));
    let (_, content) = here(read(vec![long("uniqueBody", 500_000)]).await.0);
    assert!(content.cut);
    let text = content.text.unwrap();
    assert!(text.len() < 300_000 && text.starts_with('ü'));
}

#[tokio::test]
async fn gone_unreadable_and_an_outage_are_three_things() {
    let broken = || Say::refusal(500, "ErrorInternalServerError");
    assert_eq!(read(vec![Say::refusal(404, "ErrorItemNotFound")]).await.0, Whole::Gone);
    let place = json!({"id": "m", "parentFolderId": "id-of-inbox", "isDraft": false});
    let answers = vec![broken(), broken(), broken(), Say::json(&place)];
    assert!(matches!(read(answers).await.0, Whole::Unreadable { .. }));
    // The head can be read: it may have been chance.
    let stand = Stand::saying([broken(), Say::json(&head("m", "id-of-inbox"))]).await;
    let error = stand.client().whole("m").await.unwrap_err();
    assert!(matches!(error, ApiError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn bytes_come_as_they_are() {
    let stand = Stand::saying([
        Say::status(200, "", "Subject: x\r\n\r\nHelp"),
        Say::status(200, "", "bytes"),
        Say::refusal(405, "ErrorInvalidOperation"),
        Say::refusal(404, "ErrorItemNotFound"),
    ])
    .await;
    let client = stand.client();
    assert_eq!(&client.raw("m", 7).await.unwrap()[..], b"Subject");
    let mut file = client.download("m A=1").await.unwrap();
    assert_eq!(file.chunk().await.unwrap().as_deref(), Some(&b"bytes"[..]));
    let link = client.download("m A3").await.unwrap_err();
    assert!(matches!(link, ApiError::Rejected { status: 405, .. }), "{link:?}");
    assert!(matches!(client.raw("m", 7).await, Err(ApiError::NotFound { .. })));
    let asked: Vec<_> = stand.asked().iter().map(super::stand::Asked::what).collect();
    assert_eq!(asked[0], "GET messages/m/$value");
    assert_eq!(asked[1], "GET messages/m/attachments/A=1/$value");
}
